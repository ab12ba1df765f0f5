"""Where the weights of the face networks lie: beside this code, or in an installed package.

That package is `face_recognition_models`. To import it warns and needs pkg_resources, so its files
are found by its place alone. Its 68-point landmark model is for non-commercial use only and has no
name here.
"""

from __future__ import annotations

import hashlib
import importlib.util
from enum import Enum
from functools import cache
from pathlib import Path

from faces.errors import SetupError

_OURS = Path(__file__).parent / "networks"
_PACKAGE = "face_recognition_models"
_REPAIR = "install it anew: pip install --force-reinstall --no-deps face_recognition_models==0.3.0"
_REPAIR_OURS = "install faceloop anew, or take the file from its repository again"


class Weights(Enum):
    """A file of weights: its name in the package and its sha256."""

    ENCODER = (
        "dlib_face_recognition_resnet_model_v1.dat",
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    )
    FIVE_POINTS = (
        "shape_predictor_5_face_landmarks.dat",
        "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    )
    CNN_DETECTOR = (
        "mmod_human_face_detector.dat",
        "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    )
    YUNET = (
        "face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    )

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return self.value[0]

    @property
    def sha256(self) -> str:
        """What its bytes must hash to, in hex."""
        return self.value[1]


@cache
def weights_file(weights: Weights) -> Path:
    """Where the weights lie, checked once a process.

    Raises:
        SetupError: the package or the file is missing, or the file was changed.
    """
    return checked_file(weights, _OURS if weights is Weights.YUNET else _models_folder())


def checked_file(weights: Weights, folder: Path) -> Path:
    """The file of these weights in a folder, once its content is what it should be.

    Raises:
        SetupError: it is missing or was changed.
    """
    path = folder / weights.file_name
    repair = _REPAIR_OURS if folder == _OURS else _REPAIR
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SetupError(f"{path} cannot be read ({error.strerror}); {repair}") from error
    if found != weights.sha256:
        raise SetupError(f"{path} is not the file that faceloop was made for; {repair}")
    return path


def _models_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise SetupError(f"the package {_PACKAGE} is missing; {_REPAIR}")
    return Path(spec.origin).parent / "models"
