"""The list of everyone: all names there are, where annotators can search them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from faces.confirmations import Truth
from faces.media import save_picture
from faces.names import compared
from faces.studio_configs import people_config
from sync.desk import Desk


def names_of(truth: Truth) -> tuple[str, ...]:
    """Everybody's name, in the order of a telephone book."""
    return tuple(sorted((person.name for person in truth.people.values()), key=compared))


def offer_everyone(desk: Desk, names: Sequence[str]) -> None:
    """Bring the list to these names.

    The browser reads it out of the shared media folder whenever a task is opened, so a task that
    was made long ago offers today's names. Where there is no such folder it stands in the labeling
    config, which makes tasks with thousands of names slow to open.
    """
    if desk.pictures == "upload":
        desk.studio.set_config(desk.people, people_config(names))
        return
    told = json.dumps([{"value": name} for name in names], ensure_ascii=False).encode()
    place = desk.media.everyone
    if not place.exists() or place.read_bytes() != told:
        save_picture(told, place)
