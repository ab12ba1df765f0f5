"""Names the faces that a camera sees, frame by frame; of a frame nothing but boxes is kept."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from faces.errors import BadPhoto, Busy, TooMuch
from faces.pictures import megapixels_of, open_bytes, shrunk
from faces.records import Box, Pixels
from serve.following import Followed, Seen, answered, follow, look_of, missed, pause_s, to_ask
from serve.namer import Namer

MOST_FRAME_BYTES = 2 << 20
_MOST_MEGAPIXELS = 2.5
_DETECTED_PX = 640
"""Faces are looked for in a frame no larger than this, and encoded in all of it."""
_PATIENCE_S = 0.5
"""How long a frame waits for its turn; then a newer one is worth more."""
_KEPT_S = 15.0
_MOST_STREAMS = 64


@dataclass(frozen=True)
class NamedFrame:
    """The faces of a frame from left to right, and when the next frame is worth sending.

    `stream` is what that frame is to be sent with, so that its faces are known again.
    """

    stream: str
    version: str | None
    width_px: int
    height_px: int
    faces: tuple[Followed, ...]
    pause_s: float


@dataclass(frozen=True)
class _Stream:
    """What is known of a camera: where faces were in the last frame, and their names."""

    name: str
    size_px: tuple[int, int] = (0, 0)
    faces: tuple[Followed, ...] = ()
    at_s: float = 0.0


class Live:
    """Follows what many cameras see; safe to share between threads.

    Frames are dropped and never wait in a line: of one visitor one is looked at, of all visitors
    together so many that half of the cores are left for pictures.
    """

    def __init__(
        self, namer: Namer, *, at_once: int | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        """Name by this namer: one thread for each frame that is in hand `at_once` is best."""
        self._namer = namer
        self._clock = clock
        self._turns = threading.BoundedSemaphore(
            at_once or max(1, len(os.sched_getaffinity(0)) // 2)
        )
        self._lock = threading.Lock()
        self._in_hand: set[str] = set()
        self._streams: dict[str, _Stream] = {}

    def name(self, frame: bytes, *, stream: str | None, visitor: str) -> NamedFrame:
        """Name the faces of a frame; `stream` is what the answer to the last one said.

        Raises:
            BadPhoto: these bytes are no picture.
            TooMuch: it is larger than a frame may be.
            Busy: this visitor's last frame is still looked at, or too many others are.
            SetupError: the model version learned from another network's encodings.
        """
        _refuse_large(frame)
        with self._turn_of(visitor):
            since_s = self._clock()
            pixels = open_bytes(frame, name="the frame").pixels
            known = self._taken(stream, since_s)
            height_px, width_px, _ = pixels.shape
            before = known.faces if known.size_px == (width_px, height_px) else ()
            faces, version = self._named(before, pixels)
            now_s = self._clock()
            kept = (*faces, *missed(before, faces, now_s=now_s))
            self._keep(_Stream(known.name, (width_px, height_px), kept, now_s))
        return NamedFrame(
            known.name,
            version,
            width_px,
            height_px,
            tuple(sorted(faces, key=lambda one: (one.box.left, one.box.top))),
            pause_s(before, faces, took_s=now_s - since_s),
        )

    def _named(
        self, before: Sequence[Followed], pixels: Pixels
    ) -> tuple[list[Followed], str | None]:
        """The faces of a frame; only those are encoded of whom nothing is known, or nothing new."""
        now_s = self._clock()
        faces = follow(before, self._seen(pixels), now_s=now_s)
        version = self._namer.about().version
        places = to_ask(faces, version=version, now_s=now_s)
        if places:
            boxes = [faces[place].box for place in places]
            named, version = self._namer.name_boxes(pixels, boxes)
            for place, face in zip(places, named, strict=True):
                faces[place] = answered(faces[place], face, version=version, now_s=now_s)
        return faces, version

    def _seen(self, pixels: Pixels) -> list[Seen]:
        """The faces in a frame, found in a smaller copy of it."""
        small = shrunk(pixels, _DETECTED_PX)
        times = pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0]
        found = [_larger(seen.box, times) for seen in self._namer.find(small)]
        return [Seen(box, look_of(pixels, box)) for box in found]

    @contextmanager
    def _turn_of(self, visitor: str) -> Iterator[None]:
        """To be in while a frame of a visitor is looked at."""
        with self._lock:
            if visitor in self._in_hand:
                raise Busy("your last frame is still being looked at; send the next one after it")
            self._in_hand.add(visitor)
        try:
            if not self._turns.acquire(timeout=_PATIENCE_S):
                raise Busy("too many cameras are looked at right now; send a newer frame")
            try:
                yield
            finally:
                self._turns.release()
        finally:
            with self._lock:
                self._in_hand.discard(visitor)

    def _taken(self, name: str | None, now_s: float) -> _Stream:
        """The stream of this name, until it is kept again; else a new one, by a name of ours."""
        with self._lock:
            known = None if name is None else self._streams.pop(name, None)
        if known is None or now_s - known.at_s > _KEPT_S:
            return _Stream(secrets.token_urlsafe(16))
        return known

    def _keep(self, stream: _Stream) -> None:
        """Keep a stream for a while; what was silent longest has to go."""
        with self._lock:
            left = {k: v for k, v in self._streams.items() if stream.at_s - v.at_s <= _KEPT_S}
            for oldest in list(left)[: max(0, len(left) - _MOST_STREAMS + 1)]:
                del left[oldest]
            self._streams = {**left, stream.name: stream}


def _refuse_large(frame: bytes) -> None:
    """Make sure that a frame is none that takes long.

    Raises:
        TooMuch: it is.
    """
    megapixels = megapixels_of(frame)
    if len(frame) > MOST_FRAME_BYTES or megapixels > _MOST_MEGAPIXELS:
        raise TooMuch(
            f"a frame has at most {MOST_FRAME_BYTES >> 20} MB and {_MOST_MEGAPIXELS} megapixels; "
            "send a smaller one"
        )
    if not frame:
        raise BadPhoto("there is no frame in the request; send a JPEG as its body")


def _larger(box: Box, times: tuple[float, float]) -> Box:
    """The same box in a picture that is so many times as wide and as high."""
    across, down = times
    return Box(box.left * across, box.top * down, box.width * across, box.height * down)
