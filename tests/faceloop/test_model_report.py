"""The report on a model version: what `faceloop retrain` and `faceloop models --report` write."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceloop import model_report
from faceloop.model_report import write_model_report
from faceloop.model_report_faces import Around
from faceloop.model_report_page import page_of, render
from faceloop.model_report_places import report_place
from faceloop.report_tiles import Tiles
from faceloop.retrain import learn
from faceloop.workspace import existing_store, prepare, settings_for
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, PersonRenamed, Verdict
from faces.errors import BrokenModelVersion, NotEnoughToLearn, SetupError
from faces.identify import Identifier
from faces.media import media_of
from faces.pictures import CROP_PX, jpeg_bytes
from faces.records import (
    NETWORK,
    Box,
    Encodings,
    Face,
    FaceId,
    FloatRows,
    PersonId,
    Photo,
    PhotoFile,
    PhotoId,
    ReadPhoto,
    unit_rows,
)
from faces.settings import Settings
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.versions import (
    ModelVersion,
    current_id,
    load_version,
    make_current,
    numbered,
    save_version,
    tuned_network_id,
)
from tests.faceloop.pages import HOSTILE, Elements
from training.dataset import Part
from training.gathering import gathered
from training.mistakes import Matrix
from training.report import Loss, report_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CROP = jpeg_bytes(np.full((CROP_PX, CROP_PX, 3), 90, np.uint8))
NAMES = {"ann": "Ann", "evil": HOSTILE, "zoe": "Zoë"}
FACES_EACH, STRANGERS = 18, 40
WRONG = FaceId(f"f{3:016x}")
"""Ann's face, which is called Zoë."""
CHANGED_AT = "annotation:17 of 2026-11-28T12:00:00Z"


def looks(who: int, count: int) -> FloatRows:
    """Encodings that lie as dlib's do: all on one side, each person's close together."""
    middle = np.random.default_rng(1).normal(size=128)
    person = np.random.default_rng(100 + who).normal(size=128)
    noise = np.random.default_rng(who).normal(size=(count, 128))
    rows = np.sqrt(0.86) * middle + np.sqrt(0.11) * person + np.sqrt(0.03) * noise
    return unit_rows(rows.astype(np.float32))


