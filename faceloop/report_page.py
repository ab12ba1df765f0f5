"""What the report shows, and the page made of it; every name is escaped by the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from faceloop.pages import rendered
from faceloop.report_map import HEIGHT, WIDTH, FaceMap, label_of, named
from faceloop.report_tiles import Tiles
from faceloop.wording import printable
from faces.cut import Cut
from faces.records import Cluster, ClusterId, FaceId, LooseFace, MergeCandidate

LARGE_SHOWN = 24
"""The largest groups are shown with many tiles."""
MOST_TILES = 40
MOST_SHOWN = 150
"""Further groups, down to this place, are shown with few tiles; the others are counted."""
FEW_TILES = 14
MOST_UNSURE = 12
MOST_PAIRS = 36
MOST_CONTRADICTIONS = 20
_PAIR_TILES = 3
_SURE, _DOUBTFUL = 0.9, 0.5
_DOUBTFUL_FACE = 0.5
_SIZES = ((1, 1), (2, 2), (3, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 999), (1000, None))


@dataclass(frozen=True)
class Known:
    """What the store tells of the current groups; `near` and `loose` have the likeliest first.

    `alone` are faces in no group, `poor` of them were too poor to be grouped. `names` are those
    that people confirmed; `files` has the path of each face's photo.
    """

    clusters: tuple[Cluster, ...]
    near: tuple[MergeCandidate, ...]
    loose: tuple[LooseFace, ...]
    alone: tuple[FaceId, ...]
    poor: int
    photos: int
    names: Mapping[FaceId, str]
    files: Mapping[FaceId, str]
    cut: Cut | None
    run: str
    contradictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """A face; `picture` is "" if its crop is gone."""

    picture: str
    title: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster: its first faces, how many are not shown, and its last faces."""

    number: int
    label: str
    is_named: bool
    confirmed: int
    size: int
    sure_percent: int | None
    level: str
    first: tuple[Tile, ...]
    more: int
    last: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One of two that may be one person: a cluster, or a face in none."""

    label: str
    size: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clusters that may be one person, or a cluster and a face, and how likely."""

    likely_percent: int
    left: Side
    right: Side


@dataclass(frozen=True, slots=True)
class Bar:
    """How many groups have so many faces; `share` of the longest bar, 0 to 1."""

    label: str
    groups: int
    faces: int
    share: float


@dataclass(frozen=True)
class Report:
    """All that the page shows."""

    groups: tuple[Group, ...]
    groups_in_all: int
    left_out: int
    unsure: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    pairs_in_all: int
    bars: tuple[Bar, ...]
    levels: Mapping[str, int]
    faces: int
    alone: int
    poor: int
    photos: int
    people: int
    cut: Cut | None
    run: str
    contradictions: tuple[str, ...]
    contradictions_left_out: int
    map: FaceMap


def report_of(known: Known, face_map: FaceMap, tiles: Tiles) -> Report:
    """Decide what is shown: the largest groups first, of each the typical and doubtful faces."""
    draw = _Drawing(known, tiles)
    shown = list(enumerate(known.clusters[:MOST_SHOWN], start=1))
    inside = sum(len(cluster.faces) for cluster in known.clusters)
    levels = Counter(_level(cluster.confidence) for cluster in known.clusters)
    return Report(
        groups=tuple(
            draw.group(number, cluster, MOST_TILES if number <= LARGE_SHOWN else FEW_TILES)
            for number, cluster in shown
        ),
        groups_in_all=len(known.clusters),
        left_out=max(0, len(known.clusters) - MOST_SHOWN),
        unsure=tuple(draw.least_sure()),
        pairs=tuple(draw.pairs()),
        pairs_in_all=len(known.near) + len(known.loose),
        bars=tuple(_bars(known.clusters)),
        levels={level: levels[level] for level in ("sure", "unsure", "doubtful")},
        faces=inside + len(known.alone),
        alone=len(known.alone),
        poor=known.poor,
        photos=known.photos,
        people=len(set(known.names.values())),
        cut=known.cut,
        run=known.run,
        contradictions=known.contradictions[:MOST_CONTRADICTIONS],
        contradictions_left_out=max(0, len(known.contradictions) - MOST_CONTRADICTIONS),
        map=face_map,
    )


def render(report: Report, *, now: datetime) -> str:
    """The report as one HTML page; `now` is told as it is spoken where the reader is."""
    made = f"{now:%d %B %Y, %H:%M}"
    return rendered("report.html", report=report, made=made, width=WIDTH, height=HEIGHT)


