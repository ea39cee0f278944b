"""Words for windows: an earlier bucket, running totals, moving averages, ranks, totals over groups; and for growth."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.grammar import counted, listed
from nl2sql.answer.speech import Handler, Speaker, handler
from nl2sql.answer.steps import back_words, bucket_behind, steps_of

_SAME_FOR_ONE = (exp.Max, exp.Min, exp.Sum, exp.Avg)  # over a single row, each is the value itself
_RANKS: dict[type[exp.Expr], str] = {
    exp.RowNumber: "row number",
    exp.Rank: "rank",
    exp.DenseRank: "rank without gaps",
}


def _window(node: exp.Window, speaker: Speaker) -> str:
    frame = node.args.get("spec")
    earlier = earlier_bucket(node, speaker)
    if earlier is not None:
        is_value = isinstance(node.this, exp.Lag) or _one_row_each(node, speaker)
        value = node.this.this if is_value else node.this
        return f"{speaker.say(value)} {earlier}{_within(node, speaker)}"
    if frame is not None and _frame_words(frame) is None:
        return speaker.as_sql(node)
    order = node.args.get("order")
    around = _frame_words(frame) if frame is not None else ""
    words = speaker.say(node.this)
    if isinstance(node.this, exp.Sum | exp.Count | exp.Avg) and order is not None and not around:
        words = f"running {words}"
    words += _within(node, speaker)
    if order is not None:
        words += f", in order of {listed([ordered_words(each, speaker) for each in order.expressions])}"
    elif not node.args.get("partition_by") and isinstance(node.this, exp.AggFunc):
        words += " over all rows"
    return f"{words}{around}"


def _within(node: exp.Window, speaker: Speaker) -> str:
    within = node.args.get("partition_by") or []
    return f" within each {listed([part_words(each, speaker) for each in within])}" if within else ""


def part_words(node: exp.Expr, speaker: Speaker) -> str:
    return bucket_behind(node, speaker.scope) or speaker.say(node)


def ordered_words(node: exp.Expr, speaker: Speaker) -> str:
    inner = node.this if isinstance(node, exp.Ordered) else node
    is_desc = isinstance(node, exp.Ordered) and bool(node.args.get("desc"))
    return f"{part_words(inner, speaker)} ({'descending' if is_desc else 'ascending'})"


def earlier_bucket(node: exp.Expr, speaker: Speaker) -> str | None:
    """ "of the month before" for MAX(x) OVER (ORDER BY <month's number> RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING): the
    value of the one bucket that lies so many steps back, empty where there is none."""
    frame = node.args.get("spec") if isinstance(node, exp.Window) else None
    order = node.args.get("order") if isinstance(node, exp.Window) else None
    items = order.expressions if order is not None else []
    if len(items) == 1 and isinstance(node, exp.Window) and isinstance(node.this, exp.Lag):
        return _shown_before(node, items[0], speaker)
    if frame is None or len(items) != 1 or not isinstance(node.this, _SAME_FOR_ONE) or items[0].args.get("desc"):
        return None
    start, end = frame.args.get("start"), frame.args.get("end")
    sides = (frame.args.get("start_side"), frame.args.get("end_side"), frame.args.get("kind"))
    if sides != ("PRECEDING", "PRECEDING", "RANGE") or start != end or frame.args.get("exclude"):
        return None
    steps = steps_of(items[0].this, speaker.scope)
    is_whole = isinstance(start, exp.Literal) and start.is_int
    words = back_words(int(start.name), steps) if steps is not None and is_whole else ""
    return f"of {words}" if words else None


def _shown_before(node: exp.Window, key: exp.Expr, speaker: Speaker) -> str | None:
    """ "of the month shown before" for LAG(x) along the months: a month without rows is passed over."""
    unit = bucket_behind(key.this, speaker.scope)
    steps = node.this.args.get("offset")
    is_next = steps is None or steps.name == "1"
    is_plain = not node.args.get("spec") and not key.args.get("desc") and not node.this.args.get("default")
    return f"of the {unit} shown before" if unit and is_next and is_plain and not unit.count(" ") else None


def _one_row_each(node: exp.Window, speaker: Speaker) -> bool:
    """Each bucket has one row within the window: the partition and the bucket are all that rows are grouped by."""
    group = speaker.scope.select.args.get("group")
    keys = list(group.expressions) if group is not None else []
    if not keys:
        return any(speaker.scope.origin(column) is not None for column in node.args["order"].find_all(exp.Column))
    parts = node.args.get("partition_by") or []
    apart = [key for key in keys if not bucket_behind(key, speaker.scope) and key not in parts]
    return all(isinstance(key, exp.Column) and any(_same_table(key, part) for part in parts) for key in apart)


def _same_table(key: exp.Column, part: exp.Expr) -> bool:
    """A name beside the key that the window is divided by."""
    return isinstance(part, exp.Column) and part.table == key.table and part.name.lower().endswith("id")


def _frame_words(frame: exp.Expr) -> str | None:
    """What a frame takes in; "" for the one that a running total has anyway; None for one without words."""
    start, end = frame.args.get("start"), frame.args.get("end")
    kind, start_side, end_side = (frame.args.get(name) for name in ("kind", "start_side", "end_side"))
    if frame.args.get("exclude") or (end not in ("CURRENT ROW", None)) or end_side:
        return None
    if start == "UNBOUNDED" and start_side == "PRECEDING":
        return ""
    if kind == "ROWS" and isinstance(start, exp.Literal) and start.is_int and start_side == "PRECEDING":
        before = "the row" if start.name == "1" else f"the {counted(int(start.name), 'row')}"
        return f", each time over the row itself and {before} before it"
    return None


def growth_of(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """(later, earlier) of `later / earlier - 1` or `(later - earlier) / earlier`."""
    node = node.unnest()
    if isinstance(node, exp.Sub) and _is_number(node.expression, 1):
        return _quotient(node.this.unnest())
    found = _quotient(node)
    if found is None or not isinstance(found[0], exp.Sub):
        return None
    later, earlier = found[0].this.unnest(), found[0].expression.unnest()
    return (later, earlier) if earlier == found[1] else None


def _quotient(node: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    if not isinstance(node, exp.Div | exp.SafeDivide):
        return None
    return _bare(node.this), _bare(node.expression)


def _bare(node: exp.Expr) -> exp.Expr:
    """Without what only turns whole numbers into decimals, or guards against division by zero."""
    while True:
        node = node.unnest()
        is_product = isinstance(node, exp.Mul)
        is_guarded = isinstance(node, exp.Nullif) and _is_number(node.expression, 0)
        is_decimal = isinstance(node, exp.Cast) and node.is_type(*exp.DataType.REAL_TYPES)
        if is_product and _is_number(node.this, 1):
            node = node.expression
        elif (is_product and _is_number(node.expression, 1)) or is_guarded or is_decimal:
            node = node.this
        else:
            return node


def _is_number(node: exp.Expr, number: float) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) == number


def growth_words(node: exp.Expr, speaker: Speaker) -> str:
    """ "growth of GMV over the month before"; "" where the node is no growth."""
    found = growth_of(node)
    if found is None:
        return ""
    later, earlier = found
    back = earlier_bucket(earlier, speaker)
    if back is not None and isinstance(earlier, exp.Window) and _bare(earlier.this.this) == _bare(later):
        return f"growth of {speaker.say(later)} over that {back}{_within(earlier, speaker)}"
    return f"growth from {speaker.say(earlier)} to {speaker.say(later)}"


def share_words(node: exp.Expr, speaker: Speaker) -> str:
    """ "share of GMV in the total" for x / SUM(x) OVER (…); "" for anything else."""
    found = _quotient(node)
    total = found[1] if found is not None else None
    if found is None or not isinstance(total, exp.Window) or not isinstance(total.this, exp.Sum):
        return ""
    if total.args.get("order") or total.args.get("spec") or _bare(total.this.this) != found[0]:
        return ""
    within = _within(total, speaker).replace(" within each ", " of its ", 1)
    return f"{speaker.say(found[0])} as a share of the total{within or ' of all rows'}"


WINDOWS: dict[type[exp.Expr], Handler] = {
    exp.Window: handler(_window, "this partition_by order over spec"),
    **{kind: handler(lambda node, speaker: _RANKS[type(node)]) for kind in _RANKS},
}
