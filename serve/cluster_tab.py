"""The tab that groups the faces in a visitor's pictures by person."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from faces.errors import FaceloopError
from serve import album_wording, wording
from serve.access import visitor_of
from serve.album import Album, Given, Progress
from serve.albums import Albums
from serve.downloads import Links
from serve.giving_wording import send_control
from serve.telling import telling
from serve.uploads import called_by, path_of

_AT_ONCE = 10


def add_cluster_tab(albums: Albums, *, uploads: Path, can_send: bool = False) -> None:
    """Add what the tab shows to the page that is being built.

    `can_send` says that there is a project to which an album can be given.
    """
    limits = albums.limits
    given = gr.File(
        label="Pictures",
        show_label=False,
        file_count="multiple",
        height=160,
        elem_id="cluster-given",
    )
    ask = wording.hint(
        "Give pictures of several people: the faces are grouped by person, and each group can be "
        f"looked at and downloaded. {album_wording.kept_for(limits.minutes_kept)}"
    )
    shown = gr.HTML(ask, elem_id="cluster-shown", apply_default_css=False)
    remove = gr.Button("Remove my pictures now", visible=False, size="sm", elem_id="cluster-remove")
    made = gr.Textbox(visible=False)  # a State would keep a connection open

    def group(sent: Any, request: gr.Request) -> Iterator[tuple[object, str, object, object]]:
        if not sent:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        scope = {} if request.request is None else request.request.scope
        visitor, root = visitor_of(scope), scope.get("root_path", "")
        try:
            files = [Given(called_by(one), path_of(one, uploads)) for one in sent]
            for news in making(albums, files, here=visitor.is_here):
                if isinstance(news, Progress):
                    told = album_wording.progress(news)
                    yield gr.File(interactive=False), told, gr.Button(visible=False), gr.skip()
                else:
                    offers = can_send and visitor.is_trusted and bool(news.faces)
                    cards = album_wording.album_cards(
                        news,
                        Links(news, root),
                        minutes_kept=limits.minutes_kept,
                        more=send_control(news, root=root) if offers else "",
                    )
                    yield _emptied(), cards, gr.Button(visible=bool(news.pictures)), news.id
        except FaceloopError as error:
            yield _emptied(), wording.wrong(str(error)), gr.Button(visible=False), ""

    def forget(album: str) -> tuple[str, object, str]:
        albums.remove(album)
        return album_wording.removed(), gr.Button(visible=False), ""

    given.upload(
        group,
        given,
        [given, shown, remove, made],
        preprocess=False,
        show_progress="hidden",
        concurrency_limit=_AT_ONCE,
        api_visibility="private",
    )
    remove.click(forget, made, [shown, remove, made], api_visibility="private")


def making(
    albums: Albums, given: Sequence[Given], *, here: bool
) -> Generator[Progress | Album, None, None]:
    """How far an album is, again and again, and at last the album.

    It is made in a thread of its own, and ends early when nobody listens any more.

    Raises:
        Busy: there is no room on the disk.
    """
    return telling(lambda tell: albums.make(given, here=here, tell=tell))


def _emptied() -> object:
    """Room for other pictures."""
    return gr.File(value=None, interactive=True)
