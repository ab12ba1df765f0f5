from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.confirmations import Truth
from faces.constraints import Constraints, constraints_of
from faces.cut import Cut
from faces.grouping import Grouping
from faces.records import Encodings, FaceId, PhotoId
from faces.regrouping import Regrouping

CUT = Cut(np.eye(128, dtype=np.float32), reach=0.1, single=0.5, growth=0.2, faces=10)


def album(numbers: Sequence[int], *, faces_a_photo: int = 1) -> tuple[Encodings, Constraints]:
    """Some faces of an endless album of four people, in the order of their ids."""
    numbers = sorted(numbers)
    faces = tuple(FaceId(f"f{number:05}") for number in numbers)
    rows = np.zeros((len(numbers), 128), dtype=np.float32)
    for row, number in enumerate(numbers):
        rng = np.random.default_rng(number)
        angle = 0.9 * rng.integers(4) + rng.normal(0, 0.15)
        rows[row, :2] = np.cos(angle), np.sin(angle)
    encodings = Encodings("net", faces, rows, rows.copy())
    photo_of = {
        face: PhotoId(f"photo {number // faces_a_photo}")
        for face, number in zip(faces, numbers, strict=True)
    }
    return encodings, constraints_of(faces, photo_of, Truth())


def people(labels: Sequence[int]) -> set[frozenset[int]]:
    """Which rows have the same label."""
    rows: dict[int, set[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, set()).add(row)
    return {frozenset(group) for group in rows.values()}


def at_once(encodings: Encodings, constraints: Constraints) -> set[frozenset[int]]:
    return people(Regrouping().labels(encodings, CUT, constraints).tolist())


def only_adding(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> NoReturn:
        raise AssertionError("all faces were grouped again")

    monkeypatch.setattr(Grouping, "of", never)


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.sets(st.integers(0, 60), max_size=20), max_size=4),
    faces_a_photo=st.integers(1, 3),
)
def test_news_give_the_groups_that_all_faces_at_once_give(
    steps: list[set[int]], faces_a_photo: int
) -> None:
    kept, there = Regrouping(), set()
    for come in steps:
        there |= come
        known = album(list(there), faces_a_photo=faces_a_photo)
        assert people(kept.labels(known[0], CUT, known[1]).tolist()) == at_once(*known)


def test_new_faces_are_added_wherever_their_ids_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Regrouping()
    kept.labels(album([3, 5, 9, 20])[0], CUT, album([3, 5, 9, 20])[1])
    known = album([1, 3, 5, 6, 9, 20, 30])
    expected = at_once(*known)
    only_adding(monkeypatch)
    assert people(kept.labels(known[0], CUT, known[1]).tolist()) == expected
    assert people(kept.labels(known[0], CUT, known[1]).tolist()) == expected


def with_other_row(encodings: Encodings) -> Encodings:
    rows = encodings.plain.copy()
    rows[0] = -rows[0]
    return replace(encodings, plain=rows, mirrored=rows)


def with_apart(constraints: Constraints) -> Constraints:
    return replace(constraints, apart=np.array([[0, 1]], dtype=np.intp))


@pytest.mark.parametrize("change", ["a face is gone", "a face was read again", "words", "the cut"])
def test_whatever_else_changes_groups_all_faces_at_once(change: str) -> None:
    kept = Regrouping()
    encodings, constraints = album(range(12))
    kept.labels(encodings, CUT, constraints)
    cut = CUT
    if change == "a face is gone":
        encodings, constraints = album(range(1, 12))
    elif change == "a face was read again":
        encodings = with_other_row(encodings)
    elif change == "words":
        constraints = with_apart(constraints)
    else:
        cut = replace(CUT, single=0.01, reach=0.001)
    now = kept.labels(encodings, cut, constraints).tolist()
    assert people(now) == people(Regrouping().labels(encodings, cut, constraints).tolist())


def test_what_was_cut_off_is_grouped_at_once_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Regrouping()
    kept.labels(album(range(8))[0], CUT, album(range(8))[1])
    with monkeypatch.context() as patch:
        patch.setattr(Grouping, "add", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept.labels(album(range(9))[0], CUT, album(range(9))[1])
    known = album(range(9))
    assert people(kept.labels(known[0], CUT, known[1]).tolist()) == at_once(*known)


def test_no_faces_have_no_labels() -> None:
    encodings, constraints = album([])
    kept = Regrouping()
    assert kept.labels(encodings, CUT, constraints).shape == (0,)
    known = album([1])
    assert kept.labels(known[0], CUT, known[1]).tolist() == [0]


@pytest.mark.parametrize("first", [[0, 1], [1, 2], [0, 2], [2]])
def test_of_equally_near_faces_the_same_one_is_joined_whatever_came_first(first: list[int]) -> None:
    """Two that are one photo's have the very same encoding; a third could be either."""
    faces = tuple(FaceId(f"f{number}") for number in range(3))
    rows = np.zeros((3, 128), dtype=np.float32)
    rows[:, 0], rows[2, 1] = 1, 0.4
    photo_of = {face: PhotoId("one" if row < 2 else "two") for row, face in enumerate(faces)}

    def known(some: list[int]) -> tuple[Encodings, Constraints]:
        those = tuple(faces[row] for row in some)
        encodings = Encodings("net", those, rows[some], rows[some].copy())
        return encodings, constraints_of(those, photo_of, Truth())

    kept = Regrouping()
    kept.labels(known(first)[0], CUT, known(first)[1])
    every = known([0, 1, 2])
    found = people(kept.labels(every[0], CUT, every[1]).tolist())
    assert found == at_once(*every)
    assert any(len(group) == 2 for group in found)
