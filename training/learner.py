"""The head, learned with fastai.

Importing it takes seconds. The head is small, so it learns on the CPU, and the same faces and seed
give the same head again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faces.likeness import Columns, Cosines
from faces.records import FloatRows
from training.dataset import Labels, Samples
from training.epochs import (
    KeepBest,
    Progress,
    TellEpochs,
    learner_of,
    own_columns,
    score_before,
)
from training.fastai_parts import DataLoader
from training.head import Head, without_itself
from training.meetings import as_if_left_out

EPOCHS = 40
_PATIENCE = 10
"""After so many epochs without a better one it is over."""
_BATCH = 512
_HIGHEST_RATE = 5e-4
"""On LFW, higher rates name fewer people right at the same share of strangers accepted."""

_FAR = -1.0
"""The cosine to somebody who is nowhere near."""
_NOBODY: FloatRows = np.empty((1, 0), dtype=np.float32)
"""How near a face is to those who stay as they are, where there is nobody such."""


def learn(
    start: Head,
    learning: Samples,
    calibration: Samples,
    *,
    accepted: float,
    rng: np.random.Generator,
    progress: Progress,
    epochs: int = EPOCHS,
) -> Head:
    """The head that names the learning faces best, and refuses them when their person is hidden.

    It starts from the class means of the learning faces. Of the start and all epochs the one is
    kept that has the highest open-set score on the calibration faces (`training.epochs`), where
    this share of strangers is `accepted`; without such faces nothing shows that learning helped,
    and the start is kept. Strangers are not learned from: those who were would pass for somebody
    less often than others, and say nothing of them.
    """
    if not calibration.count:
        return start
    learning = learning.of_people()
    without = without_itself(learning, start.same_person)[0]
    loaders = [
        _loader(start, samples, samples.labels, without_own, _NOBODY, rng)
        for samples, without_own in ((learning, without), (calibration, calibration.rows))
    ]
    return _fitted(CosineHead(start), loaders, accepted, progress, epochs)


def learn_some(
    head: Head,
    columns: Columns,
    start: Head,
    learning: Samples,
    calibration: Samples,
    *,
    accepted: float,
    rng: np.random.Generator,
    progress: Progress,
    epochs: int = EPOCHS,
) -> Head:
    """The same for the people of these columns, (k,), who have their class means; others stay.

    All other directions, scale and unknown cosine are those of `head`, so how near a face is to all
    who stay is counted once: an epoch takes as long for many people as for few. `start` has the
    class means of all.
    """
    if not calibration.count:
        return head
    learning = learning.of_people()
    without = without_itself(learning, start.same_person)[0]
    met = (
        (learning, without, as_if_left_out(head, start, learning)[0]),
        (calibration, calibration.rows, head.cosines(calibration)),
    )
    loaders = []
    for samples, without_own, alike in met:
        staying, labels = those_who_stay(head.scale, alike, samples.labels, columns)
        loaders.append(_loader(head, samples, labels, without_own, staying, rng))
    return _fitted(CosineHead(head, columns), loaders, accepted, progress, epochs)


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
            alike = torch.where(own_columns(labels, nudged, alike.shape[1]), own, alike)
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
    head: CosineHead,
    loaders: Sequence[DataLoader],
    accepted: float,
    progress: Progress,
    epochs: int,
) -> Head:
    """The best of what a head was and became, by the second of the loaders."""
    learner = learner_of(head, loaders, accepted=accepted)
    with one_thread():
        best = KeepBest(
            head.start,
            score_before(learner),
            described=CosineHead.as_head,
            patience=_PATIENCE,
        )
        learner.fit_one_cycle(epochs, _HIGHEST_RATE, cbs=[TellEpochs(progress, epochs), best])
    return best.kept


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
