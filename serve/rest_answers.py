"""What the REST endpoints answer, as JSON; its shape is in the OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from faces.records import Box
from serve.album import Album, pictures_of
from serve.answers import NamedFace, NamedPicture
from serve.downloads import Links


class Problem(BaseModel):
    """What went wrong, and what to do, in one line."""

    detail: str


class RefusedAnswer(BaseModel):
    """A file that is not in the album, and why."""

    name: str
    reason: str


class PersonAnswer(BaseModel):
    """One person of an album: faces that look alike."""

    face: int = Field(description="The number of the person; 1 has most faces")
    size: int = Field(description="How many faces")
    confidence: float | None = Field(description="How sure it is that they are one person")
    pictures: list[str] = Field(description="Addresses of the pictures, each with its box")
    montage: str
    zip: str


class AloneAnswer(BaseModel):
    """The faces that are like no other, or too poor to tell."""

    size: int
    pictures: list[str]
    montage: str
    zip: str


class AlbumAnswer(BaseModel):
    """What was found in the pictures. The links hold an id that nobody can guess."""

    album: str = Field(description="The id of the album, as its links have it")
    unique_faces: int = Field(description="How many people, of those with two faces or more")
    faces: int
    pictures: int
    people: list[PersonAnswer]
    in_no_group: AloneAnswer | None
    zip: str = Field(description="Address of a ZIP with everything")
    refused: list[RefusedAnswer]
    kept_until: datetime


class BoxAnswer(BaseModel):
    """A rectangle in pixels of the upright picture, origin top left."""

    left: float
    top: float
    width: float
    height: float


class LikelyAnswer(BaseModel):
    """Somebody who a face could be, and how likely."""

    name: str
    probability: float


class FaceAnswer(BaseModel):
    """A face: `name` is null where it is unknown; `probability` is that this is right.

    `either` are two people or more who are often taken for each other, if it is one of them.
    """

    box: BoxAnswer
    name: str | None
    either: list[str]
    probability: float
    likeliest: list[LikelyAnswer]


class Identified(BaseModel):
    """The faces of a picture from left to right."""

    model_config = {"protected_namespaces": ()}

    model_version: str | None = Field(description="Which one answered; null before the first")
    width: int
    height: int
    faces: list[FaceAnswer]


def album_answer(album: Album, root: str) -> AlbumAnswer:
    """An album with links to its files; `root` is what stands before every address."""
    links = Links(album, root)
    people = [
        PersonAnswer(
            face=one.number,
            size=len(one.faces),
            confidence=one.confidence,
            pictures=[links.picture(one.number, picture.number) for picture in one.pictures],
            montage=links.montage(one.number),
            zip=links.zip_of(one.number),
        )
        for one in album.clusters
    ]
    return AlbumAnswer(
        album=album.id,
        unique_faces=len(people),
        faces=album.faces,
        pictures=len(album.pictures),
        people=people,
        in_no_group=_alone(album, links),
        zip=links.zip_of_all(),
        refused=[RefusedAnswer(name=one.called, reason=one.reason) for one in album.refused],
        kept_until=album.until,
    )


def identified(picture: NamedPicture) -> Identified:
    """A picture's faces with names and boxes."""
    height_px, width_px, _ = picture.pixels.shape
    return identified_faces(picture.faces, picture.version, size_px=(width_px, height_px))


def identified_faces(
    faces: Sequence[NamedFace], version: str | None, *, size_px: tuple[int, int]
) -> Identified:
    """The faces of a picture of this width and height, named by this model version."""
    width_px, height_px = size_px
    return Identified(
        model_version=version,
        width=width_px,
        height=height_px,
        faces=[_face(face) for face in faces],
    )


def _alone(album: Album, links: Links) -> AloneAnswer | None:
    if not album.alone:
        return None
    return AloneAnswer(
        size=len(album.alone),
        pictures=[links.picture(None, picture.number) for picture in pictures_of(album.alone)],
        montage=links.montage(None),
        zip=links.zip_of(None),
    )


def _face(face: NamedFace) -> FaceAnswer:
    return FaceAnswer(
        box=_box(face.box),
        name=face.name,
        either=list(face.either),
        probability=face.certainty,
        likeliest=[
            LikelyAnswer(name=one.name, probability=one.probability) for one in face.likeliest
        ],
    )


def _box(box: Box) -> BoxAnswer:
    return BoxAnswer(left=box.left, top=box.top, width=box.width, height=box.height)
