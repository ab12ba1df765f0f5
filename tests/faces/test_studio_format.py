from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface

from faces.records import Box, FaceId, PersonId, Photo, PhotoId
from faces.studio_answers import read_photo_answer
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG, photos_config_matches
from faces.studio_drawn import drawn_boxes, renamed_region, typed_beyond_offer
from faces.studio_format import (
    PEOPLE_VERSION,
    UNKNOWN,
    BoxVerdict,
    ClusterVerdict,
    ShownFace,
    ShownTile,
    Tile,
    names_on_offer,
    photo_prediction,
    photo_task,
    shown_turned,
    within_offer,
)
from faces.studio_people import Asks, ShownRow, people_prediction, people_task
from faces.studio_rows import PeopleAnswer, read_page_answer
from faces.turning import turned_box, turned_photo

PHOTO = PhotoId("a" * 64)
PHOTOS, PEOPLE = LabelInterface(PHOTOS_CONFIG), LabelInterface(PEOPLE_CONFIG)


@st.composite
def photos_with_faces(draw: st.DrawFn) -> tuple[int, int, list[ShownFace]]:
    width_px, height_px = draw(st.integers(20, 9000)), draw(st.integers(20, 9000))
    shown = []
    for number in range(draw(st.integers(0, 4))):
        width = draw(st.floats(1, width_px))
        height = draw(st.floats(1, height_px))
        left = draw(st.floats(0, 1)) * (width_px - width)
        top = draw(st.floats(0, 1)) * (height_px - height)
        name = draw(st.sampled_from(["Anna", "Zoë", UNKNOWN]))
        score = draw(st.floats(0, 1))
        shown.append(ShownFace(FaceId(f"f{number}"), Box(left, top, width, height), name, score))
    return width_px, height_px, shown


def photo_data(faces: list[FaceId]) -> dict[str, Any]:
    return photo_task(PHOTO, image_url="/x.jpg", caption="c", people=["Anna"], faces=faces)


@given(photos_with_faces())
def test_boxes_survive_the_way_through_label_studio(
    photo: tuple[int, int, list[ShownFace]],
) -> None:
    width_px, height_px, shown = photo
    prediction = photo_prediction(shown, width_px=width_px, height_px=height_px, version="v1")
    assert PHOTOS.validate_prediction(prediction, return_errors=True) == []
    data = photo_data([face.face for face in shown])
    previewed = [
        {**one, "original_width": 99, "original_height": 7} for one in prediction["result"]
    ]
    answer = read_photo_answer(
        {"result": previewed},
        data,
        photo=Photo(PHOTO, width_px, height_px),
        from_prediction=True,
    )
    assert answer.deleted == ()
    assert [box.region for box in answer.boxes] == [face.face for face in shown]
    for box, face in zip(answer.boxes, shown, strict=True):
        assert box.name == (None if face.name == UNKNOWN else face.name)
        for side in ("left", "top", "right", "bottom"):
            assert getattr(box.box, side) == pytest.approx(getattr(face.box, side), abs=1e-6)


@given(photos_with_faces())
def test_a_photo_is_as_certain_as_its_least_certain_face(
    photo: tuple[int, int, list[ShownFace]],
) -> None:
    width_px, height_px, shown = photo
    score = photo_prediction(shown, width_px=width_px, height_px=height_px, version="v")["score"]
    assert score == min((face.score for face in shown), default=0.0)


def test_a_box_that_reaches_out_of_the_photo_is_shown_inside() -> None:
    face = ShownFace(FaceId("f1"), Box(-10, 90, 30, 30), "Anna", 0.5)
    (region,) = photo_prediction([face], width_px=100, height_px=100, version="v")["result"]
    sides = [region["value"][key] for key in ("x", "y", "width", "height")]
    assert sides == pytest.approx([0, 90, 20, 10])


def test_a_note_is_shown_with_its_region() -> None:
    face = ShownFace(FaceId("f1"), Box(1, 1, 3, 3), "Anna", 0.5, note="confirmed")
    (region,) = photo_prediction([face], width_px=10, height_px=10, version="v")["result"]
    assert region["meta"] == {"text": ["confirmed"]}


def test_names_on_offer_stand_once_and_unknown_is_among_them() -> None:
    data = photo_task(
        PHOTO, image_url="/x", caption="", people=["Anna", "Zoë", "Anna", UNKNOWN], faces=[]
    )
    assert data["people"] == [{"value": "Anna"}, {"value": "Zoë"}, {"value": UNKNOWN}]


