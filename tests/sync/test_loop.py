from pathlib import Path

import pytest

from faces.confirmations import FaceVerdict, Verdict
from faces.errors import StudioUnreachable
from faces.settings import Settings
from faces.store import clusters, files, photos
from sync import loop
from sync.clustering import cluster_photos, cluster_photos_by_dbscan
from sync.desk import Project
from tests.sync.conftest import NOW, Workspace, face_id


@pytest.fixture
def settings(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a workspace whose Label Studio is the small one."""
    monkeypatch.setattr(loop, "desk_of", lambda *_: workspace.desk)
    workspace.add_photos(5)
    workspace.cluster()
    return Settings(workspace=workspace.folder)


def look(settings: Settings, workspace: Workspace) -> list[str]:
    """What a look of the worker says."""
    said: list[str] = []
    loop.follow_answers(settings, workspace.store, say=said.append)
    return said


def push(settings: Settings, workspace: Workspace) -> None:
    loop.push_now(settings, workspace.store, workspace.desk, on_progress=lambda *_: None)


def test_a_look_that_finds_no_news_pushes_nothing(settings: Settings, workspace: Workspace) -> None:
    push(settings, workspace)
    assert look(settings, workspace) == []


def test_a_push_that_failed_is_made_up_for_by_the_next_look(
    settings: Settings, workspace: Workspace
) -> None:
    push(settings, workspace)
    workspace.name(0, "Anna", faces=4)
    workspace.double.cut_write(1, done=False)
    with pytest.raises(StudioUnreachable):
        look(settings, workspace)
    assert look(settings, workspace)
    assert all(plan.is_empty for plan in workspace.push().values())
    assert look(settings, workspace) == []


def test_a_first_push_that_failed_is_made_up_for_too(
    settings: Settings, workspace: Workspace
) -> None:
    workspace.double.cut_write(1, done=False)
    with pytest.raises(StudioUnreachable):
        push(settings, workspace)
    look(settings, workspace)
    assert len(workspace.shown(Project.PHOTOS)) == 5


def test_what_is_said_during_a_push_is_pushed_by_the_next_look(
    settings: Settings, workspace: Workspace
) -> None:
    def speak(*_: object) -> None:
        if not workspace.events():
            workspace.say(FaceVerdict(face_id(0, 0), Verdict.NOT_A_FACE))

    loop.push_now(settings, workspace.store, workspace.desk, on_progress=speak)
    assert workspace.events()
    assert look(settings, workspace)


def test_new_photos_come_to_the_desk_in_the_same_round(
    settings: Settings, workspace: Workspace
) -> None:
    def group() -> str:
        return cluster_photos(workspace.store, now=NOW).run

    first = group()
    push(settings, workspace)
    round_before = workspace.selected(Project.PHOTOS)
    before = dict(workspace.double.predictions)
    workspace.add_photos(2)
    assert group() == first
    push(settings, workspace)
    assert workspace.selected(Project.PHOTOS) == round_before
    assert len(workspace.shown(Project.PHOTOS)) == 7
    photos_project = workspace.desk.photos
    old = [n for n, p in before.items() if p["project"] == photos_project]
    assert [workspace.double.predictions[n] for n in old] == [before[n] for n in old]


def test_other_settings_are_another_round(settings: Settings, workspace: Workspace) -> None:
    for eps in (0.42, 0.3):
        cluster_photos_by_dbscan(workspace.store, eps=eps, min_samples=3, now=NOW)
        push(settings, workspace)
    assert workspace.selected(Project.PHOTOS) == "faceloop-0002"


def test_a_cut_found_anew_is_another_round_and_groups_go_on_by_their_names(
    settings: Settings, workspace: Workspace
) -> None:
    def groups_asked_about() -> set[str]:
        tasks = workspace.double.tasks_of(workspace.desk.people)
        return {task["data"]["cluster"] for task in tasks}

    cluster_photos(workspace.store, now=NOW)
    push(settings, workspace)
    before = groups_asked_about()
    workspace.add_photos(5)
    cluster_photos(workspace.store, now=NOW)
    push(settings, workspace)
    assert workspace.selected(Project.PHOTOS) == "faceloop-0002"
    assert len(workspace.shown(Project.PHOTOS)) == 10
    assert groups_asked_about() == before


def test_a_photo_that_is_gone_leaves_groups_and_desk_until_it_returns(
    settings: Settings, workspace: Workspace
) -> None:
    def shown() -> tuple[int, int]:
        cluster_photos(workspace.store, now=NOW)
        push(settings, workspace)
        with workspace.store.read() as connection:
            grouped = sum(len(c.faces) for c in clusters.clusters(connection))
        return len(workspace.shown(Project.PHOTOS)), grouped

    assert shown() == (5, 10)
    with workspace.store.write() as connection:
        files.remove_files(connection, "/photos", ["0.jpg"], now=NOW)
    assert shown() == (4, 8)
    with workspace.store.write() as connection:
        files.return_files(connection, "/photos", ["0.jpg"])
    assert shown() == (5, 10)


def test_a_look_without_a_face_to_encode_reads_no_encoding(
    settings: Settings, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(settings, workspace)
    monkeypatch.delattr(photos, "encodings")
    look(settings, workspace)


def test_a_face_whose_photo_could_not_be_read_is_tried_by_every_look(
    settings: Settings, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(settings, workspace)
    tried: list[Path] = []
    monkeypatch.setattr(loop, "encode_drawn_faces", lambda _store, *, media: tried.append(media))
    look(settings, workspace)
    look(settings, workspace)
    assert len(tried) == 2
