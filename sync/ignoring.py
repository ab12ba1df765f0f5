"""`.faceloopignore`: what the owner of a folder keeps out of it, by the rules of `.gitignore`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

RULES_FILE = ".faceloopignore"
"""Rules for the folder that it lies in and all below; empty, it keeps that folder out."""


@dataclass(frozen=True)
class Rules:
    """The rules that hold in a folder: its own first, then those of the folders above it."""

    levels: tuple[tuple[str, GitIgnoreSpec], ...] = ()
    """Each with the folder that it is written for: "" for the root, else a path that ends in /."""

    def with_file(self, folder: str, text: str) -> Rules | None:
        """The rules of a folder below, which has a file of its own; None: it is kept out itself.

        Raises:
            ValueError: a line is no pattern.
        """
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if all(not line.strip() or line.startswith("#") for line in lines):
            return None
        try:
            return Rules(((folder, GitIgnoreSpec.from_lines(lines)), *self.levels))
        except (GitIgnorePatternError, re.error) as error:
            raise ValueError(f"{RULES_FILE} has a line that is no pattern: {error}") from error

    def keep_out(self, path: str) -> bool:
        """Whether a file or a folder (its path ends in /) is kept out; the nearest rule decides."""
        for folder, spec in self.levels:
            included = spec.check_file(path.removeprefix(folder)).include
            if included is not None:
                return included
        return False
