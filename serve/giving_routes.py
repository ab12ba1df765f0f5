"""The REST endpoints by which visitors give to the project: albums, and names for faces."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from faces.confirmations import Verdict
from faces.errors import AlbumGone
from faces.records import FaceId
from serve.access import visitor_of
from serve.given_to_project import SeenPicture
from serve.giving import Giving, Said
from serve.giving_wording import told_of_correction, told_of_sending, told_of_taking_back
from serve.namings import OpenNaming
from serve.parts import Parts
from serve.rest_answers import Problem

_MOST_CHARACTERS = 400
"""Of an id or a name: what is longer is none."""


class SentAnswer(BaseModel):
    """What became of an album that was sent to Label Studio."""

    added: int = Field(description="How many pictures are in the project only now")
    known: int = Field(description="How many were in it before, and are not doubled")
    says: str
    studio: str | None = Field(description="Where Label Studio shows them, if that is known")


class Correction(BaseModel):
    """Who a face is that was named here, or who it is not."""

    naming: str = Field(max_length=_MOST_CHARACTERS, description="The id of what was named")
    picture: int = Field(ge=1, le=1_000_000, description="Its number there, from 1")
    face: int = Field(ge=1, le=1_000_000, description="Its number from the left, from 1")
    verdict: Literal["is", "is not", "not a face"] = "is"
    name: str = Field(default="", max_length=_MOST_CHARACTERS)


class CorrectionAnswer(BaseModel):
    """What became of a correction."""

    counts: bool = Field(description="Whether it is a confirmation; otherwise annotators decide")
    take_back: str | None = Field(description="The id that takes it back; null if nothing was said")
    says: str
    studio: str | None = Field(description="Where Label Studio shows the picture, if known")


class TakeBack(BaseModel):
    """What is to be taken back."""

    id: str = Field(max_length=_MOST_CHARACTERS)


class TakenBack(BaseModel):
    """It is taken back."""

    says: str


def giving_routes(parts: Parts, giving: Giving) -> APIRouter:
    """The routes over these parts."""
    routes = APIRouter()
    _add_sending(routes, parts, giving)
    _add_correcting(routes, parts, giving)
    _add_people(routes, giving)
    return routes


def _add_sending(routes: APIRouter, parts: Parts, giving: Giving) -> None:
    @routes.post(
        "/albums/{album}/send",
        response_model=SentAnswer,
        responses=_problems(401, 404, 429, 503),
    )
    def send(request: Request, album: str) -> SentAnswer:
        """Copy all pictures of an album into the project, and have Label Studio show them.

        They stay there. For whoever is at this machine or signed in.
        """
        with parts.albums.open(album) as opened:
            sent = giving.send(opened, visitor_of(request.scope))
        says = told_of_sending(sent)
        return SentAnswer(added=sent.added, known=sent.known, says=says, studio=sent.way.address)


def _add_correcting(routes: APIRouter, parts: Parts, giving: Giving) -> None:
    @routes.post(
        "/correct",
        response_model=CorrectionAnswer,
        responses=_problems(400, 401, 404, 422, 429, 503),
    )
    def correct(request: Request, correction: Correction) -> CorrectionAnswer:
        """Say who a face is, or is not, that was named on the page.

        Of whoever signed in it is a confirmation, of all others a suggestion for annotators. The
        picture becomes part of the project.
        """
        said = Said(Verdict(correction.verdict), correction.name)
        with parts.namings.open(correction.naming) as opened:
            seen, face = _face_in(opened, correction)
            done = giving.correct(seen, face, said, visitor_of(request.scope))
        return CorrectionAnswer(
            counts=done.counts,
            take_back=done.id or None,
            says=told_of_correction(said, done),
            studio=done.way.address,
        )

    @routes.post(
        "/take-back",
        response_model=TakenBack,
        responses=_problems(400, 401, 404, 422, 429, 503),
    )
    def take_back(request: Request, what: TakeBack) -> TakenBack:
        """Take back what was said by the id that the answer to it had."""
        giving.take_back(what.id, visitor_of(request.scope))
        return TakenBack(says=told_of_taking_back())


def _add_people(routes: APIRouter, giving: Giving) -> None:
    @routes.get("/people", responses=_problems(401, 404))
    def people(request: Request) -> list[str]:
        """Everybody's names, for whoever is at this machine or signed in."""
        if not visitor_of(request.scope).is_trusted:
            raise AlbumGone("there is no such list")
        return giving.names()


def _face_in(opened: OpenNaming, correction: Correction) -> tuple[SeenPicture, FaceId]:
    """The picture and the face that a correction is about.

    Raises:
        AlbumGone: there is none.
    """
    picture = opened.naming.picture(correction.picture)
    if picture is not None and correction.face <= len(picture.faces):
        face = picture.faces[correction.face - 1].id
        if face is not None:
            content = opened.files.picture(picture.number)
            return SeenPicture(picture.name, content, picture.read), face
    raise AlbumGone("there is no such face in this picture")


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in statuses}
