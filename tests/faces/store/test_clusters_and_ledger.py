import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    LooseFace,
    MergeCandidate,
    PersonId,
    Photo,
    PhotoId,
    Proposal,
)
from faces.store import clusters, ledger, photos
from faces.store.database import Store
from faces.store.ledger import PushedPage, PushedTask, ReadAnnotation, Shown
from faces.store.photos import ReadPhoto

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FACES = tuple(FaceId(f"f{number}") for number in range(6))


@pytest.fixture
def connection(store: Store) -> Iterator[sa.Connection]:
    """A transaction in a store with six faces."""
    photo = Photo(PhotoId("a" * 64), 1000, 100)
    shown = tuple(
        Face(face, photo.id, Box(100 * place, 1, 50, 50), 1.0) for place, face in enumerate(FACES)
    )
    rows = np.zeros((6, 128), np.float32)
    with store.write() as opened:
        read = ReadPhoto(photo, shown, Encodings("net", FACES, rows, rows))
        photos.save_photo(opened, read, now=NOW)
        yield opened


def test_a_run_replaces_the_clusters_of_the_last(connection: sa.Connection) -> None:
    assert clusters.current_run(connection) is None
    assert clusters.clusters(connection) == []
    small, large = (
        Cluster(ClusterId("a"), (FACES[1], FACES[0])),
        Cluster(ClusterId("b"), (FACES[4], FACES[2], FACES[3])),
    )
    clusters.save_run(connection, "run-1", [small, large], how={"eps": 0.4}, now=NOW)
    assert clusters.clusters(connection) == [large, small], "largest first, each in its order"
    later = NOW + timedelta(seconds=1)
    clusters.save_run(connection, "run-2", [small], how={}, now=later)
    assert (clusters.current_run(connection), clusters.clusters(connection)) == ("run-2", [small])
    clusters.save_run(connection, "run-1", [], how={}, now=later + timedelta(seconds=1))
    assert (clusters.current_run(connection), clusters.clusters(connection)) == ("run-1", [])


def test_what_is_told_of_clusters_is_kept_to_the_last_bit(connection: sa.Connection) -> None:
    third = 1 / 3
    first = Cluster(ClusterId("a"), (FACES[1], FACES[0]), third, (1.0, third))
    second = Cluster(ClusterId("b"), (FACES[2], FACES[3]), 0.0, (0.7, 0.0))
    plain = Cluster(ClusterId("c"), (FACES[4],))
    near = [
        MergeCandidate(first.id, plain.id, 0.2),
        MergeCandidate(second.id, plain.id, third),
        MergeCandidate(first.id, second.id, third),
    ]
    loose = [LooseFace(FACES[5], plain.id, 0.2), LooseFace(FACES[5], first.id, third)]
    clusters.save_run(
        connection, "run-1", [plain, second, first], near=near, loose=loose, how={}, now=NOW
    )
    assert clusters.clusters(connection) == [first, second, plain]
    assert clusters.near_clusters(connection) == [near[2], near[1], near[0]]
    assert clusters.loose_faces(connection) == [loose[1], loose[0]]
    clusters.save_run(connection, "run-1", [first, second], how={}, now=NOW)
    assert clusters.near_clusters(connection) == []
    assert clusters.loose_faces(connection) == []


def test_a_cluster_without_its_faces_is_near_to_none(connection: sa.Connection) -> None:
    found = [Cluster(ClusterId(face), (face,)) for face in FACES[:2]]
    near = [MergeCandidate(found[0].id, found[1].id, 0.5)]
    loose = [LooseFace(FACES[2], cluster.id, 0.5) for cluster in found]
    clusters.save_run(connection, "run-1", found, near=near, loose=loose, how={}, now=NOW)
    connection.execute(sa.text("DELETE FROM cluster_faces WHERE face_id = 'f1'"))
    assert clusters.near_clusters(connection) == []
    assert clusters.loose_faces(connection) == loose[:1]


def test_one_cut_is_kept_for_the_network_it_was_found_on(connection: sa.Connection) -> None:
    assert clusters.stored_cut(connection, "net") is None
    for number in (0.1, 1 / 3):
        cut_id = f"cut {number}"
        clusters.save_cut(connection, cut_id, {"reach": number}, network="net", now=NOW)
        assert clusters.stored_cut(connection, "net") == (cut_id, {"reach": number})
    clusters.save_cut(connection, "other", {}, network="other net", now=NOW)
    assert clusters.stored_cut(connection, "net") is None


