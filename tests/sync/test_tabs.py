import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faces.confirmations import FaceVerdict, PersonCreated, Verdict
from faces.fold import fold
from faces.records import FaceId, PersonId, PhotoId, Proposal
from faces.store.database import Store
from faces.studio_format import Kind
from faces.studio_views import Filter, Tab
from sync.desk import Project, open_desk
from sync.queues import note_annotators
from sync.tabs import differing_photos, people_tabs, photo_tabs, plan_tabs
from tests.faces.words import numbered
from tests.studio_double import URL
from tests.sync.conftest import Workspace, photo_id

ANNA, ZOE = PersonId("p-anna"), PersonId("p-zoe")
WANTED = people_tabs({Kind.NAME}, ())
ALL = people_tabs(set(Kind), ())
FIRST, LATELY = WANTED
NOTED = {FIRST.title: 1, LATELY.title: 2}
THERE = {1: FIRST, 2: LATELY}


def titles(tabs: list[Tab]) -> list[str]:
    return [tab.title for tab in tabs]


def test_only_kinds_of_which_there_are_tasks_have_a_tab() -> None:
    assert titles(WANTED) == ["Name these first", "Answered lately"]
    assert titles(people_tabs(set(Kind), ())) == [
        "Name these first",
        "Same person?",
        "Doubtful faces",
        "Quick confirm",
        "Answered lately",
    ]


def test_everybody_gets_tabs_of_their_own() -> None:
    tabs = people_tabs({Kind.NAME}, ("anna@studio.example", "ben"))
    assert titles(tabs) == ["anna · Name these first", "ben · Name these first", "Answered lately"]
    assert [tab.filters[-1] for tab in tabs[:2]] == [
        Filter("data.queue", "equal", "1"),
        Filter("data.queue", "equal", "2"),
    ]


def test_two_of_one_name_are_told_apart_by_their_addresses() -> None:
    tabs = people_tabs({Kind.NAME}, ("anna@one.example", "anna@two.example"))
    assert titles(tabs)[0] == "anna@one.example · Name these first"


@given(st.integers(2, 16))
def test_every_photo_is_in_the_tab_of_one_annotator(count: int) -> None:
    names = [f"a{number}" for number in range(count)]
    tabs = [tab for tab in photo_tabs([], names) if tab.title.endswith("New photos")]
    patterns = [str(tab.filters[-1].value) for tab in tabs]
    for digit in "0123456789abcdef":
        assert sum(bool(re.search(pattern, digit + "0f")) for pattern in patterns) == 1


def test_tabs_that_are_as_they_should_be_stay() -> None:
    plan = plan_tabs(WANTED, THERE, NOTED)
    assert plan.is_empty
    assert plan.known == NOTED


def test_a_tab_that_somebody_changed_is_brought_back() -> None:
    other = dataclasses.replace(FIRST, title="mine", ordering="id", filters=())
    assert plan_tabs(WANTED, {**THERE, 1: other}, NOTED).changed == {1: FIRST}


def test_a_tab_that_is_not_ours_is_nobodys_business() -> None:
    plan = plan_tabs(WANTED, {**THERE, 3: Tab("mine")}, NOTED)
    assert plan.is_empty


def test_a_tab_that_somebody_deleted_is_made_again() -> None:
    assert plan_tabs(WANTED, {2: LATELY}, NOTED).new == (FIRST,)


def test_a_tab_that_was_made_but_not_noted_is_not_made_twice() -> None:
    plan = plan_tabs(WANTED, THERE, {FIRST.title: 1})
    assert plan.new == ()
    assert plan.known == NOTED


def test_a_tab_of_ours_that_is_not_wanted_any_more_goes() -> None:
    assert plan_tabs([LATELY], THERE, NOTED).stale == (1,)


