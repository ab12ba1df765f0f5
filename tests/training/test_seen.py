"""Whose name is the right answer, when people were renamed, merged and added since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from faces.identify import Identifier
from faces.records import FaceId, Person, PersonId, PhotoId, unit_rows
from faces.versions import ModelVersion
from training.dataset import DataSet, Part
from training.drafting import learned
from training.promotion import answers
from training.report import VersionReport, report_of
from training.seen import seen_by

PEOPLE, EACH, STRANGERS = 3, 20, 20
PARTS = (Part.LEARNING, Part.LEARNING, Part.LEARNING, Part.CALIBRATION, Part.TEST)


@pytest.fixture(scope="module")
def before(looks) -> DataSet:
    """Three people; the last two are one, whom nobody had recognised in other years."""
    rows = [looks(who, EACH) for who in range(PEOPLE)]
    rows += [looks(1000 + who, 1) for who in range(STRANGERS)]
    names = [f"f{at:03}" for at in range(PEOPLE * EACH + STRANGERS)]
    return DataSet(
        network="dlib-resnet-v1",
        people=tuple(Person(PersonId(f"p{who}"), f"P{who}") for who in range(PEOPLE)),
        left_out=(),
        faces=tuple(map(FaceId, names)),
        photos=tuple(map(PhotoId, names)),
        parts=tuple(PARTS[at % len(PARTS)] for at in range(len(names))),
        rows=unit_rows(np.vstack(rows)),
        labels=np.repeat(np.arange(PEOPLE + 1), [EACH] * PEOPLE + [STRANGERS]),
    )


@pytest.fixture(scope="module")
def version(before: DataSet) -> ModelVersion:
    return learned(
        before,
        now=datetime(2026, 1, 2, tzinfo=UTC),
        parent=None,
        seed=0,
        strangers_accepted=0.05,
        report=lambda _: None,
    )


@pytest.fixture(scope="module")
def merged(before: DataSet) -> DataSet:
    """The same faces once somebody said that the last two are one person."""
    labels = np.array([0, 1, 1, 2])[before.labels]
    return replace(before, people=before.people[:2], labels=labels)


def one_person(person: PersonId) -> PersonId:
    return PersonId("p1") if person == "p2" else person


@pytest.fixture(scope="module")
def report(version: ModelVersion, merged: DataSet) -> VersionReport:
    return report_of(version, merged, resolve=one_person)


def test_each_name_of_people_who_became_one_is_right(
    version: ModelVersion, merged: DataSet, report: VersionReport
) -> None:
    assert report.rank1 is not None
    assert report.rank1.value == 1
    assert report.confusions == ()
    assert report.doubts == ()
    assert report.test_people == 2
    assert report.hidden_accepted is not None
    assert report.hidden_accepted.value < 0.5, "nobody stays when a person is hidden"
    assert max(loss.loss for loss in report.losses if loss.person == 1) < 1
    known = merged.samples(Part.TEST).known
    assert answers(version, merged, resolve=one_person)[known].mean() > 0.9


def test_the_report_and_what_decides_on_a_version_agree_on_every_answer(
    version: ModelVersion, merged: DataSet, report: VersionReport
) -> None:
    well = answers(version, merged, resolve=one_person)
    known = merged.samples(Part.TEST).known
    assert report.named_right is not None
    assert report.named_right.value == well[known].mean()
    assert report.strangers_accepted is not None
    assert report.strangers_accepted.value == (~well[~known]).mean()


def test_both_are_the_answers_that_the_version_gives(
    version: ModelVersion, merged: DataSet
) -> None:
    test = merged.samples(Part.TEST)
    likeliest = Identifier(version).likeliest(test.rows[test.known], 1)
    right = [
        one_person(person) == merged.people[label].id and score >= version.threshold
        for [(person, score)], label in zip(likeliest, test.labels[test.known], strict=True)
    ]
    assert answers(version, merged, resolve=one_person)[test.known].tolist() == right


def test_whoever_was_named_since_is_nobody_to_the_version_and_never_answered_well(
    version: ModelVersion, before: DataSet
) -> None:
    new = replace(before, people=(*before.people[:2], Person(PersonId("p9"), "New")))
    seen = seen_by(version, new, lambda person: person)
    assert (seen.labels[new.labels == 2] == PEOPLE).all()
    of_new = new.samples(Part.TEST).labels == 2
    for at_threshold in (True, False):
        well = answers(version, new, resolve=lambda one: one, at_threshold=at_threshold)
        assert not well[of_new].any()


def test_by_the_likeliest_alone_nobody_known_is_always_answered_well(
    version: ModelVersion, before: DataSet
) -> None:
    well = answers(version, before, resolve=lambda person: person, at_threshold=False)
    assert well[~before.samples(Part.TEST).known].all()


def test_the_encodings_of_another_network_are_refused(
    version: ModelVersion, before: DataSet
) -> None:
    with pytest.raises(ValueError, match="cannot answer to the encodings of another"):
        seen_by(version, replace(before, network="another"), lambda person: person)
