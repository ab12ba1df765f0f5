from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sync import more_than_one
from benchmarks.sync_ours import cluster_anew, rename
from benchmarks.sync_store import RENAMED, fill, people_of
from faces.identify import CurrentModel
from faces.media import media_of
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store
from faces.studio import Studio
from sync.desk import Desk, Project, open_desk
from sync.plan import Plan
from sync.push import push
from tests.studio_double import API_KEY, URL, StudioDouble


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an empty workspace."""
    return Settings(workspace=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An empty store."""
    store = Store(settings.store_url)
    store.migrate(lock=settings.workspace / "migrate.lock")
    yield store
    store.close()


@pytest.fixture
def desk(settings: Settings, store: Store) -> Iterator[Desk]:
    """A small Label Studio."""
    with StudioDouble().client() as client:
        studio = Studio(URL, API_KEY, httpx_client=client)
        yield open_desk(store, studio, server=URL, media=media_of(settings), pictures="local")


def pushed(settings: Settings, store: Store, desk: Desk) -> dict[Project, Plan]:
    """A push as the benchmark does it."""
    return push(store, desk, CurrentModel(settings.models), on_progress=lambda *_: None)


@pytest.mark.parametrize(("tasks", "of_one"), [(1, 0), (40, 10), (4_000, 500)])
def test_every_photo_has_a_face_and_one_person_is_in_many(tasks: int, of_one: int) -> None:
    people, photo = people_of(tasks, rng=np.random.default_rng(0))
    assert len(people) == len(photo)
    assert set(photo) == set(range(tasks))
    assert len(set(photo[people == 0])) == np.count_nonzero(people == 0) == of_one


def test_the_store_has_as_many_photos_and_people_as_are_told(
    settings: Settings, store: Store
) -> None:
    told = fill(store, settings, tasks=60)
    with store.read() as connection:
        assert photos.count_photos(connection) == told["photos"] == 60
        assert len(photos.faces(connection)) == told["faces"] == 84
        truth = log.truth(connection)
    assert len(truth.people) == told["people"] > 1
    assert RENAMED in truth.people


def test_a_rename_changes_the_photos_of_one_and_a_new_round_all(
    settings: Settings, store: Store, desk: Desk
) -> None:
    fill(store, settings, tasks=60)
    assert len(pushed(settings, store, desk)[Project.PHOTOS].new) == 60
    rename(store)
    changed = pushed(settings, store, desk)[Project.PHOTOS].changed
    assert 15 <= len(changed) < 60, "the photos that show who was renamed, or offer the name"
    cluster_anew(store)
    assert len(pushed(settings, store, desk)[Project.PHOTOS].changed) == 60
    assert all(plan.is_empty for plan in pushed(settings, store, desk).values())


def test_what_stands_twice_is_counted_once_and_what_stands_thrice_twice() -> None:
    assert more_than_one([]) == 0
    assert more_than_one(["a", "b", "a", "c", "c", "c"]) == 3
