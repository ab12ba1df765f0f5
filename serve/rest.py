"""The REST endpoints: albums of uploaded pictures, and the names of the faces in one."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from faces.errors import AlbumGone, BadName, BadPhoto, BadRequest, Busy, FaceloopError, TooMuch
from serve.access import visitor_of
from serve.album import Given
from serve.albums import Albums
from serve.answers import NamedPicture
from serve.downloads import download_of
from serve.file_names import last_part
from serve.namer import Namer
from serve.rest_answers import AlbumAnswer, Identified, Problem, album_answer, identified
from serve.uploading import receive

_NAMED_AT_ONCE = 4
"""So many pictures are in memory to be named; the others wait on the disk."""
UPLOAD, IDENTIFY = "/upload-images", "/identify"
AT_ONCE = {UPLOAD: 16, IDENTIFY: 64}
"""So many requests of each kind are taken at the same time."""
_STATUS: dict[type[FaceloopError], int] = {
    AlbumGone: 404,
    BadRequest: 400,
    BadPhoto: 422,
    BadName: 422,
    Busy: 503,
    TooMuch: 413,
}
_AWAY = "this does not work at the moment; try again later"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILES = {"content": {"application/zip": _BINARY, "image/jpeg": _BINARY}}


_logger = logging.getLogger(__name__)


def rest_routes(namer: Namer, albums: Albums) -> APIRouter:
    """The routes over this namer and these albums."""
    routes = APIRouter()
    _add_upload(routes, albums)
    _add_identify(routes, namer, albums)
    _add_download(routes, albums)
    return routes


def _add_upload(routes: APIRouter, albums: Albums) -> None:
    limiter = anyio.CapacityLimiter(AT_ONCE[UPLOAD])

    @routes.post(
        f"{UPLOAD}/",
        response_model=AlbumAnswer,
        responses=_problems(400, 401, 413, 429, 503),
        openapi_extra=_form("files", "The pictures", several=True),
    )
    async def upload_images(request: Request) -> Any:
        """Group the faces in pictures by person: how many there are, and where their ZIPs are.

        Broken files are refused with their reason, and the others are grouped. What is sent is
        kept for a set time, and found by the links alone.
        """
        with albums.incoming() as folder:
            given = await receive(request, folder, field="files", limits=albums.limits)
            if not given:
                raise BadRequest("there is no picture in the field files")
            make = partial(albums.make, given, here=visitor_of(request.scope).is_here)
            album = await anyio.to_thread.run_sync(make, limiter=limiter)
        return album_answer(album, request.scope.get("root_path", ""))


def _add_identify(routes: APIRouter, namer: Namer, albums: Albums) -> None:
    limiter = anyio.CapacityLimiter(_NAMED_AT_ONCE)

    @routes.post(
        IDENTIFY,
        response_model=Identified,
        responses=_problems(400, 401, 413, 422, 429, 503),
        openapi_extra=_form("file", "The picture", several=False),
    )
    async def identify(request: Request) -> Any:
        """Name the faces in a picture, each with the people whom it is likeliest to be."""
        with albums.incoming() as folder:
            given = await receive(request, folder, field="file", limits=albums.limits)
            if len(given) != 1:
                raise BadRequest("send one picture in the field file")
            name = partial(_named, namer, albums, given[0])
            picture = await anyio.to_thread.run_sync(name, limiter=limiter)
        return identified(picture)


def _add_download(routes: APIRouter, albums: Albums) -> None:
    @routes.get(
        "/download/{file_name}",
        response_class=Response,
        responses={200: _FILES, **_problems(401, 404)},
    )
    def download(request: Request, file_name: str, album: str | None = None) -> Response:
        """A file of an album, under the links that its upload answered with.

        Without an album it is that of the last upload, on this machine alone.
        """
        if album is None:
            if not visitor_of(request.scope).is_here:
                raise AlbumGone("there is no such file; the answer to an upload has the links")
            album = albums.latest_here()
        return download_of(albums, album, file_name)


def answer_gone(_request: Request, _problem: Exception) -> Response:
    """Nobody is there any more to read it: the visitor left while sending."""
    return Response(status_code=400)


def answer_problem(request: Request, problem: Exception) -> JSONResponse:
    """What went wrong as one line of JSON.

    What is wrong with this machine may name its folders: strangers are not told.
    """
    status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), None)
    if status is not None or visitor_of(request.scope).is_trusted:
        return JSONResponse({"detail": str(problem)}, status_code=status or 503)
    _logger.error("a visitor could not be answered: %s", problem)
    return JSONResponse({"detail": _AWAY}, status_code=503)


def answer_unfit(_request: Request, problem: Exception) -> JSONResponse:
    """What does not fit in a request as one line of JSON, which quotes nothing of it.

    What was sent may be what JSON cannot say: half a character, or no number.
    """
    told = problem.errors() if isinstance(problem, RequestValidationError) else []
    places = [".".join(map(str, one["loc"][1:])) for one in told]
    lines = [
        f"{place}: {one['msg']}" if place else one["msg"]
        for place, one in zip(places, told, strict=True)
    ]
    detail = f"this request cannot be understood: {'; '.join(lines)}"
    return JSONResponse({"detail": detail}, status_code=422)


def _named(namer: Namer, albums: Albums, given: Given) -> NamedPicture:
    """A picture with names.

    Raises:
        BadPhoto: it is none, or larger than it may be.
    """
    content = given.path.read_bytes()
    albums.limits.refuse(content, called=last_part(given.called))
    return namer.name_all(content, called=last_part(given.called))


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Problem} for status in statuses}


def _form(field: str, about: str, *, several: bool) -> dict[str, Any]:
    """A multipart form with files in one field, as OpenAPI describes it.

    Ours is read while it comes in, so FastAPI cannot tell by itself.
    """
    file = {"type": "string", "format": "binary"}
    shape = {"type": "array", "items": file, "minItems": 1} if several else file
    form = {
        "type": "object",
        "properties": {field: {**shape, "description": about}},
        "required": [field],
    }
    content = {"multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}
