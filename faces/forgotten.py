"""People whom a model version knows and nobody names any more: it goes on without them.

They were forgotten, or all that was said of them was taken back. This is told by what people say
now, not by the version, so it holds for whichever version is in use: the newest, one that people
went back to, or one that stands in for a damaged one. Whoever is named again is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from faces.confirmations import Truth
from faces.model_version import ModelVersion
from faces.names import some_of
from faces.records import Person, PersonId


def forgotten(version: ModelVersion, truth: Truth) -> tuple[Person, ...]:
    """The people of a version whom nobody names any more, in its order.

    Where nobody was ever named, nobody was forgotten: the version came from elsewhere.
    """
    return tuple(person for person in version.people if is_forgotten(person.id, truth))


def is_forgotten(person: PersonId, truth: Truth) -> bool:
    """Whether nobody names this person any more, who was proposed for a face once."""
    return bool(truth.people) and truth.resolve(person) not in truth.named


def without(version: ModelVersion, people: Iterable[Person]) -> ModelVersion | None:
    """The version as if it did not know these people; None if it knows nobody else.

    Their faces are then as nobody's: it was calibrated on faces whose own person is hidden, too.
    """
    gone: set[PersonId] = {person.id for person in people}
    kept = [place for place, person in enumerate(version.people) if person.id not in gone]
    if not kept:
        return None
    return replace(
        version,
        people=tuple(version.people[place] for place in kept),
        weights=version.weights[kept],
        look_alikes=tuple(pair for pair in version.look_alikes if gone.isdisjoint(pair)),
    )


def told_forgotten(version: ModelVersion, truth: Truth) -> Sequence[str]:
    """That a version goes on without somebody, in a line; none if it does not."""
    gone = forgotten(version, truth)
    if not gone:
        return ()
    names = some_of([person.name for person in gone])
    whom = "them" if len(gone) > 1 else "that name"
    return (f"{version.id} learned {names}, whom nobody names any more, and never gives {whom}",)
