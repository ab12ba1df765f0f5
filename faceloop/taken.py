"""What reading the folders did, counted and said in a line."""

from __future__ import annotations

from dataclasses import dataclass, fields

from faceloop.console import say
from faceloop.wording import counted


@dataclass(frozen=True)
class Taken:
    """What reading did, all folders together; the counts are those of `sync.ingest.Ingested`."""

    found: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    returned: int = 0
    again: int = 0
    removed: int = 0
    unchanged: int = 0
    refused: int = 0
    faces: int = 0
    without_faces: int = 0
    left: int = 0
    seconds: float = 0.0

    def __add__(self, later: Taken) -> Taken:
        """Both together; what there is and what is left is what the later one says."""
        sums = {f.name: getattr(self, f.name) + getattr(later, f.name) for f in fields(self)}
        return Taken(**{**sums, "found": later.found, "left": later.left})

    @property
    def brought_news(self) -> bool:
        """Whether anything changed that people could see."""
        seen = (self.added, self.changed, self.moved, self.returned, self.again, self.removed)
        return any(seen)


def tell_taken(taken: Taken) -> None:
    """Say what reading did, in a line; what there was none of is left out."""
    counts = (
        (taken.added, "added"),
        (taken.changed, "changed"),
        (taken.moved, "moved"),
        (taken.returned, "returned"),
        (taken.again, "read again"),
        (taken.removed, "removed"),
        (taken.unchanged, "as before"),
        (taken.left, "still to be read"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count) or "nothing new"
    line = f"{counted(taken.found, 'file')}: {told}"
    if taken.read:
        line += f"; {counted(taken.faces, 'face')} found"
    if taken.without_faces:
        line += f", {taken.without_faces:,} without a face (faceloop status --without-faces)"
    if taken.refused:
        line += f", {taken.refused:,} refused (faceloop status --refused)"
    say(line)
