"""Names for the faces of tasks: from the store where the photo is known, else from its picture.

A few threads read new photos, however many ask for them, so that memory stays within bounds and
boxes just drawn are named meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from functools import partial

import numpy as np

from backend.asked import Prediction, asked_by
from backend.counters import Counters
from backend.drawn import encode_drawn
from backend.failures import note_failures
from backend.media import Media
from backend.moments import Moments
from backend.naming import Moment, as_shown, predictions
from backend.opening import open_picture
from backend.recent import RecentPictures
from backend.shares import photos_read_at_once, yield_to_others
from backend.turns import Turns
from faces.errors import FaceloopError, StoreError
from faces.identify import CurrentModel
from faces.learned import Learned, proposals_of
from faces.pictures import OpenPhoto
from faces.reading import FaceReader, VersionReaders
from faces.records import Box, FaceId, Photo, PhotoId, Proposal, identity_rows
from faces.store.database import Store
from faces.studio_drawn import DrawnBox, drawn_boxes, renamed_region, typed_beyond_offer

_BLANK_PX = 100
_DRAWING_AT_ONCE = 2
_NAMED_SINCE = "answers"
"""The source of a name that no model version knows yet."""


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
        self._moments = Moments(store, models, network=network)
        self._readers = VersionReaders(reader)
        self._media = media
        self._predict_s = predict_s
        self._interactive_s = interactive_s
        self._recent = RecentPictures()
        self._reading = Turns[Prediction](
            ThreadPoolExecutor(
                photos_read_at_once(), thread_name_prefix="reading", initializer=yield_to_others
            )
        )
        self._drawing = ThreadPoolExecutor(_DRAWING_AT_ONCE, thread_name_prefix="drawing")
        self.closed = threading.Event()
        """Set when nothing more is taken on."""
        self._is_warm = False

    @property
    def last_round(self) -> str:
        """The current round as it was seen last."""
        return self._moments.last_round

    @property
    def model(self) -> str | None:
        """The model version that was used last, None before the first."""
        return self._moments.model

    def version(self) -> str:
        """The current round; the one seen last while the store gives no answer."""
        try:
            return self._moments.round()
        except StoreError as error:
            note_failures(self.counters, [error])
            return self.last_round

    def warm(self) -> None:
        """Load the model and the networks, so that the first request need not.

        Raises:
            FaceloopError: one of them cannot be loaded.
        """
        moment, _ = self._moments.learned()
        nothing = np.zeros((_BLANK_PX, _BLANK_PX, 3), dtype=np.uint8)
        reader = self._reader_of(moment)
        reader.read(OpenPhoto(Photo(PhotoId("0" * 64), _BLANK_PX, _BLANK_PX), nothing))
        reader.encode_boxes(nothing, [Box(0, 0, _BLANK_PX, _BLANK_PX)])
        self._is_warm = True

    def waits_for(self) -> list[str]:
        """What stands between a request and its full answer; empty if nothing."""
        waits = [] if self._is_warm else ["networks"]
        try:
            self._moments.round()
        except StoreError:
            waits.append("store")
        return waits

    def close(self) -> None:
        """Take on nothing more; what has begun is finished."""
        self.closed.set()
        self._reading.close()
        self._drawing.shutdown(wait=False, cancel_futures=True)

    def predict(self, tasks: Sequence[object]) -> list[Prediction | None]:
        """One prediction for each task, in order; None for a task that goes wrong.

        An empty prediction says that there are no faces, and Label Studio keeps it for the round.
        """
        asked = [asked_by(task) for task in tasks]
        self.counters.add("predictions_total", len(asked))
        try:
            moment, known = self._moments.now([one.photo for one in asked if one.photo])
            shown = {
                one.shown: as_shown(known[one.photo], one.turned)
                for one in asked
                if one.photo in known
            }
            named = predictions(list(shown.values()), moment)
        except FaceloopError as error:
            note_failures(self.counters, [error] * len(asked))
            return [None for _ in asked]
        answers = dict(zip(shown, named, strict=True))
        fresh = [one for one in asked if one.shown not in shown]
        new = iter(self._read_all([one.url for one in fresh], moment))
        found = [answers[one.shown] if one.shown in shown else next(new) for one in asked]
        return [answer and one.answered(answer) for answer, one in zip(found, asked, strict=True)]

    def interactive(self, task: object, context: object) -> Prediction:
        """The boxes just drawn, named; nothing when anything goes wrong. Never looks for faces."""
        self.counters.add("predictions_total")
        asked = asked_by(task)
        future = self._drawing.submit(self._name_drawn, asked.url, context)
        wait([future], timeout=self._interactive_s)
        [answer] = self._outcomes([future])
        if answer is None:
            return self.empty(self.last_round)
        return answer if asked.offered is None else typed_beyond_offer(answer, asked.offered)

    @staticmethod
    def empty(version: str) -> Prediction:
        """The answer that nothing is there: no boxes."""
        return {"model_version": version, "score": 0.0, "result": []}

    def _read_all(self, urls: Sequence[object], moment: Moment) -> list[Prediction | None]:
        """Predictions for pictures that are not in the store, as many as there is time for."""
        futures = self._reading.line_up([partial(self._name_new, url, moment) for url in urls])
        wait(futures, timeout=self._predict_s)
        return self._outcomes(futures)

    def _name_new(self, url: object, moment: Moment) -> Prediction:
        content = self._media.fetch(url)
        read = self._reader_of(moment).read(open_picture(content))
        return predictions([read], moment)[0]

    def _name_drawn(self, url: object, context: object) -> Prediction:
        drawn = drawn_boxes(context)
        moment, learned = self._moments.learned()
        answer = self.empty(moment.round)
        if not drawn:
            return answer
        proposals = moment.allowed(self._propose_drawn(url, drawn, moment, learned))
        named = [moment.named(proposal) for proposal in proposals]
        answer["score"] = min(score for _, score in named)
        answer["result"] = [
            renamed_region(box, name, score)
            for box, (name, score) in zip(drawn, named, strict=True)
        ]
        return answer

    def _propose_drawn(
        self, url: object, drawn: Sequence[DrawnBox], moment: Moment, learned: Learned
    ) -> list[Proposal]:
        """A proposal for each box: whom the model version knows, and whoever was named since.

        As long as nobody has a name there is no need to look.
        """
        nobody = [Proposal(FaceId(str(number)), None, 0.0, "") for number in range(len(drawn))]
        if not learned.knows_anybody:
            return nobody
        network = self._moments.network_of(moment.identifier)
        reader = self._reader_of(moment)
        encodings = encode_drawn(reader, self._picture(url), drawn, network=network)
        if moment.identifier is not None:
            moment.identifier.refuse_other_network(encodings)
        likeliest = learned.likeliest(identity_rows(encodings), 1)
        found = proposals_of(encodings.faces, learned, likeliest, otherwise=_NAMED_SINCE)
        return [found.get(one.face, one) for one in nobody]

    def _reader_of(self, moment: Moment) -> FaceReader:
        return self._readers.of(None if moment.identifier is None else moment.identifier.version)

    def _picture(self, url: object) -> OpenPhoto:
        """A picture that is looked at right now; annotators draw several boxes in one."""
        kept = self._recent.get(url)
        if kept is None:
            kept = open_picture(self._media.fetch(url))
            self._recent.keep(url, kept)
        return kept

    def _outcomes(self, futures: Sequence[Future[Prediction]]) -> list[Prediction | None]:
        """What each came to by now; an error, whatever it is, takes nothing from the others."""
        errors = [_error_of(future) for future in futures]
        note_failures(self.counters, [error for error in errors if error is not None])
        return [
            future.result() if error is None else None
            for future, error in zip(futures, errors, strict=True)
        ]


def _error_of(future: Future[Prediction]) -> BaseException | None:
    """What went wrong; who is not done by now need not begin."""
    try:
        return future.exception(timeout=0)
    except (TimeoutError, CancelledError):
        future.cancel()
        return TimeoutError("not ready in time")
