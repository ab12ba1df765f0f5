"""The pictures that annotators look at right now, decoded, as far as memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict

from faces.pictures import OpenPhoto

MOST_BYTES = 96 << 20


class RecentPictures:
    """Decoded pictures by URL, the longest unused forgotten first; safe for several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Keep pictures whose pixels together take at most this much."""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, OpenPhoto] = OrderedDict()

    def get(self, url: object) -> OpenPhoto | None:
        """The picture at this URL, if it is kept."""
        if not isinstance(url, str):
            return None
        with self._lock:
            if url in self._kept:
                self._kept.move_to_end(url)
            return self._kept.get(url)

    def keep(self, url: object, picture: OpenPhoto) -> None:
        """Keep a picture, forgetting others if need be; one that is too large is not kept."""
        with self._lock:
            self._kept[url] = picture
            self._kept.move_to_end(url)
            while sum(one.pixels.nbytes for one in self._kept.values()) > self._most_bytes:
                self._kept.popitem(last=False)
