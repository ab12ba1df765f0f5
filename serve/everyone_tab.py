"""The tab that names everyone in a picture, or in many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from faces.errors import FaceloopError
from serve import album_wording, named_wording, wording
from serve.album import Given, Progress
from serve.asking import (
    AT_ONCE,
    Answered,
    Sent,
    all_given,
    answer,
    naming_all,
    picture_input,
    place_for_words,
    told,
    viewer_of,
)
from serve.example_picture import CALLED, CREDIT, example_picture, has_example
from serve.parts import Parts
from serve.telling import telling

_ASK = "Give a picture of one or more people: all of them are named here."


Outputs = tuple[object, str, object, str, str]
"""What changes on the page: the picture given, what is said to it, the button that removes it, its
naming, the header.
"""


def add_everyone_tab(parts: Parts, header: gr.HTML, *, uploads: Path) -> None:
    """Add what the tab shows to the page that is being built."""
    ask = f"{_ASK} {album_wording.kept_for(parts.namings.limits.minutes_kept)}"
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            given = picture_input("everyone-given")
            with gr.Row():
                many = gr.UploadButton(
                    "Many pictures",
                    file_count="multiple",
                    size="md",
                    min_width=120,
                    elem_id="everyone-many",
                )
                example = gr.Button(
                    "Try an example",
                    size="md",
                    min_width=120,
                    visible=has_example(),
                    elem_id="everyone-example",
                )
        with gr.Column(scale=3, min_width=300):
            shown = place_for_words(wording.hint(ask), "everyone-shown")
            remove = gr.Button(
                "Remove my pictures now", visible=False, size="sm", elem_id="everyone-remove"
            )
    made = gr.Textbox(visible=False)  # a State would keep a connection open
    outputs = [given, shown, remove, made, header]
    tab = _EveryoneTab(parts, uploads, ask)
    given.input(
        tab.one,
        [given, made],
        outputs,
        preprocess=False,
        concurrency_limit=AT_ONCE,
        api_visibility="private",
    )
    many.upload(
        tab.several,
        [many, made],
        outputs,
        preprocess=False,
        show_progress="hidden",
        concurrency_limit=AT_ONCE,
        api_visibility="private",
    )
    remove.click(tab.remove, made, outputs, api_visibility="private")
    example.click(tab.example, made, outputs, concurrency_limit=AT_ONCE, api_visibility="private")


@dataclass(frozen=True)
class _EveryoneTab:
    """What the tab answers; the naming `before`, which is no longer shown, is removed."""

    parts: Parts
    uploads: Path
    ask: str

    def one(self, sent: Sent, before: str, request: gr.Request) -> Outputs:
        """A picture was given, or taken away again."""
        self.parts.namings.remove(before)
        said = answer(
            self.parts,
            sent,
            viewer_of(request, self.parts),
            show=named_wording.everyone,
            uploads=self.uploads,
            hint=self.ask,
        )
        return self._outputs(said, clears=said.is_refused)

    def several(self, sent: Any, before: str, request: gr.Request) -> Iterator[Outputs]:
        """Pictures were given at once."""
        viewer = viewer_of(request, self.parts)
        self.parts.namings.remove(before)
        try:
            given = all_given(sent or [], self.uploads)
            for news in telling(naming_all(self.parts, given)):
                if isinstance(news, Progress):
                    said = Answered(album_wording.progress(news, then=""))
                else:
                    said = told(self.parts, news, viewer, named_wording.everyone)
                yield self._outputs(said, clears=True)
        except FaceloopError as error:
            yield self._outputs(Answered(wording.wrong(str(error))), clears=True)

    def example(self, before: str, request: gr.Request) -> Outputs:
        """The example is wanted."""
        self.parts.namings.remove(before)
        try:
            with self.parts.namings.incoming() as folder:
                place = folder / CALLED
                place.write_bytes(example_picture())
                naming = self.parts.namings.name([Given(CALLED, place)])
            viewer = viewer_of(request, self.parts)
            said = told(self.parts, naming, viewer, named_wording.everyone)
        except FaceloopError as error:
            said = Answered(wording.wrong(str(error)))
        credited = f'{said.says}<p class="fl-quiet">{escape(CREDIT)}</p>'
        return self._outputs(replace(said, says=credited), clears=True)

    def remove(self, before: str) -> Outputs:
        """What is shown is to go."""
        self.parts.namings.remove(before)
        return self._outputs(Answered(album_wording.removed()), clears=True)

    def _outputs(self, said: Answered, *, clears: bool) -> Outputs:
        """What changes on the page; `clears` makes room for another picture."""
        given = gr.Image(value=None) if clears else gr.skip()
        header = wording.header(self.parts.namer.about())
        return given, said.says, gr.Button(visible=bool(said.naming)), said.naming, header
