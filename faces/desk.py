"""The People desk, planned: which pages people should answer next, the most worth first.

A page is worth as many faces as each action on it is expected to name: choosing or typing a name,
marking a tile, and submitting are one action each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from faces.desk_tasks import (
    LONGEST_STRIP,
    OFFERED_PEOPLE,
    PAGE_TILES,
    SURE,
    DeskRow,
    DeskState,
    DeskTask,
    Kind,
    chosen_in,
)
from faces.desk_units import Unit, units_of
from faces.records import FaceId

STRIP_TILES = 6
"""So many faces stand for a group that is one row of several."""
LEAST_WORTH = 0.4
"""Pages below it are not asked: for each action fewer faces than this get their names."""
_TYPICAL, _TYPICAL_OF_MANY = 2, 10
_CARRIED_WRONG = 1.0
"""So many wrong faces may be expected among the carried ones of a strip, as places tell it; that
the doubtful ones shown are right makes it far fewer."""
Page = Sequence[tuple[FaceId, ...]]
"""The rows of a page of several that stands already: the faces that each shows."""


def plan_desk(state: DeskState, standing: Iterable[Page] = ()) -> list[DeskTask]:
    """The pages worth answering, best first; each face's name is asked for on one page at most.

    Pages of several rows that are not full come late: what is answered meanwhile may fill them.
    Full ones that are `standing` stay, so that an answer changes few pages: without the rows that
    are no longer asked about, or have a name chosen by now where the others have none.
    """
    units = units_of(state)
    threshold = state.learned.threshold
    rows = {unit.faces: _row(unit, threshold) for unit in units}
    strips = {row.shown: row for row in rows.values() if len(row.shown) <= LONGEST_STRIP}
    stay = list(_staying(standing, strips))
    stays = {row.shown for page in stay for row in page.rows}
    asked = [
        rows[unit.faces]
        for unit in units
        if not unit.waits_for and rows[unit.faces].shown not in stays
    ]
    own = [row for row in asked if len(row.shown) > LONGEST_STRIP]
    loose = [row for row in asked if len(row.shown) <= LONGEST_STRIP]
    pages = [_page([row]) for row in own]
    pages += stay
    pages += _pages(row for row in loose if row.chosen is not None)
    pages += _pages(row for row in loose if row.chosen is None)
    pages += [
        _pair(rows[unit.waits_for], rows[unit.faces], unit.alike)
        for unit in units
        if unit.waits_for and not unit.is_said and rows[unit.faces].shown not in stays
    ]
    pages += _doubts(state)
    worth_it = [page for page in pages if page.worth >= LEAST_WORTH]
    return sorted(worth_it, key=_rank)


def _rank(page: DeskTask) -> tuple[bool, bool, float, str]:
    """What comes first, first. A pair can wait: naming one of the two proposes the other."""
    return page.kind is Kind.SAME, not page.is_full, -page.worth, page.key


def _staying(
    standing: Iterable[Page], strips: Mapping[tuple[FaceId, ...], DeskRow]
) -> Iterator[DeskTask]:
    """What is left of the pages that stand, where it still fills a page."""
    left = dict(strips)
    for page in standing:
        rows = [left.pop(shown) for shown in page if shown in left]
        for is_named in (True, False):
            alike = [row for row in rows if (row.chosen is not None) is is_named]
            if len(alike) > 1 and (task := _page(alike)).is_full:
                yield task


def _row(unit: Unit, threshold: float) -> DeskRow:
    """How a unit is asked about: what is shown of it, and what would be carried."""
    shown, carried = _looked_at(unit)
    chosen = unit.best(threshold)
    chance = 0.0 if chosen is None else unit.people[chosen]
    right = sum(unit.places[place] for place in (*shown, *carried))
    return DeskRow(
        shown=tuple(unit.faces[place] for place in shown),
        carried=tuple(unit.faces[place] for place in carried),
        people=tuple(unit.people),
        chosen=chosen,
        chance=chance,
        wrong=sum(1 - unit.places[place] for place in shown),
        named=right * max(unit.known, chance),
        known=unit.known,
        together=unit.together,
    )


def _looked_at(unit: Unit) -> tuple[list[int], list[int]]:
    """The places in a unit of the faces that are shown, and of those that are carried.

    The most typical come first and the most doubtful last, so that a wrong one is easy to see.
    """
    places = list(range(len(unit.faces)))
    if len(places) <= STRIP_TILES:
        return places, []
    if unit.confidence < SURE:
        return places[:PAGE_TILES], []
    if unit.doubted:
        return _ends(places, _TYPICAL, PAGE_TILES - _TYPICAL)
    for doubtful in range(STRIP_TILES - _TYPICAL, LONGEST_STRIP - _TYPICAL + 1):
        shown, carried = _ends(places, _TYPICAL, doubtful)
        if sum(1 - unit.places[place] for place in carried) <= _CARRIED_WRONG:
            return shown, carried
    return _ends(places, _TYPICAL_OF_MANY, PAGE_TILES - _TYPICAL_OF_MANY)


def _ends(places: list[int], first: int, last: int) -> tuple[list[int], list[int]]:
    """The first and the last few, and what is between them."""
    if len(places) <= first + last:
        return places, []
    return [*places[:first], *places[-last:]], places[first:-last]


def _pages(rows: Iterable[DeskRow]) -> Iterator[DeskTask]:
    """Rows put together on pages, the best first, those of one person together.

    A page is for no more people than it has keys for.
    """
    page: list[DeskRow] = []
    for row in _by_person(rows):
        together = [*page, row]
        if page and (_tiles(together) > PAGE_TILES or len(chosen_in(together)) > OFFERED_PEOPLE):
            yield _page(page)
            page = []
        page.append(row)
    if page:
        yield _page(page)


def _by_person(rows: Iterable[DeskRow]) -> list[DeskRow]:
    """The best rows first; one of somebody who is chosen brings their others along."""
    best = sorted(rows, key=lambda row: (-_worth([row]), row.shown))
    place = {row.chosen: place for place, row in reversed(list(enumerate(best)))}
    return sorted(best, key=lambda row: place[row.chosen] if row.chosen else 0)


def _page(rows: Sequence[DeskRow]) -> DeskTask:
    """A page of these rows; one row alone is asked about as a group of its own."""
    kind = Kind.NAME if len(rows) == 1 else Kind.SEVERAL
    return DeskTask(kind, tuple(rows), _worth(rows))


def _pair(larger: DeskRow, smaller: DeskRow, chance: float) -> DeskTask:
    """Whether two rows are one person, half a page each; if so, the smaller gets a name with it."""
    rows = tuple(
        replace(row, shown=row.shown[: PAGE_TILES // 2], carried=(), chosen=None, chance=chance)
        for row in (larger, smaller)
    )
    return DeskTask(Kind.SAME, rows, chance * smaller.named / 2)


def _doubts(state: DeskState) -> Iterator[DeskTask]:
    """Faces about which annotators disagree; two actions for each, since nothing is chosen."""
    row_of = {face: row for row, face in enumerate(state.faces)}
    asked = state.truth.disputed - state.waiting
    faces = [face for face in sorted(asked) if face in row_of]
    likeliest = state.learned.likeliest(
        state.rows[[row_of[face] for face in faces]], OFFERED_PEOPLE
    )
    rows = [
        DeskRow((face,), people=tuple(likeliest.of(number)), named=1.0, known=1.0)
        for number, face in enumerate(faces)
    ]
    for start in range(0, len(rows), PAGE_TILES):
        page = rows[start : start + PAGE_TILES]
        yield DeskTask(Kind.DOUBT, tuple(page), _worth(page))


def _worth(rows: Sequence[DeskRow]) -> float:
    """Faces expected to get their names for each action: names, marked tiles, and one submit."""
    actions = 1 + sum(_actions(row) for row in rows)
    return sum(row.named for row in rows) / actions


def _actions(row: DeskRow) -> float:
    naming = row.known if row.chosen is None else 1 - row.chance
    return naming + row.wrong


def _tiles(rows: Iterable[DeskRow]) -> int:
    return sum(len(row.shown) for row in rows)
