from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from faces.errors import SetupError
from faces.identify import CurrentModel
from faces.settings import Settings
from faces.versions import ModelVersion
from serve import page
from serve.app import create_app
from serve.namer import Namer
from serve.server import run


@pytest.fixture(scope="module")
def models_of_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def browser(models_of_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One app for all; it finds no face in any picture."""
    namer = Namer(CurrentModel(models_of_app), None, None)  # type: ignore[arg-type]  # never asked

    async def build() -> FastAPI:
        """Outside a loop Gradio would open one of its own and never close it."""
        return create_app(namer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        app = asyncio.run(build())
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_health_says_which_version_answers(
    browser: TestClient, learn_in: Callable[..., ModelVersion], models_of_app: Path
) -> None:
    nobody = {"status": "ok", "model_version": None, "people": 0, "problem": None}
    assert browser.get("/health").json() == nobody
    version = learn_in(models_of_app, Anna=[1.0] + [0.0] * 127)
    assert browser.get("/health").json() == {**nobody, "model_version": version.id, "people": 1}
    (models_of_app / "current").unlink()


def test_the_page_has_both_tabs_and_names_no_other_host(browser: TestClient) -> None:
    shown = browser.get("/").text
    config = json.loads(re.findall(r"window\.gradio_config = (\{.*?\});</script>", shown)[0])
    labels = [block["props"].get("label") for block in config["components"]]
    assert {"Everyone in a picture", "One face"} <= set(labels)
    assert config["analytics_enabled"] is False
    assert "//" not in str(config["stylesheets"])
    assert "url(http" not in browser.get("/theme.css").text


def test_the_browser_is_told_to_ask_no_other_host(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize("address", ["/docs", "/redoc", "/gradio_api/docs"])
def test_pages_that_load_scripts_from_elsewhere_are_not_there(
    browser: TestClient, address: str
) -> None:
    assert browser.get(address).status_code == 404


def test_a_page_elsewhere_that_calls_this_machine_by_its_own_name_is_refused(
    browser: TestClient,
) -> None:
    assert browser.get("/", headers={"Host": "evil.example:7860"}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "[::1]:7860"])
def test_every_name_of_this_machine_is_answered(browser: TestClient, host: str) -> None:
    assert browser.get("/health", headers={"Host": host}).status_code == 200


def test_a_file_that_is_no_picture_gets_a_message_and_no_picture(
    namer: Namer, tmp_path: Path
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"no picture")
    sent: dict[str, Any] = {"path": str(file), "orig_name": "holiday.jpg"}
    for said in (page._everyone(namer, sent), page._one_face(namer, sent)):
        assert said.found is None
        assert said.refused
        assert "holiday.jpg is no picture that can be opened" in said.message
        assert 'role="alert"' in said.message


def test_a_picture_taken_away_again_brings_the_hint_back(namer: Namer) -> None:
    for said in (page._everyone(namer, None), page._one_face(namer, None)):
        assert said.found is None
        assert "fl-hint" in said.message


def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"not on 0\.0\.0\.0; set FACELOOP_APP_HOST"):
        run(Settings(workspace=tmp_path, app_host="0.0.0.0"))  # noqa: S104  (it is refused)


def test_neither_torch_nor_fastai_is_loaded_with_the_app() -> None:
    program = (
        "import sys, serve.server\n"
        "print(sorted({'torch', 'fastai', 'label_studio_sdk', 'sync', 'backend', 'training'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
