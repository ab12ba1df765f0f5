"""Queues: which annotator gets which People tasks, so that nobody gets what another has open.

A tab of Label Studio's Data Manager gives the same task to everybody who works in it, until one of
them has answered. So each annotator has a tab that shows one queue only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from faces.errors import SetupError
from faces.records import FaceId, PersonId
from faces.store import ledger
from faces.store.database import Connection
from faces.store.ledger import PushedTask
from sync.wanted_pages import WantedPage, best_first

_FACT = "queues"
MOST_ANNOTATORS = 16
"""Photos are shared out by one hexadecimal digit."""


@dataclass(frozen=True)
class Queues:
    """Who annotates, by name or e-mail address; without annotators there is one queue.

    `before` are those among whom the tasks were shared out that stand now.
    """

    annotators: tuple[str, ...] = ()
    before: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that would give two annotators the same tab."""
        told_apart = {name.casefold() for name in self.annotators}
        if len(told_apart) < len(self.annotators) or "" in told_apart:
            raise ValueError(f"annotators have a name each, got {self.annotators}")

    @property
    def count(self) -> int:
        """How many queues there are, numbered from 1 on."""
        return max(1, len(self.annotators))


def share_out(
    pages: Sequence[WantedPage], tasks: Iterable[PushedTask], queues: Queues
) -> list[WantedPage]:
    """Every page with its queue.

    A page with faces that an open task shows stays in the queue of that task: a task must not turn
    up before a second annotator. Any other goes where the pages of whoever is chosen on it are, or
    else to whom has the fewest of its kind: pages are few and large, and everybody is to have some.
    Among other annotators all is shared out anew.
    """
    standing = tasks if queues.annotators == queues.before else ()
    queue_of = {
        face: task.page.queue
        for task in standing
        if task.page is not None and not task.annotated
        for face in task.page.faces
    }
    queue_by_key = _shared(pages, queue_of, queues.count)
    return [replace(page, queue=queue_by_key[page.key]) for page in pages]


def _shared(
    pages: Sequence[WantedPage], queue_of: Mapping[FaceId, int], count: int
) -> dict[str, int]:
    """The queue of each page by its key; pages that keep theirs weigh before the others choose."""
    best = best_first(pages)
    known = {page.key: _known(page, queue_of) for page in best}
    shared: dict[str, int] = {}
    of_person: dict[PersonId, int] = {}
    load: Counter[tuple[str, int]] = Counter()
    for page in sorted(best, key=lambda page: known[page.key] is None):
        kind, people = page.kind, [row.chosen for row in page.task.rows if row.chosen is not None]
        queue = known[page.key] or next((of_person[p] for p in people if p in of_person), None)
        if queue is None:
            queue = min(range(1, count + 1), key=lambda one: (load[kind, one], load["", one], one))
        shared[page.key] = queue
        load.update([(kind, queue), ("", queue)])
        of_person.update(dict.fromkeys(people, queue) | of_person)
    return shared


def _known(page: WantedPage, queue_of: Mapping[FaceId, int]) -> int | None:
    """The queue of the open tasks that show most of a page's faces."""
    known = Counter(queue_of[face] for face in page.faces if face in queue_of)
    return min(known, key=lambda queue: (-known[queue], queue)) if known else None


def annotators_told(told: str) -> tuple[str, ...]:
    """The annotators in a list such as "anna,ben@example.org"; an empty one means one queue.

    Raises:
        SetupError: it is no such list.
    """
    names = tuple(" ".join(name.split()) for name in told.split(",")) if told.strip() else ()
    if "" in names or len({name.casefold() for name in names}) < len(names):
        raise SetupError(
            f"--annotators {told} does not name everybody once; give names or e-mail addresses as "
            'in --annotators anna,ben, or --annotators "" for one queue'
        )
    if len(names) > MOST_ANNOTATORS:
        raise SetupError(f"there are {len(names)} annotators; give {MOST_ANNOTATORS} at most")
    return names


def read_queues(connection: Connection, *, annotators: Sequence[str] | None = None) -> Queues:
    """The queues as they were noted last, or for other annotators."""
    noted = ledger.fact(connection, _FACT) or {}
    told = noted.get("annotators", ()) if annotators is None else annotators
    return Queues(tuple(told), tuple(noted.get("before", ())))


def note_shared(connection: Connection, queues: Queues) -> None:
    """Note among whom the tasks are shared out from now on."""
    told = list(queues.annotators)
    ledger.set_fact(connection, _FACT, {"annotators": told, "before": told})


def note_annotators(connection: Connection, annotators: Sequence[str]) -> None:
    """From now on these people annotate."""
    noted = ledger.fact(connection, _FACT) or {}
    ledger.set_fact(connection, _FACT, {**noted, "annotators": list(annotators)})
