"""A whole network trained on the few photos of each person: fastai's resnet18."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional
from torch.utils.data import TensorDataset

from benchmarks.convention import note
from benchmarks.identify_draws import Draw, Places
from benchmarks.identify_scores import Answers, Scores
from benchmarks.people_photos import Boxes
from faces.pictures import open_photo

with warnings.catch_warnings():
    # fastai asks torch and pandas for what they are about to drop; none of it is used here
    warnings.filterwarnings("ignore", r"`torch\.jit\.script` is deprecated")
    warnings.filterwarnings("ignore", r"The 'mode\.chained_assignment' option is deprecated")
    import fastai.callback.progress
    import fastai.callback.schedule  # noqa: F401  # gives the learner its fit_one_cycle
    from fastai.data.core import DataLoaders
    from fastai.losses import CrossEntropyLossFlat
    from fastai.torch_core import set_seed
    from fastai.vision.learner import vision_learner
    from fastai.vision.models.all import resnet18

_SIDE_PX = 112
_AROUND = 1.3
"""How much larger than the box of a face its picture is."""
_EPOCHS = 20
_BATCH = 32
_AT_ONCE = 256


def resnet18_answers(photos: Sequence[Path], boxes: Boxes, draw: Draw) -> Answers:
    """What `vision_learner` says of all faces that are met, with no weights to start from.

    It learns each face and its mirror image. Torch takes as many threads as it likes.
    """
    set_seed(draw.number, reproducible=True)
    faces = _pictures(photos, boxes, draw.learning)
    labels = torch.tensor(draw.learning_labels)
    learning = TensorDataset(torch.cat([faces, faces.flip(3)]), torch.cat([labels, labels]))
    some = TensorDataset(faces[:1], labels[:1])  # fastai wants to validate on something
    learner = vision_learner(
        DataLoaders.from_dsets(learning, some, bs=_BATCH, num_workers=0, device="cpu"),
        resnet18,
        pretrained=False,
        normalize=False,
        n_out=draw.people,
        loss_func=CrossEntropyLossFlat(),
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(_EPOCHS)
    note(f"  resnet18: {_EPOCHS} epochs over {len(learning)} pictures")

    def score(places: Places) -> Scores:
        blocks = [
            _probabilities(learner.model, _pictures(photos, boxes, some))
            for some in np.array_split(places, len(places) // _AT_ONCE + 1)
        ]
        return np.concatenate(blocks)

    known, strangers = score(draw.met), score(draw.strangers_met)
    return Answers(
        right=known.argmax(axis=1) == draw.met_labels,
        scores=known.max(axis=1),
        of_strangers=strangers.max(axis=1),
    )


def _probabilities(model: torch.nn.Module, pictures: torch.Tensor) -> Scores:
    with torch.no_grad():
        return np.asarray(functional.softmax(model.eval()(pictures), dim=1).numpy(), np.float64)


def _pictures(photos: Sequence[Path], boxes: Boxes, places: Places) -> torch.Tensor:
    """The faces as a network takes them: (k, 3, 112, 112), about -2 to 2."""
    pixels = np.stack([_face(photos[place], boxes[place]) for place in places])
    return torch.tensor(pixels).permute(0, 3, 1, 2).float().div(64).sub(2)


def _face(photo: Path, box: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """A square around a face, (112, 112, 3)."""
    left, top, width, height = box
    half = _AROUND * max(width, height) / 2
    x, y = left + width / 2, top + height / 2
    whole = Image.fromarray(open_photo(photo).pixels)
    around = (x - half, y - half, x + half, y + half)
    return np.asarray(
        whole.resize(
            (_SIDE_PX, _SIDE_PX), Image.Resampling.BILINEAR, box=_inside(around, whole.size)
        )
    )


def _inside(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))
