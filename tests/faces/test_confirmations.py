from datetime import datetime

import pytest

from faces.confirmations import (
    Carried,
    Decided,
    FaceVerdict,
    NotOnePerson,
    Occasion,
    PairUnsure,
    Verdict,
)
from faces.records import FaceId, PersonId

FACE, OTHER = FaceId("f1"), FaceId("f2")
ANNA = PersonId("p-anna")


@pytest.mark.parametrize("kind", [FaceVerdict, Decided])
def test_a_verdict_cannot_be_said_wrong(kind: type[FaceVerdict]) -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        kind(FACE, Verdict.IS)
    with pytest.raises(ValueError, match="do not fit together"):
        kind(FACE, Verdict.STRANGER, ANNA)


@pytest.mark.parametrize(
    ("faces", "shown"), [((), (FACE,)), ((FACE,), ()), ((FACE,), (FACE, OTHER))]
)
def test_a_name_is_carried_from_shown_faces_to_others(
    faces: tuple[FaceId, ...], shown: tuple[FaceId, ...]
) -> None:
    with pytest.raises(ValueError, match="carried"):
        Carried(faces, ANNA, shown)


@pytest.mark.parametrize("faces", [(), (FACE,), (FACE, FACE)])
def test_one_face_alone_is_one_person(faces: tuple[FaceId, ...]) -> None:
    with pytest.raises(ValueError, match="several"):
        NotOnePerson(faces)


@pytest.mark.parametrize("other", [(), (FACE,), (OTHER, FACE)])
def test_a_pair_has_two_sides(other: tuple[FaceId, ...]) -> None:
    with pytest.raises(ValueError, match="no pair"):
        PairUnsure((FACE,), other)


def test_an_occasion_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        Occasion("Ada", datetime(2026, 1, 1), "a")
