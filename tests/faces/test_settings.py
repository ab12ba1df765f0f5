import threading
from pathlib import Path

import pydantic
import pytest

from faces.errors import SetupError
from faces.locks import Work, alone
from faces.settings import Settings, environment_for, environment_with, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FACELOOP_{name.upper()}", raising=False)


def test_everything_has_a_default_and_lies_in_the_workspace(tmp_path: Path) -> None:
    settings = load_settings(workspace=tmp_path)
    assert settings.store_url == f"sqlite:///{tmp_path / 'faceloop.sqlite3'}"
    for place in (settings.media, settings.models, settings.log_lines):
        assert place.parent == tmp_path
    assert settings.backend_url_for_studio == "http://127.0.0.1:9090"


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104
        ("", "127.0.0.1"),
        ("::", "[::1]"),
        ("fd00::5", "[fd00::5]"),
        ("backend.internal", "backend.internal"),
    ],
)
def test_a_host_is_reached_by_an_address_that_works(host: str, reached: str) -> None:
    assert load_settings(backend_host=host).backend_url_for_studio == f"http://{reached}:9090"


def test_the_environment_is_read_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELOOP_BACKEND_PORT", "9999")
    monkeypatch.setenv("FACELOOP_BACKEND_URL", "http://backend.internal:1")
    assert load_settings().backend_port == 9999
    assert load_settings(backend_port=None).backend_port == 9999
    assert load_settings(backend_port=1234).backend_port == 1234
    assert load_settings().backend_url_for_studio == "http://backend.internal:1"


@pytest.mark.parametrize(
    ("name", "value"),
    [("backend_port", 0), ("app_port", "many"), ("eps", 0), ("jobs", -1), ("studio_pictures", "x")],
)
def test_a_wrong_value_is_one_line_that_names_its_variable(name: str, value: object) -> None:
    with pytest.raises(SetupError, match=f"FACELOOP_{name.upper()}: ") as problem:
        load_settings(**{name: value})
    assert "\n" not in str(problem.value)


def test_a_secret_is_not_shown() -> None:
    settings = load_settings(
        studio_api_key="token-1",
        backend_secret="word-2",
        database_url="postgresql://us:word-3@host/faces",
        redis_url="redis://:word-4@host",
    )
    for secret in ("token-1", "word-2", "word-3", "word-4"):
        assert secret not in repr(settings)
        assert secret not in str(settings)
    assert settings.studio_api_key.get_secret_value() == "token-1"


def test_settings_do_not_change() -> None:
    with pytest.raises(pydantic.ValidationError):
        load_settings().eps = 1


def test_our_processes_inherit_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(studio_api_key="token-1", eps=0.5, database_url="sqlite:///b")
    environment = environment_for(settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_other_programs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELOOP_STUDIO_API_KEY", "token-1")
    environment = environment_with({"LABEL_STUDIO_HOST": "x"})
    assert environment["LABEL_STUDIO_HOST"] == "x"
    assert "PATH" in environment
    assert not [name for name in environment if name.startswith("FACELOOP_")]


def test_one_kind_of_work_is_done_by_one_at_a_time(tmp_path: Path) -> None:
    settings = load_settings(workspace=tmp_path / "not yet there")
    order: list[str] = []

    def push_too() -> None:
        with alone(settings, Work.PUSH):
            order.append("second")

    waiting = threading.Thread(target=push_too)
    with alone(settings, Work.PUSH):
        waiting.start()
        with alone(settings, Work.PULL):
            waiting.join(timeout=0.2)
            order.append("first")
    waiting.join()
    assert order == ["first", "second"]
