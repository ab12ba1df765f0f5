"""What the People desk is planned from: what the store and the ledger know of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from faces.carrying import split_off
from faces.cluster import Groups
from faces.confirmations import Truth
from faces.desk import Page
from faces.desk_tasks import DeskState
from faces.learned import Learned
from faces.quality import ENOUGH, quality
from faces.records import Cluster, Encodings, Face, FaceId, PersonId, identity_rows
from faces.store.ledger import PushedTask


def desk_state(
    encodings: Encodings,
    faces: Mapping[FaceId, Face],
    clusters: Sequence[Cluster],
    truth: Truth,
    learned: Learned,
    tasks: Iterable[PushedTask],
) -> DeskState:
    """The state of the desk; `faces` are those of the photos that are there.

    Faces that are too poor to be told apart are not asked about, unless somebody spoke of them, and
    a carried one is asked for when its cluster split.
    """
    answered = [task for task in tasks if task.annotated]
    poor = {id_ for id_, face in faces.items() if quality(face) < ENOUGH} - truth.spoken_of
    shown = [row for row, face in enumerate(encodings.faces) if face in faces and face not in poor]
    lost = split_off(truth, clusters)
    carried = {face: person for face, person in truth.carried.items() if face not in lost}
    return DeskState(
        [encodings.faces[row] for row in shown],
        identity_rows(encodings)[shown],
        Groups(tuple(clusters)),
        replace(truth, carried=carried),
        learned,
        {id_: face.photo for id_, face in faces.items()},
        frozenset(face for task in answered for face in task.passed),
        declined=_declined(answered, truth),
    )


def _declined(answered: Iterable[PushedTask], truth: Truth) -> dict[FaceId, frozenset[PersonId]]:
    """Who was chosen for faces when they were passed over.

    Which row a carried face belonged to is not noted: it counts for all rows of its page.
    """
    found: dict[FaceId, set[PersonId]] = defaultdict(set)
    for task in answered:
        if task.page is None or not task.passed:
            continue
        carried = set(task.passed).difference(task.page.faces)
        for row, chosen in zip(task.page.rows, task.page.chosen, strict=False):
            if chosen is not None and set(row) <= set(task.passed):
                for face in (*row, *carried):
                    found[face].add(truth.resolve(chosen))
    return {face: frozenset(people) for face, people in found.items()}


def standing_pages(tasks: Iterable[PushedTask]) -> Iterator[Page]:
    """The pages of several rows that are open in Label Studio, in the order in which they came."""
    for task in sorted(tasks, key=lambda task: (task.task_id or 0, task.key)):
        if task.page is not None and task.page.is_several and not task.annotated:
            yield task.page.rows
