"""Who may use the app: everybody on this machine, elsewhere who has a password or a token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from faces.errors import SetupError
from faces.settings import Settings

TOKEN_USER = "token"  # noqa: S105  # what a program is called, not what it shows
"""Under which name programs come that show the token."""
_SESSION_S = 12 * 3600.0
_MOST_SESSIONS = 10_000
_FORWARDED = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip"))


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `user` is None where nobody has to sign in; `is_here` is from this machine."""

    user: str | None
    is_here: bool

    @property
    def is_trusted(self) -> bool:
        """Whether this is somebody who signed in, or is at this machine."""
        return self.is_here or self.user is not None


def visitor_of(scope: Mapping[str, Any]) -> Visitor:
    """Who sent a request, by its ASGI scope; whoever was not looked at is a stranger."""
    told = scope.get("faceloop.visitor")
    return told if isinstance(told, Visitor) else Visitor(None, is_here=False)


def is_from_here(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes from this machine, and is not one that was passed on by it.

    From this machine is also what comes from the very address that it asks.
    """
    client, asked = scope.get("client"), scope.get("server")
    passed_on = any(name.lower() in _FORWARDED for name, _ in scope.get("headers", ()))
    if client is None or passed_on:
        return False
    return is_loopback(client[0]) or (asked is not None and client[0] == asked[0])


def is_loopback(host: str) -> bool:
    """Whether an address or a name is of this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Keys:
    """The passwords by user, and the token of programs; both may be missing."""

    passwords: Mapping[str, str]
    token: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """What the settings say.

        Raises:
            SetupError: they cannot be read.
        """
        told = settings.app_users.get_secret_value()
        passwords: dict[str, str] = {}
        for pair in filter(None, (one.strip() for one in told.split(","))):
            name, separator, password = pair.partition(":")
            if not (separator and name and password) or name in passwords:
                raise SetupError(
                    "FACELOOP_APP_USERS cannot be used: it is name:password, with commas between "
                    "several, and each name stands in it once"
                )
            passwords[name] = password
        return cls(passwords, settings.app_token.get_secret_value())

    @property
    def are_needed(self) -> bool:
        """Whether anybody has to show one."""
        return bool(self.passwords or self.token)

    def knows(self, name: str, password: str) -> bool:
        """Whether this is a user with the right password; takes as long whatever is wrong."""
        found = [
            _same(name, user) & _same(password, expected)
            for user, expected in self.passwords.items()
        ]
        return any(found)

    def user_by_header(self, header: str) -> str | None:
        """Whom an Authorization header speaks for: Basic with a password, or Bearer."""
        kind, _, told = header.strip().partition(" ")
        if kind.lower() == "bearer":
            return TOKEN_USER if self.token and _same(told.strip(), self.token) else None
        if kind.lower() != "basic":
            return None
        try:
            decoded = base64.b64decode(told.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        name, _, password = decoded.partition(":")
        return name if self.knows(name, password) else None


class Sessions:
    """Who is signed in, by what the browser shows; safe to share between threads."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        """Nobody yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._users: dict[str, tuple[str, float]] = {}

    def begin(self, user: str) -> str:
        """Sign somebody in; what the browser is to show from now on."""
        shown = secrets.token_urlsafe(32)
        with self._lock:
            now = self._clock()
            left = {one: who for one, who in self._users.items() if who[1] > now}
            for oldest in list(left)[: max(0, len(left) - _MOST_SESSIONS + 1)]:
                del left[oldest]
            self._users = {**left, _digest(shown).hex(): (user, now + _SESSION_S)}
        return shown

    def user_of(self, shown: str) -> str | None:
        """Who shows this; None if it is over, or never was."""
        with self._lock:
            user, until = self._users.get(_digest(shown).hex(), ("", 0.0))
            return user if until > self._clock() else None

    def end(self, shown: str) -> None:
        """Sign out."""
        with self._lock:
            self._users.pop(_digest(shown).hex(), None)


class Throttle:
    """Counts what each visitor does, and says when it is too often; safe to share."""

    def __init__(
        self, most: int, *, per_s: float = 60.0, clock: Callable[[], float] = monotonic
    ) -> None:
        """So many times in so many seconds."""
        self._most = most
        self._per_s = per_s
        self._clock = clock
        self._lock = threading.Lock()
        self._window = 0.0
        self._counts: dict[str, int] = {}

    def is_over(self, who: str) -> bool:
        """Whether this visitor has done it often enough for now."""
        with self._lock:
            self._renew()
            return self._counts.get(who, 0) >= self._most

    def note(self, who: str) -> None:
        """This visitor did it once more."""
        with self._lock:
            self._renew()
            self._counts[who] = self._counts.get(who, 0) + 1

    def _renew(self) -> None:
        now = self._clock()
        if now - self._window >= self._per_s:
            self._window = now
            self._counts.clear()


def _same(told: str, expected: str) -> bool:
    """Whether both are the same, in the same time wherever the difference lies."""
    return hmac.compare_digest(_digest(told), _digest(expected))


def _digest(told: str) -> bytes:
    return hashlib.sha256(told.encode("utf-8", errors="surrogatepass")).digest()
