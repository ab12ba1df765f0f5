from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.people_encodings import PeopleEncodings, read_npz

NAMES = ("Ann/1.jpg", "Bo/1.jpg", "Ann/2.jpg", "Cy/1.jpg")


def _people(names: tuple[str, ...] = NAMES) -> PeopleEncodings:
    rows = np.arange(len(names), dtype=np.float32)[:, None] * np.ones(128, dtype=np.float32)
    found = np.ones(len(names), dtype=np.bool_)
    return PeopleEncodings(names, rows, -rows, found, found.astype(np.float64))


def test_who_is_on_a_photo_is_told_by_its_name() -> None:
    assert _people().people.tolist() == [0, 1, 0, 2]


@given(st.integers(1, 3), st.integers(0, 50))
def test_some_people_come_with_all_their_photos(count: int, seed: int) -> None:
    some = _people().of_some_people(count, rng=np.random.default_rng(seed))
    there = {name.partition("/")[0] for name in some.names}
    assert len(there) == count
    assert some.names == tuple(name for name in NAMES if name.partition("/")[0] in there)
    assert some.plain[:, 0].tolist() == [NAMES.index(name) for name in some.names]
    assert (some.mirrored == -some.plain).all()


def test_the_same_seed_draws_the_same_people_and_more_than_there_are_is_everybody() -> None:
    drawn = [_people().of_some_people(2, rng=np.random.default_rng(3)).names for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert _people().of_some_people(9, rng=np.random.default_rng(3)).names == NAMES


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ((), "there are no photos"),
        (("Ann/1", "Ann/1"), "twice"),
        (("Ann",), "Person/image"),
        (("/1",), "Person/image"),
    ],
)
def test_photos_of_nobody_are_refused(names: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _people(names)


def test_arrays_of_other_sizes_are_refused() -> None:
    rows, marks = np.zeros((2, 128), dtype=np.float32), np.ones(2)
    with pytest.raises(ValueError, match="two arrays"):
        PeopleEncodings(("Ann/1",), rows, rows, marks.astype(np.bool_), marks)
    with pytest.raises(ValueError, match="as many marks"):
        PeopleEncodings(("Ann/1",), rows[:1], rows[:1], marks.astype(np.bool_), marks)


def test_a_file_gives_its_encodings_and_every_face_is_good(tmp_path: Path) -> None:
    people = _people()
    file = tmp_path / "people.npz"
    np.savez(file, names=np.array(NAMES), enc=people.plain, mirrored=people.mirrored)
    read = read_npz(file)
    assert read.names == NAMES
    assert (read.plain == people.plain).all()
    assert (read.mirrored == people.mirrored).all()
    assert read.found.all()
    assert (read.quality == 1).all()


ONE, ZEROS = np.array(["Ann/1"]), np.zeros((1, 128))


@pytest.mark.parametrize(
    "held",
    [
        {"names": ONE},
        {"names": ONE, "enc": ZEROS[:, :64], "mirrored": ZEROS[:, :64]},
        {"names": ONE, "enc": ZEROS * np.nan, "mirrored": ZEROS},
        {"names": ONE.astype(object), "enc": ZEROS, "mirrored": ZEROS},
    ],
    ids=["incomplete", "another network's", "no numbers", "pickled"],
)
def test_a_file_without_encodings_of_people_is_said_in_one_line(
    held: dict[str, np.ndarray], tmp_path: Path
) -> None:
    file = tmp_path / "people.npz"
    np.savez(file, **held)
    with pytest.raises(SystemExit, match="holds no encodings of people"):
        read_npz(file)


def test_what_is_no_npz_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "people.npz"
    file.write_text("no arrays")
    with pytest.raises(SystemExit, match="holds no encodings of people"):
        read_npz(file)
