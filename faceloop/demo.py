"""`faceloop demo`: an album of sample portraits to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faceloop.console import say, waiting
from faceloop.demo_album import make_album

Folder = Annotated[Path, typer.Argument(help="Where the album and the new photos go.")]


def demo(folder: Folder) -> None:
    """Make an album of sample portraits (AT&T Laboratories Cambridge) with invented names."""
    with waiting("Pasting portraits into album pages"):
        make_album(folder)
    say(f"album: {folder / 'album'}")
    say(f"new photos for the end: {folder / 'new-photos'}")
