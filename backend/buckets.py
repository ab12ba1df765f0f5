"""Pictures in buckets that the owner has named, read through fsspec; no others are asked for.

A task may name any address, so what is compared is its beginning as it is written, and it may not
lead back out. Web servers and folders are no buckets: an address of theirs can lead anywhere.
"""

from __future__ import annotations

from faces.addresses import content_below
from faces.errors import BadPhoto, SetupError, StudioError

SCHEMES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss"})
"""Storages whose addresses name a bucket, while the machines they are on stand in our settings."""
_SETTING = "FACELOOP_MEDIA_BUCKETS"


class Buckets:
    """Some prefixes of addresses, such as s3://photos/2019/."""

    def __init__(self, prefixes: str = "") -> None:
        """Allow these prefixes, with commas between them; empty: none.

        Raises:
            SetupError: one is no prefix of a bucket.
        """
        given = filter(None, (part.strip() for part in prefixes.split(",")))
        self._roots = tuple(_root(prefix) for prefix in given)

    def holds(self, url: object) -> bool:
        """Whether an address lies below one of the prefixes, with no way out of it."""
        return isinstance(url, str) and self._root_of(url) is not None

    def fetch(self, url: str, *, most_bytes: int) -> bytes:
        """What lies at an address that one of them holds.

        Raises:
            StudioError: nothing, too large, or the storage does not give it or is unknown here.
        """
        root = self._root_of(url)
        if root is None:
            raise StudioError(f"a task's picture lies in no bucket of {_SETTING}")
        try:
            content = content_below(root, url[len(root) :], most_bytes=most_bytes, shown="it")
        except BadPhoto as error:
            why = type(error.__cause__).__name__
            raise StudioError(f"a bucket does not give the picture of a task ({why})") from None
        except SetupError as error:
            raise StudioError(f"{_SETTING}: {error}") from None
        if len(content) > most_bytes:
            raise StudioError(f"a picture is larger than {most_bytes >> 20} MB")
        return content

    def _root_of(self, url: str) -> str | None:
        for root in self._roots:
            if url.startswith(root) and _stays_inside(url[len(root) :]):
                return root
        return None


def _root(prefix: str) -> str:
    """A prefix that ends with its folder: s3://photos is not to let s3://photos-of-others in."""
    scheme, _, place = prefix.partition("://")
    bucket = place.partition("/")[0]
    known = ", ".join(sorted(SCHEMES))
    if scheme not in SCHEMES or not bucket or "::" in prefix or not _stays_inside(place):
        raise SetupError(
            f"{_SETTING} is to name buckets, as in s3://photos/, with one of {known}; "
            f"not {scheme or prefix}"
        )
    return prefix.rstrip("/") + "/"


def _stays_inside(path: str) -> bool:
    steps = path.replace("\\", "/").rstrip("/").split("/")
    return path.isprintable() and "::" not in path and not {"", ".", ".."} & set(steps)
