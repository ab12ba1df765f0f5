"""Queues: which annotator gets which People tasks, so that nobody gets what another has open.

A tab of Label Studio's Data Manager gives the same task to everybody who works in it, until one of
them has answered. So each annotator has a tab that shows one queue only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from faces.errors import SetupError
from faces.records import ClusterId
from faces.store import ledger
from faces.store.database import Connection
from sync.wanted import WantedPage

_FACT = "queues"
MOST_ANNOTATORS = 16
"""Photos are shared out by one hexadecimal digit."""


@dataclass(frozen=True)
class Queues:
    """Who annotates, by name or e-mail address, and which cluster is in whose queue, from 1 on.

    Without annotators there is one queue. A cluster stays in its queue for as long as there are
    tasks of it and the same annotators: a task must not turn up before a second one.
    """

    annotators: tuple[str, ...] = ()
    of_cluster: Mapping[ClusterId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that would give two annotators the same tab."""
        told_apart = {name.casefold() for name in self.annotators}
        if len(told_apart) < len(self.annotators) or "" in told_apart:
            raise ValueError(f"annotators have a name each, got {self.annotators}")

    def among(self, annotators: Sequence[str] | None) -> Queues:
        """These queues, or if others are to annotate, theirs: all is shared out anew."""
        if annotators is None or tuple(annotators) == self.annotators:
            return self
        return Queues(tuple(annotators))


def share_out(pages: Sequence[WantedPage], queues: Queues) -> tuple[list[WantedPage], Queues]:
    """Every page with its queue, and the queues as they are then.

    A cluster that is new gets its queue by whom it is thought to be, so that the tasks of one
    person stay together, or else by itself.
    """
    if len(queues.annotators) < 2:  # nobody to share with
        return [replace(page, queue=1) for page in pages], replace(queues, of_cluster={})
    count = len(queues.annotators)
    of_cluster: dict[ClusterId, int] = {}
    for page in pages:
        known = queues.of_cluster.get(page.cluster)
        chosen = known or 1 + _number(page.name or page.cluster) % count
        of_cluster.setdefault(page.cluster, chosen)
    shared = [replace(page, queue=of_cluster[page.cluster]) for page in pages]
    return shared, replace(queues, of_cluster=of_cluster)


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


def read_queues(connection: Connection) -> Queues:
    """The queues as they were noted last."""
    noted = ledger.fact(connection, _FACT) or {}
    of_cluster = {ClusterId(name): int(n) for name, n in noted.get("of_cluster", {}).items()}
    return Queues(tuple(noted.get("annotators", ())), of_cluster)


def note_queues(connection: Connection, queues: Queues) -> None:
    """Note the queues for the next push, whoever does it."""
    noted = {"annotators": list(queues.annotators), "of_cluster": dict(queues.of_cluster)}
    ledger.set_fact(connection, _FACT, noted)


def note_annotators(connection: Connection, annotators: Sequence[str]) -> None:
    """From now on these people annotate."""
    note_queues(connection, read_queues(connection).among(annotators))


def _number(told: str) -> int:
    """A number that is the same on every machine."""
    return int(hashlib.sha256(told.casefold().encode()).hexdigest(), 16)
