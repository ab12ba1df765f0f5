from __future__ import annotations

import numpy as np
import pytest

from faces.records import Box
from serve import wording
from serve.answers import KnownModel, NamedFace, NamedPicture, OneFace

PIXELS = np.full((200, 300, 3), 128, dtype=np.uint8)
BOX = Box(20, 20, 80, 80)
NASTY = "<img src=x onerror=alert(1)> & ${alert(1)} {{x}}"


def one_face(name: str | None, *, version: str | None = "model-1", faces_found: int = 1) -> OneFace:
    likeliest = () if version is None else (("Anna", 0.9),)
    return OneFace(PIXELS, NamedFace(BOX, name, 0.9), likeliest, faces_found, version)


def everyone(*names: str | None, version: str | None = "model-1") -> str:
    faces = tuple(NamedFace(BOX, name, 0.9) for name in names)
    return wording.everyone(NamedPicture(PIXELS, faces, version))


def test_the_header_says_which_version_answers_and_how_many_people_it_knows() -> None:
    assert "<code>model-1</code> knows 12 people" in wording.header(KnownModel("model-1", 12, None))
    assert "knows 1 person<" in wording.header(KnownModel("model-1", 1, None))


def test_the_header_says_how_good_the_version_was_on_photos_kept_for_testing() -> None:
    metrics = {"named_right": 0.9312, "named_wrong": 0.004}
    shown = wording.header(KnownModel("model-1", 2, None, metrics))
    assert "On photos kept for testing: 93.1% of the faces named right, 0.4% wrong<" in shown
    of_strangers = KnownModel("model-1", 2, None, {**metrics, "strangers_accepted": 0.012})
    assert "0.4% wrong; 1.2% of the strangers got a name" in wording.header(of_strangers)


def test_the_header_says_so_if_nothing_was_measured() -> None:
    assert "was not measured" in wording.header(KnownModel("model-1", 2, None))


def test_the_header_says_what_to_do_before_the_first_model() -> None:
    shown = wording.header(KnownModel(None, 0, None))
    assert "name a few people in Label Studio, then run <code>faceloop retrain</code>" in shown


def test_the_header_says_why_a_newer_version_is_not_in_use() -> None:
    shown = wording.header(KnownModel("model-1", 2, "model-2 was changed"))
    assert "model-1" in shown
    assert "The newest classifier is not in use: model-2 was changed" in shown


def test_named_and_unknown_faces_are_counted() -> None:
    assert "3 faces: 2 named, 1 unknown." in everyone("Anna", None, "Bo")
    assert "1 face: 0 named, 1 unknown." in everyone(None)


def test_the_table_has_a_row_for_each_face() -> None:
    shown = everyone("Anna", None)
    assert shown.count("<tr") == 3
    assert shown.index(">Anna<") < shown.index(">Unknown<")
    assert "90%" in shown


def test_without_a_face_or_a_model_the_next_step_is_said() -> None:
    assert "No face was found" in everyone()
    assert "No face was found" in wording.one(None)
    assert "2 faces found. No classifier yet" in everyone(None, None, version=None)
    assert "%" not in everyone(None, version=None).partition("<tbody>")[0]
    assert "No classifier yet" in wording.one(one_face(None, version=None))


def test_one_face_is_named_or_unknown_and_the_others_are_counted() -> None:
    assert "This is <strong>Anna</strong>, 90% sure." in wording.one(one_face("Anna"))
    assert "<strong>Unknown.</strong>" in wording.one(one_face(None))
    assert "3 faces were found; this is the largest." in wording.one(
        one_face("Anna", faces_found=3)
    )


@pytest.mark.parametrize(
    "shown",
    [
        everyone(NASTY),
        wording.one(one_face(NASTY)),
        wording.wrong(NASTY),
        wording.header(KnownModel(NASTY, 1, NASTY)),
    ],
)
def test_no_name_or_message_can_carry_html(shown: str) -> None:
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
