"""All that a push starts from: the store as it is, the machine's guesses, the tasks wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faces.confirmations import Truth, Turned
from faces.desk import plan_desk
from faces.errors import BrokenModelVersion
from faces.identify import CurrentModel, Identifier
from faces.proposing import Guesses, guess
from faces.records import (
    NETWORK,
    Cluster,
    Encodings,
    Face,
    Photo,
    PhotoFile,
    PhotoId,
    Proposal,
)
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos, turnings
from faces.store.database import Store
from faces.store.ledger import PushedTask, ReadAnnotation
from faces.store.suggestions import suggestions
from faces.studio_format import PEOPLE_VERSION
from faces.suggestions import Suggestion, waiting
from sync import asking
from sync.context import Places
from sync.desk import Project
from sync.desk_state import desk_state, standing_pages
from sync.everyone import names_of
from sync.queues import Queues, read_queues, share_out
from sync.rounds import Round, round_of
from sync.tabs import differing_photos
from sync.wanted import Wanted, ask_again, wanted_photos
from sync.wanted_pages import WantedPage, best_first, wanted_pages


@dataclass(frozen=True)
class Gathered:
    """All that a push starts from; `answered` are suggestions of visitors that wait no more."""

    wanted: Mapping[Project, Mapping[str, Wanted]]
    pushed: Mapping[Project, Mapping[str, PushedTask]]
    proposals: Sequence[Proposal]
    round: Round
    queues: Queues
    differing: Sequence[PhotoId]
    everyone: Sequence[str]
    answered: Sequence[str] = ()

    @property
    def pages(self) -> list[WantedPage]:
        """The tasks of People, the best first."""
        people = self.wanted[Project.PEOPLE].values()
        return [page for page in people if isinstance(page, WantedPage)]

    def version(self, project: Project) -> str:
        """The model version of a project's predictions."""
        return PEOPLE_VERSION if project is Project.PEOPLE else self.round.name


@dataclass(frozen=True)
class _Known:
    """What the store knows."""

    identifier: Identifier | None
    encodings: Encodings
    photos: Sequence[Photo]
    faces: Sequence[Face]
    files: Mapping[PhotoId, Sequence[PhotoFile]]
    clusters: Sequence[Cluster]
    run: str
    truth: Truth
    pushed: Mapping[Project, Mapping[str, PushedTask]]
    answers: Sequence[ReadAnnotation]
    queues: Queues
    turned: Mapping[PhotoId, Turned]
    suggested: Sequence[Suggestion]


def gather(
    store: Store, models: CurrentModel, *, annotators: Sequence[str] | None = None
) -> Gathered:
    """Read the store and let the machine guess; the best tasks come first.

    Raises:
        BrokenModelVersion: the current model version cannot be used.
    """
    identifier = models.snapshot()
    if models.problem:
        raise BrokenModelVersion(models.problem)
    known = _read(store, annotators, identifier)
    truth, identifier = known.truth, known.identifier
    guesses = guess(known.encodings, truth, known.clusters, run=known.run, identifier=identifier)
    pages = _pages(known, guesses)
    captions = {photo: places[0].path for photo, places in known.files.items()}
    suggested = waiting(known.suggested, truth)
    wanted = wanted_photos(
        known.photos, known.faces, captions, truth, guesses, known.turned, suggested
    )
    proposals = tuple(guesses.proposals.values())
    photo_of = {face.id: face.photo for face in known.faces}
    return Gathered(
        {
            Project.PEOPLE: {page.key: page for page in best_first(pages)},
            Project.PHOTOS: {
                photo.key: photo for photo in ask_again(wanted, known.pushed[Project.PHOTOS])
            },
        },
        known.pushed,
        proposals,
        round_of(store, known.run if identifier is None else identifier.version.id),
        known.queues,
        differing_photos(proposals, truth, photo_of),
        names_of(truth),
        [one.id for one in known.suggested if one.face not in suggested],
    )


def _read(store: Store, annotators: Sequence[str] | None, current: Identifier | None) -> _Known:
    """The photos that are there, their faces, and all that is known of them.

    The encodings are those of one network, so that all who are compared were seen by the same.
    """
    with store.read() as connection:
        truth = log.truth(connection)
        identifier = current and current.heeding(truth)
        own = None if identifier is None else identifier.own_network
        there = photos.photos_there(connection)
        ids = {photo.id for photo in there}
        return _Known(
            identifier,
            photos.encodings(connection, own or NETWORK),
            there,
            [face for face in photos.faces(connection) if face.photo in ids],
            photos.files_of_photos(connection),
            cluster_store.clusters(connection),
            cluster_store.current_run(connection) or "none",
            truth,
            {project: ledger.pushed_tasks(connection, project) for project in Project},
            list(ledger.read_annotations(connection, Project.PEOPLE).values()),
            read_queues(connection, annotators=annotators),
            turnings.turned_photos(connection),
            suggestions(connection),
        )


def _pages(known: _Known, guesses: Guesses) -> list[WantedPage]:
    """The pages of People, planned from what was said and what is asked already."""
    faces = {face.id: face for face in known.faces}
    tasks = known.pushed[Project.PEOPLE]
    state = desk_state(
        known.encodings, faces, known.clusters, known.truth, guesses.learned, tasks.values()
    )
    planned = plan_desk(state, standing_pages(tasks.values()))
    places = Places({photo.id: photo for photo in known.photos}, faces, known.files)
    wanted = wanted_pages(planned, state.photo_of, known.truth, places)
    return share_out(asking.ask_again(wanted, tasks, known.answers), tasks.values(), known.queues)
