"""`python -m sync`: read what people said, then show what follows from it."""

from __future__ import annotations

import sys

from faces.errors import FaceloopError
from faces.settings import load_settings
from faces.store.database import open_store
from sync.loop import desk_of, sync_now


def main() -> int:
    """Pull and push once; one line and 1 when that is not possible."""
    try:
        settings = load_settings()
        store = open_store(settings.store_url)
        synced = sync_now(settings, store, desk_of(settings, store), on_progress=_tell)
    except FaceloopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{synced.pulled.answers} answers read\n")
    for project, plan in synced.pushed.items():
        sys.stdout.write(f"{project}: {plan}\n")
    return 0


def _tell(what: str, done: int, total: int) -> None:
    sys.stdout.write(f"{what}: {done} of {total}\n")


if __name__ == "__main__":
    sys.exit(main())
