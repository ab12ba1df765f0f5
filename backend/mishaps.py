"""What a log tells of a fault: its kind and its place, and nothing that passed by there.

A traceback would go on for pages, and the message of an exception may quote a request: a token, a
name, the address of somebody's photo.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import PurePath

_OURS = ("backend/", "faces/", "store/")
"""How places in our own code begin."""


def fault_of(error: BaseException) -> str:
    """The kind of an exception and where it was raised, as in `KeyError at backend/app.py:7`.

    If that was in a library, the last place in our own code is told as well.
    """
    places = [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    ours = [place for place in places if place.startswith(_OURS)]
    told = dict.fromkeys([*places[-1:], *ours[-1:]])
    return f"{type(error).__name__} at {', called at '.join(told) or 'an unknown place'}"


def keep_requests_out(record: logging.LogRecord) -> bool:
    """Take what gunicorn quotes of a request out of its log; a filter that lets everything pass.

    Of a request that is none, it quotes lines, in which a secret may stand; of one that failed, the
    address and a traceback.
    """
    if record.getMessage().startswith("Invalid request"):
        record.msg, record.args = "what is no request was refused", ()
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        record.msg, record.args = "a request failed in the server: %s", (fault_of(error),)
        record.exc_info = None
    return True
