"""A Label Studio that runs already and holds somebody else's work: ours is added, theirs stays."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from benchmarks.own_studio import free_ports
from faceloop.demo_album import Album, make_album
from faceloop.workspace import read_connection
from faces.store import ledger
from faces.store.database import open_store
from faces.studio import Studio
from sync.desk import Project
from tests.live.conftest import environment, give_up, personal_access_token, wait_until
from tests.live.studio_tables import give_tables

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(600)]

OWNER, PASSWORD, TOKEN = "owner@studio.example", "a-pass-word-1", "0123456789" * 4
CONFIG = '<View><Text name="t" value="$text"/><TextArea name="said" toName="t"/></View>'
OPENED = {
    "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "false",
    "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": "10.0.0.0/8",
}
"""How its owner lets Label Studio call this machine."""
READY_WITHIN_S = 300
ONE_LINE = r"faceloop: [^\n]+\n"


@dataclass
class TheirStudio:
    """Somebody's Label Studio."""

    folder: Path
    port: int
    theirs: int = 0
    process: subprocess.Popen[bytes] | None = None
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, opened: Mapping[str, str] | None = None) -> None:
        """Start it, by default with all its protections."""
        settings = {
            "BASE_DATA_DIR": str(self.folder / "data"),
            "ENABLE_LEGACY_API_TOKEN": "true",
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
            "USERNAME": OWNER,
            "PASSWORD": PASSWORD,
            "USER_TOKEN": TOKEN,
        }
        named = {f"LABEL_STUDIO_{name}": value for name, value in settings.items()}
        program = Path(environment()["FACELOOP_STUDIO_VENV"]) / "bin" / "label-studio"
        where = ["--internal-host", "127.0.0.1", "--port", str(self.port)]
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [str(program), "start", "--no-browser", *where],
                env={**os.environ, **named, **(opened or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(
            lambda: self.process is None or self.process.poll() is not None or self.is_healthy(),
            within_s=READY_WITHIN_S,
            what="their Label Studio",
        )
        assert self.process.poll() is None, (self.folder / "log.txt").read_text()[-2000:]

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health").is_success
        except httpx.TransportError:
            return False

    def get(self, path: str, **query: object) -> httpx.Response:
        token = {"Authorization": f"Token {TOKEN}"}
        return httpx.get(f"{self.url}{path}", params=query, headers=token, timeout=30)

    def post(self, path: str, **content: Any) -> Any:
        token = {"Authorization": f"Token {TOKEN}"}
        answer = httpx.post(f"{self.url}{path}", headers=token, timeout=30, **content)
        assert answer.is_success, answer.text
        return answer.json()

    def add_their_project(self) -> None:
        """Somebody's project: tasks, an uploaded file, an annotation and a webhook."""
        made = self.post("/api/projects/", json={"title": "Cats", "label_config": CONFIG})
        self.theirs = made["id"]
        sent = {"file": ("notes.csv", b"text\none\ntwo\nthree\n", "text/csv")}
        self.post(f"/api/projects/{self.theirs}/import", files=sent)
        task = self.get("/api/tasks/", project=self.theirs).json()["tasks"][0]["id"]
        self.post(f"/api/tasks/{task}/annotations/", json={"result": []})
        hook = {"url": "http://93.184.216.34/hook", "project": self.theirs}
        self.post("/api/webhooks/", json={**hook, "actions": ["TASKS_DELETED"]})
        self.before = self.their_work()

    def their_work(self) -> dict[str, Any]:
        """All that can be seen of their project."""
        project = self.get(f"/api/projects/{self.theirs}/").json()
        seen = ("title", "label_config", "model_version", "task_number", "created_at")
        found: dict[str, Any] = {name: project[name] for name in seen}
        tasks = self.get("/api/tasks/", project=self.theirs, fields="all").json()
        for name, path in (
            ("webhooks", "/api/webhooks/"),
            ("backends", "/api/ml/"),
            ("storages", "/api/storages/localfiles/"),
        ):
            found[name] = self.get(path, project=self.theirs).json()
        files = self.get(f"/api/projects/{self.theirs}/file-uploads", all="true").json()
        return {**found, "tasks": timeless(tasks["tasks"]), "files": files}

    def projects(self) -> dict[str, int]:
        rows = self.get("/api/projects/", page_size=100).json()["results"]
        return {row["title"]: row["id"] for row in rows}


def timeless(seen: Any) -> Any:
    """Without what Label Studio tells in other words every minute ("2 minutes ago")."""
    if isinstance(seen, dict):
        return {name: timeless(part) for name, part in seen.items() if name != "created_ago"}
    return [timeless(part) for part in seen] if isinstance(seen, list) else seen


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TheirStudio]:
    """Their Label Studio with their project in it, protected as Label Studio comes."""
    if not (Path(environment()["FACELOOP_STUDIO_VENV"]) / "bin" / "label-studio").exists():
        give_up("Label Studio is not installed; run `make setup`")
    theirs = TheirStudio(tmp_path_factory.mktemp("theirs"), free_ports(1)[0])
    give_tables(theirs.folder / "data")
    try:
        theirs.start()
        theirs.add_their_project()
        yield theirs
    finally:
        theirs.stop()


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Album:
    return make_album(tmp_path_factory.mktemp("demo") / "album", people=3)


@dataclass(frozen=True)
class Ours:
    """A workspace that works with their Label Studio."""

    workspace: Path

    def faceloop(self, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
        key = {"FACELOOP_STUDIO_API_KEY": token} if token else {}
        return subprocess.run(
            [sys.executable, "-m", "faceloop", *arguments, "--workspace", str(self.workspace)],
            env={**environment(), **key},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def tasks(self, project: Project) -> dict[str, ledger.PushedTask]:
        with (
            closing(open_store(f"sqlite:///{self.workspace / 'faceloop.sqlite3'}")) as store,
            store.read() as connection,
        ):
            return ledger.pushed_tasks(connection, project)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Ours:
    return Ours(tmp_path_factory.mktemp("ours") / "workspace")


@pytest.fixture(scope="module")
def checked(studio: TheirStudio, album: Album, ours: Ours) -> subprocess.CompletedProcess[str]:
    """`faceloop up PHOTOS --studio URL --api-key KEY --check`."""
    backend, app = free_ports(2)
    ports = (f"--backend-port={backend}", f"--app-port={app}")
    there = ("--studio", studio.url, "--api-key", TOKEN)
    return ours.faceloop("up", str(album.photos), *there, *ports, "--check")


def table(said: str) -> dict[str, str]:
    """Each part of the check and how it went."""
    return dict(re.findall(r"^│ (\w[^│]+?) +│ (ok|FAILED|not connected) +│", said, re.MULTILINE))


@pytest.mark.parametrize(
    ("where", "token", "reason"),
    [
        ("", "0" * 40, r"\(401\); give a token that is valid: --api-key"),
        ("", "no token at all", "holds a character that no token has"),
        ("/projects", TOKEN, "there is no Label Studio at"),
    ],
)
def test_a_wrong_token_or_address_is_one_line_before_anything_is_done(
    studio: TheirStudio, album: Album, tmp_path: Path, where: str, token: str, reason: str
) -> None:
    backend, app = map(str, free_ports(2))
    ports = ("--backend-port", backend, "--app-port", app)
    mistaken = Ours(tmp_path / "workspace")
    done = mistaken.faceloop(
        "up", str(album.photos), "--studio", studio.url + where, *ports, token=token
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(ONE_LINE, done.stderr), done.stderr
    assert re.search(reason, done.stderr)
    assert not mistaken.workspace.exists()


def test_all_works_but_what_their_protections_forbid(checked) -> None:
    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = table(checked.stdout)
    assert found.pop("backend, asked by Label Studio") == "not connected"
    assert set(found.values()) == {"ok"}
    assert len(found) == 8
    assert re.fullmatch(
        r"Label Studio does not call the backend, [^\n]*reserved network address[^\n]*\n",
        checked.stderr,
    )


def test_doctor_says_what_their_protections_forbid_and_what_would_allow_it(
    studio: TheirStudio, ours: Ours, checked
) -> None:
    done = ours.faceloop("doctor", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"] if one["remedy"]}
    assert set(found) == {"backend", "backend, registered", "backend, asked by Label Studio"}
    blocked = found["backend, asked by Label Studio"]
    assert "network rules block the address" in blocked["told"]
    assert "USER_ADDITIONAL_BANNED_SUBNETS" in blocked["remedy"]
    assert studio.their_work() == studio.before


def test_only_our_two_projects_are_added(studio: TheirStudio, checked) -> None:
    assert sorted(studio.projects()) == ["Cats", "faceloop · People", "faceloop · Photos"]
    assert studio.their_work() == studio.before


def test_every_preview_and_montage_arrives_and_is_shown(
    studio: TheirStudio, ours: Ours, checked
) -> None:
    made = {
        Project.PEOPLE: list((ours.workspace / "media" / "montages").glob("*.jpg")),
        Project.PHOTOS: list((ours.workspace / "media" / "previews").rglob("*.jpg")),
    }
    for project, pictures in made.items():
        tasks = ours.tasks(project)
        assert len(tasks) == len(pictures) > 0
        sizes = {picture.stem: picture.stat().st_size for picture in pictures}
        for key, task in tasks.items():
            assert task.picture_url.startswith("/data/upload/")
            shown = studio.get(task.picture_url)
            assert shown.is_success
            assert len(shown.content) == sizes[key]
            assert httpx.get(f"{studio.url}{task.picture_url}").status_code in (302, 401, 403)
    photos = studio.projects()["faceloop · Photos"]
    assert studio.get("/api/storages/localfiles/", project=photos).json() == []


def test_the_token_is_kept_for_the_other_commands(studio: TheirStudio, ours: Ours, checked) -> None:
    connection = read_connection(ours.workspace)
    assert connection is not None
    assert (connection.studio_url, connection.studio_name) == (studio.url, studio.url)
    done = ours.faceloop("sync")
    assert done.returncode == 0, done.stderr
    assert "people: nothing to do" in done.stdout
    assert "photos: nothing to do" in done.stdout


@pytest.fixture(scope="module")
def personal_token(studio: TheirStudio) -> str:
    """A personal access token, made as a person makes one."""
    return personal_access_token(studio.url, OWNER, PASSWORD)


def test_a_personal_access_token_does_as_well(
    studio: TheirStudio, ours: Ours, checked, personal_token: str
) -> None:
    done = ours.faceloop("sync", token=personal_token)
    assert done.returncode == 0, done.stderr
    assert "photos: nothing to do" in done.stdout
    assert "Warning" not in done.stderr
    spoilt = ours.faceloop("sync", token=personal_token[:-3] + "xyz")
    assert spoilt.returncode == 1
    assert re.fullmatch(ONE_LINE, spoilt.stderr), spoilt.stderr
    assert "give a token that is valid" in spoilt.stderr


def test_pictures_in_several_parcels_all_arrive_once(
    studio: TheirStudio, checked, tmp_path: Path
) -> None:
    project = studio.projects()["faceloop · Photos"]
    pictures = [tmp_path / f"{uuid.uuid4().hex * 2}.jpg" for _ in range(44)]
    pictures.append(tmp_path / f"page-{uuid.uuid4().hex}.jpg")
    for number, picture in enumerate(pictures):
        Image.new("RGB", (16, 16), (number * 5, 80, 160)).save(picture)
    with closing(Studio(studio.url, TOKEN)) as there:
        before = {task["id"] for task in there.tasks(project)}
        first = there.upload(project, pictures)
        again = there.upload(project, pictures)
        assert {task["id"] for task in there.tasks(project)} == before
    assert first == again
    assert set(first) == {picture.name for picture in pictures}
    for picture in pictures:
        with Image.open(io.BytesIO(studio.get(first[picture.name]).content)) as shown:
            assert shown.size == (16, 16)


def test_once_its_owner_allows_it_label_studio_calls_the_backend(
    studio: TheirStudio, ours: Ours, checked
) -> None:
    studio.stop()
    studio.start(OPENED)
    done = ours.faceloop("up", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert table(done.stdout)["backend, asked by Label Studio"] == "ok"
    assert set(table(done.stdout).values()) == {"ok"}
    assert "people: nothing to do" in done.stdout
    assert "photos: nothing to do" in done.stdout
    projects = studio.projects()
    assert len(projects) == 3
    for name in ("faceloop · People", "faceloop · Photos"):
        [hook] = studio.get("/api/webhooks/", project=projects[name]).json()
        assert hook["headers"]
    assert studio.their_work() == studio.before
