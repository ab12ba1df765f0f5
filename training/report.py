"""What there is to tell of a model version, measured on the faces that no version learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faces.likeness import Probabilities, class_means
from faces.records import NETWORK, FaceId, Person, PersonId
from faces.threads import products_by_one_thread
from faces.versions import ModelVersion
from training.calibrate import as_if_left_out, finished
from training.dataset import DataSet, Labels, Part, Samples
from training.evaluate import Judged, Scores, judged
from training.head import Head, class_mean_head, head_of, nearest_centroid, person_sums
from training.learning_curve import Learned, learning_curve
from training.mistakes import (
    MOST_SHOWN,
    Album,
    Confusion,
    Doubt,
    Matrix,
    confusion_matrix,
    confusions,
    doubts,
)
from training.retrain import ASKED
from training.shares import (
    Point,
    Share,
    Step,
    calibration_error,
    half_each,
    named_right_at,
    open_set_curve,
    reliability,
    share,
    share_of,
)

ASKED_BY_DEFAULT = 0.01
COSINE_HEAD, TUNED_NETWORK, NEAREST_CENTROID = "cosine head", "tuned network", "nearest centroid"
_KEPT = {COSINE_HEAD: "head_", TUNED_NETWORK: "tuned_"}
"""How a version's metrics begin which tell of a learner that it was chosen over."""
_ENOUGH_STRANGERS = 100
"""With fewer, people whose own name is hidden are strangers, too, where one in 100 is asked for."""


@dataclass(frozen=True)
class Learner:
    """How good one learner is on the test faces; no figures: it was not run.

    `named_right` is with its own threshold; `at_1` and `at_01` with that which one in a hundred, or
    in a thousand, of those passes who should get no name.
    """

    name: str
    is_this: bool
    was_run: bool
    rank1: Share | None = None
    at_1: Share | None = None
    at_01: Share | None = None
    named_right: Share | None = None
    strangers_accepted: Share | None = None
    error: float | None = None


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
    resolve: Callable[[PersonId], PersonId],
) -> VersionReport:
    """Measure a version on the test faces of today; `resolve` tells who a person is now.

    Raises:
        SetupError: torch or fastai is not installed.
    """
    with products_by_one_thread():
        return _report_of(version, data, resolve)


def _report_of(
    version: ModelVersion, data: DataSet, resolve: Callable[[PersonId], PersonId]
) -> VersionReport:
    head, samples = head_of(version), seen_by(version, data, resolve)
    test = samples[Part.TEST]
    found = judged(head, version.threshold, test)
    album = Album(data.faces, data.rows, _labels(version, data, resolve))
    of_test = [face for face, part in zip(data.faces, data.parts, strict=True) if part is Part.TEST]
    confused = confusions(found, of_test, test.rows, album)
    doubtful = doubts(*_unlearned(head, samples, data.parts, album))
    asked = version.metrics.get(ASKED, ASKED_BY_DEFAULT)
    answers, strangers = found.answers(), found.scores[~found.known]
    weighed = half_each(found.right[found.known], found.scores[found.known], _nameless(found))
    return VersionReport(
        version=version.id,
        network=version.network,
        people=version.people,
        portraits=tuple(_portraits(head, album)),
        threshold=version.threshold,
        asked=asked,
        is_as_learned=version.data_hash == data.hash,
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
        matrix=confusion_matrix(found, len(version.people)),
        confusions=tuple(confused[:MOST_SHOWN]),
        confusions_in_all=len(confused),
        losses=tuple(_losses(head, test, found, of_test)),
        doubts=tuple(doubtful[:MOST_SHOWN]),
        doubts_in_all=len(doubtful),
        learning_curve=tuple(learning_curve(data, strangers_accepted=asked)),
    )


def seen_by(
    version: ModelVersion, data: DataSet, resolve: Callable[[PersonId], PersonId]
) -> dict[Part, Samples]:
    """The faces of each part, labelled by the version's people: whom it does not know is nobody."""
    labels = _labels(version, data, resolve)
    chosen = {part: [found is part for found in data.parts] for part in Part}
    return {
        part: Samples(data.rows[these], labels[these], len(version.people))
        for part, these in chosen.items()
    }


