"""`faceloop demo`: an album of sample portraits to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceloop.console import console
from faceloop.demo_album import make_album

Folder = Annotated[Path, typer.Argument(help="Where the album and the new photos go.")]


def demo(folder: Folder) -> None:
    """Make an album of sample portraits (AT&T Laboratories Cambridge) with invented names."""
    with console.status("Pasting portraits into album pages"):
        make_album(folder)
    console.print(f"album: {folder / 'album'}\nnew photos for the end: {folder / 'new-photos'}")
