import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.desk_tasks import DeskRow, DeskTask
from faces.desk_tasks import Kind as DeskKind
from faces.records import FaceId
from faces.studio_format import Kind, place_of_task
from sync.wanted_pages import WantedPage
from sync.worth import BEST, plan_renewal


def text(value: float) -> str:
    return place_of_task(Kind.NAME, worth=value, queue=1)["worth"]


def page(tiles: int, worth: float) -> WantedPage:
    """A page of rows of six faces that its task says to be worth so much."""
    faces = [FaceId(f"f{number}") for number in range(tiles)]
    rows = tuple(DeskRow(tuple(faces[start : start + 6])) for start in range(0, tiles, 6))
    kind = DeskKind.SEVERAL if len(rows) > 1 else DeskKind.NAME
    return WantedPage(DeskTask(kind, rows, worth))


def test_a_full_page_says_what_its_task_is_worth() -> None:
    assert page(24, 3.0).worth == 3.0


@pytest.mark.parametrize("tiles", [6, 18])
def test_a_page_that_is_not_full_says_less_than_any_that_is(tiles: int) -> None:
    assert 0 < page(tiles, 30.0).worth < page(24, 0.4).worth
    assert page(tiles, 2.0).worth < page(tiles, 3.0).worth
    assert text(page(tiles, 2.0).worth) < text(page(tiles, 3.0).worth)


@given(st.lists(st.floats(0, 99_999), min_size=2, max_size=2))
def test_what_is_worth_more_stands_first_as_text_too(values: list[float]) -> None:
    low, high = sorted(values)
    assert text(low) <= text(high)


def test_what_is_worth_notably_more_or_less_is_renewed_the_best_first() -> None:
    listed = {1: text(10), 2: text(9), 3: text(8)}
    assert plan_renewal(listed, {1: text(2), 2: text(9.5), 3: text(30)}) == (3, 1)


def test_a_task_that_is_not_ours_any_more_is_left_alone() -> None:
    assert plan_renewal({1: text(10)}, {}) == ()


def test_a_task_that_rises_among_the_best_is_renewed() -> None:
    listed = {number: text(100) for number in range(BEST)}
    others = {BEST: text(200), BEST + 1: text(100), BEST + 2: text(1)}
    assert plan_renewal(listed, listed | others) == (BEST,)


@given(st.dictionaries(st.integers(0, 300), st.tuples(st.floats(0, 99), st.floats(0, 99))))
def test_once_renewed_nothing_is_off(tasks: dict[int, tuple[float, float]]) -> None:
    says = {task: text(value) for task, (value, _) in tasks.items()}
    is_worth = {task: text(value) for task, (_, value) in tasks.items()}
    for _ in range(len(tasks) + 1):
        best = sorted(says, key=lambda task: says[task], reverse=True)[:BEST]
        off = plan_renewal({task: says[task] for task in best}, is_worth)
        if not off:
            return
        says |= {task: is_worth[task] for task in off}
    raise AssertionError("the plan never comes to an end")
