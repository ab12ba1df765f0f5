"""Answers are checked with Label Studio's own validator before they leave.

With strict validation on, one bad region from a backend locks annotators out of a project.
"""

from __future__ import annotations

import threading
from typing import Any, TypeGuard

from backend.counters import Counters
from faces.errors import StudioError
from faces.studio_configs import PHOTOS_CONFIG, photos_config_matches
from faces.studio_validator import Validator

_MOST_CONFIGS = 8
_LONGEST_CONFIG = 1 << 20


class Checks:
    """The validators of the configs seen so far, at most a few."""

    def __init__(self, counters: Counters) -> None:
        """Start without any; the SDK is imported at the first config (it takes half a second)."""
        self._counters = counters
        self._lock = threading.Lock()
        self._validators: dict[str, Validator | None] = {}

    def passed(self, prediction: dict[str, Any], config: str) -> dict[str, Any]:
        """A prediction without the regions that the validator refuses; these are counted."""
        validator = self._validator(config)
        if validator is None:
            self._counters.add("failures_total", kind="config")
            return prediction | {"result": [], "score": 0.0}
        if not validator.problems(prediction):
            return prediction
        sound = [r for r in prediction["result"] if validator.accepts_region(r)]
        self._counters.add("failures_total", len(prediction["result"]) - len(sound), kind="region")
        kept = prediction | {"result": sound}
        if validator.problems(kept):
            self._counters.add("failures_total", kind="region")
            return prediction | {"result": [], "score": 0.0}
        return kept

    def _validator(self, config: str) -> Validator | None:
        with self._lock:
            if config not in self._validators:
                if len(self._validators) >= _MOST_CONFIGS:
                    self._validators.pop(next(iter(self._validators)))
                self._validators[config] = _built(config)
            return self._validators[config]


def load_validator() -> None:
    """Import what checking needs, so that the first prediction need not wait for it."""
    _built(PHOTOS_CONFIG)


def is_photos_config(config: object) -> TypeGuard[str]:
    """Whether a request's labeling config is one in which our predictions can be shown."""
    if not isinstance(config, str) or len(config) > _LONGEST_CONFIG or not _is_text(config):
        return False
    return photos_config_matches(config)


def _is_text(told: str) -> bool:
    """JSON can hold halves of characters, which no parser of XML takes."""
    return not any("\ud800" <= character <= "\udfff" for character in told)


def _built(config: str) -> Validator | None:
    """The validator of a config, None if it is no labeling config."""
    try:
        return Validator(config)
    except StudioError:
        return None
