"""What programs may call through Gradio's own client: the same answers as over REST."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.events import api

from faces.errors import BadPhoto, FaceloopError
from serve.album import Given
from serve.albums import Albums
from serve.namer import Namer
from serve.rest_answers import album_answer, identified
from serve.uploads import called_by, content_of, path_of

_AT_ONCE = 10

Answer = TypeVar("Answer")


def add_endpoints(namer: Namer, albums: Albums, *, uploads: Path) -> None:
    """Add the endpoints to the page that is being built."""

    def identify(picture: dict) -> dict:  # type: ignore[type-arg]  # as Gradio reads it
        """Name the faces in a picture: each with its box and the people it is likeliest to be.

        Give it by `gradio_client.handle_file`.
        """
        return _or_error(lambda: _identified(namer, albums, picture, uploads))

    def cluster(pictures: list) -> dict:  # type: ignore[type-arg]  # as Gradio reads it
        """Group the faces in pictures by person; answers with links to ZIPs and montages.

        Give each by `gradio_client.handle_file`.
        """
        return _or_error(lambda: _clustered(albums, pictures, uploads))

    api(identify, api_name="identify", concurrency_limit=_AT_ONCE)
    api(cluster, api_name="cluster", concurrency_limit=_AT_ONCE)


def _identified(namer: Namer, albums: Albums, sent: Any, uploads: Path) -> dict[str, Any]:
    content, called = content_of(sent, uploads), called_by(sent)
    albums.limits.refuse(content, called=called)
    return identified(namer.name_all(content, called=called)).model_dump(mode="json")


def _clustered(albums: Albums, sent: Any, uploads: Path) -> dict[str, Any]:
    if not isinstance(sent, list) or not sent:
        raise BadPhoto("give one picture or more")
    given = [Given(called_by(one), path_of(one, uploads)) for one in sent]
    return album_answer(albums.make(given), root="").model_dump(mode="json")


def _or_error(answer: Callable[[], Answer]) -> Answer:
    """What is answered, or one line that Gradio passes on."""
    try:
        return answer()
    except FaceloopError as error:
        raise gr.Error(str(error), print_exception=False) from error
