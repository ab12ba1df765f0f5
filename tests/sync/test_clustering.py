from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

import numpy as np
import pytest
import sqlalchemy as sa

from faces.confirmations import FacesApart, FaceVerdict, Verdict
from faces.cut import Cut
from faces.density import Mapped
from faces.records import NETWORK, Cluster, Encodings, FaceId
from faces.regrouping import Regrouping
from faces.store import clusters, files, photos, tables
from sync import clustering
from sync.clustering import Clustered, cluster_photos, cluster_photos_by_dbscan
from tests.sync.conftest import Workspace, face_id, photo_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def group(
    workspace: Workspace,
    *,
    new_cut: bool = False,
    kept: Regrouping | None = None,
    scheduler: str = "",
    jobs: int = 0,
) -> Clustered:
    return cluster_photos(
        workspace.store, now=NOW, new_cut=new_cut, kept=kept, scheduler=scheduler, jobs=jobs
    )


def by_dbscan(workspace: Workspace, *, min_samples: int = 3) -> Clustered:
    return cluster_photos_by_dbscan(workspace.store, eps=0.42, min_samples=min_samples, now=NOW)


def clusters_of(workspace: Workspace) -> list[Cluster]:
    with workspace.store.read() as connection:
        return clusters.clusters(connection)


def ids_by_person(workspace: Workspace) -> dict[str, str]:
    """The cluster of each person's first face."""
    return {
        str(person): cluster.id
        for person, faces in workspace.members.items()
        for cluster in clusters_of(workspace)
        if faces[0] in cluster.faces
    }


def cut_of(workspace: Workspace) -> Cut:
    with workspace.store.read() as connection:
        stored = clusters.stored_cut(connection, NETWORK)
    assert stored is not None
    return Cut.from_json(stored[1])


def never(*_: object, **__: object) -> NoReturn:
    raise AssertionError("this was done again")


def move_face(workspace: Workspace, face: FaceId, *, to: FaceId) -> None:
    """Have a face look like another one from now on."""
    with workspace.store.write() as connection:
        rows = photos.encodings(connection, NETWORK, only=[to])
        photos.save_encodings(connection, Encodings(NETWORK, (face,), rows.plain, rows.mirrored))


def test_the_same_faces_are_not_grouped_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.add_photos(4)
    first, first_dbscan = group(workspace), by_dbscan(workspace)
    monkeypatch.setattr(clustering, "group_by_dbscan", never)
    assert by_dbscan(workspace) == replace(first_dbscan, changed=False)
    monkeypatch.undo()
    assert group(workspace).changed, "another method found the clusters that stood there"
    monkeypatch.setattr(clustering, "group_people", never)
    monkeypatch.setattr(clustering, "find_cut", never)
    assert group(workspace) == replace(first, changed=False)


def test_other_settings_and_another_encoding_group_anew(workspace: Workspace) -> None:
    workspace.add_photos(4)
    assert by_dbscan(workspace).clusters == 2
    assert by_dbscan(workspace, min_samples=5).clusters == 0
    assert by_dbscan(workspace).clusters == 2
    move_face(workspace, face_id(0, 0), to=face_id(0, 1))
    assert by_dbscan(workspace).changed


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_photo_make_no_clusters(workspace: Workspace, count: int) -> None:
    workspace.add_photos(count, people=1)
    assert (group(workspace).clusters, group(workspace).faces) == (0, count)


def test_a_blurred_face_stays_out_of_the_groups_unless_somebody_spoke_of_it(
    workspace: Workspace,
) -> None:
    workspace.add_photos(4)
    with workspace.store.write() as connection:
        (blurred, _) = photos.faces(connection, photo_id(0))
        photos.save_faces(connection, [replace(blurred, sharpness=0.01)])
    first = group(workspace)
    assert (first.clustered_faces, first.faces, first.poor) == (7, 7, 1)
    workspace.name(0, "Ada", faces=4)
    after = group(workspace)
    assert (after.clustered_faces, after.faces, after.poor) == (8, 8, 0)


def test_the_cut_is_kept_until_there_are_twice_or_half_as_many_faces(workspace: Workspace) -> None:
    workspace.add_photos(8)
    first = group(workspace)
    cut = cut_of(workspace)
    assert cut.faces == 16
    workspace.add_photos(7)
    grown = group(workspace)
    assert (grown.run, grown.faces, grown.clusters) == (first.run, 30, 2)
    assert cut_of(workspace).to_json() == cut.to_json()
    workspace.add_photos(1)
    doubled = group(workspace)
    assert doubled.run != first.run
    assert cut_of(workspace).faces == 32
    with workspace.store.write() as connection:
        gone = [f"{number}.jpg" for number in range(8, 16)]
        files.remove_files(connection, "/photos", gone, now=NOW)
    assert group(workspace).run == doubled.run, "half of the faces are enough"
    with workspace.store.write() as connection:
        files.remove_files(connection, "/photos", ["7.jpg"], now=NOW)
    assert group(workspace).run != doubled.run
    assert cut_of(workspace).faces == 14


def test_the_cut_is_found_anew_when_that_is_asked_for(workspace: Workspace) -> None:
    workspace.add_photos(8)
    first = group(workspace)
    assert group(workspace, new_cut=True).run == first.run, "nothing has changed"
    workspace.add_photos(2)
    assert group(workspace).run == first.run
    assert group(workspace, new_cut=True).run != first.run
    assert cut_of(workspace).faces == 20


