"""What an annotation in Label Studio says, as words for the log: the table of meanings, as code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from faces.confirmations import (
    Carried,
    Decided,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    PairUnsure,
    PhotoTurned,
    Verdict,
    Word,
)
from faces.errors import BadName
from faces.name_book import NameBook
from faces.records import SAME_FACE_IOU, Box, Face, FaceId, face_id_of_region
from faces.studio_answers import BoxAnswer, PhotoAnswer
from faces.studio_format import BoxVerdict, ClusterVerdict, Tile
from faces.studio_people import SameVerdict
from faces.studio_rows import PageAnswer, PeopleAnswer

MOVED_PX = 1.0
"""A box that moved less than this was not moved by a person: percent and pixels round."""


@dataclass(frozen=True)
class Said:
    """What an annotation says, the faces whose boxes it drew or moved, and names that cannot be.

    `question` is what has to be asked again where an answer contradicts itself.
    """

    words: tuple[Word, ...]
    drawn: tuple[Face, ...] = ()
    problems: tuple[str, ...] = ()
    question: str = ""


def words_of_page_answer(answer: PageAnswer, names: NameBook) -> Said:
    """What an annotation of a montage says; boxes that it draws are a problem, and left out."""
    said = [words_of_people_answer(row, names) for row in answer.rows]
    if answer.pair is not None and not any(one.problems for one in said):
        said.append(Said(tuple(_words_of_pair(answer.pair, *answer.rows))))
    problems = [problem for one in said for problem in one.problems]
    if answer.drawn:
        boxes = "1 box was" if answer.drawn == 1 else f"{answer.drawn} boxes were"
        problems.append(
            f"{boxes} drawn here and left out; a face that was missed is drawn in its photo"
        )
    return Said(
        tuple(word for one in said for word in one.words),
        problems=tuple(dict.fromkeys(problems)),
        question=" ".join(dict.fromkeys(one.question for one in said if one.question)),
    )


def _words_of_pair(pair: SameVerdict, one: PeopleAnswer, other: PeopleAnswer) -> list[Word]:
    """Whether two rows are one person; a name, which is said already, says that they are."""
    first, second = (tuple(_tiles(row, Tile.SAME_PERSON)) for row in (one, other))
    if not first or not second or one.name is not None:
        return []
    if pair is SameVerdict.ONE_PERSON:
        return [FacesTogether(first + second)]
    if pair is SameVerdict.CANNOT_TELL:
        return [PairUnsure(first, second)]
    return [FacesApart(face, second) for face in first]


def words_of_people_answer(answer: PeopleAnswer, names: NameBook) -> Said:
    """What is said of the tiles of one row that are still there.

    A verdict such as *stranger* beats a name that is only chosen, for we may have chosen it
    ourselves; beside a typed name it contradicts, which is a problem, says nothing and is asked
    again, as are several names for one row. So is a name that cannot be anybody's, and the rest is
    read as if none were given.
    """
    contradiction = answer.contradiction
    if answer.verdict is not None and answer.typed and answer.name is not None:
        contradiction = (answer.verdict.value, answer.name)
    if contradiction:
        problem = f"{' and '.join(contradiction)} contradict each other"
        question = f"Last time this was answered {' and '.join(contradiction)}: which?"
        return Said((), problems=(problem,), question=question)
    said = _said_of_tiles(answer, names)
    return replace(said, words=tuple(_decided(word, answer.disputed) for word in said.words))


def _decided(word: Word, disputed: frozenset[FaceId]) -> Word:
    """The same word; on a face that was asked again because people disagree it decides."""
    if isinstance(word, FaceVerdict) and word.face in disputed:
        return Decided(word.face, word.verdict, word.person)
    return word


def _said_of_tiles(answer: PeopleAnswer, names: NameBook) -> Said:
    if (
        answer.verdict is not None
        or answer.name is None
        or set(answer.tiles.values()) <= {Tile.NOT_A_FACE}
    ):
        return Said(tuple(_words_without_name(answer)))
    try:
        person, words = names.person(answer.name, answer.meant)
    except BadName as problem:
        question = f"Last time {problem}."
        return Said(tuple(_words_without_name(answer)), (), (str(problem),), question)
    words += [FaceVerdict(face, Verdict.IS, person) for face in _tiles(answer, Tile.SAME_PERSON)]
    words += [
        FaceVerdict(face, Verdict.IS_NOT, person) for face in _tiles(answer, Tile.SOMEONE_ELSE)
    ]
    if answer.carried and set(answer.tiles.values()) == {Tile.SAME_PERSON}:
        words.append(Carried(answer.carried, person, tuple(answer.tiles)))
    return Said((*words, *_all(_tiles(answer, Tile.NOT_A_FACE), Verdict.NOT_A_FACE)))


def _words_without_name(answer: PeopleAnswer) -> list[Word]:
    same = _tiles(answer, Tile.SAME_PERSON)
    if answer.verdict is ClusterVerdict.NOT_FACES:
        return _all(list(answer.tiles), Verdict.NOT_A_FACE)
    said_of_same = {
        ClusterVerdict.STRANGER: Verdict.STRANGER,
        ClusterVerdict.CANNOT_TELL: Verdict.CANNOT_TELL,
    }
    verdict = said_of_same.get(answer.verdict) if answer.verdict else None
    words = _all(same, verdict) if verdict else []
    if answer.verdict is ClusterVerdict.MIXED and len(same) > 1:
        words.append(NotOnePerson(tuple(same)))
    words += [FacesApart(face, tuple(same)) for face in _tiles(answer, Tile.SOMEONE_ELSE) if same]
    return words + _all(_tiles(answer, Tile.NOT_A_FACE), Verdict.NOT_A_FACE)


def _tiles(answer: PeopleAnswer, said: Tile) -> list[FaceId]:
    return [face for face, tile in answer.tiles.items() if tile is said]


def words_of_photo_answer(
    answer: PhotoAnswer, known: Mapping[FaceId, Face], names: NameBook
) -> Said:
    """What an annotation of a photo says; `known` are the photo's faces.

    A box drawn over a known face that has no box of its own here is that same face, moved. A box
    with a name that cannot be anybody's is a problem and says nothing.

    Who turns a photo has looked at how it lies and not at every name that we proposed for faces
    lying on their side: only what they did to a box counts then.
    """
    words: list[Word] = []
    drawn: list[Face] = []
    problems: list[str] = []
    boxed = {box.region for box in answer.boxes}
    free = {face: one.box for face, one in known.items() if face not in boxed}
    for box in answer.boxes:
        if box.untouched and answer.upright is not None:
            free.pop(FaceId(box.region), None)
            continue
        face = _face_of_box(box, answer, known, free)
        free.pop(face.id, None)
        before = known.get(face.id)
        if before is None or (not box.untouched and _moved(before.box, face.box)):
            drawn.append(face)
        try:
            words += _words_of_box(box, face.id, names)
        except BadName as problem:
            problems.append(str(problem))
    words += _all([face for face in answer.deleted if face in free], Verdict.NOT_A_FACE)
    if answer.upright is not None:
        words.append(PhotoTurned(answer.photo, answer.upright))
    return Said(tuple(words), tuple(drawn), tuple(problems))


def _words_of_box(box: BoxAnswer, face: FaceId, names: NameBook) -> list[Word]:
    if box.verdict is not None:
        said = {
            BoxVerdict.STRANGER: Verdict.STRANGER,
            BoxVerdict.NOT_A_FACE: Verdict.NOT_A_FACE,
            BoxVerdict.CANNOT_TELL: Verdict.CANNOT_TELL,
        }
        return [FaceVerdict(face, said[box.verdict])]
    if box.name is None:
        return []
    person, words = names.person(box.name, box.meant)
    return [*words, FaceVerdict(face, Verdict.IS, person)]


def _face_of_box(
    box: BoxAnswer,
    answer: PhotoAnswer,
    known: Mapping[FaceId, Face],
    free: Mapping[FaceId, Box],
) -> Face:
    """The face that a box is about: proposed, drawn over one that has no box here, or new."""
    face = FaceId(box.region)
    if face in known:
        return Face(face, answer.photo, box.box, known[face].score, drawn=known[face].drawn)
    again = face_id_of_region(answer.photo, box.region)
    if again in known:
        return Face(again, answer.photo, box.box, known[again].score, drawn=known[again].drawn)
    over = [(where.overlap(box.box), face) for face, where in free.items()]
    best, over_face = max(over, default=(0.0, face))
    if best >= SAME_FACE_IOU:
        before = known[over_face]
        return Face(over_face, answer.photo, box.box, before.score, drawn=before.drawn)
    return Face(again, answer.photo, box.box, 1.0, drawn=True)


def _moved(before: Box, after: Box) -> bool:
    changes = (
        before.left - after.left,
        before.top - after.top,
        before.right - after.right,
        before.bottom - after.bottom,
    )
    return max(map(abs, changes)) > MOVED_PX


def _all(faces: list[FaceId], verdict: Verdict) -> list[Word]:
    return [FaceVerdict(face, verdict) for face in faces]
