"""The tour of a newcomer, walked with mouse and keyboard: from faces to names to a classifier."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, expect

from faceloop.doctor_findings import findings
from faceloop.doctor_gathering import gather
from faceloop.doctor_verdict import Finding, Verdict
from faceloop.sync import connect
from faceloop.workspace import settings_for
from faces.identify import CurrentModel
from faces.records import FaceId, PhotoId
from faces.store import ledger, photos
from faces.studio import Studio
from faces.studio_configs import PHOTOS_CONFIG
from faces.studio_format import photo_task
from scripts.people_page import PeoplePage
from sync.desk import Project
from sync.loop import desk_of, sync_now
from sync.push import plan_only
from tests.live.conftest import environment

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(1200)]

PATIENCE_MS = 30_000
ANSWERS_WITHIN_S = 90
RENAMED_WITHIN_S = 120


def open_pages(loop) -> dict[int, dict[str, Any]]:
    """The data of the People tasks that nobody has answered, those worth most first.

    One that goes away while they are read is none of them.
    """
    with loop.store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PEOPLE).values()
    tasks = [task.task_id for task in pushed if not task.annotated]
    read = {task: loop.studio.task(task) for task in tasks if task is not None}
    pages = {task: found["data"] for task, found in read.items() if found is not None}
    best = sorted(pages, key=lambda task: pages[task]["worth"], reverse=True)
    return {task: pages[task] for task in sorted(best, key=lambda task: is_pair(pages[task]))}


def is_pair(data: dict[str, Any]) -> bool:
    return bool(data["asks"] == "same")


def is_settled(loop) -> bool:
    """Whether Label Studio shows all that follows from what was said."""
    plans = plan_only(loop.store, CurrentModel(loop.workspace / "models"))
    return all(plan.is_empty for plan in plans.values())


def majority(loop, faces: list[FaceId]) -> str:
    """Who most of these faces really are."""
    names = [loop.real_name(face) for face in faces]
    return max(sorted(set(names)), key=names.count)


def confirmed_as(loop, name: str) -> set[FaceId]:
    truth = loop.truth()
    person = truth.person_named(name)
    if person is None:
        return set()
    return {face for face, said in truth.confirmed.items() if said.person == person.id}


@dataclass
class Named:
    """What was said of everybody."""

    faces: dict[str, set[FaceId]] = field(default_factory=lambda: defaultdict(set))
    thrown: FaceId | None = None
    pages: list[str] = field(default_factory=list)
    """How each page asked."""
    left: int = 0
    """How many rows had the right name proposed."""


@pytest.fixture(scope="module")
def named(loop, annotator, wait_for) -> Named:
    """Everybody named, a page at a time, the way a person does it; one face is thrown out."""
    said = Named()
    while pages := open_pages(loop):
        task, data = next(iter(pages.items()))
        annotator.open_page(task)
        answer_page(loop, annotator, data, said)
        annotator.submit()
        wait_for(
            lambda task=task: task not in open_pages(loop) and is_settled(loop),
            within_s=ANSWERS_WITHIN_S,
            what=f"what follows from the answer to task {task}",
        )
    return said


def answer_page(loop, annotator, data: dict[str, Any], said: Named) -> None:
    """Name every row of a page, or say whether its two rows are one person."""
    rows = data.get("rows") or [data["faces"]]
    names = [None if row == [said.thrown] else majority(loop, row) for row in rows]
    said.pages.append(data["asks"])
    if is_pair(data):
        annotator.hand.press("1" if names[0] == names[1] else "2")
        return
    proposed = annotator.hand.called(rows)
    said.left += sum(name == told for name, told in zip(names, proposed, strict=True))
    annotator.hand.call(rows, names)
    if said.thrown is None:
        said.thrown = rows[0][1]
        annotator.hand.click(said.thrown, "w")
    for row, name in zip(rows, names, strict=True):
        if name is not None:
            said.faces[name] |= set(row) - {said.thrown}


def test_everybody_is_named_on_fewer_pages_than_there_are_people(loop, named) -> None:
    for name, faces in named.faces.items():
        assert confirmed_as(loop, name) >= faces
    people = {there.person for page in loop.album.truth.values() for there in page}
    assert len(named.faces) == len(people)
    assert len(named.pages) < len(people) / 2
    assert named.left > 0, "no name was ever proposed"


def test_a_tile_thrown_out_is_said_not_to_be_that_person(loop, named) -> None:
    truth = loop.truth()
    [(face, people)] = truth.rejected.items()
    assert face not in truth.confirmed
    assert {truth.people[person].name for person in people} <= set(named.faces)


def test_the_log_stands_beside_the_database_as_lines(loop, named) -> None:
    lines = (loop.workspace / "confirmations.jsonl").read_text(encoding="utf-8").splitlines()
    told = {json.loads(line).get("face") for line in lines}
    assert told >= set().union(*named.faces.values())


@pytest.fixture(scope="module")
def retrained(loop, named) -> str:
    """The classifier learned from what was named."""
    return loop.faceloop("retrain")


@pytest.fixture(scope="module")
def new_photos(loop, retrained, tmp_path_factory) -> tuple[list[Path], Path]:
    """New photos came in by `faceloop cluster` and `sync`, but for one that is kept back."""
    folder = tmp_path_factory.mktemp("new-photos")
    large, *pushed, kept_back = sorted(loop.album.new_photos.glob("*.jpg"))
    for photo in pushed:
        shutil.copy(photo, folder / photo.name)
    with Image.open(large) as page:
        page.resize((2 * page.width, 2 * page.height)).save(folder / large.name)
    loop.faceloop("cluster", str(folder))
    loop.faceloop("sync")
    return [large, *pushed], kept_back


def truth_of(loop, photo: Path) -> list[str]:
    """The real names on a page, from left to right."""
    there = sorted(loop.album.truth[photo], key=lambda face: face.box.left)
    return [f"{face.name} ({face.person})" for face in there]


def test_a_retrain_learns_everybody(loop, retrained, named) -> None:
    assert "is in use" in retrained
    assert f"{len(named.faces)}" in loop.faceloop("models")


def test_a_new_photo_shows_the_right_names(loop, annotator, new_photos) -> None:
    pushed, _ = new_photos
    with loop.store.read() as connection:
        tasks = ledger.pushed_tasks(connection, Project.PHOTOS)
        files = {
            known.file.path: known.photo
            for known in photos.known_files(connection)
            if known.photo is not None
        }
    for photo in pushed:
        task = tasks[files[photo.name]]
        names = truth_of(loop, photo)
        annotator.open_task(loop.project(Project.PHOTOS), task.task_id, regions=len(names))
        assert sorted(annotator.region_labels()) == sorted(names)


def boxes_of(loop, photo_id: PhotoId) -> dict[FaceId, tuple[int, ...]]:
    with loop.store.read() as connection:
        faces = photos.faces(connection, photo_id)
    return {
        face.id: tuple(map(round, (face.box.left, face.box.top, face.box.width, face.box.height)))
        for face in faces
    }


def test_submitting_a_photo_larger_than_its_preview_moves_no_box(
    loop, annotator, new_photos, wait_for
) -> None:
    (large, *_), _ = new_photos
    with loop.store.read() as connection:
        tasks = ledger.pushed_tasks(connection, Project.PHOTOS)
        known = photos.known_files(connection)
    photo_id = next(one.photo for one in known if one.file.path == large.name)
    before = boxes_of(loop, photo_id)
    annotator.open_task(loop.project(Project.PHOTOS), tasks[photo_id].task_id, regions=len(before))
    annotator.submit()
    named = {face for face in before if face not in loop.truth().confirmed}
    wait_for(
        lambda: named & set(loop.truth().confirmed),
        within_s=ANSWERS_WITHIN_S,
        what="the photo's confirmations",
    )
    assert boxes_of(loop, photo_id) == before


def test_a_photo_without_a_prediction_is_named_by_the_backend(loop, annotator, new_photos) -> None:
    _, kept_back = new_photos
    place = loop.workspace / "media" / "previews" / "kept-back.jpg"
    shutil.copy(kept_back, place)
    project = loop.project(Project.PHOTOS)
    before = predictions_asked(loop)
    data = photo_task(
        PhotoId(""),
        image_url="/data/local-files/?d=previews/kept-back.jpg",
        caption="a photo that faceloop never read",
        people=[person.name for person in loop.truth().people.values()],
        faces=[],
    )
    [task] = loop.studio.import_tasks(project, [{"data": data}])
    names = truth_of(loop, kept_back)
    annotator.open_task(project, task, regions=len(names))
    assert sorted(annotator.region_labels()) == sorted(names)
    assert predictions_asked(loop) == before + 1


def predictions_asked(loop) -> int:
    """How many times Label Studio asked the backend for predictions."""
    secret = {"X-Faceloop-Secret": loop.connection.backend_secret}
    told = requests.get(f"{loop.backend_url}/metrics", headers=secret, timeout=5).text
    found = re.search(r'requests_total\{[^}]*route="predict"[^}]*\} (\d+)', told)
    return int(found[1]) if found else 0


def test_the_app_names_everybody_in_a_new_photo(
    loop, chromium: Browser, new_photos: tuple[list[Path], Path]
) -> None:
    _, photo = new_photos
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(loop.app_url)
    page.locator("#everyone-given input[type=file]").set_input_files(photo)
    shown = page.locator(".fl-faces .fl-name")
    expect(shown).to_have_count(len(loop.album.truth[photo]), timeout=PATIENCE_MS)
    assert sorted(shown.all_inner_texts()) == sorted(truth_of(loop, photo))
    assert all(url.startswith((loop.app_url, "data:", "blob:")) for url in asked)
    page.close()


def test_a_second_sync_has_nothing_to_do(loop, new_photos) -> None:
    loop.faceloop("sync")
    assert is_settled(loop)


def test_a_renamed_person_is_shown_so_on_every_photo_by_itself(
    loop, annotator, named, new_photos, wait_for
) -> None:
    old, new = min(named.faces), "Renée Ødegård"
    with loop.store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PHOTOS).values()
    tasks = [task.task_id for task in pushed if not task.annotated]

    def photos_of(name: str) -> list[tuple[int, int]]:
        """The photos that show a name, and how many faces each."""
        shown = ((task, loop.studio.task(task)["predictions"][-1]["result"]) for task in tasks)
        return [
            (task, len(regions))
            for task, regions in shown
            if any(region["value"]["rectanglelabels"] == [name] for region in regions)
        ]

    before = photos_of(old)
    assert before
    loop.faceloop("rename", old, new)
    wait_for(
        lambda: photos_of(new) == before and not photos_of(old),
        within_s=RENAMED_WITHIN_S,
        what=f"{new} on {len(before)} photos",
    )
    task, faces = before[0]
    annotator.open_task(loop.project(Project.PHOTOS), task, regions=faces)
    assert new in annotator.region_labels()


@pytest.fixture(scope="module")
def tuned(loop, new_photos) -> tuple[str, Path]:
    """What `faceloop retrain --tune-network` says, and the report that it leaves."""
    said = loop.faceloop("retrain", "--tune-network")
    return said, max((loop.workspace / "models" / "reports").glob("*.html"))


def test_tuning_the_network_tries_both_learners_and_says_which_one_names_better(
    loop, tuned
) -> None:
    said, report = tuned
    assert "tuning the face network" in said
    assert re.search("no epoch told unseen faces apart better|the tuned network is", said)
    assert re.search(f"{report.stem} is (not )?in use", said)
    assert report.stem in loop.faceloop("models")
    head, network, centroid = json.loads(report.with_suffix(".json").read_text())["learners"]
    assert head["was_run"]
    assert network["was_run"]
    assert head["is_this"] != network["is_this"]
    assert centroid["figures"]["rank1"]["value"] > 0.9


def test_a_link_of_the_report_leads_to_the_answer_that_named_the_face(
    loop, annotator, tuned
) -> None:
    _, report = tuned
    links = json.loads(report.with_suffix(".json").read_text())["links"]
    asked: list[str] = []
    page = annotator.page.context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    pages = f"{loop.connection.studio_url}/projects/{loop.project(Project.PEOPLE)}/"
    link = page.locator(f'a[href^="{pages}"]').first
    address = link.get_attribute("href")
    with page.context.expect_page() as opened:
        link.click()
    there = PeoplePage(opened.value)
    task = loop.studio.task(int(parse_qs(urlsplit(address).query)["task"][0]))
    there.wait_for_faces(len(task["data"]["faces"]))
    named = {face for face, led in links.items() if led == address}
    assert named <= set(there.labels())
    assert named
    fetched = there.page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert any(task["data"]["montage"] in url for url in fetched), "the page with these faces"
    assert {urlsplit(url).netloc for url in fetched} == {urlsplit(pages).netloc}
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data"}, "of no host at all"
    there.page.close()
    page.close()


# Whatever somebody does to Label Studio, doctor says it, and its remedy mends it.


def troubles(loop, **given: str) -> dict[str, Finding]:
    """What doctor finds wrong."""
    settings = settings_for(loop.workspace, **given)
    found = findings(gather(settings, now=datetime.now(UTC)))
    return {one.check: one for one in found if one.verdict is Verdict.TROUBLE}


def mend(loop) -> None:
    """What `faceloop sync` does."""
    settings = settings_for(loop.workspace)
    desk = desk_of(settings, loop.store)
    with closing(desk.studio):
        sync_now(settings, loop.store, desk, on_progress=lambda *_: None)
        assert connect(settings, desk) is None


def drop_webhook(loop) -> None:
    project = loop.project(Project.PHOTOS)
    for hook in loop.studio._json("GET", "api/webhooks/", params={"project": project}):
        loop.studio._json("DELETE", f"api/webhooks/{hook['id']}/")


def add_webhook_without_secret(loop) -> None:
    """As Label Studio does itself when somebody adds the backend by hand."""
    url = f"{loop.backend_url}/webhook"
    body = {"url": url, "project": loop.project(Project.PEOPLE), "send_for_all_actions": True}
    loop.studio._json("POST", "api/webhooks/", body)


def switch_webhook_off(loop) -> None:
    project = loop.project(Project.PHOTOS)
    for hook in loop.studio._json("GET", "api/webhooks/", params={"project": project}):
        loop.studio._json("PATCH", f"api/webhooks/{hook['id']}/", {"is_active": False})


def drop_backend(loop) -> None:
    for backend in loop.studio.backends(loop.project(Project.PHOTOS)):
        loop.studio._json("DELETE", f"api/ml/{backend.id}")


def drop_storage(loop) -> None:
    project = loop.project(Project.PHOTOS)
    for there in loop.studio._json("GET", "api/storages/localfiles/", params={"project": project}):
        loop.studio._json("DELETE", f"api/storages/localfiles/{there['id']}")


def changed(project: Project, **changes: object) -> Callable[[Any], None]:
    def change(loop) -> None:
        loop.studio._json("PATCH", f"api/projects/{loop.project(project)}/", changes)

    return change


DAMAGE: dict[str, tuple[Callable[[Any], None], set[str]]] = {
    "the webhook is deleted": (drop_webhook, {"Photos webhook"}),
    "a second webhook is made": (add_webhook_without_secret, {"People webhook"}),
    "the webhook is switched off": (switch_webhook_off, {"Photos webhook"}),
    "the backend is removed": (
        drop_backend,
        {"backend, registered"},
    ),
    "live predictions are chosen": (
        changed(Project.PHOTOS, model_version="faceloop"),
        {"Photos predictions"},
    ),
    "predictions are hidden": (
        changed(Project.PEOPLE, show_collab_predictions=False),
        {"People predictions"},
    ),
    "the config is changed": (
        changed(Project.PHOTOS, label_config=PHOTOS_CONFIG.replace('hotkey="j"', 'hotkey="z"')),
        {"Photos config"},
    ),
    "each save waits for a training": (
        changed(Project.PHOTOS, min_annotations_to_start_training=100_000),
        {"Photos saves"},
    ),
    "the storage is removed": (drop_storage, {"Photos pictures", "a picture"}),
}


def test_doctor_finds_nothing_wrong(loop) -> None:
    assert troubles(loop) == {}


@pytest.mark.parametrize("what", DAMAGE)
def test_doctor_says_what_somebody_did_and_a_sync_mends_it(loop, what: str) -> None:
    damage, checks = DAMAGE[what]
    damage(loop)
    found = troubles(loop)
    assert set(found) == checks
    assert all("faceloop sync" in one.remedy for one in found.values())
    mend(loop)
    assert troubles(loop) == {}


@pytest.mark.filterwarnings("ignore:The `parse_obj`:DeprecationWarning")  # in the SDK
def test_doctor_tells_a_wrong_token_and_one_of_a_kind_that_is_let_in_no_more(loop) -> None:
    wrong = troubles(loop, studio_api_key="0" * 40)
    assert list(wrong) == ["token"]
    assert "not let in" in wrong["token"].told
    personal = loop.studio._json("POST", "api/token/", {})["token"]
    assert troubles(loop, studio_api_key=personal) == {}
    loop.studio._json("POST", "api/jwt/settings", {"legacy_api_tokens_enabled": False})
    try:
        found = troubles(loop)
        assert list(found) == ["token"]
        assert "no legacy token" in found["token"].told
        assert troubles(loop, studio_api_key=personal) == {}
    finally:
        with closing(Studio(loop.studio.url, personal)) as studio:
            studio._json("POST", "api/jwt/settings", {"legacy_api_tokens_enabled": True})


def test_doctor_ends_with_1_as_long_as_something_is_wrong(loop) -> None:
    drop_webhook(loop)
    command = [sys.executable, "-m", "faceloop", "doctor", "--json"]
    told = subprocess.run(
        [*command, "--workspace", str(loop.workspace)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (told.returncode, told.stderr) == (1, "")
    [trouble] = [one for one in json.loads(told.stdout)["findings"] if one["remedy"]]
    assert (trouble["check"], trouble["verdict"]) == ("Photos webhook", "trouble")
    assert loop.connection.backend_secret not in told.stdout
    mend(loop)
    assert loop.faceloop("doctor").endswith(", 0 troubles\n")
