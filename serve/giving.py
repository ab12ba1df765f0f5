"""What visitors give to the project of their own accord: whole albums, and names for faces.

Who signed in is known, so their word counts as an annotator's. Of all others nobody knows whether
they know whom they speak of: what they say is shown to annotators, who decide.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from faces.adopting import Adopted, adopting, face_there
from faces.confirmations import FaceVerdict, Occasion, Retracted, Truth, Verdict, Word
from faces.errors import AlbumGone, BadName, BadRequest, Busy
from faces.media import Media
from faces.name_book import NameBook, new_person_id
from faces.names import clean_name
from faces.reading import FaceReader
from faces.records import FaceId, PhotoId
from faces.store import log
from faces.store.database import Connection, Store
from faces.store.given import note_by_stranger
from faces.store.owing import owe_push
from faces.store.suggestions import count_suggestions, drop_suggestions, suggest
from faces.suggestions import SUGGESTIBLE, Suggestion
from serve.access import TOKEN_USER, Visitor
from serve.albums import OpenAlbum
from serve.given_to_project import SeenPicture, picture_seen, pictures_of_album
from serve.way_to_studio import OnItsWay, WayToStudio

MOST_WAITING = 1000
"""So many suggestions wait for annotators at most: they come from anybody."""
MOST_A_DAY = 1000
"""So many pictures become part of the project in a day by what visitors say whom nobody knows."""
PATIENCE_S = 20.0
"""So long one waits for others who give."""
_PLACE = "app:"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of sending pictures: those that are new in the project, and those it had."""

    added: int
    known: int
    way: OnItsWay


@dataclass(frozen=True, slots=True)
class Said:
    """What a visitor says of a face: who it is or is not, by name, or that it is no face."""

    verdict: Verdict
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is not said here, and a name too many or too few."""
        if self.verdict not in SUGGESTIBLE:
            raise BadRequest(f"{self.verdict!s} cannot be said here")
        if bool(self.name.strip()) != (self.verdict is not Verdict.NOT_A_FACE):
            raise BadRequest("say who this is, in the field name; of what is no face say no name")


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of it: a word that counts, a suggestion, or neither where people looked already.

    `id` takes it back; it is empty where nothing was said.
    """

    counts: bool
    id: str
    name: str
    way: OnItsWay


