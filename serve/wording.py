"""What the page says, as HTML; every name and message is escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape

from PIL import Image

from faces.pictures import face_crop
from faces.records import Pixels
from serve.answers import UNKNOWN, KnownModel, NamedFace, NamedPicture, OneFace, percent
from serve.look import ICON

_NO_CLASSIFIER = (
    "No classifier yet: name a few people in Label Studio, then run <code>faceloop retrain</code>."
)
_NO_FACE = (
    "No face was found in this picture. Faces are found when they look towards the camera and are "
    "about 40 pixels wide or more."
)
_CROP_PX = 96
_LARGE_CROP_PX = 440


def header(model: KnownModel) -> str:
    """The page's first line: which model version answers, and how many people it knows."""
    about = _NO_CLASSIFIER
    if model.version is not None:
        people = counted(model.people, "person", "people")
        about = f"Model version <code>{escape(model.version)}</code> knows {people}"
        about += f"<small>{_how_good(model.metrics)}</small>"
    icon = f'<img alt="" src="data:image/svg+xml,{ICON}">'
    line = f'<div class="fl-head"><h1>{icon}faceloop</h1><p>{about}</p></div>'
    if model.problem is None:
        return line
    return line + wrong(f"The newest classifier is not in use: {model.problem}")


def note(content: str, kind: str = "", *, role: str = "status") -> str:
    """A paragraph that is read out when it appears; the content is HTML."""
    return f'<p class="fl-note {kind}" role="{role}">{content}</p>'


def counted(count: int, single: str, several: str) -> str:
    """How many there are of something."""
    return f"{count} {single if count == 1 else several}"


def hint(message: str) -> str:
    """What will be seen here."""
    return note(escape(message), "fl-hint")


def wrong(message: str) -> str:
    """Something went wrong that a person can mend."""
    return note(escape(message), "fl-wrong", role="alert")


def everyone(picture: NamedPicture) -> str:
    """How many faces were found and named, and a table of them from left to right."""
    if not picture.faces:
        return note(_NO_FACE)
    found = counted(len(picture.faces), "face", "faces")
    if picture.version is None:
        return note(f"{found} found. {_NO_CLASSIFIER}") + _table(picture)
    named = sum(face.name is not None for face in picture.faces)
    return note(f"{found}: {named} named, {len(picture.faces) - named} unknown.") + _table(picture)


def one(answer: OneFace | None) -> str:
    """Who the face is, and how sure that is."""
    if answer is None:
        return note(_NO_FACE)
    if answer.version is None:
        says = f"This face was found. {_NO_CLASSIFIER}"
    elif answer.face.name is None:
        says = (
            f"<strong>{UNKNOWN}.</strong> This is nobody the classifier knows, or it is not sure "
            "enough to say."
        )
    else:
        certainty = percent(answer.face.certainty)
        says = f"This is <strong>{escape(answer.face.name)}</strong>, {certainty} sure."
    if answer.faces_found > 1:
        says += f" {answer.faces_found} faces were found; this is the largest."
    return note(says)


def face(answer: OneFace) -> str:
    """The face itself."""
    crop = face_crop(answer.pixels, answer.face.box, size_px=_LARGE_CROP_PX)
    return _inline(crop, kind="fl-face", described="The face, cut out of the picture")


def _how_good(metrics: Mapping[str, float]) -> str:
    """What its report says of a version: shares of the confirmed faces that it had never seen."""
    if "named_right" not in metrics:
        return "How good it is was not measured: no confirmed face was kept for testing"
    told = f"On photos kept for testing: {metrics['named_right']:.1%} of the faces named right"
    told += f", {metrics['named_wrong']:.1%} wrong"
    if "strangers_accepted" in metrics:
        told += f"; {metrics['strangers_accepted']:.1%} of the strangers got a name"
    return told


def _table(picture: NamedPicture) -> str:
    """The faces from left to right; before the first model version nothing is said of certainty."""
    certainty = "" if picture.version is None else "<th>Certainty</th>"
    rows = "".join(
        _row(number, face, picture) for number, face in enumerate(picture.faces, start=1)
    )
    return (
        '<table class="fl-faces"><thead><tr><th class="fl-number">#</th><th>Face</th>'
        f"<th>Name</th>{certainty}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(number: int, face: NamedFace, picture: NamedPicture) -> str:
    kind = ' class="fl-unknown"' if face.name is None else ""
    crop = _inline(face_crop(picture.pixels, face.box, size_px=_CROP_PX))
    certainty = "" if picture.version is None else _certainty(face.certainty)
    return (
        f'<tr{kind}><td class="fl-number">{number}</td><td class="fl-crop">{crop}</td>'
        f'<td class="fl-name">{escape(face.name or UNKNOWN)}</td>{certainty}</tr>'
    )


def _certainty(certainty: float) -> str:
    shown = percent(certainty)
    bar = f'<span class="fl-bar"><i style="width: {shown}"></i></span>'
    return f'<td class="fl-certainty">{bar}{shown}</td>'


def _inline(crop: Pixels, *, kind: str = "", described: str = "") -> str:
    """A small picture inside the page itself: it is in no file that would have to be removed."""
    content = io.BytesIO()
    Image.fromarray(crop).save(content, format="JPEG", quality=85)
    encoded = base64.b64encode(content.getvalue()).decode()
    return f'<img class="{kind}" alt="{described}" src="data:image/jpeg;base64,{encoded}">'
