"""People and faces as the report on a model version shows them: in tiles, with names and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from faceloop.report_page import Tile
from faceloop.report_tiles import PORTRAIT_PX, Tiles
from faceloop.wording import printable
from faces.records import FaceId
from training.mistakes import Confusion, Doubt, Named
from training.report import Loss, VersionReport

STRANGER = "a stranger"


@dataclass(frozen=True)
class Around:
    """What the store tells of the faces: `names` by confirmed face, the photos' `files`.

    `links` are the addresses where a face got its name, in Label Studio.
    """

    names: Mapping[FaceId, str]
    files: Mapping[FaceId, str]
    links: Mapping[FaceId, str]


@dataclass(frozen=True, slots=True)
class Someone:
    """A person and a face of theirs, with how likely they are."""

    name: str
    tile: Tile | None
    chance: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A face, what it is called, whom it is taken for, and where to change that."""

    tile: Tile
    called: Someone
    taken_for: Someone
    note: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person, and how many test faces are named right, wrong and not at all."""

    who: Someone
    counts: tuple[tuple[str, int], ...]
    told: str


@dataclass(frozen=True)
class Faces:
    """People and faces of a report as the page shows them."""

    report: VersionReport
    around: Around
    tiles: Tiles

    def doubt(self, one: Doubt) -> Shown:
        """A name that may be wrong, between the two whom it may be."""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), self._like(one.own_like), percent(one.chance)),
            Someone(self._name(one.other), self._like(one.other_like), percent(one.other_chance)),
            "",
            self.around.links.get(one.face, ""),
        )

    def confusion(self, one: Confusion) -> Shown:
        """A test face beside the face that it is taken for."""
        more = f", with {one.times - 1} more" if one.times > 1 else ""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), None),
            Someone(self._name(one.taken_for), self._like(one.like), percent(one.chance)),
            ("" if one.is_named else "too unsure to be named") + more,
            self.around.links.get(one.face, ""),
        )

    def loss(self, one: Loss) -> Shown:
        """A test face whose right answer was found unlikely."""
        return Shown(
            self._tile(one.face),
            Someone(self._called(one.face), None),
            Someone(self._name(one.likeliest), None, percent(one.chance)),
            f"loss {one.loss:.2f}",
            self.around.links.get(one.face, ""),
        )

    def person(self, one: Named) -> Portrait:
        """A person's face over how their test faces are named."""
        kinds = (("right", one.right), ("wrong", one.wrong), ("unknown", one.nameless))
        face = self.report.portraits[one.person]
        return Portrait(
            Someone(self._name(one.person), None if face is None else self._tile(face)),
            tuple((kind, count) for kind, count in kinds if count),
            f"{one.right:,} of {one.faces:,}",
        )

    def portrait(self, person: int) -> Someone:
        """A person with a small face of theirs."""
        face = self.report.portraits[person]
        return Someone(self._name(person), None if face is None else self._tile(face, PORTRAIT_PX))

    def _like(self, face: FaceId | None) -> Tile | None:
        return None if face is None else self._tile(face)

    def _called(self, face: FaceId) -> str:
        return printable(self.around.names.get(face, STRANGER))

    def _name(self, person: int) -> str:
        return printable(self.report.people[person].name)

    def _tile(self, face: FaceId, side_px: int | None = None) -> Tile:
        picture = self.tiles.of(face) if side_px is None else self.tiles.of(face, side_px)
        title = printable(PurePath(self.around.files.get(face, "")).name)
        return Tile(picture, title, doubtful=False)


def percent(share: float) -> str:
    """One digit after the point where it tells something; nothing but all is 100 %."""
    if 0.9995 <= share < 1:
        return ">\u202f99.9\u202f%"
    if 0 < share < 0.0005:
        return "<\u202f0.1\u202f%"
    told = f"{100 * share:.1f}"
    return f"{told.removesuffix('.0')}\u202f%"
