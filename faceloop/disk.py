"""A disk without room: whatever was being written, one line says so."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from faces.errors import SetupError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def told_if_full() -> Iterator[None]:
    """Any file may be the one for which there is no room, so this is told for all of them here.

    Raises:
        SetupError: there was no room for a file.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        what = f" for {error.filename}" if error.filename else ""
        raise SetupError(
            f"there is no room on the disk{what} ({error.strerror}); make room and run this again: "
            "what was kept before is still there"
        ) from error
