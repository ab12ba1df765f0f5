"""What a workspace was told about reading and grouping, so that each command does it alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from faceloop.console import say
from faces.errors import SetupError
from faces.settings import Settings

REMEMBERED = ("detector", "rotations", "engine", "method", "eps", "min_samples")
"""Settings that, once given as options, hold for the workspace until others are given."""
_OF_DBSCAN = {"eps": "--eps", "min_samples": "--min-samples"}
"""What is remembered for DBSCAN alone, and the option that says it."""


def read_choices(workspace: Path) -> dict[str, object]:
    """The settings that were chosen for this workspace, by name.

    Raises:
        SetupError: the file is damaged or cannot be read.
    """
    place = _place(workspace)
    try:
        chosen = json.loads(place.read_text(encoding="utf-8"))
        return {name: chosen[name] for name in REMEMBERED if name in chosen}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SetupError(
            f"{place} cannot be read ({error.strerror}); mend that, or give another --workspace"
        ) from error
    except (ValueError, TypeError) as error:
        raise SetupError(f"{place} is damaged; remove it, and give its options again") from error


def remember_choices(workspace: Path, given: Mapping[str, object]) -> None:
    """Keep what was given now, beside what was chosen before; None was not given."""
    before = read_choices(workspace)
    _keep(workspace, before, before | {n: given[n] for n in REMEMBERED if given.get(n) is not None})


def forget_idle_choices(settings: Settings) -> None:
    """Forget how DBSCAN was set where it is not what groups, and say so.

    There was nothing but DBSCAN once, so a workspace may remember a radius and no method.
    """
    before = read_choices(settings.workspace)
    idle = [name for name in _OF_DBSCAN if name in before]
    if settings.method == "dbscan" or not idle:
        return
    as_before = " ".join(f"{_OF_DBSCAN[name]} {before[name]}" for name in idle)
    _keep(settings.workspace, before, {n: v for n, v in before.items() if n not in idle})
    say(
        f"{as_before} was chosen for this workspace and holds no more: groups are found with "
        f"nothing set; --method dbscan {as_before} groups as before"
    )


def _keep(workspace: Path, before: Mapping[str, object], chosen: Mapping[str, object]) -> None:
    if chosen == before:
        return
    place = _place(workspace)
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(chosen, indent=1), encoding="utf-8")
    beside.replace(place)


def _place(workspace: Path) -> Path:
    return workspace / "choices.json"
