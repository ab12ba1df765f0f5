from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter

from backend.media import Media
from faces.errors import SetupError, StudioError, StudioUnreachable

STUDIO = "http://studio.test:8080"
LEGACY = "0123456789abcdef0123456789abcdef01234567"
PERSONAL = "eyJhbGciOi.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl"
PICTURE = "/data/local-files/?d=previews/a%20b.jpg"


@pytest.fixture
def studio() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def exchange(studio: responses.RequestsMock, *, access: str) -> None:
    studio.post(f"{STUDIO}/api/token/refresh/", json={"access": access})


def test_a_local_file_is_fetched_with_the_legacy_token(studio: responses.RequestsMock) -> None:
    studio.get(STUDIO + PICTURE, body=b"picture")
    assert Media(STUDIO, LEGACY).fetch(PICTURE) == b"picture"
    assert studio.calls[0].request.headers["Authorization"] == f"Token {LEGACY}"


@pytest.mark.parametrize("key", [LEGACY, PERSONAL])
def test_neither_token_nor_picture_goes_to_a_proxy(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.test:3128")
    sent_to: list[dict[str, str | None]] = []

    def send(
        self: HTTPAdapter, request: object, *, proxies: dict[str, str | None], **_: object
    ) -> NoReturn:
        sent_to.append(dict(proxies))
        raise requests.ConnectionError

    monkeypatch.setattr(HTTPAdapter, "send", send)
    with pytest.raises(StudioUnreachable):
        Media(STUDIO, key).fetch(PICTURE)
    assert sent_to == [{}]


@pytest.mark.parametrize(
    ("studio_url", "url", "fetched"),
    [
        (STUDIO, "/data/upload/3/ab-photo.jpg", f"{STUDIO}/data/upload/3/ab-photo.jpg"),
        (STUDIO, f"{STUDIO}{PICTURE}", f"{STUDIO}{PICTURE}"),
        (f"{STUDIO}/", PICTURE, f"{STUDIO}{PICTURE}"),
        ("https://host.test/ls", PICTURE, f"https://host.test/ls{PICTURE}"),
        ("https://host.test/ls", f"/ls{PICTURE}", f"https://host.test/ls{PICTURE}"),
        ("https://host.test", f"https://host.test:443{PICTURE}", f"https://host.test{PICTURE}"),
        (
            STUDIO,
            "/data/local-files/?d=previews/Zoë 日\u2028🙂.jpg",
            f"{STUDIO}/data/local-files/?d=previews/Zo%C3%AB%20%E6%97%A5%E2%80%A8%F0%9F%99%82.jpg",
        ),
        (STUDIO, "/data/upload/3/Zoë.jpg", f"{STUDIO}/data/upload/3/Zo%C3%AB.jpg"),
    ],
)
def test_pictures_of_the_configured_label_studio_are_fetched(
    studio: responses.RequestsMock, studio_url: str, url: str, fetched: str
) -> None:
    studio.get(fetched, body=b"picture")
    assert Media(studio_url, LEGACY).fetch(url) == b"picture"


@pytest.mark.parametrize(
    "url",
    [
        None,
        17,
        "",
        "http://elsewhere.test:8080/data/local-files/?d=a.jpg",
        "https://studio.test:8080/data/local-files/?d=a.jpg",
        "http://studio.test:8081/data/local-files/?d=a.jpg",
        "http://studio.test:8080@elsewhere.test/data/upload/1/a.jpg",
        "//elsewhere.test/data/upload/1/a.jpg",
        "/api/users/",
        "/data/upload/../../api/users/",
        "/data/upload/%2e%2e/%2e%2e/api/users/",
        "/data/upload/..\\..\\api/users/",
        "/data/local-files/../../api/users/?d=a.jpg",
        "/data/local-filesystem/?d=a",
        "file:///etc/passwd",
        "s3://bucket/a.jpg",
        "http://[/data/upload/1/a.jpg",
        "http://studio.test:99999/data/upload/1/a.jpg",
        "/data/upload/1/\ud800.jpg",
        "/data/upload/1/a\x7f.jpg",
        "http://studio\u3002test:8080/data/upload/1/a.jpg",
        "http://ｓtudio.test:8080/data/upload/1/a.jpg",
        "/däta/upload/1/a.jpg",
        "/data/upload/1/a.jpg\r\nX: y",
        "/data/upload/" + "a" * 5000,
    ],
)
def test_nothing_else_is_fetched(studio: responses.RequestsMock, url: object) -> None:
    with pytest.raises(StudioError):
        Media(STUDIO, LEGACY).fetch(url)
    assert not studio.calls


def test_a_personal_access_token_is_exchanged_once_for_many_pictures(
    studio: responses.RequestsMock,
) -> None:
    exchange(studio, access="a.b.c")
    studio.get(STUDIO + PICTURE, body=b"picture")
    media = Media(STUDIO, PERSONAL)
    assert [media.fetch(PICTURE), media.fetch(PICTURE)] == [b"picture", b"picture"]
    sent = [call.request.headers.get("Authorization") for call in studio.calls]
    assert sent == [None, "Bearer a.b.c", "Bearer a.b.c"]


def test_an_access_token_is_renewed_before_it_expires(
    studio: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("backend.media.time.monotonic", lambda: clock[0])
    exchange(studio, access="first")
    exchange(studio, access="second")
    studio.get(STUDIO + PICTURE, body=b"picture")
    media = Media(STUDIO, PERSONAL)
    media.fetch(PICTURE)
    clock[0] += 299
    media.fetch(PICTURE)
    assert studio.calls[-1].request.headers["Authorization"] == "Bearer second"


def test_an_expired_access_token_is_renewed_once(studio: responses.RequestsMock) -> None:
    exchange(studio, access="first")
    exchange(studio, access="second")
    studio.get(STUDIO + PICTURE, status=401)
    studio.get(STUDIO + PICTURE, body=b"picture")
    assert Media(STUDIO, PERSONAL).fetch(PICTURE) == b"picture"
    assert studio.calls[-1].request.headers["Authorization"] == "Bearer second"


@pytest.mark.parametrize("key", [LEGACY, PERSONAL])
def test_a_token_that_is_not_accepted_is_said_without_showing_it(
    studio: responses.RequestsMock, key: str
) -> None:
    if key == PERSONAL:
        exchange(studio, access="a.b.c")
    studio.get(STUDIO + PICTURE, status=401, body=f"{key} is no token")
    with pytest.raises(StudioError, match="FACELOOP_STUDIO_API_KEY") as refused:
        Media(STUDIO, key).fetch(PICTURE)
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 401, "json": {"detail": PERSONAL}},
        {"status": 500},
        {"json": {"access": None}},
        {"json": {"access": "a\nb"}},
        {"json": ["access"]},
        {"body": "<html>"},
        {"body": requests.ConnectionError(f"cannot send {PERSONAL}")},
    ],
)
def test_a_failed_exchange_is_said_without_showing_the_token(
    studio: responses.RequestsMock, answer: dict[str, object]
) -> None:
    studio.post(f"{STUDIO}/api/token/refresh/", **answer)
    with pytest.raises(StudioError) as refused:
        Media(STUDIO, PERSONAL).fetch(PICTURE)
    assert PERSONAL not in str(refused.value)
    assert refused.value.__cause__ is None


