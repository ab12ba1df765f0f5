from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend import predictor as predictor_module
from faces.confirmations import FaceVerdict, PersonMerged, PersonRenamed, Verdict
from faces.pictures import OpenPhoto
from faces.records import Box, FloatRows, PersonId, PhotoId, Pixels, Proposal
from faces.showing import BY_VISITOR, FIRST_ROUND
from faces.store import clusters
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from faces.store.suggestions import suggest
from faces.suggestions import Suggestion
from tests.backend.conftest import World, direction, names, picture, task

ANNA, BO, NOBODY = direction(0), direction(1), direction(5)


def box_px(region: dict[str, Any]) -> list[float]:
    """left, top, width, height in pixels of the size that the region tells."""
    width_px, height_px, value = (
        region["original_width"],
        region["original_height"],
        region["value"],
    )
    shares = (value["x"], value["y"], value["width"], value["height"])
    sizes = (width_px, height_px, width_px, height_px)
    return [round(share * size / 100, 6) for share, size in zip(shares, sizes, strict=True)]


def context(*regions: dict[str, Any]) -> dict[str, Any]:
    return {"result": list(regions)}


def drawn(region: str = "zz", *, width_px: int = 100, height_px: int = 50) -> dict[str, Any]:
    return {
        "id": region,
        "type": "rectanglelabels",
        "original_width": width_px,
        "original_height": height_px,
        "image_rotation": 0,
        "value": {"x": 10, "y": 20, "width": 40, "height": 60, "rectanglelabels": ["Unknown"]},
        "from_name": "face",
        "to_name": "image",
        "origin": "manual",
    }


def test_nothing_asked_nothing_answered(world: World) -> None:
    assert world.predictor().predict([]) == []


def test_before_any_round_the_version_has_a_name_already(world: World) -> None:
    assert world.predictor().version() == FIRST_ROUND


def test_the_version_is_the_current_round(world: World) -> None:
    predictor = world.predictor()
    world.begin_round("faceloop-0003")
    assert predictor.version() == "faceloop-0003"
    photo, _ = world.add_photo(1, ANNA)
    assert predictor.predict([task(photo)])[0]["model_version"] == "faceloop-0003"


def test_a_known_photo_is_named_from_the_store_without_its_picture(world: World) -> None:
    photo, faces = world.add_photo(1, ANNA, BO, NOBODY, width_px=1000, height_px=800)
    world.learn(Anna=ANNA, Bo=BO)
    [answer] = world.predictor().predict([task(photo)])
    assert names(answer) == ["Anna", "Bo", "Unknown"]
    assert [region["id"] for region in answer["result"]] == faces
    assert box_px(answer["result"][1]) == [110, 40, 80, 90]
    assert world.reader.photos_read == 0
    assert not world.studio.calls


def test_known_and_new_photos_are_answered_in_the_order_of_the_tasks(world: World) -> None:
    first, _ = world.add_photo(1, ANNA)
    second, _ = world.add_photo(2, BO)
    world.learn(Anna=ANNA, Bo=BO)
    world.reader.found = [(Box(1, 2, 30, 40), ANNA), (Box(50, 2, 30, 40), BO)]
    url = world.serve_picture("new.png")
    tasks = [task(second), task(url=url), task(first), task(second), task(url=url)]
    answers = world.predictor().predict(tasks)
    assert [names(one) for one in answers] == [
        ["Bo"], ["Anna", "Bo"], ["Anna"], ["Bo"], ["Anna", "Bo"],
    ]  # fmt: skip


def test_a_photo_whose_content_the_store_does_not_hold_is_read_from_its_picture(
    world: World,
) -> None:
    world.learn(Anna=ANNA)
    world.reader.found = [(Box(16, 12, 32, 24), ANNA)]
    url = world.serve_picture("new.png", picture(160, 120))
    [answer] = world.predictor().predict([task("f" * 64, url)])
    assert names(answer) == ["Anna"]
    assert box_px(answer["result"][0]) == [16, 12, 32, 24]


