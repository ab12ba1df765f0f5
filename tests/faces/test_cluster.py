import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.cluster import cluster_faces, cluster_id
from faces.records import Cluster, Encodings, FaceId, FloatRows, PhotoId


def encodings_of(rows: FloatRows, faces: list[str] | None = None) -> Encodings:
    names = faces or [f"f{row:03}" for row in range(len(rows))]
    return Encodings("test", tuple(FaceId(name) for name in names), rows, rows.copy())


def rows_at(*places: float) -> FloatRows:
    """One row for each place on a line in the space of encodings."""
    rows = np.zeros((len(places), 128), dtype=np.float32)
    rows[:, 0] = places
    return rows


def each_in_its_photo(encodings: Encodings) -> dict[FaceId, PhotoId]:
    return {face: PhotoId(f"photo of {face}") for face in encodings.faces}


def clusters_of(
    encodings: Encodings, photo_of: dict[FaceId, PhotoId] | None = None, *, min_samples: int = 2
) -> list[Cluster]:
    photos = photo_of or each_in_its_photo(encodings)
    return cluster_faces(encodings, photos, eps=0.42, min_samples=min_samples)


def test_faces_in_reach_of_each_other_are_one_cluster_the_largest_first() -> None:
    clusters = clusters_of(encodings_of(rows_at(5.0, 5.1, 0.0, 0.1, 0.2, 9.0)))
    assert [cluster.faces for cluster in clusters] == [("f003", "f002", "f004"), ("f000", "f001")]


def test_a_chain_of_faces_holds_together_and_its_middle_is_most_typical() -> None:
    (cluster,) = clusters_of(encodings_of(rows_at(0.0, 0.4, 0.8, 1.2, 1.6)))
    assert cluster.faces == ("f002", "f001", "f003", "f000", "f004")


def test_no_faces_make_no_cluster() -> None:
    assert clusters_of(encodings_of(rows_at())) == []


def test_one_face_makes_no_cluster_unless_one_is_enough() -> None:
    assert clusters_of(encodings_of(rows_at(1.0))) == []
    (cluster,) = clusters_of(encodings_of(rows_at(1.0)), min_samples=1)
    assert cluster.faces == ("f000",)


def test_the_same_face_many_times_is_one_cluster() -> None:
    (cluster,) = clusters_of(encodings_of(rows_at(*[0.7] * 6)))
    assert sorted(cluster.faces) == [f"f00{row}" for row in range(6)]


def test_of_two_faces_of_one_photo_the_less_typical_leaves_the_cluster() -> None:
    encodings = encodings_of(rows_at(0.0, 0.1, 0.2, 0.35))
    photo_of = each_in_its_photo(encodings)
    photo_of[FaceId("f003")] = photo_of[FaceId("f000")]
    (cluster,) = clusters_of(encodings, photo_of)
    assert cluster.faces == ("f001", "f000", "f002")


def test_lookalikes_of_one_photo_alone_are_no_cluster() -> None:
    encodings = encodings_of(rows_at(0.0, 0.1, 0.2))
    photo_of = dict.fromkeys(encodings.faces, PhotoId("collage"))
    assert clusters_of(encodings, photo_of) == []


def test_a_cluster_is_named_by_its_faces() -> None:
    a, b, c = FaceId("a"), FaceId("b"), FaceId("c")
    assert cluster_id([a, b]) == cluster_id([b, a])
    assert cluster_id([a, b]) != cluster_id([a, c])
    (cluster,) = clusters_of(encodings_of(rows_at(0.0, 0.1), ["b", "a"]))
    assert cluster.id == cluster_id([a, b])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Encodings, dict[FaceId, PhotoId]]:
    """Up to 30 faces near a few people, some alike to the last bit, spread over a few photos."""
    count = draw(st.integers(0, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people = rng.normal(0, 0.08, (4, 128))
    near = people[rng.integers(0, 4, count)] + rng.normal(0, 0.02, (count, 128))
    rows = near[rng.integers(0, max(1, count), count)].astype(np.float32)
    encodings = encodings_of(rows.reshape(count, 128))
    photos = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    return encodings, {
        face: PhotoId(f"photo {photo}") for face, photo in zip(encodings.faces, photos, strict=True)
    }


@settings(max_examples=25, deadline=None)
@given(scene=scenes(), min_samples=st.integers(1, 4))
def test_no_face_is_in_two_clusters_and_no_two_faces_of_one_photo_in_one(
    scene: tuple[Encodings, dict[FaceId, PhotoId]], min_samples: int
) -> None:
    encodings, photo_of = scene
    clusters = clusters_of(encodings, photo_of, min_samples=min_samples)
    members = [face for cluster in clusters for face in cluster.faces]
    assert len(members) == len(set(members))
    assert set(members) <= set(encodings.faces)
    for cluster in clusters:
        assert len({photo_of[face] for face in cluster.faces}) == len(cluster.faces) >= min_samples
    sizes = [len(cluster.faces) for cluster in clusters]
    assert sizes == sorted(sizes, reverse=True)


@settings(max_examples=25, deadline=None)
@given(scene=scenes(), data=st.data())
def test_the_order_of_the_faces_does_not_matter(
    scene: tuple[Encodings, dict[FaceId, PhotoId]], data: st.DataObject
) -> None:
    encodings, photo_of = scene
    order = data.draw(st.permutations(range(len(encodings.faces))))
    shuffled = Encodings(
        encodings.network,
        tuple(encodings.faces[row] for row in order),
        encodings.plain[list(order)],
        encodings.mirrored[list(order)],
    )
    assert clusters_of(shuffled, photo_of) == clusters_of(encodings, photo_of)


@pytest.mark.parametrize(("eps", "found"), [(0.05, 0), (0.15, 2), (10.0, 1)])
def test_a_wider_reach_joins_more(eps: float, found: int) -> None:
    encodings = encodings_of(rows_at(0.0, 0.1, 3.0, 3.1))
    clusters = cluster_faces(encodings, each_in_its_photo(encodings), eps=eps, min_samples=2)
    assert len(clusters) == found
