"""What of a version stays when people are added, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from faces.likeness import NO_STRANGERS
from faces.model_version import Lineage, ModelVersion
from faces.records import FaceId, Person, PersonId, PhotoId, unit_rows
from training import growing
from training.calibrate import threshold
from training.dataset import DataSet, Part, Samples
from training.drafting import centroid_version, learned
from training.evaluate import measured
from training.growing import Grown, grown, seen
from training.head import class_mean_head, head_of
from training.meetings import unseen_meetings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NETWORK = "dlib-resnet-v1"
PEOPLE, EACH, STRANGERS = 12, 15, 20
TURNS = (Part.LEARNING, Part.LEARNING, Part.LEARNING, Part.CALIBRATION, Part.TEST)


@pytest.fixture(autouse=True)
def _even_few_people_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "WORTH_KEEPING", 0)


@pytest.fixture(scope="module")
def everybody(looks) -> DataSet:
    """Twelve people with fifteen faces each, by id, and twenty strangers."""
    rows = [looks(who, EACH) for who in range(PEOPLE)]
    rows += [looks(1000 + who, 1) for who in range(STRANGERS)]
    sizes = [EACH] * PEOPLE + [STRANGERS]
    count = sum(sizes)
    return DataSet(
        network=NETWORK,
        people=tuple(Person(PersonId(f"p{who:02d}"), f"Name {who}") for who in range(PEOPLE)),
        left_out=(),
        faces=tuple(FaceId(f"face{number:03d}") for number in range(count)),
        photos=tuple(PhotoId(f"{number:064x}") for number in range(count)),
        parts=tuple(TURNS[number % len(TURNS)] for number in range(count)),
        rows=unit_rows(np.vstack(rows)),
        labels=np.repeat(np.arange(PEOPLE + 1), sizes),
    )


@pytest.fixture(scope="module")
def before(everybody: DataSet) -> ModelVersion:
    """A version that does not know the sixth person yet."""
    return learn(without(everybody, 5))


@pytest.fixture(scope="module")
def next_one(everybody: DataSet, before: ModelVersion) -> ModelVersion:
    """The one after it, which does."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(growing, "WORTH_KEEPING", 0)
        return learn(everybody, before)


def without(data: DataSet, person: int) -> DataSet:
    """The same before anybody spoke of this person."""
    labelled = zip(data.faces, data.labels.tolist(), strict=True)
    kept = data.only({face for face, label in labelled if label != person})
    people = tuple(one for column, one in enumerate(data.people) if column != person)
    return replace(kept, people=people, labels=kept.labels - (kept.labels > person))


def learn(
    data: DataSet, parent: ModelVersion | None = None, *, accepted: float = 0.01
) -> ModelVersion:
    return learned(
        data, now=NOW, parent=parent, seed=0, strangers_accepted=accepted, report=lambda _: None
    )


def knowing(data: DataSet) -> ModelVersion:
    """A version of these people, whatever was learned of them."""
    version = centroid_version(data, now=NOW, strangers_accepted=0.01)
    start = class_mean_head(data.samples(Part.LEARNING), data.network)
    return replace(
        version,
        same_person=start.same_person,
        strangers=start.strangers,
        lineage=Lineage(0, np.sort(seen(data).called), 0),
    )


def kept(data: DataSet, parent: ModelVersion, *, seed: int = 0) -> Grown | None:
    """What stays of the parent when these faces are learned."""
    start = class_mean_head(data.samples(Part.LEARNING), data.network)
    return grown(start, data, seen(data), parent, seed=seed)


def new_faces(version: ModelVersion) -> int:
    assert version.lineage is not None
    return version.lineage.new


def test_of_whom_nothing_is_new_what_was_learned_stays(
    before: ModelVersion, next_one: ModelVersion
) -> None:
    assert (new_faces(before), new_faces(next_one)) == (0, EACH)
    assert np.array_equal(np.delete(next_one.weights, 5, axis=0), before.weights)


def test_what_grew_is_as_good_as_what_was_learned_from_the_start(
    everybody: DataSet, next_one: ModelVersion, looks
) -> None:
    rows = [looks(who, 20, seed=3) for who in range(PEOPLE)]
    rows += [looks(5000 + who, 1) for who in range(200)]
    labels = np.repeat(np.arange(PEOPLE + 1), [20] * PEOPLE + [200])
    unseen = Samples(unit_rows(np.vstack(rows)), labels, PEOPLE)
    scratch = learn(everybody)
    assert (next_one.people, next_one.data_hash) == (scratch.people, scratch.data_hash)
    ours, theirs = (
        measured(head_of(version), version.threshold, unseen) for version in (next_one, scratch)
    )
    assert ours["rank1"] == 1.0
    assert ours["named_right"] >= theirs["named_right"] - 0.01
    assert ours["strangers_accepted"] <= theirs["strangers_accepted"] + 0.01


def test_the_same_parent_and_seed_give_the_same_version(
    everybody: DataSet, before: ModelVersion, next_one: ModelVersion
) -> None:
    again = learn(everybody, before)
    assert np.array_equal(again.weights, next_one.weights)
    assert (again.scale, again.threshold) == (next_one.scale, next_one.threshold)


