"""The faces on which a head loses most, as fastai's Interpretation finds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.dataset import Samples
from training.fastai_parts import (
    CrossEntropyLossFlat,
    DataLoader,
    DataLoaders,
    Interpretation,
    Learner,
    TrainEvalCallback,
)
from training.head import Head

_BATCH = 512


def top_losses(head: Head, test: Samples, count: int) -> list[tuple[int, float]]:
    """The rows with the highest losses, highest first, at most so many of them.

    A loss is -log of the probability of the right answer, which may be "unknown".
    """
    if not test.count:
        return []
    alike = torch.tensor(_alike(head, test), dtype=torch.float32)
    faces = list(zip(alike, torch.tensor(test.labels), strict=True))
    loader = DataLoader(faces, bs=_BATCH)
    learner = Learner(
        DataLoaders(loader, loader, device=torch.device("cpu")),
        _Scaled(head.scale),
        loss_func=CrossEntropyLossFlat(),
        default_cbs=False,
        cbs=[TrainEvalCallback()],
    )
    found = Interpretation.from_learner(learner, dl=loader)
    losses, rows = found.top_losses(min(count, test.count))
    return list(zip(rows.tolist(), losses.tolist(), strict=True))


class _Scaled(nn.Module):
    """From how alike faces and people are to logits."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, alike: Tensor) -> Tensor:
        return self.scale * alike


def _alike(head: Head, test: Samples) -> npt.NDArray[np.float64]:
    """To each person and, last, to nobody known, over the cosine of "unknown": (n, p + 1)."""
    columns = [head.cosines(test) - head.unknown_cosine, head.crowding(test)[:, None]]
    return np.hstack(columns)
