"""The page's few lines of script: a click on a box, many pictures dropped, the header."""

from __future__ import annotations

SCRIPT = """<script>
(() => {
  const boxOf = (row) => row.closest(".fl-named")
    ?.querySelector(`.fl-box[data-face="${row.dataset.face}"]`);
  const rowOf = (box) => box.closest(".fl-named")
    ?.querySelector(`.fl-face-row[data-face="${box.dataset.face}"]`);
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".fl-box");
    const row = box && rowOf(box);
    if (!row) return;
    row.open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  document.addEventListener("drop", (event) => {
    const files = event.dataTransfer?.files ?? [];
    const area = event.target.closest?.("#everyone-given");
    const many = document.getElementById("everyone-many")?.parentElement
      .querySelector("input[type=file][multiple]");
    if (!area || !many || files.length < 2) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
    many.files = files;
    many.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);
  document.addEventListener("toggle", (event) => {
    const row = event.target;
    if (row.matches?.(".fl-face-row")) boxOf(row)?.classList.toggle("fl-chosen", row.open);
  }, true);
})();
</script>"""
"""Hears all clicks and openings of the page: what it is about comes and goes."""

_LOOKED_EVERY_MS = 5_000

HEADER = f"""
const look = async () => {{
  if (document.hidden) return;
  const answer = await fetch("header").catch(() => null);  // the app may be stopped
  if (!answer?.ok) return;
  const told = await answer.text();
  if (told !== props.value) props.value = told;
}};
look();
setInterval(look, {_LOOKED_EVERY_MS});
document.addEventListener("visibilitychange", look);
"""
"""Run once where the header is: it is asked for again while the page is seen."""
