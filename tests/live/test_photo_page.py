"""A photo's page in the real browser: it is turned by a key, a box just drawn gets a name, and what
visitors of the app give arrives.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import FilePayload, expect

from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict
from faces.records import Face, FaceId, PersonId, Photo, PhotoId
from faces.showing import BY_VISITOR
from faces.store import clusters, given, ledger, log, photos
from faces.store.ledger import PushedTask
from scripts.people_page import NAME_FIELD, PATIENCE_MS
from sync.desk import Project
from tests.live.conftest import Annotator, Loop

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(900)]

WITHIN_S = 120
ZOE = PersonId("p-zoe")
TURNS = {"j": "Turn left", "l": "Turn right", "i": "Upside down"}
SERIALIZED = "Htx.annotationStore.selected.serializeAnnotation()"
Wait = Callable[..., Any]


def photo_of(loop: Loop, name: str) -> Photo:
    with loop.store.read() as connection:
        known = photos.known_files(connection)
        found = next(one.photo for one in known if one.file.path == name)
        photo = photos.photo(connection, found)
    assert photo is not None
    return photo


def faces_of(loop: Loop, photo: PhotoId) -> dict[FaceId, Face]:
    with loop.store.read() as connection:
        return {face.id: face for face in photos.faces(connection, photo)}


def tasks_of(loop: Loop, photo: PhotoId) -> list[PushedTask]:
    """The Photos tasks of a photo, oldest first."""
    with loop.store.read() as connection:
        tasks = ledger.pushed_tasks(connection, Project.PHOTOS)
    ours = [task for key, task in tasks.items() if key[:32] == photo[:32] and task.task_id]
    return sorted(ours, key=lambda task: task.task_id or 0)


def name(loop: Loop, face: FaceId, person: str) -> None:
    words = [PersonCreated(ZOE, person), FaceVerdict(face, Verdict.IS, ZOE)]
    with loop.store.write() as connection:
        log.append(connection, Occasion("somebody", datetime.now(UTC), f"test:{face}"), words)


def middle(face: Face, width_px: float, height_px: float) -> tuple[float, float]:
    box = face.box
    return (box.left + box.right) / 2 / width_px, (box.top + box.bottom) / 2 / height_px


@pytest.fixture(scope="module")
def lying(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Photo:
    """A page of the album that lies on its right side, the surest face in it named."""
    folder = tmp_path_factory.mktemp("lying")
    with Image.open(min(loop.album.photos.glob("*.jpg"))) as page:
        page.transpose(Image.Transpose.ROTATE_270).save(folder / "lying.jpg", quality=95)
    loop.faceloop("cluster", str(folder))
    photo = photo_of(loop, "lying.jpg")
    surest = max(faces_of(loop, photo.id).values(), key=lambda face: face.score)
    name(loop, surest.id, "Zoë")
    loop.faceloop("sync")
    return photo


@pytest.fixture
def opened(loop: Loop, annotator: Annotator, lying: Photo) -> Iterator[Annotator]:
    """The page of the photo that lies, opened, without a draft of what was tried before."""
    task = tasks_of(loop, lying.id)[0].task_id
    assert task is not None
    for draft in loop.studio.task(task)["drafts"]:
        loop.studio._json("DELETE", f"api/drafts/{draft['id']}/")
    annotator.open_task(loop.project(Project.PHOTOS), task, regions=len(faces_of(loop, lying.id)))
    yield annotator
    annotator.page.evaluate("Htx.setAutoAnnotation(false)")


def turned_to(annotator: Annotator) -> list[str]:
    return [
        choice
        for one in annotator.page.evaluate(SERIALIZED)
        if one["from_name"] == "turn"
        for choice in one["value"]["choices"]
    ]


@pytest.mark.parametrize("auto_annotation", [False, True])
@pytest.mark.parametrize("is_chosen", [False, True])
def test_each_key_turns_and_takes_that_back(
    opened: Annotator, auto_annotation: bool, is_chosen: bool
) -> None:
    opened.page.evaluate(f"Htx.setAutoAnnotation({str(auto_annotation).lower()})")
    if is_chosen:
        opened.page.locator(".lsf-outliner-item__title").first.click()
        expect(opened.page.get_by_placeholder(NAME_FIELD)).to_be_visible()
    for key, turn in TURNS.items():
        for expected in ([turn], []):
            opened.page.keyboard.press(key)
            opened.page.wait_for_timeout(150)
            assert turned_to(opened) == expected
    labels = {one["from_name"] for one in opened.page.evaluate(SERIALIZED)}
    assert labels == {"face"}, "the keys did nothing else"


def test_no_key_turns_while_a_name_is_typed(opened: Annotator) -> None:
    opened.page.locator(".lsf-outliner-item__title").first.click()
    opened.page.get_by_placeholder(NAME_FIELD).click()
    opened.page.keyboard.type("jli")
    assert opened.page.get_by_placeholder(NAME_FIELD).input_value() == "jli"
    assert turned_to(opened) == []


def test_a_photo_is_turned_by_a_key_and_back_by_taking_the_answer_back(
    loop: Loop, opened: Annotator, lying: Photo, wait_for: Wait
) -> None:
    before = faces_of(loop, lying.id)
    [named] = before.keys() & loop.truth().confirmed.keys()
    across, down = middle(before[named], lying.width_px, lying.height_px)
    opened.page.keyboard.press("j")
    opened.submit()
    wait_for(
        lambda: len(tasks_of(loop, lying.id)) == 2,
        within_s=WITHIN_S,
        what="the turned photo's task",
    )
    answered, fresh = tasks_of(loop, lying.id)
    upright = photo_of(loop, "lying.jpg")
    assert (upright.turned, upright.width_px, upright.height_px) == (3, 1280, 960)
    found = faces_of(loop, lying.id)
    assert len(found) > len(before), "faces that were not seen lying"
    assert middle(found[named], 1280, 960) == pytest.approx((down, 1 - across), abs=0.05)
    assert fresh.task_id is not None
    opened.open_task(loop.project(Project.PHOTOS), fresh.task_id, regions=len(found))
    assert "Zoë" in opened.region_labels()
    canvas = opened.page.locator("canvas").first.bounding_box()
    assert canvas is not None
    assert canvas["width"] > canvas["height"]

    assert answered.task_id is not None
    [annotation] = loop.studio.task(answered.task_id)["annotations"]
    loop.studio._json("DELETE", f"api/annotations/{annotation['id']}/")
    wait_for(
        lambda: len(tasks_of(loop, lying.id)) == 1, within_s=WITHIN_S, what="the task as it was"
    )
    assert photo_of(loop, "lying.jpg") == lying
    assert faces_of(loop, lying.id) == before
    opened.open_task(loop.project(Project.PHOTOS), answered.task_id, regions=len(before))
    assert "Zoë" in opened.region_labels()


@pytest.mark.parametrize("is_on_offer", [True, False])
def test_a_box_just_drawn_is_named_before_there_is_a_model(
    loop: Loop, annotator: Annotator, lying: Photo, wait_for: Wait, is_on_offer: bool
) -> None:
    page = photo_of(loop, min(loop.album.photos.glob("*.jpg")).name)
    there = faces_of(loop, page.id)
    face = min(there.values(), key=lambda one: one.box.left)
    name(loop, face.id, "Zoë")
    [task] = [task.task_id for task in tasks_of(loop, page.id)]
    assert task is not None
    offered = [{"value": one} for one in (["Zoë"] if is_on_offer else []) + ["Unknown"]]
    wait_for(
        lambda: "Zoë" in str(loop.studio.task(task)["predictions"]), within_s=WITHIN_S, what="Zoë"
    )
    loop.studio.update_task(task, loop.studio.task(task)["data"] | {"people": offered})
    for draft in loop.studio.task(task)["drafts"]:
        loop.studio._json("DELETE", f"api/drafts/{draft['id']}/")
    annotator.open_task(loop.project(Project.PHOTOS), task, regions=len(there))
    browser = annotator.page
    browser.evaluate("Htx.setAutoAnnotation(true); Htx.setAutoAcceptSuggestions(true)")
    browser.locator(".lsf-label", has_text="Unknown").first.click()
    browser.keyboard.press("m")
    before = {one["id"] for one in browser.evaluate(SERIALIZED)}
    began = time.monotonic()
    with browser.expect_response(lambda answer: "interactive-annotating" in answer.url):
        _draw(annotator, face, page)
    waited_s = time.monotonic() - began
    browser.wait_for_function(
        f"""before => {SERIALIZED}.some(one => !before.includes(one.id)
             && JSON.stringify(one.value).includes("Zoë"))""",
        arg=sorted(before),
    )
    new = [one for one in browser.evaluate(SERIALIZED) if one["id"] not in before]
    assert len({one["id"] for one in new}) == 1, "the boxes that were there are left alone"
    values = {one["from_name"]: one["value"] for one in new}
    if is_on_offer:
        assert values["face"]["rectanglelabels"] == ["Zoë"]
    else:
        assert values["new_name"]["text"] == ["Zoë"]
    assert waited_s < 5
    browser.evaluate("Htx.setAutoAnnotation(false)")


def _draw(annotator: Annotator, face: Face, photo: Photo) -> None:
    """Draw a box a little larger than a face's."""
    canvas = annotator.page.locator("canvas").first.bounding_box()
    assert canvas is not None
    scale = canvas["width"] / photo.width_px
    mouse = annotator.page.mouse
    mouse.move(canvas["x"] + scale * (face.box.left - 8), canvas["y"] + scale * (face.box.top - 8))
    mouse.down()
    mouse.move(
        canvas["x"] + scale * (face.box.right + 8),
        canvas["y"] + scale * (face.box.bottom + 8),
        steps=8,
    )
    mouse.up()


