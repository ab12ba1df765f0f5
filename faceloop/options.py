"""Options that several subcommands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from faces.errors import SetupError
from faces.settings import Settings

Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", help="Where faceloop keeps everything it makes; FACELOOP_WORKSPACE."
    ),
]
Photos = Annotated[
    str | None,
    typer.Argument(help="The folder with your photos, or an address; it is only read."),
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
Annotators = Annotated[
    str | None,
    typer.Option(
        "--annotators",
        help="Who names faces at the same time, as in anna,ben: each gets tabs and tasks of their "
        'own; remembered. "" goes back to one queue for all.',
    ),
]
DetectorName = Annotated[
    Literal["yunet", "hog", "cnn"] | None,
    typer.Option("--detector", help="What finds faces in new photos; remembered."),
]
Engine = Annotated[
    Literal["onnx", "reference"] | None,
    typer.Option(
        "--engine", help="What encodes faces; reference: face_recognition itself; remembered."
    ),
]
Rotations = Annotated[
    bool | None,
    typer.Option(
        "--rotations/--no-rotations",
        help="Look at each photo in all four directions; remembered.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Dask scheduler whose workers read, as tcp://host:8786."),
]
Jobs = Annotated[int | None, typer.Option(help="Processes that read photos; 0: one a core.")]
Method = Annotated[
    Literal["people", "dbscan"] | None,
    typer.Option(
        "--method",
        help="What groups faces: people (finds out by itself what is alike enough), or "
        "scikit-learn's dbscan; remembered.",
    ),
]
Eps = Annotated[
    float | None,
    typer.Option(help="With --method dbscan: the radius on dlib's encodings; remembered."),
]
MinSamples = Annotated[
    int | None,
    typer.Option(
        help="With --method dbscan: faces, itself included, that make a face a core of a cluster; "
        "remembered."
    ),
]
Regroup = Annotated[
    bool,
    typer.Option(
        "--regroup",
        help="Find out anew what is alike enough to be one person; groups may change, names stay.",
    ),
]
Again = Annotated[
    bool,
    typer.Option("--again", help="Read all photos again; faces keep their names."),
]
Removed = Annotated[
    bool,
    typer.Option(
        "--removed",
        help="What is gone from PHOTOS is meant to be: take it off the desk, however much.",
    ),
]


def chosen(
    detector: str | None,
    rotations: bool | None,
    engine: str | None,
    method: str | None,
    eps: float | None,
    min_samples: int | None,
) -> dict[str, object]:
    """The options that a workspace remembers, as settings."""
    return {
        "detector": detector,
        "rotations": rotations,
        "engine": engine,
        "method": method,
        "eps": eps,
        "min_samples": min_samples,
    }


def refuse_idle(settings: Settings, chosen: Mapping[str, object], *, regroup: bool) -> None:
    """Nothing is said in vain: each way to group has options that mean nothing to the other.

    Raises:
        SetupError: an option was given that does nothing.
    """
    if settings.method == "dbscan":
        if regroup:
            raise SetupError(
                "--regroup finds out anew what is alike enough, which DBSCAN is told by --eps; "
                "give --method people too, or leave it out"
            )
        return
    for name, option in {"eps": "--eps", "min_samples": "--min-samples"}.items():
        if chosen[name] is not None:
            raise SetupError(
                f"{option} says how DBSCAN groups; give --method dbscan too, or leave it out: "
                "without it there is nothing to set"
            )
