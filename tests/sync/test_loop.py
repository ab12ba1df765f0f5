from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faces.confirmations import FaceVerdict, PhotoTurned, Verdict
from faces.errors import StudioUnreachable
from faces.identify import CurrentModel
from faces.locks import Work, alone
from faces.records import FaceId, PersonId
from faces.settings import Settings
from faces.store import clusters, files, photos
from faces.versions import make_current, numbered, save_version
from sync import loop
from sync.clustering import cluster_photos, cluster_photos_by_dbscan
from sync.desk import Project
from sync.gathering import gather
from sync.pull import Pulled
from tests.desk_pages import wrong_version
from tests.sync.conftest import NOW, Workspace, face_id, photo_id


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


def test_a_look_shows_another_model_version_once(settings: Settings, workspace: Workspace) -> None:
    """Who learned, or went back to an earlier version, may be killed before it is shown."""
    workspace.name(0, "Anna", faces=4)
    push(settings, workspace)
    version = numbered(settings.models, wrong_version({PersonId("p0"): 0}))
    save_version(settings.models, version)
    make_current(settings.models, version.id)
    assert look(settings, workspace)
    assert workspace.selected(Project.PHOTOS) == "faceloop-0002"
    assert look(settings, workspace) == []


def test_whoever_was_taken_back_is_shown_no_more_though_no_other_version_comes(
    settings: Settings, workspace: Workspace
) -> None:
    shown = {workspace.name(0, "Anna", faces=2), workspace.name(1, "Bo", faces=2)}
    version = numbered(settings.models, wrong_version({PersonId("p0"): 0, PersonId("p1"): 1}))
    save_version(settings.models, version)
    make_current(settings.models, version.id)
    gathered = gather(workspace.store, CurrentModel(settings.models))
    assert {one.person for one in gathered.proposals} == shown
    taken_back = [FaceVerdict(face, Verdict.STRANGER) for face in workspace.members[1][:2]]
    workspace.say(*taken_back)
    gathered = gather(workspace.store, CurrentModel(settings.models))
    assert {one.person for one in gathered.proposals} == {PersonId("p0"), None}


def looks_at_all_tasks(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The projects of which all tasks were counted or listed since."""
    looked_at: set[int] = set()
    tasks, task_count = workspace.studio.tasks, workspace.studio.task_count

    def remember(project: int, *, answered_only: bool = False) -> Iterator[dict[str, Any]]:
        if not answered_only:
            looked_at.add(project)
        return tasks(project, answered_only=answered_only)

    def remember_count(project: int, **numbers: int) -> int:
        looked_at.add(project)
        return task_count(project, **numbers)

    monkeypatch.setattr(workspace.studio, "tasks", remember)
    monkeypatch.setattr(workspace.studio, "task_count", remember_count)
    return looked_at


def test_what_people_say_is_pushed_without_a_look_at_all_tasks(
    settings: Settings, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(settings, workspace)
    looked_at = looks_at_all_tasks(workspace, monkeypatch)
    workspace.name(0, "Anna", faces=4)
    assert look(settings, workspace)
    assert looked_at == set()
    assert all(plan.is_empty for plan in workspace.push().values())


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_after_a_push_that_was_cut_off_all_tasks_are_looked_at_and_none_is_left_double(
    settings: Settings,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
    done: bool,
) -> None:
    push(settings, workspace)
    workspace.name(0, "Anna", faces=4)
    workspace.add_photos(3)
    workspace.double.cut_write(write, done=done)
    with pytest.raises(StudioUnreachable):
        look(settings, workspace)
    looked_at = looks_at_all_tasks(workspace, monkeypatch)
    assert look(settings, workspace)
    assert looked_at == {workspace.desk.people, workspace.desk.photos}
    assert len(workspace.shown(Project.PHOTOS)) == 8
    assert {len(versions) for versions in workspace.shown(Project.PHOTOS).values()} == {1}
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
    def groups_asked_about() -> dict[str, set[FaceId]]:
        with workspace.store.read() as connection:
            found = clusters.clusters(connection)
        asked = workspace.asked()
        return {one.id: set(one.faces) for one in found if not asked.isdisjoint(one.faces)}

    cluster_photos(workspace.store, now=NOW)
    push(settings, workspace)
    before = groups_asked_about()
    assert len(before) == 2
    workspace.add_photos(5)
    cluster_photos(workspace.store, now=NOW)
    push(settings, workspace)
    assert workspace.selected(Project.PHOTOS) == "faceloop-0002"
    assert len(workspace.shown(Project.PHOTOS)) == 10
    after = groups_asked_about()
    assert after.keys() == before.keys()
    assert all(after[name] > before[name] for name in before)


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


def pulled(settings: Settings, workspace: Workspace) -> Pulled:
    return loop.pull_now(settings, workspace.store, workspace.desk)


def test_a_photo_that_cannot_be_turned_is_told_whoever_asks_and_owes_no_push(
    settings: Settings, workspace: Workspace
) -> None:
    push(settings, workspace)
    workspace.say(PhotoTurned(photo_id(0), 1))
    push(settings, workspace)
    for _ in range(2):
        found = pulled(settings, workspace)
        assert (found.turned, len(found.problems)) == (0, 1)
        assert "/photos/0.jpg is not turned yet" in found.problems[0]
        assert look(settings, workspace) == [], "not said again each minute"


def test_a_turned_photo_is_pushed_though_nothing_is_said(
    settings: Settings, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(settings, workspace)
    workspace.say(PhotoTurned(photo_id(0), 0))
    push(settings, workspace)
    assert pulled(settings, workspace).turned == 1
    assert pulled(settings, workspace).turned == 0
    looked_at = looks_at_all_tasks(workspace, monkeypatch)
    (line,) = look(settings, workspace)
    assert "photos: 1 new, 0 changed, 1 to delete" in line
    assert looked_at == set()


def test_while_photos_are_being_read_turning_waits(
    settings: Settings, workspace: Workspace
) -> None:
    workspace.say(PhotoTurned(photo_id(0), 0))
    with alone(settings, Work.INGEST):
        found = pulled(settings, workspace)
    assert found.turned == 0
    assert found.problems == ["1 photo waits to be turned until other photos are read"]
    assert pulled(settings, workspace).turned == 1
