"""Where the report on a model version lies, and that it is there.

```text
models/
  model-0001-9c1e2a7f/          the version itself, whose files are never changed
  reports/
    model-0001-9c1e2a7f.html    the page, made anew whenever it is asked for
    model-0001-9c1e2a7f.json    its figures
```
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from faceloop.console import say

_FOLDER = "reports"


def report_place(models: Path, version_id: str) -> Path:
    """Where the page on a version lies; its figures lie beside it."""
    return models / _FOLDER / f"{version_id}.html"


def tell_reports(models: Path, versions: Sequence[str]) -> None:
    """Say where the newest report is, and how to get one that is missing."""
    there = [one for one in versions if report_place(models, one).exists()]
    if there:
        say(f"the report on {there[-1]}: {report_place(models, there[-1])}")
    missing = [one for one in versions if one not in there]
    if missing:
        say(f"a version without a report gets one by `faceloop models --report {missing[-1]}`")


def remove_stray_reports(models: Path, versions: Collection[str]) -> None:
    """Remove the reports on versions that are no longer there: they show people's faces.

    So do hidden pages that somebody left who was killed while writing. One process does this or
    writes a report at a time (`faces.locks`).
    """
    folder = report_place(models, "").parent
    strays = [place for place in folder.glob("model-*") if place.stem not in versions]
    for place in sorted([*strays, *folder.glob(".model-*")]):
        place.unlink(missing_ok=True)