def test_proposals_are_replaced_whole(connection: sa.Connection) -> None:
    first = Proposal(FACES[0], PersonId("p1"), 0.75, "run-1")
    unknown = Proposal(FACES[1], None, 0.5, "run-1")
    clusters.replace_proposals(connection, [first, unknown])
    assert clusters.proposals(connection) == {FACES[0]: first, FACES[1]: unknown}
    assert clusters.proposals(connection, only=[FACES[1], FACES[2]]) == {FACES[1]: unknown}
    assert clusters.proposals(connection, only=[]) == {}
    clusters.replace_proposals(connection, [])
    assert clusters.proposals(connection) == {}


def test_pushed_tasks_are_noted_by_project_and_key(connection: sa.Connection) -> None:
    task = PushedTask("photos", "k", None, Shown("data", "prediction"), "round", "/url")
    other = dataclasses.replace(task, project="people")
    ledger.save_tasks(connection, [task, other])
    made = dataclasses.replace(task, task_id=7, seen="state", annotated=True)
    ledger.save_tasks(connection, [made])
    assert ledger.pushed_tasks(connection, "photos") == {"k": made}
    ledger.drop_tasks(connection, "photos", ["k", "never there"])
    assert ledger.pushed_tasks(connection, "photos") == {}
    assert ledger.pushed_tasks(connection, "people") == {"k": other}


PAGE = PushedPage(((FACES[1], FACES[0]), (FACES[2],)), queue=3, is_several=True)


@pytest.mark.parametrize("page", [PAGE, PushedPage((FACES[:2],)), None])
def test_what_a_task_asks_about_and_what_was_passed_is_kept_in_its_order(
    connection: sa.Connection, page: PushedPage | None
) -> None:
    task = PushedTask("people", "k", 7, Shown("data", "prediction"), "round", "/url", page=page)
    ledger.save_tasks(connection, [task])
    assert ledger.pushed_tasks(connection, "people") == {"k": task}
    passed = dataclasses.replace(task, annotated=True, passed=(FACES[2], FACES[0]))
    ledger.save_tasks(connection, [passed])
    assert ledger.pushed_tasks(connection, "people") == {"k": passed}
    ledger.save_tasks(connection, [task])
    assert ledger.pushed_tasks(connection, "people") == {"k": task}


def test_a_page_tells_its_faces_row_by_row() -> None:
    assert PAGE.faces == (FACES[1], FACES[0], FACES[2])


def test_a_project_has_open_tasks_until_all_are_answered(connection: sa.Connection) -> None:
    assert not ledger.has_open_tasks(connection, "people")
    one = PushedTask("people", "one", 7, Shown("", ""), "", "")
    other = dataclasses.replace(one, key="other", task_id=8, annotated=True)
    ledger.save_tasks(connection, [one, other])
    assert ledger.has_open_tasks(connection, "people")
    assert not ledger.has_open_tasks(connection, "photos")
    ledger.save_tasks(connection, [dataclasses.replace(one, annotated=True)])
    assert not ledger.has_open_tasks(connection, "people")


def test_read_annotations_are_noted_by_revision(connection: sa.Connection) -> None:
    read = ReadAnnotation(
        5, "photos", 7, "annotation:5", "first", from_prediction=True, problem="Stranger and Anna"
    )
    ledger.save_annotation(connection, read)
    again = dataclasses.replace(read, revision="second")
    ledger.save_annotation(connection, again)
    other = dataclasses.replace(read, annotation_id=6, project="people")
    ledger.save_annotation(connection, other)
    assert ledger.read_annotations(connection, "photos") == {5: again}
    ledger.drop_annotation(connection, 5)
    assert ledger.read_annotations(connection, "photos") == {}
    ledger.forget_annotations(connection, "people")
    assert ledger.read_annotations(connection, "people") == {}


def test_facts_are_set_and_set_again(connection: sa.Connection) -> None:
    assert ledger.fact(connection, "round") is None
    for value in ("faceloop-0001", {"name": "Zoë", "count": [1, 2]}, 7):
        ledger.set_fact(connection, "round", value)
        assert ledger.fact(connection, "round") == value
