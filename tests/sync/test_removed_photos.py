from collections.abc import Sequence

import pytest

from faces.confirmations import FaceVerdict, Verdict
from faces.records import PersonId
from faces.store import clusters, files, photos
from sync.clustering import cluster_photos
from sync.desk import Project
from tests.sync.conftest import NOW, Workspace, face_id, photo_id


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Five photos of two people, clustered and pushed."""
    workspace.add_photos(5)
    regroup(workspace)
    workspace.push()
    return workspace


def regroup(workspace: Workspace) -> list[set[str]]:
    cluster_photos(workspace.store, now=NOW)
    with workspace.store.read() as connection:
        return [set(cluster.faces) for cluster in clusters.clusters(connection)]


def remove(workspace: Workspace, numbers: Sequence[int]) -> None:
    with workspace.store.write() as connection:
        files.remove_files(connection, "/photos", [f"{number}.jpg" for number in numbers], now=NOW)


def faces_asked_about(workspace: Workspace) -> set[str]:
    tasks = workspace.double.tasks_of(workspace.desk.people)
    return {face for task in tasks for face in task["data"]["faces"]}


def test_a_removed_photo_leaves_the_desk_and_comes_back_with_its_file(filled: Workspace) -> None:
    before = filled.shown(Project.PHOTOS).keys()
    asked = faces_asked_about(filled)
    remove(filled, [4])
    filled.push()
    assert filled.shown(Project.PHOTOS).keys() == before - {photo_id(4)}
    assert faces_asked_about(filled) == asked - {face_id(4, 0), face_id(4, 1)}
    with filled.store.write() as connection:
        files.return_files(connection, "/photos", ["4.jpg"])
    filled.push()
    assert filled.shown(Project.PHOTOS).keys() == before
    assert faces_asked_about(filled) == asked


def test_faces_of_removed_photos_are_in_no_cluster_unless_somebody_spoke_of_them(
    filled: Workspace,
) -> None:
    filled.say(FaceVerdict(face_id(4, 0), Verdict.IS_NOT, PersonId("p1")))
    remove(filled, [4])
    first, second = sorted(regroup(filled), key=len, reverse=True)
    assert first == set(filled.members[0])
    assert second == set(filled.members[1]) - {face_id(4, 1)}
    filled.push()
    assert face_id(4, 0) not in faces_asked_about(filled), "nobody is asked about it"


def test_names_confirmed_in_removed_photos_go_on_naming_others(filled: Workspace) -> None:
    anna = filled.name(0, "Anna", faces=2)
    remove(filled, [0, 1])
    regroup(filled)
    filled.push()
    assert set(filled.truth().confirmed) == {face_id(0, 0), face_id(1, 0)}
    with filled.store.read() as connection:
        proposals = clusters.proposals(connection)
        assert len(photos.photos(connection)) == 5
    assert proposals[face_id(2, 0)].person == anna
