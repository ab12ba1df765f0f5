"""Refuse files that must not be in the repository: photos, what notebooks show, package indexes.

python -m scripts.check_files

Photos show people, so pictures are allowed only where the project's own scripts put them, and the
cells of notebooks show nothing before somebody runs them. An address of a package index would
override the one that a machine is set up with.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

PICTURES = "docs/pictures"
PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".avif", ".tif", ".tiff"}
INDEXES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("download", "pytorch", "org"),
        ("registry", "npmjs", "org"),
        ("anaconda", "org"),
    )
)


def main() -> int:
    """Look through every file that git tracks or would; return the exit code."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    wrong = problems(Path(), sorted(name for name in names if name))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def problems(root: Path, names: Iterable[str]) -> list[str]:
    """Return one line for each fault in these files, named relative to `root`."""
    wrong = []
    for name in names:
        path = root / name
        if not path.is_file():
            continue
        if _is_picture(name):
            wrong.append(f"{name}: a picture outside {PICTURES}")
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        if path.suffix == ".ipynb" and _shows_something(text):
            wrong.append(f"{name}: shows what its cells gave; clear all outputs, then save it")
        wrong += [f"{name}: names the package index {index}" for index in INDEXES if index in text]
    return wrong


def _shows_something(notebook: str) -> bool:
    cells = json.loads(notebook)["cells"]
    return any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in PICTURE_ENDINGS and not path.is_relative_to(PICTURES)


if __name__ == "__main__":
    sys.exit(main())
