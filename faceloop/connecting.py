"""Which Label Studio `up` works with, and how the parts of a workspace reach each other."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from faceloop.studio_server import find_studio_venv, studio_data
from faceloop.workspace import (
    EMBEDDED,
    Connection,
    explicit_settings,
    new_password,
    new_token,
    read_connection,
    settings_for,
)
from faces.errors import SetupError
from faces.settings import Settings
from faces.studio import Studio


def connection_for(workspace: Path | None, *, studio: str | None, **given: object) -> Connection:
    """The connection that `up` makes: what is asked for, else what was set up before.

    `studio` is an address, or "embedded" for the Label Studio that we start ourselves. Secrets are
    made once and kept; a token goes to no other Label Studio than the one it was given for.

    Raises:
        SetupError: another's Label Studio needs a token.
    """
    if studio != EMBEDDED:
        given = {**given, "studio_url": studio}
    explicit = explicit_settings(workspace, **given)
    before = read_connection(explicit.workspace)
    if _wants_embedded(explicit, before, studio):
        return _embedded(settings_for(workspace, **given), before)
    return _foreign(explicit, settings_for(workspace, **given), before)


def check_access(connection: Connection) -> None:
    """Make sure that another's Label Studio is there and takes the token, before work begins.

    Raises:
        StudioUnreachable: nothing answers.
        StudioError: something else answers, or the token is not accepted.
    """
    with closing(Studio(connection.studio_url, connection.studio_api_key)) as studio:
        studio.speaker()


def _wants_embedded(explicit: Settings, before: Connection | None, studio: str | None) -> bool:
    if studio is not None:
        return studio == EMBEDDED
    if "studio_url" in explicit.model_fields_set and explicit.studio_url:
        return False
    return before is None or before.embedded


def _embedded(settings: Settings, before: Connection | None) -> Connection:
    return _connection(
        settings,
        before,
        studio_name=EMBEDDED,
        studio_url=f"http://127.0.0.1:{settings.studio_port}",
        studio_pictures="local",
    )


def _foreign(explicit: Settings, settings: Settings, before: Connection | None) -> Connection:
    """`settings` hold the saved token only if it belongs to this Label Studio."""
    key = settings.studio_api_key.get_secret_value()
    if not key:
        raise SetupError(
            f"Label Studio at {settings.studio_url} asks for a token; give --api-key or set "
            "FACELOOP_STUDIO_API_KEY (Account & Settings there)"
        )
    known = before is not None and before.studio_url == settings.studio_url
    chosen = known or "studio_pictures" in explicit.model_fields_set
    return _connection(
        settings,
        before,
        studio_name=settings.studio_name or settings.studio_url,
        studio_url=settings.studio_url,
        studio_pictures=settings.studio_pictures if chosen else "upload",
        studio_api_key=key,
    )


def _connection(
    settings: Settings,
    before: Connection | None,
    *,
    studio_name: str,
    studio_url: str,
    studio_pictures: str,
    studio_api_key: str | None = None,
) -> Connection:
    own_api_key = before.own_api_key if before else new_token()
    return Connection(
        studio_name=studio_name,
        studio_url=studio_url,
        studio_pictures=studio_pictures,
        studio_api_key=studio_api_key or own_api_key,
        backend_secret=settings.backend_secret.get_secret_value() or new_token(),
        studio_user=before.studio_user if before else _new_user(settings),
        studio_password=before.studio_password if before else new_password(),
        own_api_key=own_api_key,
        studio_port=settings.studio_port,
        backend_port=settings.backend_port,
        app_port=settings.app_port,
        studio_venv=str(find_studio_venv(settings)),
    )


def _new_user(settings: Settings) -> str:
    """Who signs in to our Label Studio; where the password of an older one is lost, another."""
    suffix = f"-{new_token()[:6]}" if any(studio_data(settings).glob("*.sqlite3")) else ""
    return f"faceloop{suffix}@localhost"
