"""Every setting, read from the environment once, checked at start and passed down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from faces.errors import SetupError

EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # told apart, not listened on
"""What a program listens on that every machine may reach."""


def _default_workspace() -> Path:
    return Path(platformdirs.user_data_dir("faceloop", appauthor=False))


class Settings(BaseSettings):
    """What can be set; each name in the environment begins with FACELOOP_."""

    model_config = SettingsConfigDict(env_prefix="FACELOOP_", frozen=True, extra="ignore")

    workspace: Path = Field(
        default_factory=_default_workspace,
        description="Where faceloop keeps its database, previews, models and Label Studio's data",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="SQLAlchemy URL of the store; empty: SQLite in the workspace",
    )
    redis_url: SecretStr = Field(
        default=SecretStr(""),
        description="Redis for background work; empty: a file in the workspace",
    )
    studio_url: str = Field(
        default="http://127.0.0.1:8080", description="Where faceloop finds Label Studio"
    )
    studio_api_key: SecretStr = Field(
        default=SecretStr(""), description="Label Studio's legacy token or personal access token"
    )
    studio_name: str = Field(
        default="",
        description="What the store calls this Label Studio; empty: its address",
    )
    studio_port: int = Field(default=8080, ge=1, le=65535, description="Port of Label Studio")
    studio_venv: Path = Field(
        default=Path(".venv-studio"), description="The environment that holds Label Studio"
    )
    studio_pictures: str = Field(
        default="local",
        pattern="^(local|upload)$",
        description="How previews reach Label Studio: local (shared folder) or upload",
    )
    backend_host: str = Field(default="127.0.0.1", description="Address the backend listens on")
    backend_port: int = Field(default=9090, ge=1, le=65535, description="Port of the backend")
    backend_url: str = Field(
        default="", description="The backend as Label Studio reaches it; empty: from host and port"
    )
    backend_secret: SecretStr = Field(
        default=SecretStr(""), description="What Label Studio must show to the backend"
    )
    media_buckets: str = Field(
        default="",
        description="Buckets whose pictures the backend may read, as s3://photos/,gs://more/2019/",
    )
    app_host: str = Field(default="127.0.0.1", description="Address the app listens on")
    app_port: int = Field(default=7860, ge=1, le=65535, description="Port of the app")
    app_hosts: str = Field(
        default="",
        description="By which host names others reach the app, with commas between them",
    )
    app_users: SecretStr = Field(
        default=SecretStr(""),
        description="Who may use the app: name:password, with commas between them",
    )
    app_token: SecretStr = Field(
        default=SecretStr(""), description="What programs show to the app as a bearer token"
    )
    app_minutes_kept: int = Field(
        default=60, ge=1, description="How long the app keeps the pictures of an album"
    )
    app_most_pictures: int = Field(
        default=200, ge=1, description="So many pictures an album of the app has at most"
    )
    app_most_picture_mb: int = Field(
        default=64, ge=1, description="So large a picture given to the app is at most"
    )
    app_most_album_mb: int = Field(
        default=1024, ge=1, description="So large all pictures of an album are together"
    )
    app_most_megapixels: int = Field(
        default=64, ge=1, description="So many megapixels a picture given to the app has at most"
    )
    app_most_minutes: int = Field(
        default=10, ge=1, description="So long the pictures of an album are read at most"
    )
    app_requests_per_minute: int = Field(
        default=600,
        ge=1,
        description="So often a visitor from another machine may send something to the app",
    )
    method: Literal["people", "dbscan"] = Field(
        default="people",
        description="What groups faces: people (nothing to set), or scikit-learn's dbscan",
    )
    eps: float = Field(
        default=0.42, gt=0, lt=2, description="For dbscan: the radius on dlib's encodings"
    )
    min_samples: int = Field(
        default=3,
        ge=1,
        description="For dbscan: faces (itself included) that make a face a core of a cluster",
    )
    strangers_accepted: float = Field(
        default=0.01, gt=0, lt=0.5, description="The share of strangers that a model may name"
    )
    retrain_after_faces: int = Field(
        default=0,
        ge=0,
        description="The worker retrains after so many new confirmed faces; 0: only you do",
    )
    retrain_after_minutes: int = Field(
        default=60, ge=0, description="And so many minutes after the last retrain at the earliest"
    )
    jobs: int = Field(
        default=0, ge=0, description="Processes that read photos; 0: one for each core"
    )
    first_photos: int = Field(
        default=300,
        ge=1,
        description="So many photos are read before `up` opens the desk; the others meanwhile",
    )
    detector: Literal["yunet", "hog", "cnn"] = Field(
        default="yunet", description="What finds faces: yunet, hog or cnn (both dlib's)"
    )
    rotations: bool = Field(
        default=False,
        description="Look at photos in all four directions, for such as lie on their side",
    )
    engine: Literal["onnx", "reference"] = Field(
        default="onnx", description="What encodes faces: onnx, or face_recognition itself"
    )
    scheduler: str = Field(
        default="",
        description="Dask scheduler that reads photos; local: a small one here; empty: none",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How backend and worker write their logs: text, or json (an object a line)",
    )

    @field_validator("backend_secret")
    @classmethod
    def _can_be_sent(cls, secret: SecretStr) -> SecretStr:
        """Label Studio sends a header in Latin-1 and we read UTF-8, so only ASCII arrives."""
        text = secret.get_secret_value()
        if not (text.isascii() and text.isprintable() and text == text.strip()):
            raise ValueError("only ASCII letters, digits and signs arrive in a header")
        return secret

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store; a password may stand in it."""
        return (
            self.database_url.get_secret_value()
            or f"sqlite:///{self.workspace / 'faceloop.sqlite3'}"
        )

    @property
    def media(self) -> Path:
        """Label Studio's document root: previews and montages, nothing else."""
        return self.workspace / "media"

    @property
    def models(self) -> Path:
        """Where model versions lie."""
        return self.workspace / "models"

    @property
    def log_lines(self) -> Path:
        """The log of confirmations as JSON lines."""
        return self.workspace / "confirmations.jsonl"

    @property
    def backend_url_for_studio(self) -> str:
        """The backend's address as Label Studio reaches it."""
        return self.backend_url or f"http://{reach(self.backend_host)}:{self.backend_port}"


def reach(host: str) -> str:
    """How this machine reaches what listens on `host`, as it is written in an address."""
    if host in EVERY_ADDRESS:
        return "[::1]" if ":" in host else "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def environment_for(settings: Settings) -> dict[str, str]:
    """The environment for a process of ours: this one's, with these settings made explicit.

    Secrets travel this way and never on a command line, where everybody could read them.
    """
    ours = {
        f"FACELOOP_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in settings
    }
    return {**os.environ, **ours}


def environment_with(values: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that is not ours: without our settings, with `values`."""
    others = {n: v for n, v in os.environ.items() if not n.startswith("FACELOOP_")}
    return {**others, **values}


def load_settings(**given: object) -> Settings:
    """Read the environment; whatever is given and not None wins.

    Raises:
        SetupError: a setting has a value that cannot be used.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(
            f"FACELOOP_{str(problem['loc'][0]).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SetupError(f"a setting cannot be used: {wrong}") from error
