"""The map of the report: the encodings in two dimensions, so that faces alike lie side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.records import Cluster, FaceId, FloatRows

WIDTH, HEIGHT = 1000, 620
"""Of the map, in its own units."""
MOST_FACES = 2_500
"""So many faces are drawn; of more, chosen ones."""
_MARGIN = 34
_HEADROOM = 34
"""Above the highest face there is room for a portrait."""
_FEW_FACES = 12
_PERPLEXITY = 30.0
_ROUNDS, _ANGLE = 600, 0.7
"""Of t-SNE: as good to look at as its defaults, in half the time."""
_PORTRAITS = 60
_PORTRAIT_APART = 42.0
_ABOVE = 28.0
_GOLDEN_ANGLE = 137.508
_SEED = 0

Places = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dots:
    """The faces of one group on the map; `hue` in degrees, None for faces in no group."""

    label: str
    hue: int | None
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    """The most typical face of a group, drawn above its faces."""

    label: str
    name: str
    hue: int
    x: float
    y: float
    picture: str


@dataclass(frozen=True, slots=True)
class FaceMap:
    """What is drawn: of `faces` those that were chosen, by group."""

    dots: tuple[Dots, ...]
    portraits: tuple[Portrait, ...]
    drawn: int


def sample(faces: Sequence[FaceId]) -> list[FaceId]:
    """The faces that a map shows, in order: all, or as many as can be looked at, by chance."""
    ordered = sorted(faces)
    if len(ordered) <= MOST_FACES:
        return ordered
    rng = np.random.default_rng(_SEED)
    chosen = np.sort(rng.choice(len(ordered), MOST_FACES, replace=False))
    return [ordered[place] for place in chosen]


def draw_map(
    faces: Sequence[FaceId],
    rows: FloatRows,
    clusters: Sequence[Cluster],
    *,
    names: Mapping[FaceId, str],
    picture_of: Callable[[FaceId], str],
) -> FaceMap:
    """Lay the faces out by their rows, (n, d) of length 1, and draw them by group."""
    places = _on_the_page(lay_out(rows))
    where = {face: (float(x), float(y)) for face, (x, y) in zip(faces, places, strict=True)}
    dots: list[Dots] = []
    portraits: list[Portrait] = []
    left = dict(where)
    for number, cluster in enumerate(clusters, start=1):
        there = [face for face in cluster.faces if face in where]
        if not there:
            continue
        label = label_of(number, cluster, names)
        hue = round(number * _GOLDEN_ANGLE) % 360
        dots.append(Dots(label, hue, tuple(left.pop(face) for face in there)))
        x, y = _above([where[face] for face in there])
        has_room = len(portraits) < _PORTRAITS and _has_room(x, y, portraits)
        if has_room and (picture := picture_of(_most_typical(cluster))):
            portraits.append(Portrait(label, named(cluster, names), hue, x, y, picture))
    if left:
        dots.insert(0, Dots("In no group", None, tuple(left.values())))
    return FaceMap(tuple(dots), tuple(portraits), len(faces))


def named(cluster: Cluster, names: Mapping[FaceId, str]) -> str:
    """The names that people confirmed in a group, the most frequent first; "" without any."""
    confirmed = [names[face] for face in cluster.faces if face in names]
    return ", ".join(sorted(set(confirmed), key=lambda name: (-confirmed.count(name), name)))


def label_of(number: int, cluster: Cluster, names: Mapping[FaceId, str]) -> str:
    """How the report calls a group."""
    return named(cluster, names) or f"Group {number}"


def lay_out(rows: FloatRows) -> Places:
    """Two dimensions for rows of many, (n, d) -> (n, 2), near ones near each other.

    By t-SNE (van der Maaten and Hinton 2008), which keeps neighbours together and says nothing of
    great distances; a handful of faces, or faces all alike, by their principal axes.
    """
    if len(rows) <= _FEW_FACES or float(np.ptp(rows, axis=0).max()) < 1e-6:
        return _principal_axes(rows)
    from sklearn.manifold import TSNE  # takes a second, which no other command has to wait
    from threadpoolctl import threadpool_limits

    shape = TSNE(
        perplexity=min(_PERPLEXITY, (len(rows) - 1) / 3),
        init="pca",
        max_iter=_ROUNDS,
        angle=_ANGLE,
        random_state=_SEED,
    )
    with threadpool_limits(limits=1):  # so small a task's threads only wait for one another
        return np.asarray(shape.fit_transform(rows), np.float64)


def _principal_axes(rows: FloatRows) -> Places:
    places = np.zeros((len(rows), 2))
    if len(rows) > 1:
        centred = rows - rows.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        found = centred @ axes[:2].T
        places[:, : found.shape[1]] = found
    return places


def _on_the_page(places: Places) -> Places:
    """The same places, filling the map."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.where(high - low > 1e-9, high - low, np.inf)
    corner = np.array([_MARGIN, _MARGIN + _HEADROOM])
    room = np.array([WIDTH - _MARGIN, HEIGHT - _MARGIN]) - corner
    scaled = (places - low) / size * room + corner
    middle = corner + room / 2
    return np.round(np.where(np.isinf(size), middle, scaled), 1)


def _most_typical(cluster: Cluster) -> FaceId:
    if not cluster.places:
        return cluster.faces[0]
    return cluster.faces[int(np.argmax(cluster.places))]


def _above(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where a group's portrait goes: above that face which is in the middle of all others."""
    points = np.array(places)
    inner = points[np.argmin(np.hypot(*(points - np.median(points, axis=0)).T))]
    near = points[np.abs(points - inner).max(axis=1) < _ABOVE]
    return float(inner[0]), round(float(near[:, 1].min()) - _ABOVE, 1)


def _has_room(x: float, y: float, portraits: Sequence[Portrait]) -> bool:
    return all(np.hypot(x - other.x, y - other.y) >= _PORTRAIT_APART for other in portraits)
