from __future__ import annotations

import base64
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from faces.errors import SetupError
from faces.settings import Settings
from serve.access import Keys, Sessions, Throttle, is_from_here, visitor_of
from serve.guards import BoundedRequests, Hosts, KnownHostsOnly, hosts_for
from serve.signing_in import COOKIE, SignedInOnly

KEYS = Keys({"anna": "s3cret, no: comma"[:6], "ben": "pässwörd"}, "t0ken")
HERE, ELSEWHERE = ("127.0.0.1", 5), ("192.0.2.7", 5)
PAGE = {"Accept": "text/html"}


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with who asks."""
    request = Request(scope, receive)
    read = len(await request.body())
    seen = visitor_of(scope)
    await JSONResponse({"user": seen.user, "here": seen.is_here, "read": read})(
        scope, receive, send
    )


def visiting(keys: Keys = KEYS, client: tuple[str, int] = ELSEWHERE) -> TestClient:
    return TestClient(SignedInOnly(who, keys), client=client, follow_redirects=False)


def basic(name: str, password: str) -> dict[str, str]:
    told = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


@pytest.mark.parametrize("name", ["anna", "ben"])
def test_a_user_comes_in_by_basic_auth(name: str) -> None:
    answer = visiting().get("/identify", headers=basic(name, KEYS.passwords[name]))
    assert answer.json()["user"] == name


def test_a_program_comes_in_by_its_token() -> None:
    answer = visiting().get("/", headers={"Authorization": "Bearer t0ken"})
    assert answer.json()["user"] == "token"


@pytest.mark.parametrize(
    "told",
    [
        basic("anna", "wrong"),
        basic("nobody", "s3cret"),
        basic("anna", ""),
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer t0kem"},
        {"Authorization": "Basic ÿÿ".encode("latin-1").decode("latin-1")},
        {"Authorization": "Digest x"},
        {"Cookie": f"{COOKIE}=made-up"},
        {},
    ],
)
def test_nobody_else_comes_in(told: dict[str, str]) -> None:
    headers = {name: value.encode("latin-1") for name, value in told.items()}
    answer = visiting().post("/identify", headers=headers)
    assert answer.status_code == 401
    assert "sign in first" in answer.json()["detail"]


def test_a_page_left_open_until_it_is_signed_out_is_told_what_people_can_do() -> None:
    answer = visiting().post("/identify", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 401
    assert answer.json()["detail"] == "you are signed out; load the page again, and sign in"
    assert "www-authenticate" not in answer.headers, "a browser opens a window of its own for it"


@given(st.text() | st.binary().map(lambda told: f"Basic {base64.b64encode(told).decode()}"))
@example("Basic YW5uYTo=")
@example("Bearer")
def test_no_header_that_is_made_up_speaks_for_anybody(header: str) -> None:
    assert KEYS.user_by_header(header) is None


def test_without_a_token_an_empty_one_opens_nothing() -> None:
    keys = Keys({"anna": "x"})
    assert keys.user_by_header("Bearer ") is None
    assert keys.user_by_header("Bearer") is None


def test_where_no_key_is_set_everybody_comes_in_and_from_where_is_known() -> None:
    nobody = Keys({})
    assert visiting(nobody, HERE).get("/").json() == {"user": None, "here": True, "read": 0}
    assert visiting(nobody).get("/").json()["here"] is False


def test_a_request_that_a_proxy_passed_on_is_not_from_here() -> None:
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        answer = visiting(Keys({}), HERE).get("/", headers={name: "192.0.2.7"})
        assert answer.json()["here"] is False
    assert not is_from_here({"client": None, "headers": []})


def test_people_sign_in_on_a_page_and_out_again() -> None:
    visit = visiting()
    asked = visit.get("/", headers=PAGE)
    assert (asked.status_code, asked.headers["location"]) == (303, "/login")
    assert 'name="password"' in visit.get("/login").text
    form = {"username": "anna", "password": "s3cret"}
    signed_in = visit.post("/login", data=form, headers=PAGE)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    shown = dict(visit.cookies)
    assert visit.get("/").json()["user"] == "anna"
    assert visit.post("/logout").status_code == 303
    assert visit.get("/").status_code == 401
    stolen = {"Cookie": f"{COOKIE}={shown[COOKIE]}"}
    assert visiting().get("/", headers=stolen).status_code == 401


def test_gradio_s_client_signs_in_with_the_same_form() -> None:
    visit = visiting()
    answer = visit.post("/login", data={"username": "anna", "password": "s3cret"})
    assert answer.json() == {"success": True}
    assert visit.get("/config").json()["user"] == "anna"


@pytest.mark.parametrize("form", [{}, {"username": "anna"}, {"username": "anna", "password": "x"}])
def test_a_wrong_password_is_told_on_the_page(form: dict[str, str]) -> None:
    answer = visiting().post("/login", data=form, headers=PAGE)
    assert answer.status_code == 401
    assert "This name and password do not fit." in answer.text


def test_a_form_that_is_endless_is_no_password() -> None:
    answer = visiting().post("/login", content=b"username=anna&password=s3cret&x=" + b"x" * 9000)
    assert answer.status_code == 401


def test_after_many_wrong_passwords_even_the_right_one_waits() -> None:
    visit = visiting()
    for _ in range(10):
        visit.post("/login", data={"username": "anna", "password": "wrong"})
    form = {"username": "anna", "password": "s3cret"}
    assert visit.post("/login", data=form).status_code == 429
    assert visit.get("/", headers=basic("anna", "s3cret")).status_code == 429


def test_only_a_program_on_this_machine_asks_for_health_without_a_key() -> None:
    assert visiting(client=HERE).get("/health").status_code == 200
    assert visiting().get("/health").status_code == 401
    assert visiting(client=HERE).get("/identify").status_code == 401


def test_a_session_ends_by_itself() -> None:
    now = 0.0
    sessions = Sessions(clock=lambda: now)
    shown = sessions.begin("anna")
    assert sessions.user_of(shown) == "anna"
    now = 12 * 3600.0
    assert sessions.user_of(shown) is None


def test_what_is_counted_is_forgotten_after_its_time() -> None:
    now = 100.0
    throttle = Throttle(2, per_s=60, clock=lambda: now)
    for _ in range(2):
        assert not throttle.is_over("a")
        throttle.note("a")
    assert throttle.is_over("a")
    assert not throttle.is_over("b")
    now = 161.0
    assert not throttle.is_over("a")


def test_users_are_read_from_the_settings() -> None:
    keys = Keys.of(Settings(app_users="anna:a:b, ben:c ,", app_token="t"))  # type: ignore[arg-type]
    assert keys.passwords == {"anna": "a:b", "ben": "c"}
    assert keys.are_needed
    assert not Keys.of(Settings()).are_needed
    assert "a:b" not in repr(Settings(app_users="anna:a:b"))  # type: ignore[arg-type]


@pytest.mark.parametrize("told", ["anna", "anna:", ":x", "anna:x,anna:y"])
def test_users_that_cannot_be_read_are_refused_without_telling_them(told: str) -> None:
    with pytest.raises(SetupError, match="FACELOOP_APP_USERS") as refused:
        Keys.of(Settings(app_users=told))  # type: ignore[arg-type]
    assert told not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "is_known"),
    [
        ("localhost:7860", True),
        ("127.0.0.1", True),
        ("[::1]:7860", True),
        ("LOCALHOST.", True),
        ("evil.example:7860", False),
        ("192.0.2.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_on_this_machine_only_its_own_names_are_answered(header: str, is_known: bool) -> None:
    assert hosts_for("127.0.0.1", "").know(header) is is_known


def test_elsewhere_names_are_those_that_were_set_and_numbers_are_good() -> None:
    hosts = hosts_for("0.0.0.0", "faces.example, Photos.example")  # noqa: S104
    assert all(
        map(hosts.know, ("faces.example:443", "photos.example", "192.0.2.1", "[2001:db8::1]"))
    )
    assert not hosts.know("evil.example")
    assert hosts_for("photos.local", "").know("photos.local:7860")


def test_a_name_that_is_not_ours_is_refused() -> None:
    visit = TestClient(KnownHostsOnly(who, Hosts(frozenset(("localhost",)))))
    assert visit.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert visit.get("/", headers={"Host": "localhost:7860"}).status_code == 200


def bounded(client: tuple[str, int], **more: Any) -> TestClient:
    app = BoundedRequests(
        who,
        **{"most_bytes": {"/in": 1 << 20}, "most_at_once": {"/in": 1}, "per_minute": 3, **more},
    )
    return TestClient(app, client=client)


def test_visitors_from_elsewhere_may_not_send_too_often() -> None:
    visit = bounded(ELSEWHERE)
    assert [visit.post("/x").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert visit.post("/x").headers["retry-after"] == "60"
    assert visit.get("/x").status_code == 200
    assert [bounded(HERE).post("/x").status_code for _ in range(5)] == [200] * 5


def test_what_is_counted_apart_takes_nothing_from_the_rest() -> None:
    visit = bounded(ELSEWHERE, per_minute_apart={"/often": 4})
    assert [visit.post("/often").status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    assert [visit.post("/x").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_too_many_at_once_are_asked_to_come_again() -> None:
    answer = bounded(HERE, most_at_once={"/in": 0}).post("/in/")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_a_body_may_be_as_large_as_its_path_allows() -> None:
    visit = bounded(HERE)
    assert visit.post("/in", content=b"x" * (1 << 20)).json()["read"] == 1 << 20
    assert visit.post("/in", content=b"x" * ((2 << 20) + 1)).status_code == 413
    assert visit.post("/in", headers={"Content-Length": "9" * 30}).status_code == 413
