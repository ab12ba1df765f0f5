"""People whose encodings lie as dlib's do: all on one side, each person's close together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from faces.records import FloatRows, unit_rows

Draw = Callable[..., FloatRows]


@pytest.fixture(scope="session")
def looks() -> Draw:
    """`looks(who, count, seed=0)`: raw encodings (count, 128) of the person with this number.

    Two people meet at a cosine of about 0.86, two faces of one person at about 0.97.
    """
    middle = np.random.default_rng(1).normal(size=128)

    def drawn(who: int, count: int, *, seed: int = 0) -> FloatRows:
        person = np.random.default_rng(100 + who).normal(size=128)
        noise = np.random.default_rng([seed, who]).normal(size=(count, 128))
        rows = np.sqrt(0.86) * middle + np.sqrt(0.11) * person + np.sqrt(0.03) * noise
        return np.asarray(1.4 * unit_rows(rows.astype(np.float32)), dtype=np.float32)

    return drawn
