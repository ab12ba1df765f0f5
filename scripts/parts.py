"""The parts that can be installed, and the state of all that each is installed from."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DLIB = ROOT / "packaging" / "dlib"
STUDIO = "label-studio==1.23.2"
# Published as source alone, none of it with anything to compile: weights, and plain Python.
SOURCE_ONLY = (
    "face_recognition_models",
    "attr",
    "django-ranged-fileresponse",
    "drf-flex-fields",
    "drf-generators",
    "ordered-set",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Something to install; sizes in GB and minutes are measured ones, rounded up."""

    name: str
    title: str
    extras: tuple[str, ...]
    disk_gb: float
    download_gb: float
    minutes: float


PARTS = {
    part.name: part
    for part in (
        Part("predict", "what predicts", ("backend", "app", "demo"), 1.2, 0.6, 2),
        Part("studio", "Label Studio", (), 1.1, 0.4, 2),
        Part("training", "training", ("training",), 6.2, 3.0, 6),
        Part("dev", "what tests", ("reference", "dask", "server", "dev"), 0.4, 0.2, 1),
    )
}
# The clone itself, in an environment that is its alone.
CLONE = Part("clone", "the command faceloop", (), 0, 0, 0)


def requirements_of(extras: Iterable[str], *, base: bool = True) -> list[str]:
    """Read the requirements of these extras in pyproject.toml, in its order."""
    project = _project()
    wanted: list[str] = list(project["dependencies"]) if base else []
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return wanted


def digest_of(part: Part) -> str:
    """Name the state of all that a part is installed from."""
    if part is CLONE:
        return _digest([str(ROOT), _project()])
    sources: list[object] = [
        requirements_for(part),
        constraints_for(part).read_text(encoding="utf-8"),
    ]
    if part.name == "dev":
        sources.append((DLIB / "pyproject.toml").read_text(encoding="utf-8"))
    return _digest(sources)


def requirements_for(part: Part) -> list[str]:
    """List what pip is told to install for a part."""
    if part.name == "studio":
        return [STUDIO]
    return requirements_of(part.extras)


def constraints_for(part: Part) -> Path:
    """Return the file with the exact versions for a part."""
    return ROOT / ("constraints-studio.txt" if part.name == "studio" else "constraints.txt")


def _project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project: dict[str, Any] = tomllib.load(file)["project"]
    return project


def _digest(sources: list[object]) -> str:
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
