"""The workspace as the commands see it: settings, and what `up` has set up there, kept private."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from faces.errors import SetupError
from faces.locks import Work, alone
from faces.settings import Settings, load_settings
from faces.store.database import Store, open_store

EMBEDDED = "embedded"
"""What the store calls the Label Studio that `faceloop up` starts itself."""
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
    """The settings: options given win, then the environment, then what `up` has set up here.

    Raises:
        SetupError: a setting has a value that cannot be used.
    """
    explicit = explicit_settings(workspace, **given)
    connection = read_connection(explicit.workspace)
    if connection is None:
        return explicit
    known = explicit.model_fields_set
    if "studio_url" in known and explicit.studio_url != connection.studio_url:
        known = known | _STUDIO_SETTINGS
    saved = {n: v for n, v in settings_of(connection).items() if n not in known}
    return load_settings(**{n: getattr(explicit, n) for n in explicit.model_fields_set}, **saved)


def explicit_settings(workspace: Path | None, **given: object) -> Settings:
    """The settings by options and environment alone.

    The workspace's path is absolute, and an address is spelled in one way only.

    Raises:
        SetupError: a setting has a value that cannot be used.
    """
    settings = load_settings(workspace=workspace, **given)
    exact: dict[str, object] = {"workspace": settings.workspace.expanduser().resolve()}
    if settings.studio_url and "studio_url" in settings.model_fields_set:
        exact["studio_url"] = _spelled(settings.studio_url)
    return settings.model_copy(update=exact)


def settings_of(connection: Connection) -> dict[str, object]:
    """The part of a connection that is settings."""
    return {n: v for n, v in asdict(connection).items() if n in Settings.model_fields}


def prepare(settings: Settings) -> Store:
    """Make the workspace if it is not there, and bring its database to the current shape."""
    for folder in (settings.workspace, settings.media, settings.models):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"the workspace {settings.workspace} cannot be made ({error.strerror}); "
                "give another with --workspace"
            ) from error
    settings.workspace.chmod(0o700)
    with alone(settings, Work.MIGRATE):
        store = Store(settings.store_url)
        store.migrate(lock=settings.workspace / "locks" / "migration.lock")
    return store


def existing_store(settings: Settings) -> Store:
    """The store of a workspace that `up` or `cluster` has made.

    Raises:
        StoreError: there is none, or it has another shape.
    """
    return open_store(settings.store_url)


def read_connection(workspace: Path) -> Connection | None:
    """What `up` has set up, None before the first time.

    Raises:
        SetupError: the file is damaged.
    """
    place = _place(workspace)
    try:
        return Connection(**json.loads(place.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
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


def _spelled(url: str) -> str:
    """An address with its scheme and without a slash at the end."""
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _place(workspace: Path) -> Path:
    return workspace / "connection.json"
