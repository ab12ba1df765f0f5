import json

import pytest
from hypothesis import given

from faces.confirmation_lines import (
    event_from_json,
    event_to_json,
    word_from_json,
    word_to_json,
)
from faces.confirmations import Event
from faces.errors import StoreError
from tests.faces.words import logs


@given(logs)
def test_events_survive_the_way_through_json(events: list[Event]) -> None:
    lines = [json.dumps(event_to_json(event), ensure_ascii=False) for event in events]
    assert [event_from_json(json.loads(line)) for line in lines] == events


LINE = {
    "number": 1,
    "at": "2026-01-01T00:00:00+00:00",
    "speaker": "Ada",
    "place": "a",
    "said": "face",
    "face": "f1",
    "verdict": "is",
    "person": "p1",
}


@pytest.mark.parametrize(
    "line",
    [
        {"said": "face", "face": "f1", "verdict": "cannot tell", "person": None},
        {"said": "together", "faces": ["f1", "f2"]},
        {"said": "apart", "face": "f1", "others": ["f2"]},
        {"said": "same-photo exception", "first": "f1", "second": "f2"},
        {"said": "person created", "person": "p1", "name": "Zoë"},
        {"said": "person renamed", "person": "p1", "name": "Zoe"},
        {"said": "person merged", "person": "p1", "into": "p2"},
        {"said": "photo turned", "photo": "a1", "quarters": 3},
        {"said": "revised", "revision": "2"},
        {"said": "retracted"},
        {"said": "decided", "face": "f1", "verdict": "is", "person": "p1"},
        {"said": "carried", "faces": ["f1"], "person": "p1", "shown": ["f2", "f3"]},
        {"said": "not one person", "faces": ["f1", "f2"]},
        {"said": "pair unsure", "first": ["f1"], "second": ["f2", "f3"]},
    ],
    ids=lambda line: str(line["said"]),
)
def test_every_kind_of_word_is_read_as_it_was_ever_written(line: dict[str, object]) -> None:
    assert json.loads(json.dumps(word_to_json(word_from_json(line)))) == line


def test_further_keys_are_left_out() -> None:
    assert event_from_json({**LINE, "box_px": [1, 2, 3, 4]}) == event_from_json(LINE)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"said": "sung"}, "does not know"),
        ({"said": None}, "does not know"),
        ({"at": "yesterday"}, "no line of the log"),
        ({"at": "2026-01-01T00:00:00"}, "no line of the log"),
        ({"number": "first"}, "no line of the log"),
        ({"verdict": "perhaps"}, "no line of the log"),
        ({"person": None}, "no line of the log"),
    ],
)
def test_a_line_that_is_no_event_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(StoreError, match=problem):
        event_from_json({**LINE, **change})


@pytest.mark.parametrize("missing", ["number", "at", "speaker", "place", "face", "said"])
def test_a_line_that_lacks_a_part_is_refused(missing: str) -> None:
    with pytest.raises(StoreError):
        event_from_json({key: value for key, value in LINE.items() if key != missing})


def test_a_word_with_a_wrong_verdict_is_refused_in_the_database_too() -> None:
    with pytest.raises(StoreError):
        word_from_json({"said": "face", "face": "f1", "verdict": "perhaps", "person": None})
