"""Files behind an address such as s3://bucket/photos/a.jpg, whatever fsspec reaches."""

from __future__ import annotations

import re
from typing import Any

from faces.errors import BadPhoto, SetupError

System = Any
"""What reads a kind of storage: fsspec's AbstractFileSystem, which comes without types."""
_PASSWORD = re.compile(r"://[^/]*:[^/]+@")


def system_of(root: str) -> tuple[System, str]:
    """What reads an address, and how it calls the root.

    Raises:
        SetupError: nothing that is installed reads such addresses, or a password stands in it.
    """
    import fsspec  # only for photos that do not lie in a folder

    if _PASSWORD.search(root):
        raise SetupError(
            f"{_PASSWORD.sub('://…@', root)} has a password in it, which would be stored; "
            "keep it in the settings of fsspec or of the storage"
        )
    try:
        found: tuple[System, str] = fsspec.url_to_fs(root)
    except ImportError as error:
        raise SetupError(f"{root} cannot be read yet: {error}") from error
    except (ValueError, TypeError, OSError) as error:
        raise SetupError(f"{root} cannot be read: {error}") from error
    return found


def content_below(root: str, path: str, *, most_bytes: int, shown: str) -> bytes:
    """A file below an address, up to a byte more than `most_bytes`; messages call it `shown`.

    Raises:
        BadPhoto: it cannot be read; each storage has errors of its own, so all of them count.
        SetupError: its root is an address that this machine cannot read at all.
    """
    system, top = system_of(root)
    try:
        with system.open(f"{top.rstrip('/')}/{path}", "rb") as opened:
            content: bytes = opened.read(most_bytes + 1)
    except Exception as error:
        raise BadPhoto(f"{shown} cannot be read: {first_line(error)}") from error
    return content


def first_line(error: Exception) -> str:
    """What an error of a storage says, or at least what kind it is."""
    return (str(error).splitlines() or [type(error).__name__])[0]
