"""The addresses of what the page shows of named pictures, and of faces shown as examples."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from faces.errors import AlbumGone
from faces.records import FaceId
from serve import wording
from serve.access import visitor_of
from serve.named_downloads import named_download
from serve.parts import Parts
from serve.rest_answers import Problem

_MINUTE = {"Cache-Control": "private, max-age=60"}


def naming_routes(parts: Parts) -> APIRouter:
    """The routes over these parts; the page alone asks them, so OpenAPI need not tell of them."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/named/{file_name}", responses={404: {"model": Problem}})
    def named(file_name: str, naming: str = "") -> Response:
        """A file of a picture that was named, under the links that the page has."""
        return named_download(parts.namings, naming, file_name)

    @routes.get("/example/{face}.jpg", responses={404: {"model": Problem}})
    def example(request: Request, face: str) -> Response:
        """A confirmed face, for whoever is at this machine or signed in."""
        if not visitor_of(request.scope).is_trusted:
            raise AlbumGone("there is no such face")
        content = parts.examples.content(FaceId(face))
        return Response(content, media_type="image/jpeg", headers=_MINUTE)

    @routes.get("/header")
    def header() -> HTMLResponse:
        """The page's first line as it is now."""
        told = wording.header(parts.namer.about())
        return HTMLResponse(told, headers={"Cache-Control": "no-store"})

    return routes
