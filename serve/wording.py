"""What the page says, as HTML; every name and message is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from serve.album import Refused
from serve.answers import KnownModel
from serve.file_names import last_part
from serve.look import ICON

NO_CLASSIFIER = (
    "No classifier yet: name a few people in Label Studio, then run <code>faceloop retrain</code>."
)
NO_FACE = (
    "No face was found in this picture. Faces are found when they look towards the camera and are "
    "about 40 pixels wide or more."
)


def header(model: KnownModel) -> str:
    """The page's first line: which model version answers, and how many people it knows."""
    about = NO_CLASSIFIER
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


def refused(files: Sequence[Refused]) -> str:
    """The files that were left out, each with the reason."""
    if not files:
        return ""
    left_out = counted(len(files), "file was", "files were")
    lines = "".join(f"<li>{escape(reason(one))}</li>" for one in files)
    return (
        f'<div class="fl-note fl-wrong" role="alert"><p>{left_out} left out:</p>'
        f"<ul>{lines}</ul></div>"
    )


def reason(file: Refused) -> str:
    """Why a file was left out, with what the visitor called it said once."""
    called = last_part(file.called)
    is_said = file.reason.startswith(called)
    return file.reason if is_said else f"{called}: {file.reason}"


def download(address: str, says: str, more: str) -> str:
    """A link to a file to take home; `more` is for those who hear the page."""
    hidden = f'<span class="fl-hidden"> {more}</span>'
    return f'<a class="fl-button" href="{escape(address)}" download>{says}{hidden}</a>'


def _how_good(metrics: Mapping[str, float]) -> str:
    """What its report says of a version: shares of the confirmed faces that it had never seen."""
    if "named_right" not in metrics:
        return "How good it is was not measured: no confirmed face was kept for testing"
    told = f"On photos kept for testing: {metrics['named_right']:.1%} of the faces named right"
    told += f", {metrics['named_wrong']:.1%} wrong"
    if "strangers_accepted" in metrics:
        told += f"; {metrics['strangers_accepted']:.1%} of the strangers got a name"
    return told
