"""Which epoch is the best."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.epochs import KeepBest, TellEpochs, learner_of, open_set_score, score_before
from training.fastai_parts import DataLoader

PEOPLE = 2
NOBODY = PEOPLE


def met(sure: list[float], strangers: list[float]) -> tuple[Tensor, Tensor]:
    """Faces of the first person and strangers, each so sure of being that person."""
    logits = torch.tensor([[logit, -9.0, 0.0] for logit in [*sure, *strangers]])
    labels = torch.tensor([0] * len(sure) + [NOBODY] * len(strangers))
    return logits, labels


def score(logits: Tensor, labels: Tensor, *, accepted: float = 0.01) -> float:
    return open_set_score(logits, labels, accepted=accepted)


def named(scored: float) -> int:
    """The faces that a score counts."""
    return int(scored)


def test_the_score_is_that_of_the_share_of_strangers_who_may_get_a_name() -> None:
    faces = met([4.0, 2.5, 0.5, -1.5], [3.0, 2.0, 1.0, 0.0, *[-2.0] * 16])
    counted = [named(score(*faces, accepted=share)) for share in (0.05, 0.1, 0.15, 0.2)]
    assert counted == [2, 2, 3, 4]
    assert named(score(*faces, accepted=0.01)) == 0, "of so few, one in a hundred is none"


def test_whoever_is_surer_than_one_stranger_in_a_hundred_counts() -> None:
    strangers = [3.0, 2.0, *[-1.0] * 198]
    sure = [4.0, 2.5, -0.5, -1.5]
    assert named(score(*met(sure, [3.0, *strangers]))) == 2
    assert named(score(*met(sure, strangers))) == 3


def test_who_is_taken_for_another_does_not_count() -> None:
    logits, labels = met([4.0, 4.0], [-1.0] * 100)
    labels[0] = 1
    assert named(score(logits, labels)) == 1


def test_between_equals_the_lower_loss_decides_and_never_outweighs_a_face() -> None:
    strangers = [-1.0] * 100
    better, worse = met([8.0, 8.0], strangers), met([1.0, 1.0], strangers)
    assert named(score(*better)) == named(score(*worse)) == 2
    assert score(*better) > score(*worse)
    fewer = met([30.0, -2.0], [-30.0, *[-30.0] * 99])
    fewer[0][1] = torch.tensor([-30.0, -9.0, 30.0])
    assert named(score(*fewer)) == 1


def test_of_few_strangers_people_who_are_hidden_are_some() -> None:
    logits, labels = met([4.0] * 60, [-1.0] * 50)
    assert named(score(logits, labels)) == 60
    logits[:2, 1] = 5.0  # once their own is hidden, two are surely the other
    assert named(score(logits, labels)) == 0


@pytest.mark.parametrize(("known", "strangers"), [(3, 10), (0, 10), (3, 0), (0, 200)])
def test_where_nothing_can_be_counted_the_loss_alone_decides(known: int, strangers: int) -> None:
    low, high = (score(*met([sure] * known, [-sure] * strangers)) for sure in (4.0, 0.5))
    assert 0 < high < low < 1


class Wandering(torch.nn.Module):
    """Is as sure as the epoch says, whatever it is taught."""

    def __init__(self, sure: list[float]) -> None:
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.sure, self.seen = sure, 0

    def forward(self, rows: Tensor) -> Tensor:
        own = self.sure[self.seen] + 0 * self.nothing * rows
        if not self.training:
            self.seen += 1
        return torch.cat([own, own - 9.0, torch.zeros_like(own)], dim=1)


@pytest.mark.parametrize(
    ("sure", "kept", "epochs"),
    [
        ([1.0, 2.0, 3.0, 2.5, 3.5, 3.0], 5, 5),
        ([1.0, 2.0, 1.5, 1.5, 1.5, 9.0], 2, 4),
        ([4.0, 2.0, 3.0, 3.5, 3.9, 9.0], 0, 3),
    ],
)
def test_the_best_epoch_is_kept_and_what_there_was_before_is_a_candidate(
    sure: list[float], kept: int, epochs: int
) -> None:
    batch = (torch.ones(4, 1), torch.zeros(4, dtype=torch.int64))
    loader = DataLoader([batch], bs=None)
    learner = learner_of(Wandering(sure), [loader, loader], accepted=0.01)
    best = KeepBest(0, score_before(learner), described=lambda model: model.seen, patience=3)
    told: list[tuple[int, int]] = []
    tell = TellEpochs(lambda done, total: told.append((done, total)), 5)
    learner.fit_one_cycle(5, 1e-3, cbs=[tell, best])
    assert best.kept == kept
    assert told == [(epoch + 1, 5) for epoch in range(epochs)]
