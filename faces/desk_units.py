"""What the People desk asks about as one person: the open faces of a group, or a face alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faces.confirmations import Truth
from faces.desk_alike import Foes, Said, alike, foes_of
from faces.desk_tasks import OFFERED_PEOPLE, SURE, DeskState
from faces.look_alikes import LookAlikes, side_by_side
from faces.parts import parts
from faces.records import ENCODING_LENGTH, Cluster, FaceId, FloatRows, PersonId, PhotoId, unit_rows

_LEFT_ALONE, _BY_SIZE = 0.6, 2.7
"""What the odds that a unit of m faces is somebody known are multiplied by, for the grouping would
have joined them: the first over m to the power of the second. Fitted; see docs/decisions/desk.md.
"""
_LOOKED_AT_ENOUGH = 6
"""So many faces of a group tell that nobody can name the others either."""
_FACE_ALONE, _AFTER = 0.05, 20
"""So likely somebody knows who a face alone is that is like no other; more faces that nobody knew
make it less likely.
"""


@dataclass(frozen=True)
class Unit:
    """Open faces that look like one person, the most typical first.

    `places` and `confidence` are as in `Cluster`. `people` are the likeliest, with probabilities;
    `known` is how likely it is somebody whom people can name. `doubted` tells that people threw
    faces out of the same group, or called it mixed; `waits_for` is a unit that may be the same
    person, with the probability `alike`, and is asked about first; `is_said` tells that people
    said it is. The first `together` of the people are often taken for each other: none of them is
    chosen beforehand.
    """

    faces: tuple[FaceId, ...]
    places: tuple[float, ...]
    confidence: float
    people: Mapping[PersonId, float]
    known: float = 1.0
    doubted: bool = False
    waits_for: tuple[FaceId, ...] = ()
    alike: float = 0.0
    is_said: bool = False
    together: int = 1

    def best(self, threshold: float) -> PersonId | None:
        """Whom to choose beforehand."""
        person, chance = next(iter(self.people.items()), (None, 0.0))
        return person if chance >= threshold and self.together == 1 else None


@dataclass(frozen=True, slots=True)
class _Draft:
    """A unit before it is known who it could be; `hint` is who its group's confirmed faces are.

    It is `nameless` where people looked at its group and nobody had a name for it.
    """

    faces: Sequence[FaceId]
    places: Sequence[float]
    confidence: float
    hint: PersonId | None = None
    doubted: bool = False
    nameless: bool = False


def units_of(state: DeskState) -> list[Unit]:
    """All units that may be asked about now; no face is in two of them.

    What was passed over before is asked about again only with a name chosen beforehand, and never
    twice with the same. So is what is left of a group whose faces are strangers, or cannot be told.
    """
    row_of = {face: row for row, face in enumerate(state.faces)}
    drafts = list(_drafts(state, row_of))
    rows = _means(drafts, state.rows, row_of)
    likeliest = state.learned.likeliest(rows, OFFERED_PEOPLE)
    in_photo = _in_photos(state)
    units, kept = [], []
    for number, draft in enumerate(drafts):
        refused = _refused(draft, state, in_photo)
        people = _people(draft, likeliest.of(number), refused, state.look_alikes)
        draft = _without(draft, _passed(draft, people, state))
        if draft.faces:
            units.append(_unit(draft, people, _together(people, state)))
            kept.append(number)
    return _in_order(units, rows[kept], state)


def _drafts(state: DeskState, row_of: Mapping[FaceId, int]) -> Iterator[_Draft]:
    """The open faces of each group, split where people called it mixed; then the faces alone."""
    truth = state.truth
    closed = truth.settled | truth.disputed | state.waiting
    foes, mixed = foes_of(truth), _mixed(truth)
    alone = dict.fromkeys(face for face in state.faces if face not in closed)
    for cluster in state.groups.clusters:
        inside = [face for face in cluster.faces if face in row_of]
        if inside and alone.keys().isdisjoint(inside):
            continue
        parts_of = _parts(inside, mixed, state.rows, row_of)
        for part in parts_of:
            out = _thrown_out(part, truth, foes)
            faces = [face for face in part if face in alone and face not in out]
            if len(part) < 2:
                continue
            for face in faces:
                del alone[face]
            if faces:
                draft = _draft_of(
                    cluster, faces, _named(part, truth), doubted=bool(out) or len(parts_of) > 1
                )
                yield replace(draft, nameless=_is_nameless(draft, part, truth))
    yield from (_Draft((face,), (1.0,), 1.0) for face in alone)


def _draft_of(
    cluster: Cluster, faces: Sequence[FaceId], hint: PersonId | None, *, doubted: bool
) -> _Draft:
    """Open faces of a group, typical first; a group that tells no places has none in doubt."""
    places = cluster.places or (1.0,) * len(cluster.faces)
    place_of = dict(zip(cluster.faces, places, strict=True))
    faces = sorted(faces, key=lambda face: -place_of[face])
    confidence = 1.0 if cluster.confidence is None else cluster.confidence
    return _Draft(faces, [place_of[face] for face in faces], confidence, hint, doubted)


def _is_nameless(draft: _Draft, part: Sequence[FaceId], truth: Truth) -> bool:
    """Whether people looked at the group that a name would be carried to, and gave it none."""
    if draft.doubted or draft.confidence < SURE or not truth.confirmed.keys().isdisjoint(part):
        return False
    looked_at = (truth.strangers | truth.cannot_tell).intersection(part)
    return len(looked_at) >= min(_LOOKED_AT_ENOUGH, len(draft.faces))


def _named(part: Sequence[FaceId], truth: Truth) -> PersonId | None:
    """Who the confirmed faces among these are, if they agree."""
    named = {truth.confirmed[face].person for face in part if face in truth.confirmed}
    return named.pop() if len(named) == 1 else None


def _thrown_out(part: Collection[FaceId], truth: Truth, foes: Foes) -> set[FaceId]:
    """Faces that people threw out: not the group's person, or apart from its others."""
    people = {truth.confirmed[face].person for face in part if face in truth.confirmed}
    refused = {face for face in part if truth.rejected.get(face, frozenset()) & people}
    inside = set(part)
    return refused | {face for face in part if face in foes and foes[face] & inside}


