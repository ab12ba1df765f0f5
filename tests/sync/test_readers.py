import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from faces.errors import SetupError
from faces.reading import ReadingOptions
from faces.records import PhotoFile, PhotoId
from sync.folder import find_photo_files
from sync.readers import ORDINARY_MEGAPIXELS, Giants, read_all
from sync.readings import Reading, Task

pytestmark = pytest.mark.slow


class Deadly(str):
    """A root that kills the process which looks at it, as want of memory would."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        if multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__contains__(cast("str", part))


class DeadlyOptions:
    """Options that no process survives."""

    @property
    def detector(self) -> str:
        os._exit(7)


@pytest.fixture
def blanks(tmp_path: Path) -> list[PhotoFile]:
    """Twelve photos without a face."""
    for number in range(12):
        Image.new("RGB", (60, 40), (number, 0, 0)).save(tmp_path / f"{number:02}.png")
    return find_photo_files(tmp_path)


def read(
    files: Sequence[PhotoFile], *, jobs: int = 1, options: Any = None, known: Sequence[PhotoId] = ()
) -> Iterator[Reading]:
    return read_all(files, options=options or ReadingOptions(), known=lambda _: known, jobs=jobs)


def test_no_files_need_no_reader() -> None:
    assert list(read([], jobs=2, options=DeadlyOptions())) == []


def test_one_process_reads_in_order(blanks: list[PhotoFile]) -> None:
    readings = list(read(blanks))
    assert [reading.file for reading in readings] == blanks
    assert all(one.read and not one.read.faces and one.preview for one in readings)


def test_a_known_photo_is_answered_without_being_opened(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    photo = PhotoId(hashlib.sha256(b"no picture").hexdigest())
    other = PhotoId("0" * 64)
    (known,) = read(find_photo_files(tmp_path), known=[other, photo])
    assert (known.photo, known.read, known.refused) == (photo, None, None)
    (unknown,) = read(find_photo_files(tmp_path), known=[other])
    assert unknown.refused


def test_a_killed_process_loses_no_photo(blanks: list[PhotoFile]) -> None:
    done = []
    with closing(read(blanks, jobs=2)) as readings:
        for reading in readings:
            if not done:
                for process in multiprocessing.active_children():
                    process.kill()
            done.append(reading)
    assert sorted(reading.file.path for reading in done) == [file.path for file in blanks]
    assert all(reading.read for reading in done)
    assert not multiprocessing.active_children()


def test_a_photo_that_kills_its_process_twice_is_refused_alone(blanks: list[PhotoFile]) -> None:
    deadly = PhotoFile(Deadly(blanks[0].root), "00.png", 1, 1)
    done = list(read([deadly, *blanks[1:]], jobs=2))
    refused = [reading.refused for reading in done if reading.refused]
    assert len(done) == len(blanks)
    assert refused == [
        f"{blanks[0].root}/00.png twice ended the process that read it, "
        "probably for want of memory; shrink it"
    ]


def test_processes_that_cannot_start_end_the_run_in_one_line(blanks: list[PhotoFile]) -> None:
    with pytest.raises(SetupError, match=r"ended while it started \(exit code 7\)"):
        list(read(blanks, jobs=2, options=DeadlyOptions()))
    assert not multiprocessing.active_children()


def test_a_fault_of_ours_keeps_its_traceback(blanks: list[PhotoFile]) -> None:
    with pytest.raises(AttributeError) as fault:
        list(read(blanks, jobs=2, options=object()))
    assert "in _read_until_told" in fault.value.__notes__[0]


def test_ctrl_c_ends_all_processes_at_once_and_quietly(blanks: list[PhotoFile]) -> None:
    program = f"""
if __name__ == "__main__":
    import multiprocessing, os, signal
    from pathlib import Path
    from faces.reading import ReadingOptions
    from sync.folder import find_photo_files
    from sync.readers import read_all
    files = find_photo_files(Path({blanks[0].root!r}))
    try:
        for reading in read_all(files, options=ReadingOptions(), known=lambda _: (), jobs=2):
            os.killpg(0, signal.SIGINT)
    except KeyboardInterrupt:
        print("stopped")
    print(multiprocessing.active_children())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=30,
    )
    assert (ended.stdout, ended.stderr) == ("stopped\n[]\n", "")


class TestGiants:
    """Photos that are large are read one after another if need be, and each once."""

    @given(
        sizes=st.lists(st.floats(25, 200), max_size=20),
        ordinary=st.integers(0, 10),
        at_once=st.integers(1, 6),
        data=st.data(),
    )
    def test_giants_never_take_more_than_there_is_unless_alone(
        self: Self, sizes: list[float], ordinary: int, at_once: int, data: st.DataObject
    ) -> None:
        most = 100.0
        giants = Giants(most_megapixels=most)
        for number, size in enumerate(sizes):
            giants.wait(_task(f"giant {number}"), megapixels=size)
        tasks = iter([_task(f"ordinary {number}") for number in range(ordinary)])
        under_way: list[Task] = []
        seen: Counter[str] = Counter()
        while True:
            for task in giants.mixed_into(tasks):
                under_way.append(task)
                seen[task.file.path] += 1
                if len(under_way) == at_once:
                    break
            if not under_way:
                break
            large = [
                task.most_megapixels
                for task in under_way
                if task.most_megapixels > ORDINARY_MEGAPIXELS
            ]
            assert len(large) <= 1 or sum(large) <= most
            done = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
            giants.note_done(done)
        assert len(seen) == len(sizes) + ordinary
        assert set(seen.values()) <= {1}

    def test_a_giant_is_read_once_it_is_its_turn(self, tmp_path: Path) -> None:
        for number in range(3):
            Image.new("1", (6000, 5000)).save(tmp_path / f"{number}.png")
        Image.new("1", (60, 50)).save(tmp_path / "small.png")
        done = list(read(find_photo_files(tmp_path), jobs=2))
        assert sorted(one.file.path for one in done if one.read) == [
            "0.png",
            "1.png",
            "2.png",
            "small.png",
        ]


def _task(path: str) -> Task:
    return Task(PhotoFile("/", path, 1, 1), (), ORDINARY_MEGAPIXELS)