def test_what_people_said_beats_what_the_model_says(world: World) -> None:
    photo, faces = world.add_photo(1, ANNA, ANNA, ANNA, ANNA, BO)
    world.learn(Anna=ANNA, Bo=BO)
    confirmed, no_face, stranger, not_her, merged = faces
    world.confirm(confirmed, "Cleo")
    world.say(
        FaceVerdict(no_face, Verdict.NOT_A_FACE),
        FaceVerdict(stranger, Verdict.STRANGER),
        FaceVerdict(not_her, Verdict.IS_NOT, PersonId("anna")),
        PersonMerged(PersonId("bo"), PersonId("cleo")),
        PersonRenamed(PersonId("cleo"), "Cléo"),
    )
    [answer] = world.predictor().predict([task(photo)])
    assert {region["id"]: name for region, name in zip(
        answer["result"], names(answer), strict=True
    )} == {confirmed: "Cléo", stranger: "Unknown", not_her: "Unknown", merged: "Cléo"}  # fmt: skip
    assert answer["result"][0]["score"] == 1.0


def test_what_a_visitor_of_the_app_suggests_is_answered_as_it_is_pushed(world: World) -> None:
    photo, [first, second] = world.add_photo(1, ANNA, BO)
    world.learn(Anna=ANNA, Bo=BO)
    said_at = datetime(2026, 3, 1, tzinfo=UTC)
    with world.store.write() as connection:
        suggest(connection, Suggestion("s1", first, Verdict.IS, said_at, "Mia"))
        suggest(connection, Suggestion("s2", second, Verdict.IS_NOT, said_at, "Bo"))
    [answer] = world.predictor().predict([task(photo)])
    assert names(answer) == ["Unknown", "Unknown"]
    notes = [region["meta"]["text"] for region in answer["result"]]
    assert notes == [[f"{BY_VISITOR}: Mia"], [f"{BY_VISITOR}: not Bo"]]


def test_before_the_first_model_the_clusters_proposals_are_answered(world: World) -> None:
    photo, faces = world.add_photo(1, ANNA, BO)
    _, [elsewhere] = world.add_photo(2, ANNA)
    world.confirm(elsewhere, "Anna")
    with world.store.write() as connection:
        clusters.replace_proposals(
            connection, [Proposal(faces[0], PersonId("anna"), 0.8, "dbscan-1")]
        )
    [answer] = world.predictor().predict([task(photo)])
    assert names(answer) == ["Anna", "Unknown"]


def test_somebody_named_since_the_last_retrain_is_answered_as_they_were_pushed(
    world: World,
) -> None:
    photo, faces = world.add_photo(1, ANNA, BO)
    _, [elsewhere, hers] = world.add_photo(2, BO, ANNA)
    world.learn(Anna=ANNA)
    world.confirm(elsewhere, "Bo")
    world.confirm(hers, "Anna")
    pushed = [Proposal(face, PersonId("bo"), 0.8, "people-1") for face in faces]
    with world.store.write() as connection:
        clusters.replace_proposals(connection, pushed)
    [answer] = world.predictor().predict([task(photo)])
    assert names(answer) == ["Anna", "Bo"], "whom the model knows it names by itself"


def test_whoever_was_taken_back_is_named_no_more(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA, BO)
    _, [of_anna, of_bo] = world.add_photo(2, ANNA, BO)
    world.confirm(of_anna, "Anna")
    world.confirm(of_bo, "Bo")
    world.learn(Anna=ANNA, Bo=BO)
    predictor, url = world.predictor(), world.serve_picture("seen.png")
    world.reader.row_drawn = BO
    assert names(predictor.predict([task(photo)])[0]) == ["Anna", "Bo"]
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Bo"]
    world.say(FaceVerdict(of_bo, Verdict.STRANGER))
    assert names(predictor.predict([task(photo)])[0]) == ["Anna", "Unknown"]
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Unknown"]
    world.say(FaceVerdict(of_anna, Verdict.STRANGER))
    assert names(predictor.predict([task(photo)])[0]) == ["Unknown", "Unknown"]
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Unknown"]


