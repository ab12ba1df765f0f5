"""What can be taken home of a naming: pictures with names, the answer as JSON, a ZIP of all."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from faces.errors import AlbumGone
from serve.file_answers import file_answer, told_of
from serve.file_names import safe_names
from serve.naming import NamedUpload, Naming
from serve.namings import Namings, OpenNaming
from serve.rest_answers import Identified, identified_faces
from serve.taking_home import blocks_of, harmless_cell

ALL = "all.zip"
_PICTURE = re.compile(r"picture_([1-9][0-9]{0,5})\.jpg")
_ANSWER = re.compile(r"faces_([1-9][0-9]{0,5})\.json")
_CROP = re.compile(r"face_([1-9][0-9]{0,5})_([1-9][0-9]{0,5})\.jpg")
_NOT_THERE = "there is no such file; give the picture again"
_COLUMNS = ("picture", "face", "name", "probability", "left_px", "top_px", "width_px", "height_px")


def named_download(namings: Namings, naming_id: str, file_name: str) -> Response:
    """A file of a naming, to be sent.

    Raises:
        AlbumGone: there is no such naming, or no such file in it.
    """
    with namings.open(naming_id) as opened:
        if file_name == ALL:
            return _zip(namings, naming_id)
        if wanted := _PICTURE.fullmatch(file_name):
            picture = _picture(opened.naming, wanted[1])
            called = home_name(opened.naming, picture)
            return file_answer(opened.files.drawn(picture.number).read_bytes(), called)
        if wanted := _ANSWER.fullmatch(file_name):
            picture = _picture(opened.naming, wanted[1])
            called = Path(home_name(opened.naming, picture)).stem + ".json"
            told = answer_of(picture).model_dump_json(indent=2).encode()
            return file_answer(told, called, kind="application/json")
        if wanted := _CROP.fullmatch(file_name):
            picture = _picture(opened.naming, wanted[1])
            face = int(wanted[2])
            if face <= len(picture.faces):
                return file_answer(opened.files.crop(picture.number, face).read_bytes(), file_name)
    raise AlbumGone(_NOT_THERE)


def answer_of(picture: NamedUpload) -> Identified:
    """What `POST /identify` answers to this picture."""
    size_px = (picture.width_px, picture.height_px)
    return identified_faces(picture.faces, picture.version, size_px=size_px)


def home_name(naming: Naming, picture: NamedUpload) -> str:
    """What a picture with names is called when it is taken home; no two of a naming alike."""
    stems = [f"{Path(one.name).stem}-named" for one in naming.pictures]
    names = safe_names(stems, [".jpg"] * len(stems))
    return names[naming.pictures.index(picture)]


def table_of(naming: Naming) -> str:
    """One line for each face, as CSV; an unknown face has no name."""
    told = io.StringIO(newline="")
    table = csv.writer(told)
    table.writerow(_COLUMNS)
    for picture in naming.pictures:
        for number, face in enumerate(picture.faces, start=1):
            box = face.box
            pixels = [round(v) for v in (box.left, box.top, box.width, box.height)]
            cells = harmless_cell(picture.name), number, harmless_cell(face.name or "")
            table.writerow((*cells, f"{face.certainty:.3f}", *pixels))
    return told.getvalue()


def _picture(naming: Naming, number: str) -> NamedUpload:
    """The picture with this number.

    Raises:
        AlbumGone: there is none.
    """
    found = naming.picture(int(number))
    if found is None:
        raise AlbumGone(_NOT_THERE)
    return found


def _zip(namings: Namings, naming_id: str) -> Response:
    """A ZIP that is made while it is sent; the files stay as long."""

    def blocks() -> Iterator[bytes]:
        with namings.open(naming_id) as opened:
            yield from blocks_of(_files(opened))

    headers = told_of("attachment", "named-pictures.zip")
    return StreamingResponse(blocks(), media_type="application/zip", headers=headers)


def _files(opened: OpenNaming) -> list[tuple[str, Path | bytes]]:
    naming = opened.naming
    answers = [
        {"picture": one.name, **answer_of(one).model_dump(mode="json")} for one in naming.pictures
    ]
    told = json.dumps(answers, ensure_ascii=False, indent=2).encode()
    table = table_of(naming).encode("utf-8-sig")  # so that Excel takes it for UTF-8
    drawn = [
        (f"pictures/{home_name(naming, one)}", opened.files.drawn(one.number))
        for one in naming.pictures
    ]
    return [("faces.json", told), ("faces.csv", table), *drawn]
