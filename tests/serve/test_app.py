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
from serve import named_wording
from serve.app import Visits, create_app
from serve.asking import Show, answer
from serve.face_panel import Viewer
from serve.namer import Namer
from serve.parts import Parts
from serve.server import run
from tests.serve.app_parts import opened_parts

ONE_PICTURE, MANY_PICTURES, ONE_FACE = 0, 1, 4
"""Which of the page's functions answer to a picture, by their number."""


@pytest.fixture(scope="module")
def models_of_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def browser(
    models_of_app: Path, uploads: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """One app for all; it finds no face in any picture."""
    namer = Namer(CurrentModel(models_of_app), None, None)  # type: ignore[arg-type]  # never asked
    kept = tmp_path_factory.mktemp("kept")

    async def build(parts: Parts) -> FastAPI:
        """Outside a loop Gradio would open one of its own and never close it."""
        return create_app(parts, uploads=uploads, visits=Visits())

    with pytest.MonkeyPatch.context() as patch, opened_parts(namer, None, kept) as parts:
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        app = asyncio.run(build(parts))
        with TestClient(app, base_url="http://127.0.0.1:7860") as client:
            yield client


def asked(browser: TestClient, sent: object, *, function: int) -> str:
    """All that the page says after a picture was given to it."""
    joined = browser.post(
        "/gradio_api/queue/join",
        json={"data": [sent, ""], "fn_index": function, "session_hash": "visit"},
    )
    assert joined.status_code == 200, joined.text
    return browser.get("/gradio_api/queue/data", params={"session_hash": "visit"}).text


def test_health_says_which_version_answers(
    browser: TestClient, learn_in: Callable[..., ModelVersion], models_of_app: Path
) -> None:
    nobody = {"status": "ok", "model_version": None, "people": 0, "problem": None}
    assert browser.get("/health").json() == nobody
    version = learn_in(models_of_app, Anna=[1.0] + [0.0] * 127)
    assert browser.get("/health").json() == {**nobody, "model_version": version.id, "people": 1}
    (models_of_app / "current").unlink()


def test_the_page_has_its_tabs_and_names_no_other_host(browser: TestClient) -> None:
    shown = browser.get("/").text
    config = json.loads(re.findall(r"window\.gradio_config = (\{.*?\});</script>", shown)[0])
    labels = [block["props"].get("label") for block in config["components"]]
    assert {"Who is in this picture", "One face", "Cluster my pictures"} <= set(labels)
    assert config["analytics_enabled"] is False
    assert "//" not in str(config["stylesheets"])
    assert "url(http" not in browser.get("/theme.css").text


def test_the_browser_is_told_to_ask_no_other_host(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_the_browser_tells_us_and_nobody_else_from_which_page_a_form_comes(
    browser: TestClient,
) -> None:
    assert browser.get("/").headers["referrer-policy"] == "same-origin"


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


@pytest.fixture
def parts(namer: Namer, tmp_path: Path) -> Iterator[Parts]:
    """The parts of an app of this test's own, which keeps what is given to it."""
    with opened_parts(namer, None, tmp_path / "kept") as parts:
        yield parts


SHOWS = (named_wording.everyone, named_wording.one_face)


@pytest.mark.parametrize("show", SHOWS)
def test_a_file_that_is_no_picture_gets_a_message_and_is_not_kept(
    parts: Parts, tmp_path: Path, show: Show
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"no picture")
    sent: dict[str, Any] = {"path": str(file), "orig_name": "holiday.jpg"}
    said = answer(parts, sent, Viewer(), show=show, uploads=tmp_path, hint="Give one.")
    assert said.is_refused
    assert said.naming == ""
    assert "holiday.jpg is no picture that can be opened" in said.says
    assert 'role="alert"' in said.says
    assert list((tmp_path / "kept" / "named").iterdir()) == []


@pytest.mark.parametrize("function", [ONE_PICTURE, ONE_FACE])
def test_an_uploaded_file_is_read(browser: TestClient, function: int) -> None:
    [path] = browser.post("/gradio_api/upload", files={"files": ("a.jpg", b"no picture")}).json()
    sent = {"path": path, "orig_name": "a.jpg", "meta": {"_type": "gradio.FileData"}}
    assert "a.jpg is no picture that can be opened" in asked(browser, sent, function=function)


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
@pytest.mark.parametrize("function", [ONE_PICTURE, ONE_FACE])
def test_a_file_that_was_not_uploaded_is_neither_read_nor_copied(
    browser: TestClient,
    uploads: Path,
    tmp_path: Path,
    picture: bytes,
    function: int,
    meta: dict[str, Any],
) -> None:
    private = tmp_path / "private.png"
    private.write_bytes(picture)
    (uploads / "link.png").unlink(missing_ok=True)
    (uploads / "link.png").symlink_to(private)
    before = set(uploads.rglob("*"))
    for path in (private, uploads / ".." / private.relative_to(uploads.parent), "link.png"):
        sent = {"path": str(uploads / path), **meta}
        assert "not among those that were uploaded" in asked(browser, sent, function=function)
    nested = {"path": "x", "size": {"path": str(private), **meta}, **meta}
    assert "not among those that were uploaded" in asked(browser, nested, function=function)
    assert set(uploads.rglob("*")) == before


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"path": None},
        {"path": 7},
        {"path": ""},
        {"path": "\0"},
        {"path": "x" * 5000},
        {"path": "http://example.com/a.png", "meta": {"_type": "gradio.FileData"}},
        "a.png",
        [],
    ],
)
def test_what_names_no_upload_is_refused(browser: TestClient, sent: object) -> None:
    assert "not among those that were uploaded" in asked(browser, sent, function=ONE_PICTURE)


