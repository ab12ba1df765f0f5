"""Fill the environments that faceloop runs in, each part once.

python -m scripts.install predict studio training
python -m scripts.install predict studio training -- COMMAND

With a COMMAND, what predicts is installed first; the COMMAND then runs while the rest is still
being installed. A part is there when its stamp, a file in the environment, holds the digest of
all that it is installed from; so a second run takes no time, and a changed pin is noticed.

The requirements stand in pyproject.toml, the versions in the constraints files. An environment
inside this clone also gets the clone itself, as the command `faceloop`. One that lies elsewhere
may be shared by several clones and gets the packages only: there each clone runs its own code
with `python -m faceloop`. Only wheels are installed, but for a few packages of plain Python
that have none, so nothing is compiled.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.parts import (
    CLONE,
    DLIB,
    PARTS,
    ROOT,
    SOURCE_ONLY,
    Part,
    constraints_for,
    digest_of,
    requirements_for,
)
from scripts.running import CannotInstall, run_shown, wait_shown


@dataclass(frozen=True, slots=True)
class Places:
    """Where the two environments are, and what the person wants passed on to pip."""

    venv: Path
    studio_venv: Path
    pip_args: tuple[str, ...] = ()
    check_disk: bool = True

    def of(self, part: Part) -> Path:
        """Return the environment that a part goes into."""
        return self.studio_venv if part.name == "studio" else self.venv

    @property
    def is_private(self) -> bool:
        """Whether the environment is this clone's alone."""
        return self.venv.is_relative_to(ROOT)


def main(arguments: Sequence[str]) -> int:
    """Install what is missing; return the exit code."""
    given, command = _read(arguments)
    places = Places(
        venv=Path(given.venv).absolute(),
        studio_venv=Path(given.studio_venv).absolute(),
        pip_args=tuple(shlex.split(given.pip_args)),
        check_disk=given.check_disk != "no",
    )
    parts = [PARTS[name] for name in given.parts]
    if PARTS["predict"] in parts and places.is_private:
        parts.insert(parts.index(PARTS["predict"]) + 1, CLONE)
    try:
        missing = [part for part in parts if not is_installed(part, places)]
        if not missing:
            return 0
        announce(missing, places)
        if command:
            return _install_around(missing, places, command, arguments)
        for part in missing:
            install(part, places)
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def is_installed(part: Part, places: Places) -> bool:
    """Say whether a part is there, from the same sources as now."""
    stamp = _stamp(part, places)
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == digest_of(part)


def announce(missing: Sequence[Part], places: Places) -> None:
    """Say how much comes and how long it takes.

    Raises:
        CannotInstall: a disk has too little room.
    """
    stale = [part for part in missing if _stamp(part, places).is_file()]
    new = [part for part in missing if part not in stale and part is not CLONE]
    if stale:
        print(f"To bring up to date: {', '.join(part.title for part in stale)}.", flush=True)
    if not new:
        return
    titles = ", ".join(f"{part.title} ({part.disk_gb:.1f} GB)" for part in new)
    download = sum(part.download_gb for part in new)
    minutes = sum(part.minutes for part in new)
    print(
        f"To install: {titles}. Up to {download:.1f} GB to download,"
        f" about {minutes:.0f} minutes on a fast line.",
        flush=True,
    )
    if places.check_disk:
        _check_disk(new, places)


def needed_gb(missing: Sequence[Part], places: Places) -> dict[Path, float]:
    """Add up what each folder will take, downloads and pip's cache of them included."""
    needs: dict[Path, float] = defaultdict(float)
    for part in missing:
        needs[places.of(part)] += part.disk_gb
        needs[Path.home() / ".cache"] += part.download_gb
    needs[Path(tempfile.gettempdir())] += max(part.download_gb for part in missing)
    return dict(needs)