def _labels(
    version: ModelVersion, data: DataSet, resolve: Callable[[PersonId], PersonId]
) -> Labels:
    nobody = len(version.people)
    column = {resolve(person.id): at for at, person in reversed([*enumerate(version.people)])}
    place = [column.get(person.id, nobody) for person in data.people]
    return np.array([*place, nobody], dtype=np.int64)[data.labels]


def _unlearned(
    head: Head, samples: dict[Part, Samples], parts: Sequence[Part], album: Album
) -> tuple[Probabilities, Album]:
    """The probabilities of all faces, as if nothing had been learned from them; and those faces.

    Whose person has no other face to be learned from is left out.
    """
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
        chances[these] = head.probabilities(here, head.crowding(samples[part]))
        if part is Part.LEARNING:
            usable[these] = judgeable
    faces = tuple(face for face, is_usable in zip(album.faces, usable, strict=True) if is_usable)
    return chances[usable], Album(faces, album.rows[usable], album.labels[usable])


def _portraits(head: Head, album: Album) -> list[FaceId | None]:
    nobody = FaceId("")
    return [album.most_alike(row, person, but=nobody) for person, row in enumerate(head.weights)]


def _nameless(found: Judged) -> Scores:
    """The scores of all who should get no name: strangers, and people whose own is hidden."""
    return np.concatenate([found.scores[~found.known], found.of_hidden])


def _learners(version: ModelVersion, found: Judged, data: DataSet, asked: float) -> list[Learner]:
    this = COSINE_HEAD if version.network == NETWORK else TUNED_NETWORK
    learning, calibration = data.samples(Part.LEARNING), data.samples(Part.CALIBRATION)
    nearest = nearest_centroid(class_mean_head(learning, data.network))
    centroid, threshold = finished(nearest, nearest, learning, calibration, asked)
    return [
        _learner(name, found, is_this=True) if name == this else _told(name, begins, version, found)
        for name, begins in _KEPT.items()
    ] + [_learner(NEAREST_CENTROID, judged(centroid, threshold, data.samples(Part.TEST)))]


def _learner(name: str, found: Judged, *, is_this: bool = False) -> Learner:
    strangers = found.scores[~found.known]
    others = strangers if len(strangers) >= _ENOUGH_STRANGERS else _nameless(found)
    answers, known = found.answers(), found.known
    weighed = half_each(found.right[known], found.scores[known], _nameless(found))
    return Learner(
        name,
        is_this=is_this,
        was_run=True,
        rank1=share_of(answers["rank1"]),
        at_1=named_right_at(found, others, 0.01),
        at_01=named_right_at(found, others, 0.001),
        named_right=share_of(answers["named_right"]),
        strangers_accepted=share_of(answers["strangers_accepted"]),
        error=calibration_error(weighed) if len(weighed.said) else None,
    )


def _told(name: str, begins: str, version: ModelVersion, found: Judged) -> Learner:
    """A learner that was not chosen, by what was measured when the version was made."""
    known, strangers = int(found.known.sum()), int((~found.known).sum())

    def figure(measured: str, faces: int) -> Share | None:
        value = version.metrics.get(begins + measured)
        return share(value, faces) if value is not None and faces else None

    rank1 = figure("rank1", known)
    return Learner(
        name,
        is_this=False,
        was_run=rank1 is not None,
        rank1=rank1,
        named_right=figure("named_right", known),
        strangers_accepted=figure("strangers_accepted", strangers),
    )


def _losses(head: Head, test: Samples, found: Judged, faces: Sequence[FaceId]) -> list[Loss]:
    from training.top_losses import top_losses  # fastai and torch take seconds to import

    people = test.people
    return [
        Loss(
            face=faces[at],
            loss=loss,
            person=int(test.labels[at]) if test.labels[at] < people else None,
            likeliest=int(found.top[at]),
            chance=float(found.scores[at]),
        )
        for at, loss in top_losses(head, test, MOST_SHOWN)
    ]
