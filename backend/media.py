"""The pictures of tasks, fetched from the configured Label Studio and buckets, and nowhere else.

No address out of a task is ever looked up: it is compared with what is configured, so neither a
private address nor a name that changes its address can be reached by it. No redirect is followed.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

import requests
from requests.auth import AuthBase

from backend.buckets import Buckets
from faces.errors import SetupError, StudioError, StudioUnreachable

LARGEST_BYTES = 64 << 20
_CONNECT_S = 3.0
_SILENCE_S = 10.0
"""Longest wait for the next bytes."""
_TOTAL_S = 30.0
_LONGEST_URL = 4096
_CHUNK_BYTES = 1 << 16
_ACCESS_LASTS_S = 240.0
"""Label Studio's access tokens last 300 seconds; ours are renewed before."""
_LOCAL_FILES = "/data/local-files/"
_UPLOADS = "/data/upload/"
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_WRONG_TOKEN = "Label Studio does not accept the token; check FACELOOP_STUDIO_API_KEY"  # noqa: S105  # a message


class Media:
    """Fetches pictures with one person's token, legacy or personal access.

    Only local files and uploads of the configured server are fetched, no redirect is followed, and
    the token is sent nowhere else.
    """

    def __init__(
        self,
        studio_url: str,
        api_key: str,
        *,
        buckets: Buckets | None = None,
        largest_bytes: int = LARGEST_BYTES,
        total_s: float = _TOTAL_S,
    ) -> None:
        """Prepare the session; nothing is sent before the first fetch.

        `buckets` are read directly, all else comes from Label Studio.

        Raises:
            SetupError: the address or the token cannot be used at all.
        """
        self._studio = _studio_at(studio_url)
        self._buckets = buckets or Buckets()
        self._largest_bytes = largest_bytes
        self._total_s = total_s
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor .netrc learns of token and pictures
        self._session.headers["Accept-Encoding"] = "identity"  # a picture is packed already
        self._auth = _auth_of(api_key.strip(), self._session, self._studio.url)

    def fetch(self, url: object) -> bytes:
        """The bytes of a picture, by the URL that stands in a task.

        Raises:
            StudioError: no such picture, none of this Label Studio's, too large, or no access.
            StudioUnreachable: no answer, or not in time.
        """
        if isinstance(url, str) and self._buckets.holds(url):
            return self._buckets.fetch(url, most_bytes=self._largest_bytes)
        address = self._studio.address_of(url)
        with _answering("the picture"):
            answer = self._get(address)
            if answer.status_code == requests.codes.unauthorized and self._auth.renew():
                answer.close()
                answer = self._get(address)
            with answer:
                _check_status(answer)
                return self._content(answer)

    def _get(self, address: str) -> requests.Response:
        return self._session.get(
            address,
            auth=self._auth,
            stream=True,
            allow_redirects=False,
            timeout=(_CONNECT_S, _SILENCE_S),
        )

    def _content(self, answer: requests.Response) -> bytes:
        """The body, as long as it is neither too large nor too slow."""
        until = time.monotonic() + self._total_s
        content = bytearray()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            content += chunk
            if len(content) > self._largest_bytes:
                raise StudioError(f"a picture is larger than {self._largest_bytes >> 20} MB")
            if time.monotonic() > until:
                raise StudioUnreachable(f"a picture took over {self._total_s:g} s; not waited for")
        return bytes(content)


@dataclass(frozen=True, slots=True)
class _Studio:
    """Where Label Studio is: its URL without a slash at the end, and the parts of it."""

    url: str
    origin: tuple[str, str | None, int | None]
    prefix: str

    def address_of(self, url: object) -> str:
        """The full address of a picture of this Label Studio.

        Raises:
            StudioError: it is none.
        """
        if not isinstance(url, str) or not url or _CONTROLS.search(url):
            raise StudioError("a task has no usable picture URL; its data needs an `image`")
        try:
            url = _percent_encoded(url)
            parts = urlsplit(url)
            elsewhere = bool(parts.scheme or parts.netloc) and _origin(url) != self.origin
            stays_below = _stays_below_root(parts.query)
        except ValueError:
            raise StudioError("a task's picture URL cannot be understood") from None
        path = parts.path.removeprefix(self.prefix)
        is_picture = _is_picture_path(path) and stays_below
        if elsewhere or len(url) > _LONGEST_URL or not is_picture:
            raise StudioError(
                "a task's picture lies outside this Label Studio's local files and uploads, and "
                "outside FACELOOP_MEDIA_BUCKETS; it is not fetched"
            )
        return f"{self.url}{path}" + (f"?{parts.query}" if parts.query else "")


