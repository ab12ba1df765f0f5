"""What the page says of an album, as HTML; whatever a visitor called a file is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from faces.montage import columns_of
from serve import wording
from serve.album import Album, AlbumCluster, AlbumFace, Picture, Progress, pictures_of
from serve.answers import percent
from serve.downloads import Links
from serve.wording import counted, note

_FEWEST_COLUMNS = 3
"""Fewer faces do not fill the width of a card, so that no card has giants on it."""


def progress(now: Progress, *, then: str = "; grouping the faces …") -> str:
    """How far the pictures are, and how long the rest will take; `then` is done after them."""
    if now.done == now.total:
        says = f"{counted(now.total, 'picture', 'pictures')} read{then}"
    else:
        says = f"{now.done} of {counted(now.total, 'picture', 'pictures')} read"
        says += "" if now.seconds_left is None else f", {time_left(now.seconds_left)}"
    bar = (
        f'<progress max="{max(1, now.total)}" value="{now.done}" aria-label="Progress"></progress>'
    )
    return f'<div class="fl-progress">{bar}<p>{says}</p></div>'


def time_left(seconds: float) -> str:
    """A time as people say it, never too short."""
    whole = max(1, int(seconds + 0.999))
    if whole < 100:
        return f"about {counted(whole, 'second', 'seconds')} left"
    return f"about {-(-whole // 60)} minutes left"


def album_cards(album: Album, links: Links, *, minutes_kept: float, more: str = "") -> str:
    """The clusters as cards, the largest first, the faces in none of them after them.

    `more` is HTML that stands before them: what else can be done with the album.
    """
    told = _summary(album, links, minutes_kept) + wording.refused(album.refused) + more
    cards = [_cluster_card(one, links) for one in album.clusters]
    if album.alone:
        cards.append(_alone_card(album.alone, links))
    return f'{told}<div class="fl-cards">{"".join(cards)}</div>' if cards else told


def kept_for(minutes: float) -> str:
    """What becomes of what visitors give."""
    whole = counted(round(minutes), "minute", "minutes")
    return (
        f"Your pictures stay on this machine for {whole} and are then removed, with all that was "
        "made of them. They are not mixed with the project's own photos, unless you say so."
    )


def removed() -> str:
    """A visitor had everything removed."""
    return note(
        "Your pictures are removed, with all that was made of them. The copies that this page sent "
        "go within half an hour."
    )


def _summary(album: Album, links: Links, minutes_kept: float) -> str:
    pictures = counted(len(album.pictures), "picture", "pictures")
    if not album.pictures:
        return note("None of these files is a picture that can be used.")
    if not album.faces:
        return note(
            f"No face was found in {pictures}. Faces are found when they look towards the camera "
            "and are about 40 pixels wide or more."
        )
    people = counted(len(album.clusters), "person", "people")
    faces = counted(album.faces, "face", "faces")
    told = f"<strong>{people}</strong> in {pictures} with {faces}."
    if not album.clusters:
        told = f"{pictures} with {faces}: no two of them are surely one person."
    everything = wording.download(
        links.zip_of_all(), "Download everything", "as a ZIP with an index page"
    )
    kept = escape(kept_for(minutes_kept))
    return note(f"{told} {kept}") + f'<p class="fl-actions">{everything}</p>'


def _cluster_card(cluster: AlbumCluster, links: Links) -> str:
    sure = "" if cluster.confidence is None else f" · {percent(cluster.confidence)} sure"
    return _card(
        f"Face {cluster.number}",
        _size(cluster.faces) + sure,
        cluster.faces,
        links,
        number=cluster.number,
    )


def _alone_card(faces: Sequence[AlbumFace], links: Links) -> str:
    about = f"{_size(faces)} · like no other, or too poor to tell"
    return _card("In no group", about, faces, links, number=None)


def _size(faces: Sequence[AlbumFace]) -> str:
    pictures = counted(len(pictures_of(faces)), "picture", "pictures")
    return f"{counted(len(faces), 'face', 'faces')} in {pictures}"


def _card(
    title: str, about: str, faces: Sequence[AlbumFace], links: Links, *, number: int | None
) -> str:
    """A card that opens; `number` is the cluster's, None for the faces in none."""
    pictures = "".join(_pictures(title, pictures_of(faces), links, number))
    kind = "fl-card" if number is not None else "fl-card fl-alone"
    zipped = wording.download(links.zip_of(number), "ZIP", f"of {title.lower()}")
    return (
        f'<article class="{kind}"><details><summary><strong>{title}</strong>'
        f'<span class="fl-about">{about}</span>{_montage(len(faces), links, number)}</summary>'
        f'<ul class="fl-pictures">{pictures}</ul></details>{zipped}</article>'
    )


def _montage(faces: int, links: Links, number: int | None) -> str:
    """The faces side by side; of a montage with few of them only the part where they are."""
    columns = columns_of(faces)
    shown = min(columns, faces)
    room = f"max-width: {100 * shown // _FEWEST_COLUMNS}%" if shown < _FEWEST_COLUMNS else ""
    width = f"width: {100 * columns / shown:.4g}%"
    address = escape(links.montage(number))
    return (
        f'<span class="fl-montage" style="{room}">'
        f'<img alt="" style="{width}" src="{address}"></span>'
    )


def _pictures(
    title: str, pictures: Sequence[Picture], links: Links, number: int | None
) -> Iterator[str]:
    for picture in pictures:
        address = escape(links.picture(number, picture.number))
        name = escape(picture.name)
        yield (
            f'<li><a href="{address}" target="_blank"><img loading="lazy" src="{address}" '
            f'width="{picture.width_px}" height="{picture.height_px}" '
            f'alt="{name} with a box around {title.lower()}"></a><span>{name}</span></li>'
        )
