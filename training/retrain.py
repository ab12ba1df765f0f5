"""From what people confirmed to a new model version in use: gather, learn, measure, save."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from faces.errors import BrokenModelVersion, SetupError
from faces.records import FaceId, identity_rows
from faces.store import log, photos
from faces.store.database import Store
from faces.versions import (
    ModelVersion,
    current_id,
    list_versions,
    load_version,
    make_current,
    numbered,
    save_version,
    used_ids,
)
from training.calibrate import finished
from training.dataset import DataSet, Part
from training.evaluate import measured
from training.gathering import fix_parts, gathered
from training.head import Head, class_mean_head, nearest_centroid
from training.name_changes import NameChange, name_changes, told_changes
from training.promotion import Decision, decided
from training.tuning import TUNED, Chips, better_learner

Report = Callable[[str], object]
"""Told each step in one line."""
ChipsOf = Callable[[Sequence[FaceId]], Chips]
"""Cuts the chips of faces out of their photos; those whose photo is gone are left out."""

ASKED = "strangers_asked"
"""The metric that tells for which share of strangers the threshold was set."""
_UNNUMBERED = "model-0000-00000000"
_EPOCHS_A_LINE = 10


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
    if not dry_run:
        fix_parts(store)
    data = gathered(store, network)
    _report_left_out(data, report)
    current, last = _current(models, report), _last(models)
    says_all = partial(
        _is_made_from, data=data, strangers_accepted=strangers_accepted, tuned=chips_of is not None
    )
    if current is not None and says_all(current):
        report(f"{current.id} knows all that was confirmed; it stays in use")
        return _outcome(current, data)
    if last is not None and not last.onnx and says_all(last):
        if last.id in used_ids(models):
            report(f"{last.id} knows all that was confirmed, and was left for another; so it stays")
            return _outcome(last, data)
        version, is_new = last, False
        decision = _decided(store, version, current, data, seed)
    else:
        learn = partial(
            learned,
            now=now,
            parent=None if current is None else current.id,
            seed=seed,
            strangers_accepted=strangers_accepted,
            report=report,
        )
        draft = learn(data)
        decision = _decided(store, draft, current, data, seed)
        if chips_of is not None:
            chips = chips_of(data.faces)
            draft = better_learner(draft, data, chips, learn=learn, seed=seed, report=report)
        version, is_new = numbered(models, draft), True
    changes = _name_changes(store, network, current, version, report)
    if not dry_run:
        save_version(models, version)
        if decision.is_promoted:
            make_current(models, version.id)
    report(_verdict(version, current, decision, dry_run=dry_run))
    return replace(
        _outcome(version, data),
        is_new=is_new,
        is_used=decision.is_promoted and not dry_run,
        decision=decision,
        changes=changes,
    )


def learned(
    data: DataSet,
    *,
    now: datetime,
    parent: str | None,
    seed: int,
    strangers_accepted: float,
    report: Report,
) -> ModelVersion:
    """A version without a number: learned, calibrated, and measured beside the nearest centroid.

    `strangers_accepted` is the share of strangers that may get a name.

    Raises:
        SetupError: torch or fastai is not installed.
    """
    learning, calibration = data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    report(f"learning {len(data.people)} people from {learning.count} faces")
    start = class_mean_head(learning, data.network)
    head = _learn(start, data, np.random.default_rng(seed), report)
    head, head_threshold = finished(head, start, data.unseen(), calibration, strangers_accepted)
    test = data.samples(Part.TEST)
    metrics = {
        ASKED: strangers_accepted,
        "learning_faces": float(learning.count),
        "calibration_faces": float(calibration.count),
        "test_faces": float(test.count),
        **measured(head, head_threshold, test),
        **{
            f"centroid_{name}": value
            for name, value in measured(*_centroid(data, strangers_accepted), test).items()
        },
    }
    return _drafted(head, head_threshold, data, metrics, now=now, parent=parent)


def centroid_version(data: DataSet, *, now: datetime, strangers_accepted: float) -> ModelVersion:
    """The nearest centroid, calibrated alike, as a version without a number."""
    head, at = _centroid(data, strangers_accepted)
    return _drafted(head, at, data, {ASKED: strangers_accepted}, now=now, parent=None)


def _centroid(data: DataSet, strangers_accepted: float) -> tuple[Head, float]:
    nearest = nearest_centroid(class_mean_head(data.samples(Part.LEARNING), data.network))
    calibration = data.samples(Part.CALIBRATION)
    return finished(nearest, nearest, data.unseen(), calibration, strangers_accepted)


def _drafted(
    head: Head,
    at: float,
    data: DataSet,
    metrics: Mapping[str, float],
    *,
    now: datetime,
    parent: str | None,
) -> ModelVersion:
    """A version without a number that names by this head, from the probability `at` on."""
    return ModelVersion(
        id=_UNNUMBERED,
        created_at=now,
        network=data.network,
        people=data.people,
        weights=head.weights,
        scale=head.scale,
        unknown_cosine=head.unknown_cosine,
        threshold=at,
        metrics=metrics,
        data_hash=data.hash,
        parent=parent,
        faceloop_version=_faceloop_version(),
        strangers=head.strangers,
        same_person=head.same_person,
        onnx=data.onnx,
    )


def _learn(start: Head, data: DataSet, rng: np.random.Generator, report: Report) -> Head:
    try:
        from training.learner import learn  # torch takes seconds to import
    except ModuleNotFoundError as missing:
        raise SetupError(
            f"training needs {missing.name}; run `make setup`, or install '.[training]'"
        ) from missing

    def tell(done: int, epochs: int) -> None:
        if done % _EPOCHS_A_LINE == 0:
            report(f"learned {done} of {epochs} epochs")

    learning, calibration = data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    return learn(start, learning, calibration, rng=rng, progress=tell)


def _current(models: Path, report: Report) -> ModelVersion | None:
    """The version in use; one that cannot be loaded is no reason not to make a better one."""
    version_id = current_id(models)
    if version_id is None:
        return None
    try:
        return load_version(models, version_id)
    except BrokenModelVersion as reason:
        report(f"the current version is replaced: {reason}")
        return None


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
        and version.faceloop_version == _faceloop_version()
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


def _decided(
    store: Store, version: ModelVersion, current: ModelVersion | None, data: DataSet, seed: int
) -> Decision:
    """Whether it comes into use; whoever is no longer named does not stay for want of photos.

    By the head alone: a tuned network is used only where it is surely better than that.
    """
    with store.read() as connection:
        truth = log.truth(connection)
    current_data = data
    if current is not None and current.onnx:
        current_data = _seen_by(store, current, data)
    asked = version.metrics[ASKED]
    named = {said.person for said in truth.confirmed.values()}
    knows_forgotten = current is not None and any(
        truth.resolve(person.id) not in named for person in current.people
    )
    decision = decided(
        version,
        None if knows_forgotten else current,
        centroid_version(data, now=version.created_at, strangers_accepted=asked),
        data,
        resolve=truth.resolve,
        same_asked=current is None or current.metrics.get(ASKED) == asked,
        rng=np.random.default_rng(seed),
        current_data=current_data,
    )
    if knows_forgotten and decision.is_promoted:
        return replace(decision, why="the version before knows somebody who is no longer named")
    return decision


def _seen_by(store: Store, version: ModelVersion, data: DataSet) -> DataSet:
    """The same faces in the encodings of a version's own network, as far as it has seen them."""
    with store.read() as connection:
        found = photos.encodings(connection, version.network, only=data.faces)
    seen, row_of = data.only(set(found.faces)), {face: row for row, face in enumerate(found.faces)}
    rows = identity_rows(found)[[row_of[face] for face in seen.faces]]
    return replace(seen, network=version.network, rows=rows, onnx=version.onnx)


