"""Who is meant by a name that somebody typed or chose, and who is new."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from faces.confirmations import PersonCreated, Truth, Word
from faces.names import NearNames, clean_name, compared
from faces.records import PersonId


class NameBook:
    """Who is meant by a typed or chosen name; somebody new is created with their first name."""

    def __init__(self, truth: Truth, new_id: Callable[[], PersonId]) -> None:
        """Know everybody of the truth."""
        self._truth = truth
        self._new_id = new_id
        self._new: dict[str, PersonId] = {}
        named = {one.person for one in truth.confirmed.values()}
        self._near = NearNames(one.name for one in truth.people.values() if one.id in named)

    def person(self, said: str, meant: PersonId | None = None) -> tuple[PersonId, list[Word]]:
        """The person of this name, and what has to be said first if they are new.

        A name that was chosen is whom it meant then, as long as there is such a person.

        Raises:
            BadName: the name cannot be anybody's.
        """
        if meant is not None and self._truth.resolve(meant) in self._truth.people:
            return self._truth.resolve(meant), []
        name = clean_name(said)
        known = self._truth.person_named(name)
        if known is not None:
            return known.id, []
        if compared(name) in self._new:
            return self._new[compared(name)], []
        person = self._new[compared(name)] = self._new_id()
        self._near.add(name)
        return person, [PersonCreated(person, name)]

    def nearly(self, name: str) -> list[str]:
        """Names of others that are spelled nearly like this one."""
        return self._near.like(name)


def new_person_id() -> PersonId:
    """An id that nobody has."""
    return PersonId("p" + uuid.uuid4().hex[:12])
