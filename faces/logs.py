"""How programs that run for long write down what happens: a readable line, or one JSON object."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from faces.settings import Settings

_READABLE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def begin_logging(settings: Settings, *, program: str) -> None:
    """Write to stderr what is worth a look: warnings, and of `program` also what it does."""
    handler = logging.StreamHandler()
    lines = settings.log_format == "json"
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