def region(
    number: int, label: str | None, *, kind: str = "rectanglelabels", **value: object
) -> dict[str, Any]:
    labels = {} if label is None else {"rectanglelabels": [label]}
    place = {"x": 10 * number, "y": 10, "width": 10, "height": 20, "rotation": 0}
    return {
        "id": f"f{number}",
        "from_name": "face",
        "to_name": "image",
        "type": kind,
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": {**place, **labels, **value},
    }


def per_region(number: int, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    name = {"textarea": "new_name", "choices": "verdict"}[kind]
    whole = region(number, None, kind=kind)
    return {**whole, "from_name": name, "value": {**whole["value"], **value}}


def read(*items: dict[str, Any], from_prediction: bool = True) -> Any:
    data = photo_data([FaceId("f1"), FaceId("f2")])
    photo = Photo(PHOTO, 200, 100)
    return read_photo_answer(
        {"result": list(items)}, data, photo=photo, from_prediction=from_prediction
    )


def test_a_label_is_a_name_and_unknown_is_none() -> None:
    answer = read(region(1, "Anna"), region(2, UNKNOWN))
    assert [(box.region, box.name, box.verdict) for box in answer.boxes] == [
        ("f1", "Anna", None),
        ("f2", None, None),
    ]
    assert answer.photo == PHOTO


@pytest.mark.parametrize("typed_first", [True, False])
def test_a_typed_name_beats_the_label(typed_first: bool) -> None:
    items = [region(1, "Anna"), per_region(1, "textarea", {"text": ["  Zoë "]})]
    answer = read(*(reversed(items) if typed_first else items))
    assert [box.name for box in answer.boxes] == ["Zoë"]


def test_an_empty_typed_name_leaves_the_label() -> None:
    answer = read(region(1, "Anna"), per_region(1, "textarea", {"text": ["  "]}))
    assert [box.name for box in answer.boxes] == ["Anna"]


@pytest.mark.parametrize("verdict", BoxVerdict)
def test_a_verdict_beats_label_and_typed_name(verdict: BoxVerdict) -> None:
    answer = read(
        region(1, "Anna"),
        per_region(1, "textarea", {"text": ["Zoë"]}),
        per_region(1, "choices", {"choices": [verdict.value]}),
    )
    assert [(box.name, box.verdict) for box in answer.boxes] == [(None, verdict)]


def test_what_is_said_of_one_box_is_not_said_of_another() -> None:
    answer = read(
        region(1, "Anna"), region(2, "Anna"), per_region(2, "textarea", {"text": ["Zoë"]})
    )
    assert [box.name for box in answer.boxes] == ["Anna", "Zoë"]


def test_a_missing_box_is_deleted_only_when_it_was_shown() -> None:
    assert read(region(1, "Anna")).deleted == ("f2",)
    assert read(region(1, "Anna"), from_prediction=False).deleted == ()
    assert read().deleted == ("f1", "f2")


def test_a_box_whose_label_was_taken_off_is_still_there() -> None:
    answer = read(region(1, None), region(2, None, kind="rectangle"))
    assert [box.name for box in answer.boxes] == [None, None]
    assert answer.deleted == ()


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type": "rectanglelabels"},
        region(1, "Anna", x="left"),
        region(1, "Anna", width=0),
        {**region(1, "Anna"), "value": None},
        {"type": "textarea", "id": "f1", "value": {}},
        {"type": "choices", "id": "f1", "value": {"choices": []}},
        {"type": "relation", "from_id": "f1", "to_id": "f2"},
    ],
)
def test_what_is_no_box_is_left_out(broken: dict[str, Any]) -> None:
    answer = read(broken, region(2, "Anna"))
    assert [box.region for box in answer.boxes] == ["f2"]


def test_a_box_that_cannot_be_read_is_not_a_deleted_one() -> None:
    assert read(region(1, "Anna", width=0), region(2, "Anna")).deleted == ()


def test_an_answer_without_a_result_says_nothing() -> None:
    photo = Photo(PHOTO, 200, 100)
    answer = read_photo_answer({"result": None}, photo_data([]), photo=photo, from_prediction=True)
    assert (answer.boxes, answer.deleted) == ((), ())


