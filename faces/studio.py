"""Label Studio through label-studio-sdk: the only place that talks to it.

Where the SDK has no method, or its types drop what we need, the request goes through the SDK's own
client, which knows both kinds of token. Imports are never retried by the SDK: Label Studio has no
idempotency, and a retried import that had succeeded makes every task twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from faces.errors import StudioError
from faces.studio_checks import StudioChecks
from faces.studio_connection import ONCE, Gone
from faces.studio_views import StudioViews

IMPORT_CHUNK = 250
PREDICTION_CHUNK = 1000
"""Predictions sent at once: after each time Label Studio counts those of all tasks of a project."""
TASK_PAGE = 500
UPLOAD_CHUNK = 20
ASKED_AT_ONCE = 250
"""Tasks asked about in one address; longer addresses are refused on the way."""
_LARGEST_ID = 2**31 - 1
_TOUCHED = ("total_annotations", "cancelled_annotations", "draft_exists")
_DRAFTED = {
    "filter": "filter:tasks:draft_exists",
    "operator": "equal",
    "type": "Boolean",
    "value": True,
}
"""Label Studio tells of drafts only when it is asked for them in a filter."""
_SHOWING: dict[str, Any] = {"show_collab_predictions": True, "min_annotations_to_start_training": 0}
_UNCONNECTED = ("DI", "ER")
"""States of a backend: disconnected, in error."""


def _counted(conjunction: str, operator: str) -> dict[str, Any]:
    """A filter on how many answers a task has, and how many times it was skipped."""
    columns = ("total_annotations", "cancelled_annotations")
    shared = {"operator": operator, "type": "Number", "value": 0}
    items = [{"filter": f"filter:tasks:{column}", **shared} for column in columns]
    return {"conjunction": conjunction, "items": items}


_ANSWERED = _counted("or", "greater")
_UNANSWERED = _counted("and", "equal")
_UNPREDICTED = {
    "conjunction": "and",
    "items": [
        {
            "filter": "filter:tasks:total_predictions",
            "operator": "equal",
            "type": "Number",
            "value": 0,
        }
    ],
}


@dataclass(frozen=True)
class Standing:
    """What stands in a task: its data, and the ids of its predictions by model version, oldest
    first.
    """

    data: Mapping[str, Any]
    predictions: Mapping[str, Sequence[int]]


class Studio(StudioViews, StudioChecks):
    """One Label Studio server, seen with one person's token (legacy or personal access)."""

    def speaker(self) -> str:
        """Whose token this is, as an e-mail address.

        Raises:
            StudioUnreachable: no answer.
            StudioError: the token is not accepted, or what answers is no Label Studio.
        """
        try:
            return str(self._json("GET", "api/current-user/whoami")["email"])
        except (Gone, KeyError, TypeError) as error:
            raise StudioError(
                f"there is no Label Studio at {self.url}; give the address of its start page, as "
                "in http://127.0.0.1:8080"
            ) from error

    def create_project(self, title: str, *, description: str, config: str) -> int:
        """A new project with its labeling config; predictions are shown to annotators."""
        with self._answering(f"create the project {title}"):
            project = self._client.projects.create(
                title=title,
                description=description,
                label_config=config,
                show_collab_predictions=True,
                sampling="Sequential sampling",
                request_options=ONCE,
            )
        if project.id is None:
            raise StudioError(f"Label Studio at {self.url} made {title} and gave it no id")
        return project.id

    def projects_called(self, title: str) -> dict[int, int]:
        """How many tasks each project of exactly this title has, by its id; the newest hundred."""
        asked = {"title": title, "page_size": 100}
        found = self._json("GET", "api/projects/", params=asked)["results"]
        return {int(one["id"]): int(one["task_number"]) for one in found if one["title"] == title}

    def made_at(self, project: int) -> str | None:
        """When a project was made, None if it is gone; a later one may have the same number."""
        try:
            return str(self._json("GET", f"api/projects/{project}/")["created_at"])
        except Gone:
            return None

    def set_config(self, project: int, config: str) -> None:
        """Bring the project's labeling config to ours if it differs; it is kept without its end."""
        there = self._json("GET", f"api/projects/{project}/")["label_config"]
        if there.strip() != config.strip():
            self._json("PATCH", f"api/projects/{project}/", {"label_config": config})

    def show_predictions(self, project: int) -> None:
        """Have annotators see predictions, and let no save wait until something was learned."""
        there = self._json("GET", f"api/projects/{project}/")
        hidden = {
            key: wanted for key, wanted in _SHOWING.items() if there.get(key, wanted) != wanted
        }
        if hidden:
            self._json("PATCH", f"api/projects/{project}/", hidden)

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks with their predictions, in order; returns their ids.

        Raises:
            StudioError: another number of tasks came out than went in.
        """
        path = f"api/projects/{project}/import"
        answer = self._json("POST", path, list(tasks), params={"return_task_ids": "true"})
        ids = [int(task) for task in answer.get("task_ids") or []]
        if len(ids) != len(tasks):
            raise StudioError(
                f"Label Studio made {len(ids)} of {len(tasks)} tasks in project {project}; "
                "run `faceloop sync` again"
            )
        return ids

    def tasks(self, project: int, *, answered_only: bool = False) -> Iterator[dict[str, Any]]:
        """All tasks (or those with an annotation), without annotations: id, meta, counters."""
        return self._listed(project, _ANSWERED if answered_only else None)

    def unpredicted(self, project: int) -> Iterator[dict[str, Any]]:
        """The tasks that have no prediction of any version, as `tasks` lists them."""
        return self._listed(project, _UNPREDICTED)

    def task_count(self, project: int, *, first: int = 0, last: int = _LARGEST_ID) -> int:
        """How many tasks have a number from `first` to `last`; a tenth of a second for 30,000."""
        these = {
            "filter": "filter:tasks:id",
            "operator": "in",
            "type": "Number",
            "value": {"min": first, "max": last},
        }
        query = {"filters": {"conjunction": "and", "items": [these]}}
        return int(self._page(project, query, told=("id",), size=1)["total"])

    def untouched(self, project: int, tasks: Sequence[int]) -> set[int]:
        """Those of some tasks that are there with neither an answer nor a draft of one."""
        return {int(one["id"]) for one in self._untouched(project, tasks)}

    def standing(self, project: int, tasks: Sequence[int]) -> dict[int, Standing]:
        """What stands in those of some tasks that nobody has answered or begun to, by id."""
        more = {"fields": "all", "resolve_uri": "false"}
        found = self._untouched(project, tasks, keys=("data", "predictions"), more=more)
        return {int(one["id"]): _standing(one) for one in found}

    def _untouched(
        self,
        project: int,
        tasks: Sequence[int],
        *,
        keys: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[dict[str, Any]]:
        wanted = set(tasks)
        for start in range(0, len(tasks), ASKED_AT_ONCE):
            asked = tasks[start : start + ASKED_AT_ONCE]
            these = {
                "filter": "filter:tasks:id",
                "operator": "in_list",
                "type": "Number",
                "value": list(asked),
            }
            filters = {"conjunction": "or", "items": [these, _DRAFTED]}
            for one in self._listed(project, filters, keys=keys, more=more):
                if int(one["id"]) in wanted and not any(one[key] for key in _TOUCHED):
                    yield one

    def foremost(self, project: int, key: str, count: int) -> dict[int, dict[str, Any]]:
        """The data of the tasks that nobody answered, by id: those with the highest `data[key]`,
        which Label Studio compares as text, as its Data Manager does.
        """
        query = {"ordering": [f"-tasks:data.{key}"], "filters": _UNANSWERED}
        answer = self._page(project, query, told=("id", "data"), size=count)
        return {int(task["id"]): task["data"] for task in answer["tasks"]}

    def _listed(
        self,
        project: int,
        filters: Mapping[str, Any] | None,
        *,
        keys: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {"ordering": ["tasks:id"]}
        if filters:
            query["filters"] = filters
        told = ("id", "meta", "updated_at", "total_predictions", *_TOUCHED, *keys)
        page = seen = 0
        total = 1
        while seen < total:
            page += 1
            answer = self._page(project, query, told=told, size=TASK_PAGE, page=page, more=more)
            total = int(answer["total"])
            if not answer["tasks"] and seen < total:
                raise StudioError(f"Label Studio listed {seen} of {total} tasks; run sync again")
            seen += len(answer["tasks"])
            yield from answer["tasks"]

    def _page(
        self,
        project: int,
        query: Mapping[str, Any],
        *,
        told: Sequence[str],
        size: int,
        page: int = 1,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any]:
        """One page of a project's tasks, each with the keys of `told`, and how many there are."""
        params = {
            "project": project,
            "page": page,
            "page_size": size,
            "fields": "task_only",
            "include": ",".join(told),
            "query": json.dumps(query, separators=(",", ":")),
            **more,
        }
        answer: dict[str, Any] = self._json("GET", "api/tasks/", params=params)
        return answer

    def task(self, task: int) -> dict[str, Any] | None:
        """One task with its predictions and annotations, None if it is gone.

        Label Studio asks the backend when the task has no prediction at all.
        """
        try:
            answer: dict[str, Any] = self._json("GET", f"api/tasks/{task}/")
        except Gone:
            return None
        return answer

    def update_task(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data."""
        self._json("PATCH", f"api/tasks/{task}/", {"data": dict(data)})

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete tasks with all that hangs on them."""
        if tasks:
            self._json(
                "POST",
                "api/dm/actions/",
                {"selectedItems": {"all": False, "included": list(tasks)}},
                params={"id": "delete_tasks", "project": project},
            )

    def import_predictions(self, project: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Add predictions ({"task": id, ...}).

        Raises:
            StudioError: Label Studio kept fewer than were sent (it drops invalid ones in silence).
        """
        path = f"api/projects/{project}/import/predictions"
        kept = int(self._json("POST", path, list(predictions))["created"])
        if kept != len(predictions):
            raise StudioError(
                f"Label Studio kept {kept} of {len(predictions)} predictions in project "
                f"{project}; run `faceloop sync` again"
            )

    def update_prediction(self, prediction: int, shown: Mapping[str, Any]) -> None:
        """Let a prediction show something else; it stays the same prediction."""
        self._json("PATCH", f"api/predictions/{prediction}/", shown)

    def delete_prediction(self, prediction: int) -> None:
        """Delete one prediction; one that is gone already is fine."""
        try:
            self._json("DELETE", f"api/predictions/{prediction}/")
        except Gone:
            return

    def version_counts(self, project: int) -> dict[str, int]:
        """How many predictions each model version has in a project."""
        answer = self._json(
            "GET", f"api/projects/{project}/model-versions/", params={"extended": "true"}
        )
        return {row["model_version"]: int(row["count"]) for row in answer["static"]}

    def select_version(self, project: int, version: str) -> None:
        """Show the predictions of this version to annotators."""
        self._json("PATCH", f"api/projects/{project}/", {"model_version": version})

    def selected_version(self, project: int) -> str:
        """The version whose predictions annotators see."""
        return str(self._json("GET", f"api/projects/{project}/")["model_version"] or "")

    def delete_version(self, project: int, version: str) -> None:
        """Delete all predictions of a version."""
        path = f"api/projects/{project}/model-versions/"
        self._json("DELETE", path, {"model_version": version})

    def serve_folder(self, project: int, folder: Path, *, title: str) -> None:
        """Let a project show the pictures in a folder below Label Studio's document root."""
        with self._answering(f"serve the folder {folder}"):
            there = self._rows("api/storages/localfiles/", {"project": project})
            if any(storage["path"] == str(folder) for storage in there):
                return
            self._client.import_storage.local.create(
                project=project, path=str(folder), title=title, use_blob_urls=True
            )

    def upload(self, project: int, pictures: Sequence[Path]) -> dict[str, str]:
        """Send pictures to a project without making tasks of them; their addresses by file name.

        Pictures that are there already (names are unique: they come from content) are not sent
        again. Label Studio keeps an uploaded file, then answers 400 since it cannot make a task of
        a bare picture where the labeling config has several data keys; so the answer is not
        trusted, the list of files is.

        Raises:
            StudioError: a picture did not arrive.
        """
        there = self._uploads(project)
        missing = [picture for picture in pictures if picture.name not in there]
        for start in range(0, len(missing), UPLOAD_CHUNK):
            self._send_files(project, missing[start : start + UPLOAD_CHUNK])
        if missing:
            there = self._uploads(project)
        lost = [picture.name for picture in pictures if picture.name not in there]
        if lost:
            raise StudioError(
                f"Label Studio at {self.url} kept {len(missing) - len(lost)} of {len(missing)} "
                f"pictures; {lost[0]} is missing"
            )
        return {picture.name: there[picture.name] for picture in pictures}

    def _uploads(self, project: int) -> dict[str, str]:
        """Addresses of a project's uploaded files by the names they were sent under."""
        found = self._rows(f"api/projects/{project}/file-uploads", {"all": "true"})
        stored = [str(upload["file"]) for upload in found]
        return {name.rpartition("/")[2].partition("-")[2]: f"/data/{name}" for name in stored}

    def _send_files(self, project: int, pictures: Sequence[Path]) -> None:
        files = {picture.name: (picture.name, picture.read_bytes()) for picture in pictures}
        path = f"api/projects/{project}/import"
        try:
            self._json("POST", path, params={"commit_to_project": "false"}, files=files)
        except StudioError as refusal:
            if "more than one data key" not in str(refusal):
                raise

    def register_backend(
        self, project: int, url: str, *, title: str, user: str, password: str
    ) -> None:
        """Connect a project with our backend, once; another backend stays as it is.

        One that Label Studio cannot talk with any more, as after a new password, is replaced.

        Raises:
            StudioError: Label Studio cannot reach the backend, or may not.
        """
        with self._answering(f"connect the backend at {url}"):
            there = self._rows("api/ml/", {"project": project})
            mine = [ml for ml in there if ml["title"] == title]
            if (
                len(mine) == 1
                and mine[0]["url"] == url
                and mine[0].get("state") not in _UNCONNECTED
            ):
                return
            self._client.ml.create(
                project=project,
                url=url,
                title=title,
                is_interactive=True,
                auth_method="BASIC_AUTH" if password else "NONE",
                basic_auth_user=user if password else None,
                basic_auth_pass=password or None,
                request_options=ONCE,
            )
            for ml in mine:
                self._client.ml.delete(ml["id"])

    def set_webhook(
        self, project: int, url: str, *, headers: Mapping[str, str], actions: Sequence[str]
    ) -> None:
        """Have a project's annotations announced to `url` alone.

        Replaced are the webhook that Label Studio made by itself for the backend, which carries no
        secret, and ours to an address from before, known by its headers.
        """
        wanted = {
            "url": url,
            "project": project,
            "headers": dict(headers),
            "actions": sorted(actions),
            "send_for_all_actions": False,
            "send_payload": False,
            "is_active": True,
        }
        mine = [
            hook
            for hook in self._rows("api/webhooks/", {"project": project})
            if hook["url"] == url or set(headers) & set(hook["headers"] or ())
        ]
        if len(mine) == 1 and all(_same(mine[0].get(key), wanted[key]) for key in wanted):
            return
        for hook in mine:
            self._json("DELETE", f"api/webhooks/{hook['id']}/")
        self._json("POST", "api/webhooks/", wanted)


def _standing(task: Mapping[str, Any]) -> Standing:
    predictions: dict[str, list[int]] = {}
    for one in sorted(task["predictions"], key=lambda one: int(one["id"])):
        predictions.setdefault(str(one["model_version"]), []).append(int(one["id"]))
    return Standing(task["data"], predictions)


def _same(found: Any, wanted: Any) -> bool:
    return sorted(found) == wanted if isinstance(wanted, list) and found else found == wanted
