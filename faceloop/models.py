"""`faceloop models`: the model versions there are, and which one answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from faceloop import options
from faceloop.console import console, say
from faceloop.workspace import settings_for
from faces.errors import BrokenModelVersion
from faces.versions import current_id, list_versions, load_version, make_current

Use = Annotated[str | None, typer.Option("--use", help="Make this version the one that answers.")]

_COLUMNS = (
    ("named_right", "right"),
    ("named_wrong", "wrong"),
    ("strangers_accepted", "strangers"),
)
"""Of the figures measured on photos that a version did not learn from, those to choose by."""
_MEANING = (
    "right, wrong: how many of the faces that it had not learned from it names so; strangers: how "
    "many of them get a name"
)


def models(workspace: options.Workspace = None, use: Use = None) -> None:
    """List the model versions; backend and app follow a change by themselves."""
    settings = settings_for(workspace)
    if use is not None:
        make_current(settings.models, use)
    current = current_id(settings.models)
    versions = list_versions(settings.models)
    if not versions:
        say("no model version yet; name some people, then run `faceloop retrain`")
        return
    table = Table("", "version", "made", "people", *(title for _, title in _COLUMNS))
    broken: list[str] = []
    for version_id in versions:
        try:
            row = _row(settings.models, version_id)
        except BrokenModelVersion as error:
            row = [version_id, "cannot be used"]
            broken.append(str(error))
        table.add_row("▶" if version_id == current else "", *map(escape, row))
    console.print(table)
    say(_MEANING)
    for reason in broken:
        say(reason)


def _row(models: Path, version_id: str) -> list[str]:
    version = load_version(models, version_id)
    return [
        version_id,
        f"{version.created_at:%Y-%m-%d}",
        str(len(version.people)),
        *(_share(version.metrics, name) for name, _ in _COLUMNS),
    ]


def _share(metrics: Mapping[str, float], name: str) -> str:
    """A share as people read it; nothing where it was not measured."""
    return f"{metrics[name]:.1%}" if name in metrics else "—"
