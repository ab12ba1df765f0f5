"""The files of a naming by their names: pictures with names, crops, JSON, and a ZIP of all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedLinks:
    """Addresses of files of a naming; whoever has one sees the file."""

    naming: str
    root: str = ""

    def drawn(self, picture: int) -> str:
        """A picture with boxes and names."""
        return self._to(f"picture_{picture}.jpg")

    def answer(self, picture: int) -> str:
        """What is said of a picture's faces, as JSON."""
        return self._to(f"faces_{picture}.json")

    def crop(self, picture: int, face: int) -> str:
        """A face cut out."""
        return self._to(f"face_{picture}_{face}.jpg")

    def everything(self) -> str:
        """A ZIP of all."""
        return self._to("all.zip")

    def _to(self, file_name: str) -> str:
        return f"{self.root}/named/{file_name}?naming={self.naming}"
