"""Label Studio's own rules for predictions, out of its SDK; imported late, as that takes a while.

Label Studio drops an invalid prediction in silence, or, with strict validation on, locks annotators
out of the project; so every prediction is checked before it leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faces.errors import StudioError

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError)
"""What the SDK raises for configs that it cannot read, beside two classes of its own."""


class Validator:
    """The rules that follow from one labeling config."""

    def __init__(self, config: str) -> None:
        """Read the config.

        Raises:
            StudioError: it is no labeling config.
        """
        from label_studio_sdk._legacy.exceptions import (
            LabelStudioValidationErrorSentryIgnored,
            LabelStudioXMLSyntaxErrorSentryIgnored,
        )
        from label_studio_sdk.label_interface.interface import LabelInterface

        refused = (LabelStudioXMLSyntaxErrorSentryIgnored, LabelStudioValidationErrorSentryIgnored)
        try:
            self._interface = LabelInterface(config)
        except (*refused, *_UNREADABLE) as error:
            raise StudioError(f"this is no labeling config ({error}): {config[:80]}") from error

    def problems(self, prediction: Mapping[str, Any]) -> list[str]:
        """What Label Studio would refuse in a prediction; empty if nothing."""
        return list(self._interface.validate_prediction(dict(prediction), return_errors=True))

    def accepts_region(self, region: Mapping[str, Any]) -> bool:
        """Whether one region of a prediction is valid by itself."""
        return not self._interface.validate_region(dict(region), return_errors=True)