class Giving:
    """Takes what visitors give into the project; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        media: Media,
        reader: FaceReader,
        way: WayToStudio,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Give to this store; `reader` is that of the network that every installation has."""
        self._store = store
        self._media = media
        self._reader = reader
        self._way = way
        self._now = now
        self._one_gives = threading.Lock()
        """A picture takes much memory while it is open, and anybody may correct many at once; and
        who fails takes along the files that they wrote, on which nobody else may count yet."""

    def names(self) -> list[str]:
        """What everybody is called, in the order of the alphabet."""
        with self._store.read() as connection:
            people = log.truth(connection).people.values()
        return sorted((person.name for person in people), key=str.casefold)

    def send(self, opened: OpenAlbum, visitor: Visitor) -> Sent:
        """Take all pictures of an album into the project, and have Label Studio show them.

        Raises:
            AlbumGone: the visitor is a stranger, who learns no more than that.
            Busy: there is no room on the disk.
        """
        if not visitor.is_trusted:
            raise AlbumGone("only who is at this machine or signed in can send pictures")
        given = pictures_of_album(opened)
        with (
            self._turn(),
            adopting(self._store, given, media=self._media, now=self._now()) as adopted,
        ):
            added, known = adopted.added, adopted.known
        way = self._way.send((*added, *known), visitor, now=self._now())
        return Sent(len(added), len(known), way)

    def correct(self, seen: SeenPicture, face: FaceId, said: Said, visitor: Visitor) -> Corrected:
        """Take a picture into the project, and with it what a visitor says of a face in it.

        Raises:
            BadName: the name cannot be anybody's, or nobody has it who the face could not be.
            BadPhoto: the picture cannot be read any more.
            Busy: there is no room, or too many suggestions wait.
        """
        with self._turn():
            given = picture_seen(seen, self._reader)
            with adopting(self._store, [given], media=self._media, now=self._now()) as adopted:
                # What holds is asked where nobody else writes: a new name may come twice at once.
                truth = log.truth(adopted.connection)
                there = face_there(adopted.connection, seen.read, face)
                if visitor.user is not None:
                    done = self._confirm(adopted.connection, there, said, visitor.user, truth)
                else:
                    self._bound(adopted)
                    done = self._suggest(adopted.connection, there, said, truth)
        return self._told(done, given.read.photo.id, visitor)

    def take_back(self, said_id: str, visitor: Visitor) -> OnItsWay:
        """Take back what this visitor said; all is then as if it had not been said.

        Raises:
            AlbumGone: nobody said that, or somebody else did, or it was answered or taken back.
        """
        with self._store.write() as connection:
            if visitor.user is None:
                is_done = bool(drop_suggestions(connection, [said_id]))
            else:
                is_done = self._retract(connection, f"{_PLACE}{said_id}", speaker(visitor.user))
            if not is_done:
                raise AlbumGone("this was taken back or answered already")
            owe_push(connection)
        return self._way.send((), visitor, now=self._now())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """To be in while something is given.

        Raises:
            Busy: others took too long.
        """
        if not self._one_gives.acquire(timeout=PATIENCE_S):
            raise Busy("others are giving pictures to the project; try again in a minute")
        try:
            yield
        finally:
            self._one_gives.release()

    def _confirm(
        self, connection: Connection, face: FaceId, said: Said, user: str, truth: Truth
    ) -> tuple[bool, str, str]:
        """A word of somebody who is known, at a place of its own."""
        words, name = words_of(face, said, truth)
        said_id = uuid.uuid4().hex
        moment = log.after_all(connection, self._now())
        log.append(connection, Occasion(speaker(user), moment, f"{_PLACE}{said_id}"), words)
        return True, said_id, name

    def _bound(self, adopted: Adopted) -> None:
        """Make sure that strangers do not fill the project: what is taken back leaves its picture.

        Raises:
            Busy: very many pictures came from them today.
        """
        day = self._now().date()
        if adopted.added and note_by_stranger(adopted.connection, day) > MOST_A_DAY:
            raise Busy("very many pictures were given to the project today; try again tomorrow")

    def _suggest(
        self, connection: Connection, face: FaceId, said: Said, truth: Truth
    ) -> tuple[bool, str, str]:
        """A suggestion, unless people have looked at the face."""
        if face in truth.looked_at | truth.disputed:
            return False, "", ""
        if count_suggestions(connection) >= MOST_WAITING:
            raise Busy("very many suggestions wait for annotators already; try again another day")
        suggestion = suggestion_of(face, said, truth, now=self._now())
        suggest(connection, suggestion)
        return False, suggestion.id, suggestion.name

    def _retract(self, connection: Connection, place: str, speaks: str) -> bool:
        """Take back what was said at a place, if this speaker said it and it stands."""
        events = log.said_at(connection, place)
        if not events or isinstance(events[-1].word, Retracted):
            return False
        if any(event.occasion.speaker != speaks for event in events):
            return False
        moment = log.after_all(connection, self._now())
        log.append(connection, Occasion(speaks, moment, place), [Retracted()])
        return True

    def _told(self, done: tuple[bool, str, str], photo: PhotoId, visitor: Visitor) -> Corrected:
        counts, said_id, name = done
        return Corrected(counts, said_id, name, self._way.send((photo,), visitor, now=self._now()))


def speaker(user: str) -> str:
    """Who speaks, in the log: who signs in by the address that they have in Label Studio is one
    speaker here and there.
    """
    return f"app:{user}" if user == TOKEN_USER else f"annotator:{user}"


def words_of(face: FaceId, said: Said, truth: Truth) -> tuple[list[Word], str]:
    """What the log is to hold, and the name that it comes to.

    Raises:
        BadName: the name cannot be anybody's, or is nobody's whom the face could not be.
    """
    if said.verdict is Verdict.NOT_A_FACE:
        return [FaceVerdict(face, said.verdict)], ""
    if said.verdict is Verdict.IS_NOT:
        known = truth.person_named(said.name)
        if known is None:
            raise BadName(f"nobody is called {said.name}")
        return [FaceVerdict(face, said.verdict, known.id)], known.name
    person, words = NameBook(truth, new_person_id).person(said.name)
    there = truth.people.get(person)
    name = clean_name(said.name) if there is None else there.name
    return [*words, FaceVerdict(face, said.verdict, person)], name


def suggestion_of(face: FaceId, said: Said, truth: Truth, *, now: datetime) -> Suggestion:
    """What is kept of it for annotators.

    Raises:
        BadName: the name cannot be anybody's.
    """
    if said.verdict is Verdict.NOT_A_FACE:
        return Suggestion(uuid.uuid4().hex, face, said.verdict, now)
    name = clean_name(said.name)
    known = truth.person_named(name)
    person = None if known is None else known.id
    shown = name if known is None else known.name
    return Suggestion(uuid.uuid4().hex, face, said.verdict, now, shown, person)
