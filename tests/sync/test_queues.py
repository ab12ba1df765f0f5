from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.errors import SetupError
from faces.records import ClusterId, FaceId
from sync.queues import MOST_ANNOTATORS, Queues, annotators_told, share_out
from sync.wanted import WantedPage

TWO = Queues(("anna", "ben"))


def page(cluster: str, name: str | None = None, *, face: str = "f") -> WantedPage:
    return WantedPage(ClusterId(cluster), (FaceId(f"{face}-{cluster}"),), 1, (), name, 0.0)


def queues_of(pages: list[WantedPage], queues: Queues) -> list[int]:
    return [shared.queue for shared in share_out(pages, queues)[0]]


PAGES = [page(f"c{number}") for number in range(40)]


def test_without_annotators_all_tasks_are_in_one_queue() -> None:
    assert set(queues_of(PAGES, Queues())) == {1}
    assert set(queues_of(PAGES, Queues(("anna",)))) == {1}


def test_everybody_gets_a_queue_of_their_own() -> None:
    assert set(queues_of(PAGES, TWO)) == {1, 2}


def test_the_tasks_of_one_person_stay_together() -> None:
    named = [replace(one, name="Zoë") for one in PAGES]
    assert len(set(queues_of(named, TWO))) == 1


def test_a_cluster_stays_in_its_queue_when_it_gets_a_likeliest_person() -> None:
    before, queues = share_out(PAGES, TWO)
    after, _ = share_out([replace(one, name="Zoë") for one in PAGES], queues)
    assert [one.queue for one in after] == [one.queue for one in before]


def test_all_pages_of_a_cluster_are_in_one_queue() -> None:
    pages = [page("c1", name, face=name) for name in ("Anna", "Ben", "Cleo", "Dora", "Emil")]
    assert len(set(queues_of(pages, TWO))) == 1


def test_a_cluster_without_tasks_is_forgotten() -> None:
    _, queues = share_out(PAGES, TWO)
    assert set(share_out(PAGES[:1], queues)[1].of_cluster) == {PAGES[0].cluster}


def test_other_annotators_share_out_all_anew() -> None:
    _, queues = share_out(PAGES, TWO)
    assert queues.among(("anna", "ben")) is queues
    assert queues.among(None) is queues
    assert queues.among(("anna", "cleo")) == Queues(("anna", "cleo"))


@given(st.permutations(range(10)), st.integers(1, 5))
def test_the_order_of_tasks_plays_no_part(order: list[int], count: int) -> None:
    queues = Queues(tuple(f"a{number}" for number in range(count)))
    shared, _ = share_out([PAGES[number] for number in order], queues)
    expected = {one.key: one.queue for one in share_out(PAGES[:10], queues)[0]}
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
