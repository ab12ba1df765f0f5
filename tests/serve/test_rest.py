from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faces.errors import StoreError
from faces.identify import CurrentModel
from faces.versions import ModelVersion
from serve.access import Visitor
from serve.app import Visits, create_app
from serve.limits import Limits
from serve.namer import Namer
from serve.parts import Parts
from serve.rest import answer_problem
from tests.serve.app_parts import opened_parts
from tests.serve.pictures import BOXES, Portraits, album_of, picture

ADDRESS = "http://127.0.0.1:7860"
HERE, ELSEWHERE = ("127.0.0.1", 50000), ("192.0.2.7", 50000)
LIMITS = Limits(pictures=8, picture_mb=1, album_mb=2)


@dataclass(frozen=True)
class Running:
    """The app as visitors of this machine and of others see it."""

    here: TestClient
    elsewhere: TestClient
    portraits: Portraits
    albums: Path
    models: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("rest")
    portraits = Portraits()
    reader: Any = portraits
    namer = Namer(CurrentModel(place / "models"), reader, None)

    async def build(parts: Parts) -> FastAPI:
        """Outside a loop Gradio would open one of its own and never close it."""
        return create_app(parts, uploads=place / "uploads", visits=Visits())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(place / "uploads"))
        with opened_parts(namer, reader, place, limits=LIMITS) as parts:
            app = asyncio.run(build(parts))
            with TestClient(app, base_url=ADDRESS, client=HERE) as here:
                elsewhere = TestClient(app, base_url=ADDRESS, client=ELSEWHERE)
                yield Running(here, elsewhere, portraits, place / "albums", place / "models")


def upload(client: TestClient, contents: Sequence[tuple[str, bytes]]) -> Any:
    files = [("files", each) for each in contents]
    answer = client.post("/upload-images/", files=files)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def album(running: Running) -> Any:
    """What the upload of an album answered."""
    return upload(running.elsewhere, album_of(running.portraits))


def names_in(content: bytes) -> list[str]:
    packed = zipfile.ZipFile(io.BytesIO(content))
    assert packed.testzip() is None
    return packed.namelist()


def test_pictures_that_are_uploaded_come_back_as_people_with_links(running: Running) -> None:
    contents = [*album_of(running.portraits), ("notes.jpg", b"no picture")]
    told = upload(running.elsewhere, contents)
    assert (told["unique_faces"], told["faces"], told["pictures"]) == (2, 13, 6)
    assert [one["name"] for one in told["refused"]] == ["notes.jpg"]
    assert "is no picture that can be opened" in told["refused"][0]["reason"]
    assert [one["size"] for one in told["people"]] == [6, 6]
    for one in [*told["people"], told["in_no_group"]]:
        packed = running.elsewhere.get(one["zip"])
        assert packed.headers["content-type"] == "application/zip"
        assert "index.html" in names_in(packed.content)
        for link in (one["montage"], *one["pictures"]):
            shown = running.elsewhere.get(link)
            assert shown.headers["cache-control"] == "no-store"
            with Image.open(io.BytesIO(shown.content)) as image:
                assert image.format == "JPEG"
    assert (
        len([n for n in names_in(running.here.get(told["zip"]).content) if "pictures/" in n]) == 6
    )


def test_every_link_has_an_id_that_nobody_can_guess(running: Running) -> None:
    told = upload(running.here, album_of(running.portraits))
    again = upload(running.here, album_of(running.portraits))
    assert len(told["album"]) == 43
    assert told["album"] != again["album"]
    for one in told["people"]:
        for link in (one["zip"], one["montage"], *one["pictures"]):
            assert told["album"] in link


def test_the_two_commands_of_the_small_service_work_on_this_machine(running: Running) -> None:
    told = upload(running.here, album_of(running.portraits))
    first = running.here.get("/download/zip_face%231.zip")
    assert first.headers["content-disposition"].startswith("attachment;")
    linked = running.here.get(told["people"][0]["zip"])
    assert names_in(first.content) == names_in(linked.content)
    assert running.here.get("/download/zip_face%233.zip").status_code == 404


def test_from_elsewhere_a_bare_name_is_not_there(running: Running) -> None:
    upload(running.here, album_of(running.portraits))
    upload(running.elsewhere, album_of(running.portraits))
    assert running.elsewhere.get("/download/zip_face%231.zip").status_code == 404
    passed_on = {"X-Forwarded-For": "192.0.2.7"}
    refused = running.here.get("/download/zip_face%231.zip", headers=passed_on)
    assert refused.status_code == 404