def test_whoever_was_taken_back_is_named_no_more_though_that_was_pushed_before(
    world: World,
) -> None:
    photo, [_, pushed] = world.add_photo(1, ANNA, BO)
    _, [of_anna, of_bo] = world.add_photo(2, ANNA, BO)
    world.confirm(of_anna, "Anna")
    world.confirm(of_bo, "Bo")
    with world.store.write() as connection:
        clusters.replace_proposals(connection, [Proposal(pushed, PersonId("bo"), 0.9, "people-1")])
    predictor = world.predictor()
    assert names(predictor.predict([task(photo)])[0]) == ["Unknown", "Bo"]
    world.say(FaceVerdict(of_bo, Verdict.STRANGER))
    assert names(predictor.predict([task(photo)])[0]) == ["Unknown", "Unknown"]
    world.learn(Anna=ANNA, Bo=BO)
    assert names(predictor.predict([task(photo)])[0]) == ["Anna", "Unknown"]


def test_a_new_model_is_used_without_a_restart(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA)
    predictor = world.predictor()
    assert names(predictor.predict([task(photo)])[0]) == ["Unknown"]
    version = world.learn(Anna=ANNA)
    assert names(predictor.predict([task(photo)])[0]) == ["Anna"]
    assert predictor.model == version.id


def test_a_photo_without_faces_is_answered_empty(world: World) -> None:
    photo, _ = world.add_photo(1)
    world.learn(Anna=ANNA)
    assert world.predictor().predict([task(photo)])[0]["result"] == []


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [(b"no picture", 200, "picture"), (b"", 200, "picture"), (b"", 404, "media")],
)
def test_a_broken_picture_takes_nothing_from_the_good_ones(
    world: World, content: bytes, status: int, kind: str
) -> None:
    photo, _ = world.add_photo(1, ANNA)
    world.learn(Anna=ANNA)
    world.reader.found = [(Box(16, 12, 32, 24), ANNA)]
    good = world.serve_picture("good.png")
    bad = world.serve_picture("bad.png", content, status)
    predictor = world.predictor()
    answers = predictor.predict([task(url=good), task(url=bad), task(photo)])
    assert [names(one) for one in answers] == [["Anna"], [], ["Anna"]]
    assert answers[1] is None
    assert predictor.counters.count("failures_total", kind=kind) == 1


def test_an_error_that_nobody_thought_of_takes_nothing_from_the_other_tasks(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    photo, _ = world.add_photo(1, ANNA)

    def stumble(opened: OpenPhoto) -> ReadPhoto:
        raise KeyError("nose")

    monkeypatch.setattr(world.reader, "read", stumble)
    predictor = world.predictor()
    answers = predictor.predict([task(url=world.serve_picture("new.png")), task(photo)])
    assert [names(one) for one in answers] == [[], ["Unknown"]]
    assert predictor.counters.count("failures_total", kind="bug") == 1
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    "nonsense",
    [
        None, 3, "task", [], {}, {"data": None}, {"data": []}, {"data": {}}, {"data": {"photo": 7}},
        {"data": {"photo": "\ud800" * 64, "image": "\ud800"}}, {"data": {"image": {"a": 1}}},
    ],
)  # fmt: skip
def test_a_task_that_makes_no_sense_gets_no_answer(world: World, nonsense: object) -> None:
    photo, _ = world.add_photo(1, ANNA)
    world.learn(Anna=ANNA)
    answers = world.predictor().predict([nonsense, task(photo)])
    assert [names(one) for one in answers] == [[], ["Anna"]]


def test_what_is_not_ready_in_time_gets_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, _ = world.add_photo(1, ANNA)
    world.learn(Anna=ANNA)
    go_on = threading.Event()
    read = world.reader.read

    def read_late(opened: OpenPhoto) -> ReadPhoto:
        go_on.wait(10)
        return read(opened)

    monkeypatch.setattr(world.reader, "read", read_late)
    predictor = world.predictor(predict_s=0.05)
    new = task(url=world.serve_picture("new.png"))
    answers = predictor.predict([new, new, task(photo)])
    go_on.set()
    assert [names(one) for one in answers] == [[], [], ["Anna"]]
    assert predictor.counters.count("failures_total", kind="late") == 2


