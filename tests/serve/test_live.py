from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces.errors import BadPhoto, Busy, TooMuch
from faces.identify import CurrentModel
from faces.records import NETWORK, Box, Detection, FloatRows, Pixels
from faces.versions import ModelVersion
from serve.answers import NamedFace
from serve.following import Seen, answered, follow
from serve.live import Live, NamedFrame
from serve.live_rest import live_answer
from serve.namer import Namer

ANNA, IDA = np.eye(128, dtype=np.float32)[1:3]
Learn = Callable[..., ModelVersion]


class Watching:
    """Finds faces where the test says, in a picture of 640 pixels, and counts whom it encodes."""

    network = NETWORK

    def __init__(self) -> None:
        self.people: list[tuple[Box, FloatRows]] = []
        self.encoded = 0
        self.holds: threading.Event | None = None
        self.is_held = threading.Event()

    def find(self, pixels: Pixels) -> list[Detection]:
        assert max(pixels.shape) <= 640
        if self.holds is not None:
            self.is_held.set()
            assert self.holds.wait(10)
        return [Detection(box, 0.9) for box, _ in self.people]

    def encode_boxes(self, pixels: Pixels, boxes: Sequence[Box]) -> tuple[FloatRows, FloatRows]:
        self.encoded += len(boxes)
        scale = pixels.shape[1] / 640
        rows = [self._row(box, scale) for box in boxes]
        return np.array(rows), np.array(rows)

    def _row(self, wanted: Box, scale: float) -> FloatRows:
        return max(self.people, key=lambda one: abs(one[0].left * scale - wanted.left) < 20)[1]


@pytest.fixture
def watching() -> Watching:
    return Watching()


@pytest.fixture
def now_s() -> list[float]:
    return [100.0]


@pytest.fixture
def live(models: CurrentModel, watching: Any, now_s: list[float]) -> Live:
    return Live(Namer(models, watching, None), at_once=1, clock=lambda: now_s[0])


def frame(width_px: int = 960, height_px: int = 540) -> bytes:
    """A frame of stripes, which look alike wherever a face is said to be."""
    rows = np.indices((height_px, width_px))[0] % 40 * 6
    content = io.BytesIO()
    Image.fromarray(rows.astype(np.uint8)).convert("RGB").save(content, format="JPEG")
    return content.getvalue()


def names(told: NamedFrame) -> list[str | None]:
    return [None if one.asked is None else one.asked.face.name for one in told.faces]


def test_a_face_that_stands_still_is_named_from_left_to_right_and_encoded_once(
    live: Live, watching: Watching, learn: Learn, now_s: list[float]
) -> None:
    version = learn(Anna=ANNA, Ida=IDA)
    watching.people = [(Box(400, 80, 100, 100), ANNA), (Box(100, 80, 100, 100), IDA)]
    told = live.name(frame(), stream=None, visitor="one")
    assert (names(told), told.version) == (["Ida", "Anna"], version.id)
    assert told.faces[0].box == Box(150, 120, 150, 150)
    for _ in range(9):
        now_s[0] += 0.1
        told = live.name(frame(), stream=told.stream, visitor="one")
        assert names(told) == ["Ida", "Anna"]
    assert watching.encoded == 2


def test_a_new_model_version_answers_from_the_next_frame_on(
    live: Live, watching: Watching, learn: Learn
) -> None:
    watching.people = [(Box(100, 80, 100, 100), ANNA)]
    told = live.name(frame(), stream=None, visitor="one")
    assert (names(told), told.version) == ([None], None)
    version = learn(Anna=ANNA, Ida=IDA)
    told = live.name(frame(), stream=told.stream, visitor="one")
    assert (names(told), told.version) == (["Anna"], version.id)


def test_cameras_know_nothing_of_each_other(
    live: Live, watching: Watching, learn: Learn, now_s: list[float]
) -> None:
    learn(Anna=ANNA, Ida=IDA)
    watching.people = [(Box(100, 80, 100, 100), ANNA)]
    first = live.name(frame(), stream=None, visitor="one")
    other = live.name(frame(), stream=None, visitor="two")
    assert len({first.stream, other.stream}) == 2
    assert watching.encoded == 2
    now_s[0] += 60
    later = live.name(frame(), stream=first.stream, visitor="one")
    assert later.stream != first.stream
    assert live.name(frame(), stream="made-up", visitor="one").stream != "made-up"


def test_a_camera_that_is_turned_begins_anew(live: Live, watching: Watching, learn: Learn) -> None:
    learn(Anna=ANNA, Ida=IDA)
    watching.people = [(Box(100, 80, 100, 100), ANNA)]
    told = live.name(frame(640, 480), stream=None, visitor="one")
    live.name(frame(480, 640), stream=told.stream, visitor="one")
    assert watching.encoded == 2


def test_a_frame_that_comes_before_the_last_is_answered_is_dropped_as_are_those_of_too_many(
    live: Live, watching: Watching
) -> None:
    watching.holds = threading.Event()
    first = threading.Thread(target=live.name, args=(frame(),), kwargs=FROM_ONE)
    first.start()
    assert watching.is_held.wait(10)
    with pytest.raises(Busy, match="your last frame is still being looked at"):
        live.name(frame(), stream=None, visitor="one")
    with pytest.raises(Busy, match="too many cameras"):
        live.name(frame(), stream=None, visitor="two")
    watching.holds.set()
    first.join()
    watching.holds = None
    assert live.name(frame(), stream=None, visitor="one").faces == ()


FROM_ONE = {"stream": None, "visitor": "one"}


@pytest.mark.parametrize(
    ("sent", "kind", "reason"),
    [
        (b"", BadPhoto, "no frame in the request"),
        (b"no picture", BadPhoto, "the frame is no picture"),
        (frame(2400, 1200), TooMuch, "at most 2 MB and 2.5 megapixels"),
        (b"x" * (3 << 20), TooMuch, "send a smaller one"),
    ],
)
def test_what_is_no_frame_is_refused_and_the_next_one_is_taken(
    live: Live, sent: bytes, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind, match=reason):
        live.name(sent, stream=None, visitor="one")
    assert live.name(frame(), stream=None, visitor="one").faces == ()


def test_of_many_cameras_those_that_were_silent_longest_are_forgotten(
    live: Live, now_s: list[float]
) -> None:
    streams = []
    for _ in range(66):
        now_s[0] += 0.01
        streams.append(live.name(frame(64, 64), stream=None, visitor="one").stream)
    assert live.name(frame(64, 64), stream=streams[-1], visitor="one").stream == streams[-1]
    assert live.name(frame(64, 64), stream=streams[0], visitor="one").stream != streams[0]


def test_of_people_who_are_taken_for_each_other_both_names_are_told_and_none_is_chosen() -> None:
    box = Box(10, 20, 100, 100)
    [one] = follow([], [Seen(box, np.zeros(144, np.float32))], now_s=0.0)
    twins = NamedFace(box, None, 0.9, either=("Ida", "Ina"))
    told = live_answer(
        NamedFrame(
            "stream", "model-0001", 640, 480, (answered(one, twins, version=None, now_s=0.0),), 0.1
        )
    )
    [face] = told.faces
    assert (face.name, face.either, face.probability) == (None, ["Ida", "Ina"], 0.9)
