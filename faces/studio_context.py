"""What lies over a page of faces, as HTML that Label Studio's Markdown shows: photos, and words.

Label Studio puts this HTML into its page as it is, so every text that is not ours is escaped.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faces.records import Box, Photo, PhotoId
from faces.studio_people import Asks

_FIELD_PX = 330
"""So wide is a name field at most, in pixels of the montage."""
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a face was seen: in which photo, where in it, in which file, and when, in words."""

    photo: Photo
    box: Box
    file: str
    folder: str
    when: str


def context_html(
    sightings: Sequence[Sighting],
    tiles: Sequence[Box],
    addresses: Mapping[PhotoId, str],
    *,
    width_px: int,
    height_px: int,
    asks: Asks = Asks.NAME,
    captions: Sequence[str] = (),
    places: Sequence[Box] = (),
    with_field: Sequence[bool] = (),
) -> str:
    """On each tile its number, as a button that opens the photo with the face marked.

    `sightings` and `tiles` are in the same order; boxes are in pixels of a montage of this size,
    over which all of it is laid. A photo that has no address has no button. The `captions` are
    what is said of each row, at their `places`; an empty one is not there. A row `with_field` has a
    field for its name in that place, and what is said of it beside that. The class of all tells the
    page's style what it `asks`. It is one line: a blank one would end the HTML.
    """
    buttons = "".join(
        _button(number, seen, addresses[seen.photo.id], tile, width_px, height_px)
        for number, (seen, tile) in enumerate(zip(sightings, tiles, strict=True), start=1)
        if seen.photo.id in addresses
    )
    fields = {row: _field(places[row]) for row, has_one in enumerate(with_field) if has_one}
    words = "".join(
        _caption(caption, _beside(place, fields.get(row)), width_px, height_px)
        for row, (caption, place) in enumerate(zip(captions, places, strict=True))
        if caption
    )
    rules = "".join(_field_rule(row, field, width_px) for row, field in fields.items())
    style = f"<style>{rules}</style>" if rules else ""
    if asks is Asks.NAME and not buttons:
        return ""
    kind = "" if asks is Asks.NAME else f" fl-{asks.value}"
    shape = f"aspect-ratio:{width_px}/{height_px}"
    return f'<div class="fl-photos{kind}" style="{shape}">{style}{words}{buttons}</div>'


def _field(place: Box) -> Box:
    """Where the name field of a row lies: not wider than a name needs."""
    return Box(place.left, place.top, min(place.width, _FIELD_PX), place.height)


def _beside(place: Box, field: Box | None) -> Box:
    """What a field leaves of the place for words; all, if there is no other room for them."""
    if field is None or field.width == place.width:
        return place
    return Box(field.right, place.top, place.width - field.width, place.height)


def _field_rule(row: int, field: Box, width_px: int) -> str:
    """The style that shows a row's field; heights go by the page's width, as the picture does."""
    left, top, width = (100 * px / width_px for px in (field.left, field.bottom, field.width))
    number = row + 1
    return (
        f".fl-field-{number}{{display:block;left:{left:.3f}%;top:{top:.3f}cqw;width:{width:.3f}%}}"
    )


def said_html(text: str) -> str:
    """A sentence to the annotator, to be read before all else; nothing for an empty one."""
    return f'<div class="fl-question">{_escaped(text)}</div>' if text else ""


def _button(
    number: int, seen: Sighting, address: str, tile: Box, width_px: int, height_px: int
) -> str:
    """The photo opens on the side of the page on which its tile is not."""
    told = _escaped(" · ".join(part for part in (seen.file, seen.folder, seen.when) if part))
    side = "fl-left" if tile.left + tile.width / 2 > width_px / 2 else "fl-right"
    left, top = 100 * tile.left / width_px, 100 * tile.top / height_px
    photo = seen.photo
    face = _percent(
        seen.box.clipped(photo.width_px, photo.height_px), photo.width_px, photo.height_px
    )
    return (
        f'<details name="fl-photo"><summary style="left:{left:.3f}%;top:{top:.3f}%"'
        f' title="{told}">{number}</summary><div class="fl-photo {side}">'
        f'<div class="fl-told"><b>{number}</b> {told}</div><div class="fl-frame">'
        f'<img src="{_escaped(address)}" alt="{told}" loading="lazy"><i style="{face}"></i>'
        "</div></div></details>"
    )


def _caption(said: str, place: Box, width_px: int, height_px: int) -> str:
    """What is said of a row stands on the lower edge of its place, as wide as it must be."""
    where = (
        f"left:{100 * place.left / width_px:.3f}%;top:{100 * place.bottom / height_px:.3f}%;"
        f"max-width:{100 * place.width / width_px:.3f}%"
    )
    return f'<div class="fl-caption" style="{where}">{_escaped(said)}</div>'


def _percent(box: Box, width_px: int, height_px: int) -> str:
    """Where a box lies in a picture of this size, as CSS."""
    sides = {
        "left": box.left / width_px,
        "top": box.top / height_px,
        "width": box.width / width_px,
        "height": box.height / height_px,
    }
    return ";".join(f"{side}:{100 * share:.2f}%" for side, share in sides.items())


def _escaped(text: str) -> str:
    return html.escape(_NO_LINE.sub("\N{REPLACEMENT CHARACTER}", text))
