"""All that a push starts from: the store as it is, the machine's guesses, the tasks wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faces.desk import plan_desk
from faces.errors import BrokenModelVersion
from faces.identify import CurrentModel
from faces.records import NETWORK, PhotoId, Proposal
from faces.store import clusters as cluster_store
from faces.store import ledger, log, photos, turnings
from faces.store.database import Store
from faces.store.ledger import PushedTask
from faces.studio_format import PEOPLE_VERSION
from sync.asking import ask_again
from sync.context import Places
from sync.desk import Project
from sync.desk_state import desk_state, standing_pages
from sync.everyone import names_of
from sync.proposing import guess
from sync.queues import Queues, read_queues, share_out
from sync.rounds import Round, round_of
from sync.tabs import differing_photos
from sync.wanted import Wanted, wanted_photos
from sync.wanted_pages import WantedPage, best_first, wanted_pages


@dataclass(frozen=True)
class Gathered:
    """All that a push starts from."""

    wanted: Mapping[Project, Mapping[str, Wanted]]
    pushed: Mapping[Project, Mapping[str, PushedTask]]
    proposals: Sequence[Proposal]
    round: Round
    queues: Queues
    differing: Sequence[PhotoId]
    everyone: Sequence[str]

    @property
    def pages(self) -> list[WantedPage]:
        """The tasks of People, the best first."""
        people = self.wanted[Project.PEOPLE].values()
        return [page for page in people if isinstance(page, WantedPage)]

    def version(self, project: Project) -> str:
        """The model version of a project's predictions."""
        return PEOPLE_VERSION if project is Project.PEOPLE else self.round.name


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
    with store.read() as connection:
        encodings = photos.encodings(connection, NETWORK)
        there = photos.photos_there(connection)
        all_faces = photos.faces(connection)
        files = photos.files_of_photos(connection)
        clusters = cluster_store.clusters(connection)
        run = cluster_store.current_run(connection) or "none"
        truth = log.truth(connection)
        pushed = {p: ledger.pushed_tasks(connection, p) for p in Project}
        queues = read_queues(connection, annotators=annotators)
        answers = ledger.read_annotations(connection, Project.PEOPLE)
        turned = turnings.turned_photos(connection)
    guesses = guess(encodings, truth, clusters, run=run, identifier=identifier)
    captions = {photo: places[0].path for photo, places in files.items()}
    places = Places(
        {photo.id: photo for photo in there}, {face.id: face for face in all_faces}, files
    )
    faces = {face.id: face for face in all_faces if face.photo in places.photos}
    photo_of = {face.id: face.photo for face in faces.values()}
    people = pushed[Project.PEOPLE]
    state = desk_state(encodings, faces, clusters, truth, guesses.learned, people.values())
    planned = plan_desk(state, standing_pages(people.values()))
    wanted = wanted_pages(planned, photo_of, truth, places)
    pages = share_out(ask_again(wanted, people, answers.values()), people.values(), queues)
    wanted_by_project: dict[Project, Mapping[str, Wanted]] = {
        Project.PEOPLE: {page.key: page for page in best_first(pages)},
        Project.PHOTOS: {
            w.key: w for w in wanted_photos(there, all_faces, captions, truth, guesses, turned)
        },
    }
    current = round_of(store, run if identifier is None else identifier.version.id)
    proposals = tuple(guesses.proposals.values())
    differing = differing_photos(proposals, truth, photo_of)
    everyone = names_of(truth)
    return Gathered(wanted_by_project, pushed, proposals, current, queues, differing, everyone)
