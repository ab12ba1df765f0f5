"""What visitors of the app suggest arrives in Label Studio, and counts for nothing there."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.confirmations import Verdict
from faces.media import Media
from faces.records import FaceId, PersonId, PhotoId
from faces.showing import BY_VISITOR
from faces.store.database import Store
from faces.store.suggestions import drop_suggestions, suggest, suggestions
from faces.studio_format import UNKNOWN
from faces.suggestions import Suggestion
from sync.desk import Project
from tests.sync.conftest import NOW, Workspace, face_id, names, photo_id, prediction_of

PHOTO = photo_id(0)
FACE, OTHER = face_id(0, 0), face_id(0, 1)


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three photos of two people, of whom one is named, all pushed."""
    workspace.add_photos(3)
    workspace.cluster()
    workspace.name(0, "Anna", faces=2)
    workspace.push()
    return workspace


def says(
    workspace: Workspace,
    name: str,
    *,
    face: FaceId = OTHER,
    verdict: Verdict = Verdict.IS,
    number: int = 1,
) -> str:
    person = workspace.truth().person_named(name) if name else None
    said = Suggestion(
        f"s{number}",
        face,
        verdict,
        NOW + timedelta(minutes=number),
        name,
        None if person is None else person.id,
    )
    with workspace.store.write() as connection:
        suggest(connection, said)
    return said.id


def waiting(workspace: Workspace) -> list[str]:
    with workspace.store.read() as connection:
        return [one.id for one in suggestions(connection)]


def task_of(workspace: Workspace, photo: PhotoId = PHOTO) -> int:
    """The newest task of a photo."""
    tasks = workspace.double.tasks_of(workspace.desk.photos)
    return max(int(task["id"]) for task in tasks if task["data"]["photo"] == photo)


def data_of(workspace: Workspace) -> dict[str, Any]:
    data: dict[str, Any] = workspace.double.tasks[task_of(workspace)]["data"]
    return data


def region(workspace: Workspace, face: FaceId = OTHER) -> tuple[str, str]:
    """The label of a face and what stands beside it."""
    (found,) = (one for one in prediction_of(workspace, task_of(workspace)) if one["id"] == face)
    return found["value"]["rectanglelabels"][0], found.get("meta", {}).get("text", [""])[0]


def test_a_known_person_is_proposed_and_told_in_words(filled: Workspace) -> None:
    says(filled, "Anna")
    filled.push()
    assert region(filled) == ("Anna", f"{BY_VISITOR}: Anna")
    data = data_of(filled)
    assert data["caption"] == "0.jpg · a visitor of the app says: face 2 from the left: Anna"
    assert {"value": "Anna"} in data["people"]
    assert data["people_ids"]["Anna"] == "p0"


def test_a_new_name_stands_in_words_alone(filled: Workspace) -> None:
    says(filled, "Mia")
    filled.push()
    assert region(filled) == (UNKNOWN, f"{BY_VISITOR}: Mia")
    assert "Mia" in data_of(filled)["caption"]
    assert {"value": "Mia"} not in data_of(filled)["people"]


def test_what_a_visitor_says_is_shown_by_the_next_look_and_once(filled: Workspace) -> None:
    says(filled, "Mia")
    assert filled.push()[Project.PHOTOS].changed == (PHOTO,)
    assert all(plan.is_empty for plan in filled.push().values())


