"""What a workspace was told about reading and grouping, so that each command does it alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from faces.errors import SetupError

REMEMBERED = ("detector", "rotations", "engine", "eps", "min_samples")
"""Settings that, once given as options, hold for the workspace until others are given."""


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
    chosen = before | {n: given[n] for n in REMEMBERED if given.get(n) is not None}
    if chosen == before:
        return
    place = _place(workspace)
    beside = place.with_suffix(".new")
    beside.write_text(json.dumps(chosen, indent=1), encoding="utf-8")
    beside.replace(place)


def _place(workspace: Path) -> Path:
    return workspace / "choices.json"
