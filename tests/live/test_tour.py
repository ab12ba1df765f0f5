"""The tour of a newcomer, walked with mouse and keyboard: from faces to names to a classifier."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, expect

from faces.records import FaceId, PhotoId
from faces.store import ledger, photos
from faces.studio_format import photo_task
from sync.desk import Project

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(1200)]

PATIENCE_MS = 30_000
ANSWERS_WITHIN_S = 90
RENAMED_WITHIN_S = 120


def open_pages(loop) -> dict[int, list[FaceId]]:
    """The People tasks that nobody has answered, and the faces on each, the largest first."""
    with loop.store.read() as connection:
        pushed = ledger.pushed_tasks(connection, Project.PEOPLE).values()
    tasks = [task.task_id for task in pushed if not task.annotated]
    faces = {task: loop.studio.task(task)["data"]["faces"] for task in tasks}
    return dict(sorted(faces.items(), key=lambda item: (-len(item[1]), item[0])))


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


@pytest.fixture(scope="module")
def named(loop, annotator, wait_for) -> dict[str, set[FaceId]]:
    """Everybody named, one group at a time, the way a person does it."""
    given: dict[str, set[FaceId]] = {}
    while pages := open_pages(loop):
        task, faces = next(iter(pages.items()))
        name = majority(loop, faces)
        annotator.open_task(loop.project(Project.PEOPLE), task, regions=len(faces))
        button = annotator.page.get_by_text(re.compile(rf"^{re.escape(name)}(\[\d\])?$"))
        if name in given:
            button.first.click()
        else:
            annotator.type_name(name)
        thrown = faces[1] if not given else None
        if thrown is not None:
            annotator.click_tile(1)
            annotator.page.keyboard.press("w")
        annotator.submit()
        expected = given.setdefault(name, set()) | {face for face in faces if face != thrown}
        given[name] = expected
        wait_for(
            lambda name=name, expected=expected: confirmed_as(loop, name) >= expected,
            within_s=ANSWERS_WITHIN_S,
            what=f"{name}'s confirmations",
        )
        wait_for(
            lambda name=name: all(
                name in [one["value"] for one in loop.studio.task(task)["data"]["people"]]
                for task in open_pages(loop)
            ),
            within_s=ANSWERS_WITHIN_S,
            what=f"{name} among the names on offer",
        )
    return given


def test_groups_are_named_by_typing_and_by_button(loop, named) -> None:
    for name, faces in named.items():
        assert confirmed_as(loop, name) >= faces
    assert len(named) == len({there.person for page in loop.album.truth.values() for there in page})


def test_a_tile_thrown_out_is_said_not_to_be_that_person(loop, named) -> None:
    truth = loop.truth()
    [(face, people)] = truth.rejected.items()
    assert face not in truth.confirmed
    assert {truth.people[person].name for person in people} <= set(named)


def test_the_log_stands_beside_the_database_as_lines(loop, named) -> None:
    lines = (loop.workspace / "confirmations.jsonl").read_text(encoding="utf-8").splitlines()
    told = {json.loads(line).get("face") for line in lines}
    assert told >= set().union(*named.values())


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
    assert f"{len(named)}" in loop.faceloop("models")


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
    said = loop.faceloop("sync", "--dry-run")
    assert re.findall(r"(\d+) new, (\d+) changed, (\d+) to delete", said) == [("0", "0", "0")] * 2


def test_a_renamed_person_is_shown_so_on_every_photo_by_itself(
    loop, annotator, named, new_photos, wait_for
) -> None:
    old, new = min(named), "Renée Ødegård"
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