@settings(max_examples=20, deadline=None)
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from([Verdict.IS, Verdict.IS_NOT, Verdict.NOT_A_FACE]),
            st.sampled_from(["Anna", "Mia"]),
            st.sampled_from([FACE, OTHER, face_id(1, 1)]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_suggested_the_truth_stays_and_of_a_face_the_newest_is_kept(
    session_store: Workspace, said: list[tuple[Verdict, str, FaceId]]
) -> None:
    workspace = session_store
    before = workspace.truth(), workspace.events()
    newest: dict[FaceId, str] = {}
    for number, (verdict, name, face) in enumerate(said):
        told = "" if verdict is Verdict.NOT_A_FACE else name
        newest[face] = says(workspace, told, face=face, verdict=verdict, number=number)
    assert (workspace.truth(), workspace.events()) == before
    assert sorted(waiting(workspace)) == sorted(newest.values())
    with workspace.store.write() as connection:
        assert drop_suggestions(connection, newest.values()) == len(newest)


@pytest.fixture(scope="module")
def session_store(
    tmp_path_factory: pytest.TempPathFactory, empty_database: Path
) -> Iterator[Workspace]:
    """A workspace for many examples; it has no Label Studio."""
    folder = tmp_path_factory.mktemp("suggested")
    shutil.copy(empty_database, folder / "store.sqlite3")
    store = Store(f"sqlite:///{folder / 'store.sqlite3'}")
    media = Media(media=folder / "media", workspace=folder)
    workspace = Workspace(folder, store, None, None, media, None, None)  # type: ignore[arg-type]
    workspace.add_photos(2)
    workspace.name(0, "Anna", faces=1)
    yield workspace
    store.close()


def test_a_suggestion_is_gone_once_its_face_is_named_on_a_page(filled: Workspace) -> None:
    says(filled, "Mia")
    filled.push()
    filled.name(1, "Zoë", faces=1)
    filled.push()
    assert waiting(filled) == []
    assert region(filled) == ("Zoë", "confirmed")
    assert data_of(filled)["caption"] == "0.jpg"


def test_who_submits_the_photo_has_answered_whatever_they_said(filled: Workspace) -> None:
    says(filled, "Mia")
    filled.push()
    filled.double.annotate(task_of(filled), prediction_of(filled, task_of(filled)))
    filled.pull()
    assert waiting(filled) == []
    assert OTHER not in names(filled), "Unknown left as it was says nothing"


def test_a_proposed_name_that_is_left_is_the_annotators_word(filled: Workspace) -> None:
    says(filled, "Anna", face=face_id(2, 0))
    filled.push()
    task = task_of(filled, photo_id(2))
    filled.double.annotate(task, prediction_of(filled, task))
    filled.pull()
    assert names(filled)[face_id(2, 0)] == "Anna"
    assert {one.occasion.speaker.split(":")[0] for one in filled.events()} == {
        "somebody",
        "annotator",
    }


def test_what_is_suggested_after_the_answer_is_asked_in_a_new_task(filled: Workspace) -> None:
    first = task_of(filled)
    filled.double.annotate(first, prediction_of(filled, first))
    filled.pull()
    filled.push()
    says(filled, "Mia")
    filled.push()
    second = task_of(filled)
    assert second != first
    assert "Mia" in data_of(filled)["caption"]
    assert filled.double.annotations_of(first), "the answer stays where it is"
    filled.double.annotate(second, prediction_of(filled, second))
    filled.pull()
    assert waiting(filled) == []
    plans = filled.push()
    assert plans[Project.PHOTOS].new == plans[Project.PHOTOS].stale == ()


def test_a_question_that_was_answered_elsewhere_goes(filled: Workspace) -> None:
    first = task_of(filled)
    filled.double.annotate(first, prediction_of(filled, first))
    filled.pull()
    says(filled, "Mia")
    filled.push()
    filled.name(1, "Zoë", faces=1)
    filled.push()
    assert task_of(filled) == first


def test_who_takes_a_suggestion_back_leaves_the_task_as_it_was(filled: Workspace) -> None:
    before = data_of(filled), region(filled)
    said = says(filled, "Mia")
    filled.push()
    with filled.store.write() as connection:
        assert drop_suggestions(connection, [said, "unheard of"]) == 1
    filled.push()
    assert (data_of(filled), region(filled)) == before


def test_somebody_who_is_gone_is_told_by_the_name_that_was_said(filled: Workspace) -> None:
    with filled.store.write() as connection:
        suggest(connection, Suggestion("s", OTHER, Verdict.IS, NOW, "Ada", PersonId("gone")))
    filled.push()
    assert region(filled) == (UNKNOWN, f"{BY_VISITOR}: Ada")
