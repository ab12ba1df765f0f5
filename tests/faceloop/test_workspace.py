"""Who wins among options, environment and what was set up; and which token goes where."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from faceloop.connecting import connection_for
from faceloop.workspace import (
    Connection,
    explicit_settings,
    prepare,
    read_connection,
    settings_for,
    settings_of,
    write_connection,
)
from faces.errors import SetupError

THEIRS = "http://studio.example:8080"
THEIR_KEY = "1" * 40


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace that `up` has used before."""
    folder = tmp_path / "workspace"
    prepare(explicit_settings(folder))
    connect(folder)
    return folder


def connect(workspace: Path, studio: str | None = None, **given: object) -> Connection:
    """What `up` does about the connection."""
    connection = connection_for(workspace, studio=studio, **given)
    write_connection(workspace, connection)
    return connection


def known(workspace: Path) -> Connection:
    connection = read_connection(workspace)
    assert connection is not None
    return connection


def test_only_the_owner_reads_the_connection(workspace: Path) -> None:
    assert stat.S_IMODE((workspace / "connection.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700
    write_connection(workspace, known(workspace))
    assert stat.S_IMODE((workspace / "connection.json").stat().st_mode) == 0o600
    assert not list(workspace.glob("*.new"))


def test_options_win_over_the_environment_and_that_over_what_was_set_up(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(workspace, app_port=1111)
    assert settings_for(workspace).app_port == 1111
    monkeypatch.setenv("FACELOOP_APP_PORT", "2222")
    assert settings_for(workspace).app_port == 2222
    assert settings_for(workspace, app_port=3333).app_port == 3333


def test_the_next_up_keeps_ports_and_secrets(workspace: Path) -> None:
    first = connect(workspace, studio_port=1234, backend_port=1235, app_port=1236)
    assert connect(workspace) == first
    moved = connect(workspace, studio_port=4321)
    assert moved == replace(first, studio_port=4321, studio_url="http://127.0.0.1:4321")


def test_what_up_has_set_up_is_what_the_other_commands_use(workspace: Path) -> None:
    connection = known(workspace)
    assert connection.embedded
    settings = settings_for(workspace)
    assert settings_of(connection).items() <= settings_of(connect(workspace)).items()
    assert settings.studio_name == "embedded"
    assert settings.studio_pictures == "local"
    assert settings.studio_api_key.get_secret_value() == connection.own_api_key
    assert settings.backend_secret.get_secret_value() == connection.backend_secret


def test_anothers_label_studio_gets_pictures_by_upload_and_its_own_token(workspace: Path) -> None:
    own = known(workspace)
    theirs = connect(workspace, f"{THEIRS}/", studio_api_key=THEIR_KEY)
    assert (theirs.studio_name, theirs.studio_url) == (THEIRS, THEIRS)
    assert theirs.studio_api_key == THEIR_KEY
    assert theirs.studio_pictures == "upload"
    assert theirs.own_api_key == own.own_api_key


def test_how_pictures_reach_anothers_label_studio_can_be_chosen(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACELOOP_STUDIO_PICTURES", "local")
    connect(workspace, THEIRS, studio_api_key=THEIR_KEY)
    monkeypatch.delenv("FACELOOP_STUDIO_PICTURES")
    assert connect(workspace).studio_pictures == "local"


def test_anothers_label_studio_is_remembered_with_its_token(workspace: Path) -> None:
    theirs = connect(workspace, THEIRS, studio_api_key=THEIR_KEY)
    assert connect(workspace) == theirs
    assert connect(workspace, THEIRS) == theirs


def test_the_environment_chooses_the_label_studio_too(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACELOOP_STUDIO_URL", THEIRS)
    monkeypatch.setenv("FACELOOP_STUDIO_API_KEY", THEIR_KEY)
    assert connect(workspace).studio_name == THEIRS


def test_a_password_in_the_address_is_refused_and_not_repeated(workspace: Path) -> None:
    with pytest.raises(SetupError, match="neither a name nor a password") as refused:
        settings_for(workspace, studio_url="http://ann:hidden@studio.example")
    assert "hidden" not in str(refused.value)


def test_one_can_go_back_to_our_own_label_studio(workspace: Path) -> None:
    own = known(workspace)
    connect(workspace, THEIRS, studio_api_key=THEIR_KEY)
    assert connect(workspace, "embedded") == own


def test_a_token_goes_to_no_other_label_studio(workspace: Path) -> None:
    with pytest.raises(SetupError, match="asks for a token"):
        connection_for(workspace, studio=THEIRS)
    connect(workspace, THEIRS, studio_api_key=THEIR_KEY)
    with pytest.raises(SetupError, match="asks for a token"):
        connection_for(workspace, studio="http://elsewhere.example")
    settings = settings_for(workspace, studio_url="http://elsewhere.example")
    assert settings.studio_api_key.get_secret_value() == ""
    assert settings.studio_name == ""


def test_a_lost_connection_gets_another_user_in_a_label_studio_that_has_one(
    workspace: Path,
) -> None:
    before = known(workspace)
    (workspace / "connection.json").unlink()
    assert connect(workspace).studio_user == before.studio_user
    (workspace / "connection.json").unlink()
    (workspace / "label-studio").mkdir()
    (workspace / "label-studio" / "label_studio.sqlite3").touch()
    after = connect(workspace)
    assert after.studio_user != before.studio_user
    assert connect(workspace) == after


@pytest.mark.parametrize("content", ["", "{", "[]", '{"studio_name": "embedded"}'])
def test_a_damaged_connection_is_named(workspace: Path, content: str) -> None:
    (workspace / "connection.json").write_text(content, encoding="utf-8")
    with pytest.raises(SetupError, match=r"connection\.json is damaged"):
        settings_for(workspace)


def test_a_workspace_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be made"):
        prepare(explicit_settings(tmp_path / "file" / "workspace"))


@pytest.mark.parametrize("holds", [None, "faceloop.sqlite3", "connection.json", "media"])
def test_an_empty_folder_or_one_of_ours_is_made_private(tmp_path: Path, holds: str | None) -> None:
    folder = tmp_path / "there"
    folder.mkdir(mode=0o755)
    if holds == "media":
        (folder / holds).mkdir()
    elif holds:
        (folder / holds).touch()
    prepare(explicit_settings(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_workspace_of_somebody_else_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    tmp_path.joinpath("theirs").mkdir(mode=0o755)
    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(SetupError, match="theirs cannot be made or used"):
        prepare(explicit_settings(tmp_path / "theirs"))


def test_a_workspace_has_one_name_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACELOOP_WORKSPACE", "~/mine")
    assert explicit_settings(Path("here")).workspace == tmp_path / "here"
    assert settings_for(None).workspace == Path.home() / "mine"
