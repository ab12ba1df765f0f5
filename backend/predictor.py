"""Names for the faces of tasks: from the store where the photo is known, else from its picture.

A few threads read new photos, however many ask for them, so that memory stays within bounds and
boxes just drawn are named meanwhile.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.counters import Counters
from backend.drawn import encode_drawn
from backend.learning import LearnedSoFar
from backend.media import Media
from backend.mishaps import fault_of
from backend.naming import Moment, as_shown, predictions
from backend.opening import open_picture
from backend.recent import RecentPictures
from backend.shares import photos_read_at_once, yield_to_others
from faces.errors import BadPhoto, FaceloopError, StoreError, StudioError
from faces.identify import CurrentModel, Identifier
from faces.learned import Learned, proposals_of
from faces.pictures import OpenPhoto
from faces.reading import FaceReader, VersionReaders
from faces.records import (
    Box,
    FaceId,
    Photo,
    PhotoId,
    Proposal,
    identity_rows,
)
from faces.showing import FIRST_ROUND, ROUND_FACT
from faces.store import clusters, ledger, log, photos
from faces.store.database import Store
from faces.store.photos import ReadPhoto
from faces.studio_drawn import DrawnBox, drawn_boxes, renamed_region, typed_beyond_offer
from faces.studio_format import (
    names_on_offer,
    shown_turned,
    within_offer,
)

_PHOTO_ID = re.compile(r"[0-9a-f]{64}")
_BLANK_PX = 100
_DRAWING_AT_ONCE = 2
_NAMED_SINCE = "answers"
"""The source of a name that no model version knows yet."""
_logger = logging.getLogger(__name__)

Prediction = dict[str, Any]
"""A prediction in Label Studio's JSON; what is in it only `faces.studio_format` knows."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a task asks about, and the names it offers; all None if the task makes no sense.

    `turned` is by how many quarters to the right its picture is turned.
    """

    photo: PhotoId | None
    url: object
    offered: frozenset[str] | None
    turned: int = 0

    @property
    def shown(self) -> tuple[PhotoId | None, int]:
        """The photo as the task shows it."""
        return self.photo, self.turned


class Predictor:
    """Answers Label Studio; safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        models: CurrentModel,
        reader: FaceReader,
        media: Media,
        *,
        network: str,
        predict_s: float = 60.0,
        interactive_s: float = 5.0,
    ) -> None:
        """Work with these parts; nothing is loaded before it is needed.

        Requests get what is ready after `predict_s`, boxes just drawn after `interactive_s`.
        """
        self.counters = Counters()
        self._store = store
        self._models = models
        self._readers = VersionReaders(reader)
        self._media = media
        self._network = network
        self._predict_s = predict_s
        self._interactive_s = interactive_s
        self._recent = RecentPictures()
        self._learned = LearnedSoFar(network)
        self._reading = ThreadPoolExecutor(
            photos_read_at_once(), thread_name_prefix="reading", initializer=yield_to_others
        )
        self._drawing = ThreadPoolExecutor(_DRAWING_AT_ONCE, thread_name_prefix="drawing")
        self.closed = threading.Event()
        """Set when nothing more is taken on."""
        self._is_warm = False
        self.last_round = FIRST_ROUND
        """The current round as it was seen last."""
        self.model: str | None = None
        """The model version that was used last, None before the first."""

    def version(self) -> str:
        """The current round; the one seen last while the store gives no answer."""
        try:
            with self._store.read() as connection:
                self.last_round = str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND)
        except StoreError as error:
            self._note(error)
        return self.last_round

    def warm(self) -> None:
        """Load the model and the networks, so that the first request need not.

        Raises:
            FaceloopError: one of them cannot be loaded.
        """
        moment, _ = self._snapshot([])
        self._learned_now(moment)
        nothing = np.zeros((_BLANK_PX, _BLANK_PX, 3), dtype=np.uint8)
        reader = self._reader_of(moment)
        reader.read(OpenPhoto(Photo(PhotoId("0" * 64), _BLANK_PX, _BLANK_PX), nothing))
        reader.encode_boxes(nothing, [Box(0, 0, _BLANK_PX, _BLANK_PX)])
        self._is_warm = True

    def waits_for(self) -> list[str]:
        """What stands between a request and its full answer; empty if nothing."""
        waits = [] if self._is_warm else ["networks"]
        try:
            with self._store.read() as connection:
                ledger.fact(connection, ROUND_FACT)
        except StoreError:
            waits.append("store")
        return waits

    def close(self) -> None:
        """Take on nothing more; what has begun is finished."""
        self.closed.set()
        for pool in (self._reading, self._drawing):
            pool.shutdown(wait=False, cancel_futures=True)

    def predict(self, tasks: Sequence[object]) -> list[Prediction | None]:
        """One prediction for each task, in order; None for a task that goes wrong.

        An empty prediction says that there are no faces, and Label Studio keeps it for the round.
        """
        asked = [_asked(task) for task in tasks]
        self.counters.add("predictions_total", len(asked))
        try:
            moment, known = self._snapshot([one.photo for one in asked if one.photo])
            shown = {
                one.shown: as_shown(known[one.photo], one.turned)
                for one in asked
                if one.photo in known
            }
            named = predictions(list(shown.values()), moment)
        except FaceloopError as error:
            self._note(error, len(asked))
            return [None for _ in asked]
        answers = dict(zip(shown, named, strict=True))
        fresh = [one for one in asked if one.shown not in shown]
        new = iter(self._read_all([one.url for one in fresh], moment))
        found = [answers[one.shown] if one.shown in shown else next(new) for one in asked]
        return [answer and _offered(answer, one) for answer, one in zip(found, asked, strict=True)]

    def interactive(self, task: object, context: object) -> Prediction:
        """The boxes just drawn, named; nothing when anything goes wrong. Never looks for faces."""
        self.counters.add("predictions_total")
        asked = _asked(task)
        future = self._drawing.submit(self._name_drawn, asked.url, context)
        answer = self._outcome(future, timeout_s=self._interactive_s)
        if answer is None:
            return self.empty(self.last_round)
        return answer if asked.offered is None else typed_beyond_offer(answer, asked.offered)

    @staticmethod
    def empty(version: str) -> Prediction:
        """The answer that nothing is there: no boxes."""
        return {"model_version": version, "score": 0.0, "result": []}

    def _snapshot(self, wanted: Sequence[PhotoId]) -> tuple[Moment, dict[PhotoId, ReadPhoto]]:
        """The state to work with, and those of the photos that are in the store."""
        current = self._models.snapshot()
        self.model = None if current is None else current.version.id
        with self._store.read() as connection:
            truth = log.truth(connection)
            identifier = current and current.heeding(truth)
            network = self._network_of(identifier)
            self.last_round = str(ledger.fact(connection, ROUND_FACT) or FIRST_ROUND)
            known: dict[PhotoId, ReadPhoto] = {}
            for photo_id in dict.fromkeys(wanted):
                photo = photos.photo(connection, photo_id)
                if photo is not None:
                    faces = tuple(photos.faces(connection, photo_id))
                    ids = [face.id for face in faces]
                    encodings = photos.encodings(connection, network, only=ids)
                    known[photo_id] = ReadPhoto(photo, faces, encodings)
            shown = [face.id for one in known.values() for face in one.faces]
            moment = Moment(
                round=self.last_round,
                identifier=identifier,
                truth=truth,
                standing=clusters.proposals(connection, only=shown),
            )
        return moment, known

    def _read_all(self, urls: Sequence[object], moment: Moment) -> list[Prediction | None]:
        """Predictions for pictures that are not in the store, as many as there is time for."""
        futures = [self._reading.submit(self._name_new, url, moment) for url in urls]
        wait(futures, timeout=self._predict_s)
        return [self._outcome(future, timeout_s=0) for future in futures]

    def _name_new(self, url: object, moment: Moment) -> Prediction:
        content = self._media.fetch(url)
        read = self._reader_of(moment).read(open_picture(content))
        return predictions([read], moment)[0]

    def _name_drawn(self, url: object, context: object) -> Prediction:
        drawn = drawn_boxes(context)
        moment, _ = self._snapshot([])
        answer = self.empty(moment.round)
        if not drawn:
            return answer
        proposals = moment.allowed(self._propose_drawn(url, drawn, moment))
        named = [moment.named(proposal) for proposal in proposals]
        answer["score"] = min(score for _, score in named)
        answer["result"] = [
            renamed_region(box, name, score)
            for box, (name, score) in zip(drawn, named, strict=True)
        ]
        return answer

    def _propose_drawn(
        self, url: object, drawn: Sequence[DrawnBox], moment: Moment
    ) -> list[Proposal]:
        """A proposal for each box: whom the model version knows, and whoever was named since.

        As long as nobody has a name there is no need to look.
        """
        learned = self._learned_now(moment)
        nobody = [Proposal(FaceId(str(number)), None, 0.0, "") for number in range(len(drawn))]
        if not learned.knows_anybody:
            return nobody
        network = self._network_of(moment.identifier)
        reader = self._reader_of(moment)
        encodings = encode_drawn(reader, self._picture(url), drawn, network=network)
        if moment.identifier is not None:
            moment.identifier.refuse_other_network(encodings)
        likeliest = learned.likeliest(identity_rows(encodings), 1)
        found = proposals_of(encodings.faces, learned, likeliest, otherwise=_NAMED_SINCE)
        return [found.get(one.face, one) for one in nobody]

    def _network_of(self, identifier: Identifier | None) -> str:
        """The network whose encodings a version is asked about."""
        own = None if identifier is None else identifier.own_network
        return own or self._network

    def _reader_of(self, moment: Moment) -> FaceReader:
        return self._readers.of(None if moment.identifier is None else moment.identifier.version)

    def _learned_now(self, moment: Moment) -> Learned:
        version = None if moment.identifier is None else moment.identifier.version
        with self._store.read() as connection:
            return self._learned.now(connection, log.truth(connection), version)

    def _picture(self, url: object) -> OpenPhoto:
        """A picture that is looked at right now; annotators draw several boxes in one."""
        kept = self._recent.get(url)
        if kept is None:
            kept = open_picture(self._media.fetch(url))
            self._recent.keep(url, kept)
        return kept

    def _outcome(self, future: Future[Prediction], *, timeout_s: float) -> Prediction | None:
        """What one task came to; its error, whatever it is, takes nothing from the others."""
        try:
            error = future.exception(timeout=timeout_s)
        except TimeoutError:
            future.cancel()
            error = TimeoutError("not ready in time")
        if error is None:
            return future.result()
        self._note(error)
        return None

    def _note(self, error: BaseException, count: int = 1) -> None:
        """Count and log what went wrong; our own messages hold no token and no name."""
        kind = next((kind for family, kind in _KINDS.items() if isinstance(error, family)), "bug")
        self.counters.add("failures_total", count, kind=kind)
        if kind == "bug":
            _logger.error("a task failed in a way that nobody thought of: %s", fault_of(error))
        else:
            _logger.warning("%d failed (%s): %s", count, kind, error)


_KINDS: dict[type[BaseException], str] = {
    TimeoutError: "late",
    BadPhoto: "picture",
    StudioError: "media",
    StoreError: "store",
    FaceloopError: "setup",
}
"""What failures are counted as, the special before the general."""


def _asked(task: object) -> _Asked:
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        return _Asked(None, None, None)
    photo = data.get("photo")
    if not isinstance(photo, str) or not _PHOTO_ID.fullmatch(photo):
        return _Asked(None, data.get("image"), names_on_offer(data))
    return _Asked(PhotoId(photo), data.get("image"), names_on_offer(data), shown_turned(data))


def _offered(answer: Prediction, asked: _Asked) -> Prediction:
    return answer if asked.offered is None else within_offer(answer, asked.offered)
