"""How the page looks: colours, the system's own fonts, and nothing from another host."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors

ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke='%230d9488'"
    " stroke-width='3' stroke-linecap='round'><path d='M3 10V6a3 3 0 0 1 3-3h4M22 3h4a3 3 0 0 1 3"
    " 3v4M29 22v4a3 3 0 0 1-3 3h-4M10 29H6a3 3 0 0 1-3-3v-4'/><circle cx='16' cy='13' r='4.5'/>"
    "<path d='M8 24c1.5-4 5-5 8-5s6.5 1 8 5'/></svg>"
)
"""A face in a box; for use in a data: address."""

_MARGINS = "<style>@media (max-width: 640px) { .main.app { padding: 1rem !important; } }</style>"
"""Stands in the head since Gradio confines our style to what is within these margins."""

HEAD = f'<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,{ICON}">{_MARGINS}'

# On a phone all tabs stand side by side: Gradio measures a hidden copy of them, and would put what
# has no place there into a menu.
CSS = """
:root { --fl-quiet: #475569; --fl-accent: #0f766e; --fl-line: #cbd5e1; --fl-panel: #f1f5f9; }
.dark { --fl-quiet: #a3b1c6; --fl-accent: #2dd4bf; --fl-line: #475569; --fl-panel: #1e293b; }
:root, .dark { --color-accent: var(--fl-accent); }
.gradio-container { width: 100% !important; max-width: 1180px !important;
  margin: 0 auto !important; }
footer { display: none !important; }
.gradio-container .html-container { padding: 0; }
.fl-head { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center;
  justify-content: space-between; color: var(--body-text-color); }
.fl-head h1 { font-size: 1.5rem; font-weight: 700; margin: 0; display: flex; gap: .5rem;
  align-items: center; }
.fl-head h1 img { width: 1.75rem; height: 1.75rem; margin: 0; }
.fl-head p { margin: 0; color: var(--fl-quiet); }
.fl-head small { display: block; font-size: .85rem; }
@media (min-width: 641px) { .fl-head p { text-align: right; } }
.fl-head code, .fl-note code { font-family: var(--font-mono); font-size: .9em;
  background: var(--fl-panel); padding: .1em .35em; border-radius: .25rem; white-space: nowrap; }
.fl-note code { padding: 0; }
.fl-note { margin: 0; padding: .7rem 1rem; border-radius: .5rem; color: var(--body-text-color);
  border-left: 4px solid var(--fl-accent); background: var(--fl-panel); }
.fl-head + .fl-note { margin-top: .75rem; }
.fl-note.fl-wrong { border-left-color: #dc2626; }
.fl-note.fl-hint { display: grid; place-items: center; text-align: center; min-height: 360px;
  color: var(--fl-quiet); background: none; border: 1px dashed var(--fl-line); }
.fl-bar { display: inline-block; width: 4.5rem; height: .5rem; border-radius: .25rem;
  margin-right: .5rem; vertical-align: middle; background: var(--fl-line); }
.fl-bar i { display: block; height: 100%; border-radius: inherit; background: var(--fl-accent); }
.fl-unknown > details > summary .fl-bar i { background: #94a3b8; }
.fl-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.fl-button { display: inline-block; padding: .4rem .9rem; border-radius: .5rem; font-weight: 600;
  text-decoration: none; color: var(--body-text-color); background: var(--fl-panel);
  border: 1px solid var(--fl-line); }
.fl-button:hover { border-color: var(--fl-accent); }
.fl-button:focus-visible, .fl-card summary:focus-visible, .fl-pictures a:focus-visible {
  outline: 3px solid var(--fl-accent); outline-offset: 2px; }
.fl-actions { margin: .75rem 0; }
.fl-note ul { margin: .25rem 0 0; padding-left: 1.25rem; list-style: disc;
  overflow-wrap: anywhere; }
.fl-note p { margin: 0; }
.fl-progress { padding: .7rem 1rem; color: var(--body-text-color); }
.fl-progress p { margin: .35rem 0 0; font-variant-numeric: tabular-nums; }
.fl-progress progress { appearance: none; display: block; width: 100%; height: .75rem; border: 0;
  border-radius: .375rem; overflow: hidden; background: var(--fl-line); }
.fl-progress progress::-webkit-progress-bar { background: var(--fl-line); }
.fl-progress progress::-webkit-progress-value { background: var(--fl-accent); }
.fl-progress progress::-moz-progress-bar { background: var(--fl-accent); }
#cluster-given [data-testid=upload-text] { font-size: 0; }
#cluster-given [data-testid=upload-text] .or { display: none; }
#cluster-given [data-testid=upload-text]::after { font-size: 1rem; text-align: center;
  content: "Drop many pictures here, or click to choose them"; }
#cluster-shown .fl-hint { min-height: 6rem; }
#cluster-remove { width: fit-content; min-width: 0; }
.fl-cards { display: grid; gap: 1rem; margin-top: .75rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); }
.fl-card { position: relative; overflow: hidden; border-radius: .75rem;
  color: var(--body-text-color); background: var(--fl-panel); border: 1px solid var(--fl-line); }
.fl-card:has(details[open]) { grid-column: 1 / -1; }
.fl-alone { border-style: dashed; }
.fl-card summary { cursor: pointer; display: block; padding: .6rem .75rem .7rem;
  border-radius: .75rem; list-style: none; }
.fl-card summary::-webkit-details-marker { display: none; }
.fl-card summary:focus-visible { outline-offset: -3px; }
.fl-card summary strong { display: block; padding-right: 4.5rem; line-height: 2.1; }
.fl-card summary strong::before { content: "▸"; display: inline-block; width: 1.1em;
  color: var(--fl-accent); }
.fl-card details[open] summary strong::before { content: "▾"; }
.fl-card .fl-about { display: block; margin-bottom: .5rem;
  color: var(--fl-quiet); font-size: .9rem; }
.fl-card > .fl-button { position: absolute; right: .75rem; top: .6rem; padding: .15rem .7rem;
  font-size: .9rem; }
.fl-montage { display: block; overflow: hidden; border-radius: .4rem;
  background: #f5f5f3; }
.fl-montage img { display: block; max-width: none; margin: 0; }
.fl-card details[open] .fl-montage { max-width: 30rem; }
.fl-pictures { display: grid; gap: .75rem; margin: 0; padding: .75rem; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); }
.fl-pictures li { margin: 0; }
.fl-pictures a { display: block; border-radius: .4rem; }
.fl-pictures img { display: block; width: 100%; height: auto; margin: 0; border-radius: .4rem; }
.fl-pictures span { font-size: .85rem; color: var(--fl-quiet); overflow-wrap: anywhere; }
@media (max-width: 640px) {
  .fl-note.fl-hint { min-height: 0; }
  .fl-bar { display: none; }
  .tab-container.visually-hidden button { font-size: 1px !important; padding: 0 !important; }
  .tab-container[role=tablist] { overflow-x: auto; }
  .tab-container button { padding: 0 .3rem; font-size: .78rem; }
}
"""


def theme() -> gr.themes.Base:
    """Gradio's default look with our colour and the fonts that the reader's system has."""
    return gr.themes.Default(
        primary_hue=colors.teal,
        neutral_hue=colors.slate,
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
