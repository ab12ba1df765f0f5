"""Run a notebook from top to bottom, and write what it shows as a page: without Jupyter.

python -m scripts.run_notebook notebooks/1-faces-and-clusters.ipynb page.html

As in Jupyter, a cell shows what it prints and the value of its last line; whatever goes wrong ends
the run. The notebook works in the folder where this is started.
"""

from __future__ import annotations

import ast
import base64
import html
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEAD = """<!doctype html><meta charset="utf-8"><title>{title}</title><style>
body {{ max-width: 60rem; margin: 2rem auto; font: 16px/1.5 system-ui, sans-serif; }}
pre {{ padding: .6rem .8rem; background: #f1f5f9; overflow-x: auto; white-space: pre-wrap; }}
pre.out {{ background: none; border-left: 4px solid #0f766e; }} img {{ max-width: 100%; }}
</style>"""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, by its number from 1."""

    number: int
    is_code: bool
    source: str


@dataclass(frozen=True)
class Shown:
    """What a cell shows: text, and a PNG if its last line is a picture."""

    text: str
    png: bytes | None = None


def main() -> int:
    """Run one notebook; the page is written as far as it came."""
    notebook, page = Path(sys.argv[1]), Path(sys.argv[2])
    parts = [_HEAD.format(title=html.escape(notebook.stem))]
    try:
        for cell, shown in run(notebook):
            parts.append(
                f"<pre{'' if cell.is_code else ' class=text'}>{html.escape(cell.source)}</pre>"
            )
            parts.append(_as_html(shown))
    finally:
        page.write_text("\n".join(parts), encoding="utf-8")
    return 0


def cells_of(notebook: Path) -> list[Cell]:
    """The cells of a notebook."""
    told = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        Cell(number, one["cell_type"] == "code", "".join(one["source"]))
        for number, one in enumerate(told, start=1)
    ]


def run(notebook: Path) -> Iterator[tuple[Cell, Shown]]:
    """Each cell with what it shows, one after the other, all in one namespace."""
    space: dict[str, Any] = {"__name__": "notebook"}
    for cell in cells_of(notebook):
        yield (
            cell,
            _run(cell, f"{notebook.name}, cell {cell.number}", space)
            if cell.is_code
            else Shown(""),
        )


def _run(cell: Cell, called: str, space: dict[str, Any]) -> Shown:
    printed = io.StringIO()
    with redirect_stdout(printed):
        value = _value_of(ast.parse(cell.source), called, space)
    if value is None:
        return Shown(printed.getvalue())
    picture = getattr(value, "_repr_png_", None)
    if picture is not None:
        return Shown(printed.getvalue(), picture())
    return Shown(f"{printed.getvalue()}{value!r}")


def _value_of(code: ast.Module, called: str, space: dict[str, Any]) -> object:
    """Run the code; the value of its last line, None if that has none."""
    last = code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
    exec(compile(code, called, "exec"), space)  # noqa: S102  # a notebook is code to be run
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), called, "eval"), space)  # noqa: S307


def _as_html(shown: Shown) -> str:
    text = f"<pre class=out>{html.escape(shown.text)}</pre>" if shown.text else ""
    if shown.png is None:
        return text
    return f'{text}<img src="data:image/png;base64,{base64.b64encode(shown.png).decode()}">'


if __name__ == "__main__":
    sys.exit(main())
