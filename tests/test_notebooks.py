"""The notebooks run from top to bottom, in order, in a folder that is empty at first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run_notebook import cells_of, run

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FROM_EMPTY = "4-an-app-for-everybody"
"""Does itself what the notebooks before it do."""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_notebook_runs_and_shows_what_it_speaks_of(tmp_path: Path) -> None:
    assert [notebook.name[0] for notebook in NOTEBOOKS] == ["1", "2", "3", "4"]
    pages = {}
    for notebook in NOTEBOOKS:
        folder = tmp_path / ("alone" if notebook.stem == FROM_EMPTY else "together")
        folder.mkdir(exist_ok=True)
        page = tmp_path / f"{notebook.stem}.html"
        done = subprocess.run(
            [sys.executable, "-m", "scripts.run_notebook", str(notebook), str(page)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        pages[notebook.stem] = page.read_text(encoding="utf-8")
    told = {name: page.count('src="data:image/png;base64,') for name, page in pages.items()}
    assert list(told.values()) == [2, 1, 1, 1]
    first, second, third, fourth = pages.values()
    assert first.count("8 faces, ") == 10
    assert "is in use: on photos kept for testing it names" in second
    assert "asked as the page asks: Søren" in third
    assert "right, 0 with a wrong name" in fourth


def a_notebook(place: Path, *sources: str) -> Path:
    cells = [{"cell_type": "code", "source": source.splitlines(True)} for source in sources]
    place.write_text(json.dumps({"cells": cells}))
    return place


def test_a_cell_shows_what_it_prints_and_the_value_of_its_last_line(tmp_path: Path) -> None:
    notebook = a_notebook(tmp_path / "a.ipynb", "print('one')\ntwo = 2\ntwo + 1", "two = 5", "two")
    assert [shown.text for _, shown in run(notebook)] == ["one\n3", "", "5"]


def test_a_mistake_ends_the_run_and_tells_the_cell(tmp_path: Path) -> None:
    notebook = a_notebook(tmp_path / "a.ipynb", "x = 1", "\nx / 0")
    cells = run(notebook)
    next(cells)
    with pytest.raises(ZeroDivisionError) as told:
        next(cells)
    assert told.traceback[-1].frame.code.raw.co_filename == "a.ipynb, cell 2"
    assert len(cells_of(notebook)) == 2
