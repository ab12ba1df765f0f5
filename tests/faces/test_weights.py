import subprocess
import sys
from pathlib import Path

import pytest

from faces.errors import SetupError
from faces.weights import Weights, checked_file, weights_file


@pytest.mark.parametrize("weights", list(Weights))
def test_the_installed_weights_are_the_ones_we_were_made_for(weights: Weights) -> None:
    assert weights_file(weights).name == weights.file_name


def test_their_package_is_never_imported() -> None:
    check = (
        "import sys; from faces.weights import *; weights_file(Weights.ENCODER);"
        "assert not {'face_recognition_models', 'pkg_resources'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_68_point_model_has_no_name_here() -> None:
    assert not any("68" in weights.file_name for weights in Weights)


def test_missing_weights_are_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"5_face_landmarks\.dat cannot be read.*pip install"):
        checked_file(Weights.FIVE_POINTS, tmp_path)


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / Weights.FIVE_POINTS.file_name).write_bytes(b"something else")
    with pytest.raises(SetupError, match="not the file that faceloop was made for"):
        checked_file(Weights.FIVE_POINTS, tmp_path)


def test_missing_weights_of_ours_are_told_with_their_own_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.weights._OURS", tmp_path)
    with pytest.raises(SetupError, match=r"yunet_2023mar\.onnx cannot be read.*install faceloop"):
        checked_file(Weights.YUNET, tmp_path)
