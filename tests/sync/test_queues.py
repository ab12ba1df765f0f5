from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.desk_tasks import DeskRow, DeskTask, Kind
from faces.errors import SetupError
from faces.records import FaceId, PersonId
from faces.store.ledger import PushedPage, PushedTask, Shown
from sync.queues import MOST_ANNOTATORS, Queues, annotators_told, share_out
from sync.wanted_pages import WantedPage

PEOPLE = ("anna", "ben")
TWO = Queues(PEOPLE, PEOPLE)
"""Two who shared the tasks before."""
ZOE = PersonId("p-zoe")


def page(*faces: str, person: PersonId | None = None) -> WantedPage:
    rows = tuple(DeskRow((FaceId(face),), chosen=person) for face in faces)
    kind = Kind.NAME if len(rows) == 1 else Kind.SEVERAL
    return WantedPage(DeskTask(kind, rows, 1.0))


def task(*faces: str, queue: int, annotated: bool = False) -> PushedTask:
    """A task that asks about these faces in a queue."""
    asked = PushedPage(((*map(FaceId, faces),),), queue)
    return PushedTask(
        "people", f"page of {faces}", 1, Shown("", ""), "", "", annotated=annotated, page=asked
    )


def queues_of(
    pages: Sequence[WantedPage], queues: Queues, tasks: Sequence[PushedTask] = ()
) -> list[int]:
    return [shared.queue for shared in share_out(pages, tasks, queues)]


PAGES = [page(f"f{number}") for number in range(40)]


def test_without_annotators_all_tasks_are_in_one_queue() -> None:
    assert set(queues_of(PAGES, Queues())) == {1}
    assert set(queues_of(PAGES, Queues(("anna",)))) == {1}


def test_everybody_gets_a_queue_of_their_own() -> None:
    assert set(queues_of(PAGES, TWO)) == {1, 2}


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 5))
def test_nobody_has_two_pages_more_than_another(new: int, kept: int, count: int) -> None:
    names = tuple(f"a{number}" for number in range(count))
    standing = [task(f"f{number}", queue=1 + number % count) for number in range(kept)]
    shared = queues_of(PAGES[: kept + new], Queues(names, names), standing)
    each = [shared.count(queue) for queue in range(1, count + 1)]
    assert max(each) - min(each) <= 1


def test_the_tasks_of_one_person_stay_together() -> None:
    named = [page(f"f{number}", person=ZOE) for number in range(40)]
    assert len(set(queues_of(named, TWO))) == 1


def test_the_tasks_of_different_people_are_shared_out() -> None:
    people = [page(f"f{number}", person=PersonId(f"p{number}")) for number in range(40)]
    assert set(queues_of(people, TWO)) == {1, 2}


@pytest.mark.parametrize("queue", [1, 2])
def test_a_page_stays_in_the_queue_of_the_open_task_when_it_gets_a_likeliest_person(
    queue: int,
) -> None:
    standing = [task("f1", queue=queue)]
    assert queues_of([page("f1"), page("f1", person=ZOE)], TWO, standing) == [queue, queue]


@pytest.mark.parametrize("queue", [1, 2])
def test_a_page_that_is_built_anew_stays_in_the_queue_of_the_faces_that_it_shows(
    queue: int,
) -> None:
    standing = [task("f1", "f2", "f3", queue=queue)]
    assert queues_of([page("f2", "f3"), page("f3", "new")], TWO, standing) == [queue, queue]


def test_a_page_of_faces_from_two_queues_stays_where_most_of_them_were() -> None:
    standing = [task("f1", queue=1), task("f2", "f3", queue=2)]
    assert queues_of([page("f1", "f2", "f3")], TWO, standing) == [2]
    assert queues_of([page("f1", "f2")], TWO, standing) == [1], "of as many in the first"


def test_a_task_that_is_answered_keeps_no_face_in_its_queue() -> None:
    free = queues_of(PAGES, TWO)
    for queue in (1, 2):
        answered = [task(f"f{number}", queue=queue, annotated=True) for number in range(40)]
        assert queues_of(PAGES, TWO, answered) == free


def test_other_annotators_share_out_all_anew() -> None:
    standing = [task(f"f{number}", queue=1) for number in range(40)]
    assert set(queues_of(PAGES, TWO, standing)) == {1}
    others = Queues(("anna", "cleo"), PEOPLE)
    assert queues_of(PAGES, others, standing) == queues_of(PAGES, others)
    assert set(queues_of(PAGES, others, standing)) == {1, 2}


@given(st.permutations(range(10)), st.integers(1, 5))
def test_the_order_of_tasks_plays_no_part(order: list[int], count: int) -> None:
    names = tuple(f"a{number}" for number in range(count))
    queues = Queues(names, names)
    standing = [task(f"f{number}", queue=1) for number in range(3)]
    shared = share_out([PAGES[number] for number in order], standing[::-1], queues)
    expected = {one.key: one.queue for one in share_out(PAGES[:10], standing, queues)}
    assert {one.key: one.queue for one in shared} == expected


def test_annotators_are_told_by_names_with_commas() -> None:
    assert annotators_told(" Anna  Maria, ben@example.org") == ("Anna Maria", "ben@example.org")
    assert annotators_told("") == ()


@pytest.mark.parametrize(
    "told", ["a,,b", "a,A", ",", ",".join(map(str, range(MOST_ANNOTATORS + 1)))]
)
def test_a_list_in_which_two_cannot_be_told_apart_is_refused(told: str) -> None:
    with pytest.raises(SetupError, match="annotators"):
        annotators_told(told)
