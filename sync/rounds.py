"""Rounds: under which model version Photos shows its predictions, and how one follows another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from faces.errors import StudioError
from faces.showing import FIRST_ROUND, ROUND_FACT
from faces.store import ledger
from faces.store.database import Store
from faces.studio_format import PEOPLE_VERSION
from sync.desk import Desk, Project

HALF_PUSHED = ""
"""The round of a task whose predictions are being replaced right now, or are not as noted."""
_SHOWN_SOURCE = "source of the round"
_BEGUN = "round begun last"


@dataclass(frozen=True)
class Round:
    """The round that a push brings about: that shown already, one begun before, or a fresh one.

    `source` is the cluster run or model version whose proposals it shows. Label Studio holds
    nothing under the name of a fresh round.
    """

    name: str
    source: str
    shown: str
    is_fresh: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether annotators see it already."""
        return self.name == self.shown


def round_of(store: Store, source: str) -> Round:
    """The round in which a source's proposals are shown; no name is ever used for two sources."""
    with store.read() as connection:
        shown = str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND)
        shown_source = ledger.fact(connection, _SHOWN_SOURCE)
        begun = ledger.fact(connection, _BEGUN) or {"round": FIRST_ROUND, "source": None}
    if shown_source == source:
        return Round(shown, source, shown)
    if begun["source"] == source:
        return Round(begun["round"], source, shown)
    return Round(_after(shown, begun["round"]), source, shown, is_fresh=True)


def begin_round(store: Store, current: Round) -> None:
    """Note a fresh round, before anything is pushed under its name."""
    if current.is_fresh:
        with store.write() as connection:
            begun = {"round": current.name, "source": current.source}
            ledger.set_fact(connection, _BEGUN, begun)


def show_round(store: Store, desk: Desk, current: Round) -> None:
    """Have annotators see the round, all of which was pushed.

    The round shown before stays beside it: whoever has a task open submits what began from its
    prediction, and Label Studio refuses that once the prediction is gone. Older ones go.

    Raises:
        StudioError: Label Studio does not hold all of the round; it shows the one before.
    """
    if current.is_shown and desk.studio.selected_version(desk.photos) == current.name:
        return
    counts = desk.studio.version_counts(desk.photos)
    if not current.is_shown:
        _check_complete(store, current, counts.get(current.name, 0))
    if current.name in counts:
        desk.studio.select_version(desk.photos, current.name)
    if current.is_shown:
        return
    with store.write() as connection:
        ledger.set_fact(connection, ROUND_FACT, current.name)
        ledger.set_fact(connection, _SHOWN_SOURCE, current.source)
    for version in counts:
        if version not in (current.name, current.shown) and version.startswith("faceloop-"):
            desk.studio.delete_version(desk.photos, version)


def show_people(desk: Desk) -> None:
    """Have annotators see what is proposed in People, whatever was chosen there meanwhile."""
    studio, project = desk.studio, desk.people
    if studio.selected_version(project) != PEOPLE_VERSION and PEOPLE_VERSION in (
        studio.version_counts(project)
    ):
        studio.select_version(project, PEOPLE_VERSION)


def _check_complete(store: Store, current: Round, count: int) -> None:
    """Whether all predictions arrived; if not, the next push looks at each task."""
    with store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PHOTOS).values()
    expected = [task for task in pushed if task.round == current.name and not task.annotated]
    if count >= len(expected):
        return
    with store.write() as connection:
        ledger.save_tasks(connection, (replace(task, round=HALF_PUSHED) for task in expected))
    raise StudioError(
        f"Label Studio holds {count} of {len(expected)} predictions of {current.name}; "
        "run `faceloop sync` again"
    )


def _after(*names: str) -> str:
    """The name that follows the highest of some."""
    stem = FIRST_ROUND.rpartition("-")[0]
    return f"{stem}-{1 + max(int(name.rpartition('-')[2]) for name in names):04d}"
