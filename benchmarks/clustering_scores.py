"""How well clusters fit the people they are made of: pairwise and BCubed scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.intp]
"""One number for each face: equal numbers are one person, or one cluster. (n,)"""
Scores = Mapping[str, float]
"""`clusters`, and `p`, `r` and `f` of `pairwise_` and of `bcubed_`."""


def scores(people: Labels, clusters: Labels) -> dict[str, float]:
    """Precision, recall and F of clusters, 0 to 1, over all faces; a lone face is a cluster of one.

    Pairwise: of the pairs that share a cluster, the share that is one person; and of the pairs that
    are one person, the share in one cluster. A person with k faces has k (k - 1) / 2 pairs, so
    those with most faces count most. Where there are no such pairs, none is wrong: 1.

    BCubed: the same for each face with the faces of its cluster and of its person, itself counted,
    and of that the mean, so that each face counts alike. A. Bagga and B. Baldwin, Entity-based
    cross-document coreferencing using the vector space model, ACL 1998; E. Amigó et al., A
    comparison of extrinsic clustering evaluation metrics based on formal constraints, Information
    Retrieval 12, 2009. F is 2 p r / (p + r) of the two means.

    Raises:
        ValueError: there are no faces, or the two differ in length.
    """
    if people.shape != clusters.shape or people.ndim != 1 or not people.size:
        raise ValueError(f"scores need faces, got {people.shape} and {clusters.shape}")
    _, person, person_size = np.unique(people, return_inverse=True, return_counts=True)
    _, cluster, cluster_size = np.unique(clusters, return_inverse=True, return_counts=True)
    cell, both = np.unique(person * len(cluster_size) + cluster, return_counts=True)
    of_person, of_cluster = np.divmod(cell, len(cluster_size))
    together = _pairs(both)
    pairwise = _share(together, _pairs(cluster_size)), _share(together, _pairs(person_size))
    squares = both.astype(np.float64) ** 2
    bcubed = (
        float(np.sum(squares / cluster_size[of_cluster])) / people.size,
        float(np.sum(squares / person_size[of_person])) / people.size,
    )
    return {
        "clusters": len(cluster_size),
        **_precision_recall_f("pairwise", *pairwise),
        **_precision_recall_f("bcubed", *bcubed),
    }


def _pairs(sizes: npt.NDArray[np.intp]) -> int:
    return int(np.sum(sizes * (sizes - 1)) // 2)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _precision_recall_f(name: str, precision: float, recall: float) -> dict[str, float]:
    both = precision + recall
    f = 2 * precision * recall / both if both else 0.0
    return {f"{name}_p": precision, f"{name}_r": recall, f"{name}_f": f}
