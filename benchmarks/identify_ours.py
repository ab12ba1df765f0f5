"""Our side of naming faces among strangers: a model version as `faceloop retrain` makes it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from benchmarks.identify_draws import Draw, halves
from benchmarks.identify_scores import Answers, together
from benchmarks.people_encodings import PeopleEncodings
from faces.identify import Identifier
from faces.records import NETWORK, FaceId, FloatRows, Person, PersonId, PhotoId, unit_rows
from faces.settings import Settings
from training.dataset import DataSet, Part
from training.drafting import learned

_WHENEVER = datetime(2026, 1, 1, tzinfo=UTC)


def ours(people: PeopleEncodings, draw: Draw) -> Answers:
    """Each half of the strangers is met by a version that knows the other half."""
    rows = unit_rows(people.plain + people.mirrored)
    return together([_answers(rows, half) for half in halves(draw)])


def _answers(rows: FloatRows, draw: Draw) -> Answers:
    version = learned(
        _data_set(rows, draw),
        now=_WHENEVER,
        parent=None,
        seed=draw.number,
        strangers_accepted=Settings.model_fields["strangers_accepted"].default,
        report=lambda _: None,
    )
    identifier = Identifier(version)
    known, strangers = (
        [likeliest[0] for likeliest in identifier.likeliest(rows[places], 1)]
        for places in (draw.met, draw.strangers_met)
    )
    of_strangers = np.array([score for _, score in strangers])
    return Answers(
        right=np.array([int(person) for person, _ in known]) == draw.met_labels,
        scores=np.array([score for _, score in known]),
        of_strangers=of_strangers,
        accepted=of_strangers >= version.threshold,
    )


def _data_set(rows: FloatRows, draw: Draw) -> DataSet:
    """What a project knows: everybody's photos for learning, and the strangers."""
    places = np.concatenate([draw.learning, draw.strangers_known])
    strangers = np.full(len(draw.strangers_known), draw.people)
    return DataSet(
        network=NETWORK,
        people=tuple(Person(PersonId(str(one)), str(one)) for one in range(draw.people)),
        left_out=(),
        faces=tuple(FaceId(f"f{place}") for place in places),
        photos=tuple(PhotoId(f"{place:064x}") for place in places),
        parts=(Part.LEARNING,) * len(places),
        rows=rows[places],
        labels=np.concatenate([draw.learning_labels, strangers]),
    )
