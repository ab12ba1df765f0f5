"""What there is to tell of a model version, measured on the faces that no version learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faces.likeness import Probabilities, class_means
from faces.records import NETWORK, FaceId, Person
from faces.threads import products_by_one_thread
from faces.versions import ModelVersion
from training.calibrate import finished
from training.dataset import DataSet, Part
from training.drafting import ASKED
from training.evaluate import Judged, as_one, judged
from training.head import Head, class_mean_head, nearest_centroid, person_sums
from training.learners import (
    COSINE_HEAD,
    NEAREST_CENTROID,
    TUNED_NETWORK,
    Learner,
    figures_of,
    nameless,
    told_by,
)
from training.learning_curve import Learned, learning_curve
from training.meetings import as_if_left_out
from training.mistakes import (
    MOST_SHOWN,
    Album,
    Confusion,
    Doubt,
    Matrix,
    Named,
    confusion_matrix,
    confusions,
    doubts,
    named_faces,
)
from training.seen import Resolve, Seen, seen_by
from training.shares import (
    Point,
    Share,
    Step,
    calibration_error,
    half_each,
    open_set_curve,
    reliability,
    share_of,
)
from training.tuning import TUNED

ASKED_BY_DEFAULT = 0.01


@dataclass(frozen=True, slots=True)
class Loss:
    """A test face and -log of the probability of its right answer.

    `person` is None for a stranger, `likeliest` the person whom the version finds likeliest.
    """

    face: FaceId
    loss: float
    person: int | None
    likeliest: int
    chance: float


@dataclass(frozen=True)
class VersionReport:
    """All figures of one version; numbers of people are places in `people`.

    `portraits` are those faces of each that are most like what was learned of them; None of whom
    nobody confirms any more. `is_as_learned` is false when people confirmed or took back something
    since. `hidden_curve` is that where people stand for strangers, their own name being hidden.
    """

    version: str
    network: str
    people: tuple[Person, ...]
    portraits: tuple[FaceId | None, ...]
    threshold: float
    asked: float
    is_as_learned: bool
    learning_faces: int
    calibration_faces: int
    test_faces: int
    test_people: int
    test_strangers: int
    rank1: Share | None
    named_right: Share | None
    named_wrong: Share | None
    strangers_accepted: Share | None
    hidden_accepted: Share | None
    curve: tuple[Point, ...]
    hidden_curve: tuple[Point, ...]
    steps: tuple[Step, ...]
    error: float | None
    learners: tuple[Learner, ...]
    named: tuple[Named, ...]
    matrix: Matrix
    confusions: tuple[Confusion, ...]
    confusions_in_all: int
    losses: tuple[Loss, ...]
    doubts: tuple[Doubt, ...]
    doubts_in_all: int
    learning_curve: tuple[Learned, ...]


def report_of(
    version: ModelVersion,
    data: DataSet,
    *,
    resolve: Resolve,
    usual: DataSet | None = None,
) -> VersionReport:
    """Measure a version on the test faces of today; `resolve` tells who a person is now.

    What was confirmed since is told by the encodings that every installation has: `usual`, where
    `data` are those of the version's own network.

    Raises:
        SetupError: torch or fastai is not installed.
    """
    with products_by_one_thread():
        return _report_of(version, data, resolve, usual or data)


def _report_of(
    version: ModelVersion, data: DataSet, resolve: Resolve, usual: DataSet
) -> VersionReport:
    data = replace(data, onnx=version.onnx)
    seen = seen_by(version, data, resolve)
    head, samples, test = seen.head, seen.samples, seen.samples[Part.TEST]
    found = seen.judged(version.threshold)
    album = Album(data.faces, data.rows, seen.labels)
    of_test = [face for face, part in zip(data.faces, data.parts, strict=True) if part is Part.TEST]
    confused = confusions(found, of_test, test.rows, album)
    doubtful = doubts(*_unlearned(seen, data.parts, album))
    asked = version.metrics.get(ASKED, ASKED_BY_DEFAULT)
    answers, strangers = found.answers(), found.scores[~found.known]
    weighed = half_each(found.right[found.known], found.scores[found.known], nameless(found))
    return VersionReport(
        version=version.id,
        network=version.network,
        people=version.people,
        portraits=tuple(_portraits(head, album)),
        threshold=version.threshold,
        asked=asked,
        is_as_learned=version.data_hash == usual.hash,
        learning_faces=samples[Part.LEARNING].count,
        calibration_faces=samples[Part.CALIBRATION].count,
        test_faces=int(found.known.sum()),
        test_people=len(np.unique(found.labels[found.known])),
        test_strangers=len(strangers),
        **{name: share_of(given) for name, given in answers.items()},
        curve=tuple(open_set_curve(found, strangers)),
        hidden_curve=tuple(open_set_curve(found, found.of_hidden)),
        steps=tuple(reliability(weighed)),
        error=calibration_error(weighed) if len(weighed.said) else None,
        learners=tuple(_learners(version, found, data, asked)),
        named=tuple(named_faces(found, len(version.people))),
        matrix=confusion_matrix(found, len(version.people)),
        confusions=tuple(confused[:MOST_SHOWN]),
        confusions_in_all=len(confused),
        losses=tuple(_losses(seen, found, of_test)),
        doubts=tuple(doubtful[:MOST_SHOWN]),
        doubts_in_all=len(doubtful),
        learning_curve=tuple(learning_curve(data, strangers_accepted=asked)),
    )


def _unlearned(seen: Seen, parts: Sequence[Part], album: Album) -> tuple[Probabilities, Album]:
    """The probabilities of all faces, as if nothing had been learned from them; and those faces.

    Whose person has no other face to be learned from is left out.
    """
    head, samples = seen.head, seen.samples
    learning = samples[Part.LEARNING]
    sums, counts = person_sums(learning)
    there = counts > 0
    weights = head.weights.copy()
    weights[there] = class_means(sums[there], counts[there], head.same_person)
    alike, judgeable = as_if_left_out(head, replace(head, weights=weights), learning)
    chances = np.empty((len(parts), len(counts)))
    usable = np.ones(len(parts), dtype=bool)
    for part in Part:
        these = np.array([found is part for found in parts], dtype=bool)
        here = alike if part is Part.LEARNING else head.cosines(samples[part])
        chances[these] = as_one(
            head.probabilities(here, head.crowding(samples[part])), seen.stands_for
        )
        if part is Part.LEARNING:
            usable[these] = judgeable
    faces = tuple(face for face, is_usable in zip(album.faces, usable, strict=True) if is_usable)
    return chances[usable], Album(faces, album.rows[usable], album.labels[usable])


def _portraits(head: Head, album: Album) -> list[FaceId | None]:
    nobody = FaceId("")
    return [album.most_alike(row, person, but=nobody) for person, row in enumerate(head.weights)]


def _learners(version: ModelVersion, found: Judged, data: DataSet, asked: float) -> list[Learner]:
    """A row for each, in an order that is always the same."""
    this = COSINE_HEAD if version.network == NETWORK else TUNED_NETWORK
    nearest = nearest_centroid(class_mean_head(data.samples(Part.LEARNING), data.network))
    calibration = data.samples(Part.CALIBRATION)
    centroid, threshold = finished(nearest, nearest, data.unseen(), calibration, asked)
    beside = judged(centroid, threshold, data.samples(Part.TEST))
    return [
        Learner(name, was_run=True, figures=figures_of(found), is_this=True)
        if name == this
        else _told(name, version.metrics)
        for name in (COSINE_HEAD, TUNED_NETWORK)
    ] + [Learner(NEAREST_CENTROID, was_run=True, figures=figures_of(beside))]


def _told(name: str, metrics: Mapping[str, float]) -> Learner:
    """A learner that was not chosen, by what was measured when the version was made."""
    is_changed = metrics.get(TUNED) == 1.0
    figures = told_by(metrics, name) if is_changed else None
    return Learner(name, was_run=TUNED in metrics, figures=figures, is_told=True)


def _losses(seen: Seen, found: Judged, faces: Sequence[FaceId]) -> list[Loss]:
    from training.top_losses import top_losses  # fastai and torch take seconds to import

    test, people = seen.by_the_nearest(Part.TEST), len(seen.stands_for)
    return [
        Loss(
            face=faces[at],
            loss=loss,
            person=int(found.labels[at]) if found.labels[at] < people else None,
            likeliest=int(found.top[at]),
            chance=float(found.scores[at]),
        )
        for at, loss in top_losses(seen.head, test, MOST_SHOWN)
    ]
