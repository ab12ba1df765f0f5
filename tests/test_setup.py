from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import check_files, install, lock, parts

ROOT = parts.ROOT
EXTRAS = ("backend", "app", "demo", "training", "reference", "dask", "server", "dev")
Usage = namedtuple("Usage", "total used free")


def same_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(file: str) -> dict[str, set[str]]:
    """Each name's exact versions; there are several where they differ by Python."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.partition(";")[0].strip().split("==")
            found.setdefault(same_name(name), set()).add(version)
    return found


def everything_under(requirements: list[str]) -> set[str]:
    """The names of all that these requirements install, as far as it is installed here."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        wanted, parent_extra = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": parent_extra}):
            continue
        for extra in ("", *wanted.extras):
            key = (same_name(wanted.name), extra)
            if key in seen:
                continue
            seen.add(key)
            try:
                lines = importlib.metadata.requires(wanted.name) or []
            except importlib.metadata.PackageNotFoundError:
                continue
            waiting += [(Requirement(line), extra) for line in lines]
    return {name for name, _ in seen}


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS"}
    }
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def places(tmp_path: Path) -> install.Places:
    """Two environments elsewhere, whose pip writes what it is told to `said` and does nothing."""
    for name in ("venv", "studio"):
        (tmp_path / name / "lib/python3.11/site-packages/pip").mkdir(parents=True)
        (tmp_path / name / "lib/python3.11/site-packages/pip/__init__.py").touch()
        (tmp_path / name / "bin").mkdir()
        python = tmp_path / name / "bin/python"
        python.write_text(f'#!/bin/sh\necho "$@" | tee -a {tmp_path}/said\n', encoding="utf-8")
        python.chmod(0o755)
    return install.Places(tmp_path / "venv", tmp_path / "studio", check_disk=False)


def arguments(places: install.Places, *words: str) -> list[str]:
    return [
        f"--venv={places.venv}",
        f"--studio-venv={places.studio_venv}",
        "--check-disk=no",
        *words,
    ]


def break_pip(places: install.Places, *, of: Path) -> None:
    (of / "bin/python").write_text("#!/bin/sh\necho no such wheel\nexit 1\n", encoding="utf-8")


@pytest.mark.parametrize("line", parts.requirements_of(EXTRAS))
def test_every_requirement_has_one_exact_version_that_suits_it(line: str) -> None:
    wanted = Requirement(line)

    versions = pins("constraints.txt")[same_name(wanted.name)]

    assert len(versions) == 1
    assert wanted.specifier.contains(next(iter(versions)))


def test_label_studio_is_pinned_in_its_own_file() -> None:
    assert pins("constraints-studio.txt")["label-studio"] == {parts.STUDIO.partition("==")[2]}


def test_no_pin_has_a_local_part_but_our_own_packages() -> None:
    every = pins("constraints.txt") | pins("constraints-studio.txt")

    assert {name for name, versions in every.items() if any("+" in v for v in versions)} == {"dlib"}


def test_dlib_can_only_be_our_package_that_holds_nothing() -> None:
    ours = (parts.DLIB / "pyproject.toml").read_text(encoding="utf-8")

    (version,) = pins("constraints.txt")["dlib"]

    assert f'version = "{version}"' in ours
    assert f'"dlib-bin=={next(iter(pins("constraints.txt")["dlib-bin"]))}"' in ours


@pytest.mark.parametrize("extra", ["backend", "app"])
def test_what_predicts_brings_no_torch_and_no_dlib_to_compile(extra: str) -> None:
    installed = everything_under(parts.requirements_of([extra]))

    assert "dlib-bin" in installed
    assert installed.isdisjoint({"torch", "torchvision", "fastai", "dlib", "label-studio"})


def test_packages_of_one_python_alone_get_a_marker() -> None:
    assert lock.merged(
        {"3.12": {"numpy": "2.2.6"}, "3.13": {"numpy": "2.2.6", "audioop-lts": "0.2.2"}}
    ) == ['audioop-lts==0.2.2 ; python_version == "3.13"', "numpy==2.2.6"]


def test_a_part_is_installed_once(places: install.Places, tmp_path: Path) -> None:
    for _ in range(2):
        assert install.main(arguments(places, "predict", "dev")) == 0

    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines()
    assert len(said) == 3  # what predicts; our dlib, then what tests
    assert all(line.startswith("-m pip install") for line in said)


