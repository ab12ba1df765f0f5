"""What the tabs share that name faces: where a picture is given, and what is answered to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from faces.errors import FaceloopError
from serve import wording
from serve.access import visitor_of
from serve.album import Given, Tell
from serve.face_panel import Viewer
from serve.naming import Naming
from serve.parts import Parts
from serve.uploads import called_by, path_of

Sent = dict[str, Any] | None
"""What the browser sent of a picture: where Gradio put it and what it was called, or nothing."""
Show = Callable[[Naming, Viewer], str]
"""Tells of a naming as HTML."""

AT_ONCE = 10
"""So many visitors of a tab are served at once; how many pictures are in hand, the namer says."""
_DROP = "# Drop a picture here\nor click to choose one"


@dataclass(frozen=True, slots=True)
class Answered:
    """What is said to a picture, the id of what is kept of it, and whether it was refused."""

    says: str
    naming: str = ""
    is_refused: bool = False


def picture_input(elem_id: str) -> gr.Image:
    """Where one picture is given: dropped, chosen, pasted, or taken by the camera."""
    return gr.Image(
        label="Picture",
        show_label=False,
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        placeholder=_DROP,
        webcam_options=gr.WebcamOptions(mirror=False),
        buttons=["fullscreen"],
        height=360,
        elem_id=elem_id,
        alt_text="The picture you chose",
    )


def place_for_words(content: str, elem_id: str) -> gr.HTML:
    """A place for words of ours; our own style alone applies there."""
    return gr.HTML(content, elem_id=elem_id, apply_default_css=False)


def answer(
    parts: Parts, sent: Sent, viewer: Viewer, *, show: Show, uploads: Path, hint: str
) -> Answered:
    """What is said to a picture that was given, or taken away again."""
    if sent is None:
        return Answered(wording.hint(hint))
    try:
        given = Given(called_by(sent), path_of(sent, uploads))
        return told(parts, parts.namings.name([given]), viewer, show)
    except FaceloopError as error:
        return Answered(wording.wrong(str(error)), is_refused=True)


def told(parts: Parts, naming: Naming, viewer: Viewer, show: Show) -> Answered:
    """What is said of a naming; one without a picture is not kept."""
    says = show(naming, viewer)
    if naming.pictures:
        return Answered(says, naming.id)
    parts.namings.remove(naming.id)
    return Answered(says, is_refused=True)


def viewer_of(request: gr.Request, parts: Parts) -> Viewer:
    """Who looks at the page: strangers are shown no faces of the project's photos."""
    scope = {} if request.request is None else request.request.scope
    visitor = visitor_of(scope)
    return Viewer(
        scope.get("root_path", ""),
        parts.examples.of if visitor.is_trusted else None,
        None if parts.giving is None else visitor.user is not None,
    )


def all_given(sent: Sequence[Any], uploads: Path) -> list[Given]:
    """The files that were given at once.

    Raises:
        BadPhoto: one of them is no upload.
    """
    return [Given(called_by(one), path_of(one, uploads)) for one in sent]


def naming_all(parts: Parts, given: Sequence[Given]) -> Callable[[Tell], Naming]:
    """The work of naming these files, that tells how far it is."""
    return lambda tell: parts.namings.name(given, tell=tell)
