from hypothesis import given
from hypothesis import strategies as st

from faces.records import Cluster, ClusterId, FaceId
from faces.studio_format import Kind, place_of_task
from sync.worth import BEST, plan_renewal, worth_of_page

FACES = tuple(FaceId(f"f{number}") for number in range(4))


def cluster(confidence: float | None = None, *places: float) -> Cluster:
    return Cluster(ClusterId("c"), FACES, confidence, places)


def worth(found: Cluster, *, is_named: bool = False) -> float:
    return worth_of_page(found, FACES, is_named=is_named)


def text(value: float) -> str:
    return place_of_task(Kind.NAME, worth=value, queue=1)["worth"]


def test_a_page_is_worth_its_faces_for_each_action() -> None:
    assert worth(cluster()) == len(FACES) / 2
    assert worth(cluster(), is_named=True) == len(FACES)


def test_a_doubtful_cluster_is_worth_less() -> None:
    assert worth(cluster(0.5, 1, 1, 1, 1)) == worth(cluster(1.0, 1, 1, 1, 1)) / 2


def test_faces_that_are_likely_wrong_have_to_be_marked() -> None:
    assert worth(cluster(1.0, 1, 1, 0.5, 0.5)) == len(FACES) / 3


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
