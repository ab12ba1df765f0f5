"""Names the faces in visitors' pictures, and keeps the pictures for a set time only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Self

from faces.errors import BadPhoto
from faces.formats import format_of
from serve.album import Given, Progress, Refused, Tell, seconds_left
from serve.album_reading import SUFFIXES, content_of_given, fitting
from serve.file_names import last_part, safe_names
from serve.keeping import Keeping
from serve.limits import Limits
from serve.namer import Namer
from serve.naming import NamedUpload, Naming, NamingId
from serve.naming_files import NamingFiles


@dataclass(frozen=True)
class OpenNaming:
    """A naming whose files stay as long as it is open."""

    naming: Naming
    files: NamingFiles


class Namings:
    """Makes namings and keeps them until their time is over; safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        namer: Namer,
        limits: Limits,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Keep them in this folder, which is ours alone: whatever lies there is removed."""
        self.limits = limits
        self._namer = namer
        self._keeping: Keeping[Naming] = Keeping(
            folder,
            f"this picture is not here any more: pictures are kept for {limits.minutes_kept:g} "
            "minutes; give it again",
            now=now,
        )

    def __enter__(self) -> Self:
        """Begin with an empty folder.

        Raises:
            SetupError: the folder cannot be made.
        """
        self._keeping.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove everything."""
        self._keeping.__exit__(*error)

    def incoming(self) -> AbstractContextManager[Path]:
        """A folder for files that are just being made; it goes when this is left."""
        return self._keeping.incoming()

    def name(
        self, given: Sequence[Given], *, tell: Tell = lambda _progress: None, count: int = 5
    ) -> Naming:
        """Name every face in these files, one after the other, and keep what comes of it.

        The files stay where they are. What is no picture, or more than the limits allow, is refused
        with its reason, and the rest goes on. Each face has the `count` people whom it is likeliest
        to be.

        Raises:
            Busy: there is no room on the disk.
            SetupError: the model version learned from another network's encodings.
        """
        self._keeping.refuse_without_room(given)
        return self._keeping.make(
            lambda new_id, place: self._made(new_id, place, given, tell, count)
        )

    @contextmanager
    def open(self, naming_id: str) -> Iterator[OpenNaming]:
        """A naming by its id; its files stay until this is left.

        Raises:
            AlbumGone: there is none, or its time is over.
        """
        with self._keeping.open(naming_id) as (naming, folder):
            yield OpenNaming(naming, NamingFiles(folder))

    def remove(self, naming_id: str) -> None:
        """Forget a naming before its time; one that is not there is gone already."""
        self._keeping.remove(naming_id)

    def _made(
        self, naming_id: str, place: Path, given: Sequence[Given], tell: Tell, count: int
    ) -> Naming:
        files = NamingFiles(place)
        files.make()
        kept, refused = fitting(given, self.limits)
        named: list[NamedUpload] = []
        began = monotonic()
        for done, one in enumerate(kept):
            elapsed_s = monotonic() - began
            tell(Progress(done, len(kept), seconds_left(done, len(kept), elapsed_s)))
            if elapsed_s > self.limits.seconds:
                refused.append(Refused(one.called, self.limits.too_long))
                continue
            try:
                named.append(self._one(done + 1, one, files, count))
            except BadPhoto as reason:
                refused.append(Refused(one.called, str(reason)))
        until = self._keeping.now() + self.limits.kept
        return Naming(NamingId(naming_id), _with_names(named), tuple(refused), until)

    def _one(self, number: int, given: Given, files: NamingFiles, count: int) -> NamedUpload:
        """Name one file.

        Raises:
            BadPhoto: it is no picture, or larger than it may be.
        """
        called = last_part(given.called)
        content = content_of_given(given, self.limits)
        self.limits.refuse(content, called=called)
        picture, read = self._namer.read_and_name(content, called=called, count=count)
        files.keep(number, given.path, picture)
        suffix = SUFFIXES[format_of(content) or "JPEG"]
        height_px, width_px, _ = picture.pixels.shape
        return NamedUpload(
            number,
            given.called,
            f"{number}{suffix}",
            width_px,
            height_px,
            picture.faces,
            picture.version,
            read,
        )


def _with_names(pictures: Sequence[NamedUpload]) -> tuple[NamedUpload, ...]:
    """The pictures with the names under which they can be taken home."""
    suffixes = [Path(one.name).suffix for one in pictures]
    names = safe_names([one.called for one in pictures], suffixes)
    return tuple(replace(one, name=name) for one, name in zip(pictures, names, strict=True))
