"""Which pages People should hold, and what each of them shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.cluster import Groups
from faces.confirmations import (
    Carried,
    FacesApart,
    FaceVerdict,
    NotOnePerson,
    PersonCreated,
    PersonRenamed,
    Truth,
    Verdict,
    Word,
)
from faces.desk import LEAST_WORTH, STRIP_TILES, Page, plan_desk
from faces.desk_tasks import OFFERED_PEOPLE, PAGE_TILES, DeskRow, DeskState, DeskTask
from faces.desk_tasks import Kind as DeskKind
from faces.fold import fold
from faces.learned import Learned
from faces.records import (
    Box,
    Cluster,
    ClusterId,
    Face,
    FaceId,
    PersonId,
    Photo,
    PhotoFile,
    PhotoId,
    unit_rows,
)
from faces.studio_format import PEOPLE_VERSION, UNKNOWN, Tile
from sync.context import Places
from sync.wanted import shown_digest
from sync.wanted_pages import WantedPage, best_first, wanted_pages
from tests.faces.words import numbered

ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
PEOPLE: list[Word] = [PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë")]
FACES = tuple(FaceId(f"f{number:03}") for number in range(300))
PHOTO_OF = {face: PhotoId(f"{number:064}") for number, face in enumerate(FACES)}


def truth_of(*words: Word, speaker: str = "Ada") -> Truth:
    return fold(numbered([(speaker, "people", word) for word in (*PEOPLE, *words)]))


def disagreement(*faces: FaceId) -> Truth:
    """Ada calls these faces Anna, Bob Zoë."""
    said: list[tuple[str, str, Word]] = [("Ada", "a", word) for word in PEOPLE]
    said += [("Ada", "a", is_(face)) for face in faces]
    return fold(numbered([*said, *(("Bob", "b", is_(face, ZOE)) for face in faces)]))


def is_(face: FaceId, person: PersonId = ANNA) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS, person)


def is_not(face: FaceId, person: PersonId = ANNA) -> FaceVerdict:
    return FaceVerdict(face, Verdict.IS_NOT, person)


def group(*faces: FaceId, name: str = "c", confidence: float = 0.99, doubt: float = 0.0) -> Cluster:
    """A group whose later faces are the more doubtful, the last one by `doubt`."""
    places = tuple(np.linspace(1, 1 - doubt, len(faces)).tolist())
    return Cluster(ClusterId(name), faces, confidence, places)


def planned(
    truth: Truth,
    *clusters: Cluster,
    alike: Sequence[Iterable[FaceId]] = (),
    standing: Iterable[Page] = (),
    photo_of: Mapping[FaceId, PhotoId] = PHOTO_OF,
    places: Places | None = None,
) -> list[WantedPage]:
    """The pages for faces in these clusters; the faces of each, and those `alike`, look alike."""
    looks: dict[FaceId, int] = {}
    for axis, some in enumerate([*alike, *(cluster.faces for cluster in clusters)]):
        for face in some:
            looks.setdefault(face, axis)
    there = tuple(looks)
    noise = np.random.default_rng(0).normal(scale=0.002, size=(len(there), 128))
    rows = np.eye(128)[list(looks.values())].reshape(-1, 128) + noise
    rows = unit_rows(rows.astype(np.float32))
    learned = Learned.of(truth, there, rows)
    state = DeskState(there, rows, Groups(clusters), truth, learned, photo_of)
    return wanted_pages(plan_desk(state, standing), photo_of, truth, places)


def rows_in(pages: Iterable[WantedPage]) -> list[tuple[FaceId, ...]]:
    return [row for page in pages for row in page.page.rows]


def shown_in(pages: Iterable[WantedPage]) -> list[FaceId]:
    return [face for page in pages for face in page.faces]


def fives(count: int) -> list[Cluster]:
    """Groups of five, each of a person of its own: six fill a page."""
    return [group(*FACES[5 * n : 5 * n + 5], name=f"c{n}") for n in range(count)]


# What is asked


def test_no_page_shows_more_tiles_than_people_can_look_at() -> None:
    found = planned(truth_of(), *fives(14))
    assert [len(page.faces) for page in found] == [PAGE_TILES, PAGE_TILES, 10]
    assert found[0].photos == PAGE_TILES
    assert sorted(shown_in(found)) == list(FACES[:70])


def test_a_photo_that_has_two_of_the_faces_is_counted_once() -> None:
    photo_of = {face: PhotoId(f"{number // 5:064}") for number, face in enumerate(FACES)}
    (page, *_) = planned(truth_of(), *fives(6), photo_of=photo_of)
    assert page.data("/m.jpg")["photos"] == "6"


def test_answering_a_full_page_changes_no_other_full_one() -> None:
    before = planned(truth_of(), *fives(14))
    first, second, _ = before
    settled = [is_(face) for face in first.faces]
    after = planned(truth_of(*settled), *fives(14), standing=[page.page.rows for page in before])
    assert second.key in [page.key for page in after]
    assert first.key not in [page.key for page in after]


def test_more_photos_change_no_full_page() -> None:
    before = planned(truth_of(), *fives(12))
    larger = group(*FACES[100:106], name="new"), group(*FACES[110:130], name="large")
    after = planned(truth_of(), *larger, *fives(12), standing=[page.page.rows for page in before])
    assert {page.key for page in before} <= {page.key for page in after}
    again = planned(truth_of(), *larger, *fives(12))
    assert {page.key for page in before}.isdisjoint(page.key for page in again)


@pytest.mark.parametrize("verdict", [Verdict.STRANGER, Verdict.NOT_A_FACE, Verdict.CANNOT_TELL])
def test_settled_faces_are_not_asked_about(verdict: Verdict) -> None:
    (cluster,) = fives(1)
    said = [FaceVerdict(face, verdict) for face in FACES[:5]]
    assert shown_in(planned(truth_of(*said[:-1], is_(FACES[9])), cluster, alike=[FACES[4:10:5]]))
    assert shown_in(planned(truth_of(*said[:2]), cluster)) == list(FACES[2:5])
    assert planned(truth_of(*said), cluster) == []


def test_a_carried_face_is_asked_about_again_when_a_shown_one_is_thrown_out() -> None:
    words = [is_(FACES[0]), is_(FACES[1]), Carried((FACES[2],), ANNA, FACES[:2])]
    cluster = group(*FACES[:3])
    assert planned(truth_of(*words), cluster) == []
    assert FACES[2] in shown_in(planned(truth_of(*words, is_not(FACES[1])), cluster))


def test_a_disputed_face_is_asked_about_again() -> None:
    cluster = group(*FACES[:2])
    assert FACES[0] in shown_in(planned(disagreement(FACES[0]), cluster))


def test_a_face_thrown_out_of_a_group_is_not_asked_about_with_it_again() -> None:
    cluster = group(*FACES[:10])
    named = truth_of(is_(FACES[0]), is_not(FACES[1]))
    apart = truth_of(FacesApart(FACES[1], (FACES[2],)))
    for truth in (named, apart):
        rows = rows_in(planned(truth, cluster, group(*FACES[60:66], name="d")))
        assert (FACES[1],) in rows
        assert sum(FACES[1] in row for row in rows) == 1
    elsewhere = group(FACES[1], FACES[50])
    assert rows_in(planned(apart, elsewhere)) == [(FACES[1], FACES[50])]


def test_a_name_is_not_chosen_beforehand_for_a_face_that_was_said_not_to_have_it() -> None:
    cluster, alike = group(FACES[0], FACES[1]), [FACES[:3]]
    (page,) = planned(truth_of(is_(FACES[2])), cluster, alike=alike)
    assert [row.chosen for row in page.task.rows] == [ANNA]
    assert ANNA not in {
        row.chosen
        for page in planned(truth_of(is_(FACES[2]), is_not(FACES[1])), cluster, alike=alike)
        for row in page.task.rows
        if FACES[1] in row.shown
    }


def test_whom_a_row_looks_like_is_chosen_beforehand_and_offered_first() -> None:
    cluster, alike = group(FACES[0], FACES[1]), [FACES[:3], FACES[5:6]]
    truth = truth_of(is_(FACES[2], ZOE), is_(FACES[5]))
    (page,) = planned(truth, cluster, alike=alike)
    assert list(page.called.values()) == ["Zoë", "Anna"]
    assert page.data("/m.jpg")["people"] == [{"value": "Zoë"}, {"value": "Anna"}]
    prediction = page.prediction(PEOPLE_VERSION)
    assert prediction["result"][-1]["value"] == {"choices": ["Zoë"]}
    assert prediction["score"] == page.task.rows[0].chance > 0.5


def test_what_is_left_of_a_large_group_is_asked_when_nothing_was_carried() -> None:
    cluster = group(*FACES, doubt=1.0)
    (page,) = planned(truth_of(), cluster)
    (row,) = page.task.rows
    assert row.shown == (*FACES[:10], *FACES[-20:])
    assert row.carried == FACES[10:-20]
    carried = (*(is_(face) for face in row.shown), Carried(row.carried, ANNA, row.shown))
    assert planned(truth_of(*carried), cluster) == []
    (stranger, *_) = row.shown[::-1]
    named = truth_of(*(is_(face) for face in row.shown[:-1]), is_not(stranger))
    left = [one for page in planned(named, cluster) for one in page.task.rows]
    assert {face for one in left for face in one.faces} == {*row.carried, stranger}


@pytest.mark.parametrize("why", ["doubtful", "mixed", "apart"])
def test_a_large_group_that_may_be_several_people_is_looked_at_longer(why: str) -> None:
    cluster = group(*FACES[:100], confidence=0.3 if why == "doubtful" else 0.9)
    words: dict[str, list[Word]] = {
        "doubtful": [],
        "mixed": [NotOnePerson(FACES[:30])],
        "apart": [FacesApart(FACES[2], FACES[5:9])],
    }
    found = planned(truth_of(*words[why]), cluster)
    carried = {face: row.shown for page in found for row in page.task.rows for face in row.carried}
    if why == "doubtful":
        assert not carried
    for face, shown in carried.items():
        both = {face, *shown}
        assert not set(FACES[:30]) <= both, "what was called mixed is looked at in parts"
        assert why != "apart" or {FACES[2], FACES[5]} - both
    if why != "mixed":
        first = next(page for page in found if len(page.task.rows) == 1)
        assert len(first.faces) == PAGE_TILES, "so many are looked at"


@given(
    st.lists(st.sampled_from(FACES[:60]), unique=True),
    st.permutations(FACES[:60]),
    st.integers(1, 8),
)
def test_every_open_face_of_a_sure_group_is_on_exactly_one_page(
    settled: list[FaceId], shuffled: list[FaceId], parts: int
) -> None:
    """Shown there, or counted with those that are."""
    clusters = [group(*shuffled[part::parts], name=f"c{part}") for part in range(parts)]
    said = (FaceVerdict(face, Verdict.NOT_A_FACE) for face in settled)
    found = planned(truth_of(*said), *clusters)
    asked = [face for page in found for face in page.task.faces]
    left = [set(cluster.faces) - set(settled) for cluster in clusters]
    several = {face for faces in left if len(faces) > 1 for face in faces}
    assert len(asked) == len(set(asked))
    assert several <= set(asked) <= set(FACES[:60]) - set(settled)
    assert len({page.key for page in found}) == len(found)
    assert all(len(page.faces) <= PAGE_TILES for page in found)


# How it is shown


def task(*rows: DeskRow, kind: DeskKind | None = None, worth: float = 2.0) -> DeskTask:
    default = DeskKind.NAME if len(rows) == 1 else DeskKind.SEVERAL
    return DeskTask(kind or default, rows, worth)


def row(*numbers: int, chosen: PersonId | None = None, **more: Any) -> DeskRow:
    return DeskRow(tuple(FACES[number] for number in numbers), chosen=chosen, **more)


def page_of(*rows: DeskRow, truth: Truth | None = None, **how: Any) -> WantedPage:
    (page,) = wanted_pages([task(*rows, **how)], PHOTO_OF, truth or truth_of())
    return page


def labels_of(page: WantedPage) -> dict[str, str]:
    """What each tile is called in the prediction."""
    return {
        region["id"]: region["value"]["rectanglelabels"][0]
        for region in page.prediction(PEOPLE_VERSION)["result"]
        if region["from_name"] == "face"
    }


def test_a_page_is_shown_under_one_version_for_ever() -> None:
    page = page_of(row(0, 1))
    assert page.prediction(PEOPLE_VERSION)["model_version"] == PEOPLE_VERSION
    with pytest.raises(ValueError, match="only"):
        page.prediction("faceloop-0001")


def test_each_row_has_its_proposed_name_on_its_first_tile() -> None:
    page = page_of(row(0, 1, chosen=ANNA), row(2, 3), row(4, chosen=ZOE))
    same = Tile.SAME_PERSON.value
    assert list(labels_of(page).values()) == ["Anna", same, UNKNOWN, same, "Zoë"]
    data = page.data("/m.jpg")
    assert (data["rows"], data["proposed"]) == (
        [list(FACES[:2]), list(FACES[2:4]), [FACES[4]]],
        ["Anna", "", "Zoë"],
    )
    assert data["faces"] == list(FACES[:5])


def many_people(count: int) -> tuple[Truth, list[PersonId]]:
    people = [PersonId(f"p{number:02}") for number in range(count)]
    return truth_of(*(PersonCreated(person, f"Name {person}") for person in people)), people


@pytest.mark.parametrize("rows", [1, 3])
def test_no_more_names_are_offered_than_there_are_hotkeys(rows: int) -> None:
    truth, people = many_people(30)
    page = page_of(*(row(n, people=tuple(people)) for n in range(rows)), truth=truth)
    data = page.data("/m.jpg")
    names = {f"Name {person}" for person in people}
    offered = [one["value"] for one in (*data["people"], *data["labels"])]
    assert len(names & set(offered)) == OFFERED_PEOPLE == len(page.called)


def test_every_proposed_name_is_on_offer_with_a_key_of_its_own() -> None:
    truth, people = many_people(30)
    rows = [row(n, chosen=people[n], people=tuple(people[::-1])) for n in range(OFFERED_PEOPLE)]
    page = page_of(*rows, truth=truth)
    data = page.data("/m.jpg")
    keys = {one["value"]: one["hotkey"] for one in data["labels"]}
    assert [keys[name] for name in data["proposed"]] == list("123456789")
    assert set(labels_of(page).values()) <= set(keys)
    assert len({one["hotkey"] for one in data["labels"]}) == len(data["labels"])


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25))
def test_whatever_is_planned_each_name_on_a_tile_is_on_offer(
    looks: list[tuple[int, bool]],
) -> None:
    """People of whom some faces have names; each of the others is on a page with its own."""
    truth, people = many_people(13)
    confirmed = [is_(FACES[100 + n], people[n]) for n in range(13)]
    truth = fold([*truth.standing, *numbered([("Ada", "x", word) for word in confirmed])])
    alike = [
        [FACES[100 + n], *(FACES[i] for i, (who, _) in enumerate(looks) if who == n)]
        for n in range(13)
    ]
    for page in planned(truth, alike=alike):
        data = page.data("/m.jpg")
        offered = {one["value"] for one in (*data["people"], *data["labels"])}
        assert set(labels_of(page).values()) <= offered
        assert all(name in offered for name in data.get("proposed", []) if name)
        assert set(data["people_ids"]) == set(page.called.values())


def test_a_task_tells_whom_its_names_stand_for() -> None:
    truth = truth_of(PersonRenamed(ZOE, "Zora"), PersonRenamed(ANNA, "Zoë"))
    for rows in ([row(0, chosen=ANNA)], [row(0, chosen=ANNA), row(1, people=(ZOE,))]):
        page = page_of(*rows, truth=truth)
        assert page.data("/m.jpg")["people_ids"]["Zoë"] == ANNA


def test_whoever_is_not_known_any_more_is_neither_offered_nor_proposed() -> None:
    gone = PersonId("gone")
    page = page_of(row(0, chosen=gone, people=(gone, ANNA)), row(1, chosen=ZOE))
    assert list(page.called.values()) == ["Zoë", "Anna"]
    assert labels_of(page)[FACES[0]] == UNKNOWN
    assert page.kind == "name", "not all of its names can be confirmed"


def test_above_each_row_stands_who_it_may_be_and_how_many_more_there_are() -> None:
    nobody, zoe = row(1, carried=FACES[100:250]), row(2, chosen=ZOE, carried=FACES[50:52])
    page = page_of(row(0, chosen=ANNA), nobody, zoe)
    context = page.data("/m.jpg")["context"]
    captions = [part.split("<")[0].split(">")[1] for part in context.split("fl-caption")[1:]]
    assert captions == ["Anna?", "and 150 more like these", "Zoë? and 2 more like these"]
    assert page.data("/m.jpg")["carried_rows"] == [
        [],
        list(FACES[100:250]),
        list(FACES[50:52]),
    ]


def test_a_row_alone_has_its_words_in_the_title() -> None:
    page = page_of(row(*range(30), carried=FACES[30:]))
    data = page.data("/m.jpg")
    assert data["title"].endswith(", and 270 more like these")
    assert data["carried"] == list(FACES[30:])
    assert "fl-caption" not in data["context"]
    assert "rows" not in data


def test_a_name_in_a_caption_cannot_break_out_of_it() -> None:
    truth = truth_of(PersonRenamed(ANNA, "<b>Anna"))
    context = page_of(row(0, chosen=ANNA), row(1), truth=truth).data("/m.jpg")["context"]
    assert "&lt;b&gt;Anna?" in context
    assert "<b>Anna" not in context


def test_a_page_tells_what_kind_it_is() -> None:
    whole, part = tuple(range(30)), tuple(range(10))
    assert page_of(row(*whole)).kind == "name"
    assert page_of(row(*whole, chosen=ANNA)).kind == "confirm"
    assert page_of(row(0, chosen=ANNA), row(1, chosen=ZOE)).kind == "confirm"
    assert page_of(row(0, chosen=ANNA), row(1)).kind == "name"
    assert page_of(row(*part), row(10), kind=DeskKind.SAME).kind == "same"
    disputed = page_of(row(0), kind=DeskKind.DOUBT, truth=disagreement(FACES[0]))
    assert disputed.kind == "doubtful"
    assert disputed.data("/m.jpg")["kind"] == "doubtful"


def test_a_pair_shows_two_rows_and_offers_no_name() -> None:
    page = page_of(row(0, 1, people=(ANNA,)), row(2), kind=DeskKind.SAME)
    data = page.data("/m.jpg")
    assert (data["asks"], data["rows"]) == ("same", [list(FACES[:2]), [FACES[2]]])
    assert data["people"] == []
    assert [one["value"] for one in data["labels"]] == list(Tile)
    assert set(labels_of(page).values()) == {Tile.SAME_PERSON.value}


def test_a_page_that_is_not_full_comes_after_all_that_are() -> None:
    full = page_of(*(row(*range(6 * n, 6 * n + 6)) for n in range(5)), worth=LEAST_WORTH)
    later = page_of(row(0), row(1), worth=300.0)
    assert full.worth == LEAST_WORTH > later.worth > 0
    assert best_first([later, full]) == best_first([full, later]) == [full, later]
    as_text = [page.data("/m.jpg")["worth"] for page in (full, later)]
    assert as_text == sorted(as_text, reverse=True), "Label Studio compares it as text"


def test_the_best_pages_come_first() -> None:
    found = planned(truth_of(), *fives(14), group(*FACES[100:200], name="large", doubt=1.0))
    assert [page.worth for page in best_first(found)] == sorted(
        (page.worth for page in found), reverse=True
    )
    assert best_first(found) == best_first(reversed(found))


# Faces on which people disagree


def test_a_page_tells_on_which_of_its_faces_people_disagree_and_what_they_said() -> None:
    found = planned(disagreement(*FACES[:2]), group(*FACES[:5]))
    (page,) = (page for page in found if page.disputed)
    data = page.data("/m.jpg")
    assert data["disputed"] == list(FACES[:2]) == data["faces"]
    assert data["rows"] == [[FACES[0]], [FACES[1]]]
    assert data["context"].count("Anna or Zoë?") == 2
    (other,) = (page for page in found if not page.disputed)
    assert "disputed" not in other.data("/m.jpg")
    assert other.kind == "name"


def test_each_opinion_is_told_once_in_words() -> None:
    said: list[tuple[str, str, Word]] = [("Ada", "a", word) for word in PEOPLE]
    said += [("Ada", "a", is_(FACES[0])), ("Cid", "c", is_(FACES[0]))]
    said += [("Bob", "b", FaceVerdict(FACES[0], Verdict.STRANGER))]
    said += [("Ada", "a", is_(FACES[1])), ("Bob", "b", is_not(FACES[1]))]
    said += [("Ada", "a", FaceVerdict(FACES[2], Verdict.NOT_A_FACE)), ("Bob", "b", is_(FACES[2]))]
    page = page_of(row(0), row(1), row(2), kind=DeskKind.DOUBT, truth=fold(numbered(said)))
    assert page.opinions == [
        "Anna or a stranger?",
        "Anna or not Anna?",
        "not a face or Anna?",
    ]


def test_a_page_on_which_people_disagree_anew_has_another_key() -> None:
    said: list[tuple[str, str, Word]] = [("Ada", "a", word) for word in PEOPLE]
    said += [("Ada", "a", is_(FACES[0])), ("Bob", "b", is_(FACES[0], ZOE))]
    once = page_of(row(0), kind=DeskKind.DOUBT, truth=fold(numbered(said)))
    said += [("Cid", "c", FaceVerdict(FACES[0], Verdict.STRANGER))]
    again = page_of(row(0), kind=DeskKind.DOUBT, truth=fold(numbered(said)))
    assert once.key != again.key
    assert once.montage == again.montage, "the picture is the same"


# When it is another page, and when it is shown anew


def test_the_digest_of_a_page_changes_with_its_names_while_its_key_stays() -> None:
    before, rows = page_of(row(0), row(1)), (row(0, people=(ANNA,)), row(1))
    proposed = page_of(row(0, chosen=ANNA), row(1))
    for after in (page_of(*rows), proposed):
        assert before.key == after.key
        assert before.montage == after.montage
        assert shown_digest(before) != shown_digest(after)
    assert shown_digest(before).prediction != shown_digest(proposed).prediction


def test_the_key_stays_when_only_what_is_carried_changes() -> None:
    for kind in (DeskKind.NAME, DeskKind.SEVERAL):
        before = page_of(row(0, 1), kind=kind)
        after = page_of(row(0, 1, carried=FACES[7:9]), kind=kind)
        assert before.key == after.key
        assert shown_digest(before).data != shown_digest(after).data


def test_rows_of_the_same_faces_in_other_company_are_other_pages() -> None:
    keys = {
        page_of(row(0, 1), row(2)).key,
        page_of(row(0), row(1, 2)).key,
        page_of(row(0), row(2, 1)).key,
        page_of(row(0, 1, 2)).key,
        page_of(row(0, 1), row(2), kind=DeskKind.SAME).key,
    }
    assert len(keys) == 5


def test_a_page_that_is_asked_again_has_another_key_and_the_same_picture() -> None:
    page = page_of(row(0), row(1))
    again = dataclasses.replace(page, asked=1, question="Last time: which?")
    assert (again.key, again.montage) == (f"{page.key}~1", page.montage)
    assert "Last time: which?" in again.data("/m.jpg")["question"]


def test_a_change_of_worth_alone_is_no_reason_to_rewrite_a_task() -> None:
    page = page_of(row(0), row(1))
    richer = dataclasses.replace(page, task=dataclasses.replace(page.task, worth=99.0))
    assert richer.data("/m.jpg") != page.data("/m.jpg")
    assert shown_digest(richer) == shown_digest(page)
    assert shown_digest(dataclasses.replace(page, queue=2)) != shown_digest(page)


def test_a_face_that_was_seen_elsewhere_is_reason_to_rewrite_a_task() -> None:
    def page(path: str) -> WantedPage:
        photos = {PHOTO_OF[face]: Photo(PHOTO_OF[face], 100, 80) for face in FACES[:2]}
        places = Places(
            photos,
            {face: Face(face, PHOTO_OF[face], Box(1, 1, 9, 9), 2.0) for face in FACES[:2]},
            {photo: [PhotoFile("/photos", path, 1, 1)] for photo in photos},
        )
        (made,) = wanted_pages([task(row(0), row(1))], PHOTO_OF, truth_of(), places)
        return made

    assert shown_digest(page("a.jpg")) != shown_digest(page("b.jpg"))
    assert page("a.jpg").key == page("b.jpg").key
    addresses = {PHOTO_OF[FACES[0]]: "/a.jpg"}
    assert page("a.jpg").data("/m.jpg", addresses)["context"].count("<details") == 1


def test_the_ledger_keeps_the_rows_and_whether_they_are_several() -> None:
    several, alone = page_of(row(0), row(1, 2)).page, page_of(row(*range(STRIP_TILES))).page
    assert (several.rows, several.is_several) == (((FACES[0],), FACES[1:3]), True)
    assert several.faces == FACES[:3]
    assert (alone.is_several, alone.queue) == (False, 1)
    assert not page_of(row(0), row(1), kind=DeskKind.SAME).page.is_several
