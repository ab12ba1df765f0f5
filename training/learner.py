"""The head, learned with fastai.

Importing it takes seconds. The head is small, so it learns on the CPU, and the same faces and seed
give the same head again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faces.records import FloatRows
from training.dataset import Samples
from training.fastai_parts import Callback, DataLoader, DataLoaders, Learner, TrainEvalCallback
from training.head import Head, without_itself

EPOCHS = 40
_BATCH = 512
_HIGHEST_RATE = 5e-4
"""On LFW, higher rates name fewer people right at the same share of strangers accepted."""

Progress = Callable[[int, int], None]
"""Told after each epoch: how many are done, and how many there will be."""


def learn(
    start: Head,
    learning: Samples,
    calibration: Samples,
    *,
    rng: np.random.Generator,
    progress: Progress,
    epochs: int = EPOCHS,
) -> Head:
    """The head that names the learning faces best, and refuses them when their person is hidden.

    It starts from the class means of the learning faces. Of the start and all epochs the one is
    kept whose loss on the calibration faces is lowest; without such faces nothing shows that
    learning helped, and the start is kept.
    """
    best = _KeepBest(start, progress)
    learner = Learner(
        DataLoaders(
            _loader(start, learning, without_itself(learning, start.same_person)[0], rng),
            _loader(start, calibration, calibration.rows, rng),
            device=torch.device("cpu"),
        ),
        CosineHead(start),
        loss_func=open_set_loss,
        default_cbs=False,
        cbs=[TrainEvalCallback(), best],
    )
    with one_thread():
        learner.validate()
        learner.fit_one_cycle(epochs, _HIGHEST_RATE)
    return best.head


def open_set_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean loss of naming each face rightly and of calling it unknown when its person is hidden.

    `logits` are (b, p + 1), the last column that of "unknown"; `labels` (b,) count people, p is a
    stranger. So the people are strangers to each other, and few true ones are needed.
    """
    unknown = logits.shape[1] - 1
    refused = functional.cross_entropy(
        logits.masked_fill(_own_columns(labels, unknown), -math.inf),
        torch.full_like(labels, unknown),
    )
    return functional.cross_entropy(logits, labels) + refused


def _own_columns(labels: Tensor, people: int) -> Tensor:
    """Where each face meets its own person, (b, people + 1); nowhere for a stranger."""
    columns = torch.arange(people + 1)
    return (labels[:, None] == columns) & (columns < people)


class CosineHead(nn.Module):
    """Class means, each nudged, cosines to them scaled, and a constant cosine for "unknown"."""

    def __init__(self, start: Head) -> None:
        """Begin with the class means."""
        super().__init__()
        self.start = start
        self.means = torch.tensor(start.weights)
        self.nudges = nn.Parameter(torch.zeros(start.weights.shape))
        self.log_scale = nn.Parameter(torch.tensor(math.log(start.scale)))
        self.unknown_cosine = nn.Parameter(torch.tensor(start.unknown_cosine))

    def forward(self, rows: Tensor, crowding: Tensor, without: Tensor, labels: Tensor) -> Tensor:
        """Logits (b, p + 1). While learning, no face meets a mean that it is part of."""
        unknown = (self.unknown_cosine + crowding)[:, None]
        alike = torch.cat([rows @ _turned(self.means, self.nudges).T, unknown], dim=1)
        if self.training:
            people = len(self.nudges)
            nudges = self.nudges[labels.clamp(max=people - 1)]
            own = (rows * _turned(without, nudges)).sum(dim=1, keepdim=True)
            alike = torch.where(_own_columns(labels, people), own, alike)
        return self.log_scale.exp() * alike

    def as_head(self) -> Head:
        """What was learned so far, as plain numbers."""
        return replace(
            self.start,
            weights=_turned(self.means, self.nudges).detach().numpy(),
            scale=math.exp(self.log_scale.item()),
            unknown_cosine=self.unknown_cosine.item(),
        )


def _turned(means: Tensor, nudges: Tensor) -> Tensor:
    """The means, nudged, as long as they were: (k, 128)."""
    turned: Tensor = functional.normalize(means + nudges) * means.norm(dim=1, keepdim=True)
    return turned


class _KeepBest(Callback):  # type: ignore[misc]  # fastai is untyped
    """Remembers the head with the lowest loss on the calibration faces, and tells of progress."""

    def __init__(self, start: Head, progress: Progress) -> None:
        self.head = start
        self._lowest = math.inf
        self._losses: list[float] = []
        self._progress = progress

    def before_validate(self) -> None:
        """Begin a new sum."""
        self._losses = []

    def after_batch(self) -> None:
        """Note the loss of a calibration batch."""
        if not self.training:
            self._losses.append(self.loss.item() * len(self.xb[0]))

    def after_validate(self) -> None:
        """Keep the head if no earlier one was as good."""
        if self._losses and sum(self._losses) < self._lowest:
            self._lowest = sum(self._losses)
            self.head = self.model.as_head()

    def after_train(self) -> None:
        """Say how far it is."""
        self._progress(self.epoch + 1, self.n_epoch)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order everywhere; and on matrices this small, threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _loader(
    start: Head, samples: Samples, without: FloatRows, rng: np.random.Generator
) -> DataLoader:
    """Whole batches in an order drawn once: no global random state plays a part."""
    order = rng.permutation(samples.count)
    crowding = start.crowding(samples).astype(np.float32)
    columns = [
        torch.tensor(column[order]) for column in (samples.rows, crowding, without, samples.labels)
    ]
    cuts = range(0, samples.count, _BATCH)
    batches = [tuple(column[cut : cut + _BATCH] for column in columns) for cut in cuts]
    return DataLoader([(*batch, batch[-1]) for batch in batches], bs=None)
