"""The app as a process: what users type, as they type it."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from benchmarks.ingest_pages import make_pages, portraits_in
from tests.running_app import RunningApp, running_app

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pages with the same four people on them, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("pages")
    people = portraits_in(None)[::10][:4]
    by_person = [sorted(path.parent.glob("*.pgm"))[:5] for path in people]
    for number, portraits in enumerate(zip(*by_person, strict=True)):
        make_pages(portraits, folder / str(number), photos=1, seed=number)
        shutil.move(folder / str(number) / "page-00000.jpg", folder / f"{number}.jpg")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("app")) as running:
        yield running


def curl(*arguments: str | Path) -> bytes:
    found = shutil.which("curl")
    assert found is not None, "curl is not installed"
    done = subprocess.run(
        [found, "--silent", "--show-error", *map(str, arguments)], capture_output=True, check=True
    )
    return done.stdout


def upload(app: RunningApp, pages: Path) -> Any:
    forms = [("-F", f"files=@{page}") for page in sorted(pages.glob("*.jpg"))]
    sent = [argument for form in forms for argument in form]
    return json.loads(curl(*sent, f"{app.address}/upload-images/"))


def test_the_two_commands_of_the_small_service(
    app: RunningApp, pages: Path, tmp_path: Path
) -> None:
    told = upload(app, pages)
    assert (told["unique_faces"], told["faces"]) == (4, 20)
    assert [one["size"] for one in told["people"]] == [5, 5, 5, 5]
    assert [one["name"] for one in told["refused"]] == ["broken.jpg"]
    home = tmp_path / "first.zip"
    curl("--fail", "-o", home, f"{app.address}/download/zip_face%231.zip")
    with zipfile.ZipFile(home) as packed:
        assert packed.testzip() is None
        names = packed.namelist()
        kept = {packed.read(f"pictures/{n}.jpg") for n in range(5)}
    assert len([name for name in names if name.startswith("faces/face-1/")]) == 5
    assert kept == {(pages / f"{n}.jpg").read_bytes() for n in range(5)}
    linked = curl("--fail", f"{app.address}{told['people'][0]['zip']}")
    assert zipfile.ZipFile(io.BytesIO(linked)).namelist() == names


def test_gradio_s_own_client_gets_the_same_answers(app: RunningApp, pages: Path) -> None:
    client = Client(app.address, verbose=False)
    group = pages / "0.jpg"
    told = client.predict(handle_file(group), api_name="/identify")
    assert told == json.loads(curl("-F", f"file=@{group}", f"{app.address}/identify"))
    assert len(told["faces"]) == 4
    sent = [handle_file(page) for page in sorted(pages.glob("*.jpg"))]
    album = client.predict(sent, api_name="/cluster")
    assert (album["unique_faces"], len(album["refused"])) == (4, 1)
    with pytest.raises(AppError, match=r"broken\.jpg is no picture that can be opened"):
        client.predict(handle_file(pages / "broken.jpg"), api_name="/identify")
    assert "Traceback" not in app.log.read_text()


def test_with_a_password_nobody_gets_in_without_and_stopping_leaves_nothing(
    tmp_path: Path, pages: Path
) -> None:
    users = {"FACELOOP_APP_USERS": "anna:s3cret", "FACELOOP_APP_TOKEN": "t0ken"}
    group = f"file=@{pages / '0.jpg'}"
    with running_app(tmp_path, **users) as app:
        assert "sign in first" in json.loads(curl("-F", group, f"{app.address}/identify"))["detail"]
        token = ("-H", "Authorization: Bearer t0ken")
        for shown in (("-u", "anna:s3cret"), token):
            told = curl("--fail", *shown, "-F", group, f"{app.address}/identify")
            assert len(json.loads(told)["faces"]) == 4
        client = Client(app.address, auth=("anna", "s3cret"), verbose=False)
        named = client.predict(handle_file(pages / "0.jpg"), api_name="/identify")
        assert len(named["faces"]) == 4
        curl("--fail", *token, "-F", f"files=@{pages / '0.jpg'}", f"{app.address}/upload-images/")
        assert list(app.workspace.rglob("*.jpg"))
        app.process.send_signal(signal.SIGTERM)
        app.process.wait(timeout=60)
        assert not list(app.workspace.glob("albums-*"))
        assert not list(app.workspace.glob("uploads-*"))
        assert "Traceback" not in app.log.read_text()
