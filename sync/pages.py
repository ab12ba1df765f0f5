"""Which faces of a cluster are asked about on a page, and who they could all be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from faces.confirmations import Truth
from faces.records import Cluster, FaceId, PersonId, PhotoId
from sync.montage import PAGE_TILES
from sync.proposing import Guesses

TYPICAL_TILES = 10
"""Of a large cluster so many typical faces are shown; the rest of the page are doubtful ones."""
_LIKELY = 0.5
"""A cluster that is at least so likely one person need not be shown whole."""


def said_to_be_several(truth: Truth) -> frozenset[FaceId]:
    """Faces that were said not to be one person with others beside them."""
    mixed = {face for faces in truth.mixed for face in faces}
    return frozenset(mixed | {face for pair in truth.apart for face in pair})


def open_pages(
    cluster: Cluster,
    photo_of: Mapping[FaceId, PhotoId],
    left_out: frozenset[FaceId],
    doubted: Set[FaceId],
) -> Iterator[tuple[tuple[FaceId, ...], tuple[FaceId, ...]]]:
    """The unsettled faces of a cluster that are shown, and those that are only counted with them.

    Of more than a page, if it is likely one person, the most typical and the most doubtful are
    shown on one. Otherwise all are, page by page; settling one page changes no other.
    """
    still_open = tuple(face for face in cluster.faces if face in photo_of and face not in left_out)
    is_likely_one = (cluster.confidence or 0) >= _LIKELY and doubted.isdisjoint(cluster.faces)
    if is_likely_one and len(still_open) > PAGE_TILES:
        last = TYPICAL_TILES - PAGE_TILES
        yield (
            (*still_open[:TYPICAL_TILES], *still_open[last:]),
            still_open[TYPICAL_TILES:last],
        )
        return
    for start in range(0, len(cluster.faces), PAGE_TILES):
        page = cluster.faces[start : start + PAGE_TILES]
        unsettled = tuple(face for face in page if face in photo_of and face not in left_out)
        if unsettled:
            yield unsettled, ()


def outsiders(cluster: Cluster, truth: Truth) -> frozenset[FaceId]:
    """Faces that somebody threw out of this cluster: not its person, or apart from its others."""
    inside = set(cluster.faces)
    people = {truth.confirmed[face].person for face in inside if face in truth.confirmed}
    rejected = {face for face in inside if truth.rejected.get(face, frozenset()) & people}
    apart = {face for face, other in truth.apart if face in inside and other in inside}
    return frozenset(rejected | apart)


def agreed(faces: Sequence[FaceId], truth: Truth, guesses: Guesses) -> PersonId | None:
    """Whom more than half of the faces are proposed to be, if none was said not to be them.

    A chosen name is said of every tile with one key: what was refused would be forgotten.
    """
    proposed = (guesses.proposals[face].person for face in faces if face in guesses.proposals)
    votes = Counter(person for person in proposed if person is not None)
    if not votes:
        return None
    person, count = min(votes.items(), key=lambda vote: (-vote[1], vote[0]))
    if any(person in truth.rejected.get(face, ()) for face in faces):
        return None
    return person if 2 * count > len(faces) else None


def likeliest_of_all(faces: Sequence[FaceId], guesses: Guesses) -> list[PersonId]:
    """Whom the faces could be, by the sum of one over each person's place with each face."""
    points: dict[PersonId, float] = defaultdict(float)
    for face in faces:
        for place, person in enumerate(guesses.likeliest.get(face, ()), start=1):
            points[person] += 1 / place
    return sorted(points, key=lambda person: (-points[person], person))
