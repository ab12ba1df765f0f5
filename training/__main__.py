"""`python -m training`: learn from the current workspace, without Label Studio."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from faces.errors import FaceloopError
from faces.locks import Work, alone
from faces.records import NETWORK
from faces.settings import load_settings
from faces.store.database import open_store
from training.retrain import retrain

_STEPS_A_LINE = 10


def main() -> int:
    """Learn; one line and 1 when that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m training", description="Learn a classifier from the confirmed faces."
    )
    parser.add_argument("--workspace", help="where faceloop keeps its database and models")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same version")
    given = parser.parse_args()
    try:
        settings = load_settings(workspace=given.workspace)
        store = open_store(settings.store_url)
        with alone(settings, Work.TRAIN):
            retrain(
                store,
                settings.models,
                network=NETWORK,
                now=datetime.now(UTC),
                seed=given.seed,
                strangers_accepted=settings.strangers_accepted,
                report=_say,
                on_progress=_say_now_and_then,
            )
    except FaceloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _say_now_and_then(what: str, done: int, total: int) -> None:
    if done % _STEPS_A_LINE == 0 or done == total:
        _say(f"{what}: {done} of {total}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
