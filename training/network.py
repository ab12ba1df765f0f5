"""The learner of the network: dlib's face network, its upper part tuned to the people of a project.

The body is `training.face_network`, on chips that look otherwise each time; the head is that of
`training.learner`. First the head learns with the body frozen, then the upper part of the body
follows at a lower rate. Nothing is downloaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from faces.dlib_network import FaceNetwork
from faces.records import FloatRows, Pixels
from training.augment import augmented
from training.dataset import Samples
from training.epochs import KeepBest, Progress, TellEpochs, learner_of, score_before
from training.face_network import FaceNetworkModule, normalisation
from training.fastai_parts import Callback, DataLoader
from training.head import Head, without_itself
from training.learner import CosineHead, one_thread

FROZEN_EPOCHS, TUNED_EPOCHS = 1, 8
_PATIENCE = 2
"""After so many epochs without a better one it is over."""
_BATCH = 64
_HEAD_RATE = 5e-4
_LOWER = 10
"""The first blocks, up to 128 channels, stay as dlib learned them from three million faces."""


class Tuned(StrEnum):
    """What may change of the upper part of the network."""

    ALL = "all"
    NORMALISATION = "normalisation"


_RATES = {Tuned.ALL: 1e-5, Tuned.NORMALISATION: 1e-4}
_ENOUGH_FOR_ALL = 2000
"""So many learning faces may move all four million weights of the upper part."""


Places = npt.NDArray[np.int64]
"""Numbers of faces, (n,)."""


@dataclass(frozen=True, eq=False)
class Portraits:
    """Faces as the network sees them, (n, 150, 150, 3), and their samples in the same order."""

    chips: Pixels
    samples: Samples


def what_to_tune(faces: int) -> Tuned:
    """What this many learning faces may change."""
    return Tuned.ALL if faces >= _ENOUGH_FOR_ALL else Tuned.NORMALISATION


def tune(
    network: FaceNetwork,
    start: Head,
    learning: Portraits,
    calibration: Portraits,
    *,
    tuned: Tuned,
    accepted: float,
    rng: np.random.Generator,
    progress: Progress,
    epochs: int = TUNED_EPOCHS,
) -> FaceNetwork | None:
    """The network that tells these people apart best, by its open-set score on calibration faces.

    `start` is what was learned on the encodings of `network`, of which `samples.rows` are made.
    The score is that where this share of strangers is `accepted`.
    None if no epoch had a higher score than the network as it was: so without calibration faces.
    """
    if not calibration.samples.count:
        return None
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    learner = learner_of(
        _Naming(network, start),
        (
            _loader(start, learning, without_itself(learning.samples, start.same_person)[0], rng),
            _loader(start, calibration, calibration.samples.rows, rng),
        ),
        _Augmented(generator),
        accepted=accepted,
        splitter=lambda model: model.by_rate(tuned),
        wd=0.0,
    )
    in_all = FROZEN_EPOCHS + epochs
    with one_thread():
        frozen = KeepBest[FaceNetwork | None](
            None, score_before(learner), described=lambda _: None, patience=in_all
        )
        learner.freeze()
        told = TellEpochs(progress, in_all)
        learner.fit_one_cycle(FROZEN_EPOCHS, _HEAD_RATE, cbs=[told, frozen])
        best = KeepBest[FaceNetwork | None](
            None, frozen.best, described=_Naming.network, patience=_PATIENCE
        )
        learner.freeze_to(-2)
        told = TellEpochs(progress, in_all, done=FROZEN_EPOCHS)
        rates = [0.0, _RATES[tuned], _HEAD_RATE]
        learner.fit_one_cycle(epochs, rates, cbs=[told, best])
    return best.kept


class _Naming(nn.Module):
    """The network with a head on it: from chips to the logits of people and "unknown"."""

    def __init__(self, network: FaceNetwork, start: Head) -> None:
        super().__init__()
        self.body = FaceNetworkModule(network)
        self.head = CosineHead(start)

    def forward(self, chips: Tensor, crowding: Tensor, without: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.head(
            functional.normalize(self.body(chips)), crowding, without, labels
        )
        return logits

    def network(self) -> FaceNetwork:
        """The network as it is by now."""
        return self.body.described()

    def by_rate(self, tuned: Tuned) -> list[list[nn.Parameter]]:
        """All weights: those that stay, those of the body that are tuned, those of the head."""
        upper = self.body.blocks[_LOWER:]
        moving = list(normalisation(upper))
        if tuned is Tuned.ALL:
            moving = [*upper.parameters(), *self.body.projection.parameters()]
        seen = {id(weights) for weights in moving}
        staying = [weights for weights in self.body.parameters() if id(weights) not in seen]
        return [staying, moving, list(self.head.parameters())]


class _Augmented(Callback):  # type: ignore[misc]  # fastai is untyped
    """Lets learning faces look otherwise each time they are seen."""

    order = 1  # after TrainEvalCallback has said which of the two it is

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def before_batch(self) -> None:
        """Change what the network is about to see."""
        if self.training:
            chips, *others = self.xb
            self.learn.xb = (augmented(chips, self._generator), *others)


class _Batches:
    """Batches in an order drawn once; a chip is copied when its batch is asked for."""

    def __init__(self, start: Head, seen: Portraits, without: FloatRows, order: Places) -> None:
        samples = seen.samples
        self._chips, self._order = seen.chips, order
        crowding = start.crowding(samples).astype(np.float32)
        self._columns = [torch.tensor(told) for told in (crowding, without, samples.labels)]

    def __len__(self) -> int:
        return math.ceil(len(self._order) / _BATCH)

    def __getitem__(self, number: int) -> tuple[Tensor, ...]:
        """Chips (b, 3, 150, 150), crowding, means without the face, and labels twice."""
        some = self._order[number * _BATCH : (number + 1) * _BATCH]
        chips = torch.from_numpy(self._chips[some]).permute(0, 3, 1, 2).contiguous()
        crowding, without, labels = (column[some] for column in self._columns)
        return chips, crowding, without, labels, labels


def _loader(
    start: Head, seen: Portraits, without: FloatRows, rng: np.random.Generator
) -> DataLoader:
    """No global random state plays a part."""
    order = rng.permutation(seen.samples.count)
    return DataLoader(_Batches(start, seen, without, order), bs=None)
