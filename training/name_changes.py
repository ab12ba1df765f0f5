"""Whose name the machine would change if another version came into use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faces.identify import Identifier
from faces.proposing import guess
from faces.records import FaceId, PersonId, PhotoId, Proposal
from faces.showing import name_of
from faces.store import clusters as cluster_store
from faces.store import log, photos

if TYPE_CHECKING:
    from faces.confirmations import Truth
    from faces.store.database import Store
    from faces.versions import ModelVersion

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class NameChange:
    """A face that nobody answered for, the photo as people know it, and both names."""

    face: FaceId
    photo: str
    before: str
    after: str


def name_changes(
    store: Store, network: str, before: ModelVersion | None, after: ModelVersion
) -> list[NameChange]:
    """The open faces whose proposed name would be another with the version `after`."""
    with store.read() as connection:
        truth = log.truth(connection)
        asked = [one.network if one and one.onnx else network for one in (before, after)]
        encodings = [photos.encodings(connection, one) for one in asked]
        clusters = cluster_store.clusters(connection)
        photo_of = {face.id: face.photo for face in photos.faces(connection)}
        paths = photos.paths_of_photos(connection)
    names: list[Mapping[FaceId, str]] = []
    for version, seen in zip((before, after), encodings, strict=True):
        told = None if version is None else Identifier(version).heeding(truth)
        proposals = guess(seen, truth, clusters, run="", identifier=told).proposals
        known = {} if version is None else {one.id: one.name for one in version.people}
        names.append(_names(seen.faces, proposals, truth, known))
    shown = _paths(photo_of, paths)
    return sorted(
        (
            NameChange(face, shown[face], old, names[1][face])
            for face, old in names[0].items()
            if names[1].get(face, old) != old
        ),
        key=lambda change: (change.before, change.after, change.face),
    )


def told_changes(changes: Sequence[NameChange]) -> Iterator[str]:
    """How many faces would change, between which names, and some examples; in lines."""
    if not changes:
        yield "no face without an answer would get another name"
        return
    faces = "1 face" if len(changes) == 1 else f"{len(changes):,} faces"
    kinds = Counter((change.before, change.after) for change in changes)
    listed = [f"{old} → {new}: {count:,}" for (old, new), count in kinds.most_common(_EXAMPLES)]
    more = "" if len(kinds) <= _EXAMPLES else f" and {len(kinds) - _EXAMPLES:,} more"
    yield f"{faces} without an answer would get another name ({'; '.join(listed)}{more})"
    for change in changes[:_EXAMPLES]:
        yield f"  {change.photo}: {change.before} → {change.after}"


def _names(
    faces: Sequence[FaceId],
    proposals: Mapping[FaceId, Proposal],
    truth: Truth,
    known: Mapping[PersonId, str],
) -> dict[FaceId, str]:
    """What each open face is called by the machine."""
    return {
        face: name_of(proposals[face].person if face in proposals else None, truth, learned=known)
        for face in faces
        if face not in truth.settled
    }


def _paths(photo_of: Mapping[FaceId, PhotoId], paths: Mapping[PhotoId, str]) -> dict[FaceId, str]:
    """What people know each face's photo by; one without a file by the start of its id."""
    return {face: paths.get(photo, photo[:12]) for face, photo in photo_of.items()}
