"""What people answer on a day of `make bench-faults`, by the album's own truth."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.faults_answers import Desk, Given, page_answer, photo_answer
from faceloop.demo_album import Album
from faces.records import FaceId
from faces.settings import Settings
from faces.store import ledger, photos
from faces.store.database import Store
from sync.desk import Project

_ANSWERED_PHOTOS = 3


class Annotators:
    """People at the desk of a workspace; `given` is all that they have answered so far."""

    def __init__(self, settings: Settings, album: Album) -> None:
        """Nobody has answered anything yet."""
        self.given: list[Given] = []
        self._settings, self._album = settings, album

    @property
    def skipped(self) -> set[int]:
        """The annotations by which a task was skipped."""
        return {one.annotation for one in self.given if one.is_skipped}

    @property
    def _desk(self) -> Desk:
        """Label Studio as annotators reach it."""
        key = self._settings.studio_api_key.get_secret_value()
        return Desk(self._settings.studio_url, key)

    def answer_first(self) -> None:
        """Half of each page, and some photos, in one of which a face is drawn."""
        names = self._real_names()
        for task in self._open(Project.PEOPLE):
            self._give(task, page_answer(task, names, rows=0.5))
        for number, task in enumerate(self._open(Project.PHOTOS)[:_ANSWERED_PHOTOS]):
            drawn = "Drawn" if not number else ""
            self._give(task, photo_answer(task, names, drawn=drawn))

    def answer_more(self) -> None:
        """One answer is deleted, one changed, one photo skipped; all open pages are answered."""
        names = self._real_names()
        open_pages = self._open(Project.PEOPLE)
        taken_back, last = self.given[-2:]
        self.given[-2] = self._desk.take_back(taken_back)
        self._desk.change(last, photo_answer(self._desk.task(last.task), names, drawn="Later"))
        for task in open_pages:
            self._give(task, page_answer(task, names))
        skipped = self._open(Project.PHOTOS)[0]
        self.given.append(self._desk.answer(int(skipped["id"]), (), skipped=True))

    def _give(self, task: Mapping[str, Any], result: list[dict[str, Any]] | None) -> None:
        if result is not None:
            self.given.append(self._desk.answer(int(task["id"]), result))

    def _open(self, project: Project) -> list[dict[str, Any]]:
        """The tasks that nobody answered, by their keys."""
        with closing(Store(self._settings.store_url)) as store, store.read() as connection:
            pushed = ledger.pushed_tasks(connection, project)
        found = [self._desk.task(one.task_id) for _, one in sorted(pushed.items()) if one.task_id]
        return [task for task in found if not task["annotations"]]

    def _real_names(self) -> dict[FaceId, str]:
        """Who each face really is, by the album's own truth; somebody else's is nobody's."""
        with closing(Store(self._settings.store_url)) as store, store.read() as connection:
            files = photos.files_of_photos(connection)
            faces = photos.faces(connection)
        names: dict[FaceId, str] = {}
        for face in faces:
            file = files[face.photo][0]
            for there in self._album.truth[Path(file.root) / file.path]:
                if face.box.overlap(there.box) > 0.1:
                    names[face.id] = there.name
            names.setdefault(face.id, "Drawn")
        return names
