"""How pictures with names look, and what opens below a face that is chosen."""

from __future__ import annotations

CSS = """
.fl-named { margin-top: .75rem; }
.fl-picture { position: relative; border-radius: .5rem; overflow: hidden; line-height: 0; }
.fl-picture > img { display: block; width: 100%; height: auto; margin: 0; }
.fl-box { position: absolute; padding: 0; margin: 0; border: 0; background: none; cursor: pointer;
  border-radius: 2px; }
.fl-box:hover { box-shadow: 0 0 0 3px rgb(255 255 255 / .9), 0 0 0 5px rgb(15 23 42 / .8); }
.fl-box.fl-chosen { box-shadow: 0 0 0 3px #f59e0b, 0 0 0 4px rgb(15 23 42 / .8); }
#everyone-remove { width: fit-content; min-width: 0; }
ol.fl-faces { list-style: none; margin: .5rem 0 0; padding: 0; color: var(--body-text-color); }
.fl-row { margin: 0; border-bottom: 1px solid var(--fl-line); }
.fl-face-row > summary { display: flex; align-items: center; gap: .75rem; padding: .35rem .5rem;
  cursor: pointer; list-style: none; border-radius: .4rem; min-height: 48px; }
.fl-face-row > summary::-webkit-details-marker { display: none; }
.fl-face-row > summary::after { content: "▸"; color: var(--fl-accent); width: 1em; flex: none;
  text-align: center; }
.fl-face-row[open] > summary::after { content: "▾"; }
.fl-face-row > summary:hover { background: var(--fl-panel); }
.fl-face-row > summary:focus-visible { outline: 3px solid var(--fl-accent); outline-offset: -3px; }
.fl-row .fl-number { color: var(--fl-quiet); min-width: 1.25rem; text-align: right; flex: none;
  font-variant-numeric: tabular-nums; }
.fl-row .fl-crop { width: 48px; height: 48px; border-radius: .4rem; margin: 0; flex: none;
  display: block; background: var(--fl-panel); }
.fl-row .fl-name { font-weight: 600; flex: 1; min-width: 0; overflow-wrap: anywhere; }
.fl-row.fl-unknown .fl-name { font-weight: 400; font-style: italic; color: var(--fl-quiet); }
.fl-row .fl-certainty { white-space: nowrap; font-variant-numeric: tabular-nums; flex: none; }
.fl-panel { display: flex; gap: 1rem; align-items: flex-start; padding: .5rem .5rem 1rem; }
.fl-large { width: 150px; height: 150px; flex: none; border-radius: .5rem; margin: 0;
  display: block; background: var(--fl-panel); }
.fl-whom { flex: 1; min-width: 0; }
.fl-likely { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
.fl-likely li { margin: 0; }
.fl-likely li > div:first-child { display: flex; align-items: center; gap: .5rem; }
.fl-who { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.fl-is .fl-who { font-weight: 600; }
.fl-nobody { color: var(--fl-quiet); font-style: italic; }
.fl-nobody .fl-bar i { background: #94a3b8; }
.fl-percent { min-width: 2.75rem; text-align: right; font-variant-numeric: tabular-nums; }
.fl-examples { display: flex; flex-wrap: wrap; gap: .4rem; margin-top: .3rem; }
.fl-examples img { width: 64px; height: 64px; margin: 0; border-radius: .4rem; display: block;
  background: var(--fl-panel); }
.fl-likely.fl-pair { gap: .6rem 1.25rem; margin-bottom: .6rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 190px), 1fr)); }
.fl-alike { margin: 0 0 .6rem; padding: .4rem .6rem; border-radius: .4rem;
  background: var(--fl-panel); }
.fl-quiet { margin: 0; color: var(--fl-quiet); }
.fl-correct { margin-top: .9rem; padding-top: .75rem; border-top: 1px solid var(--fl-line); }
.fl-many { display: grid; gap: 1rem; margin-top: .75rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); }
.fl-many .fl-card summary strong { padding-right: 0; overflow-wrap: anywhere; line-height: 1.6; }
.fl-thumb { display: block; width: 100%; height: auto; margin: 0; border-radius: .4rem; }
.fl-card details[open] > summary > .fl-thumb { display: none; }
.fl-inside { padding: 0 .75rem .75rem; }
.fl-inside .fl-named { margin-top: 0; }
@media (max-width: 640px) {
  #everyone-given, #one-given { height: 250px !important; }
  .fl-panel { flex-direction: column; }
  .fl-large { width: 112px; height: 112px; }
  .fl-whom { width: 100%; }
  .fl-likely.fl-pair { grid-template-columns: 1fr 1fr; align-items: start; }
  .fl-pair .fl-examples img { width: 48px; height: 48px; }
  .fl-pair .fl-bar { display: none !important; }
  .fl-likely .fl-bar { display: inline-block; width: 3.5rem; }
}
"""
