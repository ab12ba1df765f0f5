"""The app as a process of its own, with a model version that knows everybody of some portraits."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from benchmarks.given_versions import given_version, put_into_use
from faces.pictures import OpenPhoto
from faces.reading import FaceReader, ReadingOptions, face_reader
from faces.records import FloatRows, Person, PersonId, Photo, PhotoId, identity_rows
from faces.store.database import Store

_PATIENCE_S = 120
_EVERY_S = 0.02
_WIDTH_PX = 320
"""Portraits are learned from at about the size that they have on the pages."""
_PEOPLE = 40


@dataclass(frozen=True)
class RunningApp:
    """The app, answering; `ready_s` are the seconds from its start to its page."""

    url: str
    process: subprocess.Popen[bytes]
    ready_s: float
    ready_cpu_s: float

    def cpu_s(self) -> float:
        """How many seconds of processors it has taken, by its line in /proc."""
        return _cpu_s(self.process.pid)

    def has_torch(self) -> bool:
        """Whether a library of torch is loaded in it."""
        return "libtorch" in Path(f"/proc/{self.process.pid}/maps").read_text()


@contextmanager
def running_app(folder: Path, portraits: Sequence[Path]) -> Iterator[RunningApp]:
    """`python -m serve` in a new workspace below this folder; it ends with the `with` block."""
    workspace = Path(tempfile.mkdtemp(dir=folder))
    store = Store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    store.migrate(lock=workspace / "migrate.lock")
    store.close()
    learn(workspace / "models", portraits)
    port = _free_port()
    settings = {"FACELOOP_WORKSPACE": str(workspace), "FACELOOP_APP_PORT": str(port)}
    others = {name: v for name, v in os.environ.items() if not name.startswith("FACELOOP_")}
    since = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "serve"], env={**others, **settings}, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for_page(url, process)
        ready_s = time.perf_counter() - since
        yield RunningApp(url, process, ready_s, _cpu_s(process.pid))
    finally:
        process.terminate()
        process.wait()


def learn(models: Path, portraits: Sequence[Path]) -> None:
    """Make a version current whose people are some of the portraits, each under a number."""
    reader = face_reader(ReadingOptions())
    chosen = portraits[:: max(1, len(portraits) // _PEOPLE)][:_PEOPLE]
    rows = [row for path in chosen if (row := _row(reader, path)) is not None]
    if not rows:
        sys.exit("no portrait has a face: give others")
    people = [Person(PersonId(f"p{n}"), f"Person {n}") for n in range(len(rows))]
    directions = np.concatenate(rows)
    draft = given_version(people, directions, scale=40.0, unknown_cosine=0.9, threshold=0.5)
    put_into_use(models, draft)


def _row(reader: FaceReader, path: Path) -> FloatRows | None:
    """The direction of the surest face of a portrait, (1, 128)."""
    with Image.open(path) as portrait:
        height_px = round(portrait.height * _WIDTH_PX / portrait.width)
        larger = portrait.convert("RGB").resize((_WIDTH_PX, height_px), Image.Resampling.LANCZOS)
    photo = Photo(PhotoId(hashlib.sha256(path.read_bytes()).hexdigest()), _WIDTH_PX, height_px)
    read = reader.read(OpenPhoto(photo, np.array(larger)))
    return identity_rows(read.encodings)[:1] if read.faces else None


def _wait_for_page(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.perf_counter() + _PATIENCE_S
    while time.perf_counter() < until:
        if process.poll() is not None:
            sys.exit(f"the app ended with exit code {process.returncode}: see above")
        try:
            if requests.get(url, timeout=_PATIENCE_S).ok:
                return
        except requests.ConnectionError:
            time.sleep(_EVERY_S)
    sys.exit(f"the app had no page within {_PATIENCE_S} s")


def _cpu_s(process: int) -> float:
    """Fields 14 and 15 of /proc/PID/stat, which follow the name in brackets: see proc(5)."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
