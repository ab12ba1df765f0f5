"""Findings on the backend, as this machine sees it: does it answer, and what went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator

from faceloop.doctor_facts import BackendSide, Facts, Unknown
from faceloop.doctor_verdict import UP, Finding, trouble, unknown, well
from faceloop.wording import counted

_REMEDIES = {
    "bug": "that is a fault of faceloop: please report it with the workspace's logs/backend.log",
    "config": "run `faceloop sync`, which brings the labeling config back",
    "region": "run `faceloop sync`, which brings the labeling config back",
    "media": "see `token` and `a picture` above: Label Studio does not give it pictures",
    "picture": "some pictures cannot be opened; `faceloop status --refused` lists such files",
    "late": "the machine is too slow for what is asked; read photos by `faceloop up` beforehand",
    "queue": "see that the worker runs (`faceloop up`); answers are read once a minute meanwhile",
    "store": "see `database` and `disk` above",
    "setup": "run `faceloop retrain`: the model version is of another face network",
}
"""What mends each kind of failure, the worst first."""


def backend_findings(facts: Facts) -> Iterator[Finding]:
    """The backend, its failures of the last minutes, and whether it hears of answers."""
    backend = facts.backend
    if isinstance(backend, Unknown):
        yield trouble("backend", backend.why, f"{UP} and leave it running")
        return
    if not backend.lets_in:
        yield trouble(
            "backend",
            f"what answers at {backend.url} does not take this workspace's secret: it was started "
            "with another one, or for another workspace",
            f"stop it, and {UP}",
        )
        return
    yield _version(facts, backend)
    yield _failures(backend)
    yield _hints(facts, backend)


def _version(facts: Facts, backend: BackendSide) -> Finding:
    if backend.version != facts.wanted.round:
        return trouble(
            "backend",
            f"{backend.url} answers as {backend.version}, but {facts.wanted.round} is shown",
            f"stop it, and {UP}: it works on another workspace's database",
        )
    return well("backend", f"answers at {backend.url} as {backend.version}")


def _failures(backend: BackendSide) -> Finding:
    recent = {kind: count for kind, count in backend.failures.items() if count}
    ever = sum(backend.failures_ever.values())
    since = f"{ever:,} since it started, of {counted(backend.predictions, 'task')} asked about"
    if not recent:
        return well("backend's failures", f"none in the last minutes; {since}")
    told = ", ".join(f"{kind}: {count:,}" for kind, count in sorted(recent.items()))
    worst = next((kind for kind in _REMEDIES if kind in recent), "bug")
    return trouble("backend's failures", f"in the last minutes {told}; {since}", _REMEDIES[worst])


def _hints(facts: Facts, backend: BackendSide) -> Finding:
    """Whoever answers is heard of at once, unless Label Studio's webhooks are kept from us."""
    last, started = facts.answered_last, backend.started_at
    if backend.hints:
        return well("backend's ear", f"heard of answers {counted(backend.hints, 'time')}")
    if last is None or started is None or last <= started:
        return unknown("backend's ear", "nobody has answered since it started")
    return trouble(
        "backend's ear",
        "people have answered since it started, and Label Studio told it nothing",
        "run `faceloop sync`; if it stays, whoever runs Label Studio looks for webhooks in its "
        "log, allows the backend's network (SSRF_PROTECTION_ENABLED, "
        "USER_ADDITIONAL_BANNED_SUBNETS) and raises WEBHOOK_TIMEOUT from 1 s",
    )