def _percent_encoded(url: str) -> str:
    """An address as browsers send it: what is not ASCII as percent signs and UTF-8.

    Raises:
        ValueError: it holds half a character.
    """
    return "".join(sign if sign.isascii() else quote(sign) for sign in url)


def _studio_at(url: str) -> _Studio:
    plain = url.rstrip("/")
    try:
        parts, origin = urlsplit(plain), _origin(plain)
    except ValueError as error:
        raise SetupError(f"FACELOOP_STUDIO_URL cannot be understood: {error}") from error
    if "@" in parts.netloc:  # a password may stand there, so the address is not quoted
        raise SetupError("FACELOOP_STUDIO_URL is to hold neither a name nor a password")
    if origin[0] not in ("http", "https") or not origin[1] or parts.query:
        raise SetupError(f"FACELOOP_STUDIO_URL is to look like http://127.0.0.1:8080, not {plain}")
    return _Studio(plain, origin, parts.path)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _is_picture_path(path: str) -> bool:
    """Whether a path is one of local files or uploads, with no way out of them."""
    steps = unquote(path).replace("\\", "/").split("/")
    inside = path == _LOCAL_FILES or path.startswith(_UPLOADS)
    return inside and ".." not in steps and "." not in steps


def _stays_below_root(query: str) -> bool:
    """Label Studio looks at this as well, but with the rights of our token."""
    files = parse_qs(query, keep_blank_values=True, max_num_fields=8).get("d", [])
    return all(".." not in file.replace("\\", "/").split("/") for file in files)


class _Token(AuthBase):
    """A legacy token: sent as it is."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Token {self._key}"
        return request

    def renew(self) -> bool:
        """A legacy token cannot be renewed."""
        return False


class _PersonalAccess(AuthBase):
    """A personal access token: exchanged for an access token that lasts five minutes."""

    def __init__(self, key: str, session: requests.Session, studio_url: str) -> None:
        self._key = key
        self._session = session
        self._refresh_url = f"{studio_url}/api/token/refresh/"
        self._lock = threading.Lock()
        self._access = ""
        self._until = 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        with self._lock:
            if time.monotonic() >= self._until:
                self._access = self._exchanged()
                self._until = time.monotonic() + _ACCESS_LASTS_S
            request.headers["Authorization"] = f"Bearer {self._access}"
        return request

    def renew(self) -> bool:
        """Forget the access token, so that the next request exchanges anew."""
        with self._lock:
            self._until = 0.0
        return True

    def _exchanged(self) -> str:
        with _answering("a new access token"):
            answer = self._session.post(
                self._refresh_url,
                json={"refresh": self._key},
                allow_redirects=False,
                timeout=(_CONNECT_S, _SILENCE_S),
            )
            _check_status(answer)
            told = answer.json()
        access = told.get("access") if isinstance(told, dict) else None
        if not isinstance(access, str) or not _is_token(access):
            raise StudioError("Label Studio's answer holds no access token; check its address")
        return access


def _auth_of(key: str, session: requests.Session, studio_url: str) -> _Token | _PersonalAccess:
    """The kind of token by its looks: a personal access token is a JWT, three parts with dots."""
    if not _is_token(key or "-"):
        raise SetupError("FACELOOP_STUDIO_API_KEY holds characters that no token has; copy it anew")
    return _PersonalAccess(key, session, studio_url) if key.count(".") == 2 else _Token(key)


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _check_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status == requests.codes.ok:
        return
    if status in (requests.codes.unauthorized, requests.codes.forbidden):
        raise StudioError(f"{_WRONG_TOKEN} ({status})")
    if status == requests.codes.not_found:
        raise StudioError(
            "Label Studio has no such picture (404); a local file needs the project's storage"
        )
    if answer.is_redirect:
        raise StudioError(f"Label Studio sends a picture elsewhere ({status}); not followed")
    raise StudioError(f"Label Studio answered {status} for a picture")


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """Turn what requests raises into ours, without the addresses and headers in its messages."""
    try:
        yield
    except requests.JSONDecodeError:
        raise StudioError(
            f"Label Studio's answer to {what} is no JSON; check its address"
        ) from None
    except requests.RequestException as error:
        raise StudioUnreachable(
            f"Label Studio gave no answer to {what} ({type(error).__name__})"
        ) from None
