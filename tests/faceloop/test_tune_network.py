"""`faceloop retrain --tune-network`, from photos to names; the network is tuned for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faceloop.retrain import learn
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, PersonRenamed, Verdict
from faces.encode import Encoder
from faces.errors import SetupError
from faces.identify import CurrentModel
from faces.pictures import open_photo, save_jpeg
from faces.reading import ReadingOptions as Options
from faces.reading import VersionReaders, face_reader
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    PersonId,
    PhotoFile,
    Pixels,
    ReadPhoto,
    face_id_of_box,
)
from faces.settings import Settings, load_settings
from faces.store import log, photos
from faces.store.database import Store
from faces.versions import current_id, load_version
from sync.own_network import encode_for
from tests.faces.conftest import portrait
from training import tuning

__all__ = ["portrait"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOX = Box(20, 45, 145, 145)
PEOPLE, STRANGERS, EACH = (1, 5, 12), (20, 33, 40), 8
Portrait = Callable[[int, int], Pixels]


@pytest.fixture
def album(tmp_path: Path, portrait: Portrait) -> Path:
    """A folder with eight portraits each of three people and three strangers."""
    folder = tmp_path / "album"
    folder.mkdir()
    for person in (*PEOPLE, *STRANGERS):
        for number in range(1, EACH + 1):
            save_jpeg(portrait(person, number), folder / f"{person}-{number}.jpg")
    return folder


@pytest.fixture
def workspaces(tmp_path: Path, album: Path) -> Iterator[Callable[[str], tuple[Settings, Store]]]:
    """Workspaces in which all of that was said."""
    opened: list[Store] = []
    encoder = Encoder(threads=1)

    def make(name: str) -> tuple[Settings, Store]:
        settings = load_settings(workspace=str(tmp_path / name))
        settings.workspace.mkdir()
        store = Store(settings.store_url)
        store.migrate(lock=settings.workspace / "migrate.lock")
        opened.append(store)
        tell(store, album, encoder)
        return settings, store

    yield make
    for store in opened:
        store.close()


def tell(store: Store, album: Path, encoder: Encoder) -> None:
    with store.write() as connection:
        said = [PersonCreated(PersonId(str(who)), f"P{who}") for who in PEOPLE]
        for path in sorted(album.iterdir()):
            opened = open_photo(path)
            face = Face(face_id_of_box(opened.photo.id, BOX), opened.photo.id, BOX, 1.0)
            encodings = Encodings(NETWORK, (face.id,), *encoder.encode(opened.pixels, [BOX]))
            read = ReadPhoto(opened.photo, (face,), encodings)
            photos.save_photo(connection, read, now=NOW)
            told = path.stat()
            file = PhotoFile(str(album), path.name, told.st_size, told.st_mtime_ns)
            photos.save_file(connection, file, photo=opened.photo.id)
            who = int(path.stem.split("-")[0])
            is_known = who in PEOPLE
            person = PersonId(str(who)) if is_known else None
            said.append(FaceVerdict(face.id, Verdict.IS if is_known else Verdict.STRANGER, person))
        log.append(connection, Occasion("you", NOW, "test"), said)


@pytest.fixture
def surely_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of portraits, all named right before, cannot show that a network is better."""
    monkeypatch.setattr(tuning, "is_better", lambda *_: True)


def test_one_seed_gives_one_version_with_its_network(workspaces, surely_better) -> None:
    found = []
    for name in ("first", "second"):
        settings, store = workspaces(name)
        assert learn(settings, store, seed=3, tune_network=True)
        found.append(load_version(settings.models, str(current_id(settings.models))))
    first, second = found
    assert first.id == second.id
    assert first.onnx
    assert first.onnx == second.onnx
    assert {"head_rank1", "network_rank1"} <= set(first.metrics)


def test_new_photos_are_named_by_the_tuned_network_and_its_encodings_alone(
    workspaces, surely_better, portrait: Portrait, tmp_path: Path
) -> None:
    settings, store = workspaces("one")
    learn(settings, store, seed=3, tune_network=True)
    model = CurrentModel(settings.models).snapshot()
    assert model is not None
    assert encode_for(store, model, on_photo=lambda *_: None) == 6 * EACH
    with store.read() as connection:
        own = photos.encodings(connection, model.version.network)
        usual = photos.encodings(connection, NETWORK)
    assert own.faces == usual.faces
    assert not np.array_equal(own.plain, usual.plain)
    named = {str(proposal.person) for proposal in model.propose(own)}
    assert named <= {*map(str, PEOPLE), "None"}
    assert len(named) > 1
    with pytest.raises(SetupError, match="run `faceloop retrain`"):
        model.propose(usual)
    save_jpeg(portrait(1, EACH + 1), tmp_path / "new.jpg")
    reader = VersionReaders(face_reader(Options(), threads=1)).of(model.version)
    read = reader.read(open_photo(tmp_path / "new.jpg"))
    assert read.encodings.network == model.version.network
    assert len(model.propose(read.encodings)) == len(read.faces) == 1


def test_without_a_better_network_the_head_alone_stays_and_says_both_figures(workspaces) -> None:
    settings, store = workspaces("one")
    assert learn(settings, store, seed=3, tune_network=True)
    version = load_version(settings.models, str(current_id(settings.models)))
    assert (version.network, version.onnx) == (NETWORK, b"")
    assert tuning.TUNED in version.metrics
    assert "head_rank1" in version.metrics


def test_tuning_is_tried_after_a_retrain_without_it_and_then_not_again(workspaces) -> None:
    settings, store = workspaces("one")
    versions = []
    for tune_network in (False, True, True, False):
        learn(settings, store, seed=None, tune_network=tune_network)
        versions.append(current_id(settings.models))
    first, *tried = versions
    assert len(set(tried)) == 1
    assert first not in tried


def test_a_version_with_a_tuned_network_is_compared_by_its_own_encodings(
    workspaces, surely_better
) -> None:
    settings, store = workspaces("one")
    learn(settings, store, seed=3, tune_network=True)
    model = CurrentModel(settings.models).snapshot()
    assert model is not None
    encode_for(store, model, on_photo=lambda *_: None)
    with store.write() as connection:
        renamed = PersonRenamed(PersonId("1"), "Zoë")
        log.append(connection, Occasion("you", NOW, "test"), [renamed])
    done = learn(settings, store)
    assert done is not None
    assert done.decision is not None
    assert done.decision.with_current is not None, "it is not taken for one that cannot be used"
    assert done.decision.with_current.photos > 0
    names = {change.before for change in done.changes} | {change.after for change in done.changes}
    assert "P1" not in names
