from datetime import UTC, datetime

import pytest

from faces.confirmations import Verdict
from serve.album import Album, AlbumId, Picture
from serve.giving import Corrected, Said, Sent, speaker
from serve.giving_wording import (
    correction_control,
    send_control,
    told_of_correction,
    told_of_sending,
)
from serve.way_to_studio import OnItsWay

NEXT = OnItsWay("Then it is there.", None)


def album_with(count: int) -> Album:
    pictures = tuple(Picture(n, f"{n}.jpg", f"{n}.jpg", 10, 10) for n in range(1, count + 1))
    return Album(AlbumId("id"), pictures, (), (), (), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, "1 picture is copied into the project and stays there"), (5, "Yes, send 5 pictures")],
)
def test_what_sending_does_is_said_before_it_is_asked(count: int, told: str) -> None:
    control = send_control(album_with(count), root="/faces")
    assert told in control
    assert 'data-post="/faces/albums/id/send"' in control
    assert control.index("copied into the project") < control.index("<button")


def test_names_are_escaped_and_whom_it_could_be_is_offered_once() -> None:
    control = correction_control(
        "<b>", ["Anna", "<b>", "Anna", '"Zoë"', "Ida", "Mia"], root="", word_counts=False
    )
    assert "<b>" not in control
    assert "Not &lt;b&gt;" in control
    assert control.count(">It is Anna<") == 1
    assert 'data-name="&quot;Zoë&quot;"' in control
    assert "It is Mia" not in control, "three are enough"


def test_whether_a_word_counts_is_said_before_it_is_said() -> None:
    assert "counts as an annotator's" in correction_control(None, [], root="", word_counts=True)
    suggests = correction_control(None, [], root="", word_counts=False)
    assert "Annotators see what you say in Label Studio, and decide." in suggests
    assert "Not " not in suggests.replace("Not a face", ""), "an unknown face is not anybody"


@pytest.mark.parametrize(
    ("said", "done", "told"),
    [
        (Said(Verdict.IS, "a"), Corrected(True, "1", "Anna", NEXT), "Noted: this is Anna."),
        (Said(Verdict.IS_NOT, "a"), Corrected(True, "1", "Anna", NEXT), "this is not Anna."),
        (Said(Verdict.NOT_A_FACE), Corrected(False, "1", "", NEXT), "suggestion: this is not a f"),
        (Said(Verdict.IS, "a"), Corrected(False, "", "", NEXT), "People have looked at this face"),
    ],
)
def test_what_became_of_a_correction_is_told(said: Said, done: Corrected, told: str) -> None:
    assert told in told_of_correction(said, done)


@pytest.mark.parametrize(
    ("added", "known", "told"),
    [
        (1, 0, "1 picture is in the project now. Then it is there."),
        (3, 1, "3 pictures are in the project now, and 1 was there before."),
        (0, 1, "This picture was in the project before."),
        (0, 4, "All these pictures were in the project before."),
    ],
)
def test_what_became_of_an_album_is_told(added: int, known: int, told: str) -> None:
    assert told_of_sending(Sent(added, known, NEXT)).startswith(told)


def test_who_signs_in_by_their_address_in_label_studio_is_one_speaker_there_and_here() -> None:
    assert speaker("ada@example.com") == "annotator:ada@example.com"
    assert speaker("token") == "app:token"
