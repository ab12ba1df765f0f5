"""Which name each face of a photo is shown with; a decision over records, nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from faces.confirmations import Truth
from faces.forgotten import is_forgotten
from faces.identify import Identifier, look_alikes_known, respecting
from faces.records import (
    ENCODING_LENGTH,
    Encodings,
    Face,
    FaceId,
    FloatRows,
    PersonId,
    Photo,
    Proposal,
)
from faces.showing import name_of, shown_face
from faces.store.photos import ReadPhoto
from faces.studio_format import UNKNOWN, ShownFace, photo_prediction
from faces.suggestions import Suggestion
from faces.turning import turned_face, turned_photo


@dataclass(frozen=True)
class Moment:
    """The state that one request works with: the round, the model in use, what people said.

    `standing` are the proposals that the last push stored for the faces in question, `suggested` is
    what visitors of the app say of faces.
    """

    round: str
    identifier: Identifier | None
    truth: Truth
    standing: Mapping[FaceId, Proposal] = field(default_factory=dict)
    suggested: Mapping[FaceId, Suggestion] = field(default_factory=dict)

    def proposals(self, encodings: Encodings) -> list[Proposal]:
        """The machine's guess for each face, in the order of the encodings, as people allow it.

        Before the first model version it is what stands; afterwards, where the version names
        nobody, so is somebody whom it does not know, having been named since. Whom nobody names
        any more is nobody, though that was pushed before.
        """
        standing = [self._standing(face) for face in encodings.faces]
        if self.identifier is None:
            return self.allowed(standing)
        known = {None, *(self.truth.resolve(p.id) for p in self.identifier.version.people)}
        guessed = self.identifier.propose(encodings)
        chosen = [
            since if guess.person is None and since.person not in known else guess
            for guess, since in zip(guessed, standing, strict=True)
        ]
        return self.allowed(chosen)

    def _standing(self, face: FaceId) -> Proposal:
        found = self.standing.get(face, _nobody(face))
        is_gone = found.person is not None and is_forgotten(found.person, self.truth)
        return _nobody(face) if is_gone else found

    def allowed(self, proposals: Iterable[Proposal]) -> list[Proposal]:
        """These proposals as people allow them."""
        version = None if self.identifier is None else self.identifier.version
        return respecting(proposals, self.truth, look_alikes_known(self.truth, version))

    def named(self, proposal: Proposal) -> tuple[str, float]:
        """The name that a proposal comes to and how sure it is; 0 if nobody is named."""
        name = name_of(proposal.person, self.truth, learned=self.learned())
        return name, 0.0 if name == UNKNOWN else round(proposal.score, 3)

    def learned(self) -> dict[PersonId, str]:
        """What the people of the model in use were called when it learned them."""
        people = () if self.identifier is None else self.identifier.version.people
        return {person.id: person.name for person in people}


def as_shown(read: ReadPhoto, turned: int) -> ReadPhoto:
    """A photo as a task shows it, which may have been made before people turned the photo."""
    quarters = turned - read.photo.turned
    faces = tuple(turned_face(face, quarters, read.photo) for face in read.faces)
    return replace(read, photo=turned_photo(read.photo, quarters), faces=faces)


def predictions(seen: Sequence[ReadPhoto], moment: Moment) -> list[dict[str, object]]:
    """One prediction for each photo, in order; all faces are identified in one batch.

    Raises:
        SetupError: the model in use knows the encodings of another network.
    """
    guessed = moment.proposals(_together([one.encodings for one in seen])) if seen else []
    proposal_of = {proposal.face: proposal for proposal in guessed}
    return [
        photo_prediction(
            shown_faces(one.faces, proposal_of, moment, photo=one.photo),
            width_px=one.photo.width_px,
            height_px=one.photo.height_px,
            version=moment.round,
        )
        for one in seen
    ]


def shown_faces(
    faces: Iterable[Face],
    proposal_of: Mapping[FaceId, Proposal],
    moment: Moment,
    *,
    photo: Photo,
) -> list[ShownFace]:
    """The faces of a photo with their names; what was said to be no face is left out.

    A confirmed face has its person's name, a stranger none; of the others the machine speaks. A
    photo shows the same whether its prediction was pushed or asked for.
    """
    learned = moment.learned()
    return [
        shown_face(
            face,
            proposal_of.get(face.id),
            moment.truth,
            learned=learned,
            suggested=moment.suggested.get(face.id),
        )
        for face in faces
        if face.id not in moment.truth.not_faces and _is_inside(face, photo)
    ]


def _is_inside(face: Face, photo: Photo) -> bool:
    box = face.box
    return (
        box.left < photo.width_px and box.top < photo.height_px and min(box.right, box.bottom) > 0
    )


def _nobody(face: FaceId) -> Proposal:
    return Proposal(face, None, 0.0, "")


def _together(parts: Sequence[Encodings]) -> Encodings:
    """All encodings in one set; a face that stands in several parts counts once."""
    rows: dict[FaceId, tuple[FloatRows, FloatRows]] = {
        face: (part.plain[row], part.mirrored[row])
        for part in parts
        for row, face in enumerate(part.faces)
    }
    shape = (len(rows), ENCODING_LENGTH)
    plain = np.array([both[0] for both in rows.values()], dtype=np.float32).reshape(shape)
    mirrored = np.array([both[1] for both in rows.values()], dtype=np.float32).reshape(shape)
    return Encodings(parts[0].network, tuple(rows), plain, mirrored)
