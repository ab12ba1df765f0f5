"""The tab that names the faces in front of the camera, for as long as it is open."""

from __future__ import annotations

from importlib.resources import files

import gradio as gr


def add_live_tab() -> None:
    """Add what the tab shows to the page that is being built.

    The page's own script takes the camera's picture and asks `serve.live_rest`, since Gradio's
    events would wait in its queue behind those of others, and redraw the picture with each answer.
    """
    gr.HTML(
        _ours("live.html"),
        css_template=_ours("live.css"),
        js_on_load=_ours("live.js"),
        apply_default_css=False,
        elem_id="live",
    )


def _ours(name: str) -> str:
    return (files("serve") / "templates" / name).read_text(encoding="utf-8")
