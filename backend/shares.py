"""How the threads of the worker share its processors and memory: short answers do not wait for
long ones, and what a large photo took is given back.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading

from PIL import Image

_CORES_FOR_TWO = 4
_TURN_S = 0.001
"""How long a thread computes in Python before another one may (Python's own: five times that)."""
_YIELDS = 10
"""How nice a thread is that reads new photos, as by nice(1): the others get ten times as much."""
_MMAP_THRESHOLD = -3
"""The GNU C library's number of this setting of its allocator, by malloc.h."""
_OF_ITS_OWN_BYTES = 1 << 20
_BLOCKS_KEPT = 8
"""So many of its blocks of 16 MB Pillow keeps for the next pictures: a photo of 12 megapixels takes
three, and to get them from the system anew takes a fifth of the time of decoding it."""


def photos_read_at_once() -> int:
    """How many new photos are read at once, however many are asked about.

    Each takes up to 200 MB, and half of the cores are left to short answers.
    """
    return 1 if _cores() < _CORES_FOR_TWO else 2


def threads_for_networks() -> int:
    """How many threads a network may use, so that photos being read have half of the cores.

    A network that takes all cores has to wait for all of them, for every layer.
    """
    return max(1, _cores() // 2 // photos_read_at_once())


def yield_to_others() -> None:
    """Have this thread give way to the process's others; what it asks a network for, too.

    Linux has a niceness for each thread, and only there is it one.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _YIELDS)


def share_evenly() -> None:
    """Set this process up for many short answers beside a few long ones.

    Memory for pixels is taken from the system and given back to it, but for a few blocks of
    Pillow's. Left to itself, the allocator of glibc begins to keep such pieces in one heap for each
    thread, up to 32 MB each.
    """
    sys.setswitchinterval(_TURN_S)
    Image.core.set_blocks_max(_BLOCKS_KEPT)  # type: ignore[attr-defined]  # Pillow names it so itself
    try:
        set_allocator = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library, whose allocator does not need it
        return
    set_allocator(_MMAP_THRESHOLD, _OF_ITS_OWN_BYTES)


def set_aside_what_stays() -> None:
    """Have Python look for garbage only among what comes from now on.

    To look through all that is loaded by now takes a tenth of a second, in which nobody gets an
    answer, and happened again and again while people saved what they had drawn.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # finds nothing, and so looks for it again soon


def _cores() -> int:
    return len(os.sched_getaffinity(0))
