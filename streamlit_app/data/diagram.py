"""The join graph as a picture: tables in boxes, lines from many rows to one. SVG text, with every name escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nl2sql.catalog.model import Dataset, Relationship
from streamlit_app.data.layout import Box, Edge, Layout, Point, laid_out
from streamlit_app.data.names import dataset_label
from streamlit_app.data.seen import Seen
from streamlit_app.safe import as_html, shorten
from streamlit_app.words import say, say_count

# A picture with more tables is a map that nobody reads: one table with its neighbours then.
MAX_TABLES = 24
# A narrower frame first shrinks it so far, and then scrolls: smaller words are not read.
LEAST_SCALE = 0.85
_BOX_HEIGHT = 48.0
_LABEL_CHARS, _ROLE_CHARS = 22, 20
_CHAR = 7.6  # the width of a letter at the labels' size, as fonts have it on average
_LOOP = 16.0


@dataclass(frozen=True, slots=True)
class Part:
    """What is drawn: datasets in the model's order; `left_out` neighbours are not."""

    datasets: tuple[Dataset, ...]
    relationships: tuple[Relationship, ...]
    focus: str = ""
    left_out: int = 0


def whole(seen: Seen) -> Part:
    return Part(seen.datasets, seen.relationships)


def around(seen: Seen, focus: str) -> Part:
    """A dataset and those that it points to, or that point to it."""
    near = dict.fromkeys(
        other
        for each in seen.relationships
        if focus in (each.source, each.target)
        for other in (each.source, each.target)
        if other != focus
    )
    kept = {focus, *list(near)[: MAX_TABLES - 1]}
    return Part(
        tuple(each for each in seen.datasets if each.name in kept),
        tuple(
            each
            for each in seen.relationships
            if focus in (each.source, each.target) and {each.source, each.target} <= kept
        ),
        focus,
        max(0, len(near) + 1 - MAX_TABLES),
    )


def drawn(seen: Seen, part: Part) -> str:
    """One SVG element, of its own width in CSS pixels or a little less. Boxes are buttons that carry `data-table`."""
    fields = {each.name: len(seen.fields(each)) for each in part.datasets}
    sizes = {each.name: (_width(each, fields[each.name]), _BOX_HEIGHT) for each in part.datasets}
    roles = _roles(part.relationships)
    layout = laid_out(sizes, [edge for edge in roles if edge[0] != edge[1]])
    lines = [_line(seen, points, roles[edge]) for edge, points in layout.lines.items()]
    loops = [_loop(layout.boxes[source], roles[source, target]) for source, target in roles if source == target]
    boxes = [_box(each, layout.boxes[each.name], fields[each.name], part.focus) for each in part.datasets]
    return _svg(part, layout, [*lines, *loops, *_end_words(seen, layout, roles), *boxes])


def _svg(part: Part, layout: Layout, parts: Sequence[str]) -> str:
    wide, high = round(layout.width), round(layout.height)
    title = as_html(say("data.diagram_title"))
    told = as_html(say("data.diagram_desc", tables=len(part.datasets), links=len(part.relationships)))
    return (
        f'<svg class="data-diagram" viewBox="0 0 {wide} {high}" role="group" '
        f'style="width: {wide}px; min-width: {wide * LEAST_SCALE:.0f}px" '
        f'aria-labelledby="data-diagram-title data-diagram-desc"><title id="data-diagram-title">{title}</title>'
        f'<desc id="data-diagram-desc">{told}</desc>{"".join(parts)}</svg>'
    )


def _width(dataset: Dataset, fields: int) -> float:
    longest = max(len(shorten(dataset_label(dataset), _LABEL_CHARS)), len(say_count("data.fields", fields)) * 0.9)
    return max(96.0, longest * _CHAR + 28)


def _roles(relationships: Iterable[Relationship]) -> dict[Edge, list[Relationship]]:
    """Several relationships between the same two tables are one line."""
    found: dict[Edge, list[Relationship]] = {}
    for each in relationships:
        found.setdefault((each.source, each.target), []).append(each)
    return found


