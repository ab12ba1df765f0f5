"""One finding of `faceloop doctor`: what was looked at, how it is, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

UP = "run `faceloop up`"
SYNC = "run `faceloop sync`"


class Verdict(StrEnum):
    """How something is; what could not be looked at is neither well nor a trouble of its own."""

    OK = "ok"
    TROUBLE = "trouble"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Finding:
    """One check; only a trouble has a remedy."""

    check: str
    verdict: Verdict
    told: str
    remedy: str = ""

    def __post_init__(self) -> None:
        """Refuse a trouble that leaves people alone with it."""
        if bool(self.remedy) != (self.verdict is Verdict.TROUBLE):
            raise ValueError(f"{self.check}: a trouble needs a remedy, and nothing else has one")


def well(check: str, told: str) -> Finding:
    """Something that is as it should be."""
    return Finding(check, Verdict.OK, told)


def trouble(check: str, told: str, remedy: str) -> Finding:
    """Something that is not, and what mends it."""
    return Finding(check, Verdict.TROUBLE, told, remedy)


def unknown(check: str, why: str) -> Finding:
    """Something that could not be looked at, since something else stands in the way."""
    return Finding(check, Verdict.UNKNOWN, why)
