"""Words of the log as Hypothesis draws them: a few faces, people, speakers and places."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from faces.confirmations import (
    Event,
    FacesApart,
    FacesTogether,
    FaceVerdict,
    Occasion,
    PersonCreated,
    PersonMerged,
    PersonRenamed,
    Retracted,
    Revised,
    SamePhotoException,
    Verdict,
    Word,
)
from faces.records import FaceId, PersonId

START = datetime(2026, 1, 1, tzinfo=UTC)

faces = st.sampled_from([FaceId(f"f{number}") for number in range(4)])
people = st.sampled_from([PersonId(f"p{number}") for number in range(3)])
places = st.sampled_from([f"annotation:{number}" for number in range(4)])
speakers = st.sampled_from(["Ada", "Bob"])
names = st.text(min_size=1, max_size=12)


@st.composite
def verdicts(draw: st.DrawFn) -> FaceVerdict:
    verdict = draw(st.sampled_from(Verdict))
    about_somebody = verdict in (Verdict.IS, Verdict.IS_NOT)
    return FaceVerdict(draw(faces), verdict, draw(people) if about_somebody else None)


def some_faces(least: int) -> st.SearchStrategy[tuple[FaceId, ...]]:
    return st.lists(faces, min_size=least, max_size=4, unique=True).map(tuple)


statements: st.SearchStrategy[Word] = st.one_of(
    verdicts(),
    verdicts(),
    st.builds(FacesTogether, some_faces(2)),
    st.builds(FacesApart, faces, some_faces(1)),
    st.builds(SamePhotoException, faces, faces),
)
about_people: st.SearchStrategy[Word] = st.one_of(
    st.builds(PersonCreated, people, names),
    st.builds(PersonRenamed, people, names),
    st.builds(PersonMerged, people, people),
)
takings_back: st.SearchStrategy[Word] = st.one_of(
    st.builds(Revised, st.text(max_size=5)), st.just(Retracted())
)
words = st.one_of(statements, statements, about_people, takings_back)


def numbered(said: list[tuple[str, str, Word]]) -> list[Event]:
    """Events of (speaker, place, word), one a minute."""
    return [
        Event(number, Occasion(speaker, START + timedelta(minutes=number), place), word)
        for number, (speaker, place, word) in enumerate(said, start=1)
    ]


logs = st.lists(st.tuples(speakers, places, words), max_size=25).map(numbered)
