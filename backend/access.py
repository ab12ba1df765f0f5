"""Who may call the backend: Label Studio with Basic auth, its webhook with a secret header."""

from __future__ import annotations

import hashlib
import hmac

from werkzeug.wrappers import Request

USER = "faceloop"
HEADER = "X-Faceloop-Secret"


def is_allowed(request: Request, secret: str) -> bool:
    """Whether a request shows the secret; an empty secret asks for none.

    Anything malformed is a no. Comparing takes the same time wherever the difference lies.
    """
    if not secret:
        return True
    header = request.headers.get(HEADER)
    if header is not None and _same(header, secret):
        return True
    told = request.authorization
    if told is None or told.type != "basic":
        return False
    user, password = told.get("username"), told.get("password")
    return (
        isinstance(user, str)
        and isinstance(password, str)
        and all([_same(user, USER), _same(password, secret)])
    )


def _same(told: str, expected: str) -> bool:
    """Compare digests, which are of one length: comparing tells nothing of the secret's either."""
    return hmac.compare_digest(_digest(told), _digest(expected))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).digest()
