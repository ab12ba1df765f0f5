"""How programs that run for long write down what happens: a readable line, or one JSON object."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from io import TextIOWrapper

from faces.settings import Settings

_READABLE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def begin_logging(settings: Settings, *, program: str) -> None:
    """Write to stderr what is worth a look: warnings, and of `program` also what it does.

    JSON is UTF-8, whatever the terminal's or the container's own encoding is.
    """
    lines = settings.log_format == "json"
    if lines and isinstance(sys.stderr, TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if lines else logging.Formatter(_READABLE))
    logging.basicConfig(handlers=[handler])
    logging.getLogger(program).setLevel(logging.INFO)


class JsonLines(logging.Formatter):
    """Each record as one JSON object on one line: at, level, logger, message, maybe traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False)
