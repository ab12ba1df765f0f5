"""Pages that ask whether two rows are one person, and those about which people disagree."""

from typing import Any

import pytest

from faces.confirmations import (
    Decided,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    PairUnsure,
    PersonCreated,
    Verdict,
)
from faces.records import FaceId, PersonId
from faces.studio_people import SameVerdict
from tests.sync.conftest import (
    Workspace,
    chosen,
    marked,
    names,
    prediction_of,
    said_of_row,
    typed,
)

ANNA, BEN = PersonId("p-anna"), PersonId("p-ben")


@pytest.fixture
def pair(workspace: Workspace) -> Workspace:
    """Six photos of somebody whose faces are in two groups."""
    workspace.add_photos(6, people=1)
    faces = workspace.members[0]
    workspace.members = {0: faces[:4], 1: faces[4:]}
    workspace.cluster()
    workspace.push()
    return workspace


def sync(workspace: Workspace) -> None:
    workspace.pull()
    workspace.push()


def asking_same(workspace: Workspace) -> list[dict[str, Any]]:
    """The open pages that ask whether two rows are one person."""
    return [page for page in workspace.open_pages() if page["data"]["asks"] == "same"]


def answer_pair(workspace: Workspace, *said: dict[str, Any], skipped: bool = False) -> int:
    (page,) = asking_same(workspace)
    result = [*prediction_of(workspace, page["id"]), *said]
    annotation = workspace.double.annotate(page["id"], result, skipped=skipped)
    sync(workspace)
    return annotation


def words_said(workspace: Workspace, *kinds: type) -> list[object]:
    return [event.word for event in workspace.events() if isinstance(event.word, kinds)]


def test_two_groups_that_may_be_one_person_are_asked_about_as_a_pair(
    pair: Workspace,
) -> None:
    (same,) = asking_same(pair)
    assert same["data"]["rows"] == [pair.members[0], pair.members[1]]
    assert same["data"]["kind"] == "same"
    assert len(pair.open_pages()) == 2
    assert pair.asked() == set(pair.members[0]), "the name of the second can wait"


@pytest.mark.parametrize("verdict", [*SameVerdict, None])
def test_a_pair_is_asked_about_once(pair: Workspace, verdict: SameVerdict | None) -> None:
    answer_pair(pair, *([chosen("verdict", verdict)] if verdict else []))
    assert asking_same(pair) == []
    assert all(plan.is_empty for plan in pair.push().values())


def test_a_pair_that_was_skipped_is_not_asked_about_again(pair: Workspace) -> None:
    answer_pair(pair, skipped=True)
    assert asking_same(pair) == []


def test_one_person_waits_for_the_name_of_the_larger_group(pair: Workspace) -> None:
    answer_pair(pair, chosen("verdict", "One person"))
    (word,) = words_said(pair, FacesTogether)
    assert isinstance(word, FacesTogether)
    assert set(word.faces) == {*pair.members[0], *pair.members[1]}
    assert pair.asked() == set(pair.members[0])
    page = pair.page_of(pair.members[0][0])
    pair.double.annotate(page, said_of_row(pair, page, pair.members[0][0], name="Anna"))
    sync(pair)
    (confirm,) = pair.open_pages()
    assert confirm["data"]["faces"] == pair.members[1]
    assert chosen("name", "Anna") in prediction_of(pair, confirm["id"])


def test_two_people_are_asked_for_a_name_each_and_never_on_one_another(pair: Workspace) -> None:
    answer_pair(pair, chosen("verdict", "Two people"))
    apart = words_said(pair, FacesApart)
    assert apart == [FacesApart(face, tuple(pair.members[1])) for face in pair.members[0]]
    assert pair.asked() == {*pair.members[0], *pair.members[1]}


def test_a_pair_that_nobody_can_tell_is_asked_for_a_name_each(pair: Workspace) -> None:
    answer_pair(pair, chosen("verdict", "Cannot tell"))
    (word,) = words_said(pair, PairUnsure)
    assert word == PairUnsure(tuple(pair.members[0]), tuple(pair.members[1]))
    assert pair.asked() == {*pair.members[0], *pair.members[1]}


def test_a_marked_tile_is_no_part_of_the_pair(pair: Workspace) -> None:
    (page,) = asking_same(pair)
    out, *others = pair.members[0]
    result = marked(prediction_of(pair, page["id"]), out, "Not a face")
    pair.double.annotate(page["id"], [*result, chosen("verdict", "One person")])
    pair.pull()
    (word,) = words_said(pair, FacesTogether)
    assert isinstance(word, FacesTogether)
    assert set(word.faces) == {*others, *pair.members[1]}
    assert pair.truth().not_faces == {out}


def test_a_name_typed_for_a_pair_names_both_rows(pair: Workspace) -> None:
    answer_pair(pair, typed("Anna"))
    assert names(pair) == dict.fromkeys([*pair.members[0], *pair.members[1]], "Anna")
    assert pair.open_pages() == []


