"""Whatever Label Studio answers at whatever moment: one line, and the next sync makes up for it."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.faults_state import said_twice
from faces.errors import StudioError
from faces.studio import Studio
from sync.desk import Project
from tests.faults.conftest import FAULTS, PATIENCE_S, Fault, Shaken, too_slow
from tests.studio_double import API_KEY
from tests.sync.conftest import names

EVERY = 6
"""Each fault meets one request in so many, another one than the next fault."""

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket, pytest.mark.timeout(300)]


def answer_some(shaken: Shaken) -> int:
    """A page and a photo are answered; how many faces were named."""
    inside = shaken.workspace
    page, photo = inside.task_of(Project.PEOPLE), inside.task_of(Project.PHOTOS)
    typed = {"from_name": "new_name", "to_name": "montage", "type": "textarea"}
    shown = inside.double.predictions_of(page)[-1]["result"]
    inside.double.annotate(page, [*shown, {**typed, "value": {"text": ["Anna"]}}])
    inside.double.annotate(photo)
    return len(inside.double.tasks[page]["data"]["faces"])


def check_all(shaken: Shaken, *, named: int) -> None:
    """Every photo and face has its one task, every answer was read once, all is shown."""
    inside = shaken.workspace
    assert len(names(inside)) == named
    assert said_twice(inside.events()) == []
    shown = inside.shown(Project.PHOTOS)
    assert len(shown) == inside.photo_count
    assert all(Counter(versions).most_common(1)[0][1] == 1 for versions in shown.values())
    titles = [project["title"] for project in inside.double.projects.values()]
    ours = {inside.desk.people, inside.desk.photos}
    assert len(titles) == 2 + len(ours), "those of before, and ours at this address"
    assert all(plan.is_empty for plan in inside.push().values())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_after_a_bad_answer_to_any_request_the_next_sync_finishes(
    shaken: Shaken, fault: Fault
) -> None:
    shaken.workspace.add_photos(4, people=1)
    shaken.workspace.cluster()
    first = 1 + FAULTS.index(fault) % EVERY
    shake(shaken, fault, first=first)
    named = answer_some(shaken)
    shake(shaken, fault, first=first)
    check_all(shaken, named=named)


def shake(shaken: Shaken, fault: Fault, *, first: int) -> None:
    """Sync again and again, each time with another request that goes wrong, to the last one."""
    request = first
    while fails(shaken, fault, request=request):
        request += EVERY
    shaken.front.calm()


def fails(shaken: Shaken, fault: Fault, *, request: int) -> bool:
    """Whether a sync whose n-th request goes wrong has so many; what it raises is one line."""
    shaken.front.fail(fault, request=request)
    before = shaken.front.asked
    try:
        shaken.sync()
    except StudioError as error:
        told = str(error)
    else:
        told = ""
    assert "\n" not in told
    return bool(told) or shaken.front.asked - before >= request


def test_a_token_that_expired_is_one_line_and_the_next_one_goes_on(shaken: Shaken) -> None:
    shaken.workspace.add_photos(3, people=1)
    shaken.workspace.cluster()
    shaken.sync()
    named = answer_some(shaken)
    good = shaken.studio
    shaken.studio = Studio(shaken.front.url, "f" * 40)
    with pytest.raises(StudioError, match=r"\(401\); give a token that is valid: .*API_KEY"):
        shaken.sync()
    shaken.studio.close()
    shaken.studio = good
    shaken.sync()
    check_all(shaken, named=named)


def test_nobody_waits_for_a_slow_answer_without_end(
    shaken: Shaken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.studio_connection._PATIENCE_S", PATIENCE_S)
    shaken.studio = Studio(shaken.front.url, API_KEY)
    shaken.front.fail(too_slow, request=1)
    with pytest.raises(StudioError, match=r"no answer from Label Studio at .* is it running\?"):
        shaken.sync()
    shaken.studio.close()
