import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
from PIL import ImageFile

from faces.encode import Encoder
from faces.errors import SetupError
from faces.records import Box, Pixels
from faces.reference import ReferenceEncoder

pytestmark = pytest.mark.slow

FACES = [Box(75.4, 139.6, 150, 150.2), Box(-30, -30, 120, 120)]


@pytest.fixture(scope="module")
def reference() -> ReferenceEncoder:
    pytest.importorskip("face_recognition_models", exc_type=ImportError)
    return ReferenceEncoder()


def test_both_engines_give_the_same_numbers(
    reference: ReferenceEncoder, album_page: Pixels
) -> None:
    ours, theirs = Encoder(threads=1), reference
    for mine, other in zip(
        ours.encode(album_page, FACES), theirs.encode(album_page, FACES), strict=True
    ):
        assert mine.shape == other.shape == (2, 128)
        assert mine.dtype == other.dtype == np.float32
        np.testing.assert_allclose(mine, other, atol=1e-5, rtol=0)


def test_no_face_gives_no_row(reference: ReferenceEncoder, album_page: Pixels) -> None:
    plain, mirrored = reference.encode(album_page, [])
    assert plain.shape == mirrored.shape == (0, 128)


def test_half_pictures_are_still_refused(reference: ReferenceEncoder, album_page: Pixels) -> None:
    """`face_recognition` tells Pillow otherwise as it is imported."""
    reference.encode(album_page, FACES[:1])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("missing", ["face_recognition", "pkg_resources"])
def test_without_the_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    find = importlib.util.find_spec

    def without(name: str) -> ModuleSpec | None:
        return None if name == missing else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(
        SetupError, match=rf"needs {missing}, .*pip install 'faceloop\[reference\]'"
    ):
        ReferenceEncoder()


def test_making_one_imports_nothing_yet() -> None:
    check = (
        "import sys; from faces.reference import ReferenceEncoder; ReferenceEncoder();"
        "assert not {'face_recognition', 'face_recognition_models'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True)
