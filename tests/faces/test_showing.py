from faces.confirmations import Carried, FaceVerdict, PersonCreated, Truth, Verdict, Word
from faces.fold import fold
from faces.records import Box, Face, FaceId, PersonId, PhotoId, Proposal
from faces.showing import shown_face
from faces.studio_format import UNKNOWN, ShownFace
from tests.faces.words import numbered

ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
FACE, SHOWN = FaceId("f1"), FaceId("f2")
HERE = Face(FACE, PhotoId("a" * 64), Box(1, 2, 30, 30), 1.0)
GUESSED = Proposal(FACE, ANNA, 0.61234, "model-0001")


def truth_of(*words: Word) -> Truth:
    people = (PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë"))
    return fold(numbered([("Ada", "page", word) for word in (*people, *words)]))


def shown(proposal: Proposal | None, *words: Word) -> tuple[str, float, str]:
    face: ShownFace = shown_face(HERE, proposal, truth_of(*words))
    assert (face.face, face.box) == (FACE, HERE.box)
    return face.name, face.score, face.note


def test_a_face_is_shown_as_people_said() -> None:
    assert shown(GUESSED, FaceVerdict(FACE, Verdict.IS, ZOE)) == ("Zoë", 1.0, "confirmed")
    assert shown(GUESSED, FaceVerdict(FACE, Verdict.STRANGER)) == (UNKNOWN, 1.0, "stranger")


def test_of_a_face_of_which_nothing_was_said_the_machine_speaks() -> None:
    assert shown(GUESSED) == ("Anna", 0.612, "model-0001")
    assert shown(None) == (UNKNOWN, 0.0, "")


def test_a_carried_face_has_its_groups_name_as_sure_as_the_machine_is() -> None:
    named = (FaceVerdict(SHOWN, Verdict.IS, ANNA), Carried((FACE,), ANNA, (SHOWN,)))
    assert shown(GUESSED, *named) == ("Anna", 0.612, "carried")
    assert shown(None, *named) == ("Anna", 0.0, "carried")
    assert shown(Proposal(FACE, ZOE, 0.9, "model-0001"), *named) == ("Anna", 0.0, "carried")
