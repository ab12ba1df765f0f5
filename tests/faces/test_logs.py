from __future__ import annotations

import io
import json
import logging
import sys
from datetime import datetime

import pytest

from faces.logs import JsonLines, begin_logging
from faces.settings import load_settings


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


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_line_is_utf_8_whatever_the_terminal_writes(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = io.BytesIO()
    stderr = io.TextIOWrapper(written, encoding=encoding, errors="backslashreplace")
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(logging.root, "handlers", [])
    begin_logging(load_settings(log_format="json"), program="tests.of.logs")
    logging.getLogger("tests.of.logs").info("/photos/Zoë 日.jpg cannot be opened: \udcff")
    [line] = written.getvalue().splitlines()
    assert "/photos/Zoë 日.jpg" in line.decode("utf-8")
    assert json.loads(line)["message"] == "/photos/Zoë 日.jpg cannot be opened: \udcff"


def test_an_exception_stays_within_its_line() -> None:
    try:
        {}["nose"]
    except KeyError:
        line = JsonLines().format(record("a bug", failed=True))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("KeyError: 'nose'")
