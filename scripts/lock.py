"""Write the constraints files: the exact version of everything that is installed.

python -m scripts.lock python3.11 python3.12 python3.13

Every interpreter named resolves the requirements of pyproject.toml, keeping to the versions that
the files hold now; delete a line first to let its version move. Versions alone are written: no
address of a package index, and no local part, so that `torch==2.14.1` accepts `2.14.1+cpu` too.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.parts import DLIB, ROOT, STUDIO, requirements_of

EXTRAS = ("backend", "app", "demo", "training", "reference", "dask", "server", "dev")
HEADING = """\
# {what}
# Written by scripts/lock.py; resolved on Python {pythons}.
"""


def main(interpreters: Sequence[str]) -> int:
    """Write both files; `interpreters` are the Pythons that must be able to install them."""
    if not interpreters:
        print("name the Pythons to resolve for, for example: python3.11 python3.12 python3.13")
        return 2
    here = [str(DLIB), "setuptools<81", *requirements_of(EXTRAS)]
    _write(ROOT / "constraints.txt", "All that faceloop may install", here, interpreters)
    _write(
        ROOT / "constraints-studio.txt", "Label Studio's own environment", [STUDIO], interpreters
    )
    return 0


def merged(versions: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Constraint lines, sorted by name, from {python: {name: version}}."""
    lines = []
    for name in sorted(set().union(*versions.values())):
        found = {python: pins.get(name) for python, pins in versions.items()}
        if len(set(found.values())) == 1:
            lines.append(f"{name}=={next(iter(found.values()))}")
            continue
        lines += [
            f'{name}=={version} ; python_version == "{python}"'
            for python, version in found.items()
            if version is not None
        ]
    return lines


def _write(path: Path, what: str, requirements: Sequence[str], interpreters: Sequence[str]) -> None:
    versions = dict(_resolved(python, requirements, path) for python in interpreters)
    heading = HEADING.format(what=what, pythons=", ".join(versions))
    path.write_text(heading + "\n".join(merged(versions)) + "\n", encoding="utf-8")
    print(f"wrote {path.name}")


def _resolved(
    python: str, requirements: Sequence[str], constraints: Path
) -> tuple[str, dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        if constraints.is_file():
            command += ["--constraint", str(constraints)]
        subprocess.run([*command, "--report", str(report), *requirements], check=True)
        answer = json.loads(report.read_text(encoding="utf-8"))
    pins = {}
    for item in answer["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        version = item["metadata"]["version"]
        ours = "dir_info" in item["download_info"]
        pins[name] = version if ours else version.partition("+")[0]
    return answer["environment"]["python_version"], pins


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
