"""Who learns, and who chooses among model versions, do so one after the other, and say so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.given_versions import put_into_use
from faceloop import models, retrain
from faceloop.models import models as choose
from faceloop.retrain import learn
from faceloop.workspace import explicit_settings, prepare
from faces.locks import Work, alone
from faces.records import NETWORK
from faces.settings import Settings
from faces.store.database import Store
from faces.versions import current_id
from tests.model_versions import a_version


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return explicit_settings(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = prepare(settings)
    yield store
    store.close()


@contextmanager
def meanwhile(settings: Settings, work: Callable[[], object]) -> Iterator[None]:
    """Somebody else has the turn while this begins; then it may go on, and comes to its end."""
    other = threading.Thread(target=work)
    with alone(settings, Work.TRAIN):
        other.start()
        yield
        assert other.is_alive(), "it waits"
    other.join()


def test_a_second_retrain_says_that_it_waits(settings: Settings, store: Store) -> None:
    said: list[str] = []
    told = threading.Event()

    def report(line: str) -> None:
        said.append(line)
        told.set()

    with meanwhile(settings, lambda: learn(settings, store, report=report)):
        assert told.wait(10)
        assert said == [retrain.WAITS_TO_LEARN]
    assert "a classifier needs 2 people" in said[1]


@pytest.mark.parametrize("how", ["use", "roll_back"])
def test_a_version_is_chosen_once_nobody_learns(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first, second = (put_into_use(settings.models, a_version(NETWORK)).id for _ in range(2))
    told = threading.Event()
    monkeypatch.setattr(models, "say", lambda _line: told.set())
    asked = {"use": first} if how == "use" else {"roll_back": True}
    with meanwhile(settings, lambda: choose(settings.workspace, **asked)):
        assert told.wait(10)
        assert current_id(settings.models) == second
    assert current_id(settings.models) == first
