from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from faces.carrying import once_a_photo, split_off
from faces.confirmations import Carried, Event, FaceVerdict, SamePhotoException, Verdict, Word
from faces.fold import fold
from faces.records import Cluster, ClusterId, FaceId, PersonId, PhotoId
from tests.faces.words import ALL_FACES, logs, numbered

F0, F1, F2, F3 = ALL_FACES
ANNA = PersonId("p-anna")
PAGE: list[Word] = [FaceVerdict(F0, Verdict.IS, ANNA), Carried((F1, F2), ANNA, (F0,))]
HERE, THERE = PhotoId("a" * 64), PhotoId("b" * 64)


def events(*words: Word) -> list[Event]:
    return numbered([("Ada", "page", word) for word in words])


def carried(photo_of: Mapping[FaceId, PhotoId], *words: Word) -> set[FaceId]:
    return set(once_a_photo(fold(events(*PAGE, *words)), photo_of).carried)


def test_a_name_is_not_carried_into_a_photo_where_a_confirmed_face_has_it() -> None:
    assert carried({F0: HERE, F1: HERE, F2: THERE}) == {F2}


def test_a_name_is_not_carried_twice_into_one_photo() -> None:
    assert carried({F0: HERE, F1: THERE, F2: THERE}) == set()


def test_a_name_is_carried_twice_where_people_said_that_it_may_be() -> None:
    photos = {F0: HERE, F1: THERE, F2: THERE}
    assert carried(photos, SamePhotoException(F2, F1)) == {F1, F2}


def test_a_face_named_later_reopens_what_is_carried_in_its_photo() -> None:
    photos = {F0: HERE, F1: THERE, F3: THERE}
    assert carried(photos) == {F1, F2}
    assert carried(photos, FaceVerdict(F3, Verdict.IS, ANNA)) == {F2}
    assert carried(photos, FaceVerdict(F3, Verdict.IS, PersonId("p-zoe"))) == {F1, F2}


@given(logs, st.lists(st.sampled_from([HERE, THERE]), min_size=4, max_size=4))
def test_no_carried_face_shares_a_photo_with_its_person(
    said: list[Event], photos: list[PhotoId]
) -> None:
    photo_of = dict(zip(ALL_FACES, photos, strict=True))
    folded = fold(said)
    truth = once_a_photo(folded, photo_of)
    assert truth.carried.items() <= folded.carried.items()
    people = {face: said.person for face, said in truth.confirmed.items()} | truth.carried
    for face, person in truth.carried.items():
        for other in people.keys() - {face}:
            if people[other] == person and photo_of[other] == photo_of[face]:
                assert frozenset((face, other)) in truth.same_photo_exceptions


def test_a_carried_face_is_asked_again_when_the_cluster_split() -> None:
    truth = fold(events(*PAGE))

    def again(*clusters: tuple[FaceId, ...]) -> frozenset[FaceId]:
        return split_off(
            truth, [Cluster(ClusterId(f"c{n}"), faces) for n, faces in enumerate(clusters)]
        )

    assert again((F0, F1, F2, F3)) == frozenset()
    assert again((F0, F2), (F1, F3)) == {F1}
    assert again((F0, F3), (F1, F2)) == {F1, F2}
    assert again((F0, F1)) == {F2}
