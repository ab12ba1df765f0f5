"""The tab that tells who one face is likeliest to be."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from serve import album_wording, named_wording, wording
from serve.asking import AT_ONCE, Sent, answer, picture_input, place_for_words, viewer_of
from serve.parts import Parts

_ASK = "Give a picture of a face: the people it is likeliest to be are named here."


def add_one_face_tab(parts: Parts, header: gr.HTML, *, uploads: Path) -> None:
    """Add what the tab shows to the page that is being built."""
    ask = f"{_ASK} {album_wording.kept_for(parts.namings.limits.minutes_kept)}"
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            given = picture_input("one-given")
        with gr.Column(scale=3, min_width=300):
            shown = place_for_words(wording.hint(ask), "one-shown")
    made = gr.Textbox(visible=False)  # a State would keep a connection open

    def one(sent: Sent, before: str, request: gr.Request) -> tuple[object, str, str, str]:
        parts.namings.remove(before)
        said = answer(
            parts,
            sent,
            viewer_of(request, parts),
            show=named_wording.one_face,
            uploads=uploads,
            hint=ask,
        )
        kept = gr.Image(value=None) if said.is_refused else gr.skip()
        return kept, said.says, said.naming, wording.header(parts.namer.about())

    given.input(
        one,
        [given, made],
        [given, shown, made, header],
        preprocess=False,
        concurrency_limit=AT_ONCE,
        api_visibility="private",
    )
