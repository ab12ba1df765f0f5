"""Label Studio as a process of ours: opened only as far as needed, and silent to the world."""

from __future__ import annotations

import ipaddress
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from faceloop.connecting import connection_for
from faceloop.studio_server import (
    find_studio_venv,
    quicken_database,
    studio_command,
    studio_environment,
)
from faceloop.workspace import explicit_settings, settings_of
from faces.errors import SetupError
from faces.settings import Settings, load_settings


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What our Label Studio is given, on the machine of somebody who has another one."""
    monkeypatch.setenv("FACELOOP_EPS", "0.4")
    monkeypatch.setenv("LABEL_STUDIO_BASE_DATA_DIR", "/theirs")
    monkeypatch.setenv("DJANGO_DB", "default")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    connection = connection_for(tmp_path, studio=None)
    return studio_environment(explicit_settings(tmp_path, **settings_of(connection)), connection)


def blocks(environment: dict[str, str], address: str) -> bool:
    subnets = environment["LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"].split(",")
    wanted = ipaddress.ip_address(address)
    networks = [ipaddress.ip_network(subnet) for subnet in subnets]
    return any(wanted in network for network in networks if network.version == wanted.version)


def test_only_this_machine_is_opened_to_label_studio(environment) -> None:
    assert environment["LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS"] == "false"
    assert not blocks(environment, "127.0.0.1")
    for address in ("10.0.0.1", "192.168.1.1", "172.17.0.1", "169.254.169.254", "::1"):
        assert blocks(environment, address)


def test_its_data_and_its_pictures_lie_in_the_workspace(environment, tmp_path: Path) -> None:
    assert environment["LABEL_STUDIO_BASE_DATA_DIR"] == str(tmp_path / "label-studio")
    assert environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] == str(tmp_path / "media")
    assert environment["LABEL_STUDIO_DJANGO_DB"] == "sqlite"


def test_it_tells_nobody_anything_and_knows_none_of_our_settings(environment) -> None:
    assert environment["https_proxy"] == environment["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert environment["NO_PROXY"] == "127.0.0.1,localhost"
    assert environment["LABEL_STUDIO_SENTRY_DSN"] == ""
    assert environment["LABEL_STUDIO_COLLECT_ANALYTICS"] == "false"
    assert not [name for name in environment if name.startswith("FACELOOP_")]


def test_no_secret_is_on_its_command_line(environment, tmp_path: Path) -> None:
    program = tmp_path / "venv" / "bin" / "label-studio"
    program.parent.mkdir(parents=True)
    program.touch()
    command = studio_command(load_settings(studio_venv=tmp_path / "venv", studio_port=1234))
    assert command[0] == str(program)
    assert "1234" in command
    secrets = {environment[f"LABEL_STUDIO_{name}"] for name in ("PASSWORD", "USER_TOKEN")}
    assert secrets.isdisjoint(command)


def test_it_is_found_as_set_or_beside_our_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.chdir(tmp_path.parent)
    with pytest.raises(SetupError, match="run `make setup`"):
        studio_command(Settings())
    program = tmp_path / ".venv-studio" / "bin" / "label-studio"
    program.parent.mkdir(parents=True)
    program.touch()
    assert find_studio_venv(Settings()) == tmp_path / ".venv-studio"
    assert studio_command(Settings())[0] == str(program)


def test_who_reads_label_studios_database_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    settings = explicit_settings(tmp_path)
    quicken_database(settings)
    database = tmp_path / "label-studio" / "label_studio.sqlite3"
    with closing(sqlite3.connect(database, timeout=0)) as writer:
        writer.execute("CREATE TABLE task (id INTEGER)")
        writer.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(database, timeout=0)) as reader:
            assert reader.execute("SELECT count(*) FROM task").fetchone() == (0,)


def test_a_damaged_database_of_label_studio_is_told_in_one_line(tmp_path: Path) -> None:
    database = tmp_path / "label-studio" / "label_studio.sqlite3"
    database.parent.mkdir()
    database.write_bytes(b"no database at all" * 100)
    with pytest.raises(SetupError, match="cannot be used") as refusal:
        quicken_database(explicit_settings(tmp_path))
    assert "\n" not in str(refusal.value)
    assert str(database) in str(refusal.value)