@pytest.mark.parametrize("sent", [7, "a.png", {}, [None], [[]], [{"path": "/etc/hostname"}]])
def test_what_is_no_list_of_uploads_is_refused(browser: TestClient, sent: object) -> None:
    said = asked(browser, sent, function=MANY_PICTURES)
    assert "not among those that were uploaded" in said


@pytest.mark.parametrize("sent", [{}, {"path": None}, {"path": "/etc/hostname"}, {"path": ["a"]}])
def test_the_namer_never_sees_a_file_from_outside(
    parts: Parts, tmp_path: Path, sent: dict[str, Any]
) -> None:
    said = answer(parts, sent, Viewer(), show=SHOWS[0], uploads=tmp_path, hint="Give one.")
    assert said.is_refused
    assert "not among those that were uploaded" in said.says


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://127.0.0.1:8080", "http://127.0.0.1:7860.evil", "null"],
)
def test_a_page_elsewhere_can_neither_post_nor_read(browser: TestClient, origin: str) -> None:
    picture = {"files": ("a.jpg", b"picture")}
    sent_from = {"Origin": origin}
    answer = browser.post("/gradio_api/upload", files=picture, headers=sent_from)
    assert answer.status_code == 403
    assert browser.get("/health", headers=sent_from).status_code == 403


def test_our_own_page_can_post(browser: TestClient) -> None:
    picture = {"files": ("a.jpg", b"picture")}
    headers = {"Origin": "http://127.0.0.1:7860"}
    assert browser.post("/gradio_api/upload", files=picture, headers=headers).status_code == 200


def test_no_file_is_fetched_from_another_host(browser: TestClient) -> None:
    assert browser.get("/gradio_api/file=http://example.com/a.png").status_code == 403


def test_a_picture_taken_away_again_brings_the_hint_back(parts: Parts, tmp_path: Path) -> None:
    said = answer(parts, None, Viewer(), show=SHOWS[0], uploads=tmp_path, hint="Give one.")
    assert "fl-hint" in said.says
    assert "Give one." in said.says
    assert not said.is_refused


def test_an_address_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=r"others can reach the app on 0\.0\.0\.0, so it wants a password"
    ):
        run(Settings(workspace=tmp_path, app_host="0.0.0.0"))  # noqa: S104  (it is refused)


@pytest.mark.slow
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
