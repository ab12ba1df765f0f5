"""Epochs of learning: which one is the best, when to stop, and how far it is.

The best one names most calibration faces right while as many strangers get a name as may. That is
what a version is for; the loss, which moves in small steps, decides between equals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.fastai_parts import (
    Callback,
    CancelFitException,
    DataLoader,
    DataLoaders,
    Learner,
    Metric,
    Recorder,
    TrackerCallback,
    TrainEvalCallback,
)
from training.shares import named_right, passing

Kept = TypeVar("Kept")
Progress = Callable[[int, int], None]
"""Told after each epoch: how many are done, and how many there will be at most."""


def open_set_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean loss of naming each face rightly and of calling it unknown when its person is hidden.

    `logits` are (b, p + 1), the last column that of "unknown"; `labels` (b,) count people, p is a
    stranger. So the people are strangers to each other, and few true ones are needed.
    """
    unknown = logits.shape[1] - 1
    refused = functional.cross_entropy(hidden(logits, labels), torch.full_like(labels, unknown))
    return functional.cross_entropy(logits, labels) + refused


def hidden(logits: Tensor, labels: Tensor) -> Tensor:
    """The same logits, (b, p + 1), without each face's own person."""
    unknown = logits.shape[1] - 1
    return logits.masked_fill(own_columns(labels, unknown, unknown + 1), -math.inf)


def own_columns(labels: Tensor, people: int, width: int) -> Tensor:
    """Where each face meets its own person, (b, width), if that is one of the first `people`."""
    columns = torch.arange(width)
    return (labels[:, None] == columns) & (columns < people)


def open_set_score(logits: Tensor, labels: Tensor, *, accepted: float) -> float:
    """How many faces are named right where this share of strangers gets a name.

    Arrays as those of `open_set_loss`. To the count comes a part of one face, half at most, the
    more the lower the loss is. Where the share is less than one of the strangers, people who are
    hidden are some, too; where even so it is, nothing can be counted and the loss alone decides.
    """
    for_the_loss = 1 / (2 + open_set_loss(logits, labels).item())
    known = (labels < logits.shape[1] - 1).numpy()
    top, scores = _likeliest(logits)
    others = scores[~known]
    if not passing(accepted, len(others)):
        others = np.concatenate([others, _likeliest(hidden(logits, labels))[1][known]])
    if not known.any() or not passing(accepted, len(others)):
        return for_the_loss
    right = (top == labels.numpy())[known]
    share = named_right(right, scores[known], others, accepted)
    return share * int(known.sum()) + for_the_loss


class OpenSetScore(Metric):  # type: ignore[misc]  # fastai is untyped
    """The `open_set_score` of all calibration faces."""

    name = "open_set_score"

    def __init__(self, accepted: float) -> None:
        """Where this share of strangers gets a name."""
        self._accepted = accepted

    def reset(self) -> None:
        """Begin with none."""
        self._seen: list[tuple[Tensor, Tensor]] = []

    def accumulate(self, learn: Learner) -> None:
        """Note a batch."""
        self._seen.append((learn.pred.detach(), learn.y))

    @property
    def value(self) -> float:
        """The score of all batches together."""
        logits, labels = (torch.cat(parts) for parts in zip(*self._seen, strict=True))
        return open_set_score(logits, labels, accepted=self._accepted)


class KeepBest(TrackerCallback, Generic[Kept]):  # type: ignore[misc]  # fastai is untyped
    """Keeps what the epoch with the highest open-set score learned.

    Where none scores higher than `at_least`, that is `kept` as it was given. After `patience`
    epochs without a higher score it is over.
    """

    def __init__(
        self, kept: Kept, at_least: float, *, described: Callable[[Any], Kept], patience: int
    ) -> None:
        """Begin with what there was before."""
        super().__init__(OpenSetScore.name, reset_on_fit=False)
        self.kept, self.best = kept, at_least
        self._described, self._patience, self._since = described, patience, 0

    def after_epoch(self) -> None:
        """Keep this one if it is the best so far, or stop."""
        super().after_epoch()
        self._since += 1
        if self.new_best:
            self.kept, self._since = self._described(self.model), 0
        if self._since >= self._patience:
            raise CancelFitException


class TellEpochs(Callback):  # type: ignore[misc]  # fastai is untyped
    """Tells after each epoch how far it is, after so many that were `done` before."""

    def __init__(self, progress: Progress, epochs: int, *, done: int = 0) -> None:
        """Begin where others ended."""
        self._progress, self._epochs, self._done = progress, epochs, done

    def after_epoch(self) -> None:
        """Say how far it is."""
        self._progress(self._done + self.epoch + 1, self._epochs)


def learner_of(
    model: nn.Module,
    loaders: Sequence[DataLoader],
    *callbacks: Callback,
    accepted: float,
    **how: Any,
) -> Learner:
    """A learner on the CPU of two loaders, for learning and calibration, that prints nothing.

    Its epochs are told apart by the open-set score where this share of strangers is `accepted`.
    """
    learner = Learner(
        DataLoaders(*loaders, device=torch.device("cpu")),
        model,
        loss_func=open_set_loss,
        metrics=[OpenSetScore(accepted)],
        default_cbs=False,
        cbs=[TrainEvalCallback(), Recorder(add_time=False), *callbacks],
        **how,
    )
    learner.logger = lambda _: None
    return learner


def score_before(learner: Learner) -> float:
    """The open-set score of a model as it is."""
    _, score = learner.validate()
    return float(score)


def _likeliest(logits: Tensor) -> tuple[np.typing.NDArray[np.int64], np.typing.NDArray[np.float64]]:
    """The likeliest person of each face, (b,), and the logarithm of how likely that is."""
    best, top = logits[:, :-1].max(dim=1)
    return top.numpy(), (best - logits.logsumexp(dim=1)).double().numpy()