def _box(dataset: Dataset, box: Box, fields: int, focus: str) -> str:
    label, count = dataset_label(dataset), say_count("data.fields", fields)
    x = box.x + box.width / 2
    name = as_html(say("data.open_table", table=label))
    return (
        f'<g class="box{" focus" if dataset.name == focus else ""}" role="button" tabindex="0" '
        f'aria-label="{name}" data-table="{as_html(dataset.name)}"><title>{as_html(label)}</title>'
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="7"/>'
        f'<text class="name" x="{x:.0f}" y="{box.y + 21:.0f}">{as_html(shorten(label, _LABEL_CHARS))}</text>'
        f'<text class="count" x="{x:.0f}" y="{box.y + 37:.0f}">{as_html(count)}</text></g>'
    )


def _line(seen: Seen, points: Sequence[Point], those: Sequence[Relationship]) -> str:
    role = shorten(", ".join(dict.fromkeys(each.role for each in those if each.role)), _ROLE_CHARS)
    return (
        f'<g class="line"><title>{as_html(" · ".join(in_words(seen, each) for each in those))}</title>'
        f'<path d="{_path(points)}"/>{_dot(points[-1])}{_role(role, points)}</g>'
    )


def _end_words(seen: Seen, layout: Layout, roles: Mapping[Edge, Sequence[Relationship]]) -> Iterator[str]:
    """ "many" and "one" where lines meet a box: once a side where all of its lines say the same."""
    sides: dict[tuple[str, float], dict[Point, str]] = {}
    for edge, points in layout.lines.items():
        many = say("data.one") if all(seen.graph.is_one_to_one(each) for each in roles[edge]) else say("data.many")
        for name, at, word in ((edge[0], points[0], many), (edge[1], points[-1], say("data.one"))):
            sides.setdefault((name, at[0]), {})[at] = word
    for (name, x), words in sides.items():
        left = x <= layout.boxes[name].x
        at = min(words, key=lambda point: point[1])
        kept = {at: words[at]} if len(set(words.values())) == 1 else words
        yield from (_end_word(word, point, left) for point, word in kept.items())


def _path(points: Sequence[Point]) -> str:
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(points):
        bend = (to_x - x) / 2
        parts.append(f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
    return "".join(parts)


def _dot(at: Point) -> str:
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="3"/>'


def _end_word(word: str, at: Point, left: bool) -> str:
    x, side = (at[0] - 8, "left") if left else (at[0] + 8, "right")
    return f'<text class="end {side}" x="{x:.1f}" y="{at[1] - 5:.1f}">{as_html(word)}</text>'


def _role(role: str, points: Sequence[Point]) -> str:
    """In the middle of the line's first piece, which lies between two layers."""
    if not role:
        return ""
    (x, y), (to_x, to_y) = points[0], points[1]
    return f'<text class="role" x="{(x + to_x) / 2:.1f}" y="{(y + to_y) / 2 + 4:.1f}">{as_html(role)}</text>'


def _loop(box: Box, those: Sequence[Relationship]) -> str:
    """A table whose rows point to rows of its own."""
    x, y = box.x + box.width - 30, box.y
    role = ", ".join(dict.fromkeys(each.role for each in those if each.role)) or say("data.itself")
    path = f"M{x:.0f} {y:.0f}C{x:.0f} {y - _LOOP:.0f} {x + 20:.0f} {y - _LOOP:.0f} {x + 20:.0f} {y:.0f}"
    word = f'<text class="role loop" x="{x - 6:.0f}" y="{y - 5:.0f}">{as_html(shorten(role, _ROLE_CHARS))}</text>'
    return f'<g class="line"><path d="{path}"/>{word}</g>'


def in_words(seen: Seen, each: Relationship) -> str:
    """ "Listings → Users, as “seller”: many to one"."""
    source, target = dataset_label(seen.by_name[each.source]), dataset_label(seen.by_name[each.target])
    key = "one_to_one" if seen.graph.is_one_to_one(each) else "many_to_one"
    if each.role:
        return say(f"data.{key}_as", source=source, target=target, role=each.role)
    return say(f"data.{key}", source=source, target=target)
