"""All parts of the backend, put together once in each worker."""

from __future__ import annotations

import logging

from flask import Flask

from backend.app import create_app
from backend.buckets import Buckets
from backend.checks import load_validator
from backend.hints import Hints
from backend.media import Media
from backend.predictor import Predictor
from backend.shares import set_aside_what_stays, threads_for_networks
from faces.errors import FaceloopError
from faces.identify import CurrentModel
from faces.jobs import Jobs
from faces.reading import ReadingOptions, face_reader
from faces.records import NETWORK
from faces.settings import Settings
from faces.store.database import open_store

_WARM_AGAIN_S = 5.0
_logger = logging.getLogger(__name__)


def assemble(settings: Settings) -> tuple[Flask, Predictor]:
    """The application and what answers in it; model and networks are loaded later.

    Raises:
        FaceloopError: a setting or the database cannot be used.
    """
    predictor = Predictor(
        open_store(settings.store_url),
        CurrentModel(settings.models),
        face_reader(
            ReadingOptions.of(settings), threads=threads_for_networks(), keeps_memory=False
        ),
        Media(
            settings.studio_url,
            settings.studio_api_key.get_secret_value(),
            buckets=Buckets(settings.media_buckets),
        ),
        network=NETWORK,
    )
    secret = settings.backend_secret.get_secret_value()
    hints = Hints(Jobs(settings).enqueue, predictor.counters)
    return create_app(predictor, secret=secret, hints=hints), predictor


def warm(predictor: Predictor) -> str:
    """Load what the first requests would wait for; what stands in the way, empty if nothing."""
    try:
        load_validator()
        predictor.warm()
    except FaceloopError as error:
        return str(error)
    set_aside_what_stays()
    return ""


def warm_until_it_works(predictor: Predictor) -> None:
    """Try again as long as something stands in the way; each trouble is told once."""
    told = ""
    while (trouble := warm(predictor)) and not predictor.closed.is_set():
        if trouble != told:
            _logger.warning("not ready: %s", trouble)
        told = trouble
        predictor.closed.wait(_WARM_AGAIN_S)
