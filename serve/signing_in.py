"""Signing in: a page for people, Basic auth or a bearer token for programs; nobody else gets by."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.access import Keys, Sessions, Throttle, Visitor, is_from_here

COOKIE = "faceloop_session"
_SESSION_S = 12 * 3600
_LONGEST_FORM_BYTES = 4096
_MOST_FAILURES = 10
"""In a minute, from one address; then even the right password waits."""
_OPEN_HERE = "/health"
"""What a program on this machine may ask without a key: whether the app answers."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>faceloop: sign in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark;
  --paper: #f1f5f9; --card: #fff; --ink: #0f172a; --line: #94a3b8; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #0d141d; --card: #1e293b; --ink: #e8eef5; --line: #64748b; }}
}}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }}
form {{ width: min(22rem, calc(100vw - 2rem)); box-sizing: border-box; padding: 1.5rem;
  background: var(--card); border-radius: .75rem; }}
h1 {{ font-size: 1.4rem; margin: 0 0 1rem; }}
label {{ display: block; font-weight: 600; margin-bottom: .9rem; }}
input {{ display: block; width: 100%; box-sizing: border-box; font: inherit; color: inherit;
  background: transparent; padding: .5rem .6rem; border: 1px solid var(--line);
  border-radius: .4rem; margin-top: .2rem; }}
button {{ width: 100%; font: inherit; font-weight: 600; padding: .6rem; border: 0;
  border-radius: .4rem; color: #fff; background: #0f766e; cursor: pointer; }}
p {{ margin: 0 0 1rem; padding: .6rem .8rem; border-left: 4px solid #dc2626; }}
</style></head><body>
<form method="post" action="{action}"><h1>faceloop</h1>{message}
<label>Name<input name="username" autocomplete="username" autofocus required></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required>
</label><button>Sign in</button></form></body></html>
"""


class SignedInOnly:
    """Lets those by who are signed in; where no key is needed, everybody.

    It notes in each request who sent it (`serve.access.visitor_of`).
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        """Wrap this application."""
        self._app = app
        self._keys = keys
        self._sessions = Sessions()
        self._failures = Throttle(_MOST_FAILURES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or ask who is there."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        user = self._user(scope)
        scope["faceloop.visitor"] = Visitor(user, is_here=is_from_here(scope))
        if scope["type"] == "http" and self._keys.are_needed:
            answer = await self._own_answer(Request(scope, receive), user)
            if answer is not None:
                await answer(scope, receive, send)
                return
        elif user is None and self._keys.are_needed:
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _user(self, scope: Scope) -> str | None:
        """Who sent this, by a session or by what a program shows."""
        if not self._keys.are_needed:
            return None
        headers = Headers(scope=scope)
        who = _address(scope)
        if told := headers.get("authorization"):
            if self._failures.is_over(who):
                return None
            user = self._keys.user_by_header(told)
            if user is None:
                self._failures.note(who)
            return user
        shown = Request(scope).cookies.get(COOKIE) if scope["type"] == "http" else None
        return self._sessions.user_of(shown) if shown else None

    async def _own_answer(self, request: Request, user: str | None) -> Response | None:
        """What is answered before the application is asked; None where it may be."""
        path = request.url.path.rstrip("/").removeprefix(request.scope.get("root_path", ""))
        if path == "/login" and request.method == "POST":
            return await self._sign_in(request)
        if path == "/login" and request.method == "GET":
            return _page(request)
        if path == "/logout" and request.method == "POST":
            return self._sign_out(request)
        if user is not None:
            return None
        if path == _OPEN_HERE and is_from_here(request.scope):
            return None
        return self._refusal(request)

    async def _sign_in(self, request: Request) -> Response:
        who = _address(request.scope)
        if self._failures.is_over(who):
            told = "There were too many wrong passwords. Wait a minute, then try again."
            return _page(request, told, status_code=429)
        form = await _form(request)
        if not self._keys.knows(form.get("username", ""), form.get("password", "")):
            self._failures.note(who)
            return _page(request, "This name and password do not fit.", status_code=401)
        is_browser = "text/html" in request.headers.get("accept", "")
        home = request.scope.get("root_path", "") + "/"
        answer: Response = (
            RedirectResponse(home, status_code=303)
            if is_browser
            else JSONResponse({"success": True})
        )
        answer.set_cookie(
            COOKIE,
            self._sessions.begin(form["username"]),
            max_age=_SESSION_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    def _sign_out(self, request: Request) -> Response:
        if shown := request.cookies.get(COOKIE):
            self._sessions.end(shown)
        answer = RedirectResponse(request.scope.get("root_path", "") + "/login", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    def _refusal(self, request: Request) -> Response:
        """People are led to the page; programs are told what to show."""
        if self._failures.is_over(_address(request.scope)):
            told = "too many wrong passwords or tokens; wait a minute"
            return JSONResponse({"detail": told}, status_code=429, headers={"Retry-After": "60"})
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(request.scope.get("root_path", "") + "/login", status_code=303)
        if "sec-fetch-mode" in request.headers:
            # Asked for one, a browser has a password typed in a window of its own, over our page.
            told = "you are signed out; load the page again, and sign in"
            return JSONResponse({"detail": told}, status_code=401)
        asks = {"WWW-Authenticate": "Basic"}
        told = "sign in first: a name and password by Basic auth, or a bearer token"
        return JSONResponse({"detail": told}, status_code=401, headers=asks)


def _page(request: Request, told: str = "", *, status_code: int = 200) -> Response:
    message = f'<p role="alert">{escape(told)}</p>' if told else ""
    action = escape(request.scope.get("root_path", "") + "/login")
    return HTMLResponse(_PAGE.format(action=action, message=message), status_code=status_code)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a short form; of a long one nothing."""
    content = b""
    async for block in request.stream():
        content += block
        if len(content) > _LONGEST_FORM_BYTES:
            return {}
    told = parse_qs(content.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {name: values[0] for name, values in told.items()}


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