TILES = tuple(ShownTile(FaceId(f"f{n}"), Box(10 + 170 * n, 10, 160, 160)) for n in range(3))
PEOPLE_DATA = people_task(
    asks=Asks.NAME,
    rows=[ShownRow(TILES)],
    montage_url="/m.jpg",
    people=["Anna", "Zoë"],
    photos=2,
)


def montage(name: str | None = None) -> list[dict[str, Any]]:
    prediction = people_prediction(
        asks=Asks.NAME, rows=[ShownRow(TILES, name)], width_px=1030, height_px=180, score=0.5
    )
    assert PEOPLE.validate_prediction(prediction, return_errors=True) == []
    assert prediction["model_version"] == PEOPLE_VERSION
    result: list[dict[str, Any]] = prediction["result"]
    return result


def row_of(
    annotation: dict[str, Any], data: dict[str, Any], *, from_prediction: bool
) -> PeopleAnswer:
    """What is said of the one row of a page."""
    (row,) = read_page_answer(annotation, data, from_prediction=from_prediction).rows
    return row


def said(control: str, kind: str, value: str) -> dict[str, Any]:
    key = "text" if kind == "textarea" else "choices"
    return {"from_name": control, "to_name": "montage", "type": kind, "value": {key: [value]}}


def test_a_page_says_how_many_faces_and_photos_it_shows() -> None:
    assert (PEOPLE_DATA["size"], PEOPLE_DATA["photos"]) == ("3", "2")
    assert PEOPLE_DATA["faces"] == ["f0", "f1", "f2"]


def test_a_montage_left_as_it_was_says_same_person_of_all() -> None:
    answer = row_of({"result": montage("Anna")}, PEOPLE_DATA, from_prediction=True)
    assert (answer.name, answer.verdict) == ("Anna", None)
    assert answer.tiles == dict.fromkeys(["f0", "f1", "f2"], Tile.SAME_PERSON)


def test_a_typed_name_beats_a_chosen_one() -> None:
    result = [*montage("Anna"), said("new_name", "textarea", " Zoë ")]
    assert row_of({"result": result}, PEOPLE_DATA, from_prediction=True).name == "Zoë"


def test_a_name_picked_from_the_list_of_everyone_beats_a_button() -> None:
    picked = {"from_name": "everyone", "type": "taxonomy", "value": {"taxonomy": [["Zoë"]]}}
    result = [*montage("Anna"), picked]
    answer = row_of({"result": result}, PEOPLE_DATA, from_prediction=True)
    assert (answer.name, answer.typed) == ("Zoë", True)


def test_tiles_say_what_their_colour_says_and_deleted_ones_nothing() -> None:
    first, second, _ = montage()
    first["value"]["rectanglelabels"] = ["Someone else"]
    second["value"]["rectanglelabels"] = ["Not a face"]
    answer = row_of({"result": [first, second]}, PEOPLE_DATA, from_prediction=True)
    assert answer.tiles == {"f0": Tile.SOMEONE_ELSE, "f1": Tile.NOT_A_FACE}
    assert answer.name is None


def test_a_chosen_name_comes_with_whom_it_meant_and_a_typed_one_with_nobody() -> None:
    anna = PersonId("p-anna")
    data = PEOPLE_DATA | {"people_ids": {"Anna": anna}}
    both = [*montage("Anna"), said("new_name", "textarea", "Anna")]
    assert row_of({"result": montage("Anna")}, data, from_prediction=True).meant == anna
    assert row_of({"result": both}, data, from_prediction=True).meant is None
    old = row_of({"result": montage("Anna")}, PEOPLE_DATA, from_prediction=True)
    assert (old.name, old.meant) == ("Anna", None)


def test_a_chosen_label_comes_with_whom_it_meant_and_a_typed_name_with_nobody() -> None:
    anna = PersonId("p-anna")
    data = photo_data([]) | {"people_ids": {"Anna": anna}}
    named = region(1, "Anna"), region(2, "Anna"), per_region(2, "textarea", {"text": ["Anna"]})
    photo = Photo(PHOTO, 200, 100)
    answer = read_photo_answer({"result": named}, data, photo=photo, from_prediction=True)
    assert [(box.name, box.meant) for box in answer.boxes] == [("Anna", anna), ("Anna", None)]


@pytest.mark.parametrize("ids", [None, [], {"Zoë": "p"}, {"Anna": 3}])
def test_a_task_that_does_not_tell_whom_a_name_means_is_read_by_the_name(ids: object) -> None:
    data = PEOPLE_DATA | {"people_ids": ids}
    answer = row_of({"result": montage("Anna")}, data, from_prediction=True)
    assert (answer.name, answer.meant) == ("Anna", None)


