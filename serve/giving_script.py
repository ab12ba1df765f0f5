"""The page's script for what visitors give to the project, and how that looks."""

from __future__ import annotations

SCRIPT = """<script>
(() => {
  const say = (control, told) => {
    const line = control.querySelector("[role=status]");
    const words = typeof told.detail === "string" ? told.detail : "this did not work; try again";
    line.replaceChildren(...(told.says ?? words).split("`").map((part, place) => place % 2
      ? Object.assign(document.createElement("code"), { textContent: part }) : part));
    if (told.studio) {
      const link = Object.assign(document.createElement("a"),
        { href: told.studio, target: "_blank", rel: "noopener", textContent: "Open Label Studio" });
      line.append(" ", link);
    }
    if (told.take_back) {
      const undo = Object.assign(document.createElement("button"),
        { type: "button", className: "fl-button", textContent: "Take it back" });
      undo.dataset.back = told.take_back;
      line.append(" ", undo);
    }
  };
  const post = async (control, address, sent) => {
    const parts = [...control.querySelectorAll("button, input")];
    control.querySelector("[role=status]").textContent = "One moment …";
    parts.forEach((part) => { part.disabled = true; });
    try {
      const answer = await fetch(address, { method: "POST", body: JSON.stringify(sent),
        headers: { "Content-Type": "application/json" } });
      say(control, await answer.json());
    } catch {
      say(control, { detail: "The app does not answer; try again." });
    }
    parts.forEach((part) => { part.disabled = false; });
    control.querySelector("[role=status] :is(a, button)")?.focus();
  };
  const face = (control) => {
    const place = control.closest(".fl-correct").dataset;
    return { naming: place.naming, picture: +place.picture, face: +place.face };
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".fl-give button");
    const control = button?.closest(".fl-give");
    if (!button || button.form) return;
    const { back, verdict, name } = button.dataset;
    const address = button.closest("[data-post]")?.dataset.post
      ?? control.querySelector("[data-post]").dataset.post;
    if (back) post(control, address.replace(/correct$/, "take-back"), { id: back });
    else if (verdict) post(control, address, { ...face(control), verdict, name });
    else post(control, address, {});
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.(".fl-give form");
    if (!form) return;
    event.preventDefault();
    const control = form.closest(".fl-give");
    post(control, form.dataset.post, { ...face(control), name: form.elements.name.value });
  });
  document.addEventListener("focusin", async (event) => {
    if (event.target.getAttribute?.("list") !== "fl-people") return;
    if (document.getElementById("fl-people")) return;
    const list = Object.assign(document.createElement("datalist"), { id: "fl-people" });
    document.body.append(list);
    const answer = await fetch("people").catch(() => null);
    const names = answer?.ok ? await answer.json() : [];
    list.append(...names.map((name) => new Option(name, name)));
  });
})();
</script>"""
"""Hears all clicks of the page: what it is about comes and goes."""

CSS = """
.fl-give { margin: .75rem 0; color: var(--body-text-color); }
.fl-give summary { cursor: pointer; width: fit-content; padding: .25rem 0;
  color: var(--fl-accent); font-weight: 600; }
.fl-give p { margin: .35rem 0 .6rem; max-width: 46rem; }
.fl-give form, .fl-verdicts { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center;
  margin: 0 0 .6rem; }
.fl-give label { display: flex; gap: .5rem; align-items: center; flex: 1 1 12rem;
  max-width: 20rem; white-space: nowrap; }
.fl-give input { flex: 1; min-width: 0; width: 100%; padding: .35rem .6rem; font-size: 1rem;
  border-radius: .4rem; color: var(--body-text-color); background: var(--input-background-fill);
  border: 1px solid var(--fl-line); }
.fl-give input::placeholder { color: var(--fl-quiet); font-style: italic; }
.fl-give input:focus-visible { outline: 2px solid var(--fl-accent); outline-offset: 1px; }
.fl-give button { cursor: pointer; }
.fl-give button:disabled { opacity: .5; cursor: wait; }
.fl-told:empty { display: none; }
.fl-told a { color: var(--fl-accent); text-decoration: underline; }
"""
