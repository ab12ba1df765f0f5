"""Words of the log as Hypothesis draws them: a few faces, people, speakers and places."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from faces.confirmations import (
    Carried,
    Decided,
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    NotOnePerson,
    Occasion,
    PairUnsure,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    PhotoTurned,
    Retracted,
    Revised,
    SamePhotoException,
    Verdict,
    Word,
)
from faces.records import FaceId, PersonId, PhotoId

START = datetime(2026, 1, 1, tzinfo=UTC)

ALL_FACES = [FaceId(f"f{number}") for number in range(4)]
faces = st.sampled_from(ALL_FACES)
people = st.sampled_from([PersonId(f"p{number}") for number in range(3)])
places = st.sampled_from([f"annotation:{number}" for number in range(4)])
speakers = st.sampled_from(["Ada", "Bob"])
signs = st.characters(codec="utf-8", exclude_characters="\0")
"""PostgreSQL keeps no text with the sign of number 0, and nobody has it in a name."""
names = st.text(signs, min_size=1, max_size=12)


@st.composite
def verdicts(draw: st.DrawFn) -> FaceVerdict:
    verdict = draw(st.sampled_from(Verdict))
    about_somebody = verdict in (Verdict.IS, Verdict.IS_NOT)
    kind = draw(st.sampled_from([FaceVerdict, FaceVerdict, Decided]))
    return kind(draw(faces), verdict, draw(people) if about_somebody else None)


@st.composite
def carrying(draw: st.DrawFn) -> Carried:
    some = draw(some_faces(2))
    shown = draw(st.integers(1, len(some) - 1))
    return Carried(some[shown:], draw(people), some[:shown])


@st.composite
def unsure_pairs(draw: st.DrawFn) -> PairUnsure:
    some = draw(some_faces(2))
    first = draw(st.integers(1, len(some) - 1))
    return PairUnsure(some[:first], some[first:])


def some_faces(least: int) -> st.SearchStrategy[tuple[FaceId, ...]]:
    return st.lists(faces, min_size=least, max_size=4, unique=True).map(tuple)


turnings: st.SearchStrategy[Word] = st.builds(
    PhotoTurned,
    st.sampled_from([PhotoId(f"photo-{number}") for number in range(2)]),
    st.integers(0, 3),
)
statements: st.SearchStrategy[Word] = st.one_of(
    verdicts(),
    verdicts(),
    st.builds(FacesTogether, some_faces(2)),
    st.builds(FacesApart, faces, some_faces(1)),
    st.builds(SamePhotoException, faces, faces),
    carrying(),
    st.builds(NotOnePerson, some_faces(2)),
    unsure_pairs(),
    turnings,
)
about_people: st.SearchStrategy[Word] = st.one_of(
    st.builds(PersonCreated, people, names),
    st.builds(PersonRenamed, people, names),
    st.builds(PersonMerged, people, people),
)
takings_back: st.SearchStrategy[Word] = st.one_of(
    st.builds(Revised, st.text(signs, max_size=5)), st.just(Retracted())
)
words = st.one_of(statements, statements, about_people, takings_back)


def numbered(said: list[tuple[str, str, Word]]) -> list[Event]:
    """Events of (speaker, place, word), one a minute."""
    return [
        Event(number, Occasion(speaker, START + timedelta(minutes=number), place), word)
        for number, (speaker, place, word) in enumerate(said, start=1)
    ]


def a_page_named(
    face_order: list[FaceId], shown: int, person: PersonId, speaker: str, place: str
) -> list[tuple[str, str, Word]]:
    """An answer to a group of which only some faces are shown."""
    named = [FaceVerdict(face, Verdict.IS, person) for face in face_order[:shown]]
    carried = Carried(tuple(face_order[shown:]), person, tuple(face_order[:shown]))
    return [(speaker, place, word) for word in (*named, carried)]


pages = st.builds(
    a_page_named, st.permutations(ALL_FACES), st.integers(1, 3), people, speakers, places
)
"""Answers that carry a name, with the words that such an answer has beside it."""
single_words = st.tuples(speakers, places, words).map(lambda said: [said])
logs = (
    st.lists(st.one_of(*[single_words] * 8, pages), max_size=20)
    .map(lambda parts: [said for part in parts for said in part])
    .map(numbered)
)
