"""Where groups of faces end: found from the collection itself, then kept."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faces.records import ENCODING_LENGTH, FloatRows, unit_rows

_STEP = 2.0**20
"""Rows are whole multiples of 1/_STEP, so that sums of rows are exact in whatever order."""
_BLOCK = 4096
"""So many rows are turned at once, which needs little memory beside them."""


@dataclass(frozen=True)
class Cut:
    """How faces are compared, and up to where they are one person; squared distances throughout.

    - `transform`: (128, d), what the mean of an encoding and its mirror image's is multiplied by;
    - `reach`: up to which two faces are linked by DBSCAN;
    - `single`: the average up to which two faces are one person;
    - `growth`: how much further apart two clusters of many faces may be (`half_allowed`);
    - `faces`: on how many faces it was found.
    """

    transform: FloatRows
    reach: float
    single: float
    growth: float
    faces: int

    def half_allowed(self, counts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """What clusters of so many faces each add to the average up to which two are one person."""
        return np.asarray((self.single + self.growth * (1 - counts**-0.5)) / 2, dtype=np.float64)

    def to_json(self) -> dict[str, object]:
        """All of it as JSON can hold it, to the last bit."""
        transform = np.ascontiguousarray(self.transform, dtype="<f4")
        return {
            "transform": base64.b64encode(transform.tobytes()).decode("ascii"),
            "dimensions": transform.shape[1],
            "reach": self.reach,
            "single": self.single,
            "growth": self.growth,
            "faces": self.faces,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, object]) -> Cut:
        """What `to_json` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            raw = base64.b64decode(str(told["transform"]), validate=True)
            transform = np.frombuffer(raw, dtype="<f4").reshape(-1, int(str(told["dimensions"])))
            return cls(
                transform.astype(np.float32),
                reach=float(str(told["reach"])),
                single=float(str(told["single"])),
                growth=float(str(told["growth"])),
                faces=int(str(told["faces"])),
            )
        except KeyError as error:
            raise ValueError(f"this is no cut: it has no {error}") from error

    @classmethod
    def from_store(cls, told: object) -> Cut | None:
        """What was stored, if it fits the encodings of today; None stands for a cut to be found.

        Another version of faceloop may have stored something else, and nothing is lost with it.
        """
        try:
            cut = cls.from_json(told) if isinstance(told, Mapping) else None
        except ValueError:
            return None
        return cut if cut is not None and cut._fits() else None

    def _fits(self) -> bool:
        limits = (self.reach, self.single, self.growth)
        return (
            self.transform.shape[0] == ENCODING_LENGTH
            and bool(np.isfinite(self.transform).all())
            and all(0 <= limit < np.inf for limit in limits)
            and self.faces >= 0
        )


def identity_rows_at(cut: Cut, plain: FloatRows, mirrored: FloatRows) -> FloatRows:
    """The rows that faces are compared by: (n, 128) twice -> (n, d), length 1.

    In steps of 2**-20, which is finer than what the network's own numbers are good for. A face's
    row is the same to the last bit whatever faces stand beside it and on however many processors,
    since in steps of 2**-20 on both sides a product is exact in float64, in whatever order. A face
    that could not be encoded has zeros.
    """
    transform = in_steps(cut.transform).astype(np.float64)
    rows = np.empty((len(plain), transform.shape[1]), dtype=np.float32)
    for start in range(0, len(plain), _BLOCK):
        some = slice(start, start + _BLOCK)
        means = in_steps(_unit_sums(plain[some], mirrored[some]))
        rows[some] = in_steps(unit_rows((means @ transform).astype(np.float32)))
    return rows


def could_be_encoded(plain: FloatRows, mirrored: FloatRows) -> npt.NDArray[np.bool_]:
    """Which faces have encodings that say something: finite numbers, and not only zeros, (n,)."""
    return np.asarray(_unit_sums(plain, mirrored).any(axis=1), dtype=np.bool_)


def _unit_sums(plain: FloatRows, mirrored: FloatRows) -> FloatRows:
    """At length 1, (n, 128); zeros where they have no finite length."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = plain + mirrored
        sums[~np.isfinite(np.einsum("ij,ij->i", sums, sums))] = 0
    return unit_rows(sums)


def in_steps(rows: FloatRows) -> FloatRows:
    """The rows rounded to whole multiples of 2**-20."""
    return np.asarray(np.rint(rows * _STEP) / _STEP, dtype=np.float32)