def test_a_store_that_does_not_answer_leaves_no_answers_and_the_last_round(
    world: World, tmp_path: Path
) -> None:
    world.begin_round("faceloop-0002")
    predictor = world.predictor()
    predictor.version()
    world.store.close()
    (tmp_path / "faceloop.sqlite3").write_bytes(b"no database" * 100)
    answers = predictor.predict([task("1" * 64), task()])
    assert answers == [None, None]
    assert predictor.version() == "faceloop-0002"
    assert predictor.counters.count("failures_total", kind="store") >= 2


def test_a_model_of_another_network_is_counted_and_names_nobody(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA)
    world.learn(network="another", Anna=ANNA)
    predictor = world.predictor()
    assert predictor.predict([task(photo)]) == [None]
    assert predictor.counters.count("failures_total", kind="setup") == 1


def test_a_name_appears_in_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="backend")
    photo, [face] = world.add_photo(1, ANNA)
    world.confirm(face, "Zenobia")
    predictor = world.predictor()
    predictor.predict([task(photo), task(url="/data/upload/1/Zenobia.jpg"), task(url="x")])
    assert caplog.records
    assert "Zenobia" not in caplog.text


def test_a_drawn_box_comes_back_with_a_name_under_the_same_region(world: World) -> None:
    world.learn(Anna=ANNA)
    url = world.serve_picture("seen.png", picture(200, 100))
    answer = world.predictor().interactive(task(url=url), context(drawn("zz")))
    assert [region["id"] for region in answer["result"]] == ["zz"]
    assert names(answer) == ["Anna"]
    assert box_px(answer["result"][0]) == [10, 10, 40, 30]
    assert world.reader.boxes_drawn == [Box(20, 20, 80, 60)], "in the picture's own pixels"
    assert world.reader.photos_read == 0, "nobody looked for faces"


def test_drawing_a_second_box_fetches_no_second_picture(world: World) -> None:
    world.learn(Anna=ANNA)
    url = world.serve_picture("seen.png")
    predictor = world.predictor()
    for region in ("a", "b"):
        predictor.interactive(task(url=url), context(drawn(region)))
    assert len(world.studio.calls) == 1


def test_several_boxes_of_one_region_id_are_all_answered(world: World) -> None:
    world.learn(Anna=ANNA)
    url = world.serve_picture("seen.png")
    answer = world.predictor().interactive(task(url=url), context(drawn("a"), drawn("a")))
    assert names(answer) == ["Anna", "Anna"]


def test_a_drawn_box_is_named_before_the_first_model(world: World) -> None:
    _, [face, _] = world.add_photo(1, ANNA, BO)
    world.confirm(face, "Anna")
    url = world.serve_picture("seen.png")
    answer = world.predictor().interactive(task(url=url), context(drawn("zz")))
    assert names(answer) == ["Anna"]
    assert 0.5 < answer["score"] <= 1


def test_a_drawn_box_is_named_after_whoever_was_named_since_the_model(world: World) -> None:
    _, [face, hers] = world.add_photo(1, BO, ANNA)
    world.confirm(hers, "Anna")
    world.learn(Anna=ANNA)
    predictor, url = world.predictor(), world.serve_picture("seen.png")
    world.reader.row_drawn = BO
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Unknown"]
    world.confirm(face, "Bo")
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Bo"]
    world.reader.row_drawn = ANNA
    assert names(predictor.interactive(task(url=url), context(drawn()))) == ["Anna"]


def test_a_drawn_box_like_nobody_is_unknown(world: World) -> None:
    _, [face] = world.add_photo(1, ANNA)
    world.confirm(face, "Anna")
    world.reader.row_drawn = NOBODY
    url = world.serve_picture("seen.png")
    answer = world.predictor().interactive(task(url=url), context(drawn()))
    assert (names(answer), answer["score"]) == (["Unknown"], 0.0)


