"""HEIC, as phones write it: libheif by way of pi-heif, as one more of Pillow's formats."""

from __future__ import annotations

from typing import Any

import _pi_heif  # pi-heif's own classes read the metadata too, and crash where it is damaged
from PIL import ImageFile

_THREADS = 1


class HeicImageFile(ImageFile.ImageFile):
    """The primary picture of a HEIC.

    libheif turns and mirrors it as the file says (ISO/IEC 23008-12, 6.5.10 and 6.5.12). EXIF has no
    say in that, so none is kept: nothing is turned twice.
    """

    format = "HEIC"
    format_description = "HEIC through libheif"

    def _open(self) -> None:
        if self.fp is None:
            raise SyntaxError("no file")
        to_8_bits, as_bgr, without_stride, to_16_bits, limits_off = True, False, False, False, False
        options = (_THREADS, to_8_bits, as_bgr, without_stride, to_16_bits, "", limits_off)
        pictures = [one for one in _pi_heif.load_file(self.fp.read(), *options) if one is not None]
        if not pictures:
            raise SyntaxError("there is no picture in it")
        self._picture: Any = next((one for one in pictures if one.primary), pictures[0])
        self._size, self._mode = self._picture.size_mode
        profile = self._picture.color_profile
        if profile.get("type") in ("rICC", "prof"):
            self.info["icc_profile"] = profile["data"]
        self.tile = []

    def load(self) -> Any:
        """Decode the picture, once."""
        if self._picture is not None:
            decoded = self._picture.data
            self._size, _ = self._picture.size_mode
            self.load_prepare()
            self.frombytes(decoded, "raw", (self._mode, self._picture.stride))
            self._picture = None
        return super().load()
