from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from faces.records import NETWORK, Encodings
from faces.store import photos
from sync import clustering
from sync.clustering import Clustered, cluster_photos
from tests.sync.conftest import Workspace, face_id, photo_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _group(workspace: Workspace, *, min_samples: int = 3) -> Clustered:
    return cluster_photos(workspace.store, eps=0.42, min_samples=min_samples, now=NOW)


def _never(*_: object, **__: object) -> NoReturn:
    raise AssertionError("the faces were grouped again")


def test_the_same_faces_are_not_grouped_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.add_photos(4)
    first = _group(workspace)
    monkeypatch.setattr(clustering, "cluster_faces", _never)
    assert _group(workspace) == replace(first, changed=False)


def test_other_settings_and_another_encoding_group_anew(workspace: Workspace) -> None:
    workspace.add_photos(4)
    assert _group(workspace).clusters == 2
    assert _group(workspace, min_samples=5).clusters == 0
    assert _group(workspace).clusters == 2
    face, other = face_id(0, 0), face_id(0, 1)
    with workspace.store.write() as connection:
        rows = photos.encodings(connection, NETWORK, only=[other])
        photos.save_encodings(connection, Encodings(NETWORK, (face,), rows.plain, rows.mirrored))
    assert _group(workspace).changed


def test_a_blurred_face_stays_out_of_the_groups_unless_somebody_spoke_of_it(
    workspace: Workspace,
) -> None:
    workspace.add_photos(4)
    with workspace.store.write() as connection:
        (blurred, _) = photos.faces(connection, photo_id(0))
        photos.save_faces(connection, [replace(blurred, sharpness=0.01)])
    first = _group(workspace)
    assert (first.clustered_faces, first.faces, first.poor) == (7, 7, 1)
    workspace.name(0, "Ada", faces=4)
    after = _group(workspace)
    assert (after.clustered_faces, after.faces, after.poor) == (8, 8, 0)
