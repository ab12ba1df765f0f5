"""The curve of bench-effort as a picture."""

from xml.etree import ElementTree

from scripts.draw_effort import drawn

CURVES = {
    "faceloop": [(2, 10), (20, 100)],
    "cluster_and_merge": [(2, 5), (50, 100)],
    "one_by_one": [(1, 1), (500, 100)],
}


def test_the_picture_has_a_line_for_each_side_and_ends_where_the_second_slowest_is_done() -> None:
    picture = ElementTree.fromstring(drawn(CURVES, faces=100))  # noqa: S314  # our own
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    ends = [line.attrib["points"].split()[-1].split(",") for line in lines]
    assert len(ends) == 3
    assert ends[0] == ends[1] == ["736.0", "64.0"], "both have all faces right at the right edge"
    assert float(ends[2][0]) < 100, "the slowest leaves the picture"


def test_a_side_alone_can_be_drawn() -> None:
    assert "polyline" in drawn({"faceloop": [(1, 1)]}, faces=1)
