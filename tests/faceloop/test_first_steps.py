"""From a folder of real portraits to groups, and what the commands say on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from faceloop.demo_album import make_album
from faceloop.main import main
from faceloop.running import noted
from faceloop.welcome import open_in_browser, tell_what_to_do
from faceloop.worker import run_job
from faceloop.workspace import explicit_settings, prepare
from faces.confirmations import FaceVerdict, Occasion, PersonCreated, Verdict
from faces.errors import SetupError
from faces.jobs import Job
from faces.records import Person, PersonId, unit_rows
from faces.settings import Settings
from faces.store import clusters, log, photos
from faces.store.database import open_store
from faces.versions import ModelVersion, numbered, save_version

PAGES = 3
PEOPLE = 3
OPTIONS = ("--jobs", "1")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pages of an album with three people on each, and a file that is no photo."""
    place = tmp_path_factory.mktemp("photos")
    album = make_album(tmp_path_factory.mktemp("demo") / "album", people=PEOPLE)
    for page in sorted(album.photos.iterdir())[:PAGES]:
        shutil.copy(page, place)
    (place / "broken [1].jpg").write_bytes(b"no photo at all")
    return place


@pytest.fixture(scope="module")
def read_once(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the folder was read."""
    workspace = tmp_path_factory.mktemp("first") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sys.argv",
            ["faceloop", "cluster", str(folder), *OPTIONS, "--workspace", str(workspace)],
        )
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    return workspace


@pytest.fixture
def workspace(read_once: Path, tmp_path: Path) -> Path:
    """The same for one test alone."""
    return Path(shutil.copytree(read_once, tmp_path / "workspace"))


def test_everybody_on_the_pages_is_found_and_grouped(faceloop, workspace: Path) -> None:
    said = " ".join(faceloop("status", "--workspace", workspace).out.split())
    assert f"photos {PAGES} " in said
    assert "refused files 1 " in said
    assert f"faces {PAGES * PEOPLE} " in said
    assert f"groups {PEOPLE} of {PAGES * PEOPLE} faces" in said
    assert "model version none yet" in said


def test_a_refused_file_is_listed_with_its_reason(faceloop, workspace: Path, folder: Path) -> None:
    [line] = faceloop("status", "--refused", "--workspace", workspace).out.splitlines()
    assert str(folder / "broken [1].jpg") in line


@pytest.mark.slow
def test_a_command_that_is_asked_to_end_takes_its_readers_with_it_and_goes_on_later(
    faceloop, folder: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    reading = subprocess.Popen(
        [sys.executable, "-m", "faceloop", "cluster", str(folder), "--jobs", "2"],
        env={**os.environ, "FACELOOP_WORKSPACE": str(workspace)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    children = Path(f"/proc/{reading.pid}/task/{reading.pid}/children")
    wait_until(lambda: [*workspace.glob("media/previews/*/*.jpg")])
    readers = [noted("reader", int(pid)) for pid in children.read_text(encoding="ascii").split()]
    reading.terminate()
    said, _ = reading.communicate(timeout=30)
    assert reading.returncode == 130
    assert "Traceback" not in said
    assert "stopped; what was read is kept" in said
    wait_until(lambda: not any(reader.runs for reader in readers))
    assert faceloop("status", "--workspace", workspace).code == 0


def wait_until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_run_reads_nothing(faceloop, workspace: Path) -> None:
    said = faceloop("cluster", "--workspace", workspace, *OPTIONS)
    assert said.code == 0
    assert said.out.splitlines()[0] == f"{PAGES + 1} files: {PAGES + 1} as before"
    assert f"{PEOPLE} groups of {PAGES * PEOPLE} faces" in said.out


def test_a_folder_that_is_away_stops_nobody_and_loses_nothing(
    faceloop, workspace: Path, folder: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    Image.new("RGB", (40, 40)).save(disk / "there.jpg")
    faceloop("cluster", disk, "--workspace", workspace, *OPTIONS)
    for away in (shutil.rmtree, Path.mkdir):
        away(disk)
        said = faceloop("cluster", "--workspace", workspace, *OPTIONS)
        assert said.code == 0
        [line] = said.err.splitlines()
        assert str(disk) in line
        assert "with --removed" in line
        assert f"{PEOPLE} groups of {PAGES * PEOPLE} faces" in said.out
    store = open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    with store.read() as connection:
        assert len(photos.known_files(connection, str(disk))) == 1


def test_a_dry_run_says_what_would_be_sent_groups_on_one_page(faceloop, workspace: Path) -> None:
    said = faceloop("sync", "--dry-run", "--workspace", workspace)
    assert said.out.splitlines() == [
        "people: 1 new, 0 changed, 0 to delete",
        f"photos: {PAGES} new, 0 changed, 0 to delete",
    ]


def test_without_a_label_studio_sync_says_what_is_missing(faceloop, workspace: Path) -> None:
    assert "FACELOOP_STUDIO_API_KEY" in faceloop("sync", "--workspace", workspace).fault


def test_with_too_little_confirmed_retrain_says_what_is_missing(faceloop, workspace: Path) -> None:
    said = faceloop("retrain", "--workspace", workspace)
    assert said.code == 0
    assert "without Label Studio" in said.err
    before = " ".join(said.out.split())
    store = open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    with store.write() as connection:
        faces = photos.faces(connection)[:2]
        ann = PersonId("p-ann")
        words = [PersonCreated(ann, "Ann [1]")]
        words += [FaceVerdict(face.id, Verdict.IS, ann) for face in faces]
        log.append(connection, Occasion("Ada", NOW, "test"), words)
    said = faceloop("retrain", "--workspace", workspace)
    assert said.code == 0
    assert "Ann [1]" in said.out
    assert " ".join(said.out.split()) != before
    assert "no model version yet" in faceloop("models", "--workspace", workspace).out


@pytest.fixture
def named(workspace: Path) -> Path:
    """The workspace once two of the people are named and the third was met once."""
    store = open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")
    with store.write() as connection:
        for name, cluster in zip(("Ann", "Ned", "Zoë"), clusters.clusters(connection), strict=True):
            person = PersonId(f"p-{name}")
            faces = cluster.faces[: 1 if name == "Zoë" else None]
            words = [FaceVerdict(face, Verdict.IS, person) for face in faces]
            log.append(
                connection, Occasion("Ada", NOW, "test"), [PersonCreated(person, name), *words]
            )
    return workspace


def test_status_says_whether_a_retrain_is_worth_it(faceloop, named: Path) -> None:
    before = " ".join(faceloop("status", "--workspace", named).out.split())
    assert "retrain worth it: 2 people can be learned, and nothing was learned yet" in before
    faceloop("retrain", "--workspace", named)
    after = " ".join(faceloop("status", "--workspace", named).out.split())
    assert "retrain not needed: nothing was confirmed since the last one" in after


def test_a_dry_run_does_all_but_use_what_it_learned(faceloop, named: Path, tmp_path: Path) -> None:
    written = tmp_path / "retrain.json"
    said = faceloop("retrain", "--dry-run", "--json", written, "--workspace", named)
    assert said.code == 0
    assert "learning 2 people from " in said.out
    assert "of a photo to learn from: Zoë" in said.out
    assert "model-0001-" in said.out.splitlines()[-2]
    assert " would be in use: " in said.out.splitlines()[-2]
    assert "no model version yet" in faceloop("models", "--workspace", named).out
    told = json.loads(written.read_text(encoding="utf-8"))
    assert (told["is_new"], told["is_used"], told["left_out"]) == (True, False, ["Zoë"])
    assert told["decision"]["is_promoted"]
    assert written.stat().st_mode & 0o077 == 0


def test_every_name_that_changes_is_in_the_json(faceloop, named: Path, tmp_path: Path) -> None:
    written = tmp_path / "retrain.json"
    said = faceloop("retrain", "--json", written, "--workspace", named)
    changes = json.loads(written.read_text(encoding="utf-8"))["changes"]
    counted = f"{len(changes)} face" if changes else "no face"
    assert f"{counted}s without" in said.out or f"{counted} without an answer" in said.out
    names = {change[when] for change in changes for when in ("before", "after")}
    assert names <= {"Ann", "Ned", "unknown", "Zoë"}
    assert all(change["before"] != change["after"] for change in changes)


def test_a_json_that_cannot_be_written_is_one_line(faceloop, named: Path, tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "retrain.json"
    said = faceloop("retrain", "--dry-run", "--json", place, "--workspace", named)
    assert said.code == 1
    assert "give another place" in said.fault


@pytest.mark.parametrize("place", [".", "/", "nowhere/retrain.json"])
def test_a_place_for_the_json_that_cannot_be_one_is_refused_before_anything_is_learned(
    faceloop, named: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "give another place" in faceloop("retrain", "--json", place, "--workspace", named).fault
    assert "no model version yet" in faceloop("models", "--workspace", named).out


def test_a_dry_run_says_when_nothing_would_be_learned(faceloop, named: Path) -> None:
    faceloop("retrain", "--workspace", named)
    said = faceloop("retrain", "--dry-run", "--workspace", named)
    assert "knows all that was confirmed; it stays in use" in said.out


@pytest.mark.parametrize(("options", "told"), [((), False), (("--seed", "3"), True)])
def test_a_seed_that_changes_nothing_is_said(
    faceloop, named: Path, monkeypatch, options: tuple[str, ...], told: bool
) -> None:
    as_before = SimpleNamespace(is_new=False, is_used=False)
    monkeypatch.setattr("training.retrain.retrain", lambda *_, **__: as_before)
    said = faceloop("retrain", *options, "--workspace", named)
    assert ("so --seed changed nothing" in said.out) is told


def test_model_versions_are_listed_and_chosen(faceloop, tmp_path: Path) -> None:
    assert "no model version yet" in faceloop("models", "--workspace", tmp_path).out
    first, second = (saved_version(tmp_path / "models", seed=seed) for seed in range(2))
    faceloop("models", "--workspace", tmp_path, "--use", first)
    marked = faceloop("models", "--workspace", tmp_path).out.split("▶")
    assert len(marked) == 2
    assert marked[1].strip(" │").startswith(first)
    assert second in marked[1]
    assert all(len(line) <= 80 for line in marked[0].splitlines()[:1])
    unknown = faceloop("models", "--workspace", tmp_path, "--use", "model-9999-0")
    assert "'model-9999-0' is no model version" in unknown.fault
    assert faceloop("models", "--workspace", tmp_path).out.split("▶") == marked


def test_model_versions_are_rolled_back_and_pruned(faceloop, tmp_path: Path) -> None:
    made = [saved_version(tmp_path / "models", seed=seed) for seed in range(3)]
    for version in made[1:]:
        faceloop("models", "--workspace", tmp_path, "--use", version)
    assert (
        f"{made[1]} answers again" in faceloop("models", "--workspace", tmp_path, "--roll-back").out
    )
    assert f"removed {made[0]}" in faceloop("models", "--workspace", tmp_path, "--prune", "1").out
    again = faceloop("models", "--workspace", tmp_path, "--roll-back")
    assert (again.code, again.fault.count("\n")) == (1, 0)
    assert "no earlier model version" in again.fault


def test_whom_a_version_goes_on_without_is_said_whenever_it_comes_into_use(
    faceloop, named: Path
) -> None:
    made = [saved_version(named / "models", seed=seed) for seed in range(2)]
    for option in (("--use", made[0]), ("--use", made[1]), ("--roll-back",)):
        said = faceloop("models", "--workspace", named, *option)
        assert "learned Zoë, Ned, whom nobody names any more" in " ".join(said.out.split())


def test_two_versions_are_compared_on_the_same_photos(faceloop, named: Path) -> None:
    made = [saved_version(named / "models", seed=seed) for seed in range(2)]
    said = faceloop("models", "--workspace", named, "--compare", *made)
    assert "rank1" in said.out
    assert f"{made[1]} beside {made[0]}: too few photos to tell" in " ".join(said.out.split())


def saved_version(folder: Path, *, seed: int, data_hash: str = "d" * 64) -> str:
    draft = ModelVersion(
        id="model-0000-00000000",
        created_at=NOW,
        network="dlib-resnet-v1",
        people=(Person(PersonId("p1"), "Zoë"), Person(PersonId("p2"), "Ned")),
        weights=unit_rows(np.random.default_rng(seed).normal(size=(2, 128)).astype(np.float32)),
        scale=31.4,
        unknown_cosine=0.83,
        threshold=0.7,
        metrics={"rank1": 0.99},
        data_hash=data_hash,
        parent=None,
        faceloop_version="0.1.0",
    )
    folder.mkdir(exist_ok=True)
    version = numbered(folder, draft)
    save_version(folder, version)
    return version.id


def test_a_job_that_cannot_be_done_is_one_line_and_the_worker_goes_on(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = explicit_settings(workspace)
    store = prepare(settings)
    for job in Job:
        caplog.clear()
        run_job(settings, store, job)
        [record] = caplog.records
        assert record.levelname == "WARNING"
        assert f"{job} failed: there is no token" in record.getMessage()


def test_what_people_said_is_pulled_though_given_photos_cannot_be_grouped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> bool:
        raise SetupError("no room to group")

    pulled: list[Settings] = []
    monkeypatch.setattr("faceloop.worker.group_given", fail)
    monkeypatch.setattr("faceloop.worker.follow_answers", lambda one, *_, **__: pulled.append(one))
    settings = explicit_settings(tmp_path)
    run_job(settings, prepare(settings), Job.PULL)
    assert pulled == [settings]
    assert "pull failed: no room to group" in caplog.text


@pytest.mark.parametrize(("groups", "told"), [(True, "Label All Tasks"), (False, "No group of")])
def test_what_to_do_first_depends_on_whether_there_is_a_group(
    read_once: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], groups: bool, told: str
) -> None:
    settings = explicit_settings(read_once if groups else tmp_path)
    tell_what_to_do(settings, prepare(settings))
    assert told in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "terminal", "opened"),
    [("firefox", True, True), ("/usr/bin/w3m", True, False), ("firefox", False, False)],
)
def test_a_browser_opens_only_where_somebody_sits_before_a_screen(
    monkeypatch: pytest.MonkeyPatch, name: str, terminal: bool, opened: bool
) -> None:
    asked: list[str] = []
    browser = SimpleNamespace(name=name, open=asked.append)
    monkeypatch.setattr("webbrowser.get", lambda: browser)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: terminal))
    open_in_browser("http://127.0.0.1:1")
    assert asked == ["http://127.0.0.1:1"] * opened
