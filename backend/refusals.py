"""What is no request is refused as all else is: by a line of JSON that quotes nothing of it."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.util import write_nonblock  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from backend.mishaps import fault_of

_OUR_FAULTS = (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
_STATUS: dict[type[Exception], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
"""All else that gunicorn cannot read as a request is a bad one."""
_logger = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn comes without types
    """gunicorn's threads, whose own answers are pages of HTML otherwise."""

    def handle_error(self, _request: object, client: Any, _addr: object, error: Exception) -> None:
        """Answer what never came to the application, or failed on its way back from there."""
        status = status_of(error)
        if status is HTTPStatus.INTERNAL_SERVER_ERROR:
            _logger.error("a request failed in the server: %s", fault_of(error))
        else:
            _logger.warning("what is no request was refused")
        try:
            write_nonblock(client, answer_of(status))
        except OSError:
            _logger.debug("whoever sent it is gone")


def status_of(error: Exception) -> HTTPStatus:
    """What a fault of gunicorn's says of the request."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _OUR_FAULTS):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)


def answer_of(status: HTTPStatus) -> bytes:
    """A whole answer, after which nothing more comes."""
    body = json.dumps({"error": status.phrase, "detail": status.description}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", "")).encode() + body