def _verdict(
    version: ModelVersion, current: ModelVersion | None, decision: Decision, *, dry_run: bool
) -> str:
    """What becomes of a new version, and why, in one line."""
    would = "would be" if dry_run else "is"
    if decision.is_promoted:
        beside = "" if current is None else f" ({decision.why})"
        return f"{version.id} {would} in use: {_told(version.metrics)}{beside}"
    stays = "no version" if current is None else current.id
    return f"{version.id} {would} not in use, {stays} stays: {decision.why}"


def _faceloop_version() -> str:
    return importlib.metadata.version("faceloop")


def _report_left_out(data: DataSet, report: Report) -> None:
    if data.left_out:
        names = ", ".join(person.name for person in data.left_out)
        report(f"not learned yet, for want of two faces or of a photo to learn from: {names}")


def _told(metrics: Mapping[str, float]) -> str:
    """The figures that people ask for, in words."""
    if "named_right" not in metrics:
        return "no confirmed face was kept for testing yet, so nothing is measured"
    told = f"on photos kept for testing it names {metrics['named_right']:.0%} of the faces right"
    told += f" and {metrics['named_wrong']:.0%} wrong"
    if "strangers_accepted" in metrics:
        told += f", and gives a name to {metrics['strangers_accepted']:.0%} of the strangers"
    return told


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
