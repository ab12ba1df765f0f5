"""Our two projects in one Label Studio: made once, remembered in the store, kept in shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from faces.media import Media
from faces.store import ledger
from faces.store.database import Connection, Store
from faces.studio import Studio
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG

WEBHOOK_ACTIONS = (
    "ANNOTATION_CREATED",
    "ANNOTATIONS_CREATED",
    "ANNOTATION_UPDATED",
    "ANNOTATIONS_DELETED",
)
BACKEND_TITLE = "faceloop"
BACKEND_USER = "faceloop"
SECRET_HEADER = "X-Faceloop-Secret"  # noqa: S105  # the header's name, not a secret
HEARD = "heard"
"""Under which name the store notes how far the log went when the last whole pull began."""


class Project(StrEnum):
    """The two projects, by the name they have in our ledger."""

    PEOPLE = "people"
    PHOTOS = "photos"


@dataclass(frozen=True)
class ProjectNote:
    """Label Studio's number for a project of ours, and when it was made."""

    id: int
    made_at: str


@dataclass(frozen=True)
class _Shape:
    """What a project is like in Label Studio."""

    title: str
    description: str
    config: str
    folder: str


_SHAPES = {
    Project.PEOPLE: _Shape(
        "faceloop · People",
        "Who is this? One answer names all faces of a page. Made by faceloop.",
        PEOPLE_CONFIG,
        "montages",
    ),
    Project.PHOTOS: _Shape(
        "faceloop · Photos",
        "Every photo with its faces: check, correct, add what is missing. Made by faceloop.",
        PHOTOS_CONFIG,
        "previews",
    ),
}


@dataclass(frozen=True)
class Desk:
    """Label Studio with our two projects in it, and how pictures reach it."""

    studio: Studio
    people: int
    photos: int
    pictures: str
    media: Media

    def project(self, project: Project) -> int:
        """Label Studio's id of a project."""
        return self.people if project is Project.PEOPLE else self.photos

    def address(self, project: Project, task: int) -> str:
        """Where somebody with a browser finds a task."""
        return _address(self.studio.url, self.project(project), task)

    @property
    def order(self) -> Sequence[Project]:
        """People first, unless its tasks need the addresses of photos that are uploaded."""
        return tuple(reversed(Project)) if self.pictures == "upload" else tuple(Project)

    def addresses(self, project: Project, pictures: Sequence[Path]) -> dict[Path, str]:
        """Make pictures reachable for annotators; each one's address in Label Studio.

        Two forms: "local" serves them out of the shared media folder, "upload" sends them.
        """
        if self.pictures == "upload":
            stored = self.studio.upload(self.project(project), pictures)
            return {picture: stored[picture.name] for picture in pictures}
        below = {picture: picture.relative_to(self.media.shown) for picture in pictures}
        return {
            picture: f"/data/local-files/?d={quote(path.as_posix())}"
            for picture, path in below.items()
        }


def open_desk(store: Store, studio: Studio, *, server: str, media: Media, pictures: str) -> Desk:
    """Find our two projects or make them; no other project is touched.

    `server` tells this Label Studio from another: its projects and tasks are its own. Where
    pictures are uploaded, the config of People holds names, and `sync.everyone` keeps it.
    """
    ids = {project: _project(store, studio, project, server) for project in Project}
    for project, project_id in ids.items():
        config = config_of(project, pictures=pictures)
        if config is not None:
            studio.set_config(project_id, config)
        studio.show_predictions(project_id)
        if pictures == "local":
            folder = folder_of(project, media)
            folder.mkdir(parents=True, exist_ok=True)
            studio.serve_folder(project_id, folder, title="faceloop's pictures")
    return Desk(studio, ids[Project.PEOPLE], ids[Project.PHOTOS], pictures, media)


def ours_in(connection: Connection, *, server: str) -> dict[Project, ProjectNote]:
    """Which projects of a server are noted as ours; nothing is asked of it."""
    found: dict[Project, ProjectNote] = {}
    for project in Project:
        known = ledger.fact(connection, ledger.project_fact(project))
        if known and known["server"] == server:
            found[project] = ProjectNote(int(known["id"]), str(known.get("made_at")))
    return found


def addresses_of_answers(connection: Connection, *, server: str, url: str) -> dict[str, str]:
    """Where somebody with a browser finds what was answered, by its place in the log.

    As far as answers were read from this server; nothing is asked of it.
    """
    found: dict[str, str] = {}
    for project, ours in ours_in(connection, server=server).items():
        for read in ledger.read_annotations(connection, project).values():
            found[read.place] = _address(url.rstrip("/"), ours.id, read.task_id)
    return found


def config_of(project: Project, *, pictures: str) -> str | None:
    """A project's labeling config; None where it holds names and so is not always the same."""
    is_fixed = pictures == "local" or project is Project.PHOTOS
    return _SHAPES[project].config if is_fixed else None


def folder_of(project: Project, media: Media) -> Path:
    """The folder with a project's pictures, which Label Studio serves where it can."""
    return media.shown / _SHAPES[project].folder


def tabs_fact(project: Project) -> str:
    """Under which name the store notes our tabs in a project."""
    return f"tabs {project}"


def connect_backend(desk: Desk, *, url: str, secret: str) -> None:
    """Register the backend on Photos, and have the annotations of both projects announced to it."""
    studio = desk.studio
    studio.register_backend(
        desk.photos, url, title=BACKEND_TITLE, user=BACKEND_USER, password=secret
    )
    headers = {SECRET_HEADER: secret} if secret else {}
    for project in (desk.photos, desk.people):
        studio.set_webhook(project, f"{url}/webhook", headers=headers, actions=WEBHOOK_ACTIONS)


def _project(store: Store, studio: Studio, project: Project, server: str) -> int:
    """The project's id; one that vanished is made again and its tasks are pushed anew.

    A server that was set up anew under the same address may have somebody else's project under
    the same number, so the time when ours was made is compared too.
    """
    fact = ledger.project_fact(project)
    with store.read() as connection:
        known = ledger.fact(connection, fact)
    if known and known["server"] == server:
        made_at = studio.made_at(int(known["id"]))
        if made_at is not None and made_at == known.get("made_at"):
            return int(known["id"])
    made = _made(store, studio, project, server)
    known = {"server": server, "id": made, "made_at": studio.made_at(made)}
    with store.write() as connection:
        ledger.drop_tasks(connection, project, ledger.pushed_tasks(connection, project))
        ledger.forget_annotations(connection, project)
        ledger.set_fact(connection, tabs_fact(project), None)
        ledger.set_fact(connection, HEARD, None)
        ledger.set_fact(connection, fact, known)
        ledger.set_fact(connection, _making_fact(project), None)
    return made


def _made(store: Store, studio: Studio, project: Project, server: str) -> int:
    """A new project's id, noted beforehand, so that one made by a call that was cut off is taken.

    That one is newer than those noted, and nobody has put a task into it.
    """
    shape, fact = _SHAPES[project], _making_fact(project)
    there = studio.projects_called(shape.title)
    with store.read() as connection:
        begun = ledger.fact(connection, fact)
    if begun and begun["server"] == server:
        cut_off = [one for one, tasks in there.items() if one > begun["after"] and not tasks]
        if cut_off:
            return min(cut_off)
    with store.write() as connection:
        ledger.set_fact(connection, fact, {"server": server, "after": max(there, default=0)})
    return studio.create_project(shape.title, description=shape.description, config=shape.config)


def _making_fact(project: Project) -> str:
    return f"project {project} in the making"


def _address(url: str, project: int, task: int) -> str:
    return f"{url}/projects/{project}/data?task={task}"
