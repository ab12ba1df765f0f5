import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from faces.confirmations import (
    FaceVerdict,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Truth,
    Turned,
    Verdict,
    Word,
)
from faces.fold import fold
from faces.identify import Identifier
from faces.proposing import Guesses, guess
from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    Person,
    PersonId,
    Photo,
    PhotoId,
    Proposal,
)
from faces.store.ledger import Shown
from faces.studio_format import UNKNOWN
from faces.versions import ModelVersion
from sync.wanted import MOST_NAMES, shown_digest, wanted_photos
from tests.faces.words import numbered

ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
PEOPLE: list[Word] = [PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë")]
FACES = [FaceId(f"f{number:02}") for number in range(60)]
PHOTO = Photo(PhotoId("a" * 64), 1000, 100)


def truth_of(*words: Word, speaker: str = "Ada") -> Truth:
    return fold(numbered([(speaker, "people", word) for word in (*PEOPLE, *words)]))


def is_(face: FaceId, person: PersonId = ANNA) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS, person)


def is_not(face: FaceId, person: PersonId = ANNA) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS_NOT, person)


def encodings(people: Sequence[int]) -> Encodings:
    """The first faces, each pointing the way of a person."""
    rows = np.eye(128, dtype=np.float32)[list(people)].reshape(-1, 128)
    return Encodings("net", tuple(FACES[: len(people)]), rows, rows)


def guesses_of(truth: Truth, *clusters: Cluster, people: Sequence[int] = ()) -> Guesses:
    return guess(encodings(people), truth, clusters, run="run-1", identifier=None)


def test_a_cluster_proposes_whom_most_of_its_confirmed_faces_are() -> None:
    truth = truth_of(is_(FACES[0]), is_(FACES[1]), is_(FACES[2], ZOE))
    proposals = guesses_of(truth, Cluster(ClusterId("c"), tuple(FACES[:6]))).proposals
    assert proposals[FACES[5]] == Proposal(FACES[5], ANNA, 2 / 3, "run-1")
    assert set(proposals) == set(FACES[:6])


@pytest.mark.parametrize("words", [(), (is_(FACES[0]), is_(FACES[1], ZOE))])
def test_a_cluster_without_a_majority_proposes_nobody(words: tuple[Word, ...]) -> None:
    truth = truth_of(*words)
    assert guesses_of(truth, Cluster(ClusterId("c"), tuple(FACES[:6]))).proposals == {}


def test_a_rejected_person_is_neither_proposed_nor_offered() -> None:
    truth = truth_of(is_(FACES[0]), is_not(FACES[1]))
    cluster = Cluster(ClusterId("c"), (FACES[0], FACES[1], FACES[2]))
    guesses = guesses_of(truth, cluster, people=(0, 0, 0))
    assert guesses.proposals[FACES[1]].person is None
    assert guesses.proposals[FACES[2]].person == ANNA
    assert list(guesses.likeliest[FACES[1]]) == []
    assert list(guesses.likeliest[FACES[2]]) == [ANNA]


def a_version(*people: PersonId) -> Identifier:
    """A model version whose person number i lies on axis i."""
    version = ModelVersion(
        id="model-0001-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network="net",
        people=tuple(Person(person, person) for person in people),
        weights=np.eye(128, dtype=np.float32)[: len(people)],
        scale=20.0,
        unknown_cosine=0.6,
        threshold=0.7,
        metrics={},
        data_hash="",
        parent=None,
        faceloop_version="0",
    )
    return Identifier(version)


def test_somebody_named_after_a_retrain_is_proposed_offered_and_shown() -> None:
    truth = truth_of(is_(FACES[0]), is_(FACES[1], ZOE))
    guesses = guess(encodings((0, 1, 1)), truth, (), run="run-1", identifier=a_version(ANNA))
    proposal = guesses.proposals[FACES[2]]
    assert (proposal.person, proposal.source) == (ZOE, "run-1")
    assert list(guesses.likeliest[FACES[2]]) == [ZOE, ANNA]
    assert shown_names(truth, guesses) == ["Anna", "Zoë", "Zoë"]


def test_a_version_names_whom_it_knows_and_clusters_whom_it_does_not() -> None:
    truth = truth_of(is_(FACES[0], ZOE), is_(FACES[2]))
    clusters = [
        Cluster(ClusterId("of zoe"), tuple(FACES[:2])),
        Cluster(ClusterId("of anna"), tuple(FACES[2:4])),
    ]
    seen = encodings((1, 7, 0, 8))
    guesses = guess(seen, truth, clusters, run="run-1", identifier=a_version(ANNA))
    assert guesses.proposals[FACES[1]] == Proposal(FACES[1], ZOE, 1.0, "run-1")
    unknown = guesses.proposals[FACES[3]]
    assert (unknown.person, unknown.source) == (None, "model-0001-00000000")


