"""Whether learning again is worth it, and when the worker does it by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from faces.confirmations import Truth
from faces.forgotten import forgotten
from faces.names import some_of
from faces.records import Confirmation, PersonId
from faces.versions import ModelVersion

FEWEST_PEOPLE, FEWEST_FACES = 2, 2
"""What a classifier needs at least: so many people with so many confirmed faces each, one of them
in a photo to learn from.
"""
_WORTH_FACES, _WORTH_SHARE = 10, 0.05
"""So many faces more, and so large a share of all, are worth learning again."""
_NAMED = 3


@dataclass(frozen=True)
class Since:
    """What was confirmed since something was learned last, at `learned_at`; None: never."""

    learned_at: datetime | None
    said: tuple[Confirmation, ...]

    def is_due(self, *, faces: int, minutes: int, now: datetime, tried_at: datetime | None) -> bool:
        """Whether it is time to learn by itself: with so many new confirmed faces, but not too
        often.

        No `faces` (0) is never; `minutes` lie between two tries. One of which the time is yet to
        come was made before the clock was set back, however long ago.
        """
        if not faces or len(self.said) < faces:
            return False
        before = [at for at in (self.learned_at, tried_at) if at is not None and at <= now]
        last = max(before, default=None)
        return last is None or now - last >= timedelta(minutes=minutes)


@dataclass(frozen=True)
class News:
    """What would be new in another version.

    `newcomers` are the names of people who could be learned and whom the version in use does not
    know; `learnable` is how many people can be learned at all. `forgotten` are the names of people
    whom the version in use learned and nobody names any more.
    """

    learned_at: datetime | None
    faces: int
    all_faces: int
    newcomers: tuple[str, ...]
    learnable: int
    forgotten: tuple[str, ...] = ()

    @property
    def can_be_learned(self) -> bool:
        """Whether there is enough for a classifier."""
        return self.learnable >= FEWEST_PEOPLE

    @property
    def is_worth_it(self) -> bool:
        """Whether learning again would show: somebody new or gone, or enough more faces."""
        if not self.can_be_learned:
            return False
        if self.forgotten or not self.faces:
            return bool(self.forgotten)
        enough = self.faces >= max(_WORTH_FACES, _WORTH_SHARE * self.all_faces)
        return self.learned_at is None or bool(self.newcomers) or enough

    def __str__(self) -> str:
        """Whether a retrain is worth it and why, in one line."""
        if not self.can_be_learned:
            return (
                "not yet: it needs two people with two confirmed faces each, one of them in a "
                "photo to learn from"
            )
        if self.learned_at is None:
            return (
                f"worth it: {self.learnable:,} people can be learned, and nothing was learned yet"
            )
        if self.forgotten:
            names = some_of(self.forgotten)
            return f"worth it: the version in use learned {names}, whom nobody names any more"
        if not self.faces:
            return "not needed: nothing was confirmed since the last one"
        since = f"{self.faces:,} face{'s' * (self.faces > 1)} confirmed since the last one"
        if self.newcomers:
            return f"worth it: {since}, and {some_of(self.newcomers, _NAMED)} can be learned"
        return f"worth it: {since}" if self.is_worth_it else f"not yet: only {since}"


def since_last(truth: Truth, *, last: ModelVersion | None, learned_until: int | None) -> Since:
    """What was confirmed since the version that was made last, whether it came into use or not.

    `learned_until` is the number of the last word of the log by then. Where none was noted, which
    an older faceloop did not do, the times count that Label Studio's clock and ours told.
    """
    learned_at = None if last is None else last.created_at
    return Since(
        learned_at,
        tuple(
            said
            for said in truth.confirmed.values()
            if learned_at is None
            or (said.at > learned_at if learned_until is None else said.number > learned_until)
        ),
    )


def news_since(
    since: Since, truth: Truth, *, current: ModelVersion | None, learnable: Collection[PersonId]
) -> News:
    """What would be new, where these people can be learned."""
    known = set() if current is None else {truth.resolve(one.id) for one in current.people}
    newcomers = {said.person for said in since.said}.intersection(learnable) - known
    return News(
        learned_at=since.learned_at,
        faces=len(since.said),
        all_faces=len(truth.confirmed),
        newcomers=tuple(sorted(truth.people[person].name for person in newcomers)),
        learnable=len(learnable),
        forgotten=() if current is None else tuple(one.name for one in forgotten(current, truth)),
    )
