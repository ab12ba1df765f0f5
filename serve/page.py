"""The page: everyone in a picture, one face with its likeliest people, and groups of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

from faces.errors import BadPhoto
from serve import page_script
from serve.cluster_tab import add_cluster_tab
from serve.everyone_tab import add_everyone_tab
from serve.live_tab import add_live_tab
from serve.one_face_tab import add_one_face_tab
from serve.page_endpoints import add_endpoints
from serve.parts import Parts
from serve.uploads import one_upload, several_uploads, uploads_alone

KEPT_S = 1800
"""How long at most a picture that somebody gave, and the answer to it, stay on disk."""
_SWEEP_S = 60


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


def build_page(parts: Parts, *, uploads: Path) -> gr.Blocks:
    """The page over these parts; it makes no request to another host.

    It reads pictures in the folder `uploads` alone, where Gradio is to put them.
    """
    kept_s = min(KEPT_S, round(60 * parts.albums.limits.minutes_kept))
    page = _Page(title="faceloop", analytics_enabled=False, delete_cache=(_SWEEP_S, kept_s))
    page.uploads = uploads.resolve()
    with page:
        header = gr.HTML(
            "", elem_id="header", apply_default_css=False, js_on_load=page_script.HEADER
        )
        with gr.Tabs():
            with gr.Tab("Who is in this picture", id="everyone"):
                add_everyone_tab(parts, header, uploads=page.uploads)
            with gr.Tab("One face", id="one-face"):
                add_one_face_tab(parts, header, uploads=page.uploads)
            with gr.Tab("Live", id="live"):
                add_live_tab()
            with gr.Tab("Cluster my pictures", id="cluster"):
                add_cluster_tab(
                    parts.albums, uploads=page.uploads, can_send=parts.giving is not None
                )
        add_endpoints(parts.namer, parts.albums, uploads=page.uploads)
    return page


def _prepared(block: object, sent: object, uploads: Path) -> object:
    """What a request sent for a part of the page, with uploads alone in it.

    Raises:
        BadPhoto: it names a file that is no upload, or no file for a picture.
    """
    if isinstance(block, gr.Image) and sent is not None:
        return one_upload(sent, uploads)
    if isinstance(block, gr.File | gr.UploadButton) and sent is not None:
        return several_uploads(sent, uploads)
    return uploads_alone(sent, uploads)
