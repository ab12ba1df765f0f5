"""Which pages the People desk asks, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.cluster import Groups
from faces.confirmations import (
    Carried,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    PairUnsure,
    PersonCreated,
    Verdict,
    Word,
)
from faces.desk import LEAST_WORTH, STRIP_TILES, plan_desk
from faces.desk_tasks import PAGE_TILES, DeskRow, DeskState, DeskTask, Kind
from faces.fold import fold
from faces.learned import Learned
from faces.records import (
    Cluster,
    ClusterId,
    FaceId,
    FloatRows,
    Person,
    PersonId,
    PhotoId,
    unit_rows,
)
from tests.faces.words import numbered
from tests.model_versions import a_version

ANN, NED = PersonId("ann"), PersonId("ned")
CREATED: list[Word] = [PersonCreated(ANN, "Ann"), PersonCreated(NED, "Ned")]


def face(number: int) -> FaceId:
    return FaceId(f"f{number:03}")


def faces(*numbers: int) -> tuple[FaceId, ...]:
    return tuple(face(number) for number in numbers)


def is_(number: int, person: PersonId = ANN) -> FaceVerdict:
    return FaceVerdict(face(number), Verdict.IS, person)


def rows_of(people: Sequence[int]) -> FloatRows:
    """Rows of people who lie far apart, no two rows alike."""
    rng = np.random.default_rng(0)
    axes = np.eye(128, dtype=np.float32)[list(people)].reshape(-1, 128)
    return unit_rows(axes + rng.normal(scale=0.002, size=axes.shape).astype(np.float32))


def group(
    name: str, numbers: Iterable[int], *, confidence: float = 0.99, doubt: float = 0.0
) -> Cluster:
    """A group whose later faces are the more doubtful, the last one by `doubt`."""
    members = tuple(face(number) for number in numbers)
    places = tuple(np.linspace(1, 1 - doubt, len(members)).tolist())
    return Cluster(ClusterId(name), members, confidence, places)


def state_of(
    people: Sequence[int],
    *clusters: Cluster,
    words: Sequence[Word] = (),
    speakers: Mapping[int, str] | None = None,
    photo_of: Mapping[FaceId, PhotoId] | None = None,
    passed: Iterable[int] = (),
    waiting: Iterable[int] = (),
) -> DeskState:
    """A desk on which face number i shows `people[i]`."""
    said = [*CREATED, *words]
    told = [
        ((speakers or {}).get(n - len(CREATED), "Ada"), f"place {n}", word)
        for n, word in enumerate(said)
    ]
    truth = fold(numbered(told))
    there = tuple(face(number) for number in range(len(people)))
    rows = rows_of(people)
    return DeskState(
        there,
        rows,
        Groups(clusters),
        truth,
        Learned.of(truth, there, rows),
        photo_of or {one: PhotoId(one) for one in there},
        frozenset(map(face, passed)),
        frozenset(map(face, waiting)),
    )


def asked(tasks: Iterable[DeskTask]) -> list[FaceId]:
    """Whose names are asked for."""
    return [one for task in tasks if task.kind is not Kind.SAME for one in task.faces]


def rows_in(tasks: Iterable[DeskTask]) -> list[tuple[FaceId, ...]]:
    return [row.shown for task in tasks for row in task.rows]


def test_nothing_is_asked_about_nothing() -> None:
    assert plan_desk(state_of([])) == []


def test_a_sure_group_is_a_strip_of_typical_and_doubtful_faces_and_carries_the_rest() -> None:
    (task,) = plan_desk(state_of([0] * 20, group("c", range(20), doubt=0.1)))
    (row,) = task.rows
    assert task.kind is Kind.NAME, "it is alone on its page"
    assert not task.is_full, "it waits for others to share a page with"
    assert row.shown == faces(0, 1, 16, 17, 18, 19)
    assert row.carried == faces(*range(2, 16))


def test_a_doubtful_group_is_looked_at_longer() -> None:
    (task,) = plan_desk(state_of([0] * 40, group("c", range(40), doubt=0.9)))
    (row,) = task.rows
    assert task.kind is Kind.NAME
    assert row.shown == faces(*range(10), *range(20, 40))
    assert row.carried == faces(*range(10, 20))


def test_nothing_is_carried_in_a_group_that_may_be_several_people() -> None:
    first, *_ = plan_desk(state_of([0] * 40, group("c", range(40), confidence=0.3)))
    assert first.rows[0].shown == faces(*range(30))
    assert first.rows[0].carried == ()


def test_several_rows_share_a_page_but_no_page_is_longer_than_people_can_look_at() -> None:
    people = [number // 6 for number in range(48)]
    clusters = [group(f"c{n}", range(6 * n, 6 * n + 6)) for n in range(8)]
    tasks = plan_desk(state_of(people, *clusters))
    assert [len(task.rows) for task in tasks] == [5, 3]
    assert [task.tiles for task in tasks] == [PAGE_TILES, 18]


def groups_of_six(count: int) -> tuple[list[int], list[Cluster]]:
    """People with six faces each, and their groups."""
    people = [number // 6 for number in range(6 * count)]
    return people, [group(f"c{n}", range(6 * n, 6 * n + 6)) for n in range(count)]


def desk_of(count: int, *, words: Sequence[Word] = ()) -> DeskState:
    """A desk of so many people."""
    people, clusters = groups_of_six(count)
    return state_of(people, *clusters, words=words)


def rows_of_pages(tasks: Iterable[DeskTask]) -> list[tuple[tuple[FaceId, ...], ...]]:
    return [tuple(row.shown for row in task.rows) for task in tasks]


def test_a_row_alone_on_its_page_is_asked_about_as_a_group_of_its_own() -> None:
    kinds = [[task.kind for task in plan_desk(desk_of(count))] for count in (1, 2)]
    assert kinds == [[Kind.NAME], [Kind.SEVERAL]]


def test_full_pages_stand_as_they_are_though_other_rows_went_before_them() -> None:
    before = plan_desk(desk_of(12))
    standing = rows_of_pages(before)
    gone = [is_(n) for n in range(6)]
    state = desk_of(12, words=gone)
    after = rows_of_pages(plan_desk(state, standing))
    assert standing[0][1:] in after, "it lost one row"
    assert standing[1] in after
    assert rows_of_pages(plan_desk(state))[0] != standing[0][1:], "else they would have moved up"


def test_a_standing_page_keeps_the_order_of_its_rows() -> None:
    (page, *_) = rows_of_pages(plan_desk(desk_of(5)))
    (again,) = rows_of_pages(plan_desk(desk_of(5), [page[::-1]]))
    assert again == page[::-1]


def test_of_a_standing_page_that_is_not_full_nothing_stays() -> None:
    expected = rows_of_pages(plan_desk(desk_of(7)))
    small = expected[0][:3]
    assert rows_of_pages(plan_desk(desk_of(7), [small])) == expected


def test_a_row_that_stands_on_two_pages_stays_on_the_first() -> None:
    first, second = rows_of_pages(plan_desk(desk_of(10)))
    double = (first[0], *second[1:])
    pages = rows_of_pages(plan_desk(desk_of(10), [first, double]))
    assert first in pages
    shown = [row for page in pages for row in page]
    assert sorted(shown) == sorted({*first, *second})


def test_a_row_leaves_a_standing_page_when_a_name_is_chosen_and_the_others_have_none() -> None:
    people, clusters = groups_of_six(5)
    (page,) = rows_of_pages(plan_desk(state_of(people, *clusters)))
    clusters[0] = group("c0", [*range(6), 30])
    state = state_of([*people, 0], *clusters, words=[is_(30)])
    tasks = plan_desk(state, [page])
    assert sorted(rows_of_pages(tasks)) == sorted([page[:1], page[1:]])
    assert {task.rows[0].shown: task.is_named for task in tasks} == {page[0]: True, page[1]: False}


def test_a_page_that_is_not_full_comes_after_those_that_are_whatever_it_is_worth() -> None:
    people, clusters = groups_of_six(5)
    ann = group("ann", range(30, 60))
    full, confirm = plan_desk(state_of([*people, *[5] * 31], *clusters, ann, words=[is_(60)]))
    assert (full.is_full, confirm.is_full) == (True, False)
    assert confirm.rows[0].chosen == ANN
    assert confirm.worth > full.worth


def test_a_page_is_worth_the_faces_that_it_names_for_each_action() -> None:
    clusters = [group(name, range(n, n + 4), confidence=1.0) for name, n in (("a", 0), ("b", 4))]
    (one,) = plan_desk(state_of([0] * 4, clusters[0]))
    (two,) = plan_desk(state_of([0] * 4 + [1] * 4, *clusters))
    assert one.worth == pytest.approx(4 / 2), "a name and a submit"
    assert two.worth == pytest.approx(8 / 3), "one submit serves both rows"


def test_a_name_that_is_chosen_already_costs_no_action_unless_it_is_wrong() -> None:
    state = state_of([0] * 5, group("c", range(5), confidence=1.0), words=[is_(4)])
    (task,) = plan_desk(state)
    (row,) = task.rows
    assert (row.shown, row.chosen) == (faces(0, 1, 2, 3), ANN)
    assert task.worth == pytest.approx(4 / (1 + (1 - row.chance)))
    assert task.worth > 4 / 2


def test_a_doubtful_group_is_worth_less() -> None:
    (sure,) = plan_desk(state_of([0, 1, 2, 3], group("c", range(4), confidence=1.0)))
    (doubtful,) = plan_desk(state_of([0, 1, 2, 3], group("c", range(4), confidence=0.5)))
    assert (sure.worth, doubtful.worth) == (pytest.approx(4 / 2), pytest.approx(2 / 1.5))


def test_faces_that_are_likely_wrong_have_to_be_marked() -> None:
    cluster = Cluster(ClusterId("c"), faces(0, 1, 2, 3), 1.0, (1.0, 1.0, 0.5, 0.5))
    (task,) = plan_desk(state_of([0] * 4, cluster))
    assert task.worth == pytest.approx(3 / (1 + 1 + 1))


def test_larger_groups_are_asked_about_first() -> None:
    people = [0] * 3 + [1] * 30
    tasks = plan_desk(state_of(people, group("a", range(3)), group("b", range(3, 33))))
    assert rows_in(tasks)[0][0] == face(3)


def test_whom_a_face_looks_like_is_chosen_beforehand_and_a_confirmed_group_too() -> None:
    clusters = group("c", range(3)), group("d", [4, 5])
    state = state_of([0, 0, 0, 0, 1, 1], *clusters, words=[is_(0), is_(1)])
    tasks = plan_desk(state)
    row_of = {row.shown: row for task in tasks for row in task.rows}
    assert row_of[faces(2)].chosen == ANN
    assert row_of[faces(3)].chosen == ANN
    assert row_of[faces(4, 5)].chosen is None


def taken_for_each_other() -> list[Word]:
    """Faces 0 and 1 are Ann and were said not to be Ned; face 2 is Ned."""
    refused = [FaceVerdict(face(number), Verdict.IS_NOT, NED) for number in (0, 1)]
    return [is_(0), is_(1), is_(2, NED), *refused]


def test_nobody_is_chosen_beforehand_for_who_is_often_taken_for_them() -> None:
    tasks = plan_desk(state_of([0, 0, 1, 0, 1], words=taken_for_each_other()))
    row_of = {row.shown: row for task in tasks for row in task.rows}
    assert row_of[faces(3)].chosen is None
    assert row_of[faces(3)].people[:2] == (ANN, NED)
    assert row_of[faces(4)].people[:2] == (NED, ANN)


def test_nobody_is_chosen_beforehand_for_whom_the_model_takes_for_them() -> None:
    plain = state_of([0, 0, 1, 0], words=[is_(0), is_(1), is_(2, NED)])
    version = replace(
        a_version("dlib-resnet-v1"),
        people=(Person(ANN, "Ann"), Person(NED, "Ned")),
        weights=plain.rows[[0, 2]],
        look_alikes=((ANN, NED),),
    )
    found = []
    for one in (replace(version, look_alikes=()), version):
        (task,) = plan_desk(replace(plain, learned=Learned(one)))
        found += [(row.chosen, row.people[:2]) for row in task.rows]
    assert found == [(ANN, (ANN, NED)), (None, (ANN, NED))]


def test_somebody_is_chosen_once_the_look_alike_is_refused() -> None:
    refused = FaceVerdict(face(3), Verdict.IS_NOT, NED)
    tasks = plan_desk(state_of([0, 0, 1, 0], words=[*taken_for_each_other(), refused]))
    row_of = {row.shown: row for task in tasks for row in task.rows}
    assert row_of[faces(3)].chosen == ANN


def test_who_are_taken_for_each_other_are_offered_side_by_side() -> None:
    people = tuple(PersonId(f"p{number}") for number in range(4))
    plain = DeskRow(faces(0), people=people[:2])
    torn = DeskRow(faces(1), people=people[2:], together=2)
    page = DeskTask(Kind.SEVERAL, (plain, torn), worth=1.0)
    assert page.people.index(people[3]) == page.people.index(people[2]) + 1


def test_somebody_refused_is_neither_chosen_nor_on_offer() -> None:
    words = [is_(0), FaceVerdict(face(1), Verdict.IS_NOT, ANN), is_(3)]
    photos = {face(0): PhotoId("a"), face(1): PhotoId("b"), face(2): PhotoId("c")}
    together = photos | {face(3): PhotoId("d"), face(4): PhotoId("d")}
    tasks = plan_desk(state_of([0] * 5, words=words, photo_of=together))
    row_of = {row.shown: row for task in tasks for row in task.rows}
    assert row_of[faces(1)].people == ()
    assert row_of[faces(2)].chosen == ANN
    assert row_of[faces(4)].people == (), "Ann is on that photo already"


def test_a_group_that_may_be_the_same_person_waits_and_is_asked_as_a_pair() -> None:
    clusters = group("a", range(5)), group("b", range(5, 8))
    tasks = plan_desk(state_of([0] * 8, *clusters))
    assert [task.kind for task in tasks] == [Kind.NAME, Kind.SAME]
    assert rows_in(tasks[1:]) == [faces(0, 1, 2, 3, 4), faces(5, 6, 7)]
    assert asked(tasks) == list(faces(0, 1, 2, 3, 4))


@pytest.mark.parametrize(
    "word",
    [
        FacesTogether(faces(0, 5)),
        FacesApart(face(0), faces(5)),
        PairUnsure(faces(0, 1), faces(5)),
    ],
)
def test_a_pair_is_asked_once(word: Word) -> None:
    clusters = group("a", range(5)), group("b", range(5, 8))
    tasks = plan_desk(state_of([0] * 8, *clusters, words=[word]))
    assert Kind.SAME not in [task.kind for task in tasks]


def test_of_a_group_that_was_called_mixed_a_page_full_is_shown_of_the_larger_part() -> None:
    words = [NotOnePerson(faces(0, 1, 98, 99))]
    state = state_of([0] * 98 + [1] * 2, group("g", range(100)), words=words)
    larger = max(
        (row for task in plan_desk(state) for row in task.rows), key=lambda r: len(r.faces)
    )
    assert len(larger.faces) > 90
    assert len(larger.shown) == PAGE_TILES


def test_of_strangers_the_ones_that_were_not_shown_are_not_asked_about() -> None:
    group_of_many = group("c", range(60))
    for verdict in (Verdict.STRANGER, Verdict.CANNOT_TELL):
        words = [FaceVerdict(face(number), verdict) for number in range(6)]
        assert plan_desk(state_of([0] * 60, group_of_many, words=words)) == []
        assert plan_desk(state_of([0] * 60, group_of_many, words=words[:5])) != []
    unsure = group("c", range(60), confidence=0.4)
    assert plan_desk(state_of([0] * 60, unsure, words=words)) != []


def test_the_others_of_a_group_of_strangers_are_asked_about_when_they_look_like_somebody() -> None:
    words = [*(FaceVerdict(face(number), Verdict.STRANGER) for number in range(6)), is_(8)]
    (task,) = plan_desk(state_of([0] * 9, group("c", range(7)), words=words))
    assert {one: row.chosen for row in task.rows for one in row.faces} == {
        face(6): ANN,
        face(7): ANN,
    }
    words = [FaceVerdict(face(0), Verdict.STRANGER), is_(1)]
    (task,) = plan_desk(state_of([0] * 3, group("c", range(3)), words=words))
    assert (asked([task]), task.rows[0].chosen) == (list(faces(2)), ANN)


def test_tiles_that_are_no_faces_tell_nothing_of_the_others() -> None:
    words = [FaceVerdict(face(number), Verdict.NOT_A_FACE) for number in range(6)]
    tasks = plan_desk(state_of([0] * 9, group("c", range(9)), words=words))
    assert asked(tasks) == list(faces(6, 7, 8))


def test_a_mixed_group_comes_back_in_purer_parts() -> None:
    words = [NotOnePerson(faces(0, 1, 2, 3))]
    tasks = plan_desk(state_of([0, 0, 1, 1], group("c", range(4)), words=words))
    assert sorted(rows_in(tasks)) == [faces(0, 1), faces(2, 3)]


def test_a_thrown_out_face_is_asked_about_alone_and_its_group_looked_at_again() -> None:
    words = [is_(0), FaceVerdict(face(9), Verdict.IS_NOT, ANN), is_(10, NED)]
    people = [0] * 9 + [1, 1]
    tasks = plan_desk(state_of(people, group("c", range(10)), words=words))
    shown = rows_in(tasks)
    assert faces(9) in shown
    assert faces(*range(1, 9)) in shown, "after an error all are shown"


def test_what_was_passed_over_comes_back_only_with_a_name() -> None:
    assert plan_desk(state_of([0, 1], group("c", [0, 1]), passed=[0, 1])) == []
    tasks = plan_desk(state_of([0, 0, 1], passed=[1, 2], words=[is_(0)]))
    assert rows_in(tasks) == [faces(1)]


def test_faces_of_pages_in_hand_are_left_alone() -> None:
    words = [is_(4), is_(4, NED)]
    state = state_of(
        [0] * 5, group("c", range(4)), words=words, speakers={1: "Bob"}, waiting=range(5)
    )
    assert plan_desk(state) == []


def test_a_disputed_face_is_a_page_of_its_own_kind() -> None:
    state = state_of([0, 0], words=[is_(0), is_(0, NED)], speakers={1: "Bob"})
    doubts = [task for task in plan_desk(state) if task.kind is Kind.DOUBT]
    assert rows_in(doubts) == [faces(0)]


def test_carried_faces_are_settled() -> None:
    words = [is_(0), Carried(faces(1, 2), ANN, faces(0))]
    assert plan_desk(state_of([0] * 3, group("c", range(3)), words=words)) == []


def test_a_face_like_no_other_is_not_asked_about_alone() -> None:
    assert plan_desk(state_of([7])) == []


def test_a_page_cannot_be_built_wrong() -> None:
    row = DeskRow(faces(0))
    with pytest.raises(ValueError, match="rows"):
        DeskTask(Kind.SAME, (row,), 1.0)
    with pytest.raises(ValueError, match="faces"):
        DeskTask(Kind.SEVERAL, (), 1.0)
    with pytest.raises(ValueError, match="shows faces"):
        DeskRow(faces(0), carried=faces(0))


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=40),
    st.lists(st.integers(0, 4), min_size=40, max_size=40),
    st.lists(st.tuples(st.integers(0, 39), st.sampled_from(Verdict)), max_size=12),
    st.sets(st.integers(0, 39)),
)
def test_no_face_is_asked_about_twice_and_nothing_settled_is(
    people: list[int],
    member_of: list[int],
    verdicts: list[tuple[int, Verdict]],
    passed: set[int],
) -> None:
    count = len(people)
    clusters = [
        group(f"c{name}", inside, doubt=0.5)
        for name in range(4)
        if len(inside := [n for n in range(count) if member_of[n] == name]) > 1
    ]
    words = [
        FaceVerdict(face(n), said, ANN if said in (Verdict.IS, Verdict.IS_NOT) else None)
        for n, said in verdicts
        if n < count
    ]
    state = state_of(people, *clusters, words=words, passed=passed)
    tasks = plan_desk(state)
    open_ = asked(tasks)
    assert len(open_) == len(set(open_))
    assert state.truth.settled.isdisjoint(open_)
    assert all(task.worth >= LEAST_WORTH for task in tasks)
    assert len({task.key for task in tasks}) == len(tasks)
    for row in (row for task in tasks for row in task.rows):
        refused = {who for one in row.faces for who in state.truth.rejected.get(one, ())}
        assert refused.isdisjoint(row.people)
        assert len(row.shown) >= min(STRIP_TILES, len(row.faces))


@given(st.permutations(range(6)))
def test_the_order_of_the_groups_changes_nothing(order: list[int]) -> None:
    people = [number // 4 for number in range(24)]
    clusters = [group(f"c{n}", range(4 * n, 4 * n + 4)) for n in range(6)]
    expected = plan_desk(state_of(people, *clusters))
    assert plan_desk(state_of(people, *(clusters[n] for n in order))) == expected