def test_what_others_upload_is_never_the_latest_of_this_machine(running: Running) -> None:
    mine = upload(running.here, album_of(running.portraits))
    content = running.portraits.show(picture(99), (4,))
    upload(running.elsewhere, [("other.jpg", content)])
    bare = names_in(running.here.get("/download/zip_all.zip").content)
    assert bare == names_in(running.here.get(mine["zip"]).content)


@settings(max_examples=40)
@given(
    st.text(max_size=40)
    | st.from_regex(
        r"\A(zip|montage|picture)_(face#[0-9]{1,9}|all|in-no-group)(_[0-9]+)?\.[a-z]+\Z"
    )
)
def test_no_name_gets_a_file_that_is_not_the_album_s(
    running: Running, album: Any, file_name: str
) -> None:
    address = quote(file_name, safe="")
    answer = running.here.get(f"/download/{address}", params={"album": album["album"]})
    assert answer.status_code in {200, 404}
    if answer.status_code == 200 and answer.headers["content-type"] != "text/html; charset=utf-8":
        assert answer.headers["content-type"] in {"application/zip", "image/jpeg"}


@pytest.mark.parametrize("album", ["", ".", "..", "../albums", "x" * 43, "%2e%2e"])
def test_an_album_that_is_not_there_is_told_in_one_line(running: Running, album: str) -> None:
    answer = running.here.get("/download/zip_all.zip", params={"album": album})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("there is no such album")


def test_everybody_in_a_picture_is_named_with_box_and_likeliest_people(
    running: Running, learn_in: Callable[..., ModelVersion]
) -> None:
    version = learn_in(running.models, Anna=np.eye(128)[1], Ida=np.eye(128)[2])
    content = running.portraits.show(picture(50), (1, 2, 3))
    told = running.elsewhere.post("/identify", files={"file": ("a.jpg", content)}).json()
    (running.models / "current").unlink()
    assert told["model_version"] == version.id
    assert (told["width"], told["height"]) == (320, 120)
    assert [face["name"] for face in told["faces"]] == ["Anna", "Ida", None]
    assert told["faces"][0]["box"] == {"left": 10, "top": 10, "width": 60, "height": 60}
    assert len(told["faces"]) == len(BOXES)
    for face in told["faces"]:
        assert 0 <= face["probability"] <= 1
        assert {one["name"] for one in face["likeliest"]} == {"Anna", "Ida"}
    assert told["faces"][1]["likeliest"][0]["name"] == "Ida"


def test_before_the_first_model_faces_are_unknown(running: Running) -> None:
    content = running.portraits.show(picture(51), (1,))
    told = running.here.post("/identify", files={"file": ("a.jpg", content)}).json()
    assert told["model_version"] is None
    assert [(face["name"], face["likeliest"]) for face in told["faces"]] == [(None, [])]


@pytest.mark.parametrize(
    ("path", "sent", "status", "reason"),
    [
        ("/identify", {"files": {"file": ("a.jpg", b"no")}}, 422, "a.jpg is no picture"),
        ("/identify", {"files": {"other": ("a.jpg", b"no")}}, 400, "one picture in the field file"),
        ("/identify", {"content": b"no form"}, 400, "multipart/form-data, in the field file"),
        ("/upload-images/", {"content": b"no form"}, 400, "in the field files"),
        ("/upload-images/", {"files": {"x": ("", b"")}}, 400, "no picture in the field files"),
        ("/upload-images/", {"files": {"files": b"x" * (4 << 20)}}, 413, "more than 2 MB"),
        ("/identify", {"files": {"file": ("a.jpg", b"x" * 1_500_000)}}, 422, "larger than 1 MB"),
    ],
)
def test_what_cannot_be_answered_is_told_in_one_line(
    running: Running, path: str, sent: dict[str, Any], status: int, reason: str
) -> None:
    answer = running.here.post(path, **sent)
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert len(answer.json()["detail"].splitlines()) == 1


def test_more_pictures_than_an_album_has_are_refused_one_by_one(running: Running) -> None:
    contents = [(f"{n}.jpg", picture(n)) for n in range(10)]
    told = upload(running.here, contents)
    assert (told["pictures"], len(told["refused"])) == (8, 2)
    assert {"at most 8 pictures" in one["reason"] for one in told["refused"]} == {True}


def test_very_many_more_are_refused_before_all_are_read(running: Running) -> None:
    answer = running.here.post(
        "/upload-images/", files=[("files", (f"{n}.jpg", b"x")) for n in range(81)]
    )
    assert (answer.status_code, "far too many" in answer.text) == (413, True)


