"""What has to hold of the pages that the People desk asks, whatever a model version says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from benchmarks.given_versions import given_version
from faces import desk_tasks
from faces.carrying import split_off
from faces.desk_tasks import DeskRow, DeskState, DeskTask, Kind
from faces.records import ENCODING_LENGTH, FaceId, Person, PersonId, PhotoId
from faces.store.ledger import PushedTask
from faces.versions import ModelVersion
from tests.desk_model import Beliefs


def check_pages(
    pages: Sequence[DeskTask],
    beliefs: Beliefs,
    photo_of: Mapping[FaceId, PhotoId],
    first_name: Mapping[PersonId, str],
    state: DeskState,
) -> None:
    """Nobody is asked twice, nor what is settled, nor for a name that was refused."""
    asked = [face for page in pages if page.kind is not Kind.SAME for face in page.faces]
    assert len(asked) == len(set(asked)), "a face is on two pages"
    everywhere = {face for page in pages for face in page.faces}
    looked_at = set().union(*beliefs.faces.values()) - beliefs.faces["disputed"]
    assert looked_at.isdisjoint(everywhere), "asked again though all is said"
    carried = state.truth.carried.keys() - split_off(state.truth, state.groups.clusters)
    assert carried.isdisjoint(everywhere), "a carried face is asked about in its group"
    disputed = [row.shown for page in pages if page.kind is Kind.DOUBT for row in page.rows]
    expected = sorted((face,) for face in beliefs.faces["disputed"] & set(state.faces))
    assert sorted(disputed) == expected, "each disputed face is asked about once"
    for page in pages:
        assert page.tiles <= desk_tasks.PAGE_TILES
        for row in page.rows:
            _check_row(row, page.kind, beliefs, photo_of, first_name, state)
        if page.kind is Kind.SAME:
            _check_pair(page, beliefs, photo_of)
            assert set(page.rows[1].faces).isdisjoint(asked), "waits for the other, and is asked"


def check_standing(pages: Iterable[DeskTask], tasks: Iterable[PushedTask]) -> None:
    """Full pages that nobody answered stay, but for what is no longer asked about."""
    rows = {row.shown: row for page in pages if page.kind is Kind.SEVERAL for row in page.rows}
    on_page = {
        frozenset(row.shown for row in page.rows) for page in pages if page.kind is Kind.SEVERAL
    }
    standing = [
        task.page.rows
        for task in tasks
        if task.page and task.page.is_several and not task.annotated
    ]
    often = Counter(shown for page in standing for shown in page)
    for page in standing:
        if any(often[shown] > 1 for shown in page):
            continue
        left = [rows[shown] for shown in page if shown in rows]
        for is_named in (True, False):
            alike = [row for row in left if (row.chosen is not None) is is_named]
            tiles = sum(len(row.shown) for row in alike)
            if len(alike) > 1 and tiles >= desk_tasks.FULL * desk_tasks.PAGE_TILES:
                assert frozenset(row.shown for row in alike) in on_page, "a full page is torn"


def _check_row(
    row: DeskRow,
    kind: Kind,
    beliefs: Beliefs,
    photo_of: Mapping[FaceId, PhotoId],
    first_name: Mapping[PersonId, str],
    state: DeskState,
) -> None:
    offered = {first_name[person] for person in row.people}
    chosen = None if row.chosen is None else first_name[row.chosen]
    refused = {person for face, person in beliefs.refused_with_apart if face in row.faces}
    assert kind is Kind.DOUBT or refused.isdisjoint(offered | {chosen}), "a refused name"
    if chosen is None and kind is not Kind.DOUBT:
        assert state.passed.isdisjoint(row.faces), "asked again though it was passed over"
    for face in row.faces if chosen is not None else ():
        there = {o for o, name in beliefs.names.items() if name == chosen and o in photo_of}
        beside = [frozenset((face, o)) for o in there if photo_of[o] == photo_of[face]]
        assert not beside or beliefs.excepted & set(beside), "chosen though they are in the photo"
    for pair in combinations(row.faces, 2):
        assert not {pair, pair[::-1]} & beliefs.apart, "told apart, and asked as one"
    assert not any(set(mixed) <= set(row.faces) for mixed in beliefs.mixed), "mixed, asked as one"


def _check_pair(page: DeskTask, beliefs: Beliefs, photo_of: Mapping[FaceId, PhotoId]) -> None:
    """A pair is asked only if nothing was said of it, and photos do not tell."""
    one, other = (set(row.faces) for row in page.rows)
    assert not any(
        {f, g} <= one | other and {f, g} & one and {f, g} & other for f, g in beliefs.apart
    ), "told apart, and asked as a pair"
    assert {photo_of[face] for face in one}.isdisjoint(photo_of[face] for face in other)
    for first, second in beliefs.unsure:
        for left, right in ((one, other), (other, one)):
            assert not (left & set(first) and right & set(second)), "nobody could tell, asked again"
    for said in beliefs.together:
        assert not (one & set(said) and other & set(said)), "said to be one, and asked again"


def wrong_version(at: dict[PersonId, int]) -> ModelVersion:
    """A model version by which each of these people looks like an axis, whoever does."""
    weights = np.zeros((len(at), ENCODING_LENGTH), dtype=np.float32)
    weights[np.arange(len(at)), list(at.values())] = 1.0
    people = [Person(person, person) for person in at]
    return given_version(people, weights, unknown_cosine=0.6)
