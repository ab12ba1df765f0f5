from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import app
from benchmarks.ingest_pages import make_pages, portraits_in

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]


@pytest.mark.skipif(sys.platform != "linux", reason="what the app takes is read from /proc")
def test_an_app_is_measured_that_groups_and_names_and_has_no_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_ASKED", 8)
    portraits = portraits_in(None)[::10]
    make_pages(portraits, tmp_path / "pages", photos=2)
    pages = [page.read_bytes() for page in sorted((tmp_path / "pages").iterdir())]
    figures = app.measure(pages, portraits, tmp_path)
    assert figures["faces"] == 8
    assert all(value > 0 for key, value in figures.items() if key != "clusters")
