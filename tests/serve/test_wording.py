from __future__ import annotations

import pytest

from serve import wording
from serve.album import Refused
from serve.answers import KnownModel

NASTY = "<img src=x onerror=alert(1)> & ${alert(1)} {{x}}"


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


@pytest.mark.parametrize(
    "shown",
    [
        wording.refused([Refused(NASTY, "it is empty")]),
        wording.wrong(NASTY),
        wording.header(KnownModel(NASTY, 1, NASTY)),
    ],
)
def test_no_name_or_message_can_carry_html(shown: str) -> None:
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