def test_a_page_tells_on_which_faces_people_disagree_and_which_are_not_shown() -> None:
    data = people_task(
        asks=Asks.NAME,
        rows=[ShownRow(TILES, carried=(FaceId("f9"),))],
        montage_url="/m",
        people=[],
        photos=2,
        disputed=[FaceId("f1")],
    )
    answer = row_of({"result": montage()}, data, from_prediction=True)
    assert (answer.disputed, answer.carried) == ({FaceId("f1")}, (FaceId("f9"),))
    plain = row_of({"result": montage()}, PEOPLE_DATA, from_prediction=True)
    assert (plain.disputed, plain.carried) == (frozenset(), ())


@pytest.mark.parametrize("verdict", ClusterVerdict)
def test_a_verdict_is_read(verdict: ClusterVerdict) -> None:
    result = [*montage(), said("verdict", "choices", verdict.value)]
    assert row_of({"result": result}, PEOPLE_DATA, from_prediction=True).verdict is verdict


def test_what_is_not_on_our_screen_is_left_out() -> None:
    drawn = {**montage()[0], "id": "drawn"}
    strange = {**montage()[1], "value": {"rectanglelabels": ["Maybe"]}}
    result = [drawn, strange, said("verdict", "choices", "Perhaps"), {"id": "f2"}]
    answer = row_of({"result": result}, PEOPLE_DATA, from_prediction=True)
    assert (answer.tiles, answer.verdict, answer.name) == ({}, None, None)
    page = read_page_answer({"result": result}, PEOPLE_DATA, from_prediction=True)
    assert page.drawn == 1


def test_a_box_just_drawn_is_answered_with_the_same_rectangle() -> None:
    drawn = region(1, "Anna")
    (box,) = drawn_boxes({"result": [drawn, {"type": "keypointlabels"}, None]})
    answered = renamed_region(box, "Zoë", 0.9)
    assert answered["id"] == drawn["id"]
    assert answered["value"]["rectanglelabels"] == ["Zoë"]
    for side in ("x", "y", "width", "height"):
        assert answered["value"][side] == pytest.approx(drawn["value"][side])
    assert (
        PHOTOS.validate_prediction(
            {"model_version": "v", "score": 0.5, "result": [answered]}, return_errors=True
        )
        == []
    )


@pytest.mark.parametrize("origin", ["prediction", "prediction-changed"])
def test_of_boxes_in_a_context_those_that_we_proposed_are_not_just_drawn(origin: str) -> None:
    proposed, drawn = region(1, "Anna") | {"origin": origin}, region(2, "Anna")
    for by_hand in (drawn, drawn | {"origin": "manual"}):
        assert [box.region for box in drawn_boxes({"result": [proposed, by_hand]})] == ["f2"]


@pytest.mark.parametrize("context", [None, [], {}, {"result": None}, {"result": {}}, "result"])
def test_no_context_holds_no_box(context: object) -> None:
    assert drawn_boxes(context) == []


def test_our_own_config_matches_and_others_do_not() -> None:
    assert photos_config_matches(PHOTOS_CONFIG)
    for config in (PEOPLE_CONFIG, "<View/>", "not xml", "", PHOTOS_CONFIG.replace("face", "box")):
        assert not photos_config_matches(config)


def test_an_answer_that_began_without_boxes_speaks_of_the_whole_montage() -> None:
    result = [{"from_name": "new_name", "type": "textarea", "value": {"text": ["Zoë"]}}]
    answer = row_of({"result": result}, PEOPLE_DATA, from_prediction=False)
    assert answer.tiles == dict.fromkeys(PEOPLE_DATA["faces"], Tile.SAME_PERSON)


def test_tiles_that_were_all_deleted_say_nothing() -> None:
    result = [{"from_name": "new_name", "type": "textarea", "value": {"text": ["Zoë"]}}]
    answer = row_of({"result": result}, PEOPLE_DATA, from_prediction=True)
    assert answer.tiles == {}


