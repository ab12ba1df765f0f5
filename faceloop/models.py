"""`faceloop models`: the model versions there are, which one answers, and going back to another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from faceloop import options
from faceloop.console import console, say
from faceloop.model_report_places import remove_stray_reports, tell_reports
from faceloop.wording import WAITS_TO_LEARN
from faceloop.workspace import existing_store, settings_for
from faces.errors import BrokenModelVersion, NotEnoughToLearn, StoreError
from faces.forgotten import told_forgotten
from faces.locks import Work, alone
from faces.model_version import TUNED
from faces.settings import Settings
from faces.store import log
from faces.store.database import Store
from faces.store.networks import forget_network, networks
from faces.version_keeping import networks_in_use
from faces.version_keeping import prune as prune_versions
from faces.version_keeping import roll_back as go_back
from faces.versions import ModelVersion, current_id, list_versions, load_version, make_current

Use = Annotated[str | None, typer.Option("--use", help="Make this version the one that answers.")]
RollBack = Annotated[
    bool, typer.Option("--roll-back", help="Go back to the version that answered before.")
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(help="Show the figures of two versions, and ask both about the test photos."),
]
Prune = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Remove all versions but so many of the newest, the current one and the one before.",
    ),
]
Report = Annotated[
    str | None,
    typer.Option("--report", help="Measure this version anew and write its report."),
]

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


def models(
    workspace: options.Workspace = None,
    use: Use = None,
    roll_back: RollBack = False,
    compare: Compare = None,
    prune: Prune = None,
    report: Report = None,
) -> None:
    """List, compare, choose and remove model versions; backend and app follow by themselves."""
    settings = settings_for(workspace)
    if use is not None or roll_back or prune is not None:
        with alone(settings, Work.TRAIN, on_wait=partial(say, WAITS_TO_LEARN)):
            _change(settings, use=use, roll_back=roll_back, prune=prune)
    if compare is not None:
        _compare(settings, *compare)
        return
    if report is not None:
        from faceloop.model_report import write_model_report  # what measures takes long to import

        write_model_report(settings, existing_store(settings), report)
    _list(settings.models)
    _tell_forgotten(settings)


def _change(settings: Settings, *, use: str | None, roll_back: bool, prune: int | None) -> None:
    """Choose the version that answers, and remove others."""
    folder = settings.models
    if use is not None:
        make_current(folder, use)
    if roll_back:
        say(f"{go_back(folder)} answers again")
    if prune is not None:
        removed = prune_versions(folder, keep=prune)
        with alone(settings, Work.REPORT):
            remove_stray_reports(folder, list_versions(folder))
        say("removed " + (", ".join(removed) or "nothing"))
        _forget_networks(settings)


def _forget_networks(settings: Settings) -> None:
    """Remove what tuned networks made of the faces whose versions are all gone."""
    store, in_use = _store_if_there(settings), networks_in_use(settings.models)
    if store is None:
        return
    with store.write() as connection:
        for network in networks(connection):
            if TUNED in network and network not in in_use:
                forget_network(connection, network)


def _store_if_there(settings: Settings) -> Store | None:
    """The store; None where the versions lie alone, as a copy of them does."""
    try:
        return existing_store(settings)
    except StoreError:
        return None


def _list(folder: Path) -> None:
    current = current_id(folder)
    versions = list_versions(folder)
    if not versions:
        say("no model version yet; name some people, then run `faceloop retrain`")
        return
    table = Table("", "version", "made", "people", *(title for _, title in _COLUMNS))
    broken: list[str] = []
    for version_id in versions:
        try:
            row = _row(folder, version_id)
        except BrokenModelVersion as error:
            row = [version_id, "cannot be used"]
            broken.append(str(error))
        table.add_row("▶" if version_id == current else "", *map(escape, row))
    console.print(table)
    say(_MEANING)
    for reason in broken:
        say(reason)
    tell_reports(folder, versions)


def _tell_forgotten(settings: Settings) -> None:
    """Say whom the version in use goes on without; where versions lie without a store, nobody."""
    version_id, store = current_id(settings.models), _store_if_there(settings)
    if version_id is None or store is None:
        return
    try:
        version = load_version(settings.models, version_id)
    except BrokenModelVersion:
        return  # as was told above
    with store.read() as connection:
        truth = log.truth(connection)
    for line in told_forgotten(version, truth):
        say(line)


def _row(models: Path, version_id: str) -> list[str]:
    version = load_version(models, version_id)
    return [
        version_id,
        f"{version.created_at:%Y-%m-%d}",
        str(len(version.people)),
        *(_share(version.metrics, name) for name, _ in _COLUMNS),
    ]


def _compare(settings: Settings, first: str, second: str) -> None:
    """Both versions' figures side by side, then their answers for the same test photos of today."""
    versions = [load_version(settings.models, version_id) for version_id in (first, second)]
    table = Table("", *(version.id for version in versions))
    table.add_row("made", *(f"{version.created_at:%Y-%m-%d}" for version in versions))
    table.add_row("people", *(str(len(version.people)) for version in versions))
    for name in sorted({name for version in versions for name in version.metrics}):
        table.add_row(name.replace("_", " "), *(_figure(v.metrics, name) for v in versions))
    console.print(table)
    say(_beside(settings, versions[0], versions[1]))


def _beside(settings: Settings, first: ModelVersion, second: ModelVersion) -> str:
    """What the test photos of today say of the second beside the first, in one line."""
    import numpy as np

    from training.gathering import gathered
    from training.promotion import answers, compared

    if first.network != second.network:
        return "they know the encodings of two networks, so no photo can be shown to both"
    store = existing_store(settings)
    try:
        data = gathered(store, second.network)
    except NotEnoughToLearn as reason:
        return str(reason)
    with store.read() as connection:
        resolve = log.truth(connection).resolve
    ours, theirs = (answers(version, data, resolve=resolve) for version in (second, first))
    found = compared(ours, theirs, data, rng=np.random.default_rng(0))
    return f"{second.id} beside {first.id}: {found.judgement} ({found})"


def _share(metrics: Mapping[str, float], name: str) -> str:
    """A share as people read it; nothing where it was not measured."""
    return f"{metrics[name]:.1%}" if name in metrics else "—"


def _figure(metrics: Mapping[str, float], name: str) -> str:
    """A share, or a number of faces."""
    if name in metrics and name.endswith("_faces"):
        return f"{metrics[name]:,.0f}"
    return _share(metrics, name)
