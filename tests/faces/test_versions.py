"""Model versions on disk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faces.errors import BrokenModelVersion
from faces.likeness import Strangers
from faces.model_version import Lineage
from faces.records import Person, PersonId, unit_rows
from faces.versions import (
    ModelVersion,
    current_id,
    list_versions,
    load_version,
    make_current,
    numbered,
    save_version,
    tuned_network_id,
    used_ids,
)


def a_version(folder: Path, *, seed: int = 0, parent: str | None = None) -> ModelVersion:
    rng = np.random.default_rng(seed)
    draft = ModelVersion(
        id="model-0000-00000000",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        network="dlib-resnet-v1",
        people=(Person(PersonId("p1"), "Zoë"), Person(PersonId("p2"), "Ned")),
        weights=unit_rows(rng.normal(size=(2, 128)).astype(np.float32)),
        scale=31.4,
        unknown_cosine=0.83,
        threshold=0.7,
        metrics={"rank1": 0.99},
        data_hash="d" * 64,
        parent=parent,
        faceloop_version="0.1.0",
        strangers=Strangers(
            unit_rows(rng.normal(size=(3, 128)).astype(np.float32)), start=0.9, scale=99.0
        ),
        same_person=0.96,
        look_alikes=((PersonId("p1"), PersonId("p2")),),
        lineage=Lineage(seed=7, faces=rng.integers(2**63, size=4, dtype=np.uint64), new=1),
    )
    return numbered(folder, draft)


@pytest.fixture
def saved(tmp_path: Path) -> ModelVersion:
    version = a_version(tmp_path)
    save_version(tmp_path, version)
    return version


def test_a_version_comes_back_as_it_was_saved(tmp_path: Path, saved: ModelVersion) -> None:
    found = load_version(tmp_path, saved.id)
    assert np.array_equal(found.weights, saved.weights)
    assert np.array_equal(found.strangers.rows, saved.strangers.rows)
    assert (found.strangers.start, found.strangers.scale) == (0.9, 99.0)
    assert found.lineage is not None
    assert saved.lineage is not None
    assert (found.lineage.seed, found.lineage.new) == (7, 1)
    assert np.array_equal(found.lineage.faces, saved.lineage.faces)
    assert found.look_alikes == (("p1", "p2"),)
    told = {"strangers": saved.strangers, "lineage": saved.lineage}
    assert replace(found, weights=saved.weights, **told) == saved


def test_a_version_of_the_format_before_is_still_read(tmp_path: Path, saved: ModelVersion) -> None:
    before = numbered(tmp_path, replace(saved, lineage=None, look_alikes=()))
    save_version(tmp_path, before)
    path = tmp_path / before.id / "version.json"
    told = json.loads(path.read_text())
    assert told.keys().isdisjoint({"lineage", "look_alikes"})
    path.write_text(json.dumps(told | {"format": 2}))
    found = load_version(tmp_path, before.id)
    assert (found.id, found.lineage) == (before.id, None)


def test_other_faces_make_another_version(tmp_path: Path, saved: ModelVersion) -> None:
    assert saved.lineage is not None
    fewer = replace(saved.lineage, faces=saved.lineage.faces[1:])
    other = numbered(tmp_path, replace(saved, lineage=fewer))
    assert other.id.split("-")[2] != saved.id.split("-")[2]


def test_a_version_is_named_by_its_number_and_content(tmp_path: Path, saved: ModelVersion) -> None:
    same, other = a_version(tmp_path), a_version(tmp_path, seed=1)
    assert saved.id.startswith("model-0001-")
    assert same.id == saved.id.replace("0001", "0002")
    assert other.id.startswith("model-0002-")
    assert other.id != same.id


def test_another_stranger_makes_another_version(tmp_path: Path, saved: ModelVersion) -> None:
    fewer = replace(saved.strangers, rows=saved.strangers.rows[:2])
    other = numbered(tmp_path, replace(saved, strangers=fewer))
    assert other.id.split("-")[2] != saved.id.split("-")[2]


def test_the_time_is_no_part_of_the_content(tmp_path: Path) -> None:
    early = a_version(tmp_path)
    late = numbered(tmp_path, replace(early, created_at=datetime(2027, 1, 1, tzinfo=UTC)))
    assert late.id == early.id


def test_saving_twice_changes_nothing(tmp_path: Path, saved: ModelVersion) -> None:
    save_version(tmp_path, saved)
    assert list_versions(tmp_path) == [saved.id]


def test_another_version_is_not_overwritten(tmp_path: Path, saved: ModelVersion) -> None:
    with pytest.raises(BrokenModelVersion, match="another model version"):
        save_version(tmp_path, replace(saved, scale=1.0))
    assert load_version(tmp_path, saved.id).scale == saved.scale


def test_no_folder_holds_no_versions(tmp_path: Path) -> None:
    assert list_versions(tmp_path / "nowhere") == []
    assert current_id(tmp_path / "nowhere") is None


def test_versions_are_listed_by_number(tmp_path: Path, saved: ModelVersion) -> None:
    later = replace(saved, id=saved.id.replace("0001", "12345"))
    middle = a_version(tmp_path, seed=1)
    save_version(tmp_path, middle)
    (tmp_path / later.id).mkdir()
    assert list_versions(tmp_path) == [saved.id, middle.id, later.id]


def test_what_an_interrupted_writing_left_is_no_version(tmp_path: Path) -> None:
    version = a_version(tmp_path)
    leftover = tmp_path / f".writing-{version.id}"
    leftover.mkdir()
    (leftover / "weights.safetensors").write_bytes(b"half of")
    assert list_versions(tmp_path) == []
    with pytest.raises(BrokenModelVersion, match=r"lacks version\.json"):
        load_version(tmp_path, version.id)
    save_version(tmp_path, version)
    assert load_version(tmp_path, version.id).id == version.id
    assert [entry.name for entry in tmp_path.iterdir()] == [version.id]


def test_killed_between_two_files_leaves_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = a_version(tmp_path)
    whole, written = Path.open, []

    def killed_at_the_second(path: Path, *args: object, **kwargs: object) -> object:
        written.append(path)
        if len(written) == 2:
            raise KeyboardInterrupt
        return whole(path, *args, **kwargs)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            save_version(tmp_path, version)
    assert list_versions(tmp_path) == []
    save_version(tmp_path, version)
    assert list_versions(tmp_path) == [version.id]


def test_changed_weights_are_refused(tmp_path: Path, saved: ModelVersion) -> None:
    weights = tmp_path / saved.id / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BrokenModelVersion, match=r"weights\.safetensors of .* was changed"):
        load_version(tmp_path, saved.id)


def test_missing_weights_are_refused(tmp_path: Path, saved: ModelVersion) -> None:
    (tmp_path / saved.id / "weights.safetensors").unlink()
    with pytest.raises(BrokenModelVersion, match=r"lacks weights\.safetensors"):
        load_version(tmp_path, saved.id)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 4}, "has format 4, this faceloop reads 2 and 3"),
        ({"look_alikes": []}, "version.json of .* was changed"),
        ({"look_alikes": [["p1", "p9"]]}, "makes no sense"),
        ({"lineage": {"seed": 7, "new": 2}}, "version.json of .* was changed"),
        ({"lineage": {"seed": 7, "new": 5}}, "makes no sense"),
        ({"format": 1}, "has format 1, .* run `faceloop retrain`"),
        ({"same_person": 0}, "makes no sense"),
        ({"strangers_scale": -1}, "makes no sense"),
        ({"strangers_start": 0.8}, "version.json of .* was changed"),
        ({"threshold": 0.1}, "version.json of .* was changed"),
        ({"threshold": 7}, "makes no sense"),
        ({"people": [{"id": "p1", "name": "Ann"}]}, "makes no sense"),
        ({"people": "Ann"}, "has no usable people"),
        ({"id": "model-0009-00000000"}, "version.json of .* was changed"),
        ({"created_at": "2026-01-02T00:00:00"}, "has no usable created_at"),
        ({"files": {}}, "names no weights.safetensors"),
        ({"files": {"../current": "0"}}, "a file outside itself"),
    ],
)
def test_a_changed_description_is_refused(
    tmp_path: Path, saved: ModelVersion, change: dict[str, object], complaint: str
) -> None:
    path = tmp_path / saved.id / "version.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BrokenModelVersion, match=complaint) as refusal:
        load_version(tmp_path, saved.id)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "[]", "{}", "7", '{"format": 1', "\udcff"])
def test_a_description_that_is_none_is_refused(
    tmp_path: Path, saved: ModelVersion, content: str
) -> None:
    path = tmp_path / saved.id / "version.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(BrokenModelVersion, match="no description of a model version"):
        load_version(tmp_path, saved.id)


@pytest.mark.parametrize("version_id", ["", "../../etc", "model-1-9c1e2a7f", "current"])
def test_only_ids_of_versions_are_loaded(tmp_path: Path, version_id: str) -> None:
    with pytest.raises(BrokenModelVersion, match="is no model version"):
        load_version(tmp_path, version_id)


def test_the_pointer_names_the_version_in_use(tmp_path: Path, saved: ModelVersion) -> None:
    assert current_id(tmp_path) is None
    make_current(tmp_path, saved.id)
    make_current(tmp_path, saved.id)
    assert current_id(tmp_path) == saved.id
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["current", saved.id, "used"]


def test_what_came_into_use_is_noted_in_order(tmp_path: Path, saved: ModelVersion) -> None:
    second = a_version(tmp_path, seed=1)
    save_version(tmp_path, second)
    assert used_ids(tmp_path) == []
    for version in (saved.id, second.id, saved.id, saved.id):
        make_current(tmp_path, version)
    assert used_ids(tmp_path) == [saved.id, second.id, saved.id]


def test_what_was_noted_before_the_pointer_moved_never_came_into_use(
    tmp_path: Path, saved: ModelVersion
) -> None:
    make_current(tmp_path, saved.id)
    (tmp_path / "used").write_text(f"{saved.id}\nmodel-0002-00000000\n")
    assert used_ids(tmp_path) == [saved.id]


def test_a_pointer_that_nobody_noted_counts(tmp_path: Path, saved: ModelVersion) -> None:
    (tmp_path / "current").write_text(f"{saved.id}\n")
    assert used_ids(tmp_path) == [saved.id]


def test_a_broken_version_does_not_become_current(tmp_path: Path, saved: ModelVersion) -> None:
    make_current(tmp_path, saved.id)
    broken = a_version(tmp_path, seed=1)
    save_version(tmp_path, broken)
    (tmp_path / broken.id / "weights.safetensors").unlink()
    with pytest.raises(BrokenModelVersion):
        make_current(tmp_path, broken.id)
    assert current_id(tmp_path) == saved.id


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../model"},
        {"created_at": datetime(2026, 1, 2)},
        {"people": ()},
        {"weights": np.zeros((2, 128), np.float32)},
        {"weights": np.eye(2, 128)},
        {"scale": 0.0},
        {"look_alikes": (("p1", "p1"),)},
        {"scale": float("nan")},
        {"threshold": 1.1},
        {"metrics": {"rank1": float("nan")}},
    ],
)
def test_a_version_cannot_be_built_wrong(saved: ModelVersion, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(saved, **change)  # type: ignore[arg-type]


def with_own_network(folder: Path, onnx: bytes = b"a network") -> ModelVersion:
    version = replace(a_version(folder), network=tuned_network_id(onnx), onnx=onnx)
    return numbered(folder, version)


def test_a_tuned_network_travels_with_its_version(tmp_path: Path) -> None:
    version = with_own_network(tmp_path)
    save_version(tmp_path, version)
    assert (tmp_path / version.id / "network.onnx").read_bytes() == b"a network"
    found = load_version(tmp_path, version.id)
    assert (found.onnx, found.network) == (version.onnx, version.network)
    assert found.network.startswith("dlib-resnet-v1-tuned-")


def test_another_network_makes_another_version(tmp_path: Path) -> None:
    one, other = with_own_network(tmp_path), with_own_network(tmp_path, b"another network")
    assert one.network != other.network
    assert one.id != other.id


def test_a_network_that_was_exchanged_is_refused_even_with_its_own_sha256(tmp_path: Path) -> None:
    version = with_own_network(tmp_path)
    save_version(tmp_path, version)
    folder = tmp_path / version.id
    (folder / "network.onnx").write_bytes(b"another one")
    with pytest.raises(BrokenModelVersion, match=r"network\.onnx .* was changed"):
        load_version(tmp_path, version.id)
    told = json.loads((folder / "version.json").read_text())
    told["files"]["network.onnx"] = hashlib.sha256(b"another one").hexdigest()
    (folder / "version.json").write_text(json.dumps(told))
    with pytest.raises(BrokenModelVersion, match=r"version\.json .* was changed"):
        load_version(tmp_path, version.id)


def test_a_tuned_network_cannot_be_missing(tmp_path: Path) -> None:
    version = with_own_network(tmp_path)
    save_version(tmp_path, version)
    folder = tmp_path / version.id
    (folder / "network.onnx").unlink()
    with pytest.raises(BrokenModelVersion, match=r"lacks network\.onnx"):
        load_version(tmp_path, version.id)
    told = json.loads((folder / "version.json").read_text())
    del told["files"]["network.onnx"]
    (folder / "version.json").write_text(json.dumps(told))
    with pytest.raises(BrokenModelVersion, match="brings its network"):
        load_version(tmp_path, version.id)


def test_a_network_that_everybody_has_is_not_brought_along(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="brings its network if it was tuned"):
        replace(a_version(tmp_path), onnx=b"a network")
