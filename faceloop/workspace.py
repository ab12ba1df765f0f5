"""The workspace as the commands see it: settings, and what `up` has set up there, kept private."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from faceloop.choices import read_choices
from faces.errors import SetupError
from faces.locks import Work, alone
from faces.media import media_of
from faces.settings import Settings, load_settings
from faces.store.database import Store, open_store
from faces.store.given import follow_folder

EMBEDDED = "embedded"
"""What the store calls the Label Studio that `faceloop up` starts itself."""
_PRIVATE = 0o700
"""Only the owner looks into a workspace."""
_MARKS = {"faceloop.sqlite3", "connection.json", "choices.json", "confirmations.jsonl"}
_OWN_FOLDERS = {"locks", "media", "models", "logs", "label-studio"}
"""What a workspace holds before its first mark, or when its database is elsewhere."""
_STUDIO_SETTINGS = frozenset({"studio_name", "studio_url", "studio_api_key", "studio_pictures"})
"""What belongs to one Label Studio and must never reach another."""


@dataclass(frozen=True)
class Connection:
    """How the parts of this workspace reach each other; holds secrets, so the file is private.

    `own_api_key`, `studio_user` and `studio_password` are those of the Label Studio that we start
    ourselves; they are kept while another one is used.
    """

    studio_name: str
    studio_url: str
    studio_api_key: str
    studio_pictures: str
    backend_secret: str
    studio_user: str
    studio_password: str
    own_api_key: str
    studio_port: int
    backend_port: int
    app_port: int
    studio_venv: str

    @property
    def embedded(self) -> bool:
        """Whether this is the Label Studio that `up` starts itself."""
        return self.studio_name == EMBEDDED


def settings_for(workspace: Path | None, **given: object) -> Settings:
    """The settings: options given win, then the environment, then what this workspace was told.

    Raises:
        SetupError: a setting has a value that cannot be used.
    """
    explicit = explicit_settings(workspace, **given)
    connection = read_connection(explicit.workspace)
    known = explicit.model_fields_set
    saved = read_choices(explicit.workspace)
    if connection is not None:
        if "studio_url" in known and explicit.studio_url != connection.studio_url:
            known = known | _STUDIO_SETTINGS
        saved |= settings_of(connection)
    given_or_set = {n: getattr(explicit, n) for n in explicit.model_fields_set}
    return load_settings(**{n: v for n, v in saved.items() if n not in known}, **given_or_set)


def explicit_settings(workspace: Path | None, **given: object) -> Settings:
    """The settings by options and environment alone.

    The workspace's path is absolute, and an address is spelled in one way only.

    Raises:
        SetupError: a setting has a value that cannot be used.
    """
    settings = load_settings(workspace=workspace, **given)
    _check_token(settings.studio_api_key.get_secret_value())
    exact: dict[str, object] = {"workspace": _absolute(settings.workspace)}
    if settings.studio_url and "studio_url" in settings.model_fields_set:
        exact["studio_url"] = _spelled(settings.studio_url)
    return settings.model_copy(update=exact)


def settings_of(connection: Connection) -> dict[str, object]:
    """The part of a connection that is settings."""
    return {n: v for n, v in asdict(connection).items() if n in Settings.model_fields}


def prepare(settings: Settings) -> Store:
    """Make the workspace if it is not there, and bring its database to the current shape.

    Raises:
        SetupError: it cannot be made, or the folder holds something else.
    """
    with _its_place(settings.workspace):
        _make_private(settings.workspace)
        for folder in (settings.media, settings.models, settings.workspace / "locks"):
            folder.mkdir(exist_ok=True)
        with alone(settings, Work.MIGRATE):
            store = Store(settings.store_url)
            store.migrate(lock=settings.workspace / "locks" / "migration.lock")
        if media_of(settings).given.exists():
            with store.write() as connection:
                follow_folder(connection, media_of(settings).given.resolve())
    return store


@contextmanager
def up_alone(workspace: Path) -> Iterator[None]:
    """Keep every other `up` off this workspace; where nothing came of it, nothing stays behind.

    Raises:
        SetupError: another `up` has it, it cannot be made, or the folder holds something else.
    """
    with _its_place(workspace):
        made = _make_private(workspace)
        locks = workspace / "locks"
        locks.mkdir(exist_ok=True)
        lock = FileLock(locks / "up.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise SetupError(
                f"everything is up on {workspace} already, or is just starting; stop it with "
                "Ctrl-C where it runs, or give another --workspace"
            ) from None
    try:
        yield
    finally:
        if made and {path.name for path in workspace.rglob("*")} == {"locks", "up.lock"}:
            shutil.rmtree(workspace)  # still locked, so nobody else has begun here
        lock.release()


def existing_store(settings: Settings) -> Store:
    """The store of a workspace that `up` or `cluster` has made.

    Raises:
        StoreError: there is none, or it has another shape.
    """
    return open_store(settings.store_url)


def read_connection(workspace: Path) -> Connection | None:
    """What `up` has set up, None before the first time.

    Raises:
        SetupError: the file is damaged or cannot be read.
    """
    place = _place(workspace)
    try:
        return Connection(**json.loads(place.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            f"{place} cannot be read ({error.strerror}); mend that, or give another --workspace"
        ) from error
    except (ValueError, TypeError) as error:
        raise SetupError(
            f"{place} is damaged or of another version; remove it and run `faceloop up` again"
        ) from error


def write_connection(workspace: Path, connection: Connection) -> None:
    """Keep it for the other commands, readable by the owner alone."""
    place = _place(workspace)
    beside = place.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(connection), file, indent=1)
    beside.replace(place)


def new_token() -> str:
    """A token of 40 hex digits, the form that Label Studio's legacy tokens have."""
    return secrets.token_hex(20)


