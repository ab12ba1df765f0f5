"""Options that several subcommands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", help="Where faceloop keeps everything it makes; FACELOOP_WORKSPACE."
    ),
]
Photos = Annotated[
    Path | None, typer.Argument(help="The folder with your photos; it is only read.")
]
Studio = Annotated[
    str | None, typer.Option("--studio", help="A Label Studio that runs already, by its address.")
]
StudioOrOwn = Annotated[
    str | None,
    typer.Option(
        "--studio",
        help="A Label Studio that runs already, by its address; it is remembered. "
        "`embedded` goes back to faceloop's own.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        help="Its token, legacy or personal access; better as FACELOOP_STUDIO_API_KEY.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, do nothing.")]
