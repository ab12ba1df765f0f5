"""From what people confirmed to a new model version in use: gather, learn, measure, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from faces.errors import BrokenModelVersion
from faces.forgotten import told_forgotten
from faces.records import FaceId
from faces.store import log
from faces.store.database import Store
from faces.version_keeping import earlier_version, roll_back, was_used
from faces.versions import (
    ModelVersion,
    current_id,
    list_versions,
    load_version,
    make_current,
    numbered,
    save_version,
)
from training.dataset import DataSet
from training.drafting import (
    ASKED,
    OnProgress,
    Report,
    centroid_version,
    faceloop_version,
    learned,
    nobody_looks,
)
from training.gathering import gathered, gathered_for_good
from training.judging import judged_beside
from training.name_changes import NameChange, name_changes, told_changes
from training.promotion import Decision
from training.telling import report_left_out, verdict
from training.tuning import TUNED, Chips, better_learner

ChipsOf = Callable[[Sequence[FaceId]], Chips]
"""Cuts the chips of faces out of their photos; those whose photo is gone are left out."""


@dataclass(frozen=True)
class Retrained:
    """What came of it: a version, whether it was just learned, and whether it just came into use.

    There is no `decision` where there was nothing to decide.
    """

    version: str
    is_new: bool
    is_used: bool
    people: int
    faces: int
    left_out: tuple[str, ...]
    metrics: Mapping[str, float]
    decision: Decision | None = None
    changes: tuple[NameChange, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values, each change of a name among them."""
        return asdict(self)


def retrain(
    store: Store,
    models: Path,
    *,
    network: str,
    now: datetime,
    seed: int = 0,
    strangers_accepted: float,
    report: Report,
    on_progress: OnProgress = nobody_looks,
    chips_of: ChipsOf | None = None,
    dry_run: bool = False,
) -> Retrained:
    """Learn from what people confirmed so far, and use what was learned unless it is worse.

    Nothing is learned when the confirmed faces are those of the current version, or of the last one
    made, already; one that never came into use is judged again. One process does this at a time
    (`faces.locks`); the version in use stays until the new one is whole. A `dry_run` does all of it
    and writes nothing. With `chips_of`, which cuts out faces, a network is tuned as well, and takes
    the place of the usual one where it is surely better.

    Raises:
        NotEnoughToLearn: fewer than two people have two confirmed faces each.
        SetupError: torch or fastai is not installed, or the folder cannot be written.
    """
    current, last = _current(models, report, dry_run=dry_run), _last(models)
    _tell_forgotten(store, current, report)
    data = gathered(store, network) if dry_run else gathered_for_good(store, network)
    report_left_out(data, report)
    says_all = partial(
        _is_made_from, data=data, strangers_accepted=strangers_accepted, tuned=chips_of is not None
    )
    if current is not None and says_all(current):
        report(f"{current.id} knows all that was confirmed; it stays in use")
        return _outcome(current, data)
    centroid = centroid_version(data, now=now, strangers_accepted=strangers_accepted)
    if last is not None and not last.onnx and says_all(last):
        if current is not None and was_used(models, last.id):
            report(f"{last.id} knows all that was confirmed, and was left for another; so it stays")
            return _outcome(last, data)
        version, is_new = last, False
        decision = judged_beside(store, version, current, centroid, data, seed=seed)
    else:
        learn = partial(
            learned,
            now=now,
            parent=current,
            seed=seed,
            strangers_accepted=strangers_accepted,
            report=report,
            on_progress=on_progress,
        )
        draft = learn(data, centroid=centroid)
        decision = judged_beside(store, draft, current, centroid, data, seed=seed)
        if chips_of is not None:
            chips = chips_of(data.faces)
            draft = better_learner(
                draft,
                data,
                chips,
                learn=learn,
                seed=seed,
                report=report,
                on_progress=on_progress,
            )
        version, is_new = numbered(models, draft), True
    changes = _name_changes(store, network, current, version, report)
    if not dry_run:
        save_version(models, version)
        if decision.is_promoted:
            make_current(models, version.id)
    report(verdict(version, current, decision, dry_run=dry_run))
    return replace(
        _outcome(version, data),
        is_new=is_new,
        is_used=decision.is_promoted and not dry_run,
        decision=decision,
        changes=changes,
    )


def _current(models: Path, report: Report, *, dry_run: bool) -> ModelVersion | None:
    """The version in use; one that cannot be loaded is left at once for the one before it."""
    version_id = current_id(models)
    if version_id is None:
        return None
    try:
        return load_version(models, version_id)
    except BrokenModelVersion as reason:
        before = earlier_version(models)
        instead = "" if before is None else f"; {before} is met in its place"
        report(f"the current version is replaced: {reason}{instead}")
    if before is None:
        return None
    return load_version(models, before if dry_run else roll_back(models))


def _tell_forgotten(store: Store, current: ModelVersion | None, report: Report) -> None:
    """Tell whom the version in use goes on without: what is learned may not take its place."""
    if current is None:
        return
    with store.read() as connection:
        truth = log.truth(connection)
    for line in told_forgotten(current, truth):
        report(line)


def _last(models: Path) -> ModelVersion | None:
    """The version that was made last, if it can be loaded."""
    made = list_versions(models)
    if not made:
        return None
    try:
        return load_version(models, made[-1])
    except BrokenModelVersion:
        return None


def _is_made_from(
    version: ModelVersion, data: DataSet, strangers_accepted: float, *, tuned: bool
) -> bool:
    """Whether learning again could only give the same; another faceloop may learn otherwise."""
    return (
        version.data_hash == data.hash
        and version.metrics.get(ASKED) == strangers_accepted
        and version.faceloop_version == faceloop_version()
        and (TUNED in version.metrics or not tuned)
    )


def _name_changes(
    store: Store, network: str, current: ModelVersion | None, version: ModelVersion, report: Report
) -> tuple[NameChange, ...]:
    """Whose name would change, told; a tuned network has yet to see most of the faces."""
    if version.onnx:
        report("whose name changes shows once every face was seen by the tuned network")
        return ()
    changes = tuple(name_changes(store, network, current, version))
    for line in told_changes(changes):
        report(line)
    return changes


def _outcome(version: ModelVersion, data: DataSet) -> Retrained:
    return Retrained(
        version=version.id,
        is_new=False,
        is_used=False,
        people=len(version.people),
        faces=len(data.faces),
        left_out=tuple(person.name for person in data.left_out),
        metrics=version.metrics,
    )
