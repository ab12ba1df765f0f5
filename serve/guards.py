"""What stands before the application: who may ask, from which page, how often, and how much."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.access import Throttle, is_from_here

LOOPBACK_NAMES = frozenset(("127.0.0.1", "localhost", "::1"))
"""What a browser on this machine calls us."""

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
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_OTHERS_BYTES = 16 << 20
"""How much is taken by addresses that no picture is sent to."""
_ENVELOPE_BYTES = 1 << 20
"""What a form has besides its pictures."""
_SENDING = frozenset(("POST", "PUT", "PATCH"))


@dataclass(frozen=True, slots=True)
class Hosts:
    """By which names the app may be called; another one is somebody's who points it at us.

    An address in numbers cannot be pointed elsewhere, so with `any_address` each is good.
    """

    names: frozenset[str]
    any_address: bool = False

    def know(self, header: str) -> bool:
        """Whether this is what a request's header Host may say."""
        name = _without_port(header).lower().rstrip(".")
        return name in self.names or (self.any_address and _is_address(name))


class KnownHostsOnly:
    """Refuses requests that call us by a name that is not ours (DNS rebinding)."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        """Wrap this application."""
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or refuse."""
        is_asked = scope["type"] in ("http", "websocket")
        if is_asked and not self._hosts.know(Headers(scope=scope).get("host", "")):
            told = "not by this name; FACELOOP_APP_HOSTS lists those by which this app is reached"
            await _refuse(scope, receive, send, PlainTextResponse(told, status_code=400))
        else:
            await self._app(scope, receive, send)


class OwnPagesOnly:
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
            await _refuse(scope, receive, send, refusal)
        elif scope["type"] == "http" and scope["path"].startswith(_FROM_ELSEWHERE):
            await PlainTextResponse("not fetched", status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class StayHere:
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
                # Without any, a browser would not tell from which page a form of ours comes either.
                headers["Referrer-Policy"] = "same-origin"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BoundedRequests:
    """Bounds what is sent to us before it is read: how much at once, how often, how many at once.

    How often counts for visitors from other machines alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: Mapping[str, int],
        most_at_once: Mapping[str, int],
        per_minute: int,
        per_minute_apart: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Wrap this application; the mappings are by the path that is asked.

        `most_bytes` are of pictures alone; the form around them may take a little more. What is
        counted apart takes nothing from what else a visitor may ask.
        """
        self._app = app
        self._most_bytes = most_bytes
        self._most_at_once = most_at_once
        self._throttle = Throttle(per_minute)
        self._apart = {path: Throttle(most) for path, most in per_minute_apart.items()}
        self._now: dict[str, int] = dict.fromkeys(most_at_once, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or refuse with one line."""
        if scope["type"] != "http" or scope["method"] not in _SENDING:
            await self._app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        most = self._most_bytes.get(path, _OTHERS_BYTES)
        refusal = self._refusal(scope, path, most)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if path in self._now:
            self._now[path] += 1
        try:
            await self._app(scope, _counted(receive, most), send)
        finally:
            if path in self._now:
                self._now[path] -= 1

    def _refusal(self, scope: Scope, path: str, most: int) -> JSONResponse | None:
        """Why a request is not taken, before anything of it is read."""
        if not is_from_here(scope):
            who = scope["client"][0] if scope.get("client") else ""
            throttle = self._apart.get(path, self._throttle)
            if throttle.is_over(who):
                return _later("too many requests; wait a minute", status_code=429, after_s=60)
            throttle.note(who)
        told = Headers(scope=scope).get("content-length", "")
        if told.isdecimal() and int(told) > most + _ENVELOPE_BYTES:
            return JSONResponse({"detail": _too_large(most)}, status_code=413)
        if self._now.get(path, 0) >= self._most_at_once.get(path, 1):
            return _later("too many are asking right now; try again in a few seconds")
        return None


def _counted(receive: Receive, most: int) -> Receive:
    """The same, until more comes than there may be."""
    come = 0

    async def receive_counted() -> Message:
        nonlocal come
        message = await receive()
        come += len(message.get("body", b""))
        if come > most + _ENVELOPE_BYTES:
            raise HTTPException(status_code=413, detail=_too_large(most))
        return message

    return receive_counted


def _too_large(most: int) -> str:
    return f"this is more than {most >> 20} MB, which is too much at once; send less"


def _later(told: str, *, status_code: int = 503, after_s: int = 5) -> JSONResponse:
    headers = {"Retry-After": str(after_s)}
    return JSONResponse({"detail": told}, status_code=status_code, headers=headers)


async def _refuse(scope: Scope, receive: Receive, send: Send, answer: PlainTextResponse) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    """Whether a page of another host or port is asking."""
    host = headers.get("host", "")
    return headers.get("origin", f"http://{host}") not in (f"http://{host}", f"https://{host}")


def hosts_for(listened: str, named: str, loopback: Collection[str] = LOOPBACK_NAMES) -> Hosts:
    """The hosts of an app that listens on this address and was given these names."""
    names = {one.strip().lower() for one in named.split(",")} - {""}
    is_open = _is_address(listened) and not ipaddress.ip_address(listened).is_loopback
    return Hosts(frozenset({*loopback, *names, listened.lower()} - {""}), any_address=is_open)


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
