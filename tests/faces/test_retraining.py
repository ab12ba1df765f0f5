"""Whether learning again is worth it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from faces.confirmations import Truth
from faces.records import Confirmation, FaceId, Person, PersonId, unit_rows
from faces.retraining import News, Since, news_since, since_last
from faces.versions import ModelVersion

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def truth_of(*said: tuple[str, int, datetime]) -> Truth:
    """So many faces of each of these people, confirmed at this time."""
    confirmed: dict[FaceId, Confirmation] = {}
    for name, count, at in said:
        for _ in range(count):
            face = FaceId(f"f{len(confirmed)}")
            number = len(confirmed) + 1
            confirmed[face] = Confirmation(face, PersonId(name), ("you",), at, number)
    people = {PersonId(name): Person(PersonId(name), name) for name, *_ in said}
    return Truth(people=people, confirmed=confirmed)


def version_of(*names: str) -> ModelVersion:
    """A version made at noon that knows these people."""
    rows = np.random.default_rng(0).normal(size=(len(names), 128)).astype(np.float32)
    return ModelVersion(
        id="model-0001-9c1e2a7f",
        created_at=NOON,
        network="dlib-resnet-v1",
        people=tuple(Person(PersonId(name), name) for name in names),
        weights=unit_rows(rows),
        scale=30.0,
        unknown_cosine=0.8,
        threshold=0.7,
        metrics={},
        data_hash="d" * 64,
        parent=None,
        faceloop_version="0.1.0",
    )


BEFORE, AFTER = NOON - HOUR, NOON + HOUR
OLD = (("Ann", 20, BEFORE), ("Ned", 20, BEFORE))


def news_of(*more: tuple[str, int, datetime]) -> News:
    version = version_of("Ann", "Ned")
    return told(truth_of(*OLD, *more), current=version, last=version)


def told(
    truth: Truth,
    *,
    current: ModelVersion | None = None,
    last: ModelVersion | None = None,
    learned_until: int | None = None,
) -> News:
    """What is new where whoever has two faces can be learned."""
    faces = Counter(said.person for said in truth.confirmed.values())
    since = since_last(truth, last=last, learned_until=learned_until)
    learnable = [person for person, count in faces.items() if count > 1]
    return news_since(since, truth, current=current, learnable=learnable)


def test_somebody_forgotten_is_worth_it_whatever_else_was_said() -> None:
    version = version_of("Ann", "Ned", "Bo")
    news = told(truth_of(*OLD), current=version, last=version)
    assert str(news) == "worth it: the version in use learned Bo, whom nobody names any more"
    assert news.is_worth_it


def test_one_person_is_not_enough() -> None:
    news = told(truth_of(("Ann", 9, NOON)))
    assert str(news) == (
        "not yet: it needs two people with two confirmed faces each, one of them in a photo to "
        "learn from"
    )
    assert not news.is_worth_it


def test_before_the_first_version_it_is_worth_it() -> None:
    news = told(truth_of(*OLD))
    assert str(news) == "worth it: 2 people can be learned, and nothing was learned yet"
    assert news.is_worth_it


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ((), "not needed: nothing was confirmed since the last one"),
        ((("Ann", 1, AFTER),), "not yet: only 1 face confirmed since the last one"),
        ((("Ann", 10, AFTER),), "worth it: 10 faces confirmed since the last one"),
        ((("Bo", 1, AFTER),), "not yet: only 1 face confirmed since the last one"),
        (
            (("Bo", 2, AFTER),),
            "worth it: 2 faces confirmed since the last one, and Bo can be learned",
        ),
        ((("Bo", 2, BEFORE),), "not needed: nothing was confirmed since the last one"),
    ],
)
def test_it_is_said_in_one_line_whether_it_is_worth_it(
    more: tuple[tuple[str, int, datetime], ...], line: str
) -> None:
    news = news_of(*more)
    assert str(news) == line
    assert news.is_worth_it is line.startswith("worth it")


def test_of_many_newcomers_some_are_named() -> None:
    news = news_of(*((f"P{n}", 2, AFTER) for n in range(5)))
    assert str(news).endswith("and P0, P1, P2 and 2 more can be learned")


def test_a_version_that_did_not_come_into_use_counts_as_tried() -> None:
    first = version_of("Ann", "Ned")
    last = replace(first, id="model-0002-9c1e2a7f", created_at=AFTER + HOUR)
    truth = truth_of(*OLD, ("Bo", 5, AFTER))
    assert told(truth, current=first, last=last).faces == 0


def test_what_was_noted_at_learning_counts_whatever_the_clock_says() -> None:
    version, truth = version_of("Ann", "Ned"), truth_of(*OLD, ("Bo", 5, BEFORE))
    known = sum(count for _, count, _ in OLD)
    news = told(truth, current=version, last=version, learned_until=known)
    assert (news.faces, news.newcomers) == (5, ("Bo",))
    assert told(truth, current=version, last=version, learned_until=known + 5).faces == 0


def five_since() -> Since:
    truth = truth_of(*OLD, ("Ann", 5, AFTER))
    return since_last(truth, last=version_of("Ann", "Ned"), learned_until=None)


def test_a_version_of_a_time_to_come_does_not_keep_the_worker_from_learning() -> None:
    since, long_before = five_since(), NOON - timedelta(days=400)
    assert since.is_due(faces=5, minutes=60, now=long_before, tried_at=None)
    assert not since.is_due(faces=5, minutes=60, now=long_before, tried_at=long_before)


@pytest.mark.parametrize(
    ("faces", "minutes", "tried_after", "is_due"),
    [
        (0, 0, None, False),
        (5, 60, None, True),
        (6, 60, None, False),
        (5, 121, None, False),
        (5, 60, timedelta(minutes=90), False),
        (5, 20, timedelta(minutes=90), True),
    ],
)
def test_the_worker_learns_with_enough_news_and_not_too_often(
    faces: int, minutes: int, tried_after: timedelta | None, is_due: bool
) -> None:
    tried_at = None if tried_after is None else NOON + tried_after
    now = NOON + 2 * HOUR
    since = five_since()
    assert since.is_due(faces=faces, minutes=minutes, now=now, tried_at=tried_at) is is_due
