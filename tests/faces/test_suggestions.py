from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import (
    Event,
    FaceVerdict,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Truth,
    Verdict,
    Word,
)
from faces.fold import fold
from faces.records import Box, Face, FaceId, PersonId, PhotoId, Proposal
from faces.showing import BY_VISITOR, shown_face
from faces.studio_format import UNKNOWN
from faces.suggestions import Suggestion, waiting
from tests.faces.words import ALL_FACES, logs, numbered

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FACE = FaceId("f1")
ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
HERE = Face(FACE, PhotoId("a" * 64), Box(10, 10, 50, 50), 2.0)


def truth_of(*words: Word) -> Truth:
    created = (PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë"))
    return fold(
        numbered([("Ada", f"place {n}", word) for n, word in enumerate((*created, *words))])
    )


def says(verdict: Verdict, name: str = "", person: PersonId | None = None) -> Suggestion:
    return Suggestion("s1", FACE, verdict, NOW, name, person)


def shown(
    suggestion: Suggestion, *words: Word, guess: PersonId | None = None
) -> tuple[str, float, str]:
    proposal = None if guess is None else Proposal(FACE, guess, 0.75, "model-1")
    face = shown_face(HERE, proposal, truth_of(*words), suggested=suggestion)
    return face.name, face.score, face.note


@pytest.mark.parametrize(
    ("verdict", "name"),
    [
        *((verdict, "") for verdict in Verdict if verdict is not Verdict.NOT_A_FACE),
        (Verdict.NOT_A_FACE, "Anna"),
    ],
)
def test_what_no_visitor_can_say_is_refused(verdict: Verdict, name: str) -> None:
    with pytest.raises(ValueError, match=r"no visitor says|do not fit together"):
        says(verdict, name)


def test_a_known_person_is_proposed_as_sure_as_the_machine_is_of_them() -> None:
    anna = says(Verdict.IS, "Anna", ANNA)
    assert shown(anna) == ("Anna", 0.0, f"{BY_VISITOR}: Anna")
    assert shown(anna, guess=ANNA) == ("Anna", 0.75, f"{BY_VISITOR}: Anna")
    assert shown(anna, guess=ZOE) == ("Anna", 0.0, f"{BY_VISITOR}: Anna")


def test_who_was_renamed_or_merged_is_proposed_as_they_are_called_now() -> None:
    anna = says(Verdict.IS, "Anna", ANNA)
    assert shown(anna, PersonRenamed(ANNA, "Anne"))[0] == "Anne"
    assert shown(anna, PersonMerged(ANNA, ZOE))[0] == "Zoë"


def test_a_new_name_only_stands_beside_the_face_until_somebody_has_it() -> None:
    new = says(Verdict.IS, "Mia")
    assert shown(new, guess=ANNA) == (UNKNOWN, 0.0, f"{BY_VISITOR}: Mia")
    assert shown(new, PersonCreated(PersonId("p-mia"), "mia"))[0] == "mia"


@pytest.mark.parametrize(
    ("suggestion", "told"),
    [
        (says(Verdict.IS_NOT, "Anna", ANNA), "not Anna"),
        (says(Verdict.NOT_A_FACE), "not a face"),
    ],
)
def test_what_a_face_is_not_takes_the_machines_guess_from_it(
    suggestion: Suggestion, told: str
) -> None:
    assert shown(suggestion, guess=ANNA) == (UNKNOWN, 0.0, f"{BY_VISITOR}: {told}")


def test_whom_people_said_that_a_face_is_not_is_proposed_by_no_visitor() -> None:
    rejected = FaceVerdict(FACE, Verdict.IS_NOT, ANNA)
    assert shown(says(Verdict.IS, "Anna", ANNA), rejected)[0] == UNKNOWN


@pytest.mark.parametrize("verdict", [Verdict.IS, Verdict.STRANGER, Verdict.CANNOT_TELL])
def test_what_people_said_of_a_face_is_shown_and_no_suggestion(verdict: Verdict) -> None:
    person = ZOE if verdict is Verdict.IS else None
    truth = truth_of(FaceVerdict(FACE, verdict, person))
    suggestion = says(Verdict.IS, "Anna", ANNA)
    assert shown_face(HERE, None, truth, suggested=suggestion) == shown_face(HERE, None, truth)
    assert waiting([suggestion], truth) == {}


@given(said=logs, face=st.sampled_from(ALL_FACES))
def test_a_suggestion_waits_exactly_as_long_as_nobody_looked_at_its_face(
    said: list[Event], face: FaceId
) -> None:
    truth = fold(said)
    suggestion = Suggestion("s", face, Verdict.NOT_A_FACE, NOW)
    assert (face in waiting([suggestion], truth)) == (
        face not in truth.looked_at and face not in truth.disputed
    )
