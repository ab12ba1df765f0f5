"""Whoever is no longer named is named by no version, whichever is in use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from benchmarks.given_versions import given_version, put_into_use
from faces.confirmations import (
    Event,
    FaceVerdict,
    Occasion,
    PersonCreated,
    PersonMerged,
    Retracted,
    Truth,
    Verdict,
    Word,
)
from faces.fold import fold
from faces.forgotten import forgotten, told_forgotten, without
from faces.identify import CurrentModel, Identifier
from faces.model_version import ModelVersion
from faces.records import Encodings, FaceId, FloatRows, Person, PersonId
from faces.version_keeping import roll_back

ANN, BO, CY = (Person(PersonId(name.lower()), name) for name in ("Ann", "Bo", "Cy"))
EVERYBODY = (ANN, BO, CY)


def axes(*numbers: int) -> FloatRows:
    return np.eye(128, dtype=np.float32)[list(numbers)]


def knowing(*people: Person) -> ModelVersion:
    return given_version(people, axes(*(EVERYBODY.index(person) for person in people)))


def truth_after(*words: Word, speaker: str = "eve") -> Truth:
    """What holds after each word was said in a place of its own, save that "retracted" takes back
    the word before it. The last one is that of a `speaker`.
    """
    at, place, events = datetime(2026, 1, 2, tzinfo=UTC), 0, []
    for number, word in enumerate(words, start=1):
        place += not isinstance(word, Retracted)
        who = speaker if number == len(words) else "eve"
        events.append(Event(number, Occasion(who, at, f"place {place}"), word))
    return fold(events)


def named(person: Person) -> tuple[Word, Word]:
    verdict = FaceVerdict(FaceId(f"face of {person.name}"), Verdict.IS, person.id)
    return PersonCreated(person.id, person.name), verdict


def proposed(identifier: Identifier | None) -> list[PersonId | None]:
    """Who is proposed for a face of each."""
    assert identifier is not None
    rows = axes(0, 1, 2)
    faces = Encodings(identifier.version.network, (*map(FaceId, "abc"),), rows, rows)
    return [proposal.person for proposal in identifier.propose(faces)]


ALL_NAMED = truth_after(*named(ANN), *named(BO), *named(CY))
WITHOUT_BO = truth_after(*named(ANN), *named(CY), *named(BO), Retracted())


def test_whoever_was_taken_back_is_no_longer_named() -> None:
    assert forgotten(knowing(*EVERYBODY), ALL_NAMED) == ()
    assert forgotten(knowing(*EVERYBODY), WITHOUT_BO) == (BO,)


def test_whoever_went_on_as_another_person_is_named_by_that_ones_faces() -> None:
    merged = truth_after(*named(ANN), *named(CY), PersonMerged(BO.id, ANN.id))
    assert forgotten(knowing(*EVERYBODY), merged) == ()


def test_whoever_is_disputed_on_every_face_is_still_named() -> None:
    other = FaceVerdict(FaceId("face of Bo"), Verdict.IS, ANN.id)
    for disputing in (other, FaceVerdict(FaceId("face of Bo"), Verdict.IS_NOT, BO.id)):
        disputed = truth_after(*named(ANN), *named(BO), disputing, speaker="Ada")
        assert disputed.disputed == {"face of Bo"}
        assert forgotten(knowing(ANN, BO), disputed) == ()


def test_whoever_the_log_never_heard_of_is_forgotten_unless_it_heard_of_nobody() -> None:
    assert forgotten(knowing(ANN, BO), truth_after(*named(ANN))) == (BO,)
    assert forgotten(knowing(ANN, BO), Truth()) == ()


def test_a_face_of_somebody_forgotten_is_unknown_and_the_others_keep_their_names() -> None:
    identifier = Identifier(knowing(*EVERYBODY))
    assert proposed(identifier.heeding(ALL_NAMED)) == [ANN.id, BO.id, CY.id]
    assert proposed(identifier.heeding(WITHOUT_BO)) == [ANN.id, None, CY.id]
    assert proposed(identifier.heeding(ALL_NAMED)) == [ANN.id, BO.id, CY.id]


def test_a_version_that_knows_nobody_else_is_none() -> None:
    assert without(knowing(BO), [BO]) is None
    assert Identifier(knowing(BO)).heeding(WITHOUT_BO) is None


def test_no_version_that_comes_back_brings_anybody_back(tmp_path: Path) -> None:
    put_into_use(tmp_path, knowing(*EVERYBODY))
    put_into_use(tmp_path, knowing(ANN, CY))
    model = CurrentModel(tmp_path)
    before = model.snapshot()
    assert before is not None
    assert len(before.version.people) == 2
    roll_back(tmp_path)
    again = model.snapshot()
    assert again is not None
    assert proposed(again.heeding(WITHOUT_BO)) == [ANN.id, None, CY.id]


def test_one_that_stands_in_for_a_damaged_version_brings_nobody_back(tmp_path: Path) -> None:
    put_into_use(tmp_path, knowing(*EVERYBODY))
    damaged = put_into_use(tmp_path, knowing(ANN, CY))
    (tmp_path / damaged.id / "weights.safetensors").unlink()
    model = CurrentModel(tmp_path).snapshot()
    assert model is not None
    assert proposed(model.heeding(WITHOUT_BO)) == [ANN.id, None, CY.id]


@pytest.mark.parametrize(
    ("truth", "told"),
    [
        (ALL_NAMED, []),
        (WITHOUT_BO, ["learned Bo, whom nobody names any more, and never gives that name"]),
        (truth_after(*named(CY)), ["learned Ann, Bo, whom nobody names any more"]),
    ],
)
def test_whom_a_version_goes_on_without_is_one_line(truth: Truth, told: list[str]) -> None:
    lines = told_forgotten(knowing(*EVERYBODY), truth)
    assert len(lines) == len(told)
    assert all(part in line for part, line in zip(told, lines, strict=True))
