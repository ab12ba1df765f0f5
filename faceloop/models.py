"""`faceloop models`: the model versions there are, and which one answers."""

from __future__ import annotations

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
    table = Table("", "version", "made", "people", "on photos it did not learn from")
    for version_id in versions:
        mark = "▶" if version_id == current else ""
        try:
            version = load_version(settings.models, version_id)
        except BrokenModelVersion as error:
            table.add_row(mark, version_id, "", "", escape(str(error)))
            continue
        metrics = ", ".join(f"{name} {value:.3g}" for name, value in version.metrics.items())
        made = f"{version.created_at:%Y-%m-%d %H:%M}"
        table.add_row(mark, version_id, made, str(len(version.people)), metrics)
    console.print(table)