def _mixed(truth: Truth) -> dict[FaceId, list[int]]:
    """In which of the sets called mixed each face stands."""
    found: dict[FaceId, list[int]] = defaultdict(list)
    for number, faces in enumerate(truth.mixed):
        for face in faces:
            found[face].append(number)
    return found


def _parts(
    faces: Sequence[FaceId],
    mixed: Mapping[FaceId, list[int]],
    rows: FloatRows,
    row_of: Mapping[FaceId, int],
) -> list[list[FaceId]]:
    """The faces of a group, in as few parts as what was called mixed allows."""
    sets: dict[int, list[int]] = defaultdict(list)
    for place, face in enumerate(faces):
        for number in mixed.get(face, ()):
            sets[number].append(place)
    if not sets:
        return [list(faces)]
    given = [np.array(places, dtype=np.intp) for places in sets.values()]
    split = parts(rows[[row_of[face] for face in faces]], given)
    return [[faces[place] for place in part.tolist()] for part in split]


def _means(units: Sequence[_Draft], rows: FloatRows, row_of: Mapping[FaceId, int]) -> FloatRows:
    """Each unit's mean row at length 1, (u, 128)."""
    numbers = np.array([row_of[face] for unit in units for face in unit.faces], dtype=np.intp)
    sizes = np.array([len(unit.faces) for unit in units], dtype=np.intp)
    if not len(sizes):
        return np.empty((0, ENCODING_LENGTH), dtype=np.float32)
    starts = np.cumsum(sizes) - sizes
    return unit_rows(np.add.reduceat(rows[numbers], starts, axis=0))


def _in_photos(state: DeskState) -> dict[PhotoId, dict[PersonId, list[FaceId]]]:
    """Who is on each photo already, by which faces."""
    found: dict[PhotoId, dict[PersonId, list[FaceId]]] = defaultdict(dict)
    confirmed = {face: said.person for face, said in state.truth.confirmed.items()}
    for face, person in (dict(state.truth.carried) | confirmed).items():
        if face in state.photo_of:
            found[state.photo_of[face]].setdefault(person, []).append(face)
    return found


def _refused(
    unit: _Draft, state: DeskState, in_photo: Mapping[PhotoId, Mapping[PersonId, list[FaceId]]]
) -> set[PersonId]:
    """Whom a face of the unit cannot be: as people said, or since they are on its photo already."""
    excepted = state.truth.same_photo_exceptions
    refused = {person for face in unit.faces for person in state.truth.rejected.get(face, ())}
    for face in unit.faces:
        for person, others in in_photo.get(state.photo_of[face], {}).items():
            if not any(frozenset((face, other)) in excepted for other in others):
                refused.add(person)
    return refused


