"""What opens below a face that was chosen: whom it resembles, and how that can be corrected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from faces.records import FaceId, PersonId
from serve.answers import UNKNOWN, Likely, NamedFace, percent
from serve.giving_wording import correction_control

_LEAST_SHOWN = 0.01
"""Whoever is less likely than this is shown only beside somebody who looks alike."""

ExamplesOf = Callable[[PersonId], tuple[FaceId, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """Which face this is: of which picture of which naming, both numbered from 1."""

    naming: str
    picture: int
    face: int


@dataclass(frozen=True)
class Viewer:
    """Who looks: `root` stands before every address, `examples_of` is None for strangers.

    Strangers see names alone, and no faces of the project's photos. `word_counts` says whether what
    they say of a face counts; None where nobody can say anything.
    """

    root: str = ""
    examples_of: ExamplesOf | None = None
    word_counts: bool | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether this is somebody who signed in, or is at this machine."""
        return self.examples_of is not None


def panel(face: NamedFace, place: Place, viewer: Viewer, *, crop: str) -> str:
    """Whom a face resembles, likeliest first; `crop` is the address of the face itself."""
    shown = (
        '<img class="fl-large" loading="lazy" alt="The face, cut out of the picture" '
        f'src="{escape(crop)}">'
    )
    return (
        f'<div class="fl-panel">{shown}<div class="fl-whom">{_likeliest(face, viewer)}'
        f"{_correct(face, place, viewer)}</div></div>"
    )


def _correct(face: NamedFace, place: Place, viewer: Viewer) -> str:
    """How this face's name can be corrected; nothing where it cannot."""
    if viewer.word_counts is None:
        return ""
    others = [*face.either, *(one.name for one in face.likeliest)]
    control = correction_control(
        face.name, others, root=viewer.root, word_counts=viewer.word_counts
    )
    return (
        f'<div class="fl-correct" data-naming="{escape(place.naming)}" '
        f'data-picture="{place.picture}" data-face="{place.face}">{control}</div>'
    )


def _likeliest(face: NamedFace, viewer: Viewer) -> str:
    if not face.likeliest:
        return '<p class="fl-quiet">Nobody is known yet whom it could resemble.</p>'
    shown = [
        one
        for one in face.likeliest
        if one.probability >= _LEAST_SHOWN or one.name in (face.name, *face.either)
    ]
    rest = max(0.0, 1.0 - sum(one.probability for one in face.likeliest))
    is_unknown = face.name is None and not face.either
    nobody = _chance(UNKNOWN if is_unknown else "Somebody else", rest)
    pair = [one for one in shown if one.name in face.either]
    others = "".join(_person(one, face, viewer) for one in shown if one not in pair)
    return (
        f'{_pair(pair, face, viewer)}<ul class="fl-likely">{others}'
        f'<li class="fl-nobody"><div>{nobody}</div></li></ul>'
    )


def _pair(pair: Sequence[Likely], face: NamedFace, viewer: Viewer) -> str:
    """People who are often taken for each other, side by side."""
    if len(pair) < 2:
        return ""
    names = " and ".join(escape(one.name) for one in pair)
    says = f"{names} are often taken for each other, so neither is chosen. Compare the faces."
    people = "".join(_person(one, face, viewer) for one in pair)
    return f'<p class="fl-alike">{says}</p><ul class="fl-likely fl-pair">{people}</ul>'


def _person(one: Likely, face: NamedFace, viewer: Viewer) -> str:
    kind = ' class="fl-is"' if one.name == face.name else ""
    return f"<li{kind}><div>{_chance(one.name, one.probability)}</div>{_examples(one, viewer)}</li>"


def _chance(name: str, probability: float) -> str:
    shown = percent(probability)
    return (
        f'<span class="fl-who">{escape(name)}</span>'
        f'<span class="fl-bar" aria-hidden="true"><i style="width: {shown}"></i></span>'
        f'<span class="fl-percent">{"&lt;1%" if 0 < probability < _LEAST_SHOWN else shown}</span>'
    )


def _examples(one: Likely, viewer: Viewer) -> str:
    if viewer.examples_of is None:
        return ""
    faces = viewer.examples_of(one.person)
    images = "".join(
        f'<img loading="lazy" alt="{escape(one.name)}, confirmed" '
        f'src="{escape(viewer.root)}/example/{quote(face)}.jpg" width="64" height="64">'
        for face in faces
    )
    return f'<div class="fl-examples">{images}</div>' if images else ""