def install(part: Part, places: Places) -> None:
    """Install one part with pip, unless another clone does so in the meantime.

    Raises:
        CannotInstall: pip, or making the environment, failed.
    """
    venv = places.of(part)
    venv.mkdir(parents=True, exist_ok=True)
    with _locked(venv):
        if is_installed(part, places):
            return
        _stamp(part, places).unlink(missing_ok=True)
        _make_venv(venv)
        started = time.monotonic()
        for step in _pip_steps(part, places):
            run_shown(
                [str(venv / "bin" / "python"), "-m", "pip", "install", *step],
                title=f"installing {part.title}",
                log=venv / "install.log",
            )
        _stamp(part, places).write_text(digest_of(part) + "\n", encoding="utf-8")
    print(f"installed {part.title} in {time.monotonic() - started:.0f} s", flush=True)


def _pip_steps(part: Part, places: Places) -> list[list[str]]:
    ours = ["--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    if part is CLONE:
        return [[*ours, f"--editable={ROOT}"]]
    constrained = [
        "--disable-pip-version-check",
        f"--constraint={constraints_for(part)}",
        "--only-binary=:all:",
        f"--no-binary={','.join(SOURCE_ONLY)}",
        *places.pip_args,
        *requirements_for(part),
    ]
    return [[*ours, str(DLIB)], constrained] if part.name == "dev" else [constrained]


def _install_around(
    missing: Sequence[Part], places: Places, command: Sequence[str], arguments: Sequence[str]
) -> int:
    first = [part for part in missing if part.name in {"predict", "clone"}]
    rest = [part for part in missing if part not in first]
    for part in first:
        install(part, places)
    if not rest:
        return 0
    log = places.venv / "install-rest.log"
    options = [word for word in arguments[: list(arguments).index("--")] if word not in PARTS]
    again = [
        sys.executable,
        "-m",
        "scripts.install",
        *options,
        "--check-disk=no",
        *(part.name for part in rest),
    ]
    titles = " and ".join(part.title for part in rest)
    print(f"installing {titles} meanwhile; how far it is: {log}", flush=True)
    with log.open("w", encoding="utf-8") as output:
        installing = subprocess.Popen(
            again,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        code = subprocess.run(list(command), check=False).returncode
        if code == 0:
            wait_shown(installing, title=f"waiting for {titles}")
    finally:
        if installing.poll() is None:
            os.killpg(installing.pid, signal.SIGTERM)
            installing.wait()
    if code == 0 and installing.returncode != 0:
        raise CannotInstall(log.read_text(encoding="utf-8").rstrip())
    return code


def _check_disk(missing: Sequence[Part], places: Places) -> None:
    on_disk: dict[int, list[tuple[Path, float]]] = defaultdict(list)
    for folder, gigabytes in needed_gb(missing, places).items():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        on_disk[there.stat().st_dev].append((there, gigabytes))
    for folders in on_disk.values():
        needed = sum(gigabytes for _, gigabytes in folders)
        free = shutil.disk_usage(folders[0][0]).free / 1e9
        if free < needed:
            raise CannotInstall(
                f"{needed:.1f} GB are needed where {folders[0][0]} is, and {free:.1f} GB are free:"
                " make room, name other places with VENV=… and STUDIO_VENV=…,"
                " or install all the same with CHECK_DISK=no"
            )


def _make_venv(venv: Path) -> None:
    if any(venv.glob("lib/python3*/site-packages/pip/__init__.py")):
        return
    try:
        __import__("ensurepip")
    except ImportError as error:
        raise CannotInstall(
            f"{sys.executable} cannot make environments: install its venv module"
            " (Debian and Ubuntu: apt install python3-venv)"
        ) from error
    run_shown(
        [sys.executable, "-m", "venv", str(venv)],
        title=f"making {venv}",
        log=venv / "install.log",
    )


@contextmanager
def _locked(venv: Path) -> Iterator[None]:
    with (venv / ".faceloop.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(part: Part, places: Places) -> Path:
    return places.of(part) / f".faceloop-{part.name}"


def _read(arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    words = list(arguments)
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description="Fill the environments that faceloop runs in.")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--venv", default=".venv")
    parser.add_argument("--studio-venv", default=".venv-studio")
    parser.add_argument("--pip-args", default="", help="passed on to pip")
    parser.add_argument("--check-disk", choices=("yes", "no"), default="yes")
    return parser.parse_args(words[:cut]), words[cut + 1 :]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
