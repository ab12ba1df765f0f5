"""What the People desk is planned from: what the store and the ledger know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from faces.confirmations import Carried, FaceVerdict, PersonCreated, Truth, Verdict, Word
from faces.desk import plan_desk
from faces.desk_tasks import DeskState
from faces.fold import fold
from faces.learned import Learned
from faces.records import (
    NETWORK,
    Box,
    Cluster,
    ClusterId,
    Encodings,
    Face,
    FaceId,
    PersonId,
    PhotoId,
    identity_rows,
)
from faces.store.ledger import PushedPage, PushedTask, Shown
from sync.desk_state import desk_state, standing_pages
from tests.faces.words import numbered

ANNA = PersonId("p-anna")
FACES = tuple(FaceId(f"f{number}") for number in range(6))
ALL_ONE = Cluster(ClusterId("c"), FACES)


def face(id_: FaceId, *, size_px: float = 50) -> Face:
    return Face(id_, PhotoId(f"photo of {id_}"), Box(10, 10, size_px, size_px), 2.0)


GOOD = {id_: face(id_) for id_ in FACES}


def truth_of(*words: Word) -> Truth:
    said: Sequence[Word] = (PersonCreated(ANNA, "Anna"), *words)
    return fold(numbered([("Ada", "people", word) for word in said]))


def is_(id_: FaceId) -> FaceVerdict:
    return FaceVerdict(id_, Verdict.IS, ANNA)


def state_of(
    truth: Truth | None = None,
    *clusters: Cluster,
    faces: Mapping[FaceId, Face] | None = None,
    tasks: Iterable[PushedTask] = (),
) -> DeskState:
    rows = np.eye(128, dtype=np.float32)[[0] * len(FACES)]
    encodings = Encodings(NETWORK, FACES, rows, rows)
    truth = truth or truth_of()
    learned = Learned.of(truth, FACES, identity_rows(encodings))
    there = GOOD if faces is None else faces
    return desk_state(encodings, there, clusters or [ALL_ONE], truth, learned, tasks)


def asked(state: DeskState) -> set[FaceId]:
    return {one for task in plan_desk(state) for one in task.faces}


def task(
    *rows: tuple[FaceId, ...],
    key: str = "page",
    task_id: int | None = 1,
    several: bool = True,
    annotated: bool = False,
    passed: Sequence[FaceId] = (),
) -> PushedTask:
    return PushedTask(
        project="people",
        key=key,
        task_id=task_id,
        shown=Shown("", ""),
        round="faceloop-people",
        picture_url="",
        annotated=annotated,
        page=PushedPage(rows, is_several=several),
        passed=tuple(passed),
    )


def test_all_faces_that_are_there_are_asked_about() -> None:
    state = state_of()
    assert tuple(state.faces) == FACES
    assert len(state.rows) == len(FACES)
    assert asked(state) == set(FACES)


def test_faces_of_photos_that_are_gone_are_not_asked_about() -> None:
    there = {id_: one for id_, one in GOOD.items() if id_ not in FACES[:2]}
    state = state_of(faces=there)
    assert tuple(state.faces) == FACES[2:]
    assert asked(state) == set(FACES[2:])


def test_faces_too_poor_to_be_told_apart_are_not_asked_about_unless_somebody_spoke_of_them() -> (
    None
):
    tiny = GOOD | {id_: face(id_, size_px=15) for id_ in FACES[:2]}
    assert asked(state_of(faces=tiny)) == set(FACES[2:])
    spoken = truth_of(FaceVerdict(FACES[0], Verdict.IS_NOT, ANNA))
    assert asked(state_of(spoken, faces=tiny)) == set(FACES) - {FACES[1]}


def test_each_face_has_its_own_row() -> None:
    axes = np.eye(128, dtype=np.float32)[: len(FACES)]
    encodings = Encodings(NETWORK, FACES, axes, axes)
    there = {id_: one for id_, one in GOOD.items() if id_ != FACES[0]}
    state = desk_state(encodings, there, [], truth_of(), Learned(), [])
    assert [int(np.argmax(row)) for row in state.rows] == [1, 2, 3, 4, 5]


def test_a_carried_face_is_asked_about_again_when_its_group_split() -> None:
    named, carried = FACES[0], Carried(FACES[1:], ANNA, FACES[:1])
    truth = truth_of(is_(named), carried)
    assert asked(state_of(truth)) == set()
    apart = Cluster(ClusterId("c"), FACES[:2]), Cluster(ClusterId("d"), FACES[2:])
    state = state_of(truth, *apart)
    assert asked(state) == set(FACES[2:])
    assert truth.carried.keys() == set(FACES[1:]), "it keeps its name until somebody answers"


@pytest.mark.parametrize("annotated", [True, False])
def test_what_an_answer_passed_over_is_not_asked_about_again(annotated: bool) -> None:
    """Not if the answer is gone: then the task has none."""
    passed = task(FACES[:3], annotated=annotated, passed=FACES[:3])
    assert state_of(tasks=[passed]).passed == (set(FACES[:3]) if annotated else set())
    assert asked(state_of(tasks=[passed])) == set(FACES[3:] if annotated else FACES)


def test_all_answered_tasks_tell_what_they_passed_over() -> None:
    tasks = [
        task(FACES[:1], key="a", annotated=True, passed=FACES[:1]),
        task(FACES[1:2], key="b", annotated=True, passed=FACES[1:2]),
    ]
    assert state_of(tasks=tasks).passed == set(FACES[:2])


def test_what_was_passed_over_is_asked_about_with_a_name() -> None:
    passed = task(FACES, annotated=True, passed=FACES)
    assert asked(state_of(tasks=[passed])) == set()
    assert asked(state_of(truth_of(is_(FACES[0])), tasks=[passed])) == set(FACES[1:])


def test_open_pages_of_several_rows_stand_in_the_order_in_which_they_came() -> None:
    first, second = (FACES[:2], FACES[2:3]), (FACES[3:4], FACES[4:])
    tasks = [task(*second, key="a", task_id=7), task(*first, key="b", task_id=3)]
    assert list(standing_pages(tasks)) == [first, second]
    assert list(standing_pages(reversed(tasks))) == [first, second]


def test_neither_answered_pages_stand_nor_those_of_one_row_nor_photos() -> None:
    tasks = [
        task(FACES[:2], FACES[2:], annotated=True),
        task(FACES, several=False),
        replace(task(FACES), page=None),
    ]
    assert list(standing_pages(tasks)) == []
    importing = task(FACES[:2], FACES[2:], task_id=None)
    assert list(standing_pages([importing])) == [(FACES[:2], FACES[2:])]
