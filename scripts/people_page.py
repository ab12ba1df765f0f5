"""A page of People in a browser: faces are clicked, keys pressed, names typed, all is submitted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, expect

PATIENCE_MS = 60_000
NAME_FIELD = "Type a name, then Enter"
"""What stands in the field of a page that asks for one name."""
TILE_FIELD = "Tab, type, Enter"
"""What stands in the field of a face that was clicked, on a page of several rows."""
_SETTLED_MS = 250
_FOOT_PX = 60
"""The height of Label Studio's own bar at the bottom, and a little more."""
_ARE_THERE = """many => window.Htx?.annotationStore?.selected?.serializeAnnotation()
    .filter(one => one.from_name === "face").length === many"""


@dataclass(frozen=True)
class PeoplePage:
    """What somebody does on the page that is open."""

    page: Page

    def wait_for_faces(self, many: int) -> None:
        """Wait until the page shows its picture, its controls and so many faces."""
        expect(self.page.locator(".fl-page canvas").first).to_be_visible(timeout=PATIENCE_MS)
        taxonomy = self.page.locator(".fl-whole .htx-taxonomy")
        expect(taxonomy).to_be_attached(timeout=PATIENCE_MS)
        self.wait_for_regions(many)

    def wait_for_regions(self, many: int) -> None:
        """Wait until so many faces are there to be answered; in Photos, too."""
        self.page.wait_for_function(_ARE_THERE, arg=many, timeout=PATIENCE_MS)

    def result(self) -> list[dict[str, Any]]:
        """What would be submitted now."""
        found: list[dict[str, Any]] = self.page.evaluate(
            "Htx.annotationStore.selected.serializeAnnotation()"
        )
        return found

    def tiles(self) -> list[dict[str, Any]]:
        """The faces that are shown, in the order of their numbers."""
        return [one for one in self.result() if one["from_name"] == "face"]

    def labels(self) -> dict[str, str]:
        """What each face is called."""
        return {one["id"]: one["value"]["rectanglelabels"][0] for one in self.tiles()}

    def picture(self) -> FloatRect:
        """Where the montage lies on the screen."""
        place = self.page.locator(".fl-page canvas").first.bounding_box()
        if place is None:
            raise LookupError("no montage on the page")
        return place

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(_SETTLED_MS)

    def click(self, face: str, *keys: str) -> None:
        """Click a face, and press keys that say something of it."""
        across, down = self._middle_on_screen(face)
        self.page.mouse.click(across, down)
        self.page.wait_for_timeout(_SETTLED_MS)
        self.press(*keys)

    def name_all(self, name: str) -> None:
        """Type the name of all faces of the page."""
        field = self.page.get_by_placeholder(NAME_FIELD)
        field.fill(name)
        self.page.keyboard.press("Enter")
        expect(field).to_be_hidden(timeout=PATIENCE_MS)

    def name_of_face(self, face: str, name: str) -> None:
        """Click a face and type the name of its row."""
        self.click(face, "Tab")
        self.page.keyboard.type(name)
        self.press("Enter")

    def field(self, row: int) -> Locator:
        """The name field of a row, by its number from 1 on."""
        return self.page.locator(f".fl-field-{row}").get_by_placeholder("Name")

    def name_row(self, row: int, name: str) -> None:
        """Type a row's name into its own field; it stays to be seen there."""
        self.field(row).click()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f".fl-field-{row}")).to_contain_text(name, timeout=PATIENCE_MS)

    @property
    def is_several(self) -> bool:
        """Whether each row of the page is asked about."""
        return self.page.locator(".fl-several").count() > 0

    def called(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """What each row is called now, if nothing was typed."""
        if self.is_several:
            labels = self.labels()
            return [labels[row[0]] for row in rows]
        chosen = [one["value"]["choices"][0] for one in self.result() if one["from_name"] == "name"]
        return chosen or [""]

    def call(self, rows: Sequence[Sequence[str]], names: Sequence[str | None]) -> None:
        """See to it that each row has its name: by leaving it, by a key, or by typing.

        A row for which there is no name is left as it is.
        """
        keys = self._keys()
        called = self.called(rows)
        for number, (row, name) in enumerate(zip(rows, names, strict=True), start=1):
            if name is None or name == called[number - 1]:
                continue
            if not self.is_several:
                self._call_all(name)
            elif name in keys:
                self.click(row[0], keys[name], "Escape")
            elif self.field(number).is_visible():
                self.name_row(number, name)
            else:
                self.name_of_face(row[0], name)
                self.press("Escape")

    def submit(self) -> None:
        """Submit by keyboard; Label Studio says that it has it."""
        with self.page.expect_response(
            lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
        ) as saved:
            self.page.keyboard.press("Control+Enter")
        if not saved.value.ok:
            raise RuntimeError(saved.value.text())

    def _call_all(self, name: str) -> None:
        button = self.page.locator(".fl-names .lsf-choice").filter(
            has_text=re.compile(rf"^{re.escape(name)}(\[\d\])?$")
        )
        if button.count():
            button.locator("label").first.click()
        else:
            self.name_all(name)

    def _keys(self) -> dict[str, str]:
        """What a face can be called by a key, and the key."""
        return {
            one.locator(".lsf-label__text").inner_text(): one.locator(
                ".lsf-label__hotkey"
            ).inner_text()
            for one in self.page.locator(".lsf-label >> visible=true").all()
        }

    def _middle_on_screen(self, face: str) -> tuple[float, float]:
        """The middle of a face; the page is scrolled if it is not to be seen."""
        value = next(one["value"] for one in self.tiles() if one["id"] == face)
        size = self.page.viewport_size
        for _ in range(2):
            picture = self.picture()
            across = picture["x"] + picture["width"] * (value["x"] + value["width"] / 2) / 100
            down = picture["y"] + picture["height"] * (value["y"] + value["height"] / 2) / 100
            if size is None or 0 < down < size["height"] - _FOOT_PX:
                break
            self.page.mouse.move(across, size["height"] / 2)
            self.page.mouse.wheel(0, down - size["height"] / 2)
            self.page.wait_for_timeout(_SETTLED_MS)
        return across, down
