from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pytest
import responses

from backend import buckets
from backend.buckets import Buckets
from backend.media import Media
from faces.errors import SetupError, StudioError
from tests.backend.conftest import STUDIO


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    """A bucket that needs no network: fsspec's own, in memory."""
    monkeypatch.setattr(buckets, "SCHEMES", frozenset({"memory"}))
    system = fsspec.filesystem("memory")
    system.pipe({"/photos/2019/a b.jpg": b"picture", "/photos-of-others/a.jpg": b"not ours"})
    yield system
    system.rm("/photos", recursive=True)
    system.rm("/photos-of-others", recursive=True)


@pytest.mark.parametrize(
    "prefixes", ["memory://photos/", "memory://photos", "memory://x, memory://photos/2019"]
)
def test_a_picture_in_a_named_bucket_is_read_without_asking_label_studio(
    memory: fsspec.AbstractFileSystem, prefixes: str
) -> None:
    with responses.RequestsMock() as studio:
        media = Media(STUDIO, "token", buckets=Buckets(prefixes))
        assert media.fetch("memory://photos/2019/a b.jpg") == b"picture"
        assert not studio.calls


@pytest.mark.parametrize(
    "url",
    [
        "memory://photos-of-others/a.jpg",
        "memory://photos/../photos-of-others/a.jpg",
        "memory://photos/2019/../../photos-of-others/a.jpg",
        "memory://photos/..\\photos-of-others/a.jpg",
        "memory://photos/./2019/a b.jpg",
        "memory://photos//2019/a b.jpg",
        "memory://photos/",
        "memory://photos",
        "MEMORY://photos/2019/a b.jpg",
        "memory://photos/a::file:///etc/passwd",
        "simplecache::memory://photos/2019/a b.jpg",
        "memory://photos/a\n.jpg",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
        "http://[::1]/data/upload/1/a.jpg",
        "s3://photos/a.jpg",
    ],
)
def test_no_address_leads_out_of_the_named_buckets(
    memory: fsspec.AbstractFileSystem, url: str
) -> None:
    with responses.RequestsMock() as studio:
        media = Media(STUDIO, "token", buckets=Buckets("memory://photos/"))
        with pytest.raises(StudioError):
            media.fetch(url)
        assert not studio.calls


@pytest.mark.parametrize("url", [None, 7, "", ["memory://photos/a"]])
def test_what_is_no_address_is_in_no_bucket(url: object) -> None:
    assert not Buckets("s3://photos/").holds(url)


def test_a_file_that_is_not_there_is_told_without_its_name(
    memory: fsspec.AbstractFileSystem,
) -> None:
    with pytest.raises(StudioError, match="FileNotFoundError") as told:
        Buckets("memory://photos/").fetch("memory://photos/anna.jpg", most_bytes=10)
    assert "anna" not in str(told.value)
    assert told.value.__cause__ is None


def test_a_large_file_is_not_read_to_its_end(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/photos/large.jpg", b"x" * (3 << 20))
    with pytest.raises(StudioError, match="larger than 1 MB"):
        Buckets("memory://photos/").fetch("memory://photos/large.jpg", most_bytes=1 << 20)


@pytest.mark.parametrize(
    "prefix",
    [
        "http://photos.test/album/",
        "https://169.254.169.254/",
        "file:///home/ann/",
        "/home/ann/",
        "local:///home",
        "simplecache::s3://photos/",
        "s3://",
        "s3:///a",
        "s3://photos/../",
        "s3:photos",
    ],
)
def test_only_buckets_can_be_named(prefix: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_MEDIA_BUCKETS"):
        Buckets(f"s3://photos/,{prefix}")


def test_a_storage_that_nothing_here_reads_is_no_fault_of_the_model_version(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_installed(_root: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.url_to_fs", not_installed)
    with pytest.raises(StudioError, match=r"FACELOOP_MEDIA_BUCKETS: .* Install s3fs"):
        Buckets("memory://photos/").fetch("memory://photos/2019/a b.jpg", most_bytes=1 << 20)