def test_before_there_is_a_model_a_face_alone_is_proposed_whom_it_looks_like() -> None:
    guesses = guesses_of(truth_of(is_(FACES[0])), people=(0, 0, 1))
    assert guesses.proposals[FACES[1]].person == ANNA
    assert FACES[2] not in guesses.proposals


def test_the_nearest_people_are_offered_first() -> None:
    truth = truth_of(is_(FACES[0]), is_(FACES[1], ZOE))
    guesses = guesses_of(truth, people=(0, 1, 1, 0))
    assert list(guesses.likeliest[FACES[2]]) == [ZOE, ANNA]
    assert list(guesses.likeliest[FACES[3]]) == [ANNA, ZOE]


def test_a_turned_photo_has_a_task_of_its_own_even_if_it_shows_no_face() -> None:
    def keys(turned: int, place: str | None) -> list[str]:
        by = {} if place is None else {PHOTO.id: Turned(turned, place)}
        photo = dataclasses.replace(PHOTO, turned=turned)
        return [one.key for one in wanted_photos([photo], [], {}, Truth(), Guesses(), by)]

    assert keys(0, None) == []
    each = [keys(1, "a"), keys(2, "a"), keys(1, "b"), keys(0, "c")]
    assert len({key for (key,) in each}) == 4
    assert PHOTO.id not in {key for (key,) in each}
    assert all(len(key) <= 64 for (key,) in each), "as long as the ledger's column"


def test_nothing_is_made_of_nothing() -> None:
    guesses = guesses_of(truth_of())
    assert (guesses.proposals, guesses.likeliest) == ({}, {})


def test_a_merged_person_is_proposed_as_who_they_are_now() -> None:
    truth = truth_of(is_(FACES[0]), PersonMerged(ANNA, ZOE))
    guesses = guesses_of(truth, Cluster(ClusterId("c"), tuple(FACES[:2])), people=(0, 0))
    assert guesses.proposals[FACES[1]].person == ZOE
    assert list(guesses.likeliest[FACES[1]]) == [ZOE]


def faces_of_photo(count: int) -> list[Face]:
    return [
        Face(face, PHOTO.id, Box(100 * place, 10, 50, 50), 2.0)
        for place, face in enumerate(FACES[:count])
    ]


def shown_names(truth: Truth, guesses: Guesses, count: int = 3) -> list[str]:
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(count), {}, truth, guesses)
    return [shown.name for shown in wanted.shown]


PROPOSED = Guesses({face: Proposal(face, ZOE, 0.9, "model-1") for face in FACES[:3]})


def test_a_confirmed_name_beats_a_proposed_one() -> None:
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(2), {}, truth_of(is_(FACES[0])), PROPOSED)
    assert [(s.name, s.score, s.note) for s in wanted.shown] == [
        ("Anna", 1.0, "confirmed"),
        ("Zoë", 0.9, "model-1"),
    ]


def test_a_face_without_a_proposal_or_with_an_unknown_person_is_unknown() -> None:
    nobody = Guesses(
        {
            FACES[0]: Proposal(FACES[0], None, 0.8, "m"),
            FACES[1]: Proposal(FACES[1], PersonId("gone"), 0.8, "m"),
        }
    )
    assert shown_names(truth_of(), nobody) == [UNKNOWN, UNKNOWN, UNKNOWN]


def test_a_stranger_is_unknown_and_sure() -> None:
    truth = truth_of(FaceVerdict(FACES[0], Verdict.STRANGER))
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(1), {}, truth, PROPOSED)
    assert [(s.name, s.score) for s in wanted.shown] == [(UNKNOWN, 1.0)]


def test_renamed_and_merged_people_are_shown_as_they_are_called_now() -> None:
    truth = truth_of(is_(FACES[0]), PersonRenamed(ZOE, "Zora"), PersonMerged(ANNA, ZOE))
    assert shown_names(truth, PROPOSED) == ["Zora", "Zora", "Zora"]


