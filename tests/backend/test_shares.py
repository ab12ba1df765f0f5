from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.assembly import warm
from backend.shares import photos_read_at_once, threads_for_networks, yield_to_others
from tests.backend.conftest import World


@pytest.mark.parametrize(
    ("cores", "photos", "threads"),
    [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 1), (8, 2, 2), (16, 2, 4)],
)
def test_half_of_the_cores_are_left_to_short_answers(
    monkeypatch: pytest.MonkeyPatch, cores: int, photos: int, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(cores)))
    assert (photos_read_at_once(), threads_for_networks()) == (photos, threads)
    assert cores == 1 or photos * threads <= cores / 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a niceness is that of all threads")
def test_only_the_thread_that_yields_is_nicer() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    with ThreadPoolExecutor(1, initializer=yield_to_others) as threads:
        assert threads.submit(niceness).result() > before
    assert niceness() == before


def test_what_is_loaded_once_warm_is_not_looked_through_again_for_garbage(world: World) -> None:
    gc.unfreeze()
    try:
        assert not warm(world.predictor())
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()


@pytest.mark.slow
def test_memory_of_a_large_picture_goes_back_to_the_system() -> None:
    """In a process of its own, since how memory is given out is a matter of the whole process."""
    told = subprocess.run(
        [sys.executable, "-c", _GIVE_BACK], check=True, capture_output=True, text=True, timeout=60
    )
    before_mb, after_mb = map(float, told.stdout.split())
    assert after_mb < before_mb + 8, "of 184 MB that were freed, each before a small piece"


_GIVE_BACK = """
import numpy as np
from pathlib import Path
from backend.shares import share_evenly

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

share_evenly()
np.ones(30 << 20, np.uint8)  # a large piece that is freed teaches glibc to keep smaller ones
kept, before = [], resident_mb()
for place in range(16):
    freed = np.ones((4 + place) << 20, np.uint8)  # too large for what was freed before
    kept.append(np.ones(70_000, np.uint8))
    del freed
print(before, resident_mb())
"""


@pytest.mark.slow
def test_what_a_network_took_for_a_large_picture_goes_back_to_the_system() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOOK], check=True, capture_output=True, text=True, timeout=60
    )
    before_mb, after_mb = map(float, told.stdout.split())
    assert after_mb < before_mb + 30, "of the 150 MB that the picture takes"


_LOOK = """
import numpy as np
from pathlib import Path
from backend.shares import share_evenly
from faces.detect_yunet import YunetDetector

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

share_evenly()
detector = YunetDetector(threads=1, keeps_memory=False)
detector.find(np.zeros((100, 100, 3), np.uint8))
before = resident_mb()
detector.find(np.zeros((1500, 2000, 3), np.uint8))
print(before, resident_mb())
"""
