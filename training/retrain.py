"""From what people confirmed to a new model version in use: gather, learn, measure, save."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from faces.errors import BrokenModelVersion, SetupError
from faces.store.database import Store
from faces.versions import (
    ModelVersion,
    current_id,
    load_version,
    make_current,
    numbered,
    save_version,
)
from training.calibrate import calibrated, threshold, unseen_meetings
from training.dataset import DataSet, Part
from training.evaluate import measured
from training.gathering import fix_parts, gathered
from training.head import Head, class_mean_head, nearest_centroid

Report = Callable[[str], object]
"""Told each step in one line."""

_ASKED = "strangers_asked"
_UNNUMBERED = "model-0000-00000000"
_EPOCHS_A_LINE = 10


@dataclass(frozen=True)
class Retrained:
    """What came of it; `is_new` is false when nothing had changed since the current version."""

    version: str
    is_new: bool
    people: int
    faces: int
    left_out: tuple[str, ...]
    metrics: Mapping[str, float]


def retrain(
    store: Store,
    models: Path,
    *,
    network: str,
    now: datetime,
    seed: int = 0,
    strangers_accepted: float,
    report: Report,
) -> Retrained:
    """Learn from what people confirmed so far, and use what was learned.

    Nothing is learned when the confirmed faces are those of the current version already. One
    process does this at a time (`faces.locks`); the version in use stays until the new one is
    whole.

    Raises:
        NotEnoughToLearn: fewer than two people have two confirmed faces each.
        SetupError: torch or fastai is not installed, or the folder cannot be written.
    """
    fix_parts(store)
    data = gathered(store, network)
    _report_left_out(data, report)
    current = _current(models, report)
    if current is not None and _is_made_from(current, data, strangers_accepted):
        report(f"{current.id} knows all that was confirmed; it stays in use")
        return _outcome(current, data, is_new=False)
    parent = None if current is None else current.id
    draft = learned(
        data,
        now=now,
        parent=parent,
        seed=seed,
        strangers_accepted=strangers_accepted,
        report=report,
    )
    version = numbered(models, draft)
    save_version(models, version)
    make_current(models, version.id)
    report(f"{version.id} is in use: {_told(version.metrics)}")
    return _outcome(version, data, is_new=True)


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
    nearest = nearest_centroid(start)
    centroid, centroid_threshold = _finished(nearest, nearest, data, strangers_accepted)
    head, head_threshold = _finished(head, start, data, strangers_accepted)
    test = data.samples(Part.TEST)
    metrics = {
        _ASKED: strangers_accepted,
        "learning_faces": float(learning.count),
        "calibration_faces": float(calibration.count),
        "test_faces": float(test.count),
        **measured(head, head_threshold, test),
        **{
            f"centroid_{name}": value
            for name, value in measured(centroid, centroid_threshold, test).items()
        },
    }
    return ModelVersion(
        id=_UNNUMBERED,
        created_at=now,
        network=data.network,
        people=data.people,
        weights=head.weights,
        scale=head.scale,
        unknown_cosine=head.unknown_cosine,
        threshold=head_threshold,
        metrics=metrics,
        data_hash=data.hash,
        parent=parent,
        faceloop_version=_faceloop_version(),
        strangers=head.strangers,
        same_person=head.same_person,
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


def _finished(
    head: Head, start: Head, data: DataSet, strangers_accepted: float
) -> tuple[Head, float]:
    """The head with calibrated probabilities, and its threshold."""
    meetings = unseen_meetings(
        head, start, data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    )
    ready = calibrated(head, meetings)
    return ready, threshold(ready, meetings, strangers_accepted)


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


def _is_made_from(version: ModelVersion, data: DataSet, strangers_accepted: float) -> bool:
    """Whether learning again could only give the same; another faceloop may learn otherwise."""
    return (
        version.data_hash == data.hash
        and version.metrics.get(_ASKED) == strangers_accepted
        and version.faceloop_version == _faceloop_version()
    )


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


def _outcome(version: ModelVersion, data: DataSet, *, is_new: bool) -> Retrained:
    return Retrained(
        version=version.id,
        is_new=is_new,
        people=len(version.people),
        faces=len(data.faces),
        left_out=tuple(person.name for person in data.left_out),
        metrics=version.metrics,
    )