def test_what_is_no_face_is_not_shown_and_a_photo_of_none_has_no_task() -> None:
    truth = truth_of(FaceVerdict(FACES[0], Verdict.NOT_A_FACE))
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(2), {}, truth, Guesses())
    assert [shown.face for shown in wanted.shown] == [FACES[1]]
    assert wanted_photos([PHOTO], faces_of_photo(1), {}, truth, Guesses()) == []
    assert wanted_photos([PHOTO], [], {}, truth_of(), Guesses()) == []


def test_names_on_offer_are_those_shown_then_the_likeliest_in_turn() -> None:
    others = [PersonId(f"p{number:02}") for number in range(20)]
    truth = truth_of(*(PersonCreated(person, f"Name {person}") for person in others))
    guesses = Guesses(PROPOSED.proposals, {FACES[0]: [ANNA, *others], FACES[1]: [others[9]]})
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(2), {}, truth, guesses)
    assert wanted.people[:4] == ("Zoë", "Anna", "Name p09", "Name p00")
    assert len(set(wanted.people)) == len(wanted.people) <= MOST_NAMES
    data = wanted.data("/x.jpg")
    assert data["people"][-1] == {"value": UNKNOWN}


def test_a_task_tells_whom_its_names_stand_for() -> None:
    truth = truth_of(is_(FACES[0]), PersonRenamed(ZOE, "Zora"), PersonRenamed(ANNA, "Zoë"))
    (photo,) = wanted_photos([PHOTO], faces_of_photo(2), {}, truth, PROPOSED)
    assert photo.data("/x.jpg")["people_ids"] == {"Zoë": ANNA, "Zora": ZOE}


def test_every_shown_name_is_on_offer() -> None:
    count = 40
    people = [PersonId(f"p{number:02}") for number in range(count)]
    truth = truth_of(
        *(PersonCreated(person, f"Name {person}") for person in people),
        *(is_(face, person) for face, person in zip(FACES, people, strict=False)),
    )
    faces = [dataclasses.replace(face, box=Box(1, 1, 5, 5)) for face in faces_of_photo(count)]
    (wanted,) = wanted_photos([PHOTO], faces, {}, truth, Guesses())
    assert {shown.name for shown in wanted.shown} <= set(wanted.people)


def digest(
    *words: Word, guesses: Guesses = PROPOSED, captions: Mapping[PhotoId, str] | None = None
) -> Shown:
    (wanted,) = wanted_photos([PHOTO], faces_of_photo(3), captions or {}, truth_of(*words), guesses)
    return shown_digest(wanted)


def test_a_shown_name_that_changed_hands_is_shown_anew() -> None:
    proposed = Guesses({face: Proposal(face, ANNA, 0.9, "model-1") for face in FACES[:3]})
    swapped = digest(PersonRenamed(ZOE, "Zora"), PersonRenamed(ANNA, "Zoë"), guesses=proposed)
    before = digest(guesses=Guesses({f: Proposal(f, ZOE, 0.9, "model-1") for f in FACES[:3]}))
    assert swapped.prediction == before.prediction
    assert swapped.data != before.data


@pytest.mark.parametrize(
    "change",
    [
        {"words": [is_(FACES[0])]},
        {"words": [PersonRenamed(ZOE, "Zora")]},
        {"words": [FaceVerdict(FACES[0], Verdict.NOT_A_FACE)]},
        {"words": [FaceVerdict(FACES[0], Verdict.STRANGER)]},
        {"guesses": Guesses({})},
        {"guesses": Guesses({f: Proposal(f, ZOE, 0.8, "model-1") for f in FACES[:3]})},
        {"captions": {PHOTO.id: "beach.jpg"}},
    ],
)
def test_whatever_is_seen_changes_the_digest(change: dict[str, Any]) -> None:
    assert digest(*change.pop("words", ()), **change) != digest()


def test_what_nobody_sees_does_not_change_the_digest() -> None:
    barely = Guesses({f: Proposal(f, ZOE, 0.90001, "model-1") for f in FACES[:3]})
    elsewhere = Guesses({**PROPOSED.proposals, FACES[9]: Proposal(FACES[9], ANNA, 0.9, "m")})
    assert digest(guesses=barely) == digest(guesses=elsewhere) == digest()
    assert digest(is_(FACES[9]), PersonCreated(PersonId("p9"), "Ida")) == digest()


def test_a_name_that_a_photo_only_offers_is_no_reason_to_rewrite_it() -> None:
    assert digest(guesses=Guesses(PROPOSED.proposals, {FACES[0]: [ANNA]})) == digest()


def test_a_name_that_a_photo_shows_newly_changes_its_data() -> None:
    assert digest(is_(FACES[0])).data != digest().data
