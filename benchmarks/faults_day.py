"""A day of faceloop, step by step: photos come, people answer, it learns; and whoever is killed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import requests

from benchmarks.faults_annotators import Annotators
from benchmarks.faults_processes import Command, Forks, SmallStudio, StudioProcess
from benchmarks.faults_state import Found, compared, observed
from benchmarks.faults_tally import Measured, Tally
from faceloop.demo_album import Album
from faceloop.retrain_policy import news_of
from faces.identify import CurrentModel
from faces.jobs import Jobs
from faces.settings import Settings
from faces.store import ledger
from faces.store.database import Store
from faces.store.owing import owes_push
from faces.versions import current_id, list_versions
from sync.desk import SECRET_HEADER, Project
from sync.push import plan_only

STEP_WITHIN_S = 180.0
SETTLED_WITHIN_S = 100.0
"""The worker looks every minute, whatever it heard or did not hear."""
_AT_WRITES = 1 / 3
"""So many of the kills come just before or just after Label Studio does a write."""
_WORK = "work"
_AFTERWARDS_S = 0.5
"""So long whoever was not killed has for ending, which it must not."""
_LEARNS_BY_ITSELF = {"retrain_after_faces": "1", "retrain_after_minutes": "0"}


@dataclass(frozen=True)
class Step:
    """A command and what it is called; `shows` if Label Studio shows all afterwards."""

    name: str
    arguments: tuple[str, ...]
    shows: bool = False
    asks_studio: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Day:
    """One workspace with its Label Studio, from no photo to the second model version."""

    settings: Settings
    studio: StudioProcess
    forks: Forks
    album: Album
    rng: np.random.Generator
    tally: Tally
    most_kills: int
    reference: Measured | None
    measured: Measured = field(default_factory=Measured)
    history: list[str] = field(default_factory=list)
    kill_studio_only: bool = False

    def __post_init__(self) -> None:
        """Nobody has answered anything yet."""
        self.annotators = Annotators(self.settings, self.album)

    @property
    def output(self) -> Path:
        """What all commands wrote."""
        return self.settings.workspace / "faults.log"

    def live(self) -> None:
        """Live through the day."""
        self.do(Step("ingest", ("cluster", str(self.album.photos)), asks_studio=False))
        self.do(Step("push", ("sync",), shows=True))
        self.annotators.answer_first()
        self.do(Step("pull", ("sync",), shows=True))
        self.do(Step("retrain", ("retrain",), shows=True))
        self.annotators.answer_more()
        self.do(Step("ingest more", ("cluster", str(self.album.new_photos)), asks_studio=False))
        self._work()
        first = list_versions(self.settings.models)[0]
        self.do(Step("promote", ("models", "--use", first), asks_studio=False))
        self.do(Step("push promoted", ("sync",), shows=True))

    def do(self, step: Step) -> None:
        """Do a step, killed some times before it is let be done."""
        for _ in range(self._kills()):
            self._kill_once(step)
        began = time.monotonic()
        before = self._writes()
        command = self._start(step)
        if command.wait(within_s=STEP_WITHIN_S) != 0:
            command.kill()
            self._wrong(step.name, stuck=[f"{command.called} ended with {command.code}"])
        self._took(step.name, time.monotonic() - began)
        self.measured.writes[step.name] = self._writes() - before
        self._check(step.name, shows=step.shows)

    def _took(self, name: str, seconds: float) -> None:
        """Note how long a step took; moments of later days are drawn from what steps take now."""
        self.measured.seconds[name] = seconds
        if self.reference is not None:
            before = self.reference.seconds[name]
            self.reference.seconds[name] = (before + seconds) / 2

    def _kills(self) -> int:
        return int(self.rng.integers(1, self.most_kills + 1)) if self.reference else 0

    def _kill_once(self, step: Step) -> None:
        """Start a step, and kill it or Label Studio at a moment of it."""
        if self.reference is None:
            return
        kills_studio = step.asks_studio and (self.kill_studio_only or self.rng.random() < 0.25)
        if self.kill_studio_only and not kills_studio:
            return
        writes = self.reference.writes[step.name]
        command = self._start(step)
        if writes and isinstance(self.studio, SmallStudio) and self.rng.random() < _AT_WRITES:
            write, done = int(self.rng.integers(1, writes + 1)), bool(self.rng.random() < 0.5)
            self.studio.set_trap(write=write, done=done, pid=0 if kills_studio else command.pid)
            how = f"{'after' if done else 'before'} write {write} of {writes}"
            command.wait(within_s=STEP_WITHIN_S)
            was_killed = not self.studio.runs() if kills_studio else command.code == -9
        else:
            moment_s = float(self.rng.random()) * self.reference.seconds[step.name]
            how = f"after {moment_s:.2f} of {self.reference.seconds[step.name]:.2f} s"
            time.sleep(moment_s)
            was_killed = self.studio.kill() if kills_studio else command.kill()
            command.wait(within_s=STEP_WITHIN_S)
        who = f"Label Studio in {step.name}" if kills_studio else step.name
        if was_killed:
            self.tally.count(who)
            self.history.append(f"{who} {how}")
        if isinstance(self.studio, SmallStudio) and self.studio.runs():
            self.studio.set_trap()
        self._after_kill(step.name, command)

    def _after_kill(self, name: str, command: Command) -> None:
        """Nothing of it goes on, and Label Studio runs again."""
        if command.runs():
            command.kill()
            self._wrong(name, stuck=[f"{command.called} hung"])
        if left := command.left_behind():
            self._wrong(name, stuck=[f"{command.called} left {len(left)} processes behind"])
        if not self.studio.runs():
            self.studio.start()

    def _work(self) -> None:
        """Backend and worker follow a hint, learn by themselves, and are killed meanwhile."""
        for _ in range(self._kills()):
            self._kill_at_work()
        began = time.monotonic()
        services = self._start_services()
        while not (is_settled := self._is_settled()):
            if time.monotonic() > began + SETTLED_WITHIN_S:
                break
            time.sleep(0.2)
        self._took(_WORK, time.monotonic() - began)
        for which in services.values():
            which.stop()
        if not is_settled:
            self._wrong(_WORK, stuck=["the worker did not finish"])
        self._check(_WORK, shows=True)

    def _kill_at_work(self) -> None:
        """Start both, and kill one of them or Label Studio, which the others outlive."""
        if self.reference is None:
            return
        services = self._start_services()
        moment_s = float(self.rng.random()) * self.reference.seconds[_WORK]
        time.sleep(moment_s)
        who = "Label Studio" if self.kill_studio_only else self._any(*services, "Label Studio")
        if services[who].kill() if who in services else self.studio.kill():
            self.tally.count(f"{who} in {_WORK}")
            self.history.append(f"{who} in {_WORK} after {moment_s:.2f} s")
        time.sleep(_AFTERWARDS_S)
        for name, which in services.items():
            if name != who and not which.runs():
                self._wrong(_WORK, stuck=[f"{which.called} ended with {which.code}"])
            which.stop()
            self._after_kill(_WORK, which)

    def _any(self, *names: str) -> str:
        return names[int(self.rng.integers(len(names)))]

    def _start_services(self) -> dict[str, Command]:
        backend = self._start(Step("backend", ("backend",)))
        worker = self._start(Step("worker", ("worker",), settings=_LEARNS_BY_ITSELF))
        self._hint()
        return {"worker": worker, "backend": backend}

    def _hint(self) -> None:
        """What Label Studio tells the backend when somebody answered; it is said once."""
        url = f"http://127.0.0.1:{self.settings.backend_port}/webhook"
        headers = {SECRET_HEADER: self.settings.backend_secret.get_secret_value()}
        deadline = time.monotonic() + STEP_WITHIN_S
        while time.monotonic() < deadline:
            try:
                answer = requests.post(
                    url, json={"action": "ANNOTATION_CREATED"}, headers=headers, timeout=5
                )
            except requests.ConnectionError:
                time.sleep(0.05)
                continue
            if not answer.ok:
                self._wrong(_WORK, stuck=[f"the backend answered a hint with {answer.status_code}"])
            return
        self._wrong(_WORK, stuck=["the backend does not start"])

    def _is_settled(self) -> bool:
        """Whether the worker has nothing more to do."""
        with closing(Store(self.settings.store_url)) as store:
            version = current_id(self.settings.models)
            if owes_push(store, version=version) or Jobs(self.settings).waiting():
                return False
            with store.read() as connection:
                read = [n for p in Project for n in ledger.read_annotations(connection, p)]
            if (
                {one.annotation for one in self.annotators.given if one.stands}
                - set(read)
                - self.annotators.skipped
            ):
                return False
            news = news_of(self.settings, store)
            plans = plan_only(store, CurrentModel(self.settings.models))
            return not news.faces and all(plan.is_empty for plan in plans.values())

    def _start(self, step: Step) -> Command:
        workspace = str(self.settings.workspace)
        return self.forks.start(
            [*step.arguments, "--workspace", workspace],
            output=self.output,
            jobs=str(int(self.rng.integers(1, 3))),
            **step.settings,
        )

    def _check(self, name: str, *, shows: bool) -> None:
        """Compare what is there with the undisturbed day, and with what was said."""
        text = self.output.read_text(encoding="utf-8", errors="replace")
        if "Traceback (most recent call last)" in text:
            self._wrong(name, stuck=[f"a traceback in {self.output}"])
            self.output.rename(self.output.with_suffix(f".{time.monotonic_ns()}.txt"))
        self.measured.states[name] = observed(self.settings, self.annotators.given, is_pushed=shows)
        expected = self.reference or self.measured
        found = compared(self.measured.states[name], expected.states[name])
        if not found.is_nothing:
            self._wrong(name, found.lost, found.doubled, found.stuck)

    def _wrong(
        self,
        name: str,
        lost: Sequence[str] = (),
        doubled: Sequence[str] = (),
        stuck: Sequence[str] = (),
    ) -> None:
        after = f"{name} ({'; '.join(self.history[-6:])})"
        self.tally.add(Found(list(lost), list(doubled), list(stuck)), after=after)

    def _writes(self) -> int:
        return self.studio.set_trap() if isinstance(self.studio, SmallStudio) else 0
