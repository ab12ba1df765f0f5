"""What others name faces by: rules that know the people and nothing of strangers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.identify_draws import Draw
from benchmarks.identify_scores import Answers, Scores
from benchmarks.people_encodings import PeopleEncodings
from faces.likeness import cosines
from faces.records import FloatRows, unit_rows

Score = Callable[[FloatRows], Scores]
"""Of faces (n, 128) the score of each person, (n, p)."""

_PENALTY = 100.0


def answers(draw: Draw, rows: FloatRows, score: Score) -> Answers:
    """What a rule says of all faces that are met, each given by its row."""
    known, strangers = score(rows[draw.met]), score(rows[draw.strangers_met])
    return Answers(
        right=known.argmax(axis=1) == draw.met_labels,
        scores=known.max(axis=1),
        of_strangers=strangers.max(axis=1),
    )


def centroid(people: PeopleEncodings, draw: Draw) -> Answers:
    """The nearest mean, by the cosine, of the rows that ours has: with the mirror image's."""
    rows = unit_rows(people.plain + people.mirrored)
    sums = np.zeros((draw.people, rows.shape[1]), dtype=np.float32)
    np.add.at(sums, draw.learning_labels, rows[draw.learning])
    means = unit_rows(sums)
    return answers(draw, rows, lambda some: cosines(some, means))


def nearest_neighbour(people: PeopleEncodings, draw: Draw) -> Answers:
    """The person of the nearest photo, as face_recognition's example does it."""
    learning = people.plain[draw.learning].astype(np.float64)

    def score(rows: FloatRows) -> Scores:
        squares = (rows.astype(np.float64) ** 2).sum(axis=1)[:, None] + (learning**2).sum(axis=1)
        near = 2.0 * rows @ learning.T - squares
        of_person = np.full((len(rows), draw.people), -np.inf)
        for column, person in enumerate(draw.learning_labels):
            of_person[:, person] = np.maximum(of_person[:, person], near[:, column])
        return of_person

    return answers(draw, people.plain, score)


def logistic_regression(people: PeopleEncodings, draw: Draw) -> Answers:
    """scikit-learn's on the rows that ours has, with the penalty that suits it best of five."""
    rows = unit_rows(people.plain + people.mirrored)
    model = LogisticRegression(C=_PENALTY, max_iter=1000)
    model.fit(rows[draw.learning], draw.learning_labels)
    return answers(draw, rows, lambda some: np.asarray(model.predict_proba(some), np.float64))


RIVALS: Mapping[str, Callable[[PeopleEncodings, Draw], Answers]] = {
    "centroid": centroid,
    "nearest_neighbour": nearest_neighbour,
    "logistic_regression": logistic_regression,
}
