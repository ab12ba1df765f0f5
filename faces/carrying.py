"""Which faces have the name of their group though nobody looked at them, and when no longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from faces.confirmations import Carried, Event, Truth
from faces.records import Cluster, FaceId, PersonId, PhotoId


def carried_in(truth: Truth, said: Iterable[Event]) -> dict[FaceId, PersonId]:
    """The faces to which a name is carried; `truth` knows all but that, and `said` holds at least
    those of its standing events that carry one.

    A name is carried as long as all faces that were shown on that occasion are confirmed to have
    it. A face's own verdict beats it, and so does that the face is not this person. Where the
    newest words of two speakers carry different names to a face, it has none.
    """
    named: dict[FaceId, dict[str, PersonId]] = defaultdict(dict)
    told = (truth.strangers, truth.not_faces, truth.cannot_tell, truth.disputed)
    for event, word in _holding(truth, said):
        person = truth.resolve(word.person)
        for face in word.faces:
            spoken_of = face in truth.confirmed or any(face in faces for faces in told)
            if not spoken_of and person not in truth.rejected.get(face, ()):
                named[face][event.occasion.speaker] = person
    return {
        face: next(iter(by_speaker.values()))
        for face, by_speaker in named.items()
        if len(set(by_speaker.values())) == 1
    }


def once_a_photo(truth: Truth, photo_of: Mapping[FaceId, PhotoId]) -> Truth:
    """The truth without names that are carried to a face of a photo where another face has it.

    Two faces of one photo are two people, unless people said otherwise. `photo_of` needs the faces
    that are carried, and the confirmed ones of the same people.
    """
    people = frozenset(truth.carried.values())
    who = {face: said.person for face, said in truth.confirmed.items() if said.person in people}
    there: dict[tuple[PhotoId, PersonId], list[FaceId]] = defaultdict(list)
    for face, person in (who | dict(truth.carried)).items():
        if face in photo_of:
            there[photo_of[face], person].append(face)
    twice = {
        face
        for faces in there.values()
        for face in faces
        if any(
            face != other and frozenset((face, other)) not in truth.same_photo_exceptions
            for other in faces
        )
    }
    return replace(truth, carried={f: who for f, who in truth.carried.items() if f not in twice})


def split_off(truth: Truth, clusters: Iterable[Cluster]) -> frozenset[FaceId]:
    """Carried faces that are in no cluster with a face from which their name was carried."""
    cluster_of = {face: cluster.id for cluster in clusters for face in cluster.faces}
    kept: set[FaceId] = set()
    for _, word in _holding(truth, truth.standing):
        person = truth.resolve(word.person)
        near = {cluster_of[face] for face in word.shown if face in cluster_of}
        kept.update(
            face
            for face in word.faces
            if truth.carried.get(face) == person and cluster_of.get(face) in near
        )
    return frozenset(truth.carried) - kept


def _holding(truth: Truth, said: Iterable[Event]) -> Iterator[tuple[Event, Carried]]:
    """The words that carry a name which every face that was shown then still has."""
    for event in said:
        word = event.word
        if isinstance(word, Carried):
            person = truth.resolve(word.person)
            confirmed = (truth.confirmed.get(face) for face in word.shown)
            if all(one is not None and one.person == person for one in confirmed):
                yield event, word