@given(st.sets(st.sampled_from(list(Kind))), st.integers(0, 4), st.sampled_from([NOTED, {}]))
def test_after_a_plan_nothing_is_left_to_do(
    kinds: set[Kind], people: int, noted: dict[str, int]
) -> None:
    wanted = people_tabs(kinds, [f"a{number}" for number in range(people)])
    plan = plan_tabs(wanted, THERE, noted)
    made = {10 + number: tab for number, tab in enumerate(plan.new)}
    there = {view: tab for view, tab in THERE.items() if view not in plan.stale}
    there |= dict(plan.changed) | made
    known = {**plan.known, **{tab.title: view for view, tab in made.items()}}
    again = plan_tabs(wanted, there, known)
    assert again.is_empty
    assert set(known) == {tab.title for tab in wanted}


def test_photos_where_the_machine_names_somebody_else_are_found_surest_first() -> None:
    faces = [FaceId(f"f{number}") for number in range(4)]
    said = [FaceVerdict(face, Verdict.IS, ANNA) for face in faces]
    people = [PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë")]
    truth = fold(numbered([("Ada", "people", word) for word in (*people, *said)]))
    proposals = [
        Proposal(faces[0], ZOE, 0.6, "m"),
        Proposal(faces[1], ANNA, 0.9, "m"),
        Proposal(faces[2], None, 0.9, "m"),
        Proposal(faces[3], ZOE, 0.8, "m"),
        Proposal(FaceId("unsaid"), ZOE, 1.0, "m"),
    ]
    photo_of = {face: PhotoId(f"photo of {face}") for face in faces}
    assert differing_photos(proposals, truth, photo_of) == ["photo of f3", "photo of f0"]


def test_photos_that_differ_are_named_in_the_filter() -> None:
    photos = [PhotoId("a" * 64), PhotoId("b" * 64)]
    tab = next(t for t in photo_tabs(photos, ()) if t.title == "Model and people disagree")
    pattern = re.compile(str(tab.filters[0].value))
    assert [bool(pattern.search(photo)) for photo in (*photos, "c" * 64)] == [True, True, False]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Two people in three photos, grouped and pushed."""
    workspace.add_photos(3)
    workspace.cluster()
    workspace.push()
    return workspace


def tabs(workspace: Workspace, project: Project = Project.PEOPLE) -> dict[int, Tab]:
    return workspace.studio.views(workspace.desk.project(project))


def annotate_by(store: Store, *names: str) -> None:
    with store.write() as connection:
        note_annotators(connection, names)


def test_a_push_makes_the_tabs_of_both_projects(filled: Workspace) -> None:
    assert titles(list(tabs(filled).values())) == ["Name these first", "Answered lately"]
    assert titles(list(tabs(filled, Project.PHOTOS).values())) == [
        "New photos",
        "Model and people disagree",
        "Answered lately",
    ]


def test_an_empty_project_gets_no_tabs(workspace: Workspace) -> None:
    workspace.push()
    assert tabs(workspace) == {}


def test_pushing_again_leaves_tabs_as_they_are(filled: Workspace) -> None:
    filled.double.requests.clear()
    filled.push()
    assert filled.double.writes == []


def test_what_people_set_in_a_tab_survives_its_renewal(filled: Workspace) -> None:
    view = min(tabs(filled))
    data = filled.double.views[view]["data"]
    data |= {"title": "renamed", "columnsWidth": {"tasks:id": 77}}
    filled.push()
    assert filled.double.views[view]["data"]["columnsWidth"] == {"tasks:id": 77}
    assert tabs(filled)[view].title == "Name these first"


def test_a_tab_of_somebody_survives(filled: Workspace) -> None:
    mine = filled.studio.save_view(filled.desk.people, Tab("mine", ordering="id"))
    annotate_by(filled.store, "anna", "ben")
    filled.push()
    assert list(tabs(filled))[-1] == mine
    assert tabs(filled)[mine].title == "mine"


def test_annotators_come_and_go(filled: Workspace) -> None:
    annotate_by(filled.store, "anna", "ben")
    filled.push()
    assert titles(list(tabs(filled).values())) == [
        "anna · Name these first",
        "ben · Name these first",
        "Answered lately",
    ]
    annotate_by(filled.store)
    filled.push()
    assert titles(list(tabs(filled).values())) == ["Name these first", "Answered lately"]


def test_the_tab_of_a_kind_stays_though_all_its_tasks_are_answered(filled: Workspace) -> None:
    for task in filled.double.tasks_of(filled.desk.people):
        filled.double.annotate(task["id"])
    filled.pull()
    filled.name(0, "Anna", faces=3)
    filled.name(1, "Ben", faces=3)
    filled.push()
    assert "Name these first" in titles(list(tabs(filled).values()))


def test_tabs_are_made_anew_in_a_project_made_anew(filled: Workspace) -> None:
    filled.double.drop_project(filled.desk.people)
    desk = filled.desk
    filled.desk = open_desk(
        filled.store, filled.studio, server=URL, media=desk.media, pictures=desk.pictures
    )
    filled.push()
    assert titles(list(tabs(filled).values())) == ["Name these first", "Answered lately"]


def test_a_photo_on_which_machine_and_people_differ_comes_into_its_tab(
    filled: Workspace,
) -> None:
    filled.name(0, "Anna", faces=2)
    other = filled.members[0][2]
    filled.say(PersonCreated(ZOE, "Zoë"), FaceVerdict(other, Verdict.IS, ZOE))
    filled.push()
    tab = next(t for t in tabs(filled, Project.PHOTOS).values() if t.title.startswith("Model"))
    assert tab.filters == (Filter("data.photo", "regex", f"^({photo_id(2)[:16]})"),)
    filled.double.requests.clear()
    filled.push()
    assert filled.double.writes == []


def test_a_page_on_which_people_disagree_comes_into_a_tab_of_its_own(filled: Workspace) -> None:
    face = filled.members[0][0]
    people = (PersonCreated(ANNA, "Anna"), PersonCreated(ZOE, "Zoë"))
    filled.say(*people, FaceVerdict(face, Verdict.IS, ANNA), speaker="ada")
    filled.say(FaceVerdict(face, Verdict.IS, ZOE), speaker="bob")
    filled.push()
    assert titles(list(tabs(filled).values())) == [
        "Name these first",
        "Doubtful faces",
        "Answered lately",
    ]


def passes(tab: Tab, kind: Kind) -> bool:
    """Whether a tab shows tasks of this kind."""
    wanted = tab.filters[0]
    if wanted.operator == "regex":
        return bool(re.search(str(wanted.value), kind))
    return wanted.value == kind


def test_what_has_a_name_chosen_is_among_what_is_to_be_named_and_can_be_confirmed_alone() -> None:
    shown = {tab.title: {kind for kind in Kind if passes(tab, kind)} for tab in ALL[:-1]}
    assert shown == {
        "Name these first": {Kind.NAME, Kind.CONFIRM},
        "Same person?": {Kind.SAME},
        "Doubtful faces": {Kind.DOUBTFUL},
        "Quick confirm": {Kind.CONFIRM},
    }


def test_rows_that_all_have_a_name_chosen_come_into_the_tab_for_that(filled: Workspace) -> None:
    assert "Quick confirm" not in titles(list(tabs(filled).values()))
    filled.name(0, "Anna", faces=1)
    filled.push()
    assert "Quick confirm" in titles(list(tabs(filled).values()))
    pages = filled.double.tasks_of(filled.desk.people)
    assert {page["data"]["kind"]: page["data"]["faces"] for page in pages} == {
        Kind.NAME: filled.members[1],
        Kind.CONFIRM: filled.members[0][1:],
    }


def test_a_pair_comes_into_a_tab_of_its_own(workspace: Workspace) -> None:
    workspace.add_photos(4, people=1)
    faces = workspace.members[0]
    workspace.members = {0: faces[:2], 1: faces[2:]}
    workspace.cluster()
    workspace.push()
    assert titles(list(tabs(workspace).values())) == [
        "Name these first",
        "Same person?",
        "Answered lately",
    ]
