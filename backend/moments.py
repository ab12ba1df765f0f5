"""The state that one request works with, read from the store in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backend.learning import LearnedSoFar
from backend.naming import Moment
from faces.identify import CurrentModel, Identifier
from faces.learned import Learned
from faces.records import PhotoId, ReadPhoto
from faces.showing import FIRST_ROUND, ROUND_FACT
from faces.store import clusters, ledger, log, photos
from faces.store.database import Connection, Store
from faces.store.suggestions import suggestions


class Moments:
    """Reads the round, the model in use and what people said; safe to use from several threads."""

    def __init__(self, store: Store, models: CurrentModel, *, network: str) -> None:
        """Read from these; encodings are those of this network, or of the version's own."""
        self._store = store
        self._models = models
        self._network = network
        self._learned = LearnedSoFar(network)
        self.last_round = FIRST_ROUND
        """The current round as it was seen last."""
        self.model: str | None = None
        """The model version that was used last, None before the first."""

    def round(self) -> str:
        """The current round.

        Raises:
            StoreError: the store gives no answer.
        """
        with self._store.read() as connection:
            return self._round(connection)

    def now(self, wanted: Sequence[PhotoId]) -> tuple[Moment, dict[PhotoId, ReadPhoto]]:
        """The state of now, and those of the photos that are in the store."""
        with self._store.read() as connection:
            moment = self._moment(connection)
            network = self.network_of(moment.identifier)
            known: dict[PhotoId, ReadPhoto] = {}
            for photo_id in dict.fromkeys(wanted):
                photo = photos.photo(connection, photo_id)
                if photo is not None:
                    faces = tuple(photos.faces(connection, photo_id))
                    ids = [face.id for face in faces]
                    encodings = photos.encodings(connection, network, only=ids)
                    known[photo_id] = ReadPhoto(photo, faces, encodings)
            shown = [face.id for one in known.values() for face in one.faces]
            standing = clusters.proposals(connection, only=shown)
            suggested = {one.face: one for one in suggestions(connection)}
        return replace(moment, standing=standing, suggested=suggested), known

    def learned(self) -> tuple[Moment, Learned]:
        """The state of now without any photo, and everybody who is known in it."""
        with self._store.read() as connection:
            moment = self._moment(connection)
            version = None if moment.identifier is None else moment.identifier.version
            return moment, self._learned.now(connection, moment.truth, version)

    def network_of(self, identifier: Identifier | None) -> str:
        """The network whose encodings a version is asked about."""
        own = None if identifier is None else identifier.own_network
        return own or self._network

    def _moment(self, connection: Connection) -> Moment:
        """The state without any photo; the model in use names nobody whom people name no more."""
        current = self._models.snapshot()
        self.model = None if current is None else current.version.id
        truth = log.truth(connection)
        identifier = current and current.heeding(truth)
        return Moment(self._round(connection), identifier, truth)

    def _round(self, connection: Connection) -> str:
        self.last_round = str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND)
        return self.last_round