def test_a_body_without_a_length_is_read_no_further_than_there_may_be(running: Running) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
        while sent < 64 << 20:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = running.here.post("/upload-images/", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert "more than 2 MB" in answer.json()["detail"]


PART = (
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nno picture\r\n'
)


@settings(max_examples=60)
@given(st.integers(0, len(PART) + 5), st.binary(max_size=12), st.integers(0, 12))
def test_no_damaged_form_is_our_fault_and_none_leaves_a_file(
    running: Running, place: int, put: bytes, cut: int
) -> None:
    form = PART + b"--b--\r\n"
    content = form[:place] + put + form[place + cut :]
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = running.here.post("/upload-images/", content=content, headers=headers)
    assert answer.status_code in {200, 400}
    assert not list(running.albums.glob("incoming-*"))


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "", "x"])
def test_a_form_without_a_boundary_is_refused(running: Running, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert running.here.post("/identify", content=PART, headers=headers).status_code == 400


def test_names_of_uploads_cannot_leave_a_folder(running: Running) -> None:
    content = album_of(running.portraits)[0][1]
    told = upload(running.here, [("../../../../etc/cron.d/evil", content)])
    names = names_in(running.here.get(told["zip"]).content)
    assert "pictures/evil.jpg" in names
    assert not [name for name in names if ".." in name or name.startswith("/")]


def test_ten_uploads_at_once_are_each_answered_with_their_own(running: Running) -> None:
    contents = [album_of(running.portraits, first_shade=100 + 10 * turn) for turn in range(10)]

    def ask(turn: int) -> Any:
        return upload(running.elsewhere, contents[turn])

    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(ask, range(10)))
    assert {one["unique_faces"] for one in told} == {2}
    assert len({one["album"] for one in told}) == 10
    for turn, one in enumerate(told):
        packed = zipfile.ZipFile(io.BytesIO(running.elsewhere.get(one["zip"]).content))
        found = {packed.read(n) for n in packed.namelist() if n.startswith("pictures/")}
        assert found == {content for _, content in contents[turn]}


def test_the_description_has_every_endpoint_with_what_it_takes_and_answers(
    running: Running,
) -> None:
    told = running.here.get("/openapi.json").json()
    assert {"/upload-images/", "/identify", "/download/{file_name}"} <= set(told["paths"])
    form = told["paths"]["/upload-images/"]["post"]["requestBody"]["content"]
    assert form["multipart/form-data"]["schema"]["required"] == ["files"]
    for path in ("/upload-images/", "/identify"):
        answers = told["paths"][path]["post"]["responses"]
        assert {"200", "400", "413"} <= set(answers)
        assert "422" not in answers or "Problem" in str(answers["422"])
    assert "AlbumAnswer" in told["components"]["schemas"]


FORMS = [
    None,
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "application/json",
    "a/b;c",
]


@settings(max_examples=60)
@given(st.data())
def test_whatever_is_sent_gets_an_answer_that_the_description_has(
    running: Running, data: st.DataObject
) -> None:
    described = running.here.get("/openapi.json").json()["paths"]
    path = data.draw(st.sampled_from(sorted(described)))
    method = data.draw(st.sampled_from(sorted(described[path])))
    kind = data.draw(st.sampled_from(FORMS))
    names = st.sampled_from([b"files", b"file", b"x", b""])
    part = PART.replace(b"files", data.draw(names)).replace(b"no picture", data.draw(st.binary()))
    answer = running.elsewhere.request(
        method,
        path.replace("{file_name}", quote(data.draw(st.text(min_size=1)), safe="")),
        params=data.draw(st.dictionaries(st.just("album"), st.text(), max_size=1)),
        content=data.draw(st.binary(max_size=60) | st.just(part + b"--b--\r\n")),
        headers={} if kind is None else {"Content-Type": kind},
    )
    # A name with a slash in it is another address, which is the page's.
    known = {*described[path][method]["responses"], "404" if "{" in path else ""}
    assert str(answer.status_code) in known
    if answer.status_code >= 400 and answer.headers["content-type"] == "application/json":
        assert len(answer.json()["detail"].splitlines()) == 1


@pytest.mark.parametrize(
    ("visitor", "is_told"),
    [
        (Visitor("ann", is_here=False), True),
        (Visitor(None, is_here=True), True),
        (Visitor(None, is_here=False), False),
    ],
)
def test_what_is_wrong_with_this_machine_is_told_to_its_people_alone(
    visitor: Visitor, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    problem = StoreError("the database /home/ann/faceloop.sqlite3 is locked")
    request = Request({"type": "http", "faceloop.visitor": visitor})
    answer = answer_problem(request, problem)
    assert answer.status_code == 503
    assert ("/home/ann" in bytes(answer.body).decode()) is is_told
    assert is_told or "/home/ann" in caplog.text
