"""Run by the test in a process of its own: commands on a disk that is full, then not any more.

`python -m tests.faults.full_disk FOLDER tmpfs|limit`: either the folder is a small file system of
its own, or no file may grow. Ends with 0 if every failure was one line and nothing was lost.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from werkzeug.serving import make_server

from benchmarks.faults_answers import Desk, Given, photo_answer
from benchmarks.faults_state import State, compared, observed
from benchmarks.faults_studio import DurableStudio
from benchmarks.own_studio import free_ports
from faceloop.connecting import connection_for
from faceloop.demo_album import make_album
from faceloop.workspace import EMBEDDED, prepare, settings_for, write_connection
from faces.records import FaceId
from faces.settings import Settings
from faces.store import ledger, photos
from faces.store.database import Store
from sync.desk import Project
from tests.studio_double import API_KEY

ROOMS = (0, 30_000, 150_000, 400_000)
"""How many bytes there are left, each in turn."""


def main() -> None:
    """Answer, fill the disk, sync and retrain in vain, make room, and look."""
    folder, how = Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as elsewhere:
        album = make_album(Path(elsewhere) / "demo", people=3)
        settings = _workspace(folder / "workspace", Path(elsewhere))
        _needs(["cluster", str(album.photos)], settings)
        _needs(["sync"], settings)
        given = _answer(settings)
        full = {"tmpfs": _full_folder, "limit": _full_limit}[how]
        refused = 0
        for room in ROOMS:
            with full(folder, room):
                for command in (["cluster", str(album.new_photos)], ["sync"], ["retrain"]):
                    refused += _is_refused(command, settings)
        assert refused >= len(ROOMS)
        for command in (["cluster", str(album.new_photos)], ["sync"], ["retrain"]):
            _needs(command, settings)
        state = observed(settings, given, is_pushed=True)
    found = compared(state, State(state.held))
    assert found.is_nothing, found
    assert sum(word.endswith("is Somebody") for word in state.held) == len(_faces(settings, given))
    assert sum(word.startswith("photo ") for word in state.held) == len(album.truth)


def _workspace(workspace: Path, elsewhere: Path) -> Settings:
    """A workspace on the small disk, its Label Studio on another one."""
    studio_port, backend_port = free_ports(2)
    workspace.mkdir(mode=0o700)
    made = connection_for(
        workspace, studio=EMBEDDED, studio_port=studio_port, backend_port=backend_port
    )
    object.__setattr__(made, "studio_api_key", API_KEY)
    write_connection(workspace, made)
    server = make_server("127.0.0.1", studio_port, DurableStudio(elsewhere / "studio.json"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = settings_for(workspace)
    prepare(settings).close()
    return settings


def _answer(settings: Settings) -> list[Given]:
    """Two photos are answered: all their faces are Somebody, or Another."""
    desk = Desk(settings.studio_url, API_KEY)
    with closing(Store(settings.store_url)) as store, store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PHOTOS)
        faces = [face.id for face in photos.faces(connection)]
    names = dict.fromkeys(faces, "Somebody")
    tasks = [task.task_id for _, task in sorted(pushed.items()) if task.task_id]
    return [desk.answer(task, photo_answer(desk.task(task), names)) for task in tasks[:4]]


def _faces(settings: Settings, given: list[Given]) -> list[FaceId]:
    desk = Desk(settings.studio_url, API_KEY)
    found = [desk.task(one.task)["annotations"][0]["result"] for one in given]
    return [item["id"] for result in found for item in result if item["type"] == "rectanglelabels"]


@contextmanager
def _full_folder(folder: Path, room: int) -> Iterator[None]:
    """A file takes all the room there is, but for so many bytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - room))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def _full_limit(_folder: Path, room: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _run(arguments: list[str], settings: Settings) -> tuple[int, str]:
    """A command as somebody calls it: its exit code and what it wrote."""
    from faceloop.main import main as faceloop

    sys.argv = ["faceloop", *arguments, "--workspace", str(settings.workspace)]
    os.environ["FACELOOP_JOBS"] = "1"
    written = io.StringIO()
    with redirect_stdout(written), redirect_stderr(written):
        try:
            faceloop()
        except SystemExit as ended:
            return int(ended.code or 0), written.getvalue()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return 0, written.getvalue()


def _needs(arguments: list[str], settings: Settings) -> None:
    code, written = _run(arguments, settings)
    assert code == 0, written


def _is_refused(arguments: list[str], settings: Settings) -> bool:
    """Whether there was no room for it: then one line says so."""
    code, written = _run(arguments, settings)
    told = [line for line in written.splitlines() if line.startswith("faceloop: ")]
    assert code in (0, 1), written
    if code:
        assert len(told) == 1, written
        assert "room" in told[0] or "written" in told[0], written
    return bool(code)


if __name__ == "__main__":
    main()
