from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from starlette.types import ASGIApp, Receive, Scope, Send

from faces.confirmations import FaceVerdict, PersonCreated, PersonMerged, Verdict
from faces.crops import crop_of, crops_in
from faces.errors import FaceloopError
from faces.records import FaceId, PersonId
from faces.store.database import Store
from faces.versions import ModelVersion
from serve.access import Visitor
from serve.example_faces import EXAMPLES, ExampleFaces
from serve.namer import Namer
from serve.naming import Naming
from serve.naming_routes import naming_routes
from serve.parts import Parts
from serve.rest import answer_problem
from serve.rest_answers import identified
from tests.serve.app_parts import opened_parts
from tests.serve.pictures import Portraits, given_in, picture
from tests.serve.test_namer import say

ANNA, ANN = PersonId("anna"), PersonId("ann")
HERE, SIGNED_IN, STRANGER = Visitor(None, True), Visitor("eve", False), Visitor(None, False)


class Visited:
    """Tells the application who asks, as the guard does that lets people sign in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.visitor = HERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["faceloop.visitor"] = self.visitor
        await self.app(scope, receive, send)


@pytest.fixture
def parts(
    models: Any,
    portraits: Portraits,
    store: Store,
    tmp_path: Path,
    learn: Callable[..., ModelVersion],
) -> Iterator[Parts]:
    """The parts over a version that knows the people with the numbers 1 and 2."""
    learn(Anna=np.eye(128)[1], Ida=np.eye(128)[2])
    reader: Any = portraits
    with opened_parts(Namer(models, reader, store), reader, tmp_path, store=store) as parts:
        yield parts


@pytest.fixture
def visited(parts: Parts) -> Visited:
    app = FastAPI()
    app.include_router(naming_routes(parts))
    app.add_exception_handler(FaceloopError, answer_problem)
    return Visited(app)


@pytest.fixture
def client(visited: Visited) -> TestClient:
    return TestClient(visited)


@pytest.fixture
def naming(parts: Parts, portraits: Portraits, tmp_path: Path) -> Naming:
    contents = [
        ("=party.jpg", portraits.show(picture(1), (1, 2))),
        ("party.png", portraits.show(picture(2), (3,))),
    ]
    return parts.namings.name(given_in(tmp_path / "given", contents))


def confirm(store: Store, crops: Path, *faces: str) -> None:
    """Say that these faces are Anna's, and cut them out."""
    for face in faces:
        say(store, FaceVerdict(FaceId(face), Verdict.IS, ANNA))
        place = crop_of(crops, FaceId(face))
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(place)


def test_the_json_of_a_picture_is_what_identify_answers(
    client: TestClient, naming: Naming, parts: Parts, tmp_path: Path
) -> None:
    answer = client.get("/named/faces_1.json", params={"naming": naming.id})
    content = (tmp_path / "given" / "given-0").read_bytes()
    expected = identified(parts.namer.name_all(content, called="a.jpg"))
    assert answer.json().keys() == expected.model_dump().keys()
    assert [one["name"] for one in answer.json()["faces"]] == ["Anna", "Ida"]
    assert answer.json()["width"] == expected.width
    assert "party-named.json" in answer.headers["content-disposition"]


def test_a_picture_with_names_is_called_after_the_picture(
    client: TestClient, naming: Naming
) -> None:
    answer = client.get("/named/picture_2.jpg", params={"naming": naming.id})
    assert Image.open(io.BytesIO(answer.content)).size == (960, 360)
    assert "party-named.jpg" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"


def test_everything_is_in_one_zip_in_which_nothing_can_run(
    client: TestClient, naming: Naming
) -> None:
    answer = client.get("/named/all.zip", params={"naming": naming.id})
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.namelist() == [
        "faces.json",
        "faces.csv",
        "pictures/=party-named.jpg",
        "pictures/party-named.jpg",
    ]
    first, second, third = csv.DictReader(io.StringIO(packed.read("faces.csv").decode("utf-8-sig")))
    assert (first["picture"], first["face"], first["name"]) == ("'=party.jpg", "1", "Anna")
    assert second["name"] == "Ida"
    assert (third["picture"], third["name"]) == ("party.jpg", "")
    told = json.loads(packed.read("faces.json"))
    assert [len(one["faces"]) for one in told] == [2, 1]


@pytest.mark.parametrize(
    "file", ["picture_3.jpg", "face_1_3.jpg", "face_1_0.jpg", "faces_9.json", "pictures/1", "x"]
)
def test_what_is_not_there_is_not_found(client: TestClient, naming: Naming, file: str) -> None:
    assert client.get(f"/named/{file}", params={"naming": naming.id}).status_code == 404


@pytest.mark.parametrize("guessed", ["", "x", "../albums"])
def test_without_its_id_no_picture_is_found(
    client: TestClient, naming: Naming, guessed: str
) -> None:
    assert client.get("/named/picture_1.jpg", params={"naming": guessed}).status_code == 404
    assert client.get("/named/picture_1.jpg").status_code == 404


@pytest.mark.parametrize(("visitor", "status"), [(HERE, 200), (SIGNED_IN, 200), (STRANGER, 404)])
def test_example_faces_are_for_people_at_this_machine_and_for_those_who_signed_in(
    visited: Visited,
    client: TestClient,
    store: Store,
    tmp_path: Path,
    visitor: Visitor,
    status: int,
) -> None:
    say(store, PersonCreated(ANNA, "Anna"))
    confirm(store, crops_in(tmp_path), "f0001")
    visited.visitor = visitor
    assert client.get("/example/f0001.jpg").status_code == status


def test_no_face_is_an_example_that_nobody_confirmed(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    say(store, PersonCreated(ANNA, "Anna"))
    confirm(store, crops_in(tmp_path), "f0001")
    say(store, FaceVerdict(FaceId("f0001"), Verdict.STRANGER))
    assert client.get("/example/f0001.jpg").status_code == 404
    assert client.get("/example/..%2Ff0001.jpg").status_code == 404


def test_examples_of_a_person_are_the_faces_confirmed_last_that_can_be_shown(
    store: Store, tmp_path: Path
) -> None:
    say(store, PersonCreated(ANNA, "Anna"), PersonCreated(ANN, "Ann"))
    confirm(store, tmp_path, "f0001", "f0002", "f0003", "f0004", "f0005")
    crop_of(tmp_path, FaceId("f0005")).unlink()
    examples = ExampleFaces(store, tmp_path)
    assert examples.of(ANNA) == ("f0004", "f0003", "f0002")[:EXAMPLES]
    assert examples.of(ANN) == ()
    say(store, PersonMerged(ANN, ANNA))
    assert examples.of(ANN) == examples.of(ANNA)
    assert ExampleFaces(None, tmp_path).of(ANNA) == ()


def test_the_header_is_told_anew_to_a_page_that_stays_open(
    client: TestClient, learn: Callable[..., ModelVersion]
) -> None:
    first = client.get("/header").text
    version = learn(Cleo=np.eye(128)[1])
    assert version.id not in first
    assert version.id in client.get("/header").text