def mirrored(loop: Loop, place: int) -> bytes:
    """A picture that is no photo of the project, with faces in it."""
    content = io.BytesIO()
    with Image.open(sorted(loop.album.photos.glob("*.jpg"))[place]) as page:
        ImageOps.mirror(page).save(content, format="JPEG", quality=92)
    return content.getvalue()


def task_with(loop: Loop, content: bytes, wait_for: Wait) -> dict[str, Any]:
    """The task of a picture that was given, once there is one, with all its faces."""
    photo = PhotoId(hashlib.sha256(content).hexdigest())
    wait_for(lambda: tasks_of(loop, photo), within_s=WITHIN_S, what="the task of what was given")
    [task] = [task.task_id for task in tasks_of(loop, photo)]
    assert task is not None
    found: dict[str, Any] = loop.studio.task(task)
    [prediction] = found["predictions"]
    shown = {region["id"] for region in prediction["result"]}
    assert shown == faces_of(loop, photo).keys() != set()
    return found


def test_an_album_that_is_sent_from_the_app_is_there_and_grouped_in_seconds(
    loop: Loop, wait_for: Wait
) -> None:
    content = mirrored(loop, 1)
    files = [("files", ("holiday.jpg", content))]
    album = loop.http.post(f"{loop.app_url}/upload-images/", files=files).json()["album"]
    sent = loop.http.post(f"{loop.app_url}/albums/{album}/send").json()
    assert (sent["added"], sent["known"]) == (1, 0)
    assert sent["studio"].startswith(loop.connection.studio_url)
    task = task_with(loop, content, wait_for)
    assert task["data"]["caption"].endswith("/holiday.jpg")
    with loop.store.read() as connection:
        assert not given.waits_to_be_grouped(connection)
        grouped = {face for one in clusters.clusters(connection) for face in one.faces}
    assert grouped & faces_of(loop, task["data"]["photo"]).keys()


