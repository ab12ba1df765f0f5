"""What the page offers to give to the project, and what is said of it; every name is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from serve.album import Album
from serve.giving import Corrected, Said, Sent
from serve.wording import counted

_STATUS = '<p class="fl-told" role="status"></p>'
_OFFERED = 3
"""So many of the likeliest people are buttons; all others are typed."""


def send_control(album: Album, *, root: str) -> str:
    """What sends an album to Label Studio: it opens, says what it does, and is asked twice."""
    pictures = counted(len(album.pictures), "picture", "pictures")
    one = len(album.pictures) == 1
    does = (
        f"{pictures} {'is' if one else 'are'} copied into the project and "
        f"{'stays' if one else 'stay'} there, with all faces found in "
        f"{'it' if one else 'them'}. Whoever can sign in to Label Studio sees "
        f"{'it' if one else 'them'} and can name the faces."
    )
    address = escape(f"{root}/albums/{album.id}/send")
    return (
        '<details class="fl-give"><summary>Send to Label Studio …</summary>'
        f'<p>{does}</p><button type="button" class="fl-button" data-post="{address}">'
        f"Yes, send {pictures}</button>{_STATUS}</details>"
    )


def correction_control(
    name: str | None, others: Sequence[str], *, root: str, word_counts: bool
) -> str:
    """What corrects the name of a face; whom it could be beside that are buttons.

    `word_counts` says that the visitor signed in.
    """
    counts = (
        "Your word counts as an annotator's. "
        if word_counts
        else "Annotators see what you say in Label Studio, and decide. "
    )
    could_be = [other for other in dict.fromkeys(others) if other != name]
    offered = "".join(_button(f"It is {other}", "is", other) for other in could_be[:_OFFERED])
    not_them = _button(f"Not {name}", "is not", name) if name else ""
    return (
        '<details class="fl-give fl-mend"><summary>Correct this …</summary>'
        f"<p>{counts}The picture becomes part of the project.</p>"
        f'<form data-post="{escape(root)}/correct"><label>This is '
        '<input name="name" list="fl-people" maxlength="80" autocomplete="off" required '
        'placeholder="a name"></label><button class="fl-button">Say so</button></form>'
        f'<div class="fl-verdicts" data-post="{escape(root)}/correct">{offered}{not_them}'
        f"{_button('Not a face', 'not a face', '')}</div>{_STATUS}</details>"
    )


def told_of_sending(sent: Sent) -> str:
    """What became of an album."""
    if not sent.added:
        was = "This picture was" if sent.known == 1 else "All these pictures were"
        return f"{was} in the project before. {sent.way.says}"
    now = counted(sent.added, "picture is", "pictures are")
    before = counted(sent.known, "was", "were")
    known = f", and {before} there before" if sent.known else ""
    return f"{now} in the project now{known}. {sent.way.says}"


def told_of_correction(said: Said, done: Corrected) -> str:
    """What became of what was said of a face."""
    if not done.id:
        return (
            "People have looked at this face already, and their word counts. Sign in, or tell an "
            "annotator."
        )
    what = {"is": f"this is {done.name}", "is not": f"this is not {done.name}"}
    told = what.get(said.verdict.value, "this is not a face")
    if done.counts:
        return f"Noted: {told}. {done.way.says}"
    return f"Thank you. Annotators see your suggestion: {told}. They decide. {done.way.says}"


def told_of_taking_back() -> str:
    """What a visitor said does not count any more."""
    return "Taken back: it is as if you had not said it. The picture stays in the project."


def _button(says: str, verdict: str, name: str) -> str:
    return (
        f'<button type="button" class="fl-button" data-verdict="{verdict}" '
        f'data-name="{escape(name)}">{escape(says)}</button>'
    )
