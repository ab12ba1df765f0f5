from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from faces.records import Box, FaceId, PersonId
from serve import named_wording
from serve.album import Refused
from serve.answers import Likely, NamedFace
from serve.face_panel import Place, Viewer, panel
from serve.naming import NamedUpload, Naming, NamingId

NASTY = "<img src=x onerror=alert(1)> & ${alert(1)} {{x}}"
SMALL, LARGE = Box(20, 20, 40, 40), Box(100, 20, 80, 80)
STRANGER = Viewer()
TRUSTED = Viewer(examples_of=lambda person: (FaceId(f"f-{person}"),))


def likely(*chances: tuple[str, float]) -> tuple[Likely, ...]:
    return tuple(Likely(name, chance, PersonId(name.lower())) for name, chance in chances)


def face(name: str | None, box: Box = SMALL, **more: Any) -> NamedFace:
    return NamedFace(box, name, 0.9, likely(("Anna", 0.9), ("Ida", 0.04)), **more)


def upload(*faces: NamedFace, number: int = 1, version: str | None = "model-1") -> NamedUpload:
    read: Any = None
    return NamedUpload(number, "a.jpg", f"{number}.jpg", 300, 200, faces, version, read)


def naming(*pictures: NamedUpload, refused: tuple[Refused, ...] = ()) -> Naming:
    return Naming(NamingId("id"), pictures, refused, datetime(2026, 3, 1, tzinfo=UTC))


def everyone(*faces: NamedFace, version: str | None = "model-1") -> str:
    return named_wording.everyone(naming(upload(*faces, version=version)), STRANGER)


def one(*faces: NamedFace, version: str | None = "model-1") -> str:
    return named_wording.one_face(naming(upload(*faces, version=version)), STRANGER)


def test_named_and_unknown_faces_are_counted() -> None:
    assert "3 faces: 2 named, 1 unknown." in everyone(face("Anna"), face(None), face("Bo"))
    assert "1 face: 0 named, 1 unknown." in everyone(face(None))
    alike = face(None, either=("Anna", "Ida"))
    assert "2 faces: 1 named, 1 between look-alikes, 0 unknown." in everyone(face("Anna"), alike)


def test_every_face_can_be_chosen_and_none_is_beforehand_where_there_are_several() -> None:
    shown = everyone(face("Anna"), face(None))
    assert shown.count("<summary>") == 2
    assert shown.index(">Anna<") < shown.index(">Unknown<")
    assert " open>" not in shown
    assert everyone(face("Anna")).count(" open>") == 1


def test_of_one_face_the_largest_is_chosen_and_any_other_can_be() -> None:
    shown = one(face("Anna"), face("Ida", LARGE))
    assert "This is <strong>Ida</strong>, 90% sure. 2 faces were found" in shown
    assert shown.count(" open>") == 1
    assert shown.index('data-face="1"') < shown.index('data-face="2" name="id-1" open>')


def test_one_face_may_be_unknown_or_one_of_people_who_look_alike() -> None:
    assert "<strong>Unknown.</strong>" in one(face(None))
    assert "This may be <strong>Anna or Ida</strong>" in one(face(None, either=("Anna", "Ida")))


def test_without_a_face_or_a_model_the_next_step_is_said() -> None:
    assert "No face was found" in everyone()
    assert "No face was found" in one()
    nobody = NamedFace(SMALL, None, 1.0)
    assert "2 faces found. No classifier yet" in everyone(nobody, nobody, version=None)
    assert "No classifier yet" in one(nobody, version=None)
    assert "100%</summary>" not in everyone(nobody, version=None)


def test_several_pictures_are_cards_with_one_download_of_all() -> None:
    several = naming(
        upload(face("Anna")),
        upload(face(None), number=2),
        refused=(Refused("b.jpg", "b.jpg is empty"),),
    )
    shown = named_wording.everyone(several, STRANGER)
    assert "2 pictures with 2 faces: 1 named, 1 unknown." in shown
    assert shown.count("<article") == 2
    assert "/named/all.zip?naming=id" in shown
    assert "<li>b.jpg is empty</li>" in shown


def shown_below(face: NamedFace, viewer: Viewer) -> str:
    return panel(face, Place("id", 1, 1), viewer, crop="/crop.jpg")


def test_whoever_is_trusted_sees_faces_of_the_likeliest_and_others_see_names_alone() -> None:
    assert "/example/f-anna.jpg" in shown_below(face("Anna"), TRUSTED)
    shown = shown_below(face("Anna"), STRANGER)
    assert "/example/" not in shown
    assert ">Anna<" in shown


def test_what_the_likeliest_lack_to_everything_is_somebody_else() -> None:
    assert ">Somebody else<" in shown_below(face("Anna"), STRANGER)
    assert ">6%<" in shown_below(face("Anna"), STRANGER)
    assert ">Unknown<" in shown_below(face(None), STRANGER)


def test_people_who_look_alike_are_side_by_side_and_neither_is_chosen() -> None:
    shown = shown_below(face(None, either=("Anna", "Ida")), TRUSTED)
    assert "Anna and Ida are often taken for each other" in shown
    pair, _, rest = shown.partition("fl-nobody")
    assert pair.count("/example/") == 2
    assert "fl-is" not in shown
    assert ">Somebody else<" in rest


@pytest.mark.parametrize(
    "shown",
    [
        everyone(face(NASTY)),
        one(face(NASTY)),
        one(face(None, either=(NASTY, "Ida"))),
        named_wording.everyone(naming(refused=(Refused(NASTY, NASTY),)), STRANGER),
        shown_below(NamedFace(SMALL, None, 1.0, likely((NASTY, 0.5))), TRUSTED),
    ],
)
def test_no_name_or_message_can_carry_html(shown: str) -> None:
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