def test_another_faceloop_learns_everybody_again(everybody: DataSet, before: ModelVersion) -> None:
    older = replace(before, faceloop_version="0.0.1")
    assert new_faces(learn(everybody, older)) == 0


def test_for_another_share_of_strangers_everybody_is_learned_again(
    everybody: DataSet, before: ModelVersion
) -> None:
    assert new_faces(learn(everybody, before, accepted=0.2)) == 0


def test_all_known_strangers_set_the_threshold_of_a_head_that_was_nudged(
    everybody: DataSet,
) -> None:
    version = learn(everybody, accepted=0.2)
    learning, calibration = everybody.samples(Part.LEARNING), everybody.samples(Part.CALIBRATION)
    start, head = class_mean_head(learning, NETWORK), head_of(version)
    assert not np.array_equal(head.weights, start.weights)
    of_all, of_some = (
        threshold(head, unseen_meetings(head, start, faces, calibration), 0.2)
        for faces in (learning, learning.of_people())
    )
    assert version.threshold == pytest.approx(of_all)
    assert version.threshold != pytest.approx(of_some)


@pytest.mark.parametrize(("place", "changed"), [(0, [0]), (3, []), (4, []), (-1, [])])
def test_whoever_has_one_more_face_to_learn_from_is_learned_again(
    place: int, changed: list[int], everybody: DataSet
) -> None:
    face = everybody.faces[place]
    found = kept(everybody, knowing(everybody.only(set(everybody.faces) - {face})))
    assert found is not None
    assert (found.new, found.changed.tolist()) == (1, changed)


def test_faces_of_nobody_known_may_get_a_name(everybody: DataSet) -> None:
    nobody = np.where(everybody.labels < PEOPLE - 1, everybody.labels, PEOPLE - 1)
    parent = knowing(replace(everybody, people=everybody.people[:-1], labels=nobody))
    found = kept(everybody, parent)
    assert found is not None
    assert (found.new, found.changed.tolist()) == (EACH, [PEOPLE - 1])


def a_face_less(data: DataSet) -> DataSet:
    return data.only(set(data.faces[1:]))


def a_face_called_otherwise(data: DataSet) -> DataSet:
    return replace(data, labels=np.where(np.arange(len(data.labels)) == 0, 1, data.labels))


def a_face_called_nobody(data: DataSet) -> DataSet:
    return replace(data, labels=np.where(np.arange(len(data.labels)) == 0, PEOPLE, data.labels))


def a_face_that_looks_otherwise(data: DataSet) -> DataSet:
    return replace(data, rows=np.vstack([data.rows[1:2], data.rows[1:]]))


def a_person_less(data: DataSet) -> DataSet:
    return without(data, 2)


@pytest.mark.parametrize(
    "changed",
    [
        a_face_less,
        a_face_called_otherwise,
        a_face_called_nobody,
        a_face_that_looks_otherwise,
        a_person_less,
    ],
)
def test_nothing_stays_once_a_face_was_taken_back_or_is_called_otherwise(
    changed: Callable[[DataSet], DataSet], everybody: DataSet
) -> None:
    assert kept(everybody, knowing(everybody)) is not None
    assert kept(changed(everybody), knowing(everybody)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"lineage": None},
        {"network": "another-v1"},
        {"same_person": 0.9},
        {"strangers": NO_STRANGERS},
    ],
)
def test_nothing_stays_of_what_was_learned_otherwise(
    change: dict[str, object], everybody: DataSet
) -> None:
    assert kept(everybody, replace(knowing(everybody), **change)) is None  # type: ignore[arg-type]


def test_nothing_stays_of_what_was_learned_from_another_seed(everybody: DataSet) -> None:
    assert kept(everybody, knowing(everybody), seed=1) is None


def test_once_much_is_new_everybody_is_learned_again(everybody: DataSet) -> None:
    parent = knowing(without(everybody, 5))
    first = kept(everybody, parent)
    assert first is not None
    assert parent.lineage is not None
    earlier = replace(parent.lineage, new=EACH)
    assert kept(everybody, replace(parent, lineage=earlier)) is None, "of two people all is new"


def test_few_people_are_always_learned_from_the_start(
    everybody: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "WORTH_KEEPING", 10_000)
    assert kept(everybody, knowing(everybody)) is None


def test_a_digest_tells_what_a_face_looks_like_serves_for_and_is_called(
    everybody: DataSet,
) -> None:
    plain = seen(everybody)
    assert len(set(plain.called.tolist())) == len(everybody.faces)
    strangers = everybody.labels == PEOPLE
    assert np.array_equal(plain.called == plain.as_nobody, strangers)
    for changed in (
        a_face_called_otherwise(everybody),
        a_face_that_looks_otherwise(everybody),
        replace(everybody, parts=(Part.TEST, *everybody.parts[1:])),
        replace(everybody, faces=(FaceId("another"), *everybody.faces[1:])),
    ):
        is_same = seen(changed).called == plain.called
        assert is_same.tolist() == [False] + [True] * (len(everybody.faces) - 1)
    renamed = replace(everybody.people[0], name="Another")
    other_name = replace(everybody, people=(renamed, *everybody.people[1:]))
    assert np.array_equal(seen(other_name).called, plain.called)