def test_a_name_that_a_task_does_not_offer_becomes_a_note() -> None:
    shown = [ShownFace(FaceId("f1"), Box(1, 1, 9, 9), "Zoë", 0.9)]
    shown.append(ShownFace(FaceId("f2"), Box(20, 1, 9, 9), "Ida", 0.8))
    given = photo_prediction(shown, width_px=100, height_px=50, version="faceloop-0001")
    offered = names_on_offer({"people": [{"value": "Ida"}, {"value": "Unknown"}]})
    assert offered is not None
    one, other = within_offer(given, offered)["result"]
    assert one["value"]["rectanglelabels"] == [UNKNOWN]
    assert "Zoë" in one["meta"]["text"][0]
    assert other["value"]["rectanglelabels"] == ["Ida"]


def test_a_box_just_drawn_has_a_name_that_is_not_on_offer_as_if_typed() -> None:
    shown = [ShownFace(FaceId("f1"), Box(1, 1, 9, 9), "Zoë", 0.9)]
    shown.append(ShownFace(FaceId("f2"), Box(20, 1, 9, 9), "Ida", 0.8))
    given = photo_prediction(shown, width_px=100, height_px=50, version="faceloop-0001")
    answered = typed_beyond_offer(given, frozenset({"Ida", UNKNOWN}))
    assert PHOTOS.validate_prediction(answered, return_errors=True) == []
    box, typed, other = answered["result"]
    assert (box["id"], box["value"]["rectanglelabels"]) == ("f1", [UNKNOWN])
    assert (typed["id"], typed["from_name"], typed["value"]["text"]) == ("f1", "new_name", ["Zoë"])
    assert other["value"]["rectanglelabels"] == ["Ida"]
    read_back = read(*answered["result"])
    assert [one.name for one in read_back.boxes] == ["Zoë", "Ida"]


def turning(turn: str) -> dict[str, Any]:
    value = {"choices": [turn]}
    return {"from_name": "turn", "to_name": "image", "type": "choices", "value": value}


def read_turned(now: int, shown: int, *items: dict[str, Any]) -> Any:
    """What is read where the task shows the photo turned one way, and it lies another way now."""
    data = photo_data([FaceId("f1")]) | ({"turned": shown} if shown else {})
    photo = turned_photo(Photo(PHOTO, 200, 100), now)
    result = {"result": list(items)}
    return read_photo_answer(result, data, photo=photo, from_prediction=True)


@pytest.mark.parametrize(("turn", "quarters"), [("Turn left", 3), ("Turn right", 1)])
@pytest.mark.parametrize("shown", range(4))
@pytest.mark.parametrize("now", range(4))
def test_a_turn_is_told_from_how_the_file_has_the_photo(
    turn: str, quarters: int, shown: int, now: int
) -> None:
    assert read_turned(now, shown, turning(turn)).upright == (shown + quarters) % 4
    assert read_turned(now, shown, region(1, "Anna")).upright is None


@given(st.integers(0, 3), st.integers(0, 3))
def test_a_box_is_where_it_was_seen_however_the_photo_lies_now(now: int, shown: int) -> None:
    width_px, height_px = (200, 100) if shown % 2 == 0 else (100, 200)
    seen = Box(0.1 * width_px, 0.1 * height_px, 0.1 * width_px, 0.2 * height_px)
    (read_box,) = read_turned(now, shown, region(1, "Anna")).boxes
    expected = turned_box(seen, now - shown, width_px, height_px)
    assert read_box.box.overlap(expected) == pytest.approx(1)


@pytest.mark.parametrize("turn", ["Turn round", "", "Stranger"])
def test_a_turn_that_is_not_on_our_screen_is_none(turn: str) -> None:
    assert read(turning(turn), region(1, "Anna")).upright is None


def test_a_box_is_untouched_as_long_as_nothing_was_done_to_it() -> None:
    proposed = region(1, "Anna") | {"origin": "prediction"}
    assert [one.untouched for one in read(proposed).boxes] == [True]
    for touched in (
        [proposed | {"origin": "prediction-changed"}],
        [region(1, "Anna")],
        [proposed, per_region(1, "textarea", {"text": ["Zoë"]})],
        [proposed, per_region(1, "choices", {"choices": ["Stranger"]})],
    ):
        assert [one.untouched for one in read(*touched).boxes] == [False]


def test_a_task_tells_how_its_photo_is_turned() -> None:
    data = photo_task(PHOTO, image_url="/x", caption="", people=[], faces=[], turned=3)
    assert shown_turned(data) == 3
    assert shown_turned(photo_data([])) == shown_turned({"turned": "no number"}) == 0
    assert "turned" not in photo_data([])


def test_a_task_without_a_list_of_names_restricts_nothing() -> None:
    assert names_on_offer({}) is None