def test_a_name_that_the_task_does_not_offer_is_filled_in_for_a_drawn_box(world: World) -> None:
    _, [face] = world.add_photo(1, ANNA)
    world.confirm(face, "Zoë")
    url = world.serve_picture("seen.png")
    box, typed = world.predictor().interactive(task(url=url), context(drawn("zz")))["result"]
    assert box["value"]["rectanglelabels"] == ["Unknown"]
    assert (typed["id"], typed["value"]["text"]) == ("zz", ["Zoë"])


@pytest.mark.parametrize("shown", range(4))
def test_a_task_that_shows_a_photo_otherwise_gets_its_boxes_as_they_are_there(
    world: World, shown: int
) -> None:
    photo, _ = world.add_photo(1, ANNA)
    lies = task(photo)
    lies["data"] |= {"turned": shown}
    [upright, answer] = world.predictor().predict([task(photo), lies])
    assert box_px(upright["result"][0]) == [10, 40, 80, 90]
    expected = {
        0: [10, 40, 80, 90],
        1: [670, 10, 90, 80],
        2: [910, 670, 80, 90],
        3: [40, 910, 90, 80],
    }
    assert box_px(answer["result"][0]) == expected[shown]


def test_before_the_first_model_a_drawn_box_is_unknown(world: World) -> None:
    answer = world.predictor().interactive(task(), context(drawn("zz")))
    assert [region["id"] for region in answer["result"]] == ["zz"]
    assert names(answer) == ["Unknown"]
    assert not world.studio.calls


@pytest.mark.parametrize(
    "odd",
    [
        {}, {"result": None}, {"result": []}, {"result": [None]}, {"result": [{"id": "a"}]}, [],
        {"result": [{**drawn(), "value": {"x": 5, "y": 5, "width": 0.5}}]},
        {"result": [{**drawn(), "original_width": 0}]},
        {"result": [{**drawn(), "original_width": float("inf")}]},
        {"result": [{**drawn(), "value": {"x": 10**400, "y": 1, "width": 1, "height": 1}}]},
        {"result": [{**drawn(), "value": {"x": 200, "y": 1, "width": 1, "height": 1}}]},
    ],
)  # fmt: skip
def test_a_context_without_a_usable_box_is_answered_empty(world: World, odd: object) -> None:
    world.learn(Anna=ANNA)
    url = world.serve_picture("seen.png")
    assert world.predictor().interactive(task(url=url), odd)["result"] == []


def test_a_drawn_box_on_a_missing_picture_is_answered_empty(world: World) -> None:
    world.learn(Anna=ANNA)
    url = world.serve_picture("gone.png", b"", 404)
    answer = world.predictor().interactive(task(url=url), context(drawn()))
    assert answer["result"] == []


def test_a_drawn_box_does_not_wait_for_photos_that_are_being_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.learn(Anna=ANNA)
    go_on, reading = threading.Event(), threading.Event()

    def read_late(opened: OpenPhoto) -> ReadPhoto:
        reading.set()
        go_on.wait(10)
        raise KeyError

    monkeypatch.setattr(world.reader, "read", read_late)
    predictor = world.predictor()
    url = world.serve_picture("seen.png")
    batch = threading.Thread(target=predictor.predict, args=([task(url=url)],))
    batch.start()
    assert reading.wait(10)
    answer = predictor.interactive(task(url=url), context(drawn()))
    go_on.set()
    batch.join()
    assert names(answer) == ["Anna"]


