"""What visitors give to the project: albums, confirmations of who signed in, suggestions of all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.adopting import Adopted, GivenPhoto, adopting
from faces.confirmations import Occasion, PersonCreated, Truth, Verdict, Word
from faces.errors import AlbumGone, BadName, BadRequest, Busy
from faces.identify import CurrentModel
from faces.jobs import Jobs
from faces.media import Media
from faces.records import NETWORK, FaceId, PersonId
from faces.settings import Settings
from faces.store import ledger, log, photos
from faces.store.database import Store
from faces.store.ledger import PushedTask, Shown
from faces.store.owing import begin_push
from faces.store.suggestions import suggestions
from serve import giving as module
from serve.access import Keys, Visitor
from serve.album import Album, Given
from serve.app import Visits, create_app
from serve.given_to_project import SeenPicture, picture_seen
from serve.giving import Corrected, Giving, Said
from serve.namer import Namer
from serve.naming import Naming
from serve.parts import Parts
from serve.way_to_studio import WayToStudio
from tests.serve.app_parts import parts_over
from tests.serve.pictures import Portraits, album_of, given_in, picture

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HERE, BEN = Visitor(None, is_here=True), Visitor("ben", is_here=False)
STRANGER = Visitor(None, is_here=False)
STUDIO = "http://127.0.0.1:8080"
ANNA = PersonId("p-anna")


class Clock:
    """A clock that goes on by a second each time it is asked."""

    now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Desk:
    """A project, and the app beside it."""

    folder: Path
    store: Store
    parts: Parts
    giving: Giving
    jobs: Jobs
    portraits: Portraits
    clock: Clock

    def album(self) -> Album:
        return self.parts.albums.make(given_in(self.folder / "given", album_of(self.portraits)))

    def naming(self, number: int = 1, *, people: tuple[int, ...] = (1, 2)) -> Naming:
        content = self.portraits.show(picture(number), people)
        place = self.folder / f"upload-{number}"
        place.write_bytes(content)
        return self.parts.namings.name([Given("party.png", place)])

    def correct(
        self, naming: Naming, said: Said, visitor: Visitor = BEN, *, face: int = 1
    ) -> Corrected:
        (named,) = naming.pictures
        with self.parts.namings.open(naming.id) as opened:
            seen = SeenPicture(named.name, opened.files.picture(1), named.read)
            found = named.faces[face - 1].id
            assert found is not None
            return self.giving.correct(seen, found, said, visitor)

    def truth(self) -> Truth:
        with self.store.read() as connection:
            return log.truth(connection)

    def said(self) -> list[tuple[str, str]]:
        with self.store.read() as connection:
            wait = suggestions(connection)
            return [(one.verdict.value, one.name) for one in wait]

    def names(self) -> dict[FaceId, str]:
        truth = self.truth()
        return {face: truth.people[one.person].name for face, one in truth.confirmed.items()}

    def say(self, *words: Word) -> None:
        with self.store.write() as connection:
            log.append(connection, Occasion("annotator:ada", NOW, "annotation:1"), words)

    def photos(self) -> int:
        with self.store.read() as connection:
            return photos.count_photos(connection)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("database")
    store = Store(f"sqlite:///{folder / 'faceloop.sqlite3'}")
    store.migrate(lock=folder / "migrate.lock")
    store.close()
    return (folder / "faceloop.sqlite3").read_bytes()


@contextmanager
def opened_desk(tmp_path: Path, empty_database: bytes) -> Iterator[Desk]:
    (tmp_path / "faceloop.sqlite3").write_bytes(empty_database)
    store = Store(f"sqlite:///{tmp_path / 'faceloop.sqlite3'}")
    portraits = Portraits()
    reader: Any = portraits
    reader.network = NETWORK
    namer = Namer(CurrentModel(tmp_path / "models"), reader, store)
    settings = Settings(workspace=tmp_path, studio_name="embedded", studio_url=STUDIO)
    jobs = Jobs(settings)
    clock = Clock()
    giving = Giving(
        store,
        Media(media=tmp_path / "media", workspace=tmp_path),
        reader,
        WayToStudio(store, settings),
        now=clock,
    )
    bare = parts_over(namer, reader, tmp_path, store=store)
    parts = Parts(bare.namer, bare.albums, bare.namings, bare.examples, bare.live, giving)
    with parts.albums, parts.namings:
        yield Desk(tmp_path, store, parts, giving, jobs, portraits, clock)
    store.close()


@pytest.fixture
def desk(tmp_path: Path, empty_database: bytes) -> Iterator[Desk]:
    with opened_desk(tmp_path, empty_database) as desk:
        yield desk


def send(desk: Desk, album: Album, visitor: Visitor = HERE) -> module.Sent:
    with desk.parts.albums.open(album.id) as opened:
        return desk.giving.send(opened, visitor)


def test_an_album_that_is_sent_is_in_the_project_with_every_face_and_stays(desk: Desk) -> None:
    album = desk.album()
    sent = send(desk, album)
    assert (sent.added, sent.known) == (6, 0)
    with desk.store.read() as connection:
        assert len(photos.faces(connection)) == album.faces
        assert len(photos.encodings(connection, NETWORK).faces) == album.faces
    desk.parts.albums.remove(album.id)
    with desk.store.read() as connection:
        for known in photos.known_files(connection):
            assert (Path(known.file.root) / known.file.path).stat().st_size == known.file.size_bytes
    assert desk.jobs.waiting() == 1


def test_an_album_that_is_sent_twice_is_there_once(desk: Desk) -> None:
    album = desk.album()
    send(desk, album)
    again = send(desk, album, BEN)
    assert (again.added, again.known, desk.photos()) == (0, 6, 6)


def test_a_stranger_sends_nothing(desk: Desk) -> None:
    with pytest.raises(AlbumGone, match="signed in"):
        send(desk, desk.album(), STRANGER)
    assert desk.photos() == 0


def test_the_word_of_who_signed_in_is_a_confirmation_with_speaker_and_place(desk: Desk) -> None:
    naming = desk.naming()
    done = desk.correct(naming, Said(Verdict.IS, "  Ben  Smith "))
    assert done.counts
    face = naming.pictures[0].faces[0].id
    assert desk.names() == {face: "Ben Smith"}
    with desk.store.read() as connection:
        occasions = {event.occasion for event in log.events(connection)}
    ((speaker, place),) = {(one.speaker, one.place) for one in occasions}
    assert (speaker, place) == ("annotator:ben", f"app:{done.id}")
    assert desk.photos() == 1
    assert desk.said() == []


@pytest.mark.parametrize("visitor", [HERE, STRANGER])
def test_what_anybody_else_says_is_a_suggestion_and_no_word(desk: Desk, visitor: Visitor) -> None:
    desk.say(PersonCreated(ANNA, "Anna"))
    before = desk.truth()
    done = desk.correct(desk.naming(), Said(Verdict.IS, "anna"), visitor)
    assert not done.counts
    assert desk.said() == [("is", "Anna")]
    assert desk.truth() == before
    assert desk.photos() == 1, "annotators have to see the picture"


def test_who_corrects_twice_means_the_last(desk: Desk) -> None:
    naming = desk.naming()
    for visitor in (BEN, HERE):
        for name in ("Ben", "Cara"):
            desk.correct(naming, Said(Verdict.IS, name), visitor, face=1 if visitor == BEN else 2)
    assert list(desk.names().values()) == ["Cara"]
    assert desk.said() == [("is", "Cara")]


def test_who_names_somebody_as_another_is_just_named_means_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = desk.naming()

    def after_another(*given: Any, **places: Any) -> AbstractContextManager[Adopted]:
        desk.say(PersonCreated(ANNA, "anna"))
        return adopting(*given, **places)

    monkeypatch.setattr(module, "adopting", after_another)
    desk.correct(naming, Said(Verdict.IS, "Anna"))
    assert list(desk.truth().people) == [ANNA]
    assert list(desk.names().values()) == ["anna"]


def test_who_fails_takes_no_file_of_another_along(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = desk.naming()
    others: list[Future[Corrected]] = []

    @contextmanager
    def beside_another(*given: Any, **places: Any) -> Iterator[Adopted]:
        monkeypatch.setattr(module, "adopting", adopting)
        with adopting(*given, **places) as adopted:
            # SQLite lets one write at a time, so this one fails before the other can go on.
            others.append(pool.submit(desk.correct, naming, Said(Verdict.IS, "Ben")))
            wait(others, timeout=0.2)
            yield adopted

    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(module, "adopting", beside_another)
        with pytest.raises(BadName):
            desk.correct(naming, Said(Verdict.IS, "unknown"))
        assert others[0].result().counts
    with desk.store.read() as connection:
        (known,) = photos.known_files(connection)
    assert (Path(known.file.root) / known.file.path).exists()


def test_pictures_that_are_corrected_are_opened_one_after_the_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_now, most = [0], [0]

    def slowly(picture: SeenPicture, reader: Any) -> GivenPhoto:
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        time.sleep(0.02)
        open_now[0] -= 1
        return picture_seen(picture, reader)

    monkeypatch.setattr(module, "picture_seen", slowly)
    naming = desk.naming()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: desk.correct(naming, Said(Verdict.IS, "Ben")), range(4)))
    assert most == [1]


def test_who_waits_too_long_for_others_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    naming, album, refused = desk.naming(), desk.album(), []

    @contextmanager
    def while_others_ask(*given: Any, **places: Any) -> Iterator[Adopted]:
        monkeypatch.setattr(module, "adopting", adopting)
        for asks in (
            lambda: desk.correct(naming, Said(Verdict.IS, "Ben")),
            lambda: send(desk, album),
        ):
            with pytest.raises(Busy, match="try again"):
                asks()
            refused.append(asks)
        with adopting(*given, **places) as adopted:
            yield adopted

    monkeypatch.setattr(module, "adopting", while_others_ask)
    assert desk.correct(naming, Said(Verdict.IS, "Ben")).counts
    assert len(refused) == 2


VERDICTS = st.sampled_from(
    [
        *(Said(Verdict.IS, name) for name in ("Anna", "Ben")),
        Said(Verdict.IS_NOT, "Anna"),
        Said(Verdict.NOT_A_FACE),
    ]
)


@settings(max_examples=25, deadline=None)
@given(before=st.lists(VERDICTS, max_size=3), last=VERDICTS, user=st.sampled_from(["ben", "cy"]))
def test_what_is_taken_back_is_as_if_it_had_not_been_said(
    many: Desk, before: list[Said], last: Said, user: str
) -> None:
    naming = many.naming(people=(1, 2))
    said = [many.correct(naming, one, BEN) for one in before]
    truth, people = many.truth(), many.truth().people
    done = many.correct(naming, last, Visitor(user, is_here=False))
    many.giving.take_back(done.id, Visitor(user, is_here=False))
    now = many.truth()
    assert (now.confirmed, now.rejected, now.not_faces, now.disputed) == (
        truth.confirmed,
        truth.rejected,
        truth.not_faces,
        truth.disputed,
    )
    assert people.items() <= now.people.items(), "only that somebody was named first stays"
    for one in said:
        many.giving.take_back(one.id, BEN)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, empty_database: bytes) -> Iterator[Desk]:
    """One desk for many examples."""
    folder = tmp_path_factory.mktemp("many")
    with opened_desk(folder, empty_database) as one:
        one.say(PersonCreated(ANNA, "Anna"))
        yield one


def test_nobody_takes_back_what_another_said_nor_twice(desk: Desk) -> None:
    done = desk.correct(desk.naming(), Said(Verdict.IS, "Ben"))
    for visitor in (Visitor("cy", is_here=False), HERE, STRANGER):
        with pytest.raises(AlbumGone):
            desk.giving.take_back(done.id, visitor)
    assert desk.names()
    desk.giving.take_back(done.id, BEN)
    assert desk.names() == {}
    with pytest.raises(AlbumGone, match="already"):
        desk.giving.take_back(done.id, BEN)


@pytest.mark.parametrize("visitor", [BEN, STRANGER])
def test_who_takes_back_what_was_not_said_makes_no_work(desk: Desk, visitor: Visitor) -> None:
    with pytest.raises(AlbumGone):
        desk.giving.take_back("nothing", visitor)
    assert begin_push(desk.store).beside == 0
    assert desk.jobs.waiting() == 0


def test_a_suggestion_is_taken_back_by_its_id(desk: Desk) -> None:
    done = desk.correct(desk.naming(), Said(Verdict.IS, "Ben"), HERE)
    desk.giving.take_back(done.id, HERE)
    assert desk.said() == []


def test_of_a_face_that_people_looked_at_nothing_is_suggested(desk: Desk) -> None:
    naming = desk.naming()
    desk.correct(naming, Said(Verdict.IS, "Ben"))
    done = desk.correct(naming, Said(Verdict.IS, "Cara"), HERE)
    assert (done.id, desk.said()) == ("", [])


@pytest.mark.parametrize("visitor", [BEN, HERE])
@pytest.mark.parametrize("name", ["unknown", "x" * 90, "\u200b"])
def test_a_name_that_cannot_be_anybodys_is_refused_and_the_picture_is_not_kept(
    desk: Desk, visitor: Visitor, name: str
) -> None:
    with pytest.raises(BadName):
        desk.correct(desk.naming(), Said(Verdict.IS, name), visitor)
    assert (desk.photos(), desk.said()) == (0, [])


def test_nobody_can_be_not_somebody_whom_nobody_knows(desk: Desk) -> None:
    with pytest.raises(BadName, match="nobody is called Zoë"):
        desk.correct(desk.naming(), Said(Verdict.IS_NOT, "Zoë"))


@pytest.mark.parametrize(
    ("verdict", "name"),
    [(Verdict.STRANGER, ""), (Verdict.IS, " "), (Verdict.IS_NOT, ""), (Verdict.NOT_A_FACE, "A")],
)
def test_what_cannot_be_said_here_is_refused(verdict: Verdict, name: str) -> None:
    with pytest.raises(BadRequest):
        Said(verdict, name)


def test_there_is_an_end_to_what_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    desk.correct(desk.naming(), Said(Verdict.IS, "Ben"), HERE)
    with pytest.raises(Busy, match="wait for annotators"):
        desk.correct(desk.naming(2), Said(Verdict.IS, "Ben"), HERE)
    assert desk.photos() == 1


def test_what_is_taken_back_makes_no_room_for_ever_more_pictures(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_A_DAY", 2)
    for number in (1, 2, 2):
        done = desk.correct(desk.naming(number), Said(Verdict.IS, "Ben"), STRANGER)
        desk.giving.take_back(done.id, STRANGER)
    with pytest.raises(Busy, match="tomorrow"):
        desk.correct(desk.naming(3), Said(Verdict.IS, "Ben"), STRANGER)
    assert desk.photos() == 2
    assert desk.correct(desk.naming(3), Said(Verdict.IS, "Ben"), BEN).counts
    desk.clock.now += timedelta(days=1)
    desk.correct(desk.naming(4), Said(Verdict.IS, "Ben"), STRANGER)
    assert desk.photos() == 4


def note_project(desk: Desk) -> None:
    with desk.store.write() as connection:
        ledger.set_fact(connection, "project photos", {"id": 7, "server": "embedded"})


def test_what_comes_next_is_told_by_what_is_there(desk: Desk) -> None:
    naming = desk.naming()
    none_yet = desk.correct(naming, Said(Verdict.IS, "Ben")).way
    assert ("`faceloop up`" in none_yet.says, none_yet.address) == (True, None)
    note_project(desk)
    with desk.store.write() as connection:
        key = naming.pictures[0].read.photo.id
        task = PushedTask("photos", key, 31, Shown("", ""), "", "")
        ledger.save_tasks(connection, [task])
    there = desk.correct(naming, Said(Verdict.IS, "Ben"), Visitor("ben", is_here=True)).way
    assert there.address == f"{STUDIO}/projects/7/data?task=31"
    far = desk.correct(naming, Said(Verdict.IS, "Ben"), BEN).way
    assert far.address is None, "who is elsewhere has no use for an address of this machine"


def test_a_job_that_nobody_takes_shows_that_no_worker_runs(desk: Desk) -> None:
    note_project(desk)
    desk.jobs.huey.storage.enqueue(
        b'{"id": "1", "name": "huey.pull", "at": "2026-11-22T11:00:00+00:00"}'
    )
    way = desk.correct(desk.naming(), Said(Verdict.IS, "Ben")).way
    assert way.says == "Label Studio shows what is new after the next `faceloop sync`."


@pytest.fixture
def app(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(desk.folder / "uploads"))

    async def build() -> FastAPI:
        """Outside a loop Gradio would open one of its own and never close it."""
        visits = Visits(keys=Keys({"ben": "secret"}))
        return create_app(desk.parts, uploads=desk.folder / "uploads", visits=visits)

    return asyncio.run(build())


def test_over_rest_a_name_is_corrected_and_taken_back_and_an_album_sent(
    desk: Desk, app: FastAPI
) -> None:
    with TestClient(app, base_url="http://127.0.0.1:7860", client=("192.0.2.7", 1)) as client:
        naming = desk.naming()
        asked = {"naming": naming.id, "picture": 1, "face": 1, "name": "Ben"}
        assert client.post("/correct", json=asked).status_code == 401
        client.auth = ("ben", "secret")
        told = client.post("/correct", json=asked).json()
        assert told["counts"]
        assert told["says"].startswith("Noted: this is Ben.")
        assert client.get("/people").json() == ["Ben"]
        back = client.post("/take-back", json={"id": told["take_back"]})
        assert back.json()["says"].startswith("Taken back")
        for wrong, status in (
            ({"face": 9}, 404),
            ({"naming": "x"}, 404),
            ({"name": ""}, 400),
            ({"name": "stranger"}, 422),
            ({"verdict": "stranger"}, 422),
        ):
            assert client.post("/correct", json={**asked, **wrong}).status_code == status, wrong
        album = desk.album()
        sent = client.post(f"/albums/{album.id}/send").json()
        assert (sent["added"], sent["known"]) == (6, 0)
        assert client.post("/albums/unheard-of/send").status_code == 404


@pytest.mark.parametrize("path", ["/correct", "/take-back"])
@pytest.mark.parametrize(
    "sent",
    [
        "",
        "no JSON",
        "null",
        "[]",
        r'{"naming": "\ud800", "picture": 1, "face": 1, "id": "\ud800"}',
        '{"naming": "x", "picture": NaN, "face": 1e999, "id": NaN}',
        '{"naming": "x", "picture": 0, "face": -1, "id": Infinity}',
    ],
)
def test_whatever_is_no_correction_is_refused_by_one_line(
    app: FastAPI, path: str, sent: str
) -> None:
    with TestClient(app, base_url="http://127.0.0.1:7860", client=("192.0.2.7", 1)) as client:
        client.auth = ("ben", "secret")
        answer = client.post(path, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("this request cannot be understood: ")
    assert ": :" not in answer.json()["detail"]
    told = app.openapi()["paths"][path]["post"]["responses"]["422"]
    assert told["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
