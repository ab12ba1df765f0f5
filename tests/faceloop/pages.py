"""What a browser would make of a page with faces, and names that must do no harm in it."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = "<script>alert('x')</script>\" onload=\"x"


class Elements(HTMLParser):
    """The elements of a page, and its text outside of styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._styled = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        self._styled = tag == "style"

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  # as HTMLParser has it
        self._styled = False

    def handle_data(self, data: str) -> None:
        if not self._styled:
            self.text += " " + data

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def faces(self) -> list[str]:
        """The addresses of the tiles, in the order of the page."""
        return [seen["src"] or "" for tag, seen in self.seen if tag == "img"]
