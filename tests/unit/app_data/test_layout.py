from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from streamlit_app.data.layout import Box, Layout, laid_out

SIZE = (100.0, 48.0)
names = st.lists(st.sampled_from("abcdefghij"), unique=True, min_size=1)
edges = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij")), max_size=25)


def drawn(tables: str, *links: str) -> Layout:
    return laid_out(dict.fromkeys(tables, SIZE), [(link[0], link[1]) for link in links])


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )


@given(names, edges)
def test_boxes_never_overlap_and_lie_in_the_picture_whatever_points_where(
    tables: list[str], links: list[tuple[str, str]]
) -> None:
    layout = laid_out(dict.fromkeys(tables, SIZE), links)
    assert list(layout.boxes) == tables
    assert all(apart(one, other) for one, other in combinations(layout.boxes.values(), 2))
    for box in layout.boxes.values():
        assert box.x >= 0 and box.x + box.width <= layout.width
        assert box.y >= 0 and box.y + box.height <= layout.height
    wanted = {(s, t) for s, t in links if s != t and s in tables and t in tables}
    assert set(layout.lines) == wanted


@given(names, edges)
def test_each_line_begins_at_its_source_and_ends_at_its_target(tables: list[str], links: list[tuple[str, str]]) -> None:
    layout = laid_out(dict.fromkeys(tables, SIZE), links)
    for (source, target), points in layout.lines.items():
        for name, (x, y) in ((source, points[0]), (target, points[-1])):
            box = layout.boxes[name]
            assert x in (box.x, box.x + box.width) and box.y <= y <= box.y + box.height


@given(names, edges)
def test_the_same_model_is_always_drawn_the_same(tables: list[str], links: list[tuple[str, str]]) -> None:
    sizes = dict.fromkeys(tables, SIZE)
    assert laid_out(sizes, links) == laid_out(sizes, links)


def test_what_is_pointed_to_stands_to_the_right() -> None:
    boxes = drawn("abc", "ab", "bc", "ac").boxes
    assert boxes["a"].x < boxes["b"].x < boxes["c"].x


def test_a_cycle_is_drawn_with_one_line_that_goes_back() -> None:
    layout = drawn("abc", "ab", "bc", "ca")
    backwards = [edge for edge, points in layout.lines.items() if points[-1][0] < points[0][0]]
    assert backwards == [("c", "a")]
    boxes, line = layout.boxes, layout.lines["c", "a"]
    assert boxes["a"].x < boxes["b"].x < boxes["c"].x
    assert line[0][0] == boxes["c"].x and line[-1][0] == boxes["a"].x + boxes["a"].width


def test_a_line_over_a_layer_leaves_room_between_the_boxes_it_passes() -> None:
    layout = drawn("abcd", "ab", "bd", "ac", "cd", "ad")
    (points,) = (points for edge, points in layout.lines.items() if edge == ("a", "d"))
    for x, y in points[1:-1]:
        for name in "bc":
            box = layout.boxes[name]
            assert not (box.x < x < box.x + box.width and box.y < y < box.y + box.height)


def test_lines_that_need_not_cross_do_not() -> None:
    boxes = drawn("abcd", "ad", "bc").boxes
    assert (boxes["a"].y < boxes["b"].y) == (boxes["d"].y < boxes["c"].y)
