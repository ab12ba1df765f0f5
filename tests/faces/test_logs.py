from __future__ import annotations

import json
import logging
import sys
from datetime import datetime

from faces.logs import JsonLines


def record(message: str, *values: object, failed: bool = False) -> logging.LogRecord:
    """A warning, with the exception that is handled right now if `failed`."""
    error = sys.exc_info() if failed else None
    return logging.LogRecord("backend.predictor", logging.WARNING, "", 1, message, values, error)


def test_a_record_is_one_object_on_one_line() -> None:
    line = JsonLines().format(record("%d failed: %s", 2, "first\nsecond “é”"))
    assert "\n" not in line
    told = json.loads(line)
    assert datetime.fromisoformat(told.pop("at")).tzinfo is not None
    assert told == {
        "level": "warning",
        "logger": "backend.predictor",
        "message": "2 failed: first\nsecond “é”",
    }


def test_an_exception_stays_within_its_line() -> None:
    try:
        {}["nose"]
    except KeyError:
        line = JsonLines().format(record("a bug", failed=True))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("KeyError: 'nose'")
