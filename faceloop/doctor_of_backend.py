"""What the backend is asked by `faceloop doctor`, from this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import requests

from faceloop.doctor_facts import BackendSide, Told, Unknown
from faces.settings import Settings, reach
from sync.desk import BACKEND_USER

_WITHIN_S = 5
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\d+(?:\.\d+)?)")
_KIND = re.compile(r'kind="([a-z]+)"')


def ask_backend(settings: Settings) -> Told[BackendSide]:
    """What the backend says of itself, where it listens or where Label Studio is to find it."""
    here = f"http://{reach(settings.backend_host)}:{settings.backend_port}"
    urls = dict.fromkeys((here, settings.backend_url_for_studio.rstrip("/")))
    for url in urls:
        try:
            health = requests.get(f"{url}/health", timeout=_WITHIN_S)
        except requests.RequestException:
            continue
        return _asked(url, settings) if _version_told(health) else _something_else(url)
    return Unknown(f"nothing answers at {' or '.join(urls)}")


def _something_else(url: str) -> Unknown:
    return Unknown(f"something else than the backend answers at {url}")


def _version_told(answer: requests.Response) -> str:
    """The version that /health and /setup tell, empty where something else answers."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("model_version") or "") if isinstance(told, dict) else ""


def _asked(url: str, settings: Settings) -> Told[BackendSide]:
    shown = (BACKEND_USER, settings.backend_secret.get_secret_value())
    try:
        setup = requests.post(f"{url}/setup", json={}, auth=shown, timeout=_WITHIN_S)
        metrics = requests.get(f"{url}/metrics", auth=shown, timeout=_WITHIN_S)
    except requests.RequestException as error:
        return Unknown(f"the backend at {url} stopped answering ({type(error).__name__})")
    if not (setup.ok and metrics.ok):
        return BackendSide(url, "", lets_in=False)
    version = _version_told(setup)
    if not version:
        return _something_else(url)
    samples = list(_samples(metrics.text))
    started = _sum(samples, "process_start_time_seconds")
    return BackendSide(
        url,
        version,
        lets_in=True,
        failures=_by_kind(samples, "failures_lately"),
        failures_ever=_by_kind(samples, "failures_total"),
        predictions=int(_sum(samples, "predictions_total")),
        hints=int(_sum(samples, "hints_total")),
        started_at=datetime.fromtimestamp(started, UTC) if started else None,
    )


_Sample = tuple[str, str, float]
"""A name, its labels as they are written, and the value."""


def _samples(text: str) -> Iterator[_Sample]:
    for line in text.splitlines():
        found = _SAMPLE.fullmatch(line)
        if found:
            yield found[1].removeprefix("faceloop_"), found[2] or "", float(found[3])


def _sum(samples: list[_Sample], name: str) -> float:
    return sum(value for found, _, value in samples if found == name)


def _by_kind(samples: list[_Sample], name: str) -> dict[str, int]:
    kinds = ((_KIND.search(labels), value) for found, labels, value in samples if found == name)
    return {kind[1]: int(value) for kind, value in kinds if kind}
