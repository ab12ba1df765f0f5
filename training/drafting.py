"""A version before it has a number: learned, calibrated, measured beside the nearest centroid."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np

from faces.errors import SetupError
from faces.model_version import Lineage, ModelVersion
from training.calibrate import calibrated, finished, threshold
from training.dataset import DataSet, Part
from training.evaluate import measured
from training.growing import Grown, Seen, grown, seen
from training.head import Head, class_mean_head, head_of, nearest_centroid
from training.meetings import taken_for_each_other, unseen_meetings

Report = Callable[[str], object]
"""Told each step in one line."""

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done and how much there is."""

ASKED = "strangers_asked"
"""The metric that tells for which share of strangers the threshold was set."""
_UNNUMBERED = "model-0000-00000000"


def nobody_looks(_what: str, _done: int, _total: int) -> None:
    """Nobody looks how far it is."""


def learned(
    data: DataSet,
    *,
    now: datetime,
    parent: ModelVersion | None,
    seed: int,
    strangers_accepted: float,
    report: Report,
    on_progress: OnProgress = nobody_looks,
    centroid: ModelVersion | None = None,
) -> ModelVersion:
    """A version without a number: learned, calibrated, and measured beside the nearest centroid.

    It grows from its parent where that is as good and takes less time (`training.growing`).
    `strangers_accepted` is the share of strangers that may get a name. The `centroid_version` of
    the same is calibrated here, too, unless it is given.

    Raises:
        SetupError: torch or fastai is not installed.
    """
    learning, calibration = data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    start, faces = class_mean_head(learning, data.network), seen(data)
    before = _grown(start, data, faces, parent, seed, strangers_accepted)
    report(_told(before, data, learning.count))
    rng = np.random.default_rng(seed)
    head = _learn(start, before, data, strangers_accepted, rng, on_progress)
    meetings = unseen_meetings(head, start, data.unseen(), calibration)
    head = calibrated(head, meetings)
    head_threshold = threshold(head, meetings, strangers_accepted)
    test = data.samples(Part.TEST)
    rival = centroid or centroid_version(data, now=now, strangers_accepted=strangers_accepted)
    metrics = {
        ASKED: strangers_accepted,
        "learning_faces": float(learning.count),
        "calibration_faces": float(calibration.count),
        "test_faces": float(test.count),
        **measured(head, head_threshold, test),
        **{
            f"centroid_{name}": value
            for name, value in measured(head_of(rival), rival.threshold, test).items()
        },
    }
    lineage = Lineage(seed, np.sort(faces.called), 0 if before is None else before.new)
    drafted = _drafted(head, head_threshold, data, metrics, now=now)
    return replace(
        drafted,
        parent=None if parent is None else parent.id,
        look_alikes=tuple(taken_for_each_other(meetings, data.people)),
        lineage=lineage,
    )


def centroid_version(data: DataSet, *, now: datetime, strangers_accepted: float) -> ModelVersion:
    """The nearest centroid, calibrated alike, as a version without a number."""
    nearest = nearest_centroid(class_mean_head(data.samples(Part.LEARNING), data.network))
    calibration = data.samples(Part.CALIBRATION)
    head, at = finished(nearest, nearest, data.unseen(), calibration, strangers_accepted)
    return _drafted(head, at, data, {ASKED: strangers_accepted}, now=now)


def faceloop_version() -> str:
    """The faceloop that learns here."""
    return importlib.metadata.version("faceloop")


def _drafted(
    head: Head,
    at: float,
    data: DataSet,
    metrics: Mapping[str, float],
    *,
    now: datetime,
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
        parent=None,
        faceloop_version=faceloop_version(),
        strangers=head.strangers,
        same_person=head.same_person,
        onnx=data.onnx,
    )


def _grown(
    start: Head,
    data: DataSet,
    faces: Seen,
    parent: ModelVersion | None,
    seed: int,
    accepted: float,
) -> Grown | None:
    """What can be kept of the version before; another faceloop may have learned otherwise.

    So may one that was learned for another share of strangers.
    """
    if parent is None or parent.faceloop_version != faceloop_version():
        return None
    if parent.metrics.get(ASKED) != accepted:
        return None
    return grown(start, data, faces, parent, seed=seed)


def _told(before: Grown | None, data: DataSet, faces: int) -> str:
    """Who is learned, and from how much."""
    if before is None:
        return f"learning {len(data.people)} people from {faces} faces"
    changed = len(before.changed)
    kept = len(data.people) - changed
    return f"keeping what was learned of {kept} people, of whom nothing is new; {changed} to learn"


def _learn(
    start: Head,
    before: Grown | None,
    data: DataSet,
    accepted: float,
    rng: np.random.Generator,
    on_progress: OnProgress,
) -> Head:
    """The head that was learned, of everybody or of those only who are not known from before."""
    try:
        from training.learner import learn, learn_some  # torch takes seconds to import
    except ModuleNotFoundError as missing:
        raise SetupError(
            f"training needs {missing.name}; run `make setup`, or install '.[training]'"
        ) from missing

    tell = partial(on_progress, "epochs learned, at most")
    learning, calibration = data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    if before is None:
        return learn(start, learning, calibration, accepted=accepted, rng=rng, progress=tell)
    if not len(before.changed):
        return before.head
    return learn_some(
        before.head,
        before.changed,
        start,
        learning,
        calibration,
        accepted=accepted,
        rng=rng,
        progress=tell,
    )
