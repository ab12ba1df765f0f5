"""One connection with a Label Studio server: requests, and its refusals as one line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from label_studio_sdk import LabelStudio
from label_studio_sdk.core import ApiError, RequestOptions

from faces.errors import StudioError, StudioUnreachable

ONCE: RequestOptions = {"max_retries": 0, "timeout_in_seconds": 300}
"""For what must not be sent twice: Label Studio has no idempotency."""


_PATIENCE_S = 60
_ONE_EACH = {"Connection": "close"}
"""Label Studio's server writes the head and the body of an answer in two pieces. On a connection
that is kept the second waits until the first is acknowledged, 40 ms later, as Nagle's algorithm
(RFC 896) and delayed acknowledgements (RFC 1122, 4.2.3.2) have it; not so on one that is closed.
"""
_ASIDE = "; does something else answer in its place?"


def _headers(url: str) -> dict[str, str]:
    """A new connection for each request, unless it has to be encrypted, which costs more."""
    return {} if url.startswith("https:") else _ONE_EACH


class StudioConnection:
    """One Label Studio server, seen with one person's token (legacy or personal access)."""

    def __init__(self, url: str, api_key: str, *, httpx_client: httpx.Client | None = None) -> None:
        """Prepare the client; nothing is sent before the first call.

        Raises:
            StudioError: the token has expired, as it tells itself.
        """
        self.url = url.rstrip("/")
        self._http = httpx_client or httpx.Client(
            timeout=_PATIENCE_S, follow_redirects=True, headers=_headers(self.url)
        )
        with self._answering("take the token"):
            self._client = LabelStudio(
                base_url=self.url, api_key=api_key, httpx_client=self._http, timeout=_PATIENCE_S
            )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> Any:
        """One request through the SDK's client; None for an empty answer."""
        answer = self._answer(method, path, body, params=params, files=files)
        what = f"{method} {path}"
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Gone(f"Label Studio at {self.url} has no {path}")
        if answer.is_error:
            raise StudioError(self._refusal(what, answer.status_code, answer.text))
        if not answer.content:
            return None
        try:
            return answer.json(object_hook=lambda told: _Told(told, f"{self.url} answered {what}"))
        except json.JSONDecodeError as error:
            raise StudioError(f"Label Studio at {self.url} answered {what} with no JSON") from error

    def _rows(self, path: str, params: Mapping[str, Any]) -> list[Any]:
        """What stands at a path as a list.

        Raises:
            StudioError: it is none.
        """
        found = self._json("GET", path, params=params)
        if not isinstance(found, list):
            raise StudioError(
                f"Label Studio at {self.url} answered GET {path} with no list{_ASIDE}"
            )
        return found

    def _object(self, path: str) -> Mapping[str, Any]:
        """What stands at a path as an object.

        Raises:
            StudioError: it is none.
        """
        found = self._json("GET", path)
        if not isinstance(found, dict):
            raise StudioError(
                f"Label Studio at {self.url} answered GET {path} with no object{_ASIDE}"
            )
        return found

    def _answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """One request through the SDK's client, whatever the answer."""
        with self._answering(f"{method} {path}"):
            return self._client._client_wrapper.httpx_client.request(
                path,
                method=method,
                json=body,
                params=dict(params) if params else None,
                files=dict(files) if files else None,
                request_options={} if method == "GET" else ONCE,
            )

    @contextmanager
    def _answering(self, what: str) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise StudioUnreachable(
                f"no answer from Label Studio at {self.url} ({error}); is it running?"
            ) from error
        except ApiError as error:
            body = error.body if isinstance(error.body, str) else json.dumps(error.body)
            raise StudioError(self._refusal(what, error.status_code, body)) from error

    def _refusal(self, what: str, status: int | None, body: str) -> str:
        remedy = {
            401: "; give a token that is valid: --api-key or FACELOOP_STUDIO_API_KEY",
            403: "; the token's owner may not do this, or a network rule forbids it",
        }.get(status or 0, "")
        return f"Label Studio at {self.url} refused to {what} ({status}){remedy}: {_told(body)}"


class _Told(dict[str, Any]):
    """An object of an answer; what it lacks is said in one line, whoever looks for it."""

    def __init__(self, told: Mapping[str, Any], answer: str) -> None:
        super().__init__(told)
        self._answer = answer

    def __missing__(self, key: str) -> Any:
        raise _Missing(f"Label Studio at {self._answer} without {key!r}{_ASIDE}")


class _Missing(StudioError, KeyError):
    """An answer has not what it should have."""

    __str__ = Exception.__str__


class Gone(StudioError):
    """What was asked for does not exist in Label Studio."""


def _told(body: str) -> str:
    """What a refusal says, on one line."""
    try:
        answer = json.loads(body)
        parts = [answer["detail"], answer.get("validation_errors")]
    except (ValueError, KeyError, TypeError):
        parts = [body]
    texts = [part if isinstance(part, str) else json.dumps(part) for part in parts if part]
    return " ".join(" ".join(texts).split())[:500]
