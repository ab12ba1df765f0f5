from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from backend import access
from backend.access import HEADER, USER, is_allowed
from faces.errors import SetupError
from faces.settings import load_settings

SECRET = "s3cret-of-tests"


def told(*headers: tuple[str, str]) -> Request:
    """A request with these headers, doubled ones put together as gunicorn does."""
    together: dict[str, str] = {}
    for name, value in headers:
        together[name] = f"{together[name]},{value}" if name in together else value
    return Request(EnvironBuilder("/setup", headers=together).get_environ())


def basic(user: str, password: str, *, encoding: str = "utf-8") -> tuple[str, str]:
    shown = base64.b64encode(f"{user}:{password}".encode(encoding)).decode()
    return "Authorization", f"Basic {shown}"


RIGHT = (HEADER, SECRET)
RIGHT_BASIC = basic(USER, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        [RIGHT],
        [RIGHT_BASIC],
        [RIGHT, basic(USER, "wrong")],
        [(HEADER, "wrong"), RIGHT_BASIC],
        [(HEADER.lower(), SECRET)],
        [("Authorization", RIGHT_BASIC[1].replace("Basic", "bAsIc"))],
    ],
)
def test_either_way_of_showing_the_secret_is_enough(headers: list[tuple[str, str]]) -> None:
    assert is_allowed(told(*headers), SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(HEADER, "")],
        [(HEADER, SECRET[:-1])],
        [(HEADER, f"{SECRET}x")],
        [(HEADER, SECRET.upper())],
        [RIGHT, RIGHT],
        [RIGHT, (HEADER, "")],
        [("X-Faceloop-Secret-2", SECRET)],
        [RIGHT_BASIC, RIGHT_BASIC],
        [basic(USER, "")],
        [basic("", SECRET)],
        [basic(USER.upper(), SECRET)],
        [basic(f"{USER}:{SECRET}", "")],
        [("Authorization", f"Basic {SECRET}")],
        [("Authorization", f"Bearer {SECRET}")],
        [("Authorization", f"Token {SECRET}")],
        [("Authorization", "Basic " + "A" * 100_001)],
        [("Authorization", "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode())],
        [("Cookie", f"{HEADER}={SECRET}")],
    ],
)
def test_nothing_else_is(headers: list[tuple[str, str]]) -> None:
    assert not is_allowed(told(*headers), SECRET)


def test_the_secret_in_the_address_is_not_shown() -> None:
    environ = EnvironBuilder(f"/setup?{HEADER}={SECRET}", base_url=f"http://{USER}:{SECRET}@h/")
    assert not is_allowed(Request(environ.get_environ()), SECRET)


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.text(max_size=20))
def test_whatever_is_shown_is_a_plain_no(header: str, password: str) -> None:
    environ = EnvironBuilder("/setup").get_environ()
    environ["HTTP_X_FACELOOP_SECRET"] = header
    environ["HTTP_AUTHORIZATION"] = header
    assert is_allowed(Request(environ), SECRET) is (header == SECRET)
    environ["HTTP_X_FACELOOP_SECRET"] = "\udcff\ud800"
    shown = base64.b64encode(f"{USER}:{password}".encode("utf-8", "replace")).decode()
    environ["HTTP_AUTHORIZATION"] = f"Basic {shown}"
    assert is_allowed(Request(environ), SECRET) is (password == SECRET)


def test_what_is_compared_has_one_length_whatever_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths: set[tuple[int, int]] = set()
    plain = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        lengths.add((len(one), len(other)))
        return plain(one, other)

    monkeypatch.setattr(access.hmac, "compare_digest", compare)
    for shown in ("", "x", SECRET, "x" * 10_000):
        is_allowed(told((HEADER, shown), basic(shown, shown)), SECRET)
    assert lengths == {(32, 32)}


def test_both_user_and_password_are_compared_whichever_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = [0]
    plain = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        count[0] += 1
        return plain(one, other)

    monkeypatch.setattr(access.hmac, "compare_digest", compare)
    counts = []
    for user, password in ((USER, "x"), ("x", SECRET), ("x", "x"), (USER, SECRET)):
        count[0] = 0
        is_allowed(told(basic(user, password)), SECRET)
        counts.append(count[0])
    assert counts == [2, 2, 2, 2]


@pytest.mark.parametrize("secret", ["schlüssel", "two\nlines", " ", "ends ", "tab\t", "\x7f"])
def test_a_secret_that_label_studio_could_not_send_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_BACKEND_SECRET") as refused:
        load_settings(backend_secret=secret)
    assert secret.strip() == "" or secret not in str(refused.value)


@pytest.mark.parametrize("secret", ["", "0123abcd", "with:colon and space", "~!@#$%^&*()'\""])
def test_any_other_is_taken(secret: str) -> None:
    assert load_settings(backend_secret=secret).backend_secret.get_secret_value() == secret