def test_what_a_visitor_suggests_stands_in_the_photos_task_and_counts_for_nothing(
    loop: Loop, annotator: Annotator, wait_for: Wait
) -> None:
    before, content = loop.truth(), mirrored(loop, 2)
    page = annotator.page
    page.goto(loop.app_url)
    page.locator("#everyone-given input[type=file]").set_input_files(
        FilePayload(name="party.jpg", mimeType="image/jpeg", buffer=content)
    )
    face = page.locator(".fl-face-row").first
    face.locator("summary").first.click(timeout=PATIENCE_MS)
    face.locator(".fl-mend > summary").click()
    face.locator("input[name=name]").fill("Mia Nova")
    face.locator("input[name=name]").press("Enter")
    told = face.get_by_role("status")
    expect(told).to_contain_text("Annotators see your suggestion: this is Mia Nova")
    expect(told.get_by_role("link", name="Open Label Studio")).to_be_visible()
    task = task_with(loop, content, wait_for)
    assert "a visitor of the app says: face 1 from the left: Mia Nova" in task["data"]["caption"]
    notes = [region.get("meta") for region in task["predictions"][0]["result"]]
    assert {"text": [f"{BY_VISITOR}: Mia Nova"]} in notes
    regions = len(faces_of(loop, task["data"]["photo"]))
    annotator.open_task(loop.project(Project.PHOTOS), task["id"], regions=regions)
    expect(annotator.page.get_by_text("Mia Nova").first).to_be_visible()
    assert loop.truth() == before
