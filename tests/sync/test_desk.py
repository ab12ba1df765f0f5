from pathlib import Path

import pytest

from faces.errors import StudioUnreachable
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from sync.desk import Desk, Project, connect_backend, open_desk
from tests.studio_double import URL
from tests.sync.conftest import Workspace


def reopened(workspace: Workspace, *, server: str = URL, pictures: str = "local") -> Desk:
    return open_desk(
        workspace.store, workspace.studio, server=server, media=workspace.media, pictures=pictures
    )


def test_both_projects_are_made_with_their_pictures(workspace: Workspace) -> None:
    projects = workspace.double.projects
    assert projects[workspace.desk.people]["label_config"] == PEOPLE_CONFIG.strip()
    assert projects[workspace.desk.photos]["label_config"] == PHOTOS_CONFIG.strip()
    folders = {row["project"]: row["path"] for row in workspace.double.storages.values()}
    assert folders == {
        workspace.desk.people: str(workspace.media.montages),
        workspace.desk.photos: str(workspace.media.previews),
    }
    assert workspace.media.previews.is_dir()


def test_opening_again_finds_them_and_writes_nothing(workspace: Workspace) -> None:
    workspace.double.requests.clear()
    assert reopened(workspace) == workspace.desk
    assert workspace.double.writes == []


@pytest.mark.parametrize("done", [False, True])
def test_a_project_whose_making_was_cut_off_is_made_once(workspace: Workspace, done: bool) -> None:
    before = set(workspace.double.projects)
    workspace.double.cut_write(1, done=done)
    with pytest.raises(StudioUnreachable):
        reopened(workspace, server="another")
    desk = reopened(workspace, server="another")
    assert set(workspace.double.projects) - before == {desk.people, desk.photos}


def test_an_empty_project_that_somebody_else_called_alike_is_not_taken(
    workspace: Workspace,
) -> None:
    before = set(workspace.double.projects)
    workspace.double.cut_write(1, done=False)
    with pytest.raises(StudioUnreachable):
        reopened(workspace, server="another")
    assert not {*before} & {(desk := reopened(workspace, server="another")).people, desk.photos}
    assert reopened(workspace, server="another") == desk


def test_other_projects_are_not_touched(workspace: Workspace) -> None:
    other = workspace.studio.create_project("theirs", description="", config="<View/>")
    before = dict(workspace.double.projects[other])
    reopened(workspace)
    reopened(workspace, server="another")
    assert workspace.double.projects[other] == before


def test_a_project_that_vanished_is_made_again_and_filled(workspace: Workspace) -> None:
    workspace.add_photos(2)
    workspace.push()
    workspace.double.drop_project(workspace.desk.photos)
    workspace.desk = reopened(workspace)
    assert len(workspace.push()[Project.PHOTOS].new) == 2
    assert len(workspace.shown(Project.PHOTOS)) == 2
    assert workspace.selected(Project.PHOTOS) != ""


def test_a_server_set_up_anew_under_the_same_address_keeps_its_projects(
    workspace: Workspace,
) -> None:
    workspace.add_photos(1)
    workspace.push()
    ours = workspace.desk.photos
    workspace.double.drop_project(ours)
    theirs = {"id": ours, "title": "theirs", "label_config": "<View/>", "created_at": "later"}
    workspace.double.projects[ours] = dict(theirs)
    workspace.desk = reopened(workspace)
    assert workspace.desk.photos != ours
    assert workspace.double.projects[ours] == theirs
    assert len(workspace.push()[Project.PHOTOS].new) == 1


def test_another_server_has_its_own_projects(workspace: Workspace) -> None:
    workspace.add_photos(2)
    workspace.push()
    there = workspace.desk
    workspace.desk = reopened(workspace, server="another")
    assert {there.people, there.photos}.isdisjoint({workspace.desk.people, workspace.desk.photos})
    assert len(workspace.push()[Project.PHOTOS].new) == 2


def test_a_config_that_somebody_changed_is_brought_back(workspace: Workspace) -> None:
    workspace.studio.set_config(workspace.desk.photos, "<View/>")
    reopened(workspace)
    assert workspace.double.projects[workspace.desk.photos]["label_config"] == PHOTOS_CONFIG.strip()


def test_predictions_are_shown_again_and_no_save_waits_for_a_training(
    workspace: Workspace,
) -> None:
    project = workspace.double.projects[workspace.desk.people]
    project |= {"show_collab_predictions": False, "min_annotations_to_start_training": 5}
    reopened(workspace)
    assert project["show_collab_predictions"]
    assert project["min_annotations_to_start_training"] == 0
    workspace.double.requests.clear()
    reopened(workspace)
    assert workspace.double.writes == []


def test_pictures_that_are_sent_need_no_folder(workspace: Workspace) -> None:
    workspace.double.storages.clear()
    reopened(workspace, server="another", pictures="upload")
    assert workspace.double.storages == {}


def test_addresses_below_the_media_folder_are_quoted(workspace: Workspace) -> None:
    picture = workspace.media.shown / "previews" / "a b&é.jpg"
    found = workspace.desk.addresses(Project.PHOTOS, [picture])
    assert found == {picture: "/data/local-files/?d=previews/a%20b%26%C3%A9.jpg"}
    with pytest.raises(ValueError, match="subpath"):
        workspace.desk.addresses(Project.PHOTOS, [Path("/etc/passwd")])


def test_the_backend_is_connected_once_and_its_webhook_carries_the_secret(
    workspace: Workspace,
) -> None:
    connect_backend(workspace.desk, url="http://127.0.0.1:9090", secret="s3cret")
    (backend,) = workspace.double.backends.values()
    assert backend["project"] == workspace.desk.photos
    hooks = list(workspace.double.webhooks.values())
    assert {hook["project"] for hook in hooks} == {workspace.desk.photos, workspace.desk.people}
    assert all("s3cret" in hook["headers"].values() for hook in hooks)
    workspace.double.requests.clear()
    connect_backend(workspace.desk, url="http://127.0.0.1:9090", secret="s3cret")
    assert workspace.double.writes == []


def test_a_backend_that_moved_leaves_nothing_at_its_old_address(workspace: Workspace) -> None:
    connect_backend(workspace.desk, url="http://127.0.0.1:9090", secret="s3cret")
    connect_backend(workspace.desk, url="http://127.0.0.1:9191", secret="s3cret")
    assert [row["url"] for row in workspace.double.backends.values()] == ["http://127.0.0.1:9191"]
    hooks = workspace.double.webhooks.values()
    assert {hook["url"] for hook in hooks} == {"http://127.0.0.1:9191/webhook"}