def new_password() -> str:
    """A password that can be typed."""
    return secrets.token_urlsafe(9)


@contextmanager
def _its_place(workspace: Path) -> Iterator[None]:
    """What the system refuses about the workspace is said in one line."""
    try:
        yield
    except OSError as error:
        raise SetupError(
            f"the workspace {workspace} cannot be made or used ({error.strerror}); "
            "give another with --workspace"
        ) from error


def _make_private(workspace: Path) -> bool:
    """A folder that only its owner can look into; whether it was made now.

    Raises:
        SetupError: the folder holds something else, so others may need to look into it.
    """
    if not workspace.exists():
        workspace.parent.mkdir(parents=True, exist_ok=True)
        workspace.mkdir(mode=_PRIVATE, exist_ok=True)
        return True
    holds = {path.name for path in workspace.iterdir()}
    if not holds & _MARKS and not holds <= _OWN_FOLDERS:
        raise SetupError(
            f"{workspace} holds something else and is no workspace of faceloop; "
            "give a new or empty folder with --workspace"
        )
    if stat.S_IMODE(workspace.stat().st_mode) != _PRIVATE:
        workspace.chmod(_PRIVATE)
    return False


def _spelled(url: str) -> str:
    """An address with its scheme and without a slash at the end.

    Raises:
        SetupError: it is none.
    """
    spelled = (url if "://" in url else f"http://{url}").rstrip("/")
    if "@" in spelled:  # a password may stand there, so the address is not quoted
        raise SetupError(
            "the address of Label Studio is to hold neither a name nor a password; give one like "
            "http://127.0.0.1:8080, and the token by FACELOOP_STUDIO_API_KEY"
        )
    if not _is_address(spelled):
        raise SetupError(
            f"{url} is no address of a Label Studio; give one like http://127.0.0.1:8080"
        )
    return spelled


def _is_address(url: str) -> bool:
    """Whether an HTTP client can make sense of it; the SDK's is too slow to be asked here."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
        if ":" in host or host.replace(".", "").isdigit():
            ipaddress.ip_address(host)
        host.encode("idna")
    except ValueError:
        return False
    return bool(host) and parts.scheme in {"http", "https"} and url.isprintable() and " " not in url


def _check_token(token: str) -> None:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise SetupError(
            "the token for Label Studio holds a character that no token has; copy it again from "
            "Account & Settings there"
        )


def _absolute(workspace: Path) -> Path:
    try:
        return workspace.expanduser().resolve()
    except (RuntimeError, ValueError) as error:  # no such home, links in a circle, a NUL
        raise SetupError(
            f"the workspace {workspace} cannot be used ({error}); give another with --workspace"
        ) from error


def _place(workspace: Path) -> Path:
    return workspace / "connection.json"
