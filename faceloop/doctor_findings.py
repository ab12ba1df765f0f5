"""From facts to findings: what is well, what is not, and what mends it. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from faceloop.doctor_backend import backend_findings
from faceloop.doctor_facts import Facts, Machine, SomethingElse, StudioSide, TokenKind, Unknown
from faceloop.doctor_projects import project_findings
from faceloop.doctor_verdict import UP, Finding, trouble, unknown, well
from faceloop.queue_telling import is_late, told_waiting
from faceloop.wording import spoken_bytes

LEAST_FREE_BYTES = 1_000_000_000
_CLOCKS_APART_S = 60
"""So far the clocks may differ: an access token lasts five minutes."""
_SOON = timedelta(days=7)
_GIVE_TOKEN = (
    "make a token in Label Studio (Account & Settings) and give it once: "  # noqa: S105  # a message
    "`faceloop up --api-key TOKEN`, or FACELOOP_STUDIO_API_KEY"
)


def findings(facts: Facts) -> list[Finding]:
    """Every check, in the order in which one would look: here, there, and between the two."""
    return list(_all(facts))


def _all(facts: Facts) -> Iterator[Finding]:
    yield _database(facts)
    yield _disk(facts)
    yield _model(facts)
    yield _queue(facts.machine)
    yield _sdk(facts)
    if isinstance(facts.studio, Unknown):
        yield trouble("Label Studio", facts.studio.why, _start_studio(facts))
    else:
        yield _studio(facts, facts.studio)
        yield from _token(facts.studio)
        yield _clock(facts.studio)
        yield from project_findings(facts, facts.studio)
    yield from backend_findings(facts)


def _database(facts: Facts) -> Finding:
    told = facts.machine.database
    if not isinstance(told, Unknown):
        return well("database", told)
    if told.why.startswith("FACELOOP_DATABASE_URL"):
        return trouble("database", told.why, "mend that where FACELOOP_DATABASE_URL is set")
    return trouble(
        "database",
        told.why,
        f"see that {facts.wanted.workspace} can be written, then run `faceloop up`, which brings "
        "the database to its present shape",
    )


def _disk(facts: Facts) -> Finding:
    free = f"{spoken_bytes(facts.machine.free_bytes)} free at {facts.wanted.workspace}"
    if facts.machine.free_bytes < LEAST_FREE_BYTES:
        return trouble("disk", free, "make room, or move the workspace to another disk")
    return well("disk", free)


def _model(facts: Facts) -> Finding:
    told = facts.machine.model
    if isinstance(told, Unknown):
        return trouble(
            "model version", told.why, "run `faceloop models --roll-back`, or `faceloop retrain`"
        )
    if told is None:
        return well("model version", "none yet; names come from groups and answers")
    return well("model version", f"{told}, every file as it was written")


def _queue(machine: Machine) -> Finding:
    told, before = machine.queue, ""
    if isinstance(told, Unknown):
        return trouble("queue", told.why, f"{UP}, or restart it where it runs")
    if machine.set_aside:
        before = f"; a damaged one was set aside, which nobody needs: {machine.set_aside}"
    waiting = f"jobs waiting: {told_waiting(told, now=machine.looked_at)}{before}"
    if is_late(told, now=machine.looked_at):
        return trouble("queue", waiting, f"{UP}: no worker takes them")
    return well("queue", waiting)


def _sdk(facts: Facts) -> Finding:
    wanted = facts.wanted
    told = f"faceloop {wanted.faceloop}, label-studio-sdk {wanted.sdk}"
    if wanted.sdk != wanted.tested_sdk:
        return trouble(
            "packages",
            f"{told}; predictions are checked by label-studio-sdk {wanted.tested_sdk}",
            "install what is pinned: `make setup`",
        )
    return well("packages", told)


def _start_studio(facts: Facts) -> str:
    if isinstance(facts.studio, SomethingElse):
        return (
            "stop what is there, or give Label Studio another port: `faceloop up --studio-port`"
            if facts.wanted.is_own_studio
            else "give the address of Label Studio's start page with --studio, and see that "
            "nothing between it and this machine asks for a login of its own"
        )
    if facts.wanted.is_own_studio:
        return (
            "run `faceloop up` and leave it running; if it runs, look into the workspace's "
            "logs/label-studio.log"
        )
    return f"start Label Studio at {facts.wanted.studio_url}, or name another one with --studio"


def _studio(facts: Facts, studio: StudioSide) -> Finding:
    version = studio.version
    if isinstance(version, Unknown):
        return unknown("Label Studio", version.why)
    told = f"version {version} at {facts.wanted.studio_url}"
    if version != facts.wanted.tested_studio:
        return well(
            "Label Studio",
            f"{told}; faceloop was tried with {facts.wanted.tested_studio}, so look twice",
        )
    return well("Label Studio", told)


def _token(studio: StudioSide) -> Iterator[Finding]:
    """The token is let in, of a kind that will be let in tomorrow."""
    kind = studio.token
    if studio.expires is not None and studio.expires <= studio.asked_at:
        yield trouble("token", f"the {kind} has expired on {studio.expires:%Y-%m-%d}", _GIVE_TOKEN)
        return
    if isinstance(studio.speaker, Unknown):
        yield _refused_token(kind, studio.speaker.why)
        return
    told = f"{kind} of {studio.speaker}"
    if studio.expires is not None and studio.expires - studio.asked_at < _SOON:
        yield trouble("token", f"{told} expires on {studio.expires:%Y-%m-%d}", _GIVE_TOKEN)
    else:
        yield well("token", told)


def _refused_token(kind: TokenKind, why: str) -> Finding:
    if "legacy token authentication has been disabled" in why:
        return trouble(
            "token",
            "this Label Studio lets no legacy token in any more",
            f"{_GIVE_TOKEN}; or allow legacy tokens there (Organization > API Tokens Settings)",
        )
    return trouble("token", f"the {kind} is not let in: {why}", _GIVE_TOKEN)


def _clock(studio: StudioSide) -> Finding:
    there = studio.time_there
    if isinstance(there, Unknown):
        return unknown("clock", there.why)
    if there is None:
        return unknown("clock", "Label Studio does not tell its time")
    apart_s = round((there - studio.asked_at).total_seconds())
    if abs(apart_s) > _CLOCKS_APART_S:
        ahead = "ahead of" if apart_s > 0 else "behind"
        return trouble(
            "clock",
            f"Label Studio's is {abs(apart_s):,} s {ahead} this machine's",
            "set both clocks by NTP; access tokens are valid for five minutes only",
        )
    return well("clock", f"within {max(1, abs(apart_s))} s of Label Studio's")
