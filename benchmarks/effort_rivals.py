"""Naming faces without a desk: photo after photo, and cluster after cluster, as photo tools do.

Both start from plain DBSCAN on plain encodings, with two faces enough for a cluster, at the eps
whose BCubed F is best on these very people. Their annotator knows as much as ours, overlooks
nothing, and each answer helps with the very next one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.clustering_rivals import dbscan_labels, links_of
from benchmarks.clustering_scores import Labels, scores
from benchmarks.effort_annotator import Price
from benchmarks.effort_data import Collection
from faces.records import FaceId

MIN_SAMPLES = 2
_HOPELESS = 0.5
"""Larger radii are not tried once the score has fallen to this share of the best."""

Curve = list[tuple[int, int]]
"""Actions so far, and how many faces are right by then."""


class Named:
    """Names on faces, and how many are right at any time; strangers are right without one."""

    def __init__(self, collection: Collection) -> None:
        """No face has a name."""
        self.price = Price()
        self.curve: Curve = []
        self._person_of = collection.person_of
        self._faces = len(collection.faces)
        self._names: dict[FaceId, str] = {}
        self._right = self._faces - len(collection.person_of)
        self._heard: set[str] = set()
        self.people = collection.people

    def name(self, face: FaceId, name: str | None) -> None:
        """Put a name on a face, or take it away."""
        truth = self._person_of.get(face)
        before = self._names.pop(face, None)
        if name is not None:
            self._names[face] = name
        self._right += (name == truth) - (before == truth)

    def pay_for(self, name: str) -> None:
        """A name is typed the first time, and chosen from then on."""
        if name in self._heard:
            self.price.chosen()
        else:
            self._heard.add(name)
            self.price.typed(name)

    def submit(self) -> None:
        """An answer is sent."""
        self.price.submitted()
        self.note()

    def note(self) -> None:
        """Remember how far it is."""
        self.curve.append((self.price.actions, self._right))

    def figures(self) -> dict[str, float]:
        """The same keys as ours."""
        return {
            "faces": self._faces,
            "people": self.people,
            "actions": self.price.actions,
            "actions_per_face": self.price.actions / max(self._faces, 1),
            "share_right": self._right / max(self._faces, 1),
            "confirmed": len(self._names),
            "carried": 0,
            "keys_and_clicks": self.price.keys,
            "tiles": self.price.tiles,
            **{f"clicks_{kind}": count for kind, count in sorted(self.price.clicks.items())},
        }


Rival = Callable[[Collection, Labels], Named]


def best_dbscan(collection: Collection) -> Labels:
    """The clusters at the eps that suits these people best, noise as clusters of one, (n,)."""
    who = [collection.person_of.get(face, face) for face in collection.faces]
    _, truth = np.unique(who, return_inverse=True)
    links = links_of(collection.encodings.plain)
    best: Labels = np.arange(len(truth))
    best_f = 0.0
    for eps in links.radii:
        labels = dbscan_labels(links, eps, min_samples=MIN_SAMPLES)
        f = scores(truth, labels)["bcubed_f"]
        if f > best_f:
            best, best_f = labels, f
        if f < _HOPELESS * best_f:
            break
    return best


def one_by_one(collection: Collection, labels: Labels) -> Named:
    """Photo after photo: each face is proposed whom most named faces of its cluster are.

    A proposal that is right costs nothing, any other face that has a name, or a wrong one, one
    choice; each photo is submitted once.
    """
    named = Named(collection)
    cluster_of = dict(zip(collection.faces, labels.tolist(), strict=True))
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    photos: dict[str, list[FaceId]] = defaultdict(list)
    for face in collection.faces:
        photos[collection.photo_of[face]].append(face)
    for faces in photos.values():
        for face in faces:
            truth = collection.person_of.get(face)
            seen = votes[cluster_of[face]]
            proposed = min(seen, key=lambda name: (-seen[name], name), default=None)
            if truth is None and proposed is not None:
                named.price.chosen()
            elif truth is not None and truth != proposed:
                named.pay_for(truth)
            named.name(face, truth)
            if truth is not None:
                seen[truth] += 1
            named.price.tiles += 1
        named.submit()
    return named


def cluster_and_merge(collection: Collection, labels: Labels) -> Named:
    """Cluster after cluster, the largest first, as photo tools do it.

    A cluster of a new person is named (a name and a submit), a further one of theirs merged into
    the first (a choice and a submit), wrong faces and faces alone are moved one at a time. Where
    moving all faces that have names is cheaper than naming the cluster, that is done.
    """
    named = Named(collection)
    clusters: dict[int, list[FaceId]] = defaultdict(list)
    for face, label in zip(collection.faces, labels.tolist(), strict=True):
        clusters[label].append(face)
    moved: list[FaceId] = []
    known: set[str] = set()
    for faces in sorted(clusters.values(), key=lambda faces: (-len(faces), faces)):
        who = Counter(collection.person_of[face] for face in faces if face in collection.person_of)
        person = min(who, key=lambda name: (-who[name], name), default=None)
        strangers = len(faces) - who.total()
        named.price.tiles += len(faces)
        alone = 0 if person is None else who[person] + (person not in known)
        if person is None or 2 + strangers >= alone:
            moved += [face for face in faces if face in collection.person_of]
            continue
        _name_cluster(named, faces, person, collection.person_of)
        known.add(person)
        moved += [f for f in faces if collection.person_of.get(f, person) != person]
    for face in moved:
        person = collection.person_of[face]
        if person in known:
            named.price.marked()
            named.name(face, person)
            named.note()
        else:
            _name_cluster(named, [face], person, collection.person_of)
            known.add(person)
    return named


def _name_cluster(
    named: Named, faces: Sequence[FaceId], person: str, person_of: Mapping[FaceId, str]
) -> None:
    """One answer names all; strangers in it are thrown out one at a time."""
    named.pay_for(person)
    for face in faces:
        named.name(face, person)
    named.submit()
    for face in faces:
        if face not in person_of:
            named.price.marked()
            named.name(face, None)


RIVALS: Mapping[str, Rival] = {"one_by_one": one_by_one, "cluster_and_merge": cluster_and_merge}
