"""Findings on how Label Studio reaches the backend: registered, allowed, answering, told."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from faceloop.doctor_facts import Desk, Facts, StudioSide, Unknown, Webhook
from faceloop.doctor_verdict import SYNC, UP, Finding, trouble, unknown, well
from faces.studio_checks import BackendState
from sync.desk import BACKEND_TITLE, Project


def connection_findings(facts: Facts, studio: StudioSide) -> Iterator[Finding]:
    """The backend on Photos and nowhere else, reached by Label Studio; webhooks on both."""
    photos = studio.desks.get(Project.PHOTOS)
    if photos is None:
        yield unknown("backend, registered", "there is no Photos project to register it on")
        return
    yield _registered(facts, photos)
    yield from _misplaced(studio)
    yield _reached(facts, studio)
    yield _predicting(facts, studio)
    yield from _named(facts)
    for project, desk in studio.desks.items():
        yield _webhook(facts, studio, f"{project.capitalize()} webhook", desk)


def _registered(facts: Facts, photos: Desk) -> Finding:
    check, wanted = "backend, registered", facts.wanted.backend_url
    if isinstance(photos.backends, Unknown):
        return unknown(check, photos.backends.why)
    ours = [one for one in photos.backends if one.title == BACKEND_TITLE]
    if not ours:
        return trouble(
            check, "Photos has no backend, so boxes just drawn get no name", _registering(facts)
        )
    if len(ours) > 1:
        return trouble(check, f"Photos has it {len(ours)} times", _registering(facts))
    if ours[0].url != wanted:
        return trouble(
            check, f"as {ours[0].url}, but it is to be called at {wanted}", _registering(facts)
        )
    if not ours[0].is_interactive:
        return trouble(
            check,
            "not for interactive preannotations, so boxes just drawn get no name",
            "switch them on: Photos > Settings > Model > Edit > Interactive preannotations",
        )
    others = len(photos.backends) - 1
    return well(check, f"on Photos as {wanted}" + (f", beside {others} more" if others else ""))


def _registering(facts: Facts) -> str:
    """`sync` registers it, but it has to run for that."""
    return (
        SYNC if not isinstance(facts.backend, Unknown) else f"{UP}, which starts and registers it"
    )


def _misplaced(studio: StudioSide) -> Iterator[Finding]:
    people = studio.desks.get(Project.PEOPLE)
    if people is None or isinstance(people.backends, Unknown):
        return
    if any(one.title == BACKEND_TITLE for one in people.backends):
        yield trouble(
            "backend, on People",
            "it is registered on People too, where it has nothing to say; each task waits for it",
            "remove it there: People > Settings > Model",
        )


def _reached(facts: Facts, studio: StudioSide) -> Finding:
    """Label Studio itself was asked to call it."""
    check = "backend, asked by Label Studio"
    if studio.unreachable is not None:
        return trouble(check, *_why(facts, studio.unreachable))
    mine = _mine(studio)
    if not mine:
        return unknown(check, "it may call it, and will once it is registered")
    if not mine[0].is_connected:
        return trouble(
            check,
            f"it reaches {mine[0].url}, but: {mine[0].trouble}",
            f"{_registering(facts)}: a backend that does not let Label Studio in is replaced",
        )
    return well(check, f"connected, at version {mine[0].version}")


def _mine(studio: StudioSide) -> list[BackendState]:
    """The backend as it is registered on Photos."""
    photos = studio.desks.get(Project.PHOTOS)
    if photos is None or isinstance(photos.backends, Unknown):
        return []
    return [one for one in photos.backends if one.title == BACKEND_TITLE]


def _why(facts: Facts, told: str) -> tuple[str, str]:
    """What a refusal means, and what mends it."""
    url = facts.wanted.backend_url
    if "reserved network address" in told:
        return f"Label Studio may not call {url}: its network rules block the address", (
            "restart it by `faceloop up`, which allows it"
            if facts.wanted.is_own_studio
            else "whoever runs it sets USE_DEFAULT_BANNED_SUBNETS=false and lists all but the "
            "backend's network in USER_ADDITIONAL_BANNED_SUBNETS; or, opening more, "
            "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false"
        )
    if "resolve hostname" in told:
        name = urlsplit(url).hostname
        return f"Label Studio does not know the name {name}", (
            "set FACELOOP_BACKEND_URL to an address that the machine of Label Studio knows"
        )
    if isinstance(facts.backend, Unknown):
        return f"Label Studio does not reach {url}, and nothing answers here either", UP
    return f"Label Studio does not reach {url}: {told}", (
        "set FACELOOP_BACKEND_HOST to an address that its machine reaches, and "
        "FACELOOP_BACKEND_URL to how it is called there; look at the firewall"
    )


def _predicting(facts: Facts, studio: StudioSide) -> Finding:
    check, told = "a prediction", studio.prediction
    if told is None:
        return unknown(check, "not asked for: Label Studio does not talk with the backend")
    if isinstance(told, Unknown):
        return trouble(
            check,
            f"Label Studio got none for a random task: {told.why}",
            "see logs/backend.log of the workspace, and the failures below",
        )
    took = f"in {told.seconds:.1f} s"
    if told.answers != 1:
        return trouble(
            check,
            f"{told.answers} answers came for one task, {took}",
            "something else answers there; see `backend` below",
        )
    if not told.versions:
        return trouble(
            check,
            f"the backend had none for a random task, {took}",
            "see the failures below, and logs/backend.log of the workspace",
        )
    if told.versions != {facts.wanted.round}:
        versions = ", ".join(sorted(told.versions))
        return trouble(
            check,
            f"it is of {versions}, but {facts.wanted.round} is shown: Label Studio asks anew each "
            "time a task is opened",
            f"stop that backend and {UP}: it works on another workspace's database",
        )
    return well(check, f"of a random task, by Label Studio, {took}")


def _named(facts: Facts) -> Iterator[Finding]:
    """Label Studio's webhooks go to names with a dot, numbers and localhost alone."""
    host = urlsplit(facts.wanted.backend_url).hostname or ""
    if host != "localhost" and "." not in host and not _is_number(host):
        yield trouble(
            "backend's name",
            f"Label Studio takes no webhook to {host}: the name has no dot",
            "give the backend a second name with a dot, as in ml.faces.internal, and set "
            "FACELOOP_BACKEND_URL to it",
        )


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _webhook(facts: Facts, studio: StudioSide, check: str, desk: Desk) -> Finding:
    """One webhook to the backend, with our secret, and none that shows it to anybody else."""
    if isinstance(desk.webhooks, Unknown):
        return unknown(check, desk.webhooks.why)
    ours = f"{facts.wanted.backend_url}/webhook"
    known = {ours, *(f"{one.url}/webhook" for one in _mine(studio))}
    astray = [hook.url for hook in desk.webhooks if hook.carries_secret and hook.url not in known]
    if astray:
        return trouble(
            check,
            f"the backend's secret is sent to {astray[0]}",
            f"{SYNC}, and give the backend another FACELOOP_BACKEND_SECRET if you do not know it",
        )
    mine = [hook for hook in desk.webhooks if hook.url == ours]
    problem = _problem(facts, mine)
    if problem is None:
        return well(check, f"to {ours}" + (", with the secret" if facts.wanted.has_secret else ""))
    if studio.unreachable is not None:
        return unknown(check, f"{problem}; first Label Studio has to reach the backend")
    return trouble(check, problem, _registering(facts))


def _problem(facts: Facts, mine: list[Webhook]) -> str | None:
    if not mine:
        return "none to the backend's address, so answers are read once a minute only"
    if len(mine) > 1:
        return (
            f"{len(mine)} to the backend; one may be of Label Studio's own making, without the "
            "secret, and every save waits for each"
        )
    [hook] = mine
    if not hook.is_active:
        return "switched off, so answers are read once a minute only"
    if not hook.has_our_actions:
        return "not told of everything that changes an answer"
    if facts.wanted.has_secret and not hook.shows_secret:
        return "without the backend's secret, so the backend refuses it"
    return None
