"""How long a team waits for the backend: USERS annotators at once, each opening, drawing, saving.

The real backend runs in a process of its own, on a store of a team's size, and gets its pictures
from a small server that stands for Label Studio. First one annotator works alone, then all do for
DURATION seconds. What each of them saves is in the store at once, as the worker puts it there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import requests

from benchmarks.backend_annotators import Desk, Measured, annotate, open_alone
from benchmarks.backend_media import TOKEN
from benchmarks.backend_workspace import FACES_ALONE, KnownPage, Tasks, make_tasks
from benchmarks.convention import note, python_module, report, whole_number
from benchmarks.memory import PeakMemory
from benchmarks.own_studio import free_ports
from faceloop.workspace import prepare, settings_for
from faces.confirmations import FaceVerdict, Occasion, Revised, Verdict
from faces.jobs import Jobs
from faces.settings import Settings, environment_with
from faces.store import log
from faces.store.database import Store

_SECRET = "secret"  # noqa: S105  # that of a server of our own
_READY_WITHIN_S = 60
_ALONE_UNMEASURED = 3
"""So many photos come before those that are measured, so that everything is loaded."""
_MEMORY_EVERY_S = 0.5
"""Looking more often would take a fifth of a processor from what is measured."""
_GROWTH_SEEN = 0.25
"""Memory is compared between the first and the last such share of the second half."""
_NEW_AT_MOST = 0.02
"""New photos for each annotator and second: a cycle takes half a minute, a tenth of them is new."""


def main() -> None:
    """Fill a workspace, start the backend, measure."""
    users = whole_number("USERS", 50, least=1)
    seconds = whole_number("DURATION", 120, least=10)
    in_store = whole_number("PHOTOS", 5_000, least=1_000)
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        studio_port, port = free_ports(2)
        settings = settings_for(
            Path(beside) / "workspace",
            studio_url=f"http://127.0.0.1:{studio_port}",
            studio_api_key=TOKEN,
            backend_port=port,
            backend_secret=_SECRET,
        )
        store = prepare(settings)
        new = max(5, round(_NEW_AT_MOST * users * seconds))
        tasks = make_tasks(store, settings, photos_in_store=in_store, known=40, new=new)
        pictures = settings.media / "previews"
        serve = python_module("benchmarks.backend_media", pictures, studio_port)
        with (
            _running(serve),
            _running(*_backend(settings)) as backend,
            PeakMemory(backend.pid, every_s=_MEMORY_EVERY_S) as memory,
        ):
            _wait_until_ready(settings)
            alone = _measure_alone(settings, tasks)
            start = time.monotonic()
            crowd = _measure_crowd(settings, store, tasks, users=users, seconds=seconds)
        store.close()
    _report(alone, crowd, memory, start=start, seconds=seconds)


def _report(
    alone: Measured, crowd: Measured, memory: PeakMemory, *, start: float, seconds: int
) -> None:
    for what, count in (alone.errors + crowd.errors).items():
        note(f"{count} times wrong: {what}")
    for kind, took_s in sorted(crowd.took_s.items()):
        half_ms, p99_ms, most_ms = np.percentile(took_s, (50, 99, 100)) * 1000
        note(f"{kind}: {len(took_s)}, ms: {half_ms:.1f}, {p99_ms:.1f} (p99), {most_ms:.1f} (most)")
    share = _GROWTH_SEEN * seconds / 2
    half, end = start + seconds / 2, start + seconds
    growth_mb = memory.usual_mb(end - share, end) - memory.usual_mb(half, half + share)
    p99 = ("health", "setup", "webhook", "predict_known", "interactive")
    report(
        {
            "requests": alone.requests + crowd.requests,
            "errors": (alone.errors + crowd.errors).total(),
            **{f"{kind}_p99_ms": crowd.p99_ms(kind) for kind in p99},
            "predict_new_p50_ms": alone.p50_ms("predict_alone"),
            "predict_new_crowd_p50_ms": crowd.p50_ms("predict_new"),
            "peak_mb": memory.peak_mb,
            "growth_mb": growth_mb,
        },
        {},
    )


def _measure_alone(settings: Settings, tasks: Tasks) -> Measured:
    """New photos one after another, with nobody else there."""
    note("one annotator")
    for measured in (False, True):
        desk = Desk(settings.backend_port, _SECRET, tasks, 0.0, lambda _known, _number: None)
        first = tasks.alone[:_ALONE_UNMEASURED]
        for page in tasks.alone[_ALONE_UNMEASURED:] if measured else first:
            open_alone(desk, page, faces=FACES_ALONE)
    return desk.measured


def _measure_crowd(
    settings: Settings, store: Store, tasks: Tasks, *, users: int, seconds: int
) -> Measured:
    """All annotators at once."""
    note(f"{users} annotators for {seconds} s")

    jobs = Jobs(settings)

    def save(known: KnownPage, number: int) -> None:
        """Take the job and put the answer into the log, as the worker does."""
        jobs.huey.dequeue()
        now = datetime.now(UTC)
        said = [FaceVerdict(face, Verdict.IS, person) for face, person in known.people.items()]
        occasion = Occasion("annotator:ann", now, f"annotation:{number}")
        with store.write() as connection:
            log.append(connection, occasion, [Revised(now.isoformat()), *said])

    until = time.monotonic() + seconds
    desk = Desk(settings.backend_port, _SECRET, tasks, until, save)
    crowd = [
        threading.Thread(target=annotate, args=(desk,), kwargs={"seed": seed})
        for seed in range(users)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return desk.measured


def _backend(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command that starts it, and its environment: settings as shipped, but for these."""
    command = python_module("faceloop", "backend", "--workspace", settings.workspace)
    given = {
        "FACELOOP_STUDIO_URL": settings.studio_url,
        "FACELOOP_STUDIO_API_KEY": TOKEN,
        "FACELOOP_BACKEND_PORT": str(settings.backend_port),
        "FACELOOP_BACKEND_SECRET": _SECRET,
    }
    return command, environment_with(given)


@contextmanager
def _running(
    command: list[str], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A server, stopped at the end with all that it started."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _wait_until_ready(settings: Settings) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            requests.get(f"{settings.backend_url_for_studio}/health", timeout=5).raise_for_status()
        except requests.RequestException as error:
            if time.monotonic() > until:
                raise SystemExit(f"the backend does not answer: {error}") from error
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
