import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from faces.errors import SetupError
from faces.reading import ReadingOptions
from faces.records import PhotoFile
from sync import dask_readers
from sync.readers import read_all
from sync.readings import Reading

distributed = pytest.importorskip("distributed")

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two workers on this machine."""
    with dask_readers.local_cluster(2) as started:
        yield started.scheduler_address


@pytest.fixture
def blanks(tmp_path: Path) -> list[PhotoFile]:
    """Thirty files, of which two are no photos."""
    files = []
    for number in range(30):
        path = tmp_path / f"{number:02}.png"
        if number in (3, 17):
            path.write_bytes(b"no picture")
        else:
            Image.new("RGB", (60, 40), (number, 0, 0)).save(path)
        files.append(PhotoFile(str(tmp_path), path.name, path.stat().st_size, 1))
    return files


def _read(files: list[PhotoFile], scheduler: str) -> Iterator[Reading]:
    return read_all(
        files, options=ReadingOptions(), known=lambda _: (), jobs=2, scheduler=scheduler
    )


def test_a_worker_that_dies_loses_nothing_and_no_photo_counts_twice(
    cluster: str, blanks: list[PhotoFile]
) -> None:
    done: list[Reading] = []
    for reading in _read(blanks, cluster):
        if len(done) == 4:
            _kill_one_worker(cluster)
        done.append(reading)
    counted = Counter(reading.file.path for reading in done)
    assert counted == {file.path: 1 for file in blanks}
    assert sorted(one.file.path for one in done if one.refused) == ["03.png", "17.png"]
    assert len({one.photo for one in done if one.photo}) == 28
    assert all(one.preview for one in done if one.photo)


def test_a_worker_with_other_code_is_told_from_ours(
    cluster: str, blanks: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_readers, "code_digest", _other_digest)
    with pytest.raises(SetupError, match="runs another version of faceloop"):
        list(_read(blanks, cluster))


def test_nobody_at_the_address_is_said_in_one_line(
    blanks: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_readers, "_CONNECT_S", 0.2)
    with pytest.raises(SetupError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(_read(blanks, "tcp://127.0.0.1:9"))


def test_a_cluster_without_our_code_is_said_in_one_line(
    cluster: str, blanks: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed.Client, "run_on_scheduler", _import_nothing)
    with pytest.raises(SetupError, match=r"the scheduler or a worker at .* has no faceloop"):
        list(_read(blanks, cluster))


@pytest.mark.parametrize(
    "address", ["nowhere://here", "http://127.0.0.1:9", "127.0.0.1", "tls://127.0.0.1:9"]
)
def test_an_address_that_no_client_can_use_is_said_in_one_line(
    blanks: list[PhotoFile], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(distributed, "Client", None)  # one would hold up the end of the program
    with pytest.raises(SetupError, match=f"no Dask scheduler answers at {address}"):
        list(_read(blanks, address))


def _kill_one_worker(scheduler: str) -> None:
    with distributed.Client(scheduler, set_as_default=False) as client:
        pids = client.run(os.getpid)
    os.kill(min(pids.values()), signal.SIGKILL)


def _import_nothing(*_: object) -> None:
    raise ModuleNotFoundError("No module named 'sync'")


def _other_digest() -> str:
    return f"other, in {os.getpid()}"
