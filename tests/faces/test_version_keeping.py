"""Going back to earlier model versions, and removing old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from faces.errors import BrokenModelVersion
from faces.identify import CurrentModel
from faces.version_keeping import earlier_version, prune, roll_back, was_used
from faces.versions import (
    current_id,
    list_versions,
    make_current,
    save_version,
    used_ids,
)
from tests.faces.test_versions import a_version


@pytest.fixture
def four(tmp_path: Path) -> list[str]:
    """Four versions that came into use one after another."""
    made = []
    for seed in range(4):
        version = a_version(tmp_path, seed=seed)
        save_version(tmp_path, version)
        make_current(tmp_path, version.id)
        made.append(version.id)
    return made


def spoil(folder: Path, version_id: str) -> None:
    (folder / version_id / "weights.safetensors").write_bytes(b"")


def test_going_back_uses_what_was_used_before_again_and_again(
    tmp_path: Path, four: list[str]
) -> None:
    assert [roll_back(tmp_path) for _ in range(3)] == four[2::-1]
    assert current_id(tmp_path) == four[0]


def test_going_back_passes_over_what_cannot_be_loaded(tmp_path: Path, four: list[str]) -> None:
    spoil(tmp_path, four[2])
    assert roll_back(tmp_path) == four[1]


def test_going_back_goes_by_use_and_not_by_age(tmp_path: Path, four: list[str]) -> None:
    make_current(tmp_path, four[0])
    assert roll_back(tmp_path) == four[3]


def test_what_people_went_back_from_came_into_use_all_the_same(
    tmp_path: Path, four: list[str]
) -> None:
    roll_back(tmp_path)
    roll_back(tmp_path)
    assert all(was_used(tmp_path, version) for version in four)
    assert used_ids(tmp_path) == four[:2]
    never = a_version(tmp_path, seed=9)
    save_version(tmp_path, never)
    assert not was_used(tmp_path, never.id)


def test_without_an_earlier_version_nothing_changes(tmp_path: Path) -> None:
    version = a_version(tmp_path)
    save_version(tmp_path, version)
    make_current(tmp_path, version.id)
    with pytest.raises(BrokenModelVersion, match="no earlier model version"):
        roll_back(tmp_path)
    assert current_id(tmp_path) == version.id


def test_pruning_keeps_the_newest_the_current_and_the_one_before(
    tmp_path: Path, four: list[str]
) -> None:
    make_current(tmp_path, four[0])
    assert prune(tmp_path, keep=0) == four[1:3]
    assert list_versions(tmp_path) == [four[0], four[3]]
    assert prune(tmp_path, keep=0) == []


def test_pruning_removes_broken_versions_too(tmp_path: Path, four: list[str]) -> None:
    spoil(tmp_path, four[0])
    assert prune(tmp_path, keep=3) == four[:1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", *four[1:], "used"]


@pytest.mark.parametrize("keep", [4, 5, 7, 9])
def test_pruning_keeps_all_where_there_are_few(tmp_path: Path, four: list[str], keep: int) -> None:
    assert prune(tmp_path, keep=keep) == []
    assert list_versions(tmp_path) == four


def test_a_broken_version_leaves_the_one_before_in_use_after_a_restart(
    tmp_path: Path, four: list[str]
) -> None:
    spoil(tmp_path, four[3])
    model = CurrentModel(tmp_path)
    snapshot = model.snapshot()
    assert snapshot is not None
    assert snapshot.version.id == four[2]
    assert model.problem is not None
    assert four[3] in model.problem
    assert model.snapshot() is snapshot


def test_nothing_came_before_nothing(tmp_path: Path) -> None:
    assert earlier_version(tmp_path) is None
    assert prune(tmp_path, keep=1) == []
