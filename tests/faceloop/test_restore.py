"""`faceloop restore`: a workspace that was lost gets back what people said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from faceloop.workspace import prepare
from faces.confirmations import Event, FaceVerdict, Occasion, PersonCreated, Verdict
from faces.records import FaceId, PersonId
from faces.settings import Settings
from faces.store import log
from faces.store.database import open_store

ANNA = PersonId("p-anna")
ADA = Occasion("Ada", datetime(2026, 1, 1, tzinfo=UTC), "annotation:1")
SAID = [PersonCreated(ANNA, "Zoë"), FaceVerdict(FaceId("f1"), Verdict.IS, ANNA)]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """The file of a workspace in which Zoë was named."""
    settings = Settings(workspace=tmp_path / "before")
    store = prepare(settings)
    with store.write() as connection:
        log.append(connection, ADA, SAID)
        log.write_lines(connection, settings.log_lines)
    store.close()
    return settings.log_lines


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "after"


def events(workspace: Path) -> list[Event]:
    store = open_store(Settings(workspace=workspace).store_url)
    with store.read() as connection:
        found = log.events(connection)
    store.close()
    return found


def test_what_people_said_comes_back_and_a_second_time_changes_nothing(
    faceloop, lines: Path, workspace: Path
) -> None:
    said = faceloop("restore", lines, "--workspace", workspace)
    assert "restored 2 words about 1 person; 1 of 1 face not here yet" in said.out
    assert [event.word for event in events(workspace)] == SAID
    assert (workspace / "confirmations.jsonl").read_bytes() == lines.read_bytes()
    again = faceloop("restore", lines, "--workspace", workspace)
    assert (again.code, "restored nothing: all of it is there" in again.out) == (0, True)
    assert len(events(workspace)) == 2


def test_a_dry_run_says_so_and_makes_nothing(faceloop, lines: Path, workspace: Path) -> None:
    said = faceloop("restore", lines, "--dry-run", "--workspace", workspace)
    assert "would restore 2 words about 1 person" in said.out
    assert not workspace.exists()


def test_a_database_lost_from_its_workspace_is_filled_from_the_file_beside_it(
    faceloop, lines: Path
) -> None:
    whole = lines.read_bytes()
    for file in lines.parent.glob("faceloop.sqlite3*"):
        file.unlink()
    assert faceloop("restore", lines, "--workspace", lines.parent).code == 0
    assert len(events(lines.parent)) == 2
    assert lines.read_bytes() == whole


def test_a_database_in_which_people_spoke_is_left_as_it_is(
    faceloop, lines: Path, workspace: Path
) -> None:
    store = prepare(Settings(workspace=workspace))
    with store.write() as connection:
        log.append(connection, ADA, [PersonCreated(ANNA, "Ben")])
    store.close()
    said = faceloop("restore", lines, "--workspace", workspace)
    assert "restore into a new workspace" in said.fault
    assert len(events(workspace)) == 1


def test_a_broken_line_keeps_all_of_it_out(faceloop, lines: Path, workspace: Path) -> None:
    with lines.open("a", encoding="utf-8") as file:
        file.write('{"number": 3, "at": "20')
    said = faceloop("restore", lines, "--workspace", workspace)
    assert f"line 3 of {lines} is no line of the log (it is no JSON)" in said.fault
    assert not workspace.exists()
