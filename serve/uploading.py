"""The files of a multipart form, written down one after the other while they come in."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from faces.errors import BadRequest, TooMuch
from serve.album import Given
from serve.limits import Limits

_MOST_TIMES = 10
"""A form may have so many times as many files as an album; those too many are told one by one."""


async def receive(request: Request, folder: Path, *, field: str, limits: Limits) -> list[Given]:
    """Write the files of a field into this folder; only one is open at a time.

    Of a file that is too large only as much is written as shows that; of files beyond the most
    that an album has, nothing.

    Raises:
        BadRequest: this is no multipart form, or one that is damaged.
        TooMuch: there are very many more files than an album has.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest(f"send the pictures as multipart/form-data, in the field {field}")
    writer = _Writer(folder, field.encode(), limits)
    try:
        parser = writer.parser(options[b"boundary"])
        async for block in request.stream():
            await run_in_threadpool(parser.write, block)
        parser.finalize()
    except FormParserError as error:
        raise BadRequest(f"the form that was sent is damaged: {error}") from error
    finally:
        writer.close()
    if not writer.is_whole:
        raise BadRequest("the form that was sent ends too early; send it again")
    return writer.given


class _Writer:
    """Hears what the parser finds, and writes files."""

    def __init__(self, folder: Path, field: bytes, limits: Limits) -> None:
        self.given: list[Given] = []
        self.is_whole = False
        self._folder = folder
        self._field = field
        self._limits = limits
        self._header: tuple[bytes, bytes] = (b"", b"")
        self._disposition = b""
        self._file: BinaryIO | None = None
        self._room = 0

    def parser(self, boundary: bytes) -> MultipartParser:
        """What tells this of the parts of a form.

        Raises:
            FormParserError: the boundary is none.
        """
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._open,
                "on_part_data": self._write,
                "on_part_end": self.close,
                "on_end": self._end,
            },
        )

    def close(self) -> None:
        """Close the file that is open, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._header = (b"", b"")
        self._disposition = b""

    def _header_field(self, content: bytes, start: int, end: int) -> None:
        field, value = self._header
        self._header = (field + content[start:end], value)

    def _header_value(self, content: bytes, start: int, end: int) -> None:
        field, value = self._header
        self._header = (field, value + content[start:end])

    def _header_end(self) -> None:
        field, value = self._header
        if field.lower() == b"content-disposition":
            self._disposition = value
        self._header = (b"", b"")

    def _open(self) -> None:
        """Begin a file, if this part is one; browsers send a nameless one where none was chosen."""
        _, options = parse_options_header(self._disposition)
        called = options.get(b"filename", b"").decode("utf-8", errors="replace")
        if options.get(b"name") != self._field or not called:
            return
        if len(self.given) >= _MOST_TIMES * self._limits.pictures:
            raise TooMuch(f"{self._limits.too_many}: these are far too many")
        path = self._folder / str(len(self.given))
        if len(self.given) < self._limits.pictures:
            self._file = path.open("xb")
            self._room = self._limits.picture_bytes + 1
        self.given.append(Given(called, path))

    def _write(self, content: bytes, start: int, end: int) -> None:
        if self._file is not None and self._room:
            some = content[start : min(end, start + self._room)]
            self._file.write(some)
            self._room -= len(some)

    def _end(self) -> None:
        self.is_whole = True
