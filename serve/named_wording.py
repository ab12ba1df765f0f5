"""What the page says of pictures with names, as HTML; names and files' names are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from serve import wording
from serve.answers import UNKNOWN, NamedFace, percent
from serve.face_panel import Place, Viewer, panel
from serve.named_links import NamedLinks
from serve.naming import NamedUpload, Naming
from serve.wording import counted, note


def everyone(naming: Naming, viewer: Viewer) -> str:
    """All pictures of a naming: a single one at once, several as cards that open."""
    links = NamedLinks(naming.id, viewer.root)
    if not naming.pictures:
        return "".join(wording.wrong(wording.reason(one)) for one in naming.refused)
    if len(naming.pictures) == 1 and not naming.refused:
        [one] = naming.pictures
        is_open = one.largest if len(one.faces) == 1 else None
        return note(_counts(one)) + _picture(one, links, viewer, is_open=is_open)
    everything = wording.download(links.everything(), "Download everything", "as a ZIP")
    told = note(_counts_of_all(naming)) + f'<p class="fl-actions">{everything}</p>'
    cards = "".join(_card(one, links, viewer) for one in naming.pictures)
    return f'{told}{wording.refused(naming.refused)}<div class="fl-many">{cards}</div>'


def one_face(naming: Naming, viewer: Viewer) -> str:
    """One picture, its largest face chosen; any other can be."""
    links = NamedLinks(naming.id, viewer.root)
    if not naming.pictures:
        return "".join(wording.wrong(wording.reason(one)) for one in naming.refused)
    [one] = naming.pictures
    if one.largest is None:
        return note(wording.NO_FACE)
    told = note(_who(one))
    if len(one.faces) == 1:
        return told + _faces(one, links, viewer, is_open=1)
    return told + _picture(one, links, viewer, is_open=one.largest)


def _who(picture: NamedUpload) -> str:
    """Who the largest face is, and how sure that is."""
    face = picture.faces[(picture.largest or 1) - 1]
    if picture.version is None:
        says = f"This face was found. {wording.NO_CLASSIFIER}"
    elif face.name is not None:
        says = f"This is <strong>{escape(face.name)}</strong>, {percent(face.certainty)} sure."
    elif face.either:
        says = f"This may be <strong>{escape(face.called)}</strong>: compare the faces."
    else:
        says = (
            f"<strong>{UNKNOWN}.</strong> This is nobody the classifier knows, or it is not sure "
            "enough to say."
        )
    if len(picture.faces) > 1:
        says += f" {len(picture.faces)} faces were found; this is the largest. Choose any other."
    return says


def _counts(picture: NamedUpload) -> str:
    if not picture.faces:
        return wording.NO_FACE
    found = counted(len(picture.faces), "face", "faces")
    if picture.version is None:
        return f"{found} found. {wording.NO_CLASSIFIER}"
    choose = " Choose a face to see whom it resembles." if len(picture.faces) > 1 else ""
    return f"{found}: {_shares(picture.faces)}.{choose}"


def _counts_of_all(naming: Naming) -> str:
    pictures = counted(len(naming.pictures), "picture", "pictures")
    found = f"{pictures} with {counted(naming.faces, 'face', 'faces')}"
    if naming.pictures[0].version is None:
        return f"{found}. {wording.NO_CLASSIFIER}"
    return f"{found}: {_shares([face for one in naming.pictures for face in one.faces])}."


def _shares(faces: Sequence[NamedFace]) -> str:
    """How many faces are named, may be one of look-alikes, and are unknown."""
    named = sum(face.name is not None for face in faces)
    either = sum(bool(face.either) for face in faces)
    told = f"{named} named, "
    told += f"{either} between look-alikes, " if either else ""
    return told + f"{len(faces) - named - either} unknown"


def _card(picture: NamedUpload, links: NamedLinks, viewer: Viewer) -> str:
    """A picture that opens."""
    title = escape(picture.name)
    about = "no face found"
    if picture.faces:
        about = counted(len(picture.faces), "face", "faces")
        if picture.version is not None:
            about += f": {_shares(picture.faces)}"
    address = escape(links.drawn(picture.number))
    return (
        f'<article class="fl-card"><details><summary><strong>{title}</strong>'
        f'<span class="fl-about">{about}</span>'
        f'<img class="fl-thumb" loading="lazy" alt="" src="{address}"></summary>'
        f'<div class="fl-inside">{_picture(picture, links, viewer, is_open=None)}</div>'
        "</details></article>"
    )


def _picture(
    picture: NamedUpload, links: NamedLinks, viewer: Viewer, *, is_open: int | None
) -> str:
    """A picture with its boxes, what can be taken home of it, and its faces as a list."""
    address = escape(links.drawn(picture.number))
    smallest_on_top = sorted(_numbered(picture), key=lambda one: -one[1].box.width)
    boxes = "".join(_box(picture, number, face) for number, face in smallest_on_top)
    image = (
        f'<img alt="{escape(picture.name)} with a box and a name at each face" '
        f'src="{address}" width="{picture.width_px}" height="{picture.height_px}">'
    )
    home = wording.download(links.drawn(picture.number), "Download picture", "with names")
    told = wording.download(links.answer(picture.number), "JSON", "of the faces and names")
    return (
        f'<div class="fl-named"><div class="fl-picture">{image}{boxes}</div>'
        f'<p class="fl-actions">{home} {told}</p>'
        f"{_faces(picture, links, viewer, is_open=is_open)}</div>"
    )


def _box(picture: NamedUpload, number: int, face: NamedFace) -> str:
    """What is clicked in the picture; the keyboard has the list for that."""
    box, width, height = face.box, picture.width_px, picture.height_px
    left, top = max(0.0, box.left), max(0.0, box.top)
    across, down = min(box.right, width) - left, min(box.bottom, height) - top
    place = (
        f"left: {100 * left / width:.3f}%; top: {100 * top / height:.3f}%; "
        f"width: {100 * across / width:.3f}%; height: {100 * down / height:.3f}%"
    )
    return (
        f'<button class="fl-box" type="button" tabindex="-1" aria-hidden="true" '
        f'data-face="{number}" title="{escape(face.called)}" style="{place}"></button>'
    )


def _faces(picture: NamedUpload, links: NamedLinks, viewer: Viewer, *, is_open: int | None) -> str:
    rows = "".join(
        _row(picture, number, face, links, viewer, is_open=number == is_open)
        for number, face in _numbered(picture)
    )
    return f'<ol class="fl-faces">{rows}</ol>' if rows else ""


def _row(
    picture: NamedUpload,
    number: int,
    face: NamedFace,
    links: NamedLinks,
    viewer: Viewer,
    *,
    is_open: bool,
) -> str:
    """A face that opens: what it is called, and below that whom it resembles."""
    place = Place(links.naming, picture.number, number)
    crop = links.crop(picture.number, number)
    kind = "" if face.name is not None else " fl-unknown"
    sure = "" if picture.version is None else _certainty(face)
    return (
        f'<li class="fl-row{kind}"><details class="fl-face-row" data-face="{number}" '
        f'name="{escape(links.naming)}-{picture.number}"{" open" if is_open else ""}><summary>'
        f'<span class="fl-number">{number}</span>'
        f'<img class="fl-crop" loading="lazy" alt="" src="{escape(crop)}">'
        f'<span class="fl-name">{escape(face.called)}</span>{sure}</summary>'
        f"{panel(face, place, viewer, crop=crop)}</details></li>"
    )


def _certainty(face: NamedFace) -> str:
    shown = percent(face.certainty)
    return (
        f'<span class="fl-certainty"><span class="fl-bar" aria-hidden="true">'
        f'<i style="width: {shown}"></i></span>{shown}</span>'
    )


def _numbered(picture: NamedUpload) -> Sequence[tuple[int, NamedFace]]:
    return list(enumerate(picture.faces, start=1))