def test_a_single_new_photo_waits_for_one_photo_of_an_album_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor_module, "photos_read_at_once", lambda: 1)
    world.learn(Anna=ANNA)
    world.reader.found = [(Box(16, 12, 32, 24), ANNA)]
    read = world.reader.read
    go_on, reading = threading.Event(), threading.Event()
    order: list[int] = []

    def read_late(opened: OpenPhoto) -> ReadPhoto:
        order.append(opened.photo.width_px)
        reading.set()
        go_on.wait(10)
        return read(opened)

    monkeypatch.setattr(world.reader, "read", read_late)
    album = world.serve_picture("album.png", picture(200, 100))
    single = world.serve_picture("single.png", picture(100, 100))
    predictor = world.predictor()
    with ThreadPoolExecutor(2) as threads:
        all_of_album = threads.submit(predictor.predict, [task(url=album)] * 20)
        assert reading.wait(10)
        one = threads.submit(predictor.predict, [task(url=single)])
        _wait_until(lambda: predictor.counters.count("predictions_total") == 21)
        time.sleep(0.05)  # between counting and standing in line nothing is to be seen
        go_on.set()
        assert names(one.result()[0]) == ["Anna"]
        assert len(all_of_album.result()) == 20
    assert order.index(100) == 1


def test_an_album_that_cannot_be_read_is_one_line_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    predictor = world.predictor()
    gone = world.serve_picture("gone.png", b"", 404)
    broken = world.serve_picture("broken.png", b"no picture")
    predictor.predict([task(url=gone)] * 200 + [task(url=broken)])
    [line] = caplog.messages
    assert "200 failed (media): Label Studio has no such picture" in line
    assert "1 failed (picture): " in line
    assert predictor.counters.count("failures_total", kind="media") == 200


def test_a_drawn_box_that_takes_too_long_is_answered_empty(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.learn(Anna=ANNA)
    go_on = threading.Event()

    def encode_late(pixels: Pixels, boxes: list[Box]) -> tuple[FloatRows, FloatRows]:
        go_on.wait(10)
        return np.zeros((1, 128), np.float32), np.zeros((1, 128), np.float32)

    monkeypatch.setattr(world.reader, "encode_boxes", encode_late)
    predictor = world.predictor(interactive_s=0.05)
    url = world.serve_picture("seen.png")
    answer = predictor.interactive(task(url=url), context(drawn()))
    go_on.set()
    assert answer["result"] == []
    assert predictor.counters.count("failures_total", kind="late") == 1


def test_warming_needs_no_model_yet(world: World) -> None:
    world.predictor().warm()
    assert world.reader.boxes_drawn


def test_the_round_and_the_truth_of_one_request_are_of_one_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push that happens while a request is answered changes nothing in that answer."""
    photo, [face] = world.add_photo(1, ANNA)
    world.begin_round("faceloop-0001")
    read = Store.read

    def read_then_push(store: Store) -> Any:
        monkeypatch.setattr(Store, "read", read)
        seen = read(store)
        connection = seen.__enter__()
        connection.exec_driver_sql("SELECT count(*) FROM facts").all()
        world.begin_round("faceloop-0002")
        world.confirm(face, "Anna")
        return _Entered(seen, connection)

    predictor = world.predictor()
    monkeypatch.setattr(Store, "read", read_then_push)
    [before] = predictor.predict([task(photo)])
    [after] = predictor.predict([task(photo)])
    assert (before["model_version"], names(before)) == ("faceloop-0001", ["Unknown"])
    assert (after["model_version"], names(after)) == ("faceloop-0002", ["Anna"])


class _Entered:
    """A transaction that was begun already."""

    def __init__(self, seen: Any, connection: Any) -> None:
        self._seen, self._connection = seen, connection

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, *error: Any) -> Any:
        return self._seen.__exit__(*error)


def test_many_known_photos_of_one_request_are_answered_at_once(world: World) -> None:
    ids: list[PhotoId] = [world.add_photo(number, ANNA, BO)[0] for number in range(1, 41)]
    world.learn(Anna=ANNA, Bo=BO)
    answers = world.predictor().predict([task(photo) for photo in ids])
    assert [names(one) for one in answers] == [["Anna", "Bo"]] * 40


def test_a_name_that_the_task_does_not_offer_is_a_note_and_no_label(world: World) -> None:
    photo, _ = world.add_photo(1, ANNA)
    world.learn(Zoë=ANNA)
    [answer] = world.predictor().predict([task(photo)])
    [region] = answer["result"]
    assert region["value"]["rectanglelabels"] == ["Unknown"]
    assert "Zoë" in region["meta"]["text"][0]


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)