def fill(settings: Settings, store: Store) -> None:
    """Photos of three people and of strangers, one face each, with one name that is wrong."""
    shown = [(name, row) for who, name in enumerate(NAMES) for row in looks(who, FACES_EACH)]
    shown += [(None, looks(1000 + who, 1)[0]) for who in range(STRANGERS)]
    with store.write() as connection:
        for person, name in NAMES.items():
            created = PersonCreated(PersonId(person), name)
            log.append(connection, Occasion("Ada", NOW, f"name:{person}"), [created])
        for number, (person, row) in enumerate(shown):
            face = FaceId(f"f{number:016x}")
            photo = Photo(PhotoId(f"{number:064x}"), 400, 300)
            found = Face(face, photo.id, Box(10, 10, 90, 90), 0.9, detector="yunet")
            encodings = Encodings(NETWORK, (face,), row[None], row[None])
            read = ReadPhoto(photo, (found,), encodings, "yunet")
            photos.save_photo(connection, read, now=NOW)
            photos.save_file(
                connection, PhotoFile("/photos", f"<b>{number}.jpg", 10, 10), photo=photo.id
            )
            said = PersonId("zoe") if face == WRONG else person and PersonId(person)
            word = FaceVerdict(face, Verdict.IS if said else Verdict.STRANGER, said or None)
            place = CHANGED_AT if face == WRONG else f"annotation:{1000 + number}"
            log.append(connection, Occasion("Ada", NOW, place), [word])
            crop = media_of(settings).crop(face)
            crop.parent.mkdir(parents=True, exist_ok=True)
            crop.write_bytes(CROP)
        where = {"server": settings.studio_name or settings.studio_url, "id": 7, "made_at": "x"}
        ledger.set_fact(connection, "project people", where)
        answer = ledger.ReadAnnotation(17, "people", 23, CHANGED_AT, "r", from_prediction=False)
        ledger.save_annotation(connection, answer)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after its first `faceloop retrain`, as far as that needs no Label Studio."""
    settings = settings_for(tmp_path_factory.mktemp("trained") / "workspace")
    store = prepare(settings)
    fill(settings, store)
    assert learn(settings, store, seed=None)
    store.close()
    return settings.workspace


@pytest.fixture
def settings(trained: Path, tmp_path: Path) -> Settings:
    shutil.copytree(trained, tmp_path / "workspace")
    return settings_for(tmp_path / "workspace")


@pytest.fixture
def store(settings: Settings) -> Store:
    return existing_store(settings)


def the_version(settings: Settings) -> str:
    return str(current_id(settings.models))


def page_in(settings: Settings) -> Elements:
    return Elements(report_place(settings.models, the_version(settings)).read_text("utf-8"))


def figures_in(settings: Settings) -> dict[str, Any]:
    place = report_place(settings.models, the_version(settings)).with_suffix(".json")
    found: dict[str, Any] = json.loads(place.read_text("utf-8"))
    return found


def test_retraining_leaves_a_page_and_its_figures_for_the_owner_alone(settings: Settings) -> None:
    page = report_place(settings.models, the_version(settings))
    for place in (page, page.with_suffix(".json")):
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    assert page.parent.parent == settings.models
    assert not page.is_relative_to(settings.media)


def test_the_figures_are_those_that_its_proposals_give(settings: Settings, store: Store) -> None:
    data = gathered(store, NETWORK)
    version = load_version(settings.models, the_version(settings))
    people = [person.id for person in data.people]
    answers: dict[str, list[bool]] = {"right": [], "named": [], "strangers": []}
    identifier = Identifier(version)
    for row, label, part in zip(data.rows, data.labels, data.parts, strict=True):
        if part is not Part.TEST:
            continue
        [[(likeliest, chance)]] = identifier.likeliest(row[None], 1)
        if label == len(people):
            answers["strangers"].append(chance >= version.threshold)
        else:
            is_right = likeliest == people[label]
            answers["right"].append(is_right)
            answers["named"].append(is_right and chance >= version.threshold)
    figures = figures_in(settings)
    assert figures["test_faces"] == len(answers["right"]) > 0
    assert figures["test_strangers"] == len(answers["strangers"]) > 0
    for name, given in (
        ("rank1", answers["right"]),
        ("named_right", answers["named"]),
        ("strangers_accepted", answers["strangers"]),
    ):
        assert figures[name]["value"] == pytest.approx(float(np.mean(given)))
        assert figures[name]["faces"] == len(given)
    assert sum(map(sum, figures["matrix"]["counts"])) == sum(
        len(answers[of]) for of in ("right", "strangers")
    )


def test_a_wrong_name_is_shown_with_a_link_to_the_answer_that_gave_it(settings: Settings) -> None:
    [doubt] = figures_in(settings)["doubts"]
    address = f"{settings.studio_url}/projects/7/data?task=23"
    assert (doubt["face"], figures_in(settings)["links"]) == (WRONG, {WRONG: address})
    page = page_in(settings)
    assert "called Zoë" in page.words
    assert "looks like Ann" in page.words
    links = [seen["href"] for tag, seen in page.seen if tag == "a" and seen.get("target")]
    assert address in links
    assert set(links) == {address}


def test_answers_of_another_label_studio_have_no_links(settings: Settings, store: Store) -> None:
    elsewhere = settings.model_copy(update={"studio_name": "another"})
    write_model_report(elsewhere, store, the_version(settings))
    assert figures_in(settings)["links"] == {}


def test_everybody_is_shown_with_how_many_faces_are_named_right(settings: Settings) -> None:
    words = page_in(settings).words
    told = figures_in(settings)["named"]
    names = sorted(NAMES)
    assert {one["person"] for one in told} == {0, 1, 2}
    assert (
        sum(one["right"] + one["wrong"] + one["nameless"] for one in told)
        == (figures_in(settings)["test_faces"])
    )
    for one in told:
        faces = one["right"] + one["wrong"] + one["nameless"]
        assert f"{NAMES[names[one['person']]]} {one['right']} of {faces} right" in words


def test_easy_faces_are_not_shown_as_hard_unless_there_are_no_others(
    settings: Settings, store: Store
) -> None:
    version = load_version(settings.models, the_version(settings))
    report = report_of(version, gathered(store, NETWORK), resolve=lambda person: person)
    easy = tuple(replace(one, loss=0.01) for one in report.losses)
    hard = (replace(report.losses[0], loss=0.06), *easy[1:])

    def shown(losses: tuple[Loss, ...]) -> int:
        told = page_of(replace(report, losses=losses), Around({}, {}, {}), Tiles(Path))
        return len(told.losses)

    assert (shown(hard), shown(easy), shown(())) == (1, 6, 0)


def test_the_matrix_is_in_the_order_of_names(settings: Settings) -> None:
    page = report_place(settings.models, the_version(settings)).read_text("utf-8")
    heads = Elements(page[page.index('class="matrix"') : page.index("</thead>")]).words
    assert heads.index(HOSTILE) < heads.index("Ann") < heads.index("Zoë") < heads.index("no name")


def test_everybody_with_test_faces_and_without_a_line_is_counted_among_the_others(
    settings: Settings, store: Store
) -> None:
    version = load_version(settings.models, the_version(settings))
    report = report_of(version, gathered(store, NETWORK), resolve=lambda person: person)
    met, *others = report.named
    never_met = replace(report, named=tuple(others), test_people=len(others))
    line = Matrix((met.person,), ((0, 0, 0), (0, 0, 0), (0, 0, 0)), 0)
    page = page_of(replace(never_met, matrix=line), Around({}, {}, {}), Tiles(Path))
    assert page.grid.left_out == len(others) == 2


def test_names_of_people_and_files_are_text_and_never_markup(settings: Settings) -> None:
    page = page_in(settings)
    assert HOSTILE in page.words
    assert "script" not in {tag for tag, _ in page.seen}
    assert not any(name.startswith("on") for _, seen in page.seen for name in seen)
    assert any((seen.get("title") or "").startswith("<b>") for _, seen in page.seen)


def test_the_page_asks_nothing_of_any_host(settings: Settings) -> None:
    written = report_place(settings.models, the_version(settings)).read_text("utf-8")
    page = Elements(written)
    assert page.faces()
    assert all(address.startswith("data:image/jpeg;base64,") for address in page.faces())
    assert not re.search(r"@import|url\(", written)
    assert "default-src 'none'" in written


def test_every_learner_has_a_row_whether_it_was_run_or_not(settings: Settings) -> None:
    words = page_in(settings).words
    assert words.index("cosine head") < words.index("tuned network") < words.index("not run")
    assert words.index("not run") < words.rindex("nearest centroid")


def test_a_network_that_was_tuned_and_not_chosen_has_its_figures_beside_the_others(
    settings: Settings, store: Store
) -> None:
    version = load_version(settings.models, the_version(settings))
    kept = {"network_tuned": 1.0, "network_known_faces": 40.0, "network_rank1": 0.725}
    row = the_page_on(settings, store, *Part, version=with_metrics(version, kept)).words
    row = row[row.index("tuned network") :]
    assert row.startswith("tuned network as measured when this version was made 72.5")
    tried = with_metrics(version, {"network_tuned": 0.0})
    words = the_page_on(settings, store, *Part, version=tried).words
    assert "tuned network run, and never better" in words


def with_metrics(version: ModelVersion, more: dict[str, float]) -> ModelVersion:
    return replace(version, metrics={**version.metrics, **more})


def test_the_version_itself_is_not_touched(settings: Settings, store: Store) -> None:
    version = the_version(settings)
    before = sorted(path.name for path in (settings.models / version).iterdir())
    write_model_report(settings, store, version)
    assert sorted(path.name for path in (settings.models / version).iterdir()) == before
    load_version(settings.models, version)


def test_no_report_outlives_its_version(settings: Settings, store: Store) -> None:
    stray = report_place(settings.models, "model-0009-0123abcd")
    stray.write_text("faces")
    of_somebody_killed = stray.with_name(".model-0001-9c1e2a7f.html.0123abcd")
    of_somebody_killed.write_text("faces")
    write_model_report(settings, store, the_version(settings))
    assert not stray.exists()
    assert not of_somebody_killed.exists()
    assert report_place(settings.models, the_version(settings)).exists()


def test_a_version_on_a_network_of_its_own_is_as_learned_until_people_say_something(
    settings: Settings, store: Store
) -> None:
    network = tuned_network_id(b"onnx")
    usual = load_version(settings.models, the_version(settings))
    version = numbered(settings.models, replace(usual, network=network, onnx=b"onnx"))
    save_version(settings.models, version)
    make_current(settings.models, version.id)
    with store.write() as connection:
        seen = photos.encodings(connection, NETWORK)
        photos.save_encodings(connection, replace(seen, network=network))
    write_model_report(settings, store, version.id)
    assert figures_in(settings)["is_as_learned"]
    with store.write() as connection:
        named = [PersonRenamed(PersonId("ann"), "Anna")]
        log.append(connection, Occasion("Ada", NOW, "name:ann"), named)
    write_model_report(settings, store, version.id)
    assert not figures_in(settings)["is_as_learned"]


def test_a_report_is_made_anew_with_what_holds_now(settings: Settings, store: Store) -> None:
    with store.write() as connection:
        right = FaceVerdict(WRONG, Verdict.IS, PersonId("ann"))
        log.append(connection, Occasion("Ada", NOW, "annotation:99"), [right])
        renamed = PersonRenamed(PersonId("ann"), "Anna")
        log.append(connection, Occasion("Ada", NOW, "name:anna"), [renamed])
    write_model_report(settings, store, the_version(settings))
    assert figures_in(settings)["doubts"] == []
    assert not figures_in(settings)["is_as_learned"]
    words = page_in(settings).words
    assert "since this version was made" in words
    assert "Nobody looks more like somebody else" in words


def test_a_crop_that_is_gone_leaves_an_empty_tile(settings: Settings, store: Store) -> None:
    media_of(settings).crop(WRONG).unlink()
    write_model_report(settings, store, the_version(settings))
    assert "gone" in page_in(settings).words


def test_a_page_that_fails_half_way_leaves_the_one_before(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = report_place(settings.models, the_version(settings))
    before = place.read_bytes()
    monkeypatch.setattr(model_report, "render", lambda *_, **__: b"not a text")
    with pytest.raises(TypeError):
        write_model_report(settings, store, the_version(settings))
    assert place.read_bytes() == before
    assert sorted(path.suffix for path in place.parent.iterdir()) == [".html", ".json"]


def test_a_folder_in_the_way_is_said_and_stops_no_retraining(
    settings: Settings, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    place = report_place(settings.models, the_version(settings))
    shutil.rmtree(place.parent)
    place.parent.write_text("in the way")
    with pytest.raises(SetupError, match="for reports"):
        write_model_report(settings, store, the_version(settings))
    model_report.report_on(settings, store, the_version(settings))
    assert "there is no report on" in " ".join(capsys.readouterr().err.split())


def test_what_is_too_little_to_learn_from_is_too_little_to_report_on(
    settings: Settings, tmp_path: Path
) -> None:
    empty = settings_for(tmp_path / "empty")
    store = prepare(empty)
    shutil.copytree(settings.models, empty.models, dirs_exist_ok=True)
    with pytest.raises(NotEnoughToLearn):
        write_model_report(empty, store, the_version(settings))


def test_a_version_that_is_not_there_has_no_report(settings: Settings, store: Store) -> None:
    with pytest.raises(BrokenModelVersion, match="no model version"):
        write_model_report(settings, store, "model-9999-0")


def test_the_list_of_versions_says_where_the_report_is_and_makes_it_anew(
    settings: Settings, faceloop
) -> None:
    version = the_version(settings)
    place = report_place(settings.models, version)
    told = faceloop("models", "--workspace", settings.workspace).out
    assert str(place) in told.replace("\n", "")
    place.unlink()
    told = faceloop("models", "--workspace", settings.workspace).out
    assert f"`faceloop models --report {version}`" in " ".join(told.split())
    assert faceloop("models", "--report", version, "--workspace", settings.workspace).code == 0
    assert place.exists()
    assert os.access(place, os.R_OK)


def the_page_on(
    settings: Settings,
    store: Store,
    *kept: Part,
    strangers: bool = True,
    version: ModelVersion | None = None,
) -> Elements:
    """The page on the version, as if only the faces of these parts had been confirmed."""
    data = gathered(store, NETWORK)
    people = len(data.people)
    at = [
        number
        for number, part in enumerate(data.parts)
        if part in kept and (strangers or data.labels[number] < people)
    ]
    fewer = replace(
        data,
        faces=tuple(data.faces[number] for number in at),
        photos=tuple(data.photos[number] for number in at),
        parts=tuple(data.parts[number] for number in at),
        rows=data.rows[at],
        labels=data.labels[at],
    )
    version = version or load_version(settings.models, the_version(settings))
    report = report_of(version, fewer, resolve=lambda person: person)
    return Elements(render(page_of(report, Around({}, {}, {}), Tiles(Path)), now=NOW))


def test_without_a_test_face_the_page_says_what_is_missing(
    settings: Settings, store: Store
) -> None:
    page = the_page_on(settings, store, Part.LEARNING, Part.CALIBRATION)
    assert page.words.count("No confirmed face is kept for testing yet.") == 5
    assert "on 0 faces of 0 of them and 0 strangers" in page.words
    assert "— of known faces get the right name" in page.words


def test_without_strangers_the_page_shows_people_whose_own_name_is_hidden(
    settings: Settings, store: Store
) -> None:
    page = the_page_on(settings, store, *Part, strangers=False)
    assert "0 strangers" in page.words
    assert "— of strangers get a name" in page.words
    assert "people, own name hidden" in page.words
    kinds = [seen["class"] for tag, seen in page.seen if tag == "path" and "class" in seen]
    assert "line two" in kinds
