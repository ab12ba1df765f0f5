"""How the threads of the worker share its processors and memory: short answers do not wait for
long ones, and what a large photo took is given back.
"""

from __future__ import annotations

import ctypes
import os
import sys

READING_AT_ONCE = 2
"""So many new photos are read at once, however many are asked about."""
_TURN_S = 0.001
"""How long a thread computes in Python before another one may (Python's own: five times that)."""
_MMAP_THRESHOLD = -3
"""The GNU C library's number of this setting of its allocator, by malloc.h."""
_OF_ITS_OWN_BYTES = 1 << 20


def threads_for_networks() -> int:
    """How many threads a network may use, so that photos read at once have a core each.

    A network that takes all cores has to wait for all of them, for every layer.
    """
    return max(1, len(os.sched_getaffinity(0)) // READING_AT_ONCE)


def share_evenly() -> None:
    """Set this process up for many short answers beside a few long ones.

    Memory for pixels is taken from the system and given back to it. Left to itself, the allocator
    of glibc begins to keep such pieces for itself, in one heap for each thread, up to 32 MB each.
    """
    sys.setswitchinterval(_TURN_S)
    try:
        set_allocator = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library, whose allocator does not need it
        return
    set_allocator(_MMAP_THRESHOLD, _OF_ITS_OWN_BYTES)