@dataclass(frozen=True)
class _Drawing:
    known: Known
    tiles: Tiles

    def group(self, number: int, cluster: Cluster, most: int) -> Group:
        """A cluster with at most so many tiles: three quarters typical, the rest doubtful ones."""
        in_order = _typical_first(cluster)
        drawn = [self._tile(face, place) for face, place in _ends(in_order, most)]
        last = most // 4 if len(in_order) > most else 0
        name = named(cluster, self.known.names)
        return Group(
            number=number,
            label=label_of(number, cluster, self.known.names),
            is_named=bool(name),
            confirmed=sum(face in self.known.names for face in cluster.faces),
            size=len(cluster.faces),
            sure_percent=_percent(cluster.confidence),
            level=_level(cluster.confidence),
            first=tuple(drawn[: len(drawn) - last]),
            more=len(in_order) - len(drawn),
            last=tuple(drawn[len(drawn) - last :]),
        )

    def least_sure(self) -> Iterable[Group]:
        """The clusters that are worth a look first; nothing if all are sure."""
        rated = [
            (cluster.confidence, number, cluster)
            for number, cluster in enumerate(self.known.clusters, start=1)
            if cluster.confidence is not None and cluster.confidence < _DOUBTFUL
        ]
        for _, number, cluster in sorted(rated, key=lambda one: one[:2])[:MOST_UNSURE]:
            yield self.group(number, cluster, FEW_TILES)

    def pairs(self) -> Iterable[Pair]:
        """What may be one person: the likeliest pairs of clusters, or of a cluster and a face."""
        numbered: dict[ClusterId, tuple[int, Cluster]] = {
            cluster.id: (number, cluster)
            for number, cluster in enumerate(self.known.clusters, start=1)
        }
        found: list[MergeCandidate | LooseFace] = [*self.known.near, *self.known.loose]
        for pair in sorted(found, key=lambda pair: -pair.score)[:MOST_PAIRS]:
            if isinstance(pair, MergeCandidate):
                left, right = (self._side(*numbered[one]) for one in (pair.first, pair.second))
            else:
                left, right = self._side(*numbered[pair.cluster]), self._alone(pair.face)
            yield Pair(round(100 * pair.score), left, right)

    def _side(self, number: int, cluster: Cluster) -> Side:
        typical = _typical_first(cluster)[:_PAIR_TILES]
        label = label_of(number, cluster, self.known.names)
        drawn = tuple(self._tile(face, None) for face, _ in typical)
        return Side(label, len(cluster.faces), drawn)

    def _alone(self, face: FaceId) -> Side:
        return Side(self.known.names.get(face, "In no group"), 1, (self._tile(face, None),))

    def _tile(self, face: FaceId, place: float | None) -> Tile:
        doubtful = place is not None and place < _DOUBTFUL_FACE
        title = printable(PurePath(self.known.files.get(face, "")).name)
        return Tile(self.tiles.of(face), title, doubtful)


def _typical_first(cluster: Cluster) -> list[tuple[FaceId, float | None]]:
    """The faces with their places, the most typical first."""
    if not cluster.places:
        return [(face, None) for face in cluster.faces]
    placed = zip(cluster.faces, cluster.places, strict=True)
    return [(face, place) for face, place in sorted(placed, key=lambda one: -one[1])]


def _ends(
    in_order: Sequence[tuple[FaceId, float | None]], most: int
) -> list[tuple[FaceId, float | None]]:
    if len(in_order) <= most:
        return list(in_order)
    last = most // 4
    return [*in_order[: most - last], *in_order[-last:]]


def _bars(clusters: Sequence[Cluster]) -> Iterable[Bar]:
    """Groups by their number of faces, from the smallest to the largest."""
    if not clusters:
        return
    counts = [
        [len(c.faces) for c in clusters if low <= len(c.faces) <= (high or len(c.faces))]
        for low, high in _SIZES
    ]
    longest = max((len(sizes) for sizes in counts), default=0)
    there = [place for place, sizes in enumerate(counts) if sizes]
    shown = slice(there[0], there[-1] + 1)
    for (low, high), sizes in list(zip(_SIZES, counts, strict=True))[shown]:
        label = f"{low:,}+" if high is None else f"{low}" if low == high else f"{low}-{high}"
        yield Bar(label, len(sizes), sum(sizes), len(sizes) / longest)


def _level(confidence: float | None) -> str:
    if confidence is None:
        return "unrated"
    return "sure" if confidence >= _SURE else "unsure" if confidence >= _DOUBTFUL else "doubtful"


def _percent(confidence: float | None) -> int | None:
    """Rounded down: nothing but certainty is 100 %."""
    return None if confidence is None else int(100 * confidence)
