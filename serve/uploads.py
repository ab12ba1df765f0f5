"""What visitors uploaded through the page: requests name such files, and no others are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from faces.errors import BadPhoto

_NO_UPLOAD = "the picture is not among those that were uploaded here; choose it again"


def uploads_alone(sent: object, uploads: Path) -> object:
    """What a request sent, less all that we do not need: uploads, lists of them, plain values.

    Raises:
        BadPhoto: it names a file that is no upload.
    """
    if isinstance(sent, list):
        return [uploads_alone(one, uploads) for one in sent]
    if sent is None or isinstance(sent, bool | int | float | str):
        return sent
    return one_upload(sent, uploads)


def several_uploads(sent: object, uploads: Path) -> list[dict[str, object]]:
    """The same of several uploads.

    Raises:
        BadPhoto: it names anything else.
    """
    if not isinstance(sent, list):
        raise BadPhoto(_NO_UPLOAD)
    return [one_upload(one, uploads) for one in sent]


def one_upload(sent: object, uploads: Path) -> dict[str, object]:
    """What a request said of an upload, less all that we do not need.

    Raises:
        BadPhoto: it names no upload.
    """
    path = path_of(sent, uploads)
    return {"path": str(path), "orig_name": called_by(sent), "meta": {"_type": "gradio.FileData"}}


def path_of(sent: Any, uploads: Path) -> Path:
    """Where an upload lies.

    Raises:
        BadPhoto: outside the uploads, or nowhere.
    """
    try:
        path = Path(sent["path"]).resolve()
        if path.is_relative_to(uploads.resolve()) and path.is_file():
            return path
    except (KeyError, TypeError, ValueError, OSError, RuntimeError):
        pass  # told below: what a request names wrongly is as if it were not there
    raise BadPhoto(_NO_UPLOAD)


def content_of(sent: Any, uploads: Path) -> bytes:
    """The bytes as they came.

    Raises:
        BadPhoto: they are not, or no longer, among the uploads.
    """
    try:
        return path_of(sent, uploads).read_bytes()
    except OSError:
        raise BadPhoto(_NO_UPLOAD) from None


def called_by(sent: Any) -> str:
    """What the visitor called an upload."""
    told = sent.get("orig_name") if isinstance(sent, dict) else None
    return str(told or "the picture")
