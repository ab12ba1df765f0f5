"""What answers teach, kept up to date between requests: only what is new is read from the store."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from faces.confirmations import Truth
from faces.learned import Learned
from faces.records import ENCODING_LENGTH, FaceId, PersonId, identity_rows
from faces.store import log, photos
from faces.store.database import Connection
from faces.versions import ModelVersion

_State = tuple[object, str]
"""What tells one state of the log, and the model version in use, from all others."""


class LearnedSoFar:
    """The people that a model version knows and whoever was named since; safe for several threads.

    Of each confirmed face of the latter its row is kept, as it was when it was read first: a
    kilobyte, until the next model version knows them.
    """

    def __init__(self, network: str) -> None:
        """Nothing is known yet; encodings of this network will be read, or of the version's own."""
        self._shipped = self._network = network
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._learned = Learned()
        self._rows: dict[FaceId, npt.NDArray[np.float64]] = {}
        self._person_of: dict[FaceId, PersonId] = {}
        self._sums: dict[PersonId, npt.NDArray[np.float64]] = {}
        self._is_whole = False

    def now(self, connection: Connection, truth: Truth, version: ModelVersion | None) -> Learned:
        """All that is known now; `truth` is that of this connection.

        A confirmed face that has no encoding yet is looked for again the next time.
        """
        state = (log.state(connection), "" if version is None else version.id)
        with self._lock:
            if state != self._state or not self._is_whole:
                self._learned = Learned(version, truth=truth)
                self._turn_to(version.network if version and version.onnx else self._shipped)
                self._follow(connection, _named_since(truth, self._learned))
                faces = Counter(self._person_of.values())
                for person, rows in self._sums.items():
                    row = np.asarray(rows, dtype=np.float32)
                    self._learned.learn(person, row, faces=faces[person])
                self._state = state
            return self._learned

    def _turn_to(self, network: str) -> None:
        """Forget what another network said."""
        if network != self._network:
            self._network = network
            self._rows, self._person_of, self._sums = {}, {}, {}

    def _follow(self, connection: Connection, wanted: Mapping[FaceId, PersonId]) -> None:
        """Count each face for the person that it is by now, and no others."""
        for face, person in list(self._person_of.items()):
            if wanted.get(face) != person:
                self._sums[person] = self._sums[person] - self._rows[face]
                del self._person_of[face]
        self._read(connection, [face for face in wanted if face not in self._rows])
        for face, person in wanted.items():
            if face in self._rows and face not in self._person_of:
                nothing = np.zeros(ENCODING_LENGTH)
                self._sums[person] = self._sums.get(person, nothing) + self._rows[face]
                self._person_of[face] = person
        named = set(self._person_of.values())
        self._rows = {face: self._rows[face] for face in self._person_of}
        self._sums = {person: rows for person, rows in self._sums.items() if person in named}
        self._is_whole = len(self._person_of) == len(wanted)

    def _read(self, connection: Connection, faces: Sequence[FaceId]) -> None:
        if faces:
            found = photos.encodings(connection, self._network, only=faces)
            rows = identity_rows(found).astype(np.float64)
            self._rows |= dict(zip(found.faces, rows, strict=True))


def _named_since(truth: Truth, learned: Learned) -> dict[FaceId, PersonId]:
    """The confirmed faces of people whom the model version does not know."""
    return {
        face: said.person
        for face, said in truth.confirmed.items()
        if said.person not in learned.in_version
    }
