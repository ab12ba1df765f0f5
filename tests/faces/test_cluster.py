import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.cluster import Groups, cluster_id, group_by_dbscan, group_people, ids_for, needs_new_cut
from faces.confirmations import Truth
from faces.constraints import Constraints, constraints_of
from faces.cut import Cut
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
    return list(group_by_dbscan(encodings, photos, eps=0.42, min_samples=min_samples).clusters)


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
    photo_of = each_in_its_photo(encodings)
    assert len(group_by_dbscan(encodings, photo_of, eps=eps, min_samples=2).clusters) == found


members = st.lists(st.sets(st.integers(0, 40), min_size=1, max_size=8), max_size=8)


def apart(sets: list[set[int]]) -> list[tuple[FaceId, ...]]:
    """The sets without what stands in an earlier one, as faces."""
    seen: set[int] = set()
    found = []
    for numbers in sets:
        found.append(tuple(FaceId(f"f{number:03}") for number in sorted(numbers - seen)))
        seen |= numbers
    return [faces for faces in found if faces]


def named(found: list[tuple[FaceId, ...]], before: list[Cluster]) -> list[Cluster]:
    return [Cluster(i, faces) for i, faces in zip(ids_for(found, before), found, strict=True)]


@given(members, members, members)
def test_ids_are_unique_and_kept_by_clusters_that_are_mostly_the_same(
    first: list[set[int]], second: list[set[int]], third: list[set[int]]
) -> None:
    clusters: list[Cluster] = []
    for sets in (first, second, third):
        before, clusters = clusters, named(apart(sets), clusters)
        assert len({cluster.id for cluster in clusters}) == len(clusters)
        old = {cluster.id: set(cluster.faces) for cluster in before}
        known = set().union(*old.values())
        for cluster in clusters:
            both = {name: len(faces & set(cluster.faces)) for name, faces in old.items()}
            mostly = [
                name
                for name, shared in both.items()
                if 2 * shared > len(old[name]) and 2 * shared > len(known & set(cluster.faces))
            ]
            assert (mostly == [cluster.id]) if mostly else (cluster.id not in old)


@given(members)
def test_an_unchanged_partition_keeps_all_ids(sets: list[set[int]]) -> None:
    clusters = named(apart(sets), [])
    assert named([cluster.faces for cluster in clusters], clusters) == clusters
    turned = [cluster.faces[::-1] for cluster in reversed(clusters)]
    assert ids_for(turned, clusters) == [cluster.id for cluster in reversed(clusters)]


@given(members, st.integers(0, 7), st.integers(1, 50))
def test_a_cluster_keeps_its_id_however_many_new_faces_come(
    sets: list[set[int]], grown: int, count: int
) -> None:
    clusters = named(apart(sets), [])
    new = tuple(FaceId(f"new {number}") for number in range(count))
    found = [
        (*cluster.faces, *new) if number == grown else cluster.faces
        for number, cluster in enumerate(clusters)
    ]
    assert ids_for(found, clusters) == [cluster.id for cluster in clusters]


def test_a_part_of_a_cluster_is_another_one_though_the_cluster_began_with_it() -> None:
    began = [FaceId("a"), FaceId("b")]
    grown = Cluster(cluster_id(began), (*began, FaceId("c"), FaceId("d"), FaceId("e")))
    ids = ids_for([began, [FaceId("c"), FaceId("d"), FaceId("e")]], [grown])
    assert ids[1] == grown.id
    assert ids[0] not in (grown.id, ids[1])


CUT = Cut(np.eye(128, dtype=np.float32), reach=0.1, single=0.5, growth=0.2, faces=10)


def turned(*degrees: float) -> FloatRows:
    """One row of length 1 for each angle."""
    rows = np.zeros((len(degrees), 128), dtype=np.float32)
    rows[:, 0], rows[:, 1] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return rows


