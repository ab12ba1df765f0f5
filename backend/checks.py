"""Answers are checked with Label Studio's own validator before they leave.

With strict validation on, one bad region from a backend locks annotators out of a project.
"""

from __future__ import annotations

import threading
from typing import Any, TypeGuard

from backend.counters import Counters
from faces.studio_configs import PHOTOS_CONFIG, photos_config_matches

_MOST_CONFIGS = 8
_LONGEST_CONFIG = 1 << 20
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What the SDK raises for configs that it cannot read, beside two classes of its own."""


class Checks:
    """The validators of the configs seen so far, at most a few."""

    def __init__(self, counters: Counters) -> None:
        """Start without any; the SDK is imported at the first config (it takes half a second)."""
        self._counters = counters
        self._lock = threading.Lock()
        self._interfaces: dict[str, Any] = {}

    def passed(self, prediction: dict[str, Any], config: str) -> dict[str, Any]:
        """A prediction without the regions that the validator refuses; these are counted."""
        interface = self._interface(config)
        if interface is None:
            self._counters.add("failures_total", kind="config")
            return prediction | {"result": [], "score": 0.0}
        if not interface.validate_prediction(prediction, return_errors=True):
            return prediction
        sound = [
            region
            for region in prediction["result"]
            if not interface.validate_region(region, return_errors=True)
        ]
        self._counters.add("failures_total", len(prediction["result"]) - len(sound), kind="region")
        kept = prediction | {"result": sound}
        if interface.validate_prediction(kept, return_errors=True):
            self._counters.add("failures_total", kind="region")
            return prediction | {"result": [], "score": 0.0}
        return kept

    def _interface(self, config: str) -> Any:
        with self._lock:
            if config not in self._interfaces:
                if len(self._interfaces) >= _MOST_CONFIGS:
                    self._interfaces.pop(next(iter(self._interfaces)))
                self._interfaces[config] = _built(config)
            return self._interfaces[config]


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


def _built(config: str) -> Any:
    """The validator of a config (the SDK leaves it untyped), None if the SDK cannot read it."""
    from label_studio_sdk._legacy.exceptions import (
        LabelStudioValidationErrorSentryIgnored,
        LabelStudioXMLSyntaxErrorSentryIgnored,
    )
    from label_studio_sdk.label_interface.interface import LabelInterface

    try:
        return LabelInterface(config)
    except (
        LabelStudioXMLSyntaxErrorSentryIgnored,
        LabelStudioValidationErrorSentryIgnored,
        *_UNREADABLE,
    ):
        return None
