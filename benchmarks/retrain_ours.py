"""One part of `make bench-retrain`, in a process of its own: head, network, or load.

People and faces are drawn. The seconds do not depend on what faces look like, for every epoch sees
all of them and none is left out; whether learning helps is measured by `bench-identify`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.convention import note, tell
from faces.dlib_network import read_face_network
from faces.encode import Encoder
from faces.identify import CurrentModel
from faces.onnx_graph import face_network_model
from faces.records import (
    ENCODING_LENGTH,
    NETWORK,
    Box,
    FaceId,
    Person,
    PersonId,
    PhotoId,
    Pixels,
    unit_rows,
)
from faces.versions import (
    ModelVersion,
    make_current,
    numbered,
    save_version,
    tuned_network_id,
)
from faces.weights import Weights, weights_file
from training.dataset import DataSet, Part
from training.head import class_mean_head

_PARTS = (Part.LEARNING, Part.LEARNING, Part.LEARNING, Part.CALIBRATION, Part.TEST)
"""What the faces serve for, in turn: 60, 20 and 20 in 100."""


def main() -> None:
    """Measure one part and print its figures."""
    part, people, faces = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    data = drawn_faces(people, faces)
    measure = {"head": head_seconds, "network": network_seconds, "load": load_seconds}
    tell(measure[part](data))


def drawn_faces(people: int, count: int) -> DataSet:
    """So many faces of so many people, dealt out in turn."""
    rng = np.random.default_rng(0)
    labels = np.sort(np.arange(count) % people)
    middle, looks = rng.normal(size=ENCODING_LENGTH), rng.normal(size=(people, ENCODING_LENGTH))
    noise = rng.normal(size=(count, ENCODING_LENGTH))
    rows = np.sqrt(0.86) * middle + np.sqrt(0.11) * looks[labels] + np.sqrt(0.03) * noise
    return DataSet(
        network=NETWORK,
        people=tuple(Person(PersonId(f"p{who:06d}"), f"Person {who}") for who in range(people)),
        left_out=(),
        faces=tuple(FaceId(f"{number:032d}") for number in range(count)),
        photos=tuple(PhotoId(f"{number:064d}") for number in range(count)),
        parts=tuple(_PARTS[number % len(_PARTS)] for number in range(count)),
        rows=unit_rows(rows.astype(np.float32)),
        labels=labels.astype(np.int64),
    )


def head_seconds(data: DataSet) -> dict[str, float]:
    """Learning, calibrating and measuring a version, once fastai and torch are imported."""
    import training.learner  # noqa: F401  # takes seconds, which do not count

    start, worked = time.perf_counter(), time.process_time()
    _learned(data)
    return {
        "head_s": time.perf_counter() - start,
        "head_cpu_s": time.process_time() - worked,
    }


def network_seconds(data: DataSet) -> dict[str, float]:
    """One epoch in which the network is tuned, on chips that are noise."""
    from training.network import Portraits, tune, what_to_tune

    chips = _noise(len(data.faces))

    def portraits(part: Part) -> Portraits:
        return Portraits(chips[[found is part for found in data.parts]], data.samples(part))

    learning = portraits(Part.LEARNING)
    ended_at, worked = [time.perf_counter()], [time.process_time()]

    def progress(done: int, epochs: int) -> None:
        ended_at.append(time.perf_counter())
        worked.append(time.process_time())
        note(f"  network: epoch {done} of {epochs} took {ended_at[-1] - ended_at[-2]:.1f} s")

    tune(
        read_face_network(weights_file(Weights.ENCODER).read_bytes()),
        class_mean_head(learning.samples, data.network),
        learning,
        portraits(Part.CALIBRATION),
        tuned=what_to_tune(learning.samples.count),
        accepted=0.01,
        rng=np.random.default_rng(0),
        progress=progress,
        epochs=1,
    )
    return {"tune_s": ended_at[-1] - ended_at[-2], "tune_cpu_s": worked[-1] - worked[-2]}


def load_seconds(data: DataSet) -> dict[str, float]:
    """From a pointer that changed to a version that answers; and to a network of its own."""
    version = _learned(data)
    onnx = face_network_model(read_face_network(weights_file(Weights.ENCODER).read_bytes()))
    own = replace(version, network=tuned_network_id(onnx), onnx=onnx)
    with tempfile.TemporaryDirectory() as folder:
        plain_s, _ = _loaded(Path(folder), version)
        own_s, loaded = _loaded(Path(folder), own)
    picture, box = _noise(1)[0], Box(10, 10, 130, 130)
    Encoder(threads=1).encode(picture, [box])  # ONNX Runtime and dlib are imported by now
    start = time.perf_counter()
    Encoder(threads=1, model=loaded.onnx).encode(picture, [box])
    return {"load_s": plain_s, "load_tuned_s": own_s + time.perf_counter() - start}


def _loaded(folder: Path, draft: ModelVersion) -> tuple[float, ModelVersion]:
    """The seconds that whoever follows the pointer takes to take up a version, and the version."""
    models, version = CurrentModel(folder), numbered(folder, draft)
    save_version(folder, version)
    make_current(folder, version.id)
    start = time.perf_counter()
    identifier = models.snapshot()
    seconds = time.perf_counter() - start
    if identifier is None:
        raise RuntimeError(f"{version.id} is current and was not taken up: {models.problem}")
    return seconds, identifier.version


def _learned(data: DataSet) -> ModelVersion:
    from training.drafting import learned

    now = datetime(2026, 1, 1, tzinfo=UTC)
    return learned(data, now=now, parent=None, seed=0, strangers_accepted=0.01, report=note)


def _noise(count: int) -> Pixels:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, size=(count, 150, 150, 3), dtype=np.uint8)


if __name__ == "__main__":
    main()
