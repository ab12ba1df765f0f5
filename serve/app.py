"""The web application: the page at "/", and a word on its health."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import look
from serve.namer import Namer
from serve.page import build_page

LARGEST_UPLOAD = "64mb"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]", "[")
"""What a browser on this machine calls us; a page elsewhere that points its own name at this
machine is refused. Starlette cuts "[::1]:7860" at its first colon."""

_FROM_ELSEWHERE = ("/gradio_api/file=http", "/gradio_api/proxy=", "/file=http", "/proxy=")
_ONLY_FROM_HERE = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Gradio compiles its templates
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    )
)


def create_app(namer: Namer, *, uploads: Path) -> FastAPI:
    """The application over this namer, for visitors from this machine alone.

    No picture is read outside the folder `uploads`, which GRADIO_TEMP_DIR is to name when this is
    called: Gradio keeps them there.
    """
    app = FastAPI(title="faceloop", docs_url=None, redoc_url=None)

    @app.get("/health")
    def health() -> dict[str, str | int | None]:
        """Whether the app answers, and by which model version."""
        model = namer.about()
        return {
            "status": "ok",
            "model_version": model.version,
            "people": model.people,
            "problem": model.problem,
        }

    app.add_middleware(_StayHere)
    app.add_middleware(_OwnPagesOnly)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES))
    gr.mount_gradio_app(
        app,
        build_page(namer, uploads=uploads),
        path="/",
        theme=look.theme(),
        css=look.CSS,
        head=look.HEAD,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        root_path="",
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
    )
    return app


class _OwnPagesOnly:
    """Refuses what pages from elsewhere ask: they may neither post pictures nor use our answers.

    Browsers tell in the header Origin where the asking page is from. Gradio's route to files of
    other hosts is closed as well: we have no use for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap this application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or refuse."""
        if scope["type"] in ("http", "websocket") and _is_foreign(Headers(scope=scope)):
            refusal = PlainTextResponse("this page may not ask here", status_code=403)
            await refusal(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(_FROM_ELSEWHERE):
            await PlainTextResponse("not fetched", status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another host or port is asking."""
    host = headers.get("host", "")
    return headers.get("origin", f"http://{host}") not in (f"http://{host}", f"https://{host}")


class _StayHere:
    """Tells the browser to ask no other host for anything, whatever the page contains."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap this application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with our headers added."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _ONLY_FROM_HERE
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, send_with_headers)
