from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from backend.learning import LearnedSoFar
from faces.confirmations import FaceVerdict, PersonMerged, Retracted, Verdict
from faces.learned import Learned
from faces.records import NETWORK as OTHER_NETWORK
from faces.records import Encodings, FaceId, PersonId, identity_rows
from faces.store import log, photos
from faces.versions import ModelVersion
from tests.backend.conftest import NETWORK, World, direction

ANNA, BO, CLEO = direction(0), direction(1), direction(2)
Read = Callable[..., Encodings]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[FaceId]]:
    """Which encodings were read from the store, one list a time."""
    seen: list[list[FaceId]] = []
    read: Read = photos.encodings

    def noted(connection: Any, network: str, only: Sequence[FaceId] | None = None) -> Encodings:
        assert only is not None, "nobody reads all of them"
        seen.append(sorted(only))
        return read(connection, network, only)

    monkeypatch.setattr("backend.learning.photos.encodings", noted)
    return seen


def now(world: World, so_far: LearnedSoFar, version: ModelVersion | None = None) -> Learned:
    with world.store.read() as connection:
        return so_far.now(connection, log.truth(connection), version)


def as_learned_at_once(world: World, version: ModelVersion | None = None) -> Learned:
    """The same, worked out from everything."""
    with world.store.read() as connection:
        known = photos.encodings(connection, NETWORK)
        truth = log.truth(connection)
    return Learned.of(truth, known.faces, identity_rows(known), version=version)


def same(one: Learned, other: Learned) -> None:
    rows = np.eye(4, 128, dtype=np.float32)
    first, second = one.likeliest(rows, 9), other.likeliest(rows, 9)
    for row in range(4):
        assert first.of(row) == pytest.approx(second.of(row))


@contextmanager
def checked(world: World, so_far: LearnedSoFar, version: ModelVersion | None) -> Iterator[None]:
    yield
    same(now(world, so_far, version), as_learned_at_once(world, version))


def test_it_knows_what_is_learned_from_everything_whatever_is_said(world: World) -> None:
    _, [one, two, three] = world.add_photo(1, ANNA, ANNA + BO, CLEO)
    so_far, version = LearnedSoFar(NETWORK), None
    with checked(world, so_far, version):
        world.confirm(one, "Anna")
    with checked(world, so_far, version):
        world.confirm(two, "Anna")
    with checked(world, so_far, version):
        world.say(FaceVerdict(two, Verdict.STRANGER))
    with checked(world, so_far, version):
        world.confirm(two, "Bo")
    with checked(world, so_far, version):
        world.say(PersonMerged(PersonId("bo"), PersonId("anna")))
    with checked(world, so_far, world.learn(Anna=ANNA)):
        world.confirm(three, "Cleo")
    with checked(world, so_far, world.learn(Anna=ANNA, Cleo=CLEO)):
        world.confirm(two, "Bo")
    with checked(world, so_far, None):
        world.say(Retracted())
    assert not now(world, so_far).knows_anybody


def test_nothing_is_read_twice_and_nothing_of_whom_the_version_knows(
    world: World, asked: list[list[FaceId]]
) -> None:
    _, [one, two, three] = world.add_photo(1, ANNA, BO, CLEO)
    version, so_far = world.learn(Cleo=CLEO), LearnedSoFar(NETWORK)
    world.confirm(one, "Anna")
    world.confirm(three, "Cleo")
    first = now(world, so_far, version)
    assert now(world, so_far, version) is first
    assert asked == [[one]]
    world.confirm(two, "Bo")
    now(world, so_far, version)
    assert asked == [[one], [two]]


def test_a_face_whose_encoding_comes_later_is_learned_when_it_is_there(world: World) -> None:
    _, [face] = world.add_photo(1, ANNA)
    so_far = LearnedSoFar(OTHER_NETWORK)
    world.confirm(face, "Anna")
    assert not now(world, so_far).knows_anybody
    rows = ANNA.reshape(1, -1)
    with world.store.write() as connection:
        photos.save_encodings(connection, Encodings(OTHER_NETWORK, (face,), rows, rows))
    assert now(world, so_far).knows_anybody
