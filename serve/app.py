"""The web application: the page at "/", the REST endpoints beside it, and a word on its health."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect

from faces.errors import FaceloopError
from serve import giving_script, live_rest, look, look_named, page_script, rest
from serve.access import Keys
from serve.giving_routes import giving_routes
from serve.guards import (
    LOOPBACK_NAMES,
    BoundedRequests,
    Hosts,
    KnownHostsOnly,
    OwnPagesOnly,
    StayHere,
)
from serve.limits import Limits
from serve.live import MOST_FRAME_BYTES
from serve.naming_routes import naming_routes
from serve.page import build_page
from serve.parts import Parts
from serve.signing_in import SignedInOnly

_GRADIO_UPLOAD = "/gradio_api/upload"


@dataclass(frozen=True)
class Visits:
    """Who may visit the app, by which names, and how often."""

    hosts: Hosts = field(default_factory=lambda: Hosts(LOOPBACK_NAMES))
    keys: Keys = field(default_factory=lambda: Keys({}))
    per_minute: int = 600


def create_app(parts: Parts, *, uploads: Path, visits: Visits) -> FastAPI:
    """The application over these parts.

    No picture is read outside the folder `uploads`, which GRADIO_TEMP_DIR is to name when this is
    called: Gradio keeps them there.
    """
    app = FastAPI(title="faceloop", docs_url=None, redoc_url=None)

    @app.get("/health")
    def health() -> dict[str, str | int | None]:
        """Whether the app answers, and by which model version."""
        model = parts.namer.about()
        return {
            "status": "ok",
            "model_version": model.version,
            "people": model.people,
            "problem": model.problem,
        }

    app.include_router(rest.rest_routes(parts.namer, parts.albums))
    app.include_router(naming_routes(parts))
    app.include_router(live_rest.live_routes(parts.live))
    if parts.giving is not None:
        app.include_router(giving_routes(parts, parts.giving))
    app.add_exception_handler(FaceloopError, rest.answer_problem)
    app.add_exception_handler(RequestValidationError, rest.answer_unfit)
    app.add_exception_handler(ClientDisconnect, rest.answer_gone)
    _guard(app, visits, parts.albums.limits)
    gr.mount_gradio_app(
        app,
        build_page(parts, uploads=uploads),
        path="/",
        theme=look.theme(),
        css=look.CSS + look_named.CSS + giving_script.CSS,
        head=look.HEAD + page_script.SCRIPT + giving_script.SCRIPT,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=parts.albums.limits.picture_bytes,
        root_path="",
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
    )
    return app


def _guard(app: FastAPI, visits: Visits, limits: Limits) -> None:
    """Set what stands before the application; the last one set is asked first."""
    app.add_middleware(
        BoundedRequests,
        most_bytes={
            rest.UPLOAD: limits.album_bytes,
            rest.IDENTIFY: limits.picture_bytes,
            _GRADIO_UPLOAD: limits.album_bytes,
            live_rest.LIVE: MOST_FRAME_BYTES,
        },
        most_at_once={**rest.AT_ONCE, live_rest.LIVE: live_rest.AT_ONCE},
        per_minute=visits.per_minute,
        per_minute_apart={live_rest.LIVE: live_rest.PER_MINUTE},
    )
    app.add_middleware(SignedInOnly, keys=visits.keys)
    app.add_middleware(StayHere)
    app.add_middleware(OwnPagesOnly)
    app.add_middleware(KnownHostsOnly, hosts=visits.hosts)
