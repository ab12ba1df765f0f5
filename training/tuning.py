"""Both learners on the same faces: the head alone, and the head on a network that was tuned.

The better one wins. A tuned network costs everybody new encodings, so it has to be better beyond
doubt on the photos kept for testing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from faces.dlib_network import read_face_network
from faces.encode import encode_chips
from faces.onnx_graph import face_network_model
from faces.onnx_session import RunningNetwork
from faces.records import Encodings, FaceId, Pixels, identity_rows
from faces.versions import ModelVersion, tuned_network_id
from faces.weights import Weights, weights_file
from training.dataset import DataSet, Part, Samples
from training.drafting import ASKED, OnProgress, Report, nobody_looks
from training.evaluate import judged
from training.head import class_mean_head, head_of
from training.learners import COSINE_HEAD, TUNED_NETWORK, metrics_of
from training.promotion import FEWEST_PHOTOS, Comparison, answers, compared

Learn = Callable[[DataSet], ModelVersion]
"""Learns, calibrates and measures a version, without a number, on some encodings."""

TUNED = "network_tuned"
"""The metric that says whether tuning helped on the calibration faces; absent if it was not run."""


@dataclass(frozen=True, eq=False)
class Chips:
    """The chips of some faces, (n, 150, 150, 3), in the order of their ids."""

    faces: tuple[FaceId, ...]
    pixels: Pixels


def better_learner(
    head_alone: ModelVersion,
    data: DataSet,
    chips: Chips,
    *,
    learn: Learn,
    seed: int,
    report: Report,
    on_progress: OnProgress = nobody_looks,
) -> ModelVersion:
    """The better of two versions: this one, or one on a network tuned to the same people.

    Both are measured on the same photos, and the one that wins has the figures of both.
    """
    seen = data.only(set(chips.faces))
    if set(range(len(data.people))) - set(seen.samples(Part.LEARNING).labels.tolist()):
        report("the network is not tuned: of some people there is no photo left to learn from")
        return head_alone
    tuned = tuned_network(
        seen,
        chips,
        accepted=head_alone.metrics[ASKED],
        seed=seed,
        report=report,
        on_progress=on_progress,
    )
    test = seen.samples(Part.TEST)
    rows = {TUNED: float(tuned is not None), **_measured(COSINE_HEAD, head_alone, test)}
    if tuned is None:
        report("no epoch told unseen faces apart better; the network stays as it is")
        return _with(head_alone, rows)
    report("learning the people anew from the tuned network's encodings")
    own = replace(learn(tuned), data_hash=head_alone.data_hash)
    rows |= _measured(TUNED_NETWORK, own, tuned.samples(Part.TEST))
    ours, alone = (
        answers(one, faces, resolve=lambda person: person)
        for one, faces in ((own, tuned), (head_alone, seen))
    )
    beside = compared(ours, alone, seen, rng=np.random.default_rng(seed))
    wins = is_better(beside)
    report(f"the tuned network is {'better' if wins else 'not surely better'}: {beside}")
    return _with(own if wins else head_alone, rows)


def tuned_network(
    data: DataSet,
    chips: Chips,
    *,
    accepted: float,
    seed: int,
    report: Report,
    on_progress: OnProgress = nobody_looks,
) -> DataSet | None:
    """The data set in the encodings of a network tuned to its people; each face has a chip.

    None if no epoch was better on the calibration faces than the network as it is, where this share
    of strangers is `accepted`.
    """
    from training.network import Portraits, tune, what_to_tune  # torch takes seconds to import

    row_of = {face: row for row, face in enumerate(chips.faces)}
    pixels = chips.pixels[[row_of[face] for face in data.faces]]

    def portraits(part: Part) -> Portraits:
        return Portraits(pixels[[found is part for found in data.parts]], data.samples(part))

    learning = portraits(Part.LEARNING)
    tuned = what_to_tune(learning.samples.count)
    report(f"tuning the face network ({tuned}) on {learning.samples.count} faces")

    network = tune(
        read_face_network(weights_file(Weights.ENCODER).read_bytes()),
        class_mean_head(learning.samples, data.network),
        learning,
        portraits(Part.CALIBRATION),
        tuned=tuned,
        accepted=accepted,
        rng=np.random.default_rng(seed),
        progress=partial(on_progress, "epochs tuned, at most"),
    )
    if network is None:
        return None
    return _encoded_anew(data, face_network_model(network), pixels)


def _encoded_anew(data: DataSet, onnx: bytes, pixels: Pixels) -> DataSet:
    """The data set in the encodings of another network."""
    running, network = RunningNetwork(onnx, threads=1), tuned_network_id(onnx)
    encodings = Encodings(
        network,
        data.faces,
        encode_chips(running, pixels),
        encode_chips(running, np.ascontiguousarray(pixels[:, :, ::-1])),
    )
    return replace(data, network=network, rows=identity_rows(encodings), onnx=onnx)


def is_better(beside: Comparison) -> bool:
    """Whether a tuned network is better than the head alone beyond doubt."""
    return beside.photos >= FEWEST_PHOTOS and beside.low > 0


def _measured(learner: str, version: ModelVersion, test: Samples) -> dict[str, float]:
    return metrics_of(learner, judged(head_of(version), version.threshold, test))


def _with(version: ModelVersion, rows: Mapping[str, float]) -> ModelVersion:
    return replace(version, metrics={**version.metrics, **rows})
