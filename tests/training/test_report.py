"""What is told of a version, against what is counted otherwise on small data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from faces.records import FaceId, Person, PersonId, PhotoId, unit_rows
from faces.versions import ModelVersion, tuned_network_id
from training import tuning
from training.calibrate import finished
from training.dataset import DataSet, Part, Samples
from training.drafting import learned
from training.evaluate import Judged, judged
from training.head import class_mean_head, head_of
from training.learners import NEAREST_CENTROID, TUNED_NETWORK, Learner
from training.learning_curve import learning_curve, thinned
from training.mistakes import Album, Named, confusion_matrix, confusions, doubts, named_faces
from training.report import VersionReport, report_of
from training.top_losses import top_losses

NETWORK = "dlib-resnet-v1"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
PARTS = (Part.LEARNING, Part.LEARNING, Part.LEARNING, Part.CALIBRATION, Part.TEST, Part.TEST)

Make = Callable[..., DataSet]
BothLearners = Callable[..., ModelVersion]


@pytest.fixture(scope="module")
def data_set(looks) -> Make:
    """Six faces each of so many people, two of them for testing, and strangers in all parts."""

    def made(*, people: int = 4, strangers: int = 24, parts: Sequence[Part] = PARTS) -> DataSet:
        rows = [looks(who, len(parts)) for who in range(people)]
        rows += [looks(1000 + who, 1) for who in range(strangers)]
        labels = np.repeat(np.arange(people + 1), [len(parts)] * people + [strangers])
        serving = [*parts] * people + [parts[at % len(parts)] for at in range(strangers)]
        names = [f"f{at:04}" for at in range(len(labels))]
        return DataSet(
            network=NETWORK,
            people=tuple(Person(PersonId(f"p{who}"), f"Person {who}") for who in range(people)),
            left_out=(),
            faces=tuple(map(FaceId, names)),
            photos=tuple(map(PhotoId, names)),
            parts=tuple(serving),
            rows=unit_rows(np.vstack(rows)),
            labels=labels.astype(np.int64),
        )

    return made


def version_of(data: DataSet) -> ModelVersion:
    return learned(
        data, now=NOW, parent=None, seed=0, strangers_accepted=0.05, report=lambda _: None
    )


def told(version: ModelVersion, data: DataSet) -> VersionReport:
    return report_of(version, data, resolve=lambda person: person)


@pytest.fixture(scope="module")
def data(data_set: Make) -> DataSet:
    return data_set()


@pytest.fixture(scope="module")
def version(data: DataSet) -> ModelVersion:
    return version_of(data)


@pytest.fixture(scope="module")
def report(version: ModelVersion, data: DataSet) -> VersionReport:
    return told(version, data)


def test_the_report_agrees_with_what_was_measured_when_the_version_was_made(
    version: ModelVersion, report: VersionReport
) -> None:
    for name in ("rank1", "named_right", "named_wrong", "strangers_accepted", "hidden_accepted"):
        found = getattr(report, name)
        assert found.value == version.metrics[name]
        assert found.low <= found.value <= found.high
    assert (report.test_faces, report.test_people, report.test_strangers) == (8, 4, 8)
    assert report.asked == 0.05
    assert report.is_as_learned


def test_all_learners_stand_in_the_report_with_what_they_reach(
    version: ModelVersion, report: VersionReport
) -> None:
    head, tuned, centroid = report.learners
    assert head.is_this
    assert head.figures is not None
    assert head.figures.rank1 == report.rank1
    assert tuned == Learner(TUNED_NETWORK, was_run=False, is_told=True)
    assert centroid.name == NEAREST_CENTROID
    assert centroid.figures is not None
    assert centroid.figures.named_right is not None
    assert centroid.figures.named_right.value == version.metrics["centroid_named_right"]


@pytest.fixture(scope="module")
def tuned(data: DataSet, looks) -> DataSet:
    """The same faces by the encodings of a network that was tuned to them."""
    rows = [looks(50 + who, len(PARTS)) for who in range(4)]
    rows += [looks(2000 + who, 1) for who in range(24)]
    network = tuned_network_id(b"onnx")
    return replace(data, rows=unit_rows(np.vstack(rows)), network=network, onnx=b"onnx")


@pytest.fixture
def both(version: ModelVersion, data: DataSet, tuned: DataSet, monkeypatch) -> BothLearners:
    """What `faceloop retrain --tune-network` makes, whichever of the two is better."""

    def made(*, wins: bool, found: DataSet | None = tuned) -> ModelVersion:
        monkeypatch.setattr(tuning, "tuned_network", lambda *_, **__: found)
        monkeypatch.setattr(tuning, "is_better", lambda _: wins)
        chips = tuning.Chips(data.faces, np.zeros((len(data.faces), 1, 1, 3), dtype=np.uint8))
        return tuning.better_learner(
            version, data, chips, learn=version_of, seed=0, report=lambda _: None
        )

    return made


def test_whichever_learner_wins_the_report_has_both_rows_with_all_their_figures(
    both: BothLearners, data: DataSet, tuned: DataSet
) -> None:
    with_head, with_network = told(both(wins=False), data), told(both(wins=True), tuned)
    for at, (this, other) in enumerate([(with_head, with_network), (with_network, with_head)]):
        own, kept = this.learners[at], other.learners[at]
        assert (own.is_this, own.is_told, kept.is_this, kept.is_told) == (True, False, False, True)
        assert own.figures is not None
        assert own.figures == kept.figures, "as measured now and as the other version tells it"
        assert None not in (own.figures.rank1, own.figures.strangers_accepted, own.figures.error)


def test_a_network_that_no_epoch_made_better_was_run(both: BothLearners, data: DataSet) -> None:
    _, row, _ = told(both(wins=False, found=None), data).learners
    assert row == Learner(TUNED_NETWORK, was_run=True, is_told=True)


def test_beside_a_tuned_network_the_centroid_is_calibrated_by_faces_that_it_did_not_learn(
    both: BothLearners, tuned: DataSet
) -> None:
    version = both(wins=True)
    *_, centroid = told(version, replace(tuned, onnx=b"")).learners
    assert centroid.figures is not None
    assert centroid.figures.named_right is not None
    assert centroid.figures.named_right.value == version.metrics["centroid_named_right"]


def test_without_strangers_people_whose_own_name_is_hidden_stand_for_them(data_set: Make) -> None:
    data = data_set(strangers=0)
    found = told(version_of(data), data)
    assert found.strangers_accepted is None
    assert found.curve == ()
    assert found.hidden_curve[0].accepted == pytest.approx(1 / 8)
    assert found.error is not None


def test_without_test_faces_nothing_is_measured_and_names_are_still_looked_at(
    data_set: Make,
) -> None:
    data = data_set(strangers=0, parts=(Part.LEARNING,) * 4)
    found = told(version_of(data), data)
    assert (found.rank1, found.named_right, found.error) == (None, None, None)
    assert (found.curve, found.steps, found.losses, found.learning_curve) == ((), (), (), ())
    assert found.confusions == ()
    assert found.doubts == ()


def test_one_person_is_enough_to_tell_of(data_set: Make) -> None:
    two = data_set(people=2, strangers=12)
    only = version_of(two)
    found = told(replace(only, people=only.people[:1], weights=only.weights[:1]), two)
    assert (found.test_faces, found.test_people) == (2, 1)
    assert found.test_strangers == 4 + 2, "whom the version does not know is a stranger to it"
    assert not found.doubts
    assert found.matrix.people == (0,)


def test_whoever_became_another_person_counts_as_that_one(
    version: ModelVersion, data: DataSet
) -> None:
    renamed = (Person(PersonId("before"), "Person 0"), *version.people[1:])
    before = replace(version, people=renamed)
    found = report_of(before, data, resolve=lambda one: PersonId("p0") if one == "before" else one)
    assert found.rank1 is not None
    assert found.rank1.value == version.metrics["rank1"]
    assert told(before, data).test_strangers == 8 + 2, "without that, two faces are strangers'"


def test_what_was_confirmed_since_is_said(version: ModelVersion, data: DataSet) -> None:
    names = (replace(data.people[0], name="New"), *data.people[1:])
    assert not told(version, replace(data, people=names)).is_as_learned


def test_wrong_names_are_found_in_every_part_and_shown_beside_whom_they_look_like(
    data: DataSet,
) -> None:
    labels = data.labels.copy()
    labels[[1, 9, 16]] = 3, 0, 4  # of learning, of calibration, of test: called a stranger
    wrong = replace(data, labels=labels)
    found = told(version_of(wrong), wrong)
    told_of = {doubt.face: (doubt.person, doubt.other) for doubt in found.doubts}
    assert told_of == {"f0001": (3, 0), "f0009": (0, 1), "f0016": (None, 2)}
    assert found.doubts_in_all == 3
    like = {doubt.face: (doubt.own_like, doubt.other_like) for doubt in found.doubts}
    assert like["f0016"][0] is None, "nobody stands for strangers"
    alike = dict(zip(data.faces, data.rows, strict=True))
    others = [f"f{at:04}" for at in (0, 2, 3, 4, 5)]
    assert like["f0001"][1] == max(others, key=lambda one: alike[FaceId(one)] @ data.rows[1])


def test_right_names_are_not_doubted(report: VersionReport) -> None:
    assert report.doubts == ()


def test_top_losses_are_minus_log_of_the_probability_of_the_right_answer(data: DataSet) -> None:
    head = class_mean_head(data.samples(Part.LEARNING), NETWORK)
    rng = np.random.default_rng(0)
    test = data.samples(Part.TEST)
    mixed = Samples(test.rows, rng.permutation(test.labels), test.people)
    chances = head.probabilities(head.cosines(mixed), head.crowding(mixed))
    all_answers = np.column_stack([chances, 1 - chances.sum(axis=1)])
    losses = -np.log(np.clip(all_answers[np.arange(mixed.count), mixed.labels], 1e-300, None))
    found = top_losses(head, mixed, 5)
    assert [loss for _, loss in found] == pytest.approx(np.sort(losses)[::-1][:5], rel=1e-3)
    assert [losses[row] for row, _ in found] == pytest.approx(np.sort(losses)[::-1][:5], rel=1e-3)


def test_of_fewer_faces_than_asked_for_all_losses_are_told(data: DataSet) -> None:
    head = class_mean_head(data.samples(Part.LEARNING), NETWORK)
    test = data.samples(Part.TEST)
    assert sorted(row for row, _ in top_losses(head, test, 99)) == [*range(test.count)]
    assert top_losses(head, Samples(test.rows[:0], test.labels[:0], 4), 5) == []


def test_the_matrix_counts_each_face_once_in_its_line_and_the_column_of_its_answer() -> None:
    chances = np.array([[0.9, 0.0], [0.2, 0.7], [0.1, 0.9], [0.3, 0.2], [0.8, 0.1], [0.0, 0.1]])
    found = Judged(chances, np.array([0, 0, 1, 1, 2, 2]), np.zeros(0), threshold=0.5)
    matrix = confusion_matrix(found, 2)
    assert matrix.people == (0, 1)
    assert matrix.counts == ((1, 1, 0, 0), (0, 1, 0, 1), (0, 0, 0, 0), (1, 0, 0, 1))


def test_of_many_people_those_with_mistakes_have_lines() -> None:
    labels = np.repeat(np.arange(30), 2)
    chances = np.eye(30)[labels]
    chances[59] = np.eye(30)[20]
    found = Judged(chances, labels, np.zeros(0), threshold=0.5)
    matrix = confusion_matrix(found, 30)
    assert {20, 29} <= set(matrix.people)
    assert len(matrix.people) == 12
    counts = np.array(matrix.counts)
    assert counts.sum() == 60
    assert counts[12, 12] == 2 * 18, "all others in one line"
    assert matrix.others_right == 2 * 18


def test_a_mistake_among_those_without_a_line_is_counted() -> None:
    people = 40
    labels = np.repeat(np.arange(people), 4)
    chances = np.eye(people)[labels]
    for person in range(0, 26, 2):
        chances[4 * person : 4 * person + 4] = np.eye(people)[person + 1]
    found = Judged(chances, labels, np.zeros(0), threshold=0.5)
    matrix = confusion_matrix(found, people)
    assert matrix.people == tuple(range(12))
    assert matrix.counts[12][12] - matrix.others_right == 7 * 4


def test_everybody_is_told_with_right_wrong_and_no_names_the_worst_first() -> None:
    chances = np.array([[0.9, 0.0, 0.0], [0.2, 0.7, 0.0], [0.1, 0.9, 0.0], [0.3, 0.2, 0.0]])
    found = Judged(chances, np.array([0, 0, 1, 3]), np.zeros(0), threshold=0.5)
    assert named_faces(found, 3) == [
        Named(0, right=1, wrong=1, nameless=0),
        Named(1, right=1, wrong=0, nameless=0),
    ]
    unsure = Judged(chances[[3, 2]], np.array([0, 1]), np.zeros(0), threshold=0.5)
    assert named_faces(unsure, 3)[0] == Named(0, right=0, wrong=0, nameless=1)


def test_each_pair_of_people_is_shown_once_the_surest_first() -> None:
    chances = np.array([[0.2, 0.7, 0.0], [0.0, 0.9, 0.0], [0.0, 0.1, 0.3], [0.1, 0.8, 0.0]])
    labels = np.array([0, 0, 0, 3])
    found = Judged(chances, labels, np.zeros(0), threshold=0.5)
    faces = tuple(FaceId(f"t{at}") for at in range(4))
    rows = np.eye(4, 128, dtype=np.float32)
    album = Album((FaceId("a"), FaceId("b")), rows[[3, 1]], np.array([1, 1]))
    shown = confusions(found, faces, rows, album)
    assert [(one.face, one.person, one.taken_for, one.times) for one in shown] == [
        ("t1", 0, 1, 2),
        ("t3", None, 1, 1),
        ("t2", 0, 2, 1),
    ]
    assert [one.is_named for one in shown] == [True, True, False]
    assert [one.like for one in shown] == ["b", "a", None]


def test_a_doubt_needs_somebody_likelier_than_not() -> None:
    album = Album((FaceId("a"), FaceId("b")), np.eye(2, 128, dtype=np.float32), np.array([0, 2]))
    assert doubts(np.array([[0.1, 0.45], [0.3, 0.3]]), album) == []
    [first, second] = doubts(np.array([[0.1, 0.6], [0.9, 0.0]]), album)
    assert (first.face, first.person, first.other) == ("b", None, 0)
    assert first.chance == pytest.approx(0.1)
    assert (second.face, second.person, second.other) == ("a", 0, 1)


def test_the_learning_curve_of_a_tuned_network_is_calibrated_by_faces_that_it_did_not_learn(
    data_set: Make,
) -> None:
    """To a network that learned them, all faces of a person look the same."""
    data = data_set(people=12, strangers=60)
    learning = [part is Part.LEARNING for part in data.parts]
    looks = class_mean_head(data.samples(Part.LEARNING), NETWORK).weights
    of_people, noise = data.labels < len(data.people), np.random.default_rng(0)
    rows = unit_rows(data.rows + noise.normal(0, 0.025, data.rows.shape).astype(np.float32))
    rows[learning & of_people] = unit_rows(looks[data.labels[learning & of_people]])
    tuned = replace(data, rows=rows, onnx=b"a network")
    start = class_mean_head(tuned.samples(Part.LEARNING), NETWORK)
    nothing = replace(tuned.samples(Part.LEARNING), rows=rows[:0], labels=tuned.labels[:0])
    head, at = finished(start, start, nothing, tuned.samples(Part.CALIBRATION), 0.05)
    expected = judged(head, at, tuned.samples(Part.TEST)).answers()["named_right"].mean()
    assert learning_curve(tuned, strangers_accepted=0.05)[-1].named_right.value == expected
    usual = learning_curve(replace(tuned, onnx=b""), strangers_accepted=0.05)
    assert usual[-1].named_right.value != expected, "where it was not tuned all faces count"


def test_the_learning_curve_ends_with_all_faces(data: DataSet) -> None:
    curve = learning_curve(data, strangers_accepted=0.05)
    assert [(point.each, point.faces) for point in curve] == [(1, 4), (2, 8), (3, 12)]
    assert curve[0].named_right.value <= curve[-1].named_right.value


def test_thinning_keeps_strangers_and_so_many_of_everybody(data: DataSet) -> None:
    learning = data.samples(Part.LEARNING)
    fewer = thinned(learning, 2, np.random.default_rng(0))
    assert np.bincount(fewer.labels).tolist() == [2, 2, 2, 2, int((~learning.known).sum())]


def test_a_portrait_is_the_face_most_like_what_was_learned(
    version: ModelVersion, data: DataSet, report: VersionReport
) -> None:
    of_first = np.flatnonzero(data.labels == 0)
    best = of_first[np.argmax(data.rows[of_first] @ head_of(version).weights[0])]
    assert report.portraits[0] == data.faces[best]
