"""Files as answers to a browser: under their names, and kept by no cache."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response


def file_answer(content: bytes, file_name: str, *, kind: str = "image/jpeg") -> Response:
    """A small file, which a browser shows if it can."""
    return Response(content, media_type=kind, headers=told_of("inline", file_name))


def told_of(shown: str, file_name: str) -> dict[str, str]:
    """What is said of a file: its name, and that no cache may keep it."""
    told = f"{shown}; filename*=UTF-8''{quote(file_name)}"
    return {"Content-Disposition": told, "Cache-Control": "no-store"}
