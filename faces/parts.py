"""The parts of a group that people called mixed: purer, and as large as they said they can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import cut_tree, linkage

from faces.records import FloatRows

Places = npt.NDArray[np.intp]
"""Rows of a group, by number: (m,)."""


def parts(rows: FloatRows, mixed: Sequence[Places]) -> list[Places]:
    """Split a group by average linkage, so far that no set of rows called mixed is in one part.

    `rows` (n, d) are of length 1; each of `mixed` holds numbers of rows that are not all one
    person. The largest part comes first; rows keep their order in each. Rows that are equal are
    split too, for people see more than rows tell.
    """
    if len(rows) < 2 or not any(len(set(one.tolist())) > 1 for one in mixed):
        return [np.arange(len(rows))] if len(rows) else []
    tree = linkage(rows, method="average")
    low, high = 2, len(rows)
    while low < high:
        middle = (low + high) // 2
        labels = cut_tree(tree, n_clusters=middle)[:, 0]
        if all(_is_split(labels, one) for one in mixed):
            high = middle
        else:
            low = middle + 1
    labels = cut_tree(tree, n_clusters=low)[:, 0]
    found = [np.flatnonzero(labels == label) for label in range(low)]
    return sorted(found, key=lambda part: (-len(part), int(part[0])))


def _is_split(labels: npt.NDArray[np.integer], rows: Places) -> bool:
    return len(set(rows.tolist())) < 2 or len(set(labels[rows].tolist())) > 1
