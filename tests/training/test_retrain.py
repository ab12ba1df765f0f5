"""From confirmations in a store to a model version in use."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import training.retrain
from faces.confirmations import (
    FaceVerdict,
    Occasion,
    PersonCreated,
    PersonRenamed,
    Retracted,
    Verdict,
)
from faces.errors import NotEnoughToLearn, SetupError
from faces.identify import CurrentModel, Identifier
from faces.proposing import guess
from faces.records import (
    Box,
    Encodings,
    Face,
    FaceId,
    FloatRows,
    PersonId,
    Photo,
    PhotoId,
    face_id_of_box,
    unit_rows,
)
from faces.store import log, photos
from faces.store.database import Store
from faces.store.photo_parts import photo_parts
from faces.version_keeping import roll_back
from faces.versions import ModelVersion, current_id, list_versions, load_version, make_current
from training import growing
from training.__main__ import main
from training.dataset import DataSet, Part
from training.drafting import learned
from training.gathering import gathered
from training.learner import EPOCHS
from training.name_changes import name_changes, told_changes
from training.parts import part_of
from training.retrain import Retrained, retrain

NETWORK = "dlib-resnet-v1"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOX = Box(10, 10, 50, 50)
PEOPLE = ("Ann", "Ned", "Zoë")
FACES_EACH = 12
STRANGERS = 12


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACELOOP_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    yield from opened(workspace)


@pytest.fixture(scope="module")
def three_people(tmp_path_factory: pytest.TempPathFactory, looks) -> Path:
    """A workspace where three people have twelve faces each, and twelve strangers are told."""
    workspace = tmp_path_factory.mktemp("three-people")
    for store in opened(workspace):
        for who, name in enumerate(PEOPLE):
            create(store, name)
            confirm(store, name, looks(who, FACES_EACH))
        confirm(store, None, np.vstack([looks(1000 + who, 1) for who in range(STRANGERS)]))
    return workspace


@pytest.fixture
def confirmed(workspace: Path, three_people: Path) -> Iterator[Store]:
    shutil.copytree(three_people, workspace, dirs_exist_ok=True)
    yield from opened(workspace)


@pytest.fixture(scope="module")
def once_trained(three_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same workspace with a first version in use."""
    workspace = tmp_path_factory.mktemp("once-trained")
    shutil.copytree(three_people, workspace, dirs_exist_ok=True)
    for store in opened(workspace):
        trained(store, workspace / "models")
    return workspace


@pytest.fixture
def in_use(workspace: Path, once_trained: Path) -> Iterator[Store]:
    """A store with a first version in use."""
    shutil.copytree(once_trained, workspace, dirs_exist_ok=True)
    yield from opened(workspace)


