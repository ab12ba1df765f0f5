"""The page: everyone in a picture, one face with its likeliest people, and groups of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

from faces.errors import BadPhoto, FaceloopError
from faces.records import Pixels
from serve import wording
from serve.albums import Albums
from serve.answers import OneFace
from serve.cluster_tab import add_cluster_tab
from serve.drawing import draw
from serve.namer import Namer
from serve.page_endpoints import add_endpoints
from serve.uploads import called_by, content_of, one_upload, uploads_alone

KEPT_S = 1800
"""How long at most a picture that somebody gave, and the answer to it, stay on disk."""
_SWEEP_S = 60
_UPLOAD = "# Drop a picture here\nor click to choose one"
_ASK_GROUP = "Choose a picture of one or more people: all of them are named here."
_ASK_ONE = "Choose a picture of a face: the people it is likeliest to be are named here."

Found = TypeVar("Found")
Given = dict[str, Any] | None
"""What the browser sent of a picture: where Gradio put it and what it was called, or nothing."""


class _Page(gr.Blocks):
    """A page that reads what its visitors uploaded, and no other file or address.

    Gradio itself refuses other files only in an app that it launched; in a mounted one it would
    copy any file that a request names to where the visitor can fetch it.
    """

    uploads: Path

    async def preprocess_data(
        self,
        block_fn: BlockFunction,
        inputs: list[Any],
        state: SessionState | None,
        explicit_call: bool = False,  # noqa: FBT001, FBT002  # as Gradio calls it
    ) -> list[Any]:
        """What a request brought, as Gradio prepares it, once it names uploads alone."""
        try:
            uploaded = [
                _prepared(block, sent, self.uploads)
                for block, sent in zip(block_fn.inputs, inputs, strict=True)
            ]
        except BadPhoto as error:
            raise gr.Error(str(error), print_exception=False) from error
        prepared = await super().preprocess_data(block_fn, uploaded, state, explicit_call)
        return list(prepared)


def build_page(namer: Namer, albums: Albums, *, uploads: Path) -> gr.Blocks:
    """The page over this namer and these albums; it makes no request to another host.

    It reads pictures in the folder `uploads` alone, where Gradio is to put them.
    """
    kept_s = min(KEPT_S, round(60 * albums.limits.minutes_kept))
    page = _Page(title="faceloop", analytics_enabled=False, delete_cache=(_SWEEP_S, kept_s))
    page.uploads = uploads.resolve()
    with page:
        header = _says("", "header")
        with gr.Tabs():
            with gr.Tab("Who is in this picture", id="everyone"):
                _everyone_tab(namer, header, page.uploads)
            with gr.Tab("One face", id="one-face"):
                _one_face_tab(namer, header, page.uploads)
            with gr.Tab("Cluster my pictures", id="cluster"):
                add_cluster_tab(albums, uploads=page.uploads)
        add_endpoints(namer, albums, uploads=page.uploads)
        page.load(
            lambda: wording.header(namer.about()),
            outputs=header,
            show_progress="hidden",
            api_visibility="private",
        )
    return page


def _everyone_tab(namer: Namer, header: gr.HTML, uploads: Path) -> None:
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            given = _picture_input("everyone-given")
        with gr.Column(scale=3, min_width=300):
            drawn = gr.Image(
                label="Everyone",
                show_label=False,
                format="jpeg",
                interactive=False,
                visible=False,
                buttons=["download", "fullscreen"],
                elem_id="everyone-drawn",
                alt_text="Your picture with a box and a name at each face",
            )
            says = _says(wording.hint(_ASK_GROUP), "everyone-says")

    def answer(sent: Given) -> tuple[object, object, str, str]:
        said = _everyone(namer, sent, uploads)
        drawn_now = gr.Image(said.found, visible=said.found is not None)
        return _kept(said), drawn_now, said.message, _header(namer)

    given.input(
        answer, given, [given, drawn, says, header], preprocess=False, api_visibility="private"
    )


def _one_face_tab(namer: Namer, header: gr.HTML, uploads: Path) -> None:
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            given = _picture_input("one-given")
        with gr.Column(scale=3, min_width=300):
            says = _says(wording.hint(_ASK_ONE), "one-says")
            with gr.Row():
                with gr.Column(scale=1, min_width=200):
                    crop = _says("", "one-crop")
                with gr.Column(scale=2, min_width=260):
                    likeliest = gr.Label(
                        label="Likeliest people",
                        show_heading=False,
                        visible=False,
                        elem_id="one-likeliest",
                    )

    def answer(sent: Given) -> tuple[object, str, object, str, str]:
        said = _one_face(namer, sent, uploads)
        people = {} if said.found is None else dict(said.found.likeliest)
        face = "" if said.found is None else wording.face(said.found)
        likeliest_now = gr.Label(people or None, visible=bool(people))
        return _kept(said), face, likeliest_now, said.message, _header(namer)

    given.input(
        answer,
        given,
        [given, crop, likeliest, says, header],
        preprocess=False,
        api_visibility="private",
    )


def _says(content: str, elem_id: str) -> gr.HTML:
    """A place for words of ours; our own style alone applies there."""
    return gr.HTML(content, elem_id=elem_id, apply_default_css=False)


def _picture_input(elem_id: str) -> gr.Image:
    return gr.Image(
        label="Picture",
        show_label=False,
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        placeholder=_UPLOAD,
        webcam_options=gr.WebcamOptions(mirror=False),
        buttons=["fullscreen"],
        height=360,
        elem_id=elem_id,
        alt_text="The picture you chose",
    )


@dataclass(frozen=True)
class _Said(Generic[Found]):
    """What was found in a picture, what is said of it, and whether it was refused."""

    found: Found | None
    message: str
    refused: bool = False


def _everyone(namer: Namer, sent: Given, uploads: Path) -> _Said[Pixels]:
    """The picture with names drawn in."""
    if sent is None:
        return _Said(None, wording.hint(_ASK_GROUP))
    try:
        picture = namer.name_all(content_of(sent, uploads), called=called_by(sent))
    except FaceloopError as error:
        return _Said(None, wording.wrong(str(error)), refused=True)
    return _Said(draw(picture), wording.everyone(picture))


def _one_face(namer: Namer, sent: Given, uploads: Path) -> _Said[OneFace]:
    """The largest face with its likeliest people."""
    if sent is None:
        return _Said(None, wording.hint(_ASK_ONE))
    try:
        found = namer.likeliest(content_of(sent, uploads), called=called_by(sent))
    except FaceloopError as error:
        return _Said(None, wording.wrong(str(error)), refused=True)
    return _Said(found, wording.one(found))


def _kept(said: _Said[Found]) -> object:
    """Leave the picture where it is, or make room for another one if it was refused."""
    return gr.Image(value=None) if said.refused else gr.skip()


def _prepared(block: object, sent: object, uploads: Path) -> object:
    """What a request sent for a part of the page, with uploads alone in it.

    Raises:
        BadPhoto: it names a file that is no upload, or no file for a picture.
    """
    is_picture = isinstance(block, gr.Image) and sent is not None
    return one_upload(sent, uploads) if is_picture else uploads_alone(sent, uploads)


def _header(namer: Namer) -> str:
    return wording.header(namer.about())
