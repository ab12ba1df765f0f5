"""Label Studio as a process of ours: embedded, SQLite, local files, nothing sent anywhere."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from faceloop.workspace import Connection
from faces.errors import SetupError
from faces.settings import Settings, environment_with

READY_WITHIN_S = 300
"""The first start makes the database, which takes two minutes on a small machine."""

_BLOCKED_SUBNETS = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 "
    "233.252.0.0/24 240.0.0.0/4 255.255.255.255/32 ::/128 ::1/128 ::ffff:0:0/96 ::ffff:0:0:0/96 "
    "64:ff9b::/96 64:ff9b:1::/48 100::/64 2001:0000::/32 2001:20::/28 2001:db8::/32 2002::/16 "
    "fc00::/7 fe80::/10 ff00::/8"
)
"""What Label Studio 1.23.2 blocks by default, less 127.0.0.0/8, where our backend listens."""


COUNTS_FEW = "LABEL_STUDIO_fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short"
"""Label Studio's own switch: after new predictions it counts those of the tasks that got some, and
not of all tasks of the project, which takes half a millisecond for each of them. It does not look
then whether they are valid: `sync` does before it sends them.
"""
_CLOSED = "http://127.0.0.1:9"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_LOCAL = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
_NOWHERE = dict.fromkeys(_PROXIES, _CLOSED) | _LOCAL
"""Label Studio asks GitHub for tips when somebody opens a project, whatever it is set to; what it
asks of other machines ends at a port where nobody listens."""


def find_studio_venv(settings: Settings) -> Path:
    """The environment that holds Label Studio: as set, or beside our own."""
    there = settings.studio_venv.expanduser().absolute()
    beside_ours = Path(sys.prefix).parent / settings.studio_venv.name
    return there if _program(there).exists() or not _program(beside_ours).exists() else beside_ours


def studio_command(settings: Settings) -> list[str]:
    """How to start Label Studio.

    Raises:
        SetupError: it is not installed.
    """
    program = _program(find_studio_venv(settings))
    if not program.exists():
        raise SetupError(
            f"Label Studio is not installed in {settings.studio_venv}; run `make setup`, or set "
            "FACELOOP_STUDIO_VENV to the environment that holds it"
        )
    local = ["--internal-host", "127.0.0.1", "--port", str(settings.studio_port)]
    return [str(program), "start", "--no-browser", *local]


def studio_data(settings: Settings) -> Path:
    """Where our Label Studio keeps its database."""
    return settings.workspace / "label-studio"


def quicken_database(settings: Settings) -> None:
    """Let Label Studio's database note changes in a file beside it (SQLite's write-ahead log).

    Saving a task takes several small commits, each an eighth of the time then; and who reads does
    not wait for who writes. SQLite remembers it in the database. While Label Studio runs, its last
    changes stand in `label_studio.sqlite3-wal`.

    Raises:
        SetupError: the database is damaged, or cannot be written.
    """
    database = _database(settings)
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise SetupError(
            f"Label Studio's database {database} cannot be used ({error}); put a copy of it back, "
            "or move it away and start anew: names and answers stand in faceloop's own"
        ) from error


def _database(settings: Settings) -> Path:
    return studio_data(settings) / "label_studio.sqlite3"


def studio_environment(settings: Settings, connection: Connection) -> dict[str, str]:
    """Its environment: only what faceloop needs is opened, and nobody is told anything."""
    studio_data(settings).mkdir(parents=True, exist_ok=True)
    values = {
        "BASE_DATA_DIR": str(studio_data(settings)),
        "DATABASE_NAME": str(_database(settings)),
        "DJANGO_DB": "sqlite",
        "USERNAME": connection.studio_user,
        "PASSWORD": connection.studio_password,
        "USER_TOKEN": connection.own_api_key,
        "ENABLE_LEGACY_API_TOKEN": "true",
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(settings.media),
        "USE_DEFAULT_BANNED_SUBNETS": "false",
        "USER_ADDITIONAL_BANNED_SUBNETS": ",".join(_BLOCKED_SUBNETS.split()),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "DEBUG": "false",
        "HOST": "",
    }
    studio = {f"LABEL_STUDIO_{name}": value for name, value in values.items()}
    return environment_with({**studio, **_NOWHERE, COUNTS_FEW: "true"})


def _program(venv: Path) -> Path:
    return venv / "bin" / "label-studio"
