"""Following folders: a change is told once the files rest, and every folder is looked at at times.

The system tells of changes on disks of this machine. A network folder tells nothing, and a system
may refuse to watch very many folders, so all are looked through now and then as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from watchfiles import watch

from faces.pictures import PHOTO_SUFFIXES

RESTS_S = 2.0
"""A file that is still being copied changes all the time; it rests when nothing came this long."""
LONGEST_S = 30.0
"""While files come without end, those that are there are taken in this often."""
LOOK_EVERY_S = 60.0
_LOOKING_SHARE = 20
"""Looking through a folder takes at most one part in this many of the time."""
_TICK_S = 0.4


def news(
    folders: Sequence[Path],
    *,
    on_tick: Callable[[], object] = lambda: None,
    look_every_s: float = LOOK_EVERY_S,
) -> Iterator[None]:
    """Yields whenever it is time to look through the folders for what changed; never ends.

    `on_tick` is called about twice a second while nothing happens; what it raises ends the
    waiting. What changes while the caller is busy is told when it comes back.
    """
    looked_until = time.monotonic()
    look_after_s = look_every_s
    while True:
        there = _identities(folders)
        waiting = _Waiting(look_at=looked_until + look_after_s)
        for changed in _ticks([path for path, *_ in there]):
            on_tick()
            if not waiting.is_over(any(map(_matters, changed)), now=time.monotonic()):
                continue
            began = time.monotonic()
            yield
            looked_until = time.monotonic()
            look_after_s = max(look_every_s, _LOOKING_SHARE * (looked_until - began))
            if _identities(folders) != there:
                break
            waiting = _Waiting(look_at=looked_until + look_after_s)


class _Waiting:
    """When to look: when changes have come to rest, or when it is time anyway."""

    def __init__(self, *, look_at: float) -> None:
        self._look_at = look_at
        self._first: float | None = None
        self._last = 0.0

    def is_over(self, changed: bool, *, now: float) -> bool:
        """Whether to look now; `changed` says whether something changed since the last call."""
        if changed:
            self._first = now if self._first is None else self._first
            self._last = now
        if self._first is None:
            return now >= self._look_at
        return now - self._last >= RESTS_S or now - self._first >= LONGEST_S


def _ticks(folders: Sequence[Path]) -> Iterator[Iterable[str]]:
    """The paths that changed, about twice a second, nothing where nothing is told."""
    if folders:
        try:
            told = watch(
                *folders,
                watch_filter=None,
                debounce=int(_TICK_S * 1000),
                step=100,
                rust_timeout=int(_TICK_S * 1000),
                yield_on_timeout=True,
                ignore_permission_denied=True,
            )
            yield from ([path for _, path in changes] for changes in told)
        except OSError:  # gone since, or more folders than the system watches: looking remains
            pass
    while True:
        time.sleep(_TICK_S)
        yield ()


def _matters(changed: str) -> bool:
    """Whether a path may be a photo, a folder or a list of what to ignore."""
    path = Path(changed)
    suffix = path.suffix.lower()
    return suffix in PHOTO_SUFFIXES or not suffix or path.is_dir() or path.name == ".faceloopignore"


def _identities(folders: Sequence[Path]) -> list[tuple[Path, int, int]]:
    """The folders that are there; one that was away or made anew is another one."""
    there = []
    for folder in folders:
        try:
            status = folder.stat()
        except OSError:
            continue
        there.append((folder, status.st_dev, status.st_ino))
    return there
