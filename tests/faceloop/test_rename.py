"""`faceloop rename`: one word in the log, or one line that says why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faceloop.rename import renaming
from faceloop.workspace import prepare
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, PersonRenamed, Truth, Verdict
from faces.errors import BadName
from faces.fold import fold
from faces.records import FaceId, PersonId
from faces.settings import Settings
from faces.store import log
from faces.store.database import Store
from tests.faces.words import numbered

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANNA, JOHNNY = PersonId("p-anna"), PersonId("p-johnny")
PEOPLE = [PersonCreated(ANNA, "Anna"), PersonCreated(JOHNNY, "Johnny")]
NAMED = [
    FaceVerdict(FaceId(f"f{number}"), Verdict.IS, person)
    for number, person in enumerate((ANNA, JOHNNY))
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A workspace in which Anna and Johnny have a face each."""
    store = prepare(Settings(workspace=tmp_path / "workspace"))
    with store.write() as connection:
        log.append(connection, Occasion("Ada", NOW, "annotation:1"), [*PEOPLE, *NAMED])
    return store


@pytest.fixture
def truth() -> Truth:
    return fold(numbered([("Ada", "a", word) for word in PEOPLE]))


def names(store: Store) -> set[str]:
    with store.read() as connection:
        return {person.name for person in log.truth(connection).people.values()}


def test_a_person_is_renamed_and_back(store: Store, faceloop, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    said = faceloop("rename", "anna", " Anna  Berg ", "--workspace", workspace)
    assert said.code == 0
    assert "Anna is Anna Berg now" in said.out
    assert names(store) == {"Anna Berg", "Johnny"}
    again = faceloop("rename", "anna", "Anna Berg", "--workspace", workspace)
    assert "Anna Berg is called so already" in again.out
    faceloop("rename", "Anna Berg", "Anna", "--workspace", workspace)
    assert names(store) == {"Anna", "Johnny"}
    with store.read() as connection:
        renamed = [e for e in log.events(connection) if isinstance(e.word, PersonRenamed)]
        assert log.read_lines(Settings(workspace=workspace).log_lines) == log.events(connection)
    assert [event.word.name for event in renamed] == ["Anna Berg", "Anna"]
    assert len({event.occasion.place for event in renamed}) == 2
    assert all(event.occasion.speaker for event in renamed)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Zoë", "Anne", "nobody is called Zoë"),
        ("Jonny", "John", "nobody is called Jonny; did you mean Johnny?"),
        ("Anna", "JOHNNY", "JOHNNY is somebody else's name"),
        ("Anna", "stranger", "has a meaning of its own"),
        ("Anna", "  ", "the name is empty"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_said(
    store: Store, faceloop, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert problem in faceloop("rename", old, new, "--workspace", tmp_path / "workspace").fault
    assert names(store) == {"Anna", "Johnny"}


def test_a_name_that_somebody_had_before_stays_theirs() -> None:
    words = [*PEOPLE, PersonRenamed(JOHNNY, "John")]
    truth = fold(numbered([("Ada", "a", word) for word in words]))
    with pytest.raises(BadName, match=r"Johnny is somebody else's name \(John, who had it before"):
        renaming(truth, "Anna", "Johnny")
    assert renaming(truth, "John", "Johnny")[1] == PersonRenamed(JOHNNY, "Johnny")


def test_with_a_clock_that_was_set_back_the_last_renaming_counts(
    store: Store, faceloop, tmp_path: Path
) -> None:
    far = Occasion("Ada", NOW + timedelta(days=365_000), "command:rename 1")
    with store.write() as connection:
        log.append(connection, far, [PersonRenamed(ANNA, "Anne")])
    for name in ("Annie", "Anni"):
        faceloop("rename", "Anne", name, "--workspace", tmp_path / "workspace")
        assert names(store) == {name, "Johnny"}


def test_a_change_of_case_alone_is_a_renaming(truth: Truth) -> None:
    assert renaming(truth, "anna", "ANNA")[1] == PersonRenamed(ANNA, "ANNA")


def test_status_points_nearly_equal_names_out(store: Store, faceloop, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    assert "nearly alike" not in faceloop("status", "--workspace", workspace).err
    jonny, occasion = PersonId("p-jonny"), Occasion("Ada", NOW, "annotation:2")
    with store.write() as connection:
        log.append(connection, occasion, [PersonCreated(jonny, "Jonny")])
    assert "nearly alike" not in faceloop("status", "--workspace", workspace).err, "has no face"
    with store.write() as connection:
        log.append(connection, occasion, [FaceVerdict(FaceId("f9"), Verdict.IS, jonny)])
    said = faceloop("status", "--workspace", workspace)
    assert "Johnny and Jonny are spelled nearly alike and are two people" in said.err
    assert "faces carried" in said.out
    assert names(store) == {"Anna", "Johnny", "Jonny"}
