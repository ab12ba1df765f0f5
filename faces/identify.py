"""From encodings to names: a model version's proposals.

Arithmetic only, in numpy: whoever predicts needs neither torch nor fastai.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from faces.confirmations import Truth
from faces.errors import BrokenModelVersion, SetupError
from faces.forgotten import forgotten, without
from faces.likeness import cosines, highest, probabilities
from faces.look_alikes import LookAlikes, joined
from faces.records import (
    Encodings,
    FaceId,
    FloatRows,
    PersonId,
    Proposal,
    identity_rows,
)
from faces.version_keeping import earlier_version
from faces.versions import POINTER, ModelVersion, current_id, load_version


class Identifier:
    """Names faces by one model version; safe to share between threads."""

    def __init__(self, version: ModelVersion) -> None:
        """Speak for this version."""
        self.version = version
        self._asked: tuple[Truth, Identifier | None] | None = None

    @property
    def own_network(self) -> str | None:
        """The network that the version brought along, None for that of every installation."""
        return self.version.network if self.version.onnx else None

    def heeding(self, truth: Truth) -> Identifier | None:
        """The same, as if the version had never known whom nobody names any more.

        None if it knows nobody else. Whoever shows names to people asks this one.
        """
        asked = self._asked
        if asked is None or asked[0] is not truth:
            asked = self._asked = truth, self._without_forgotten(truth)
        return asked[1]

    def propose(self, encodings: Encodings) -> list[Proposal]:
        """A proposal for each face, in the order of the encodings.

        The score is the calibrated probability of the likeliest person; where that is below the
        version's threshold the face is unknown, and the score is what that probability lacks to 1.

        Raises:
            SetupError: the encodings are of another network than those the version learned from.
        """
        self.refuse_other_network(encodings)
        likeliest = self.likeliest(identity_rows(encodings), 1)
        return [
            self._proposal(face, *people[0])
            for face, people in zip(encodings.faces, likeliest, strict=True)
        ]

    def likeliest(self, rows: FloatRows, count: int) -> list[list[tuple[PersonId, float]]]:
        """The `count` likeliest people for each row, likeliest first, with their probabilities.

        `rows` are `identity_rows`, (n, 128). The threshold plays no part here.
        """
        version = self.version
        scores = probabilities(
            cosines(rows, version.weights),
            scale=version.scale,
            unknown_cosine=version.unknown_cosine,
            crowding=version.strangers.crowding(rows),
        )
        return [
            [(version.people[column].id, float(scores[row, column])) for column in columns]
            for row, columns in enumerate(highest(scores, count))
        ]

    def refuse_other_network(self, encodings: Encodings) -> None:
        """Make sure that the encodings mean to this version what it learned.

        Raises:
            SetupError: they are of another network than those it learned from.
        """
        if encodings.network != self.version.network:
            raise SetupError(
                f"{self.version.id} knows the encodings of {self.version.network}, "
                f"not those of {encodings.network}; run `faceloop retrain`"
            )

    def _without_forgotten(self, truth: Truth) -> Identifier | None:
        gone = forgotten(self.version, truth)
        if not gone:
            return self
        version = without(self.version, gone)
        return None if version is None else Identifier(version)

    def _proposal(self, face: FaceId, person: PersonId, score: float) -> Proposal:
        if score < self.version.threshold:
            return Proposal(face, None, 1.0 - score, self.version.id)
        return Proposal(face, person, score, self.version.id)


_Seen = tuple[str, int, int]
"""A state of the pointer: the id that it holds, the file's time and number."""


class CurrentModel:
    """Follows the pointer to the current model version; one request works with one snapshot."""

    def __init__(self, folder: Path) -> None:
        """Follow the pointer in this folder of model versions; nothing is read yet."""
        self._folder = folder
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._identifier: Identifier | None = None
        self.problem: str | None = None
        """Why the version that should be in use is not, None if it is."""

    def snapshot(self) -> Identifier | None:
        """The model version in use now, None before the first one.

        A version that cannot be loaded leaves the previous one in use, also after a restart, and
        `problem` says why.
        """
        with self._lock:
            try:
                self._follow(self._look())
            except (BrokenModelVersion, SetupError) as error:
                self.problem = str(error)
                if self._identifier is None:
                    self._identifier = self._earlier()
            return self._identifier

    def _earlier(self) -> Identifier | None:
        """What was in use before, as far as that is known and whole."""
        try:
            earlier = earlier_version(self._folder)
        except SetupError:
            return None
        return None if earlier is None else Identifier(load_version(self._folder, earlier))

    def _look(self) -> _Seen | None:
        """What tells one state of the pointer from another."""
        version_id = current_id(self._folder)
        if version_id is None:
            return None
        try:
            found = (self._folder / POINTER).stat()
        except FileNotFoundError:
            return None
        return version_id, found.st_mtime_ns, found.st_ino

    def _follow(self, seen: _Seen | None) -> None:
        """Take up what the pointer says, unless it said so before."""
        if seen == self._seen:
            return
        self._seen = seen
        loaded = None if seen is None else Identifier(load_version(self._folder, seen[0]))
        self._identifier = loaded
        self.problem = None


def look_alikes_known(truth: Truth, version: ModelVersion | None) -> LookAlikes:
    """Who is often taken for whom: by what people said, and by the version's own mistakes."""
    if version is None:
        return truth.look_alikes
    return joined(truth.look_alikes, version.look_alikes, truth.resolve)


def respecting(
    proposals: Iterable[Proposal], truth: Truth, look_alikes: LookAlikes
) -> list[Proposal]:
    """The proposals, in their order, as far as they agree with what people said.

    Nobody is proposed for a face that was said not to be them; such a face is unknown. Its score
    stays: so sure was the machine that the face is nobody else. The same holds where it may as well
    be somebody who is often taken for that person: people choose between the two. Somebody who was
    merged into another person is proposed as that one.
    """
    return [_respectful(proposal, truth, look_alikes) for proposal in proposals]


def _respectful(proposal: Proposal, truth: Truth, look_alikes: LookAlikes) -> Proposal:
    if proposal.person is None:
        return proposal
    person = truth.resolve(proposal.person)
    refused = truth.rejected.get(proposal.face, frozenset())
    if person in refused or look_alikes.get(person, frozenset()) - refused:
        return replace(proposal, person=None)
    return replace(proposal, person=person)
