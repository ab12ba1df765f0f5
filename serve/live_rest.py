"""The REST endpoint for a camera: one frame after the other, each with the names of its faces."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from serve.access import visitor_of
from serve.following import Followed
from serve.live import Live, NamedFrame
from serve.rest_answers import BoxAnswer, Problem

LIVE = "/live"
AT_ONCE = 16
"""So many frames are taken at the same time; most of them wait for a moment or are dropped."""
PER_MINUTE = 900
"""So many frames one visitor may send: more than the page does, and none of the other requests."""


class LiveFace(BaseModel):
    """A face of a frame: `name` is null where it is unknown; `probability` is that this is right.

    `either` are people who are often taken for each other, where it is one of them. Where many
    faces are new some have to wait for the next frame: their `probability` is null.
    """

    number: int = Field(description="The face's own, from frame to frame")
    box: BoxAnswer
    name: str | None
    either: list[str]
    probability: float | None


class LiveAnswer(BaseModel):
    """The faces of a frame from left to right."""

    model_config = {"protected_namespaces": ()}

    stream: str = Field(description="To be sent with the next frame, so that its faces are known")
    model_version: str | None = Field(description="Which one answered; null before the first")
    width: int
    height: int
    wait_ms: int = Field(description="When the next frame is worth sending")
    faces: list[LiveFace]


def live_routes(live: Live) -> APIRouter:
    """The route over these cameras."""
    routes = APIRouter()
    limiter = anyio.CapacityLimiter(AT_ONCE)
    image = {"schema": {"type": "string", "format": "binary"}}
    body = {"required": True, "content": {"image/jpeg": image}}

    @routes.post(
        LIVE,
        response_model=LiveAnswer,
        responses={code: {"model": Problem} for code in (401, 413, 422, 429, 503)},
        openapi_extra={"requestBody": body},
    )
    async def name_frame(request: Request, stream: str | None = None) -> Any:
        """Name the faces of a camera's frame, which is the body of the request.

        Send the next frame after the answer, with its `stream`: faces that stand still are not
        encoded again. Nothing is kept of a frame but boxes and names, for a few seconds.
        """
        frame = await request.body()
        name = partial(live.name, frame, stream=stream, visitor=_visitor(request))
        return live_answer(await anyio.to_thread.run_sync(name, limiter=limiter))

    return routes


def live_answer(frame: NamedFrame) -> LiveAnswer:
    """A frame's faces with names and boxes."""
    return LiveAnswer(
        stream=frame.stream,
        model_version=frame.version,
        width=frame.width_px,
        height=frame.height_px,
        wait_ms=round(1000 * frame.pause_s),
        faces=[_face(one) for one in frame.faces],
    )


def _face(one: Followed) -> LiveFace:
    box = BoxAnswer(left=one.box.left, top=one.box.top, width=one.box.width, height=one.box.height)
    if one.asked is None:
        return LiveFace(number=one.number, box=box, name=None, either=[], probability=None)
    face = one.asked.face
    return LiveFace(
        number=one.number,
        box=box,
        name=face.name,
        either=list(face.either),
        probability=face.certainty,
    )


def _visitor(request: Request) -> str:
    """Whose frame it is, as far as that can be told: a user, or else an address."""
    user = visitor_of(request.scope).user
    host = request.client.host if request.client else ""
    return f"user {user}" if user is not None else f"address {host}"