def test_another_constraint_installs_again(
    places: install.Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    part = parts.PARTS["training"]
    install.install(part, places)
    assert install.is_installed(part, places)

    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    with (tmp_path / "constraints.txt").open("a", encoding="utf-8") as constraints:
        constraints.write("another==1\n")
    monkeypatch.setattr(parts, "ROOT", tmp_path)

    assert not install.is_installed(part, places)


def test_a_change_is_announced_as_one_and_not_as_a_first_install(
    places: install.Places, capsys: pytest.CaptureFixture[str]
) -> None:
    install.main(arguments(places, "predict"))
    (places.venv / ".faceloop-predict").write_text("from other versions\n", encoding="utf-8")
    capsys.readouterr()

    assert install.main(arguments(places, "predict")) == 0

    assert capsys.readouterr().out.startswith("To bring up to date: what predicts.\n")


def test_a_shared_environment_never_holds_a_clone(places: install.Places, tmp_path: Path) -> None:
    install.main(arguments(places, "predict"))

    assert "--editable" not in (tmp_path / "said").read_text(encoding="utf-8")


def test_an_environment_in_the_clone_gets_the_clone_as_a_command(
    places: install.Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("constraints.txt", "pyproject.toml"):
        shutil.copy(parts.ROOT / name, tmp_path)
    for module in (install, parts):
        monkeypatch.setattr(module, "ROOT", tmp_path)

    assert install.main(arguments(places, "predict")) == 0

    last = (tmp_path / "said").read_text(encoding="utf-8").splitlines()[-1]
    assert "--no-deps" in last
    assert last.endswith(f"--editable={tmp_path}")


def test_a_command_runs_once_what_predicts_is_there(places: install.Places, tmp_path: Path) -> None:
    note = f"ls -A {places.venv} > {tmp_path}/seen"

    code = install.main(arguments(places, "predict", "studio", "training", "--", "sh", "-c", note))

    assert code == 0
    assert ".faceloop-predict" in (tmp_path / "seen").read_text(encoding="utf-8")
    assert all(install.is_installed(parts.PARTS[n], places) for n in ("studio", "training"))


def test_a_command_that_fails_stops_the_install(places: install.Places) -> None:
    (places.studio_venv / "bin/python").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")

    assert install.main(arguments(places, "predict", "studio", "--", "sh", "-c", "exit 7")) == 7


def test_a_failed_install_beside_a_command_is_told(
    places: install.Places, capsys: pytest.CaptureFixture[str]
) -> None:
    break_pip(places, of=places.studio_venv)

    assert install.main(arguments(places, "predict", "studio", "--", "true")) == 1

    assert "no such wheel" in capsys.readouterr().err


def test_a_failed_install_shows_what_pip_said_and_is_tried_again(
    places: install.Places, capsys: pytest.CaptureFixture[str]
) -> None:
    break_pip(places, of=places.venv)

    assert install.main(arguments(places, "training")) == 1

    assert "no such wheel" in capsys.readouterr().err
    assert not install.is_installed(parts.PARTS["training"], places)


def test_too_small_a_disk_is_one_line_and_installs_nothing(
    places: install.Places,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9e9, 8e9, 1e9))
    words = [w for w in arguments(places, "training") if not w.startswith("--check-disk")]

    assert install.main(words) == 1

    complaint = capsys.readouterr().err.splitlines()
    assert len(complaint) == 1
    assert "1.0 GB are free" in complaint[0]
    assert not (tmp_path / "said").exists()


def test_another_python_is_one_line_before_anything_is_installed(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9, 1);'
        ' exec(sys.argv[1])" "$2"\n',
        encoding="utf-8",
    )
    old.chmod(0o755)

    ran = make("setup", f"PYTHON={old}", f"VENV={tmp_path}/venv")

    assert ran.returncode != 0
    said = [line for line in ran.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "3.11, 3.12 or 3.13" in said[0]
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ("", "Say which photos"),
        ("/no/such/folder", "There is no folder /no/such/folder"),
        ("~/no such/folder", "There is no folder /at/home/no such/folder"),
    ],
)
def test_up_asks_for_a_folder_before_it_installs(
    tmp_path: Path, given: str, complaint: str
) -> None:
    ran = make(
        "up",
        f"PHOTOS={given}",
        f"PYTHON={sys.executable}",
        f"VENV={tmp_path}/venv",
        HOME="/at/home",
    )

    assert ran.returncode != 0
    assert complaint in ran.stderr
    assert not (tmp_path / "venv").exists()


def test_set_up_again_says_and_does_nothing(places: install.Places) -> None:
    assert install.main(arguments(places, "predict", "studio", "training")) == 0
    (places.venv / "bin/python").unlink()

    ran = make(
        "setup",
        f"PYTHON={sys.executable}",
        f"VENV={places.venv}",
        f"STUDIO_VENV={places.studio_venv}",
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_photos_and_package_indexes_and_what_notebooks_show_are_refused(tmp_path: Path) -> None:
    (tmp_path / "family.JPG").touch()
    (tmp_path / "lock.txt").write_text("from " + ".".join(("pypi", "org")), encoding="utf-8")
    (tmp_path / "fine.txt").write_text("fine", encoding="utf-8")
    (tmp_path / "docs/pictures").mkdir(parents=True)
    (tmp_path / "docs/pictures/desk.png").touch()
    shown = {"cell_type": "code", "source": [], "outputs": [{"text": "who"}]}
    for name, cells in (("seen.ipynb", [shown]), ("clear.ipynb", [{**shown, "outputs": []}])):
        (tmp_path / name).write_text(json.dumps({"cells": cells}), encoding="utf-8")
    names = ["family.JPG", "lock.txt", "fine.txt", "docs/pictures/desk.png", "deleted.txt"]
    names += ["seen.ipynb", "clear.ipynb"]

    wrong = check_files.problems(tmp_path, names)

    assert [line.partition(":")[0] for line in wrong] == ["family.JPG", "lock.txt", "seen.ipynb"]


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_in_ci_a_skip_is_a_failure(tmp_path: Path, ci: str, code: int) -> None:
    shutil.copy(ROOT / "tests/conftest.py", tmp_path)
    (tmp_path / "test_one.py").write_text(
        "import pytest\ndef test_it() -> None:\n    pytest.skip('no browser')\n", encoding="utf-8"
    )

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == code, ran.stdout


def test_ci_checks_and_tests() -> None:
    script = ROOT / ".ci/run"

    assert os.access(script, os.X_OK)
    assert {"make check", "make test"} <= {
        line.partition(" </dev/null")[0] for line in script.read_text().splitlines()
    }