def opened(workspace: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    store.migrate(lock=workspace / "migrate.lock")
    yield store
    store.close()


def create(store: Store, name: str) -> None:
    with store.write() as connection:
        log.append(connection, said_in(f"name:{name}"), [PersonCreated(PersonId(name), name)])


def said_in(place: str) -> Occasion:
    return Occasion("you", NOW, place)


def confirm(store: Store, name: str | None, rows: FloatRows, *, part: Part | None = None) -> None:
    """Add a photo for each row and say who is in it; None: a stranger."""
    faces = add_photos(store, rows, part=part)
    verdict = Verdict.STRANGER if name is None else Verdict.IS
    with store.write() as connection:
        for face in faces:
            word = FaceVerdict(face, verdict, None if name is None else PersonId(name))
            log.append(connection, said_in(f"annotation:{face}"), [word])


def add_photos(store: Store, rows: FloatRows, *, part: Part | None = None) -> list[FaceId]:
    """Add a photo for each row, with one face."""
    faces = []
    with store.write() as connection:
        for row in rows:
            photo = a_photo(row, part)
            face = Face(face_id_of_box(photo, BOX), photo, BOX, 1.0)
            encodings = Encodings(NETWORK, (face.id,), row[None], row[None])
            read = photos.ReadPhoto(Photo(photo, 100, 100), (face,), encodings)
            photos.save_photo(connection, read, now=NOW)
            faces.append(face.id)
    return faces


def faces_of(rows: FloatRows) -> list[FaceId]:
    """The faces on the photos of these rows."""
    return [face_id_of_box(a_photo(row, None), BOX) for row in rows]


def a_photo(row: FloatRows, part: Part | None) -> PhotoId:
    """The photo that this face is in, of a part if one is asked for."""
    tries = (hashlib.sha256(row.tobytes() + bytes([number])).hexdigest() for number in range(256))
    found = (PhotoId(one) for one in tries)
    return next(one for one in found if part is None or part_of(one) is part)


def trained(
    store: Store,
    models: Path,
    *,
    seed: int = 0,
    strangers_accepted: float = 0.01,
    said: list[str] | None = None,
    dry_run: bool = False,
) -> Retrained:
    return retrain(
        store,
        models,
        network=NETWORK,
        now=NOW,
        seed=seed,
        strangers_accepted=strangers_accepted,
        report=(said if said is not None else []).append,
        dry_run=dry_run,
    )


def encoded(rows: FloatRows) -> Encodings:
    return Encodings(NETWORK, tuple(FaceId(f"new{n}") for n in range(len(rows))), rows, rows)


def test_what_was_learned_names_new_faces_and_leaves_strangers_unknown(
    confirmed: Store, workspace: Path, looks
) -> None:
    result = trained(confirmed, workspace / "models")
    model = CurrentModel(workspace / "models").snapshot()
    assert model is not None
    assert model.version.id == result.version
    assert result.is_new
    for who, name in enumerate(PEOPLE):
        found = model.propose(encoded(looks(who, 20, seed=9)))
        assert [proposal.person for proposal in found].count(PersonId(name)) >= 17
        assert {proposal.person for proposal in found} <= {PersonId(name), None}
    strangers = np.vstack([looks(5000 + who, 1) for who in range(100)])
    named = [p for p in model.propose(encoded(strangers)) if p.person is not None]
    assert len(named) <= 5


def test_a_version_says_how_good_it_is_beside_the_nearest_centroid(
    confirmed: Store, workspace: Path
) -> None:
    said: list[str] = []
    result = trained(confirmed, workspace / "models", said=said)
    assert (result.people, result.faces) == (3, 3 * FACES_EACH + STRANGERS)
    for name in ("rank1", "named_right", "named_wrong", "hidden_accepted"):
        assert 0 <= result.metrics[name] <= 1
        assert 0 <= result.metrics[f"centroid_{name}"] <= 1
    parts = sum(result.metrics[f"{part}_faces"] for part in Part)
    assert parts == result.faces
    assert any("names 100% of the faces right" in line for line in said)


def test_nothing_in_a_version_can_run_code(once_trained: Path) -> None:
    models = once_trained / "models"
    files = sorted(path.name for path in (models / str(current_id(models))).iterdir())
    assert files == ["version.json", "weights.safetensors"]


def test_the_same_seed_gives_the_same_version(confirmed: Store, workspace: Path) -> None:
    first = trained(confirmed, workspace / "first", seed=3)
    second = trained(confirmed, workspace / "second", seed=3)
    assert first == second


def test_training_again_without_news_changes_nothing(in_use: Store, workspace: Path) -> None:
    models, said = workspace / "models", []
    first = current_id(models)
    again = trained(in_use, models, said=said)
    assert (again.version, again.is_new) == (first, False)
    assert list_versions(models) == [first]
    assert said == [f"{first} knows all that was confirmed; it stays in use"]


def test_each_epoch_is_told_with_how_many_there_will_be_at_most(
    confirmed: Store, workspace: Path
) -> None:
    told: list[tuple[str, int, int]] = []
    retrain(
        confirmed,
        workspace / "models",
        network=NETWORK,
        now=NOW,
        strangers_accepted=0.01,
        report=lambda _: None,
        on_progress=lambda *how_far: told.append(how_far),
    )
    assert told
    assert told == [("epochs learned, at most", done + 1, EPOCHS) for done in range(len(told))]


def test_another_share_of_strangers_makes_another_version(in_use: Store, workspace: Path) -> None:
    models = workspace / "models"
    first = load_version(models, str(current_id(models)))
    second = trained(in_use, models, strangers_accepted=0.3)
    assert second.is_new
    assert load_version(models, second.version).threshold <= first.threshold


def test_a_version_knows_the_strangers_it_was_told(once_trained: Path, looks) -> None:
    version = load_version(once_trained / "models", str(current_id(once_trained / "models")))
    told = unit_rows(np.vstack([looks(1000 + who, 1) for who in range(STRANGERS)]))
    known = [row for row in told if (version.strangers.rows @ row).max() > 0.9999]
    assert 0 < len(known) == len(version.strangers.rows) < STRANGERS


def test_a_new_confirmation_makes_a_new_version(in_use: Store, workspace: Path, looks) -> None:
    models = workspace / "models"
    first = current_id(models)
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    second = trained(in_use, models)
    assert second.is_new
    assert list_versions(models) == [first, second.version]
    assert current_id(models) == second.version
    assert load_version(models, second.version).parent == first


def test_twins_are_stored_as_look_alikes_and_never_proposed(
    in_use: Store, workspace: Path, looks
) -> None:
    create(in_use, "Twin")
    confirm(in_use, "Twin", looks(0, FACES_EACH, seed=3))
    version = load_version(workspace / "models", trained(in_use, workspace / "models").version)
    assert version.look_alikes == (("Ann", "Twin"),)
    opened_faces = {
        *add_photos(in_use, looks(0, 5, seed=4)),
        *add_photos(in_use, looks(1, 5, seed=4)),
    }
    with in_use.read() as connection:
        truth, encodings = log.truth(connection), photos.encodings(connection, NETWORK)
    found = guess(encodings, truth, (), run="", identifier=Identifier(version))
    named = Counter(found.proposals[face].person for face in opened_faces)
    assert named == {None: 5, PersonId("Ned"): 5}
    offered = {tuple(sorted(found.likeliest[face][:2])) for face in faces_of(looks(0, 5, seed=4))}
    assert offered == {("Ann", "Twin")}


def test_a_copy_of_a_photo_serves_for_what_the_photo_does(
    in_use: Store, workspace: Path, looks
) -> None:
    before = gathered(in_use, NETWORK)
    row = looks(0, 1)
    first = dict(zip(before.photos, before.parts, strict=True))[a_photo(row[0], None)]
    copy = row + np.float32(0.001)
    other = next(part for part in Part if part is not first)
    confirm(in_use, "Ann", copy, part=other)
    trained(in_use, workspace / "models")
    after = gathered(in_use, NETWORK)
    assert dict(zip(after.photos, after.parts, strict=True))[a_photo(copy[0], other)] is first


def test_a_new_name_reaches_the_next_version(in_use: Store, workspace: Path) -> None:
    models = workspace / "models"
    with in_use.write() as connection:
        log.append(connection, said_in("app"), [PersonRenamed(PersonId("Ned"), "Edward")])
    version = load_version(models, trained(in_use, models).version)
    assert [person.name for person in version.people] == ["Ann", "Edward", "Zoë"]


def test_a_broken_current_version_is_replaced(in_use: Store, workspace: Path) -> None:
    models, said = workspace / "models", []
    (models / str(current_id(models)) / "weights.safetensors").unlink()
    second = trained(in_use, models, said=said)
    assert second.is_new
    assert current_id(models) == second.version
    assert said[0].startswith("the current version is replaced")


def test_interrupted_training_leaves_the_version_in_use(
    in_use: Store, workspace: Path, looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = workspace / "models"
    first = current_id(models)
    confirm(in_use, "Ann", looks(0, 1, seed=5))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(training.retrain, "make_current", stopped)
        with pytest.raises(KeyboardInterrupt):
            trained(in_use, models)
    assert current_id(models) == first
    again = trained(in_use, models)
    assert (again.is_new, again.is_used) == (False, True)
    assert current_id(models) == again.version


@pytest.fixture
def damaged(in_use: Store, workspace: Path, looks) -> list[str]:
    """Two versions, of which the second one is in use and cannot be loaded."""
    models = workspace / "models"
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    assert trained(in_use, models).is_used
    made = list_versions(models)
    (models / made[1] / "weights.safetensors").unlink()
    return made


def test_beside_a_damaged_version_the_one_before_it_is_met(
    in_use: Store, workspace: Path, damaged: list[str], looks
) -> None:
    models, said = workspace / "models", []
    confirm(in_use, "Ann", looks(0, 1, seed=6))
    third = trained(in_use, models, said=said)
    assert said[0].endswith(f"{damaged[0]} is met in its place")
    assert third.decision is not None
    assert third.decision.with_current is not None
    assert current_id(models) == third.version


def test_where_the_new_one_is_worse_the_one_before_the_damaged_version_is_in_use(
    in_use: Store, workspace: Path, damaged: list[str], looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = workspace / "models"
    confirm(in_use, "Ann", looks(0, 1, seed=6))
    monkeypatch.setattr(training.retrain, "learned", spoiled)
    assert not trained(in_use, models, dry_run=True).is_used
    assert current_id(models) == damaged[1]
    assert not trained(in_use, models).is_used
    assert current_id(models) == damaged[0]


def test_the_one_before_a_damaged_version_is_in_use_where_it_knows_all(
    in_use: Store, workspace: Path, damaged: list[str], looks
) -> None:
    models = workspace / "models"
    with in_use.write() as connection:
        for face in faces_of(looks(0, 1, seed=5)):
            log.append(connection, said_in(f"annotation:{face}"), [Retracted()])
    again = trained(in_use, models)
    assert (again.version, again.is_new) == (damaged[0], False)
    assert current_id(models) == damaged[0]


def test_what_people_left_for_a_version_that_is_damaged_now_is_taken_up_again(
    in_use: Store, workspace: Path, looks
) -> None:
    models = workspace / "models"
    first = str(current_id(models))
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    second = trained(in_use, models).version
    assert roll_back(models) == first
    (models / first / "weights.safetensors").unlink()
    assert trained(in_use, models).is_used
    assert current_id(models) == second


def spoiled(data: DataSet, **how: object) -> ModelVersion:
    """What a failed learning might give: everybody has the face of another."""
    version = learned(data, **how)  # type: ignore[arg-type]
    return replace(version, weights=np.roll(version.weights, 1, axis=0))


def test_whoever_is_forgotten_leaves_no_trace_in_the_next_version(
    in_use: Store, workspace: Path, looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "WORTH_KEEPING", 0)
    monkeypatch.setattr(growing, "MOST_NEW", 1.0)
    models, said = workspace / "models", []
    without = load_version(models, str(current_id(models)))
    create(in_use, "Bo")
    confirm(in_use, "Bo", looks(7, 6))
    knew = load_version(models, trained(in_use, models).version)
    assert len(knew.people) == 4
    assert knew.lineage is not None
    assert knew.lineage.new == 6, "the others stayed as they were"
    traces = traces_of(in_use, knew, faces_of(looks(7, 6)))
    assert all(trace in written(models / knew.id) for trace in traces[:2])
    with in_use.write() as connection:
        for face in faces_of(looks(7, 6)):
            log.append(connection, said_in(f"annotation:{face}"), [Retracted()])
    again = trained(in_use, models, said=said)
    assert again.is_used
    assert "knows somebody who is no longer named" in said[-1]
    version = load_version(models, again.version)
    assert not any(trace in written(models / version.id) for trace in traces)
    assert (version.people, version.data_hash) == (without.people, without.data_hash)
    assert np.array_equal(version.weights, without.weights)
    assert np.array_equal(version.strangers.rows, without.strangers.rows)
    assert (version.scale, version.unknown_cosine) == (without.scale, without.unknown_cosine)
    assert (version.threshold, version.metrics) == (without.threshold, without.metrics)
    assert version.lineage is not None
    assert without.lineage is not None
    assert np.array_equal(version.lineage.faces, without.lineage.faces)


def test_with_one_of_two_people_forgotten_what_is_in_use_goes_on_without_them(
    store: Store, workspace: Path, looks
) -> None:
    models, said = workspace / "models", []
    for who, name in enumerate(PEOPLE[:2]):
        create(store, name)
        confirm(store, name, looks(who, FACES_EACH))
    version = load_version(models, trained(store, models).version)
    seen = [add_photos(store, looks(who, 3, seed=9)) for who in range(2)]

    def named() -> list[set[PersonId | None]]:
        with store.read() as connection:
            truth, encodings = log.truth(connection), photos.encodings(connection, NETWORK)
        identifier = Identifier(version).heeding(truth)
        found = guess(encodings, truth, (), run="", identifier=identifier).proposals
        return [{found[face].person for face in faces} for faces in seen]

    assert named() == [{PersonId("Ann")}, {PersonId("Ned")}]
    with store.write() as connection:
        for face in faces_of(looks(1, FACES_EACH)):
            log.append(connection, said_in(f"annotation:{face}"), [Retracted()])
    with pytest.raises(NotEnoughToLearn):
        trained(store, models, said=said)
    assert said == [
        f"{version.id} learned Ned, whom nobody names any more, and never gives that name"
    ]
    assert named() == [{PersonId("Ann")}, {None}]


def traces_of(store: Store, version: ModelVersion, faces: list[FaceId]) -> list[bytes]:
    """What a version might hold of Bo: a name, a direction, digests, ids, photos, encodings."""
    data = gathered(store, NETWORK)
    places = [data.faces.index(face) for face in faces]
    told = growing.seen(data)
    digests = np.concatenate([told.called[places], told.as_nobody[places]])
    column = [person.name for person in version.people].index("Bo")
    return [
        b'"Bo"',
        version.weights[column].tobytes(),
        *(digest.tobytes() for digest in digests),
        *(data.faces[place].encode() for place in places),
        *(data.photos[place].encode() for place in places),
        *(data.rows[place].tobytes() for place in places),
    ]


def written(folder: Path) -> bytes:
    """All files of a version, one after the other."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_worse_version_does_not_come_into_use(
    in_use: Store, workspace: Path, looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, said = workspace / "models", []
    first = current_id(models)
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    monkeypatch.setattr(training.retrain, "learned", spoiled)
    worse = trained(in_use, models, said=said)
    assert (worse.is_new, worse.is_used) == (True, False)
    assert current_id(models) == first
    assert list_versions(models) == [first, worse.version]
    assert f"{first} stays: worse than" in said[-1]


def test_too_few_photos_to_tell_keep_the_current_version(
    workspace: Path, store: Store, looks
) -> None:
    models, said = workspace / "models", []
    for who, name in enumerate(PEOPLE):
        create(store, name)
        confirm(store, name, looks(who, 3), part=Part.LEARNING)
        confirm(store, name, looks(who, 1, seed=1), part=Part.TEST)
    first = trained(store, models)
    assert first.is_used
    confirm(store, "Ann", looks(0, 1, seed=5), part=Part.LEARNING)
    second = trained(store, models, said=said)
    assert (second.is_new, second.is_used) == (True, False)
    assert current_id(models) == first.version
    assert "too few photos to tell" in said[-1]


def test_a_version_that_was_left_for_another_is_not_taken_up_again(
    in_use: Store, workspace: Path, looks
) -> None:
    models = workspace / "models"
    first = str(current_id(models))
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    assert trained(in_use, models).is_used
    make_current(models, first)
    assert not trained(in_use, models).is_used
    assert current_id(models) == first


def test_a_version_that_people_went_back_from_is_not_taken_up_again(
    in_use: Store, workspace: Path, looks
) -> None:
    models = workspace / "models"
    first = str(current_id(models))
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    assert trained(in_use, models).is_used
    assert roll_back(models) == first
    assert not trained(in_use, models).is_used
    assert current_id(models) == first


def test_a_dry_run_writes_nothing(in_use: Store, workspace: Path, looks) -> None:
    models = workspace / "models"
    confirm(in_use, "Ann", looks(0, 1, seed=5))
    before = sorted(models.rglob("*"))
    with in_use.read() as connection:
        fixed = photo_parts(connection)
    tried = trained(in_use, models, dry_run=True)
    assert (tried.is_new, tried.is_used) == (True, False)
    assert sorted(models.rglob("*")) == before
    with in_use.read() as connection:
        assert photo_parts(connection) == fixed


def test_names_that_would_change_are_told(in_use: Store, workspace: Path, looks) -> None:
    version = load_version(workspace / "models", str(current_id(workspace / "models")))
    other = replace(version, weights=np.roll(version.weights, 1, axis=0))
    opened_faces = add_photos(in_use, looks(1, 3, seed=9))
    changes = name_changes(in_use, NETWORK, version, other)
    assert {change.face for change in changes} == set(opened_faces)
    assert {(change.before, change.after) for change in changes} == {("Ned", "Zoë")}
    first, *examples = told_changes(changes)
    assert "3 faces without an answer would get another name (Ned → Zoë: 3)" in first
    assert len(examples) == 3


def test_the_same_version_changes_no_name(in_use: Store, workspace: Path, looks) -> None:
    version = load_version(workspace / "models", str(current_id(workspace / "models")))
    add_photos(in_use, looks(1, 3, seed=9))
    changes = name_changes(in_use, NETWORK, version, version)
    assert list(told_changes(changes)) == ["no face without an answer would get another name"]


def test_too_little_changes_nothing_and_says_what_is_missing(store: Store, workspace: Path) -> None:
    with pytest.raises(NotEnoughToLearn, match="nobody has a confirmed face"):
        trained(store, workspace / "models")
    assert not (workspace / "models").exists()


def test_as_long_as_nothing_can_be_learned_no_photo_has_a_part_for_ever(
    store: Store, workspace: Path, looks
) -> None:
    create(store, "Ann")
    confirm(store, "Ann", looks(0, 3), part=Part.TEST)
    with pytest.raises(NotEnoughToLearn, match="kept for testing"):
        trained(store, workspace / "models")
    with store.read() as connection:
        assert photo_parts(connection) == {}


def test_whoever_cannot_be_learned_yet_is_named(confirmed: Store, workspace: Path, looks) -> None:
    create(confirmed, "Bo")
    confirm(confirmed, "Bo", looks(7, 3), part=Part.TEST)
    said: list[str] = []
    result = trained(confirmed, workspace / "models", said=said)
    assert result.left_out == ("Bo",)
    assert said[0].endswith("to learn from: Bo")


def test_of_many_who_cannot_be_learned_yet_some_are_named(
    confirmed: Store, workspace: Path, looks
) -> None:
    for who in range(30):
        create(confirmed, f"Bo{who:02}")
        confirm(confirmed, f"Bo{who:02}", looks(100 + who, 1))
    said: list[str] = []
    assert len(trained(confirmed, workspace / "models", said=said, dry_run=True).left_out) == 30
    assert said[0].endswith("to learn from: Bo00, Bo01, Bo02, Bo03, Bo04 and 25 more")


def test_a_folder_that_cannot_be_used_is_one_line(confirmed: Store, workspace: Path) -> None:
    (workspace / "models").write_text("a file in the way")
    with pytest.raises(SetupError, match="cannot read"):
        trained(confirmed, workspace / "models")


def test_the_command_learns_from_the_workspace(
    confirmed: Store,
    workspace: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["training"])
    assert main() == 0
    assert "is in use" in capsys.readouterr().out
    assert current_id(workspace / "models") is not None


@pytest.mark.parametrize("prepared", [True, False])
def test_the_command_fails_in_one_line(
    workspace: Path,
    prepared: bool,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if prepared:
        request.getfixturevalue("store")
    monkeypatch.setattr("sys.argv", ["training"])
    assert main() == 1
    assert capsys.readouterr().err.count("\n") == 1
