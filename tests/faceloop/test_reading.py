"""What `cluster` reads, plans, remembers and says; pictures without faces are enough for that."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from PIL import Image

from faceloop import forecast, reading
from faceloop.console import Advance
from faceloop.folders import folders_to_read
from faceloop.reading import PhotoFolders
from faceloop.taken import Taken, tell_taken
from faceloop.workspace import prepare, settings_for
from faces.records import PhotoFile
from faces.store import photos
from faces.store.database import Store, open_store
from faces.store.photos import KnownFile

PHOTOS = 12
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    place.mkdir()
    for number in range(PHOTOS):
        Image.new("RGB", (40, 40), (number, 0, 0)).save(place / f"{number:02}.png")
    return place


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def cluster(faceloop, workspace: Path):
    """`faceloop cluster` on the workspace, in this process."""

    def call(*arguments: object):
        return faceloop("cluster", *arguments, "--jobs", "1", "--workspace", workspace)

    return call


def store_of(workspace: Path) -> Store:
    return open_store(f"sqlite:///{workspace / 'faceloop.sqlite3'}")


def count(workspace: Path) -> int:
    """How many photos are there, as far as the store knows."""
    with store_of(workspace).read() as connection:
        return photos.count_photos(connection)


def test_what_became_of_the_files_is_said(cluster, folder: Path) -> None:
    said = cluster(folder).out.splitlines()
    assert said[0].startswith(f"{PHOTOS} photos to read, perhaps ")
    assert said[1].startswith(f"{PHOTOS} files: {PHOTOS} added; 0 faces found, {PHOTOS} without")
    (folder / "00.png").rename(folder / "moved.png")
    (folder / "01.png").unlink()
    Image.new("RGB", (50, 50)).save(folder / "02.png")
    shutil.copy(folder / "03.png", folder / "copy.png")
    (folder / "bad.jpg").write_bytes(b"no photo")
    line = next(line for line in cluster().out.splitlines() if " files: " in line)
    assert line == (
        f"{PHOTOS + 1} files: 1 added, 1 changed, 1 moved, 1 removed, 9 as before; 0 faces found, "
        "1 without a face (faceloop status --without-faces), "
        "1 refused (faceloop status --refused)"
    )


def test_the_summary_leaves_out_what_there_was_none_of(capsys) -> None:
    tell_taken(Taken(found=3, unchanged=3))
    tell_taken(Taken(found=0))
    counts = {"added": 1, "changed": 2, "moved": 3, "returned": 4, "again": 5, "removed": 6}
    tell_taken(Taken(found=9_000, read=9, faces=1, without_faces=1_000, refused=8, **counts))
    assert capsys.readouterr().out.splitlines() == [
        "3 files: 3 as before",
        "0 files: nothing new",
        "9,000 files: 1 added, 2 changed, 3 moved, 4 returned, 5 read again, 6 removed; "
        "1 face found, 1,000 without a face (faceloop status --without-faces), "
        "8 refused (faceloop status --refused)",
    ]


def test_a_dry_run_before_there_is_a_workspace_writes_nothing(
    cluster, folder: Path, workspace: Path
) -> None:
    said = cluster(folder, "--dry-run")
    assert said.code == 0
    assert said.out.startswith(f"{PHOTOS} photos to read, perhaps ")
    assert not workspace.exists()


@pytest.mark.parametrize("subcommand", ["cluster", "up"])
def test_a_dry_run_changes_nothing(
    faceloop, cluster, folder: Path, workspace: Path, tmp_path: Path, subcommand: str
) -> None:
    cluster(folder)
    before = {path: path.read_bytes() for path in workspace.rglob("*.json*")}
    (folder / "00.png").unlink()
    more = tmp_path / "more"
    shutil.copytree(folder, more)
    Image.new("RGB", (50, 50)).save(more / "new.png")
    method = ("--method", "dbscan", "--eps", "0.3")
    dry = (subcommand, more, "--dry-run", *method, "--workspace", workspace)
    said = faceloop(*dry)
    assert said.code == 0
    assert f"{folder}: 1 file is gone or elsewhere" in said.out
    assert f"{PHOTOS} photos to read" in said.out
    assert faceloop(*dry).out == said.out
    assert {path: path.read_bytes() for path in workspace.rglob("*.json*")} == before
    assert folders_to_read(store_of(workspace), None) == [str(folder)]
    assert faceloop("cluster", "--dry-run", "--workspace", workspace).out.splitlines()[1:] == [
        "nothing to read"
    ]


@pytest.mark.parametrize("subcommand", ["cluster", "up"])
def test_a_disk_that_is_too_small_is_refused_before_anything_is_read(
    faceloop, folder: Path, workspace: Path, monkeypatch, subcommand: str
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, 10_000))
    for dry in (["--dry-run"], []):
        said = faceloop(subcommand, folder, *dry, "--workspace", workspace)
        assert "give a workspace on another disk" in said.fault
        assert not workspace.exists(), "nothing is left behind"


def test_new_photos_that_do_not_fit_on_the_disk_are_refused(
    cluster, folder: Path, workspace: Path, monkeypatch
) -> None:
    cluster(folder)
    Image.new("RGB", (50, 50)).save(folder / "new.png")
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, 10_000))
    assert "give a workspace on another disk" in cluster().fault
    assert count(workspace) == PHOTOS


def test_a_workspace_that_cannot_be_written_to_is_one_line(
    cluster, folder: Path, workspace: Path, monkeypatch
) -> None:
    cluster(folder)

    def refuse(*_args: object, **_how: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert f"{workspace} cannot be made or used (Read-only file system)" in cluster().fault


def test_a_folder_that_got_another_name_keeps_its_photos_and_is_forgotten_on_request(
    faceloop, cluster, folder: Path, workspace: Path, tmp_path: Path
) -> None:
    cluster(folder)
    renamed = folder.rename(tmp_path / "renamed")
    said = cluster(renamed)
    assert said.err == "", "nothing is lost, so nothing is away"
    assert f"{PHOTOS} files: {PHOTOS} added, {PHOTOS} removed; 0 faces found" in said.out
    assert count(workspace) == PHOTOS
    assert cluster().err.splitlines() == [
        f"{folder} is not there, and no photo of it is missing; --removed forgets it"
    ]
    assert f"{folder} is not there, and no photo of it is missing" in cluster("--removed").out
    assert cluster().err == ""
    assert folders_to_read(store_of(workspace), None) == [str(renamed)]


def test_what_moves_to_another_folder_is_not_lost(cluster, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    shutil.copy(folder / "00.png", tmp_path / "other")
    cluster(folder)
    cluster(tmp_path / "other")
    for number in range(6):
        (folder / f"{number:02}.png").rename(tmp_path / "other" / f"{number:02}.png")
    said = cluster()
    assert said.err == ""
    assert "5 added, 6 removed, 7 as before" in said.out


def test_settings_once_given_hold_for_the_workspace(cluster, folder: Path, workspace: Path) -> None:
    dbscan = ("--method", "dbscan", "--eps", "0.3")
    cluster(folder, *dbscan, "--detector", "hog", "--rotations", "--jobs", "1")
    chosen = settings_for(workspace)
    assert (chosen.eps, chosen.detector, chosen.rotations, chosen.jobs) == (0.3, "hog", True, 0)
    assert chosen.method == "dbscan"
    assert cluster("--eps", "0.3").code == 0, "the method is remembered"
    cluster("--no-rotations")
    chosen = settings_for(workspace)
    assert (chosen.eps, chosen.detector, chosen.rotations) == (0.3, "hog", False)


def test_the_environment_wins_over_what_was_chosen_and_is_not_remembered(
    cluster, folder: Path, workspace: Path, monkeypatch
) -> None:
    cluster(folder, "--method", "dbscan", "--eps", "0.3")
    monkeypatch.setenv("FACELOOP_EPS", "0.4")
    cluster()
    assert settings_for(workspace).eps == 0.4
    monkeypatch.delenv("FACELOOP_EPS")
    assert settings_for(workspace).eps == 0.3
    assert settings_for(workspace, eps=0.5).eps == 0.5


@pytest.mark.parametrize(
    "option",
    [("--detector", "magic"), ("--engine", "steam"), ("--eps", "-1"), ("--method", "luck")],
)
def test_an_option_that_cannot_be_used_is_named(cluster, folder: Path, option) -> None:
    said = cluster(folder, *option)
    assert said.code in (1, 2)
    assert option[0].strip("-") in said.err.lower()


@pytest.mark.parametrize("subcommand", ["cluster", "up"])
@pytest.mark.parametrize("option", [("--eps", "0.3"), ("--min-samples", "2")])
def test_a_radius_without_dbscan_is_refused_before_anything_is_done(
    faceloop, folder: Path, workspace: Path, subcommand: str, option: tuple[str, str]
) -> None:
    said = faceloop(subcommand, folder, *option, "--workspace", workspace)
    assert f"{option[0]} says how DBSCAN groups; give --method dbscan too" in said.fault
    assert not workspace.exists()


def test_a_radius_from_before_there_were_methods_is_let_go_and_that_is_said_once(
    cluster, folder: Path, workspace: Path
) -> None:
    workspace.mkdir()
    before = {"detector": "hog", "eps": 0.38, "min_samples": 4}
    (workspace / "choices.json").write_text(json.dumps(before), encoding="utf-8")
    line = "--method dbscan --eps 0.38 --min-samples 4 groups as before"
    assert line in cluster(folder).out
    assert line not in cluster(folder).out
    chosen = settings_for(workspace)
    assert (chosen.method, chosen.detector, chosen.eps) == ("people", "hog", 0.42)


def test_a_radius_in_use_is_not_let_go(cluster, folder: Path, workspace: Path, monkeypatch) -> None:
    workspace.mkdir()
    (workspace / "choices.json").write_text(json.dumps({"eps": 0.38}), encoding="utf-8")
    monkeypatch.setenv("FACELOOP_METHOD", "dbscan")
    assert "groups as before" not in cluster(folder).out
    assert settings_for(workspace).eps == 0.38


def test_going_back_to_people_needs_nothing_said_of_a_radius(
    cluster, folder: Path, workspace: Path
) -> None:
    cluster(folder, "--method", "dbscan", "--eps", "0.3")
    cluster("--method", "people")
    chosen = settings_for(workspace)
    assert (chosen.method, chosen.eps) == ("people", 0.42)


def test_the_groups_are_shown_on_a_page(cluster, folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert f"the groups are shown in {page}" in cluster(folder, "--report", page).out
    assert "</html>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "place", ["", "none/report.html", "folder.html", "photos/00.png", "pipe.html"]
)
def test_a_place_for_a_report_that_is_none_is_named_before_photos_are_read(
    cluster, folder: Path, workspace: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "folder.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    before = (folder / "00.png").read_bytes()
    assert "no report can be written" in cluster(folder, "--report", tmp_path / place).fault
    assert not workspace.exists()
    assert (folder / "00.png").read_bytes() == before


def test_a_report_that_label_studio_would_serve_is_refused(
    cluster, folder: Path, workspace: Path
) -> None:
    cluster(folder)
    page = workspace / "media" / "report.html"
    assert "seen by all who can log in" in cluster("--report", page).fault
    assert not page.exists()


@pytest.mark.parametrize("subcommand", ["cluster", "up"])
def test_a_cut_cannot_be_found_anew_for_dbscan(
    faceloop, folder: Path, workspace: Path, subcommand: str
) -> None:
    asked = ("--method", "dbscan", "--regroup", "--workspace", workspace)
    assert "give --method people too" in faceloop(subcommand, folder, *asked).fault
    assert not workspace.exists()


def test_photos_without_a_face_make_no_group(cluster, folder: Path) -> None:
    assert "no group of faces; 0 faces stand alone" in cluster(folder).out


def test_choices_that_are_damaged_are_one_line(faceloop, cluster, folder, workspace: Path) -> None:
    cluster(folder, "--detector", "hog")
    for content in ("{", "[]", "3"):
        (workspace / "choices.json").write_text(content, encoding="utf-8")
        if content != "[]":
            assert "choices.json is damaged" in faceloop("status", "--workspace", workspace).fault


def test_photos_are_read_again_when_that_is_asked_for(cluster, folder: Path) -> None:
    cluster(folder)
    assert f"{PHOTOS} as before" in cluster().out
    assert f"{PHOTOS} read again" in cluster("--again").out
    assert f"{PHOTOS} as before" in cluster().out


def test_a_part_can_be_read_now_and_the_rest_later(cluster, folder: Path) -> None:
    assert "5 added, 7 still to be read" in cluster(folder, "--limit", "5").out
    assert "5 added, 5 as before, 2 still to be read" in cluster("--limit", "5").out
    assert "2 added, 10 as before;" in cluster("--limit", "5").out


def test_many_lost_photos_stay_until_that_is_meant(
    faceloop, cluster, folder: Path, workspace: Path
) -> None:
    cluster(folder)
    for photo in sorted(folder.iterdir())[:5]:
        photo.unlink()
    for _ in range(2):
        said = cluster()
        [line] = said.err.splitlines()
        assert f"5 of the {PHOTOS} photos in {folder} are gone" in line
        assert "--removed" in line
    assert f"{folder}: there, 7 photos" in faceloop("status", "--workspace", workspace).out
    assert count(workspace) == PHOTOS
    said = cluster("--removed")
    assert "5 removed" in said.out
    assert said.err == ""
    assert count(workspace) == 7


def test_status_tells_the_folders_and_since_when_one_is_away(
    faceloop, cluster, folder: Path, workspace: Path, tmp_path: Path
) -> None:
    cluster(folder)
    Image.new("RGB", (50, 50)).save(folder / "new.png")
    said = faceloop("status", "--workspace", workspace).out
    assert f"{folder}: there, {PHOTOS + 1} photos, 1 still to be read" in said
    folder.rename(tmp_path / "unplugged")
    cluster()
    said = faceloop("status", "--workspace", workspace).out
    assert f"{folder}: away, since 2" in said
    assert f": {PHOTOS} photos stay as they are" in said
    (tmp_path / "unplugged").rename(folder)
    cluster()
    said = faceloop("status", "--workspace", workspace).out
    assert f"{folder}: there, {PHOTOS + 1} photos\n" in said


def test_photos_without_a_face_are_counted_sampled_and_listed(
    faceloop, cluster, folder: Path, workspace: Path
) -> None:
    cluster(folder)
    said = faceloop("status", "--workspace", workspace).out
    assert f"photos without a face {PHOTOS}" in " ".join(said.split())
    sampled = [line for line in said.splitlines() if line.startswith(f"  {folder}")]
    assert len(sampled) == 5
    listed = faceloop("status", "--without-faces", "--workspace", workspace).out.splitlines()
    assert listed == [str(path) for path in sorted(folder.iterdir())]


@pytest.mark.slow
def test_ten_thousand_refused_files_are_listed_whatever_their_names(
    faceloop, workspace: Path
) -> None:
    names = ["a\nb.jpg", "\x1b[2J.jpg", "[bold]x[/bold].jpg", "Zoë 👩.jpg", "\u202egpj.exe.jpg"]
    names += [f"{number}.jpg" for number in range(10_000 - len(names))]
    with prepare(settings_for(workspace)).write() as connection:
        photos.save_files(
            connection,
            [KnownFile(PhotoFile("/p", n, 1, 1), None, f"/p/{n} is no photo") for n in names],
        )
    listed = faceloop("status", "--refused", "--workspace", workspace).out.splitlines()
    assert len(listed) == len(names)
    assert all(line.isprintable() for line in listed)
    for shown in (r"/p/a\nb.jpg", r"/p/\x1b[2J.jpg", "/p/[bold]x[/bold].jpg", "/p/Zoë 👩.jpg"):
        assert f"{shown} is no photo" in listed
    said = faceloop("status", "--workspace", workspace).out
    assert "refused files 10,000" in " ".join(said.split())


def test_the_pace_is_noted_also_when_reading_is_interrupted(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(forecast, "_FEWEST_TO_MEASURE", 3)
    settings = settings_for(tmp_path / "workspace", jobs=1)
    found = PhotoFolders(settings, prepare(settings), [str(folder)])

    def interrupt(_what: str, done: int, _total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found.read(interrupt)
    assert found.pace().is_measured


def test_photos_that_are_known_set_no_pace(
    cluster, folder: Path, workspace: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(forecast, "_FEWEST_TO_MEASURE", PHOTOS)
    cluster(folder)
    store, settings = store_of(workspace), settings_for(workspace, jobs=1)
    pace = forecast.pace_of(settings, store, processes=1)
    assert pace.is_measured
    cluster(folder.rename(tmp_path / "renamed"))
    assert forecast.pace_of(settings, store, processes=1) == pace
    cluster("--again")
    assert forecast.pace_of(settings, store, processes=1) != pace


def test_one_folder_among_others_is_read_in_slices_without_a_second_look(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(folder / "00.png", other / "copy.png")
    Image.new("RGB", (60, 60)).save(other / "only here.png")
    settings = settings_for(tmp_path / "workspace", jobs=1)
    found = PhotoFolders(settings, prepare(settings), [str(folder), str(other)])
    found.look()
    monkeypatch.delattr(reading, "plan_ingest")
    told: list[tuple[int, int]] = []

    def advance(_what: str, done: int, total: int) -> None:
        told.append((done, total))

    tell: Advance = advance
    taken = found.read(tell, limit=5)
    while taken.left:
        taken += found.read(tell, limit=5, read_before=taken.read)
    assert (taken.read, taken.found, found.known()) == (PHOTOS + 2, PHOTOS + 2, PHOTOS + 1)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {PHOTOS + 2}


def test_what_is_meant_to_be_gone_is_gone_from_the_folder_given_alone(
    cluster, folder: Path, workspace: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for place in range(10):
        Image.new("RGB", (60 + place, 50)).save(other / f"{place}.png")
    cluster(folder)
    cluster(other)
    for one in (folder, other):
        for photo in sorted(one.iterdir())[:5]:
            photo.unlink()
    said = cluster(folder, "--removed")
    assert "5 removed" in said.out
    assert f"5 of the 10 photos in {other} are gone" in said.err
    assert count(workspace) == PHOTOS - 5 + 10
