"""Findings on our two projects in Label Studio: whether annotators see what is ours in them."""

from __future__ import annotations

from collections.abc import Iterator

from faceloop.doctor_connection import connection_findings
from faceloop.doctor_facts import Desk, Facts, Picture, StudioSide, Unknown
from faceloop.doctor_verdict import SYNC, Finding, trouble, unknown, well
from faceloop.wording import counted
from faces.studio_checks import ProjectState
from faces.studio_format import PEOPLE_VERSION
from sync.desk import BACKEND_TITLE, Project

_SIDES_APART = 0.02
"""A preview may lose a hundredth of a side."""
_READ_AGAIN = "run `faceloop cluster FOLDER --again`, which makes the previews anew"


def project_findings(facts: Facts, studio: StudioSide) -> Iterator[Finding]:
    """Both projects, a picture of theirs, and how Label Studio and backend reach each other."""
    if isinstance(studio.speaker, Unknown):
        yield unknown("projects", "not looked at: Label Studio does not take the token")
        return
    if isinstance(facts.machine.database, Unknown):
        yield unknown("projects", "not looked at: the database tells which are ours")
        return
    for project in Project:
        yield from _project(facts, project, studio.desks.get(project))
    yield _picture(studio)
    yield _strictness(studio)
    yield from connection_findings(facts, studio)


def _project(facts: Facts, project: Project, desk: Desk | None) -> Iterator[Finding]:
    name = f"{project.capitalize()} project"
    if desk is None:
        yield trouble(name, f"none was made in {facts.wanted.studio_url} yet", SYNC)
        return
    if isinstance(desk.state, Unknown):
        yield trouble(name, desk.state.why, SYNC)
        return
    if desk.state is None or desk.state.made_at != desk.made_at:
        there = "is gone" if desk.state is None else "is another one by now"
        yield trouble(
            name,
            f"project {desk.id} {there}",
            f"{SYNC}: it is made anew; what people said is kept",
        )
        return
    yield _tasks(name, desk, desk.state)
    if desk.config is not None:
        yield _config(project, desk.config, desk.state)
    yield _shown(facts, project, desk, desk.state)
    yield from _saving(project, desk.state)
    if desk.storages == 0:
        yield trouble(
            f"{project.capitalize()} pictures",
            "the project has no storage with our pictures, so they are not shown",
            f"{SYNC}; Label Studio needs LOCAL_FILES_SERVING_ENABLED=true and the workspace's "
            "media folder as LOCAL_FILES_DOCUMENT_ROOT",
        )


def _tasks(name: str, desk: Desk, state: ProjectState) -> Finding:
    if state.tasks < desk.pushed:
        return trouble(name, f"{state.tasks:,} of {counted(desk.pushed, 'task')} are there", SYNC)
    return well(name, f"{counted(state.tasks, 'task')} in {state.title}")


def _config(project: Project, config: str, state: ProjectState) -> Finding:
    check = f"{project.capitalize()} config"
    if state.config.strip() != config.strip():
        return trouble(
            check,
            "somebody changed the labeling config; names and boxes may not show, or be refused",
            f"{SYNC}: it brings ours back",
        )
    return well(check, "ours")


def _shown(facts: Facts, project: Project, desk: Desk, state: ProjectState) -> Finding:
    """Annotators see the predictions that were pushed last."""
    check = f"{project.capitalize()} predictions"
    wanted = PEOPLE_VERSION if project is Project.PEOPLE else facts.wanted.round
    if not desk.pushed:
        return well(check, "none yet")
    if not state.shows_predictions:
        return trouble(
            check, '"Use predictions to prelabel tasks" is off in the project', SYNC
        )  # fmt: skip
    titles = {BACKEND_TITLE}
    if not isinstance(desk.backends, Unknown):
        titles |= {backend.title for backend in desk.backends}
    if state.version != wanted and state.version in titles:
        return trouble(
            check,
            f"live predictions of the backend ({state.version}) are chosen: no score can be sorted "
            "by, tabs stay empty, and each task that is opened waits for the backend",
            f"{SYNC}: it chooses {wanted}",
        )
    if state.version != wanted:
        chosen = state.version or "no model version"
        return trouble(
            check,
            f"{chosen} is chosen, so annotators do not see {wanted}",
            f"{SYNC}: it chooses {wanted}",
        )
    return _counted(check, wanted, desk)


def _counted(check: str, wanted: str, desk: Desk) -> Finding:
    if isinstance(desk.counts, Unknown):
        return unknown(check, desk.counts.why)
    count = desk.counts.get(wanted, 0)
    if not count:
        return trouble(check, f"there is none of {wanted}, which is chosen", SYNC)
    return well(check, f"{count:,} of {wanted} shown")


def _saving(project: Project, state: ProjectState) -> Iterator[Finding]:
    if state.trains_after:
        yield trouble(
            f"{project.capitalize()} saves",
            f"every {state.trains_after}th save waits for a training "
            "(min_annotations_to_start_training)",
            SYNC,
        )


def _picture(studio: StudioSide) -> Finding:
    """A picture is shown as the photo lies in the store, so that boxes are where faces are."""
    check, told = "a picture", studio.picture
    if told is None:
        return well(check, "no photo with a face yet")
    if isinstance(told, Unknown):
        return trouble(
            check,
            told.why,
            f"{SYNC}; if the file is gone, {_READ_AGAIN}",
        )
    size = f"{told.width_px} x {told.height_px} px, {told.bytes:,} bytes ({told.task})"
    if told.orientation != 1:
        return trouble(
            check,
            f"{size} carries EXIF orientation {told.orientation}, by which browsers turn it",
            _READ_AGAIN,
        )
    if not _same_shape(told):
        stored = f"{told.stored_width_px} x {told.stored_height_px}"
        return trouble(check, f"{size} is not of the photo's shape, {stored} px", _READ_AGAIN)
    return well(check, f"{size}, upright")


def _same_shape(told: Picture) -> bool:
    shown, stored = (
        told.width_px / told.height_px,
        told.stored_width_px / told.stored_height_px,
    )
    pixel = 1 / min(told.width_px, told.height_px)
    return abs(shown / stored - 1) <= _SIDES_APART + pixel


def _strictness(studio: StudioSide) -> Finding:
    check, told = "strict validation", studio.is_strict
    if told is None:
        return unknown(check, "there is no Photos project to try it on")
    if isinstance(told, Unknown):
        return unknown(check, told.why)
    if told:
        return well(check, "on: one bad prediction would lock annotators out; ours are checked")
    return well(check, "off: Label Studio drops bad predictions in silence; ours are checked")