def grouped(
    encodings: Encodings, constraints: Constraints | None = None, **given: object
) -> Groups:
    free = constraints_of(encodings.faces, each_in_its_photo(encodings), Truth())
    return group_people(encodings, CUT, constraints or free, **given)  # type: ignore[arg-type]


def test_people_are_groups_the_largest_first_and_the_most_typical_face_first() -> None:
    groups = grouped(encodings_of(turned(0, 2, 5, 90, 91, 180)))
    assert [cluster.faces for cluster in groups.clusters] == [
        ("f001", "f000", "f002"),
        ("f003", "f004"),
    ]
    for cluster in groups.clusters:
        assert cluster.places[0] == 1
        assert list(cluster.places) == sorted(cluster.places, reverse=True)
        assert cluster.confidence is not None
        assert cluster.confidence > 0.9


def test_what_nobody_settled_comes_first() -> None:
    encodings = encodings_of(turned(0, 2, 5, 7))
    (cluster,) = grouped(encodings).clusters
    settled = set(cluster.faces[:2])
    (after,) = grouped(encodings, settled=settled).clusters
    assert after.faces == cluster.faces[2:] + cluster.faces[:2]
    assert after.places == cluster.places[2:] + cluster.places[:2]
    assert after.id == cluster.id


def test_faces_of_one_photo_are_two_people() -> None:
    encodings = encodings_of(turned(0, 1, 2))
    photo_of = dict.fromkeys(encodings.faces, PhotoId("collage"))
    assert grouped(encodings, constraints_of(encodings.faces, photo_of, Truth())).clusters == ()


def test_near_groups_are_told_by_their_ids() -> None:
    encodings = encodings_of(turned(0, 1, 2, 46, 47, 48, 180, 181))
    groups = grouped(encodings)
    assert len(groups.clusters) == 3
    ids = {cluster.id for cluster in groups.clusters if cluster.faces[0] < "f006"}
    assert {groups.near[0].first, groups.near[0].second} == ids


def test_a_face_alone_is_told_with_the_group_it_may_be_of() -> None:
    encodings = encodings_of(turned(46, 0, 1, 2, 180, 181))
    groups = grouped(encodings)
    (near,) = [cluster for cluster in groups.clusters if "f001" in cluster.faces]
    assert groups.near == ()
    (loose,) = groups.loose
    assert (loose.face, loose.cluster) == ("f000", near.id)


@pytest.mark.parametrize("degrees", [(), (1.0,), (1.0, 90.0)])
def test_faces_like_no_other_are_in_no_cluster(degrees: tuple[float, ...]) -> None:
    assert grouped(encodings_of(turned(*degrees))) == Groups()


def test_the_same_face_many_times_is_one_person() -> None:
    (cluster,) = grouped(encodings_of(turned(*[7.0] * 30))).clusters
    assert len(cluster.faces) == 30


@settings(max_examples=25, deadline=None)
@given(data=st.data(), count=st.integers(2, 25), seed=st.integers(0, 2**32 - 1))
def test_people_do_not_depend_on_the_order_of_the_faces(
    data: st.DataObject, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    encodings = encodings_of(turned(*rng.choice(rng.uniform(0, 360, count), count)))
    order = data.draw(st.permutations(range(count)))
    shuffled = Encodings(
        encodings.network,
        tuple(encodings.faces[row] for row in order),
        encodings.plain[list(order)],
        encodings.mirrored[list(order)],
    )
    found, again = grouped(encodings).clusters, grouped(shuffled).clusters
    assert {c.id: set(c.faces) for c in found} == {c.id: set(c.faces) for c in again}


@pytest.mark.parametrize(
    ("found_on", "faces", "renewed"),
    [
        (0, 1, True),
        (0, 0, False),
        (100, 0, False),
        (100, 100, False),
        (100, 199, False),
        (100, 200, True),
        (100, 49, True),
    ],
)
def test_a_cut_is_found_anew_when_there_are_twice_or_half_the_faces(
    found_on: int, faces: int, renewed: bool
) -> None:
    assert needs_new_cut(found_on, faces) == renewed