def test_a_name_typed_for_two_people_contradicts_and_names_nobody(pair: Workspace) -> None:
    answer_pair(pair, typed("Anna"), chosen("verdict", "Two people"))
    assert names(pair) == {}
    assert words_said(pair, FacesApart) == []
    (page,) = asking_same(pair)
    assert "answered Anna and Two people: which?" in page["data"]["question"]


def test_a_pair_whose_answer_is_deleted_is_asked_about_again(pair: Workspace) -> None:
    (page,) = asking_same(pair)
    annotation = answer_pair(pair, chosen("verdict", "Two people"))
    pair.double.take_back(annotation)
    sync(pair)
    (again,) = asking_same(pair)
    assert again["id"] == page["id"]
    assert pair.asked() == set(pair.members[0])


@pytest.fixture
def disputed(workspace: Workspace) -> Workspace:
    """Two faces of which people say that they are Anna, and that they are Ben."""
    workspace.add_photos(4, people=1)
    workspace.cluster()
    workspace.say(PersonCreated(ANNA, "Anna"), PersonCreated(BEN, "Ben"))
    for face in workspace.members[0][:2]:
        workspace.say(FaceVerdict(face, Verdict.IS, ANNA), speaker="ada", place=f"ada {face}")
        workspace.say(FaceVerdict(face, Verdict.IS, BEN), speaker="bob", place=f"bob {face}")
    workspace.push()
    return workspace


def doubts(workspace: Workspace) -> list[dict[str, Any]]:
    """The open pages about which people disagree."""
    return [page for page in workspace.open_pages() if "disputed" in page["data"]]


def test_disputed_faces_are_rows_of_a_page_that_says_what_was_said(disputed: Workspace) -> None:
    (page,) = doubts(disputed)
    data = page["data"]
    assert (data["asks"], data["kind"]) == ("several", "doubtful")
    assert data["rows"] == [[face] for face in disputed.members[0][:2]]
    assert data["disputed"] == disputed.members[0][:2]
    assert data["proposed"] == ["", ""], "nothing is proposed where people disagree"
    assert data["context"].count("Anna or Ben?") == 2


def answer_doubt(workspace: Workspace, names_of: dict[FaceId, str]) -> int:
    (page,) = doubts(workspace)
    result = prediction_of(workspace, page["id"])
    for face, name in names_of.items():
        result = said_of_row(workspace, page["id"], face, name=name, before=result)
    annotation = workspace.double.annotate(page["id"], result, by="third@studio.test")
    sync(workspace)
    return annotation


def test_what_is_said_of_disputed_faces_decides(disputed: Workspace) -> None:
    first, second, *_ = disputed.members[0]
    answer_doubt(disputed, {first: "Anna", second: "Ben"})
    assert words_said(disputed, Decided) == [
        Decided(first, Verdict.IS, ANNA),
        Decided(second, Verdict.IS, BEN),
    ]
    assert disputed.truth().disputed == frozenset()
    assert {face: names(disputed)[face] for face in (first, second)} == {
        first: "Anna",
        second: "Ben",
    }
    assert doubts(disputed) == []


def test_a_disputed_face_that_was_passed_stays_disputed_and_the_other_is_decided(
    disputed: Workspace,
) -> None:
    first, second, *_ = disputed.members[0]
    answer_doubt(disputed, {first: "Anna"})
    assert disputed.truth().disputed == {second}
    assert words_said(disputed, Decided) == [Decided(first, Verdict.IS, ANNA)]


def test_a_deleted_decision_brings_the_dispute_and_its_page_back(disputed: Workspace) -> None:
    (page,) = doubts(disputed)
    first, second, *_ = disputed.members[0]
    annotation = answer_doubt(disputed, {first: "Anna", second: "Ben"})
    disputed.double.take_back(annotation)
    sync(disputed)
    assert disputed.truth().disputed == {first, second}
    (again,) = doubts(disputed)
    assert again["data"]["rows"] == page["data"]["rows"]


def test_a_page_of_doubts_that_was_skipped_is_not_asked_again(disputed: Workspace) -> None:
    (page,) = doubts(disputed)
    disputed.double.annotate(page["id"], skipped=True)
    sync(disputed)
    assert doubts(disputed) == []
    assert disputed.truth().disputed == set(disputed.members[0][:2])


def test_a_face_on_which_people_come_to_disagree_makes_a_new_page(disputed: Workspace) -> None:
    (before,) = doubts(disputed)
    third = disputed.members[0][2]
    disputed.say(FaceVerdict(third, Verdict.IS, ANNA), speaker="ada")
    disputed.say(FaceVerdict(third, Verdict.STRANGER), speaker="bob")
    disputed.push()
    (after,) = doubts(disputed)
    assert after["meta"]["key"] != before["meta"]["key"]
    assert after["data"]["disputed"] == disputed.members[0][:3]
    assert "Anna or a stranger?" in after["data"]["context"]
