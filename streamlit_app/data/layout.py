"""Places the tables of a join graph in layers, from the many side on the left to the one side on the right.

The way of Sugiyama, Tagawa and Toda (1981): break cycles, layer by the longest path, order each layer by the barycentre
of its neighbours, then give heights. Deterministic: what is drawn depends on the order of the model alone.
Lengths are CSS pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BETWEEN_LAYERS = 150  # room for a role's name on a line
BETWEEN_BOXES = 26
MARGIN = 20
# More sweeps than these change nothing on graphs that a screen can show.
SWEEPS = 8

Point = tuple[float, float]
Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Box:
    """`x`, `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """`lines` run from the source's box to the target's, through points between the layers that they cross."""

    boxes: Mapping[str, Box]
    lines: Mapping[Edge, tuple[Point, ...]]
    width: float
    height: float


def laid_out(sizes: Mapping[str, tuple[float, float]], edges: Iterable[Edge]) -> Layout:
    """`sizes` are (width, height) by name, in the order that breaks ties. An edge to itself is left out."""
    wanted = list(dict.fromkeys((s, t) for s, t in edges if s != t and s in sizes and t in sizes))
    forward = {edge: edge in _acyclic(list(sizes), wanted) for edge in wanted}
    directed = list(dict.fromkeys(edge if forward[edge] else edge[::-1] for edge in wanted))
    layer = _layers(list(sizes), directed)
    chains = {edge: _chain(edge, layer) for edge in directed}
    rows = _ordered(layer, chains)
    whole = {**{name: (0.0, 12.0) for row in rows for name in row if name not in sizes}, **sizes}
    boxes, height = _placed(rows, whole, chains)
    width = max((box.x + box.width for box in boxes.values()), default=0) + MARGIN
    lines = {}
    ends = _ports(directed, chains, boxes)
    for edge in wanted:
        points = _points(edge if forward[edge] else edge[::-1], chains, boxes, ends)
        lines[edge] = points if forward[edge] else points[::-1]
    return Layout({name: boxes[name] for name in sizes}, lines, width, height)


def _acyclic(names: Sequence[str], edges: Sequence[Edge]) -> set[Edge]:
    """Edges that a walk in depth does not find going back."""
    leaving: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        leaving[source].append(target)
    kept: set[Edge] = set()
    state: dict[str, int] = {}  # 1: being walked, 2: done
    for start in names:
        if start in state:
            continue
        state[start] = 1
        stack = [(start, iter(leaving[start]))]
        while stack:
            name, following = stack[-1]
            target = next(following, "")
            if not target:
                state[name] = 2
                stack.pop()
                continue
            if state.get(target) != 1:
                kept.add((name, target))
            if target not in state:
                state[target] = 1
                stack.append((target, iter(leaving[target])))
    return kept


def _layers(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """By the longest way from a table to which nothing points; such a table moves next to what it points to."""
    layer = dict.fromkeys(names, 0)
    for _ in names:
        moved = [(s, t) for s, t in edges if layer[t] <= layer[s]]
        if not moved:
            break
        for source, target in moved:
            layer[target] = max(layer[target], layer[source] + 1)
    entered = {target for _, target in edges}
    for name in names:
        after = [layer[target] for source, target in edges if source == name]
        if name not in entered and after:
            layer[name] = min(after) - 1
    linked = entered | {source for source, _ in edges}
    count = max(layer.values(), default=0) + 1
    for place, name in enumerate(each for each in names if each not in linked):
        layer[name] = place % count
    return layer


def _chain(edge: Edge, layer: Mapping[str, int]) -> tuple[str, ...]:
    """The edge with a point in each layer between its ends; a point's name is no table's."""
    source, target = edge
    between = range(layer[source] + 1, layer[target])
    return (source, *(f"\0{source}\0{target}\0{place}" for place in between), target)


def _ordered(layer: Mapping[str, int], chains: Mapping[Edge, tuple[str, ...]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for name, place in layer.items():
        rows[place].append(name)
    for (source, _), chain in chains.items():
        for step, name in enumerate(chain[1:-1], start=1):
            rows[layer[source] + step].append(name)
    before, after = _neighbours(chains)
    best, least = [list(row) for row in rows], _crossings(rows, after)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        places = range(1, len(rows)) if down else range(len(rows) - 2, -1, -1)
        for place in places:
            fixed = {name: at for at, name in enumerate(rows[place - 1 if down else place + 1])}
            _sort(rows[place], before if down else after, fixed)
        if (crossings := _crossings(rows, after)) < least:
            best, least = [list(row) for row in rows], crossings
    return best


def _neighbours(chains: Mapping[Edge, tuple[str, ...]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for chain in chains.values():
        for left, right in pairwise(chain):
            after.setdefault(left, []).append(right)
            before.setdefault(right, []).append(left)
    return before, after


def _sort(row: list[str], neighbours: Mapping[str, list[str]], fixed: Mapping[str, int]) -> None:
    def centre(item: tuple[int, str]) -> float:
        own, name = item
        at = [fixed[each] for each in neighbours.get(name, ()) if each in fixed]
        return sum(at) / len(at) if at else own

    row[:] = [name for _, name in sorted(enumerate(row), key=centre)]


def _crossings(rows: Sequence[Sequence[str]], after: Mapping[str, list[str]]) -> int:
    found = 0
    for left, right in pairwise(rows):
        at = {name: place for place, name in enumerate(right)}
        ends = [sorted(at[each] for each in after.get(name, ()) if each in at) for name in left]
        flat = [(place, end) for place, row in enumerate(ends) for end in row]
        found += sum(a[0] < b[0] and a[1] > b[1] for i, a in enumerate(flat) for b in flat[i + 1 :])
    return found


def _placed(
    rows: Sequence[Sequence[str]], sizes: Mapping[str, tuple[float, float]], chains: Mapping[Edge, tuple[str, ...]]
) -> tuple[dict[str, Box], float]:
    middle: dict[str, float] = {}
    for row in rows:
        tall = sum(sizes[name][1] for name in row) + BETWEEN_BOXES * (len(row) - 1)
        top = -tall / 2
        for name in row:
            middle[name] = top + sizes[name][1] / 2
            top += sizes[name][1] + BETWEEN_BOXES
    before, after = _neighbours(chains)
    for neighbours, order in ((before, rows), (after, rows[::-1]), (before, rows)):
        for row in order:
            _pull(row, sizes, middle, neighbours)
    lift = MARGIN - min((middle[name] - sizes[name][1] / 2 for name in middle), default=0)
    boxes: dict[str, Box] = {}
    x = float(MARGIN)
    for row in rows:
        wide = max((sizes[name][0] for name in row), default=0)
        for name in row:
            width, height = sizes[name] if sizes[name][0] else (wide, sizes[name][1])
            boxes[name] = Box(x + (wide - width) / 2, middle[name] - height / 2 + lift, width, height)
        x += wide + BETWEEN_LAYERS
    return boxes, max((box.y + box.height for box in boxes.values()), default=0) + MARGIN


def _pull(
    row: Sequence[str],
    sizes: Mapping[str, tuple[float, float]],
    middle: dict[str, float],
    neighbours: Mapping[str, list[str]],
) -> None:
    """Each towards the mean of its neighbours, in order and apart; the row as a whole keeps to what was wished."""
    wished = [_mean([middle[each] for each in neighbours.get(name, ())], middle[name]) for name in row]
    placed: list[float] = []
    for place, (name, wish) in enumerate(zip(row, wished, strict=True)):
        if place:
            apart = (sizes[row[place - 1]][1] + sizes[name][1]) / 2 + BETWEEN_BOXES
            wish = max(wish, placed[-1] + apart)
        placed.append(wish)
    shift = _mean([wish - at for wish, at in zip(wished, placed, strict=True)], 0)
    for name, at in zip(row, placed, strict=True):
        middle[name] = at + shift


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _ports(
    edges: Sequence[Edge], chains: Mapping[Edge, tuple[str, ...]], boxes: Mapping[str, Box]
) -> dict[tuple[Edge, bool], Point]:
    """Where an edge leaves its source (True) and enters its target (False): side by side, so that lines stay apart."""
    sides: dict[tuple[str, bool], list[Edge]] = {}
    for edge in edges:
        sides.setdefault((edge[0], True), []).append(edge)
        sides.setdefault((edge[1], False), []).append(edge)
    ports: dict[tuple[Edge, bool], Point] = {}
    for (name, leaves), those in sides.items():
        box = boxes[name]
        those.sort(key=lambda edge: boxes[chains[edge][1 if leaves else -2]].y)
        for place, edge in enumerate(those, start=1):
            x = box.x + box.width if leaves else box.x
            ports[edge, leaves] = (x, box.y + box.height * place / (len(those) + 1))
    return ports


def _points(
    edge: Edge,
    chains: Mapping[Edge, tuple[str, ...]],
    boxes: Mapping[str, Box],
    ports: Mapping[tuple[Edge, bool], Point],
) -> tuple[Point, ...]:
    points = [ports[edge, True]]
    for name in chains[edge][1:-1]:
        box = boxes[name]
        middle = box.y + box.height / 2
        points += [(box.x, middle), (box.x + box.width, middle)]
    return (*points, ports[edge, False])
