"""The worker learns by itself once enough was confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from faceloop.retrain import learn
from faceloop.retrain_policy import RetrainPolicy, news_of
from faceloop.worker import learn_if_due
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict
from faces.records import (
    Box,
    Encodings,
    Face,
    FloatRows,
    PersonId,
    Photo,
    PhotoId,
    face_id_of_box,
)
from faces.settings import Settings
from faces.store import log, photos
from faces.store.database import Store
from faces.versions import current_id, list_versions
from training.parts import Part, part_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOX = Box(10, 10, 50, 50)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two people with six confirmed faces each."""
    store = Store(f"sqlite:///{tmp_path / 'faceloop.sqlite3'}")
    store.migrate(lock=tmp_path / "migrate.lock")
    for name in ("Ann", "Ned"):
        confirm(store, name, 6)
    yield store
    store.close()


def confirm(store: Store, name: str, count: int, *, part: Part | None = None) -> None:
    """Say of so many new photos that this person is on them; of a part, if one is asked for."""
    rng = np.random.default_rng(len(name) * 100 + ord(name[0]))
    look = rng.normal(size=128)
    drawn = (look + 0.3 * rng.normal(size=(50 * count, 128))).astype(np.float32)
    rows = [row for row in drawn if part is None or part_of(photo_of(row)) is part][:count]
    with store.write() as connection:
        words: list[FaceVerdict] = []
        for row in rows:
            photo = photo_of(row)
            face = Face(face_id_of_box(photo, BOX), photo, BOX, 1.0)
            encodings = Encodings("dlib-resnet-v1", (face.id,), row[None], row[None])
            read = photos.ReadPhoto(Photo(photo, 100, 100), (face,), encodings)
            photos.save_photo(connection, read, now=NOW)
            words.append(FaceVerdict(face.id, Verdict.IS, PersonId(name)))
        created = PersonCreated(PersonId(name), name)
        log.append(connection, Occasion("you", NOW, f"page of {name}"), [created, *words])


def photo_of(row: FloatRows) -> PhotoId:
    return PhotoId(hashlib.sha256(row.tobytes()).hexdigest())


def settings_of(workspace: Path, **given: int) -> Settings:
    return Settings(workspace=workspace, **given)  # type: ignore[arg-type]


def test_the_policy_is_off_unless_it_is_set(tmp_path: Path, store: Store) -> None:
    policy = RetrainPolicy(settings_of(tmp_path), store, say=print)
    assert not policy.look(NOW)
    assert current_id(tmp_path / "models") is None


def test_whoever_is_named_while_the_news_are_gathered_is_told_whole_or_not_at_all(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = ["Cy"]

    def name_somebody(models: Path) -> list[str]:
        while waiting:
            confirm(store, waiting.pop(), 6)
        return list_versions(models)

    monkeypatch.setattr("faceloop.retrain_policy.list_versions", name_somebody)
    assert set(news_of(settings_of(tmp_path), store).newcomers) >= {"Ann", "Ned"}


def test_without_label_studio_nothing_is_learned_and_that_is_one_line(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path, retrain_after_faces=12)
    policy = RetrainPolicy(settings, store, say=print)
    learn_if_due(policy, now=NOW)
    [record] = caplog.records
    assert record.getMessage().startswith("retrain failed: there is no token for Label Studio")
    assert current_id(settings.models) is None
    learn_if_due(policy, now=NOW + timedelta(minutes=59))
    assert len(caplog.records) == 1


def test_with_enough_confirmed_faces_it_learns_pushes_and_waits_for_more(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed: list[str | None] = []
    monkeypatch.setattr("faceloop.retrain_policy.desk_of", lambda *_: None)
    monkeypatch.setattr(
        "faceloop.retrain_policy.push_now",
        lambda settings, *_, **__: pushed.append(current_id(settings.models)),
    )
    settings = settings_of(tmp_path, retrain_after_faces=12)
    said: list[str] = []
    policy = RetrainPolicy(settings, store, say=said.append)
    assert policy.look(NOW)
    assert pushed == [current_id(settings.models)]
    assert "is in use" in said[-1]
    assert news_of(settings, store).faces == 0
    assert not policy.look(NOW + timedelta(days=1))


def test_fewer_faces_wait(tmp_path: Path, store: Store) -> None:
    policy = RetrainPolicy(settings_of(tmp_path, retrain_after_faces=13), store, say=print)
    assert not policy.look(NOW)


def test_what_a_retrain_would_refuse_is_not_worth_it_and_not_tried(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'faceloop.sqlite3'}")
    store.migrate(lock=tmp_path / "migrate.lock")
    confirm(store, "Ann", 6)
    confirm(store, "Ned", 6, part=Part.TEST)
    settings, said = settings_of(tmp_path, retrain_after_faces=12), []
    assert str(news_of(settings, store)).startswith("not yet: it needs two people")
    assert not RetrainPolicy(settings, store, say=said.append).look(NOW)
    assert learn(settings, store, report=said.append) is None
    assert "Ned: 6 faces, all in photos kept for testing" in said[-1]
    confirm(store, "Ned", 7, part=Part.LEARNING)
    assert str(news_of(settings, store)).startswith("worth it: 2 people can be learned")
    store.close()


def test_with_a_clock_that_was_set_back_it_learns_what_was_said_since(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceloop.retrain_policy.desk_of", lambda *_: None)
    monkeypatch.setattr("faceloop.retrain_policy.push_now", lambda *_, **__: None)
    settings = settings_of(tmp_path, retrain_after_faces=4)
    learn(settings, store, report=str)
    confirm(store, "Zoe", 4)  # said at NOW, long before the version was made
    assert news_of(settings, store).newcomers == ("Zoe",)
    policy = RetrainPolicy(settings, store, say=str)
    assert policy.look(NOW)
    assert news_of(settings, store).faces == 0
    assert not policy.look(NOW + timedelta(days=1))


def test_whoever_was_killed_before_it_was_noted_what_was_learned_notes_it_the_next_time(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path)
    learn(settings, store, report=str)
    confirm(store, "Zoe", 4)
    with monkeypatch.context() as killed:
        killed.setattr("faceloop.retrain.note_learned", _is_killed)
        with pytest.raises(SystemExit):
            learn(settings, store, report=str)
    made = list_versions(settings.models)
    learn(settings, store, report=str)
    assert list_versions(settings.models) == made
    assert news_of(settings, store).faces == 0


def _is_killed(*_: object, **__: object) -> None:
    raise SystemExit(137)
