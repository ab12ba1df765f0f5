"""What doctor makes of what it finds: each trouble with its remedy, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faceloop.doctor_facts import (
    BackendSide,
    Desk,
    Facts,
    Machine,
    Picture,
    Prediction,
    SomethingElse,
    StudioSide,
    TokenKind,
    Unknown,
    Wanted,
    Webhook,
)
from faceloop.doctor_findings import findings
from faceloop.doctor_of_studio import kind_of
from faceloop.doctor_verdict import Finding, Verdict
from faces.jobs import Waiting
from faces.studio_checks import TESTED_SDK, TESTED_STUDIO, BackendState, ProjectState
from faces.studio_configs import PEOPLE_CONFIG, PHOTOS_CONFIG
from faces.studio_format import PEOPLE_VERSION
from scripts.parts import STUDIO
from sync.desk import Project

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
URL, ROUND = "http://127.0.0.1:9090", "faceloop-0003"
MADE = "2026-11-22T21:00:00Z"
HOOK = Webhook(
    f"{URL}/webhook", is_active=True, has_our_actions=True, shows_secret=True, carries_secret=True
)
BACKEND = BackendState(4, "faceloop", URL, True, "", ROUND, is_interactive=True)
PICTURE = Picture("task 9", 200_000, 2048, 1536, 1, 4032, 3024)


def desk(project: Project) -> Desk:
    people = project is Project.PEOPLE
    config, version = (PEOPLE_CONFIG, PEOPLE_VERSION) if people else (PHOTOS_CONFIG, ROUND)
    state = ProjectState("faceloop", MADE, config, version, True, 0, 20)
    return Desk(
        id=1 if people else 2,
        made_at=MADE,
        config=config,
        pushed=20,
        state=state,
        backends=[] if people else [BACKEND],
        webhooks=[HOOK],
        counts={version: 20},
        storages=1,
    )


WELL = Facts(
    wanted=Wanted(
        "/ws", "http://127.0.0.1:8080", URL, True, True, ROUND, "2.1.2", "2.1.2", "1.23.2", "0.1.0"
    ),
    machine=Machine("20 photos", 50_000_000_000, "model-0003-00000000", Waiting(0, None), NOW),
    studio=StudioSide(
        version="1.23.2",
        speaker="you@example.com",
        token=TokenKind.LEGACY,
        expires=None,
        asked_at=NOW,
        time_there=NOW,
        desks={project: desk(project) for project in Project},
        picture=PICTURE,
        is_strict=False,
        prediction=Prediction(1, frozenset({ROUND}), 0.1),
    ),
    backend=BackendSide(URL, ROUND, lets_in=True, hints=3, started_at=NOW),
    answered_last=NOW,
)

Change = Callable[[Facts], Facts]


def wanted(**changes: Any) -> Change:
    return lambda facts: replace(facts, wanted=replace(facts.wanted, **changes))


def machine(**changes: Any) -> Change:
    return lambda facts: replace(facts, machine=replace(facts.machine, **changes))


def studio(**changes: Any) -> Change:
    return lambda facts: replace(facts, studio=replace(facts.studio, **changes))


def backend(**changes: Any) -> Change:
    return lambda facts: replace(facts, backend=replace(facts.backend, **changes))


def project(which: Project, **changes: Any) -> Change:
    def change(facts: Facts) -> Facts:
        desks = {**facts.studio.desks, which: replace(facts.studio.desks[which], **changes)}
        return studio(desks=desks)(facts)

    return change


def photos(**changes: Any) -> Change:
    return project(Project.PHOTOS, **changes)


def state(which: Project, **changes: Any) -> Change:
    return project(which, state=replace(desk(which).state, **changes))


def all_of(*changes: Change) -> Change:
    def change(facts: Facts) -> Facts:
        for one in changes:
            facts = one(facts)
        return facts

    return change


def no_backend(facts: Facts) -> Facts:
    return replace(facts, backend=Unknown(f"nothing answers at {URL}"))


def troubles(facts: Facts) -> dict[str, Finding]:
    return {one.check: one for one in findings(facts) if one.verdict is Verdict.TROUBLE}


def test_where_all_is_well_nothing_else_is_said() -> None:
    found = findings(WELL)
    assert {one.verdict for one in found} == {Verdict.OK}
    assert len({one.check for one in found}) == len(found)


BLOCKED = "URL resolves to a reserved network address (block: 127.0.0.0/8)"
UNKNOWN_NAME = "Can't resolve hostname backend"
REFUSED = "Can't connect to ML backend, health check failed. Connection refused"
HALF = replace(BACKEND, is_connected=False, trouble="401 Client Error")


@pytest.mark.parametrize(
    ("change", "check", "told", "remedy"),
    [
        (machine(database=Unknown("there is no database")), "database", "no database", "up`"),
        (
            machine(database=Unknown("FACELOOP_DATABASE_URL cannot be understood; give another")),
            *("database", "cannot be understood", "FACELOOP_DATABASE_URL is set"),
        ),
        (machine(free_bytes=400_000_000), "disk", "400 MB free", "make room"),
        (machine(model=Unknown("weights were changed")), "model version", "changed", "--roll-back"),
        (machine(queue=Unknown("the queue is damaged")), "queue", "damaged", "up`"),
        (
            machine(queue=Waiting(2, NOW - timedelta(minutes=5))),
            *("queue", "2, for 5 minutes", "no worker takes them"),
        ),
        (wanted(sdk="2.2.0"), "packages", "2.2.0", "make setup"),
        (lambda f: replace(f, studio=Unknown("nothing answers")), "Label Studio", "nothing", "up`"),
        (
            all_of(wanted(is_own_studio=False), lambda f: replace(f, studio=Unknown("nothing"))),
            *("Label Studio", "nothing", "start Label Studio at"),
        ),
        (
            lambda f: replace(f, studio=SomethingElse("at http://x answers a web page")),
            *("Label Studio", "answers a web page", "--studio-port"),
        ),
        (
            all_of(
                wanted(is_own_studio=False),
                lambda f: replace(f, studio=SomethingElse("at http://x answers a proxy (502)")),
            ),
            *("Label Studio", "answers a proxy", "start page with --studio"),
        ),
        (studio(speaker=Unknown("refused (401)")), "token", "not let in", "--api-key"),
        (
            studio(speaker=Unknown("legacy token authentication has been disabled for this")),
            *("token", "no legacy token", "allow legacy tokens"),
        ),
        (
            studio(token=TokenKind.PERSONAL, expires=NOW - timedelta(days=1)),
            *("token", "expired on 2026-11-27", "--api-key"),
        ),
        (
            studio(token=TokenKind.PERSONAL, expires=NOW + timedelta(days=1)),
            *("token", "expires on 2026-11-29", "--api-key"),
        ),
        (studio(time_there=NOW + timedelta(minutes=6)), "clock", "360 s ahead of", "NTP"),
        (studio(time_there=NOW - timedelta(minutes=6)), "clock", "360 s behind", "NTP"),
        (studio(desks={}), "Photos project", "none was made", "sync`"),
        (photos(state=None), "Photos project", "project 2 is gone", "made anew"),
        (state(Project.PHOTOS, made_at="2026-11-23"), "Photos project", "another one", "made anew"),
        (photos(state=Unknown("refused (403)")), "Photos project", "403", "sync`"),
        (state(Project.PEOPLE, tasks=19), "People project", "19 of 20 tasks", "sync`"),
        (state(Project.PHOTOS, config="<View/>"), "Photos config", "changed", "brings ours back"),
        (
            state(Project.PHOTOS, version="faceloop"),
            *("Photos predictions", "live predictions of the backend", f"chooses {ROUND}"),
        ),
        (
            state(Project.PHOTOS, version="faceloop-0002"),
            *("Photos predictions", "faceloop-0002 is chosen", f"chooses {ROUND}"),
        ),
        (state(Project.PEOPLE, version=""), "People predictions", "no model version", "sync`"),
        (
            state(Project.PHOTOS, shows_predictions=False),
            *("Photos predictions", "prelabel", "sync`"),
        ),
        (photos(counts={"faceloop-0002": 20}), "Photos predictions", "none of", "sync`"),
        (state(Project.PHOTOS, trains_after=5), "Photos saves", "every 5th save", "sync`"),
        (photos(storages=0), "Photos pictures", "no storage", "LOCAL_FILES_DOCUMENT_ROOT"),
        (studio(picture=Unknown("does not show /data/x (404)")), "a picture", "404", "--again"),
        (studio(picture=replace(PICTURE, orientation=6)), "a picture", "orientation 6", "--again"),
        (
            studio(picture=replace(PICTURE, width_px=1536, height_px=2048)),
            *("a picture", "not of the photo's shape, 4032 x 3024", "--again"),
        ),
        (photos(backends=[]), "backend, registered", "no backend", "sync`"),
        (all_of(photos(backends=[]), no_backend), "backend, registered", "no backend", "up`"),
        (photos(backends=[BACKEND, BACKEND]), "backend, registered", "2 times", "sync`"),
        (wanted(backend_url="http://10.0.0.5:9090"), "backend, registered", URL, "sync`"),
        (
            photos(backends=[replace(BACKEND, is_interactive=False)]),
            *("backend, registered", "not for interactive", "Settings > Model"),
        ),
        (
            project(Project.PEOPLE, backends=[BACKEND]),
            *("backend, on People", "nothing to say", "remove it"),
        ),
        (
            studio(unreachable=BLOCKED, prediction=None),
            *("backend, asked by Label Studio", "network rules block", "faceloop up`"),
        ),
        (
            all_of(wanted(is_own_studio=False), studio(unreachable=BLOCKED)),
            *("backend, asked by Label Studio", "rules block", "USER_ADDITIONAL_BANNED_SUBNETS"),
        ),
        (
            studio(unreachable=UNKNOWN_NAME),
            *("backend, asked by Label Studio", "does not know the name", "FACELOOP_BACKEND_URL"),
        ),
        (
            studio(unreachable=REFUSED),
            *("backend, asked by Label Studio", "does not reach", "FACELOOP_BACKEND_HOST"),
        ),
        (
            all_of(studio(unreachable=REFUSED), no_backend),
            *("backend, asked by Label Studio", "nothing answers here either", "up`"),
        ),
        (photos(backends=[HALF]), "backend, asked by Label Studio", "401", "is replaced"),
        (studio(prediction=Unknown("refused (500)")), "a prediction", "500", "logs/backend.log"),
        (
            studio(prediction=Prediction(0, frozenset(), 0.1)),
            *("a prediction", "0 answers came", "something else"),
        ),
        (
            studio(prediction=Prediction(1, frozenset(), 0.1)),
            *("a prediction", "had none", "logs/backend.log"),
        ),
        (
            studio(prediction=Prediction(1, frozenset({"faceloop-0001"}), 0.1)),
            *("a prediction", "of faceloop-0001, but faceloop-0003", "another workspace"),
        ),
        (wanted(backend_url="http://backend:9090"), "backend's name", "no dot", "second name"),
        (photos(webhooks=[]), "Photos webhook", "none to", "sync`"),
        (
            photos(webhooks=[HOOK, replace(HOOK, shows_secret=False, carries_secret=False)]),
            *("Photos webhook", "2 to the backend", "sync`"),
        ),
        (photos(webhooks=[replace(HOOK, is_active=False)]), "Photos webhook", "off", "sync`"),
        (
            photos(webhooks=[replace(HOOK, has_our_actions=False)]),
            *("Photos webhook", "not told of everything", "sync`"),
        ),
        (
            photos(webhooks=[replace(HOOK, shows_secret=False)]),
            *("Photos webhook", "without the backend's secret", "sync`"),
        ),
        (
            photos(webhooks=[HOOK, replace(HOOK, url="http://elsewhere.test/webhook")]),
            *("Photos webhook", "secret is sent to http://elsewhere.test", "another FACELOOP"),
        ),
        (no_backend, "backend", "nothing answers", "leave it running"),
        (backend(lets_in=False), "backend", "does not take this workspace's secret", "stop it"),
        (backend(version="faceloop-0001"), "backend", "faceloop-0001", "another workspace"),
        (
            backend(failures={"media": 2, "bug": 1}, failures_ever={"media": 5, "bug": 1}),
            *("backend's failures", "bug: 1, media: 2; 6 since", "report it"),
        ),
        (backend(failures={"media": 2}), "backend's failures", "media: 2", "`token`"),
        (
            all_of(
                backend(hints=0), lambda f: replace(f, answered_last=NOW + timedelta(minutes=1))
            ),
            *("backend's ear", "told it nothing", "WEBHOOK_TIMEOUT"),
        ),
    ],
)  # fmt: skip
def test_each_trouble_is_told_with_its_remedy(
    change: Change, check: str, told: str, remedy: str
) -> None:
    found = troubles(change(WELL))
    assert check in found, found
    assert told in found[check].told
    assert remedy in found[check].remedy


def test_what_stands_behind_another_trouble_is_no_trouble_of_its_own() -> None:
    without_token = troubles(studio(speaker=Unknown("401"), desks={})(WELL))
    assert list(without_token) == ["token"]
    blocked = all_of(studio(unreachable=BLOCKED), photos(webhooks=[], backends=[HALF]))
    assert list(troubles(blocked(WELL))) == ["backend, asked by Label Studio"]
    no_database = all_of(machine(database=Unknown("gone")), studio(desks={}))
    assert list(troubles(no_database(WELL))) == ["database"]


def test_a_damaged_queue_that_was_replaced_is_named_and_no_trouble() -> None:
    replaced = machine(set_aside="/ws/jobs.sqlite3.damaged")(WELL)
    told = {one.check: one for one in findings(replaced)}["queue"]
    assert "/ws/jobs.sqlite3.damaged" in told.told
    assert not troubles(replaced)


def test_a_label_studio_of_another_version_is_pointed_out_and_no_trouble() -> None:
    facts = studio(version="1.24.0")(WELL)
    assert troubles(facts) == {}
    assert any("tried with 1.23.2" in one.told for one in findings(facts))


@pytest.mark.parametrize("ratio", [(4000, 3000), (4032, 3000), (3024, 2268)])
def test_a_preview_may_lose_a_few_pixels(ratio: tuple[int, int]) -> None:
    seen = replace(PICTURE, stored_width_px=ratio[0], stored_height_px=ratio[1])
    assert troubles(studio(picture=seen)(WELL)) == {}


def test_uploaded_pictures_need_neither_storage_nor_a_fixed_config() -> None:
    assert troubles(project(Project.PEOPLE, storages=None, config=None)(WELL)) == {}


PERSONAL = "eyJh.eyJleHAiOjE3NjQzMzEyMDB9.c2ln"  # {"exp": 1764331200}


def test_a_personal_token_tells_when_it_expires() -> None:
    assert kind_of("0" * 40) == (TokenKind.LEGACY, None)
    assert kind_of(PERSONAL) == (TokenKind.PERSONAL, datetime(2025, 11, 28, 12, tzinfo=UTC))


@pytest.mark.parametrize("key", ["a.b.c", "a.bnVsbA.c", "a.e30.c", "a.eyJleHAiOjFlNDAwfQ.c", "..",
                                 "a.eyJleHAiOiJ4In0.c", "a.\xff.c"])  # fmt: skip
def test_a_personal_token_that_makes_no_sense_tells_nothing(key: str) -> None:
    assert kind_of(key) == (TokenKind.PERSONAL, None)


def test_what_was_tried_is_what_is_installed() -> None:
    assert f"label-studio=={TESTED_STUDIO}" == STUDIO
    pinned = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"label-studio-sdk=={TESTED_SDK}"' in pinned
