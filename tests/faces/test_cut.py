import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from faces.cut import Cut, could_be_encoded, identity_rows_at, in_steps
from faces.records import FloatRows, unit_rows

numbers = st.floats(allow_nan=False, allow_infinity=False)
small = st.floats(width=32, min_value=-2, max_value=2)
STEP = 2.0**-20


def drawn(count: int, *, seed: int = 0, dimensions: int = 128) -> FloatRows:
    rng = np.random.default_rng(seed)
    return unit_rows(rng.standard_normal((count, dimensions)).astype(np.float32))


def a_cut(*, kept: int = 80) -> Cut:
    turn = np.random.default_rng(5).standard_normal((128, kept)) / 4
    return Cut(turn.astype(np.float32), reach=0.1, single=0.2, growth=0.03, faces=7)


@settings(max_examples=50)
@given(
    st.integers(0, 3), st.lists(st.floats(width=32), max_size=8), numbers, numbers, numbers,
    st.integers(0),
)  # fmt: skip
def test_a_cut_comes_back_from_json_to_the_last_bit(
    columns: int, values: list[float], reach: float, single: float, growth: float, faces: int
) -> None:
    columns = columns if values else 1
    used = values[: len(values) // columns * columns] if columns else []
    transform = np.array(used, dtype=np.float32).reshape(-1, columns or 1)
    cut = Cut(transform, reach, single, growth, faces)
    back = Cut.from_json(json.loads(json.dumps(cut.to_json())))
    assert back.transform.dtype == np.float32
    assert back.transform.shape == transform.shape
    assert back.transform.tobytes() == transform.tobytes()
    assert (back.reach, back.single, back.growth) == (reach, single, growth)
    assert back.faces == faces
    assert back.to_json() == cut.to_json()


def test_a_cut_is_told_alike_however_its_transform_lies_in_memory() -> None:
    cut = a_cut()
    lying = replace(cut, transform=np.asfortranarray(cut.transform))
    wide = replace(cut, transform=cut.transform.astype(">f4"))
    assert lying.to_json() == wide.to_json() == cut.to_json()


@pytest.mark.parametrize("missing", ["transform", "dimensions", "reach", "single", "growth"])
def test_what_is_no_cut_is_refused_and_tells_what_it_has_not(missing: str) -> None:
    told = {key: value for key, value in a_cut().to_json().items() if key != missing}
    with pytest.raises(ValueError, match=missing):
        Cut.from_json(told)


@pytest.mark.parametrize(
    "wrong",
    [{"transform": "no base 64!"}, {"transform": "AAAA"}, {"dimensions": 79}, {"dimensions": 0},
     {"dimensions": None}, {"reach": None}, {"single": "much"}, {"faces": 1.5}],
)  # fmt: skip
def test_a_cut_with_something_else_in_it_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Cut.from_json({**a_cut().to_json(), **wrong})


@settings(max_examples=30)
@given(st.lists(small, max_size=20))
def test_steps_are_whole_near_and_stay(values: list[float]) -> None:
    rows = np.array(values, dtype=np.float32)[:, None]
    stepped = in_steps(rows)
    assert stepped.dtype == np.float32
    assert np.array_equal(stepped / STEP, np.rint(stepped / STEP))
    assert (np.abs(stepped - rows) <= STEP / 2).all()
    assert np.array_equal(in_steps(stepped), stepped)


def test_sums_of_rows_are_the_same_in_any_order() -> None:
    rows = in_steps(drawn(3000)).astype(np.float64)
    rng = np.random.default_rng(1)
    total = rows.sum(axis=0)
    for _ in range(5):
        rng.shuffle(rows)
        assert np.array_equal(rows.sum(axis=0), total)
        assert np.array_equal(np.add.reduceat(rows, [0, 1000, 1001]).sum(axis=0), total)


def test_rows_have_length_one_in_the_dimensions_of_the_cut() -> None:
    rows = identity_rows_at(a_cut(), drawn(50), drawn(50, seed=1))
    assert rows.shape == (50, 80)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.array_equal(in_steps(rows), rows)


def test_no_face_has_no_row() -> None:
    assert identity_rows_at(a_cut(), drawn(0), drawn(0)).shape == (0, 80)


def test_a_face_and_its_mirror_image_may_be_told_either_way_round() -> None:
    plain, mirrored = drawn(30), drawn(30, seed=1)
    one = identity_rows_at(a_cut(), plain, mirrored)
    assert np.array_equal(one, identity_rows_at(a_cut(), mirrored, plain))


def test_what_could_not_be_encoded_is_a_row_of_zeros() -> None:
    nothing = np.zeros((3, 128), dtype=np.float32)
    assert not identity_rows_at(a_cut(), nothing, nothing).any()
    assert not identity_rows_at(a_cut(), drawn(3), -drawn(3)).any()


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(60)), st.integers(1, 60), st.sampled_from([1, 2, 4]))
def test_a_row_is_the_same_to_the_last_bit_whatever_stands_beside_it(
    order: list[int], batch: int, threads: int
) -> None:
    """Otherwise a face that is added would not be where a full run sees it."""
    plain, mirrored = drawn(60), drawn(60, seed=1)
    every = identity_rows_at(a_cut(), plain, mirrored)
    with threadpool_limits(threads):
        for start in range(0, 60, batch):
            some = order[start : start + batch]
            assert np.array_equal(
                identity_rows_at(a_cut(), plain[some], mirrored[some]), every[some]
            )


def test_a_row_is_the_same_in_a_large_collection() -> None:
    plain, mirrored = drawn(5000), drawn(5000, seed=1)
    every = identity_rows_at(a_cut(), plain, mirrored)
    for some in (slice(4095, 4097), slice(4999, 5000), slice(100, 4500)):
        assert np.array_equal(identity_rows_at(a_cut(), plain[some], mirrored[some]), every[some])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_encodings_without_a_finite_length_are_those_of_a_face_that_could_not_be_encoded(
    value: float,
) -> None:
    plain = np.random.default_rng(0).standard_normal((5, 128)).astype(np.float32)
    mirrored = plain.copy()
    mirrored[2, 7] = value
    cut = Cut(np.eye(128, dtype=np.float32), 0.1, 0.5, 0.1, 5)
    rows = identity_rows_at(cut, plain, mirrored)
    assert not rows[2].any()
    assert rows[[0, 1, 3, 4]].any(axis=1).all()
    assert could_be_encoded(plain, mirrored).tolist() == [True, True, False, True, True]