@pytest.mark.parametrize(
    "other",
    [[], None, {}, {"transform": ""}, {"transform": "AAAA"}, {"dimensions": 64},
     {"dimensions": "x"}, {"single": "nan"}, {"reach": -1}, {"faces": -1}],
)  # fmt: skip
def test_a_stored_cut_of_another_version_is_found_anew(workspace: Workspace, other: object) -> None:
    workspace.add_photos(4)
    first, cut = group(workspace), cut_of(workspace)
    stored = cut.to_json() | other if other and isinstance(other, dict) else other
    with workspace.store.write() as connection:
        clusters.save_cut(connection, "other", {}, network=NETWORK, now=NOW)
        connection.execute(sa.update(tables.cuts).values(cut=stored))
    assert group(workspace) == replace(first, changed=False)
    assert cut_of(workspace).to_json() == cut.to_json()


def test_clusters_keep_their_ids_when_photos_come_and_when_the_cut_or_the_method_changes(
    workspace: Workspace,
) -> None:
    workspace.add_photos(4)
    group(workspace)
    ids = ids_by_person(workspace)
    assert len(set(ids.values())) == 2
    workspace.add_photos(2)
    group(workspace)
    assert ids_by_person(workspace) == ids
    group(workspace, new_cut=True)
    assert ids_by_person(workspace) == ids
    by_dbscan(workspace)
    assert ids_by_person(workspace) == ids


def test_growing_gives_the_groups_of_a_full_run_at_the_same_cut(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Regrouping()
    workspace.add_photos(5, people=3)
    group(workspace, kept=kept)
    workspace.add_photos(3, people=3)
    with monkeypatch.context() as patch:
        patch.setattr("faces.regrouping.Grouping.of", never)
        group(workspace, kept=kept)
    grown = {frozenset(cluster.faces) for cluster in clusters_of(workspace)}
    assert grown == {frozenset(faces) for faces in workspace.members.values()}
    by_dbscan(workspace)
    group(workspace)
    assert {frozenset(cluster.faces) for cluster in clusters_of(workspace)} == grown


def test_what_was_said_to_be_apart_is_grouped_apart(workspace: Workspace) -> None:
    workspace.add_photos(4)
    group(workspace)
    out, *others = workspace.members[0]
    workspace.say(FacesApart(out, tuple(others)))
    after = group(workspace)
    assert (after.changed, after.clustered_faces) == (True, 7)
    assert all(out not in cluster.faces for cluster in clusters_of(workspace))


def test_what_has_one_name_is_grouped_together_and_asked_about_last(workspace: Workspace) -> None:
    workspace.add_photos(4)
    group(workspace)
    ada = workspace.name(0, "Ada", faces=2)
    workspace.say(FaceVerdict(face_id(3, 1), Verdict.IS, ada))
    group(workspace)
    named = {face_id(0, 0), face_id(1, 0), face_id(3, 1)}
    (cluster,) = [c for c in clusters_of(workspace) if named <= set(c.faces)]
    assert set(cluster.faces[-3:]) == named


def test_two_faces_of_one_photo_are_never_in_one_cluster(workspace: Workspace) -> None:
    workspace.add_photos(4)
    move_face(workspace, face_id(0, 0), to=face_id(1, 1))
    group(workspace)
    for cluster in clusters_of(workspace):
        assert not {face_id(0, 0), face_id(0, 1)} <= set(cluster.faces)


def test_contradictions_are_told_with_where_they_were_said(workspace: Workspace) -> None:
    workspace.add_photos(4)
    ada = workspace.name(0, "Ada", faces=4)
    workspace.say(FaceVerdict(face_id(0, 1), Verdict.IS, ada), place="annotation:17")
    (found,) = group(workspace).contradictions
    assert "annotation:17" in found.places
    assert set(found.faces) == {face_id(0, 0), face_id(0, 1)}
    assert group(workspace).contradictions == (found,), "told again as long as it stands"


def test_each_cluster_has_a_confidence_and_each_face_a_place(workspace: Workspace) -> None:
    workspace.add_photos(4)
    group(workspace)
    for cluster in clusters_of(workspace):
        assert cluster.confidence is not None
        assert cluster.places[0] == max(cluster.places) == 1
        assert np.all(np.diff(cluster.places) <= 0)


def test_many_faces_are_compared_by_the_scheduler_s_workers_few_are_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    @contextmanager
    def beside(scheduler: str, *, jobs: int) -> Iterator[Mapped]:
        asked.append((scheduler, jobs))
        yield map

    monkeypatch.setattr(clustering, "blocks_on", beside)
    workspace.add_photos(4, people=3)
    group(workspace, scheduler="tcp://there:8786", jobs=2)
    assert asked == []
    here = {frozenset(cluster.faces) for cluster in clusters_of(workspace)}
    by_dbscan(workspace)
    monkeypatch.setattr(clustering, "_WORTH_SENDING", 12)
    group(workspace, scheduler="tcp://there:8786", jobs=2)
    assert asked == [("tcp://there:8786", 2)]
    assert {frozenset(cluster.faces) for cluster in clusters_of(workspace)} == here
