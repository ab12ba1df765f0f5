"""What answers teach at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces import learned as learning
from faces.confirmations import FaceVerdict, PersonCreated, PersonMerged, Verdict, Word
from faces.fold import fold
from faces.learned import Learned
from faces.likeness import Strangers
from faces.records import FaceId, FloatRows, Person, PersonId, unit_rows
from faces.versions import ModelVersion
from tests.faces.words import numbered

ANN, NED, ZOE = PersonId("ann"), PersonId("ned"), PersonId("zoe")
F1, F2, F3 = FaceId("f1"), FaceId("f2"), FaceId("f3")


def axes(*numbers: int) -> FloatRows:
    """Unit rows along these axes."""
    return np.eye(128, dtype=np.float32)[list(numbers)].reshape(-1, 128)


def a_version(*people: PersonId) -> ModelVersion:
    """A version whose person number i lies on axis i."""
    return ModelVersion(
        id="model-0001-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network="net",
        people=tuple(Person(person, person.title()) for person in people),
        weights=axes(*range(len(people))),
        scale=10.0,
        unknown_cosine=0.6,
        threshold=0.7,
        metrics={},
        data_hash="",
        parent=None,
        faceloop_version="0",
    )


def knowing(**faces: FloatRows) -> Learned:
    """Everybody by the rows of their faces."""
    learned = Learned()
    for person, rows in faces.items():
        for row in rows:
            learned.learn(PersonId(person), row)
    return learned


def test_a_face_is_likest_to_whom_it_lies_near() -> None:
    learned = knowing(ann=axes(0), ned=axes(1))
    found = learned.likeliest(unit_rows(axes(1) + 0.1 * axes(0)), 5)
    assert list(found.of(0)) == [NED, ANN]
    assert found.of(0)[NED] > learned.threshold


def test_somebody_looks_like_the_mean_of_their_faces() -> None:
    learned = knowing(ned=unit_rows(np.vstack([axes(0) + axes(5), axes(0) - axes(5)])), ann=axes(5))
    assert next(iter(learned.likeliest(axes(0), 2).of(0))) == NED


def test_a_face_like_nobody_is_likely_nobody() -> None:
    found = knowing(ann=axes(0), ned=axes(1)).likeliest(axes(7), 2)
    assert found.chances.sum() < 0.01


def test_one_more_face_teaches_at_once() -> None:
    learned = knowing(ann=axes(0))
    assert ZOE not in learned.likeliest(axes(2), 9).of(0)
    learned.learn(ZOE, axes(2)[0])
    assert next(iter(learned.likeliest(axes(2), 9).of(0))) == ZOE


def test_what_is_confirmed_teaches_and_nothing_else() -> None:
    words: list[Word] = [
        PersonCreated(ANN, "Ann"),
        FaceVerdict(F1, Verdict.IS, ANN),
        FaceVerdict(F2, Verdict.STRANGER),
    ]
    truth = fold(numbered([("Ada", "a", word) for word in words]))
    learned = Learned.of(truth, (F1, F2, F3), axes(0, 1, 2))
    found = learned.likeliest(axes(0, 1, 2), 9)
    assert found.people == (ANN,)
    assert (found.chances[:, 0] > 0.5).tolist() == [True, False, False]


def test_whom_a_version_knows_keeps_its_weights_and_others_enter_beside_them() -> None:
    learned = Learned(a_version(ANN, NED))
    learned.learn(ANN, axes(9)[0])
    learned.learn(ZOE, axes(2)[0])
    found = learned.likeliest(axes(0, 1, 2, 9), 1)
    assert [next(iter(found.of(row))) for row in range(3)] == [ANN, NED, ZOE]
    assert found.of(3)[ANN] < 0.1
    assert learned.threshold == 0.7
    assert learned.in_version == {ANN, NED}


def test_a_version_s_strangers_speak_against_those_named_since_too() -> None:
    crowd = Strangers(unit_rows(axes(2) + 0.2 * axes(9)), start=0.8, scale=50.0)
    free, crowded = Learned(a_version(ANN)), Learned(replace(a_version(ANN), strangers=crowd))
    for learned in (free, crowded):
        learned.learn(ZOE, axes(2)[0])
    rows = unit_rows(axes(2) + 0.1 * axes(9))
    before, now = (learned.likeliest(rows, 1).of(0)[ZOE] for learned in (free, crowded))
    assert now < before - 0.1


def test_who_was_merged_is_whom_they_went_on_as() -> None:
    words: list[Word] = [PersonCreated(ANN, "Ann"), PersonCreated(NED, "Ned")]
    told = [("Ada", "a", word) for word in (*words, PersonMerged(NED, ANN))]
    learned = Learned(a_version(ANN, NED), truth=fold(numbered(told)))
    assert list(learned.likeliest(axes(1), 2).of(0)) == [ANN]


def test_nobody_is_likely_before_anybody_is_known() -> None:
    assert Learned().likeliest(axes(0, 1), 9).of(1) == {}
    assert knowing(ann=axes(0)).likeliest(axes(), 9).chances.shape == (0, 1)


@given(st.integers(1, 12), st.integers(0, 40), st.integers(1, 5), st.integers(0, 5))
def test_blocks_find_what_sorting_all_would_find(
    people: int, faces: int, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng.normal(size=(faces, 128)).astype(np.float32) + 12 * axes(0))
    means = unit_rows(rng.normal(size=(people, 128)).astype(np.float32) + 12 * axes(0))
    learned = Learned()
    for number, mean in enumerate(means):
        learned.learn(PersonId(f"p{number:02}"), mean)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "_FACES_AT_ONCE", 7)
        found = learned.likeliest(rows, count)
    nearest = np.argsort(-(rows @ means.T), axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(found.columns, nearest)
    assert (np.diff(found.chances, axis=1) <= 0).all()
    assert (found.chances.sum(axis=1) <= 1 + 1e-9).all()
