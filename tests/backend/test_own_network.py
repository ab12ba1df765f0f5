"""A version that brings its own network is asked about that network's encodings alone."""

from __future__ import annotations

import pytest

from faces.records import Box, Encodings
from faces.store import photos
from faces.versions import tuned_network_id
from tests.backend.conftest import (
    MarkedReader,
    World,
    ask,
    direction,
    names,
    task,
)
from tests.backend.test_predictor import context, drawn

ONNX = b"a tuned network"
OWN = tuned_network_id(ONNX)
ANNA, BO = direction(0), direction(1)


@pytest.fixture
def tuned(world: World) -> World:
    """The network that everybody has takes Anna for Bo, the tuned one does not."""
    world.learn(network=OWN, onnx=ONNX, Anna=ANNA, Bo=BO)
    world.reader.own_networks[OWN] = MarkedReader()
    world.reader.row_drawn = BO
    world.reader.own_networks[OWN].row_drawn = ANNA
    return world


def test_a_photo_in_the_store_is_named_by_what_the_own_network_said(tuned: World) -> None:
    photo, faces = tuned.add_photo(1, BO)
    with tuned.store.write() as connection:
        photos.save_encodings(connection, Encodings(OWN, tuple(faces), ANNA[None], ANNA[None]))
    (answer,) = ask(tuned.client(), task(photo))
    assert names(answer) == ["Anna"]


def test_a_face_that_the_own_network_has_not_seen_yet_is_unknown(tuned: World) -> None:
    photo, _ = tuned.add_photo(1, BO)
    (answer,) = ask(tuned.client(), task(photo))
    assert names(answer) == ["Unknown"]


def test_a_new_picture_is_read_by_the_own_network(tuned: World) -> None:
    box = Box(20, 20, 60, 60)
    tuned.reader.found = [(box, BO)]
    tuned.reader.own_networks[OWN].found = [(box, ANNA)]
    (answer,) = ask(tuned.client(), task(url=tuned.serve_picture("new.png")))
    assert names(answer) == ["Anna"]
    assert tuned.reader.photos_read == 0


def test_after_another_version_the_other_network_answers_again(tuned: World) -> None:
    photo, faces = tuned.add_photo(1, BO)
    with tuned.store.write() as connection:
        photos.save_encodings(connection, Encodings(OWN, tuple(faces), ANNA[None], ANNA[None]))
    client = tuned.client()
    assert names(ask(client, task(photo))[0]) == ["Anna"]
    tuned.learn(Anna=ANNA, Bo=BO)
    assert names(ask(client, task(photo))[0]) == ["Bo"]


def test_who_was_named_since_is_known_by_the_encodings_of_the_network_in_use(
    tuned: World,
) -> None:
    """Cleo's face looks like axis 2 to the one network and like axis 3 to the other."""
    _, (face, hers) = tuned.add_photo(1, direction(2), direction(4))
    tuned.confirm(hers, "Anna")
    own = direction(3)[None]
    with tuned.store.write() as connection:
        photos.save_encodings(connection, Encodings(OWN, (face,), own, own))
    tuned.confirm(face, "Cleo")
    tuned.reader.row_drawn = tuned.reader.own_networks[OWN].row_drawn = direction(3)
    predictor, url = tuned.predictor(), tuned.serve_picture("seen.png")

    def named() -> list[str]:
        return names(predictor.interactive(task(url=url), context(drawn())))

    assert named() == ["Cleo"]
    tuned.learn(Anna=ANNA, Bo=BO)
    assert named() == ["Unknown"]
    tuned.reader.row_drawn = direction(2)
    assert named() == ["Cleo"]
