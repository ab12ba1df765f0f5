"""What Label Studio tells of its own state: of its token, projects, backends and webhooks.

Nothing here changes anything there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faces.errors import StudioError
from faces.studio_connection import Gone, StudioConnection

TESTED_STUDIO = "1.23.2"
TESTED_SDK = "2.1.2"
"""The versions that all of this was tried with."""
_NOWHERE = "/faceloop-doctor"
"""Below the backend's address there is nothing under this name, so nothing can come of asking."""
_REACHED = ("Able to connect", "404 Client Error")
"""What Label Studio says where it got an answer: 401 of a backend with a secret, else 404."""


@dataclass(frozen=True, slots=True)
class ProjectState:
    """A project's settings, as far as they decide what annotators see."""

    title: str
    made_at: str
    config: str
    version: str
    shows_predictions: bool
    trains_after: int
    tasks: int


@dataclass(frozen=True, slots=True)
class BackendState:
    """A backend of a project, as Label Studio sees it now: it asks it while answering."""

    id: int
    title: str
    url: str
    is_connected: bool
    trouble: str
    version: str
    is_interactive: bool


@dataclass(frozen=True, slots=True)
class WebhookState:
    """A webhook of a project; `headers` may hold a secret."""

    url: str
    is_active: bool
    actions: frozenset[str] | None
    headers: Mapping[str, str]


class StudioChecks(StudioConnection):
    """What there is to ask Label Studio about itself."""

    def version(self) -> str:
        """Label Studio's version."""
        return str(self._object("api/version/")["release"])

    def project_state(self, project: int) -> ProjectState | None:
        """A project's settings, None if it is gone."""
        try:
            told = self._object(f"api/projects/{project}/")
        except Gone:
            return None
        return ProjectState(
            title=str(told["title"]),
            made_at=str(told["created_at"]),
            config=str(told["label_config"]),
            version=str(told["model_version"] or ""),
            shows_predictions=bool(told.get("show_collab_predictions", True)),
            trains_after=int(told.get("min_annotations_to_start_training") or 0),
            tasks=int(told.get("task_number") or 0),
        )

    def backends(self, project: int) -> list[BackendState]:
        """All backends of a project; each is asked meanwhile."""
        return [_backend(told) for told in self._rows("api/ml/", {"project": project})]

    def ask_backend(self, project: int) -> str:
        """How Label Studio itself sees the project's backend; it asks it while answering.

        Raises:
            StudioError: there is none, or Label Studio cannot talk with it.
        """
        for backend in self.backends(project):
            if not backend.is_connected:
                raise StudioError(
                    f"Label Studio cannot talk with the backend at {backend.url}: {backend.trouble}"
                )
            return f"connected, at version {backend.version}"
        raise StudioError(f"project {project} has no backend; run `faceloop up` again")

    def why_unreachable(self, project: int, url: str) -> str | None:
        """Why Label Studio cannot call what is at `url`, None if it can.

        It is asked to register a backend at an address where there is none; so none is, and its
        refusal tells how far it came.
        """
        body = {"project": project, "url": f"{url}{_NOWHERE}", "title": "doctor"}
        try:
            made = self._json("POST", "api/ml/", body)
        except StudioError as refusal:
            told = str(refusal)
            return None if any(sign in told for sign in _REACHED) else told
        self._json("DELETE", f"api/ml/{made['id']}")
        return None

    def try_prediction(self, backend: int) -> list[Any]:
        """What the backend answers to one random task of its project, through Label Studio.

        Raises:
            StudioError: nothing comes back.
        """
        path = f"api/ml/{backend}/predict/test"
        told = self._json("POST", path, params={"random": "true"})
        response = told.get("response") if isinstance(told, dict) else None
        return response if isinstance(response, list) else []

    def webhooks(self, project: int) -> list[WebhookState]:
        """All webhooks that fire for a project."""
        found = self._rows("api/webhooks/", {"project": project})
        return [
            WebhookState(
                url=str(hook["url"]),
                is_active=bool(hook["is_active"]),
                actions=None if hook["send_for_all_actions"] else frozenset(hook["actions"] or ()),
                headers=dict(hook["headers"] or {}),
            )
            for hook in found
        ]

    def folders_served(self, project: int) -> list[str]:
        """The folders below Label Studio's document root that a project may show."""
        found = self._rows("api/storages/localfiles/", {"project": project})
        return [str(storage.get("path") or "") for storage in found]

    def checks_strictly(self, project: int) -> bool:
        """Whether Label Studio refuses what its own validator does not like.

        It is asked to look at a task with an impossible prediction, which it does not keep.
        """
        impossible = {"result": [{"type": "nothing"}], "score": 7, "model_version": "doctor"}
        data = {"image": "", "people": [], "caption": ""}
        path = f"api/projects/{project}/import"
        tasks = [{"data": data, "predictions": [impossible]}]
        answer = self._answer("POST", path, tasks, params={"commit_to_project": "false"})
        return bool(answer.is_error) and "rediction" in answer.text

    def picture(self, path: str) -> bytes:
        """What a picture's address gives.

        Raises:
            StudioError: Label Studio does not show it.
        """
        answer = self._answer("GET", path.lstrip("/"))
        if answer.is_error or not answer.content:
            raise StudioError(f"Label Studio does not show {path} ({answer.status_code})")
        return bytes(answer.content)


def _backend(told: Mapping[str, Any]) -> BackendState:
    return BackendState(
        id=int(told["id"]),
        title=str(told["title"] or ""),
        url=str(told["url"]).rstrip("/"),
        is_connected=told["state"] == "CO",
        trouble=" ".join(str(told.get("error_message") or told.get("readable_state")).split()),
        version=str(told.get("model_version") or ""),
        is_interactive=bool(told.get("is_interactive")),
    )
