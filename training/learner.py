"""The head, learned with fastai.

Importing it takes seconds. The head is small, so it learns on the CPU, and the same faces and seed
give the same head again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faces.likeness import Columns, Cosines
from faces.records import FloatRows
from training.dataset import Labels, Samples
from training.fastai_parts import Callback, DataLoader, DataLoaders, Learner, TrainEvalCallback
from training.head import Head, without_itself
from training.meetings import as_if_left_out

EPOCHS = 40
_BATCH = 512
_HIGHEST_RATE = 5e-4
"""On LFW, higher rates name fewer people right at the same share of strangers accepted."""

_FAR = -1.0
"""The cosine to somebody who is nowhere near."""
_NOBODY: FloatRows = np.empty((1, 0), dtype=np.float32)
"""How near a face is to those who stay as they are, where there is nobody such."""

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
    without = without_itself(learning, start.same_person)[0]
    loaders = [
        _loader(start, samples, samples.labels, without_own, _NOBODY, rng)
        for samples, without_own in ((learning, without), (calibration, calibration.rows))
    ]
    return _fitted(CosineHead(start), loaders, progress, epochs)


def learn_some(
    head: Head,
    columns: Columns,
    start: Head,
    learning: Samples,
    calibration: Samples,
    *,
    rng: np.random.Generator,
    progress: Progress,
    epochs: int = EPOCHS,
) -> Head:
    """The same for the people of these columns, (k,), who have their class means; others stay.

    All other directions, scale and unknown cosine are those of `head`, so how near a face is to all
    who stay is counted once: an epoch takes as long for many people as for few. `start` has the
    class means of all.
    """
    without = without_itself(learning, start.same_person)[0]
    met = (
        (learning, without, as_if_left_out(head, start, learning)[0]),
        (calibration, calibration.rows, head.cosines(calibration)),
    )
    loaders = []
    for samples, without_own, alike in met:
        staying, labels = those_who_stay(head.scale, alike, samples.labels, columns)
        loaders.append(_loader(head, samples, labels, without_own, staying, rng))
    return _fitted(CosineHead(head, columns), loaders, progress, epochs)


def open_set_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean loss of naming each face rightly and of calling it unknown when its person is hidden.

    `logits` are (b, p + 1), the last column that of "unknown"; `labels` (b,) count people, p is a
    stranger. So the people are strangers to each other, and few true ones are needed.
    """
    unknown = logits.shape[1] - 1
    refused = functional.cross_entropy(
        logits.masked_fill(_own_columns(labels, unknown, unknown + 1), -math.inf),
        torch.full_like(labels, unknown),
    )
    return functional.cross_entropy(logits, labels) + refused


def _own_columns(labels: Tensor, people: int, width: int) -> Tensor:
    """Where each face meets its own person, (b, width), if that is one of the first `people`."""
    columns = torch.arange(width)
    return (labels[:, None] == columns) & (columns < people)


class CosineHead(nn.Module):
    """Class means, each nudged, cosines to them scaled, and a constant cosine for "unknown".

    With `columns`, (k,), only the means of these people are nudged; scale and unknown cosine stay.
    """

    def __init__(self, start: Head, columns: Columns | None = None) -> None:
        """Begin with the class means."""
        super().__init__()
        self.start = start
        self.columns = np.arange(len(start.weights)) if columns is None else columns
        self.means = torch.tensor(start.weights[self.columns])
        self.nudges = nn.Parameter(torch.zeros(self.means.shape))
        log_scale = torch.tensor(math.log(start.scale))
        self.log_scale = nn.Parameter(log_scale, requires_grad=columns is None)
        unknown_cosine = torch.tensor(start.unknown_cosine)
        self.unknown_cosine = nn.Parameter(unknown_cosine, requires_grad=columns is None)

    def forward(
        self,
        rows: Tensor,
        crowding: Tensor,
        without: Tensor,
        labels: Tensor,
        staying: Tensor | None = None,
    ) -> Tensor:
        """Logits (b, k + c + 1): those who are nudged, `staying` ones (b, c), and "unknown".

        While learning, no face meets a mean that it is part of.
        """
        unknown = (self.unknown_cosine + crowding)[:, None]
        others = unknown[:, :0] if staying is None else staying
        alike = torch.cat([rows @ _turned(self.means, self.nudges).T, others, unknown], dim=1)
        if self.training:
            nudged = len(self.nudges)
            nudges = self.nudges[labels.clamp(max=nudged - 1)]
            own = (rows * _turned(without, nudges)).sum(dim=1, keepdim=True)
            alike = torch.where(_own_columns(labels, nudged, alike.shape[1]), own, alike)
        return self.log_scale.exp() * alike

    def as_head(self) -> Head:
        """What was learned so far, as plain numbers."""
        weights = self.start.weights.copy()
        weights[self.columns] = _turned(self.means, self.nudges).detach().numpy()
        if not self.log_scale.requires_grad:
            return replace(self.start, weights=weights)
        return replace(
            self.start,
            weights=weights,
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


def _fitted(
    head: CosineHead, loaders: Sequence[DataLoader], progress: Progress, epochs: int
) -> Head:
    """The best of what a head was and became, by the second of the loaders."""
    best = _KeepBest(head.start, progress)
    learner = Learner(
        DataLoaders(*loaders, device=torch.device("cpu")),
        head,
        loss_func=open_set_loss,
        default_cbs=False,
        cbs=[TrainEvalCallback(), best],
    )
    with one_thread():
        learner.validate()
        learner.fit_one_cycle(epochs, _HIGHEST_RATE)
    return best.head


def those_who_stay(
    scale: float, alike: Cosines, labels: Labels, columns: Columns
) -> tuple[FloatRows, Labels]:
    """How near each face is to its own person and to all others, of those who stay, (n, 2).

    `alike` is (n, p). Those with their `columns`, (k,), come first in the labels that are returned,
    then the person who stays, those others, and nobody known.
    """
    people, nudged = alike.shape[1], len(columns)
    place = np.full(people + 1, nudged)
    place[columns], place[people] = np.arange(nudged), nudged + 2
    near = alike.copy()
    near[:, columns] = _FAR
    own = np.full(len(labels), _FAR)
    rows = np.flatnonzero(place[labels] == nudged)
    own[rows] = near[rows, labels[rows]]
    near[rows, labels[rows]] = _FAR
    highest = near.max(axis=1)
    others = highest + np.log(np.exp(scale * (near - highest[:, None])).sum(axis=1)) / scale
    return np.column_stack([own, others]).astype(np.float32), place[labels]


def _loader(
    start: Head,
    samples: Samples,
    labels: Labels,
    without: FloatRows,
    staying: FloatRows,
    rng: np.random.Generator,
) -> DataLoader:
    """Whole batches in an order drawn once: no global random state plays a part."""
    order = rng.permutation(samples.count)
    crowding = start.crowding(samples).astype(np.float32)
    staying = np.broadcast_to(staying, (samples.count, staying.shape[1]))
    columns = [
        torch.tensor(column[order]) for column in (samples.rows, crowding, without, labels, staying)
    ]
    cuts = range(0, samples.count, _BATCH)
    batches = [tuple(column[cut : cut + _BATCH] for column in columns) for cut in cuts]
    return DataLoader([(*batch, batch[3]) for batch in batches], bs=None)
