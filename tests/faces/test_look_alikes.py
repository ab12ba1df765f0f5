"""Who is often taken for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import Truth
from faces.identify import look_alikes_known, respecting
from faces.look_alikes import joined, look_alikes_of, side_by_side
from faces.records import Confirmation, FaceId, Person, PersonId, Proposal
from tests.model_versions import a_version

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANN, NED, BO = PersonId("ann"), PersonId("ned"), PersonId("bo")


def face(number: int) -> FaceId:
    return FaceId(f"f{number}")


def confirmed(*people: PersonId) -> dict[FaceId, Confirmation]:
    """Face i is the i-th of these people."""
    return {face(n): Confirmation(face(n), who, ("you",), NOW, 1) for n, who in enumerate(people)}


BOTH = {ANN: frozenset({NED}), NED: frozenset({ANN})}


@pytest.mark.parametrize(
    ("rejected", "found"),
    [
        ({}, {}),
        ({0: [NED]}, {}),
        ({0: [NED], 1: [NED]}, BOTH),
        ({0: [NED], 2: [ANN]}, BOTH),
        ({0: [NED], 1: [BO]}, {}),
        ({0: [NED], 9: [NED]}, {}),
    ],
)
def test_who_was_often_said_not_to_be_the_other_looks_like_them(
    rejected: dict[int, list[PersonId]], found: dict[PersonId, frozenset[PersonId]]
) -> None:
    said = {face(n): others for n, others in rejected.items()}
    assert look_alikes_of(confirmed(ANN, ANN, NED, NED), said, ()) == found


def test_two_groups_that_are_not_the_same_look_alike() -> None:
    apart = [(face(one), face(other)) for one in (0, 1) for other in (2, 3)]
    assert look_alikes_of(confirmed(ANN, ANN, NED, NED), {}, apart) == BOTH


def test_one_face_thrown_out_tells_of_no_likeness() -> None:
    apart = [(face(0), face(other)) for other in (2, 3)]
    assert look_alikes_of(confirmed(ANN, ANN, NED, NED), {}, apart) == {}


def test_a_few_faces_of_very_many_are_not_often() -> None:
    people = [ANN] * 100 + [NED] * 100
    said = {face(n): [NED] for n in range(4)}
    assert look_alikes_of(confirmed(*people), said, ()) == {}
    assert look_alikes_of(confirmed(*people), said | {face(4): [NED]}, ()) == BOTH


_PEOPLE = st.sampled_from([ANN, NED, BO])


@given(st.lists(_PEOPLE, max_size=12), st.dictionaries(st.integers(0, 11), st.sets(_PEOPLE)))
def test_it_is_the_same_both_ways_and_nobody_looks_like_themselves(
    people: list[PersonId], rejected: dict[int, set[PersonId]]
) -> None:
    found = look_alikes_of(confirmed(*people), {face(n): o for n, o in rejected.items()}, ())
    for one, others in found.items():
        assert one not in others
        assert all(one in found[other] for other in others)


def test_each_stands_beside_whom_they_are_taken_for() -> None:
    assert list(side_by_side([ANN, BO, NED], BOTH)) == [ANN, NED, BO]


def test_no_name_is_proposed_where_it_may_be_the_look_alike() -> None:
    truth = Truth(
        people={who: Person(who, who.title()) for who in (ANN, NED)},
        confirmed=confirmed(ANN, ANN, NED, NED),
        rejected={
            face(0): frozenset({NED}),
            face(1): frozenset({NED}),
            face(8): frozenset({NED}),
        },
    )
    told = [Proposal(face(number), ANN, 0.9, "model-0001-9c1e2a7f") for number in (7, 8)]
    assert [one.person for one in respecting(told, truth, truth.look_alikes)] == [None, ANN]


def test_whom_a_model_took_for_each_other_is_joined_with_what_people_said() -> None:
    said = {ANN: frozenset({NED}), NED: frozenset({ANN})}
    found = joined(said, [(BO, NED)], lambda person: person)
    assert found == {ANN: frozenset({NED}), BO: frozenset({NED}), NED: frozenset({ANN, BO})}
    assert joined(said, [], lambda person: person) == said


def test_whoever_is_one_person_by_now_looks_like_nobody_else() -> None:
    assert joined({}, [(ANN, BO)], lambda _: ANN) == {}
    assert joined({}, [(BO, NED)], lambda person: ANN if person == BO else person) == BOTH


def test_nobody_is_proposed_whom_the_model_takes_for_another() -> None:
    version = replace(
        a_version("dlib-resnet-v1"),
        people=(Person(ANN, "Ann"), Person(NED, "Ned")),
        weights=np.eye(2, 128, dtype=np.float32),
        look_alikes=((ANN, NED),),
    )
    truth = Truth(rejected={face(8): frozenset({NED})})
    told = [Proposal(face(number), ANN, 0.9, version.id) for number in (7, 8)]
    found = respecting(told, truth, look_alikes_known(truth, version))
    assert [one.person for one in found] == [None, ANN]
    assert look_alikes_known(truth, None) == {}
