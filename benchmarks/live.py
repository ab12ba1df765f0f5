"""How often a camera's faces are named, and what that takes of a processor.

The app is `python -m serve` as it is shipped, with a model version that knows forty of the people.
The frames are of 960 x 540 pixels, with one portrait or three, that stand still or sway by a
seventh of their width within a second. They are sent as the page sends them: the next one when the
answer to the last has said so. A browser needs some time of its own for each.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import requests
from PIL import Image

from benchmarks.app_process import RunningApp, running_app
from benchmarks.convention import asked, in_turn, report
from benchmarks.filmed import film
from benchmarks.ingest_pages import portraits_in

_FRAME_PX = (960, 540)
_FILMED_PER_S = 30
_WATCHED_S = 8.0
_SETTLED_S = 2.0
"""What goes before is not counted: everybody is new, and networks are loaded."""


def main() -> None:
    """Measure, and print the result."""
    given = asked("Frames a second that a camera's faces are named, and processor time.")
    portraits = portraits_in(given.data)
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as folder:
        sides = {"live": lambda: measure(portraits, Path(folder))}
        figures = in_turn(sides, rounds=given.rounds)["live"]
    report(figures, {})


def measure(portraits: Sequence[Path], folder: Path) -> dict[str, float]:
    """Start the app, and look into its camera: alone and with two others, still and moving."""
    people = [Image.open(path).convert("RGB") for path in portraits[:: len(portraits) // 3][:3]]
    figures: dict[str, float] = {}
    with running_app(folder, portraits) as app:
        for faces in (1, 3):
            for is_still in (True, False):
                frames = [_smaller(one) for one in film(people[:faces], is_still=is_still)]
                told = watch(app, frames, faces=faces)
                kind = "still" if is_still else "moving"
                figures |= {f"{kind}{faces}_{key}": value for key, value in told.items()}
    return figures


def watch(app: RunningApp, frames: Sequence[bytes], *, faces: int) -> dict[str, float]:
    """Send frames as the page does, each as it is seen at that moment."""
    with requests.Session() as session:
        stream: dict[str, str] = {}
        waits: list[float] = []
        begun = time.perf_counter()
        cpu_s, counted_from = app.cpu_s(), begun
        for _ in count():
            sent = time.perf_counter()
            if not waits and sent - begun > _SETTLED_S:
                cpu_s, counted_from = app.cpu_s(), sent
            if sent - begun > _SETTLED_S + _WATCHED_S:
                break
            frame = frames[int((sent - begun) * _FILMED_PER_S) % len(frames)]
            answer = session.post(f"{app.url}/live", params=stream, data=frame, timeout=60)
            answered = time.perf_counter()
            if answer.status_code != requests.codes.ok:
                sys.exit(f"the app answered {answer.status_code}: {answer.text[:200]}")
            told = answer.json()
            if sent - begun > _SETTLED_S:
                waits.append(answered - sent)
            stream = {"stream": told["stream"]}
            time.sleep(told["wait_ms"] / 1000)
    if len(told["faces"]) != faces:
        sys.exit(f"{len(told['faces'])} faces were found, not {faces}")
    seconds = time.perf_counter() - counted_from
    return {
        "frames_per_s": len(waits) / seconds,
        "answer_p50_ms": 1000 * statistics.median(waits),
        "processor_share": (app.cpu_s() - cpu_s) / seconds,
    }


def _smaller(frame: bytes) -> bytes:
    """The frame as the page sends it."""
    content = io.BytesIO()
    with Image.open(io.BytesIO(frame)) as image:
        image.resize(_FRAME_PX).save(content, format="JPEG", quality=80)
    return content.getvalue()


if __name__ == "__main__":
    main()