def _people(
    draft: _Draft,
    likeliest: Mapping[PersonId, float],
    refused: Collection[PersonId],
    look_alikes: LookAlikes,
) -> dict[PersonId, float]:
    """The likeliest people whom the unit can be, beside each those who are taken for them."""
    odds = _LEFT_ALONE / len(draft.faces) ** _BY_SIZE
    chances = {who: one * odds / (one * odds + 1 - one) for who, one in likeliest.items()}
    if draft.hint is not None and not draft.doubted:
        right = sum(draft.places) / len(draft.places)
        chances[draft.hint] = max(right, chances.get(draft.hint, 0.0))
    likely = sorted(chances.keys() - refused, key=lambda person: (-chances[person], person))
    offered = [one for one in side_by_side(likely, look_alikes) if one not in refused]
    return {person: chances.get(person, 0.0) for person in offered[:OFFERED_PEOPLE]}


def _is_likely(people: Mapping[PersonId, float], state: DeskState) -> bool:
    """Whether the first of these people is chosen beforehand."""
    likely = next(iter(people.values()), 0.0) >= state.learned.threshold
    return likely and _together(people, state) == 1


def _together(people: Mapping[PersonId, float], state: DeskState) -> int:
    """How many of the first of these people are often taken for the first, who counts, too."""
    first = next(iter(people), None)
    if first is None:
        return 1
    return 1 + len(state.look_alikes.get(first, frozenset()) & people.keys())


def _passed(draft: _Draft, people: Mapping[PersonId, float], state: DeskState) -> set[FaceId]:
    """Faces that are not asked about: they were passed over with the same name, or with none if
    none is likely now.
    """
    passed = state.passed.intersection(draft.faces)
    if not _is_likely(people, state):
        return set(draft.faces if draft.nameless else passed)
    best = next(iter(people))
    return {face for face in passed if best in state.declined.get(face, ())}


def _without(draft: _Draft, passed: Collection[FaceId]) -> _Draft:
    kept = [place for place, face in enumerate(draft.faces) if face not in passed]
    if len(kept) == len(draft.faces):
        return draft
    faces = [draft.faces[place] for place in kept]
    return replace(draft, faces=faces, places=[draft.places[place] for place in kept])


def _unit(draft: _Draft, people: Mapping[PersonId, float], together: int) -> Unit:
    faces, places = tuple(draft.faces), tuple(draft.places)
    return Unit(faces, places, draft.confidence, people, doubted=draft.doubted, together=together)


def _in_order(units: Sequence[Unit], rows: FloatRows, state: DeskState) -> list[Unit]:
    """The largest first; one that may be the same person as an earlier one waits for its name.

    Only units without a name chosen beforehand wait, and are waited for. How likely somebody can
    name a face alone follows from how like it is to any other.
    """
    order = sorted(
        range(len(units)),
        key=lambda u: (-len(units[u].faces), -units[u].confidence, units[u].faces),
    )
    units, rows = [units[u] for u in order], rows[order]
    nameless = [u for u, unit in enumerate(units) if not _is_likely(unit.people, state)]
    nearest, pairs = alike(rows[nameless])
    waits: dict[int, tuple[int, float, bool]] = {}
    said = Said.of(state)
    for one, other, chance in pairs:
        if other not in waits and one not in waits:
            pair = units[nameless[one]].faces, units[nameless[other]].faces
            if not said.apart(*pair):
                waits[one] = other, chance, said.together(*pair)
    found = list(units)
    alone = _known_alone(state)
    for place, u in enumerate(nameless):
        person = next(iter(units[u].people.values()), 0.0)
        known = max(float(nearest[place]), person, alone)
        if len(units[u].faces) > 1:
            known = max(known, units[u].confidence)
        found[u] = replace(units[u], known=known)
        if place in waits:
            other, chance, said_so = waits[place]
            first = units[nameless[other]].faces
            found[u] = replace(found[u], waits_for=first, alike=chance, is_said=said_so)
    return found


def _known_alone(state: DeskState) -> float:
    """How likely somebody knows a face alone, as far as such faces were asked about before."""
    grouped = {face for cluster in state.groups.clusters for face in cluster.faces}
    known = len(state.truth.confirmed.keys() - grouped)
    passed = len(state.passed - grouped)
    return min(_FACE_ALONE, (1 + known) / (_AFTER + known + passed))