def test_no_redirect_is_followed(studio: responses.RequestsMock) -> None:
    studio.get(STUDIO + PICTURE, status=302, headers={"Location": "http://elsewhere.test/a.jpg"})
    with pytest.raises(StudioError, match="not followed"):
        Media(STUDIO, LEGACY).fetch(PICTURE)


def test_a_picture_that_is_not_there_is_told(studio: responses.RequestsMock) -> None:
    studio.get(STUDIO + PICTURE, status=404)
    with pytest.raises(StudioError, match="404"):
        Media(STUDIO, LEGACY).fetch(PICTURE)


def test_a_picture_that_is_too_large_is_not_read_to_its_end(
    studio: responses.RequestsMock,
) -> None:
    studio.get(STUDIO + PICTURE, body=b"x" * 2_000_000)
    with pytest.raises(StudioError, match="larger than 1 MB"):
        Media(STUDIO, LEGACY, largest_bytes=1 << 20).fetch(PICTURE)


def test_a_picture_that_drips_in_is_given_up(studio: responses.RequestsMock) -> None:
    studio.get(STUDIO + PICTURE, body=b"x" * 200_000)
    with pytest.raises(StudioUnreachable, match="not waited for"):
        Media(STUDIO, LEGACY, total_s=-1.0).fetch(PICTURE)


def test_a_server_that_does_not_answer_is_told_without_address_and_token(
    studio: responses.RequestsMock,
) -> None:
    studio.get(STUDIO + PICTURE, body=requests.ConnectTimeout(f"{PICTURE} {LEGACY}"))
    with pytest.raises(StudioUnreachable, match="ConnectTimeout") as silent:
        Media(STUDIO, LEGACY).fetch(PICTURE)
    assert LEGACY not in str(silent.value)
    assert PICTURE not in str(silent.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_token_with_impossible_characters_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_STUDIO_API_KEY") as refused:
        Media(STUDIO, key)
    assert key not in str(refused.value)


@pytest.mark.parametrize("url", ["", "studio", "ftp://studio", "http://", "http://a:b", "http://["])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_STUDIO_URL"):
        Media(url, LEGACY)


@pytest.mark.parametrize("url", ["http://ann:hidden@studio", "http://:hidden@studio"])
def test_a_password_in_the_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_STUDIO_URL") as refused:
        Media(url, LEGACY)
    assert "hidden" not in str(refused.value)
