"""Whether anything is lost, doubled or stuck when processes are killed at any moment.

Our commands, backend, worker and Label Studio are killed (SIGKILL) at random moments of reading
photos, pulling, pushing, learning and promoting, then run again; what is there in the end is
compared with a day that nobody disturbed, and with what was said. FAULTS is how many are killed,
REAL how many of these times it is the real Label Studio; the others meet the small one of the
tests, served over HTTP with its state in a file. SEED draws the moments, MINUTES bounds the run,
KEEP is a folder in which everything stays to be looked at.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.convention import note, report, whole_number
from benchmarks.faults_day import Day
from benchmarks.faults_processes import Forks, SmallStudio, StudioProcess, real_studio
from benchmarks.faults_tally import Measured, Tally
from benchmarks.own_studio import free_ports
from faceloop.connecting import connection_for
from faceloop.demo_album import Album, make_album
from faceloop.studio_server import studio_data
from faceloop.workspace import EMBEDDED, Connection, prepare, settings_for, write_connection
from tests.studio_double import API_KEY

_PEOPLE = 6
_MOST_KILLS = 4
"""A step is killed up to so many times before it is let be done."""
_MOST_KILLS_REAL = 3


def main() -> None:
    """Live through one day undisturbed, then through disturbed ones."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    faults, real = whole_number("FAULTS", 200, least=1), whole_number("REAL", 20)
    seed, minutes = whole_number("SEED", 0), whole_number("MINUTES", 25, least=1)
    rng, tally = np.random.default_rng(seed), Tally()
    began = time.monotonic()
    with _place() as folder, Forks() as forks:
        album = make_album(folder / "demo", people=_PEOPLE)
        days = _Days(folder, forks, album, rng, tally)
        until = began + 60 * minutes
        while tally.faults < faults - real and time.monotonic() < until:
            days.live_small()
        before = tally.faults
        while tally.faults - before < real and time.monotonic() < until:
            days.live_real()
    for who, count in sorted(tally.killed.items()):
        note(f"killed {count:4} times: {who}")
    report(
        {
            "faults": tally.faults,
            "lost": len(tally.lost),
            "doubled": len(tally.doubled),
            "stuck": len(tally.stuck),
            "real_studio": tally.faults - before,
            "days": days.lived,
            "seconds": time.monotonic() - began,
        },
        {},
    )
    if tally.lost or tally.doubled or tally.stuck:
        sys.exit(1)


class _Days:
    """Lives through days, each in a workspace of its own."""

    def __init__(
        self, folder: Path, forks: Forks, album: Album, rng: np.random.Generator, tally: Tally
    ) -> None:
        """Live through one day that nobody disturbs."""
        self.lived = 0
        self._folder, self._forks, self._album = folder, forks, album
        self._rng, self._tally = rng, tally
        note("a day that nobody disturbs")
        self._reference: Measured | None = None
        self._reference = self.live_small()
        for step, seconds in self._reference.seconds.items():
            note(f"  {step}: {seconds:.1f} s, {self._reference.writes.get(step, 0)} writes")

    def live_small(self) -> Measured:
        """A day with the small Label Studio."""
        workspace = self._new_workspace()
        connection = _connection(workspace, token=API_KEY)
        studio = SmallStudio(
            connection.studio_url, workspace / "studio.json", workspace / "studio.log"
        )
        return self._live(workspace, studio, most_kills=_MOST_KILLS)

    def live_real(self) -> Measured:
        """A day with the real one, which alone is killed; its database was made before."""
        workspace = self._new_workspace()
        connection = _connection(workspace)
        settings = settings_for(workspace)
        studio = real_studio(settings, connection, workspace / "studio.log")
        made = self._folder / "label-studio"
        if not made.exists():
            note("making the real Label Studio's database")
            studio.start()
            studio.kill()
            shutil.copytree(studio_data(settings), made)
        else:
            shutil.copytree(made, studio_data(settings), dirs_exist_ok=True)
        return self._live(workspace, studio, most_kills=_MOST_KILLS_REAL, studio_only=True)

    def _new_workspace(self) -> Path:
        return self._folder / f"day-{self.lived}"

    def _live(
        self, workspace: Path, studio: StudioProcess, *, most_kills: int, studio_only: bool = False
    ) -> Measured:
        prepare(settings_for(workspace)).close()
        day = Day(
            settings_for(workspace),
            studio,
            self._forks,
            self._album,
            self._rng,
            self._tally,
            most_kills,
            self._reference,
            kill_studio_only=studio_only,
        )
        studio.start()
        try:
            day.live()
        finally:
            studio.kill()
        self.lived += 1
        tally = self._tally
        note(
            f"day {self.lived}: {tally.faults} killed, {len(tally.lost)} lost, "
            f"{len(tally.doubled)} doubled, {len(tally.stuck)} stuck"
        )
        return day.measured


def _connection(workspace: Path, token: str = "") -> Connection:
    """Label Studio and backend on free ports of this machine; the real one keeps one token."""
    studio_port, backend_port = free_ports(2)
    made = connection_for(
        workspace, studio=EMBEDDED, studio_port=studio_port, backend_port=backend_port
    )
    token = token or _TOKEN
    made = replace(made, studio_api_key=token, own_api_key=token, studio_password=_PASSWORD)
    workspace.mkdir(mode=0o700, parents=True)
    write_connection(workspace, made)
    return made


_TOKEN = "f" * 40
_PASSWORD = "of-nobody"  # noqa: S105  # of a server on loopback that lives for minutes


@contextmanager
def _place() -> Iterator[Path]:
    kept = os.environ.get("KEEP")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        yield Path(beside)


if __name__ == "__main__":
    main()
