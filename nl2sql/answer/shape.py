"""What each column of a result is: a time bucket, a category, a measure, an ID; and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

import pyarrow as pa
from sqlglot import exp

from nl2sql.answer.aggregates import counting, row_entity
from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.cycles import MONTHS, cycle_of
from nl2sql.answer.derived import Derivation, derivation_of, unit_label
from nl2sql.answer.durations import long_time, unit_of
from nl2sql.answer.formats import format_cell, is_number
from nl2sql.answer.grains import Grain, bucket_name, grain_of
from nl2sql.answer.grammar import mid, opening, pretty
from nl2sql.answer.histograms import histogram_of, label_of, step_words
from nl2sql.answer.named_filters import find_named
from nl2sql.answer.sources import behind_all, conjuncts, leading_select
from nl2sql.answer.speech import Speaker

Role = Literal["time", "category", "measure", "id", "text"]
_ROUNDING = (exp.Round, exp.Coalesce, exp.Paren, exp.Cast, exp.Alias)
_WORDS_AT_MOST = 40  # longer than this a description is no column title: the query's own name is


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the result. `adds_up`: the values of groups sum to the total; `grain`: of a time bucket."""

    name: str
    position: int
    role: Role
    label: ColumnLabel
    grain: str = ""
    adds_up: bool = False
    is_aggregate: bool = False
    is_metric: bool = False
    words: Mapping[str, str] = field(default_factory=dict)  # stored value → what people call it
    derived: Derivation = field(default_factory=Derivation)
    duration: str = ""  # the unit of a time between two moments
    width: Decimal | None = None  # of the buckets that numbers were cut to
    cycle: str = ""  # "day of the week", "hour of the day" …

    @property
    def title(self) -> str:
        return self.label.label

    def show(self, value: object) -> str:
        """For a sentence: "Feb 2024" rather than 2024-02."""
        if self.grain and value is not None:
            return bucket_name(value, self.grain)
        if self.duration and isinstance(value, int | float | Decimal):
            return long_time(float(value), self.duration)
        if self.width is not None and (step := step_words(value, self.width, self.label)):
            return step
        return self.words.get(str(value)) or format_cell(value, self.label)


def column_values(table: pa.Table, output: Output) -> list[object]:
    """By position: two columns of a result may have the same name."""
    values: list[object] = table.column(output.position).to_pylist()
    return values


def read_outputs(tree: exp.Expr, table: pa.Table, speaker: Speaker) -> tuple[Output, ...]:
    """One Output per result column. Columns that the tree does not name are judged by their Arrow type alone."""
    select = leading_select(tree)
    selects = select.selects if select is not None else []
    outputs = []
    for position, column in enumerate(table.schema):
        projection = selects[position] if position < len(selects) else None
        outputs.append(_output(column, position, projection, speaker))
    return _told_apart(outputs, speaker)


def _told_apart(outputs: list[Output], speaker: Speaker) -> tuple[Output, ...]:
    """Two columns of one title go by their own names."""
    titles = [each.title for each in outputs]
    outputs = [_of_what(each, outputs) for each in outputs]
    return tuple(
        replace(each, label=replace(each.label, label=_own_name(each.name, speaker)))
        if titles.count(each.title) > 1 and not each.name.startswith("_col_")
        else each
        for each in outputs
    )


def _of_what(output: Output, outputs: list[Output]) -> Output:
    """ "Growth" of GMV along the months is "Growth of GMV"."""
    is_along = output.derived.back or output.derived.kind in ("running", "moving")
    of = next((mid(each.title) for each in outputs if each.name == output.derived.of), "") if is_along else ""
    if not of or of.lower() in output.title.lower() or output.is_metric:
        return output
    return replace(output, label=replace(output.label, label=f"{output.title} of {of}"))


def _own_name(name: str, speaker: Speaker) -> str:
    """ "gmv_2024" → "GMV 2024": the name, with the metric that it begins with spelled as people do."""
    known = [m for m in speaker.labels.metrics if name.lower().startswith(f"{m}_")]
    metric = max(known, key=len, default="")
    if not metric:
        return opening(pretty(name))
    return f"{opening(speaker.labels.metrics[metric].label)} {pretty(name[len(metric) + 1 :])}"


def _output(column: pa.Field, position: int, projection: exp.Expr | None, speaker: Speaker) -> Output:
    name = column.name
    if projection is None or isinstance(projection, exp.Star):
        unnamed: Role = "measure" if is_number(column.type) else "text"
        return Output(name, position, unnamed, ColumnLabel(opening(pretty(name))))
    node, scope = behind_all(_filled(projection.unalias()), speaker.scope)
    inside = speaker.within(scope)
    is_aggregate = bool(node.find(exp.AggFunc, exp.Window))
    metric = _metric(name, speaker) if is_aggregate else None
    grain = grain_of(node)
    bucket = histogram_of(node) if is_number(column.type) else None
    role: Role = "category" if bucket is not None else _role(column.type, node, grain)
    select = inside.scope.select
    derived = derivation_of(node, select.selects, inside) if is_aggregate or _is_compared(node) else Derivation()
    label = _with_format(metric or _label(name, node, grain, inside), role, node, column.type, inside)
    if bucket is not None:
        known = label_of(bucket.of, inside)
        label = replace(label, label=opening(pretty(name)), format=known.format, unit=known.unit)
    if derived.kind in ("growth", "share") and label.format == "number" and not label.unit:
        label = replace(label, format="percent")
    words = speaker.labels.values.get(scope.key(node), {}) if isinstance(node, exp.Column) else {}
    cycle = grain.unit if grain is not None and not grain.is_bucket else ""
    return Output(
        name=name,
        position=position,
        role=role,
        label=label,
        grain=grain.unit if grain and grain.is_bucket else "",
        adds_up=is_aggregate and (_adds_up(node) or name.lower() in speaker.labels.additive),
        is_aggregate=is_aggregate,
        is_metric=metric is not None,
        words=words or _cycle_words(node, cycle, speaker.dialect),
        derived=derived,
        duration=label.unit if label.unit and label.unit == unit_of(node) else "",
        width=bucket.width if bucket is not None else None,
        cycle=cycle,
    )


def _filled(node: exp.Expr) -> exp.Expr:
    """The column of another step, where a group without a value there is filled: COALESCE(step.n, 0)."""
    is_filled = isinstance(node, exp.Coalesce) and isinstance(node.this, exp.Column) and len(node.expressions) == 1
    return node.this if is_filled and isinstance(node.expressions[0], exp.Literal) else node


def _is_compared(node: exp.Expr) -> bool:
    """A calculation over columns that are aggregates of steps."""
    return isinstance(node, exp.Binary | exp.Round | exp.SafeDivide)


def _cycle_words(node: exp.Expr, cycle: str, dialect: str) -> Mapping[str, str]:
    """Names for the numbers of weekdays, months and hours."""
    if cycle == "hour of the day":
        return {text: f"{h:02}:00–{(h + 1) % 24:02}:00" for h in range(24) for text in (str(h), f"{h:02}", f"{h}.0")}
    if cycle == "month of the year":
        return {text: name for m, name in enumerate(MONTHS, 1) for text in (str(m), f"{m:02}", f"{m}.0")}
    found = cycle_of(node, dialect) if cycle == "day of the week" else None
    return found.names if found is not None else {}


def _metric(name: str, speaker: Speaker) -> ColumnLabel | None:
    """The metric that the output is named after, or the share of one."""
    known = speaker.labels.metrics
    label = known.get(name.lower())
    if label is not None:
        return replace(label, label=opening(label.label))
    whole = known.get(name.lower().removeprefix("share_of_")) if name.lower().startswith("share_of_") else None
    return ColumnLabel(f"Share of {mid(whole.label)}", "percent") if whole is not None else None


def _label(name: str, node: exp.Expr, grain: Grain | None, speaker: Speaker) -> ColumnLabel:
    known = speaker.label(node)
    generated = name.startswith("_col_") or name.lower() in ("count", "sum", "avg", "n", "cnt", "total", "value")
    if known is not None and pretty(name) == pretty(getattr(node, "name", "")):
        return replace(known, label=opening(known.label or pretty(name)))
    if grain is not None and (generated or grain.is_bucket):
        return ColumnLabel(opening(grain.unit))
    if name[-4:].isdigit() and name[-5:-4] == "_" and name[:-5].lower() in speaker.labels.metrics:
        return ColumnLabel(_own_name(name, speaker))
    words = _with_adjective(speaker.say(node), speaker)
    counts_rows = words == "number of rows" and not generated
    is_short = "`" not in words and len(words) <= _WORDS_AT_MOST
    if isinstance(node, exp.AggFunc | exp.WithinGroup) and is_short and not counts_rows:
        return ColumnLabel(opening(words))
    return ColumnLabel(opening(pretty(name)) if not generated else opening(words[:_WORDS_AT_MOST]))


def _with_adjective(words: str, speaker: Speaker) -> str:
    """ "number of listings" where only sold ones are read: "number of sold listings"."""
    entity = row_entity(speaker)
    where = speaker.scope.select.args.get("where")
    if entity is None or where is None or words != f"number of {speaker.plural(entity.table)}":
        return words
    named = [
        n.word for n in find_named(conjuncts(where.this), speaker.scope, speaker.labels) if n.alias == entity.alias
    ]
    return f"number of {named[0]} {speaker.plural(entity.table)}" if len(named) == 1 else words


def _role(kind: pa.DataType, node: exp.Expr, grain: Grain | None) -> Role:
    if grain is not None:
        return "time" if grain.is_bucket else "category"
    if isinstance(node, exp.Column):
        name = node.name.lower()
        if name == "id" or name.endswith("_id"):
            return "id"
        if pa.types.is_temporal(kind) or (pa.types.is_string(kind) and name.endswith("_at")):
            return "text"
    if is_number(kind):
        return "measure"
    return "category" if pa.types.is_string(kind) or pa.types.is_boolean(kind) else "text"


def _with_format(label: ColumnLabel, role: Role, node: exp.Expr, kind: pa.DataType, speaker: Speaker) -> ColumnLabel:
    """IDs and years without separators; a sum, average or extreme of money is money; a share is a percentage."""
    if role in ("id", "time") or (role == "category" and is_number(kind)):
        return replace(label, format="plain", unit="")
    if label.unit or label.format in ("money", "percent"):
        return label
    if role == "measure" and (unit := unit_of(node)):
        return replace(label, unit=unit)
    if role == "measure" and (factor := share_factor(node)):
        return replace(label, format="percent") if factor == 1 else replace(label, unit="%")
    known = unit_label(node, speaker.scope, speaker)
    if known is None or not (known.unit or known.format in ("money", "percent", "date")):
        return label
    return replace(label, format=known.format, unit=known.unit)


def share_factor(node: exp.Expr) -> int:
    """1 for a part divided by its whole, 100 for the same in percent, 0 for anything else.

    A part is a conditional count over a plain count, or a conditional sum over the sum of the same expression.
    """
    factor = 1
    top: list[exp.Expr] = []
    bottom: list[exp.Expr] = []
    pending = [(node, True)]
    while pending:
        each, is_top = pending.pop()
        while isinstance(each, (*_ROUNDING, exp.Nullif)):
            each = each.this
        if isinstance(each, exp.Mul) and is_top:
            pending += [(each.this, True), (each.expression, True)]
        elif isinstance(each, exp.Div | exp.SafeDivide) and is_top:
            pending += [(each.this, True), (each.expression, False)]
        elif isinstance(each, exp.Literal) and each.name in ("100", "100.0") and is_top:
            factor *= 100
        elif not (isinstance(each, exp.Literal) and each.name in ("1", "1.0")):
            (top if is_top else bottom).append(each)
    if len(top) != 1 or len(bottom) > 1 or factor > 100:
        return 0
    return factor if _is_part(top[0], bottom[0] if bottom else None) else 0


def _is_part(part: exp.Expr, whole: exp.Expr | None) -> bool:
    if isinstance(whole, exp.Window) and isinstance(part, exp.Sum | exp.Count):
        return _is_total(part, whole)
    if not isinstance(part, exp.Sum | exp.Count | exp.Avg) or isinstance(part.this, exp.Star | None):
        return False
    value, condition = counting(part.this)
    is_one = value.name in ("1", "1.0")
    if condition is None:
        return False
    if isinstance(part, exp.Avg):
        return whole is None and is_one
    if isinstance(whole, exp.Count):
        return isinstance(whole.this, exp.Star) and (is_one or isinstance(part, exp.Count))
    return isinstance(part, exp.Sum) and isinstance(whole, exp.Sum) and whole.this == value


def _is_total(part: exp.Expr, whole: exp.Window) -> bool:
    """SUM(x) beside SUM(SUM(x)) OVER (): each group's part of all groups."""
    total = whole.this
    return (
        isinstance(total, exp.Sum)
        and total.this == part
        and set(k for k, v in whole.args.items() if v) <= {"this", "over"}
    )


def _adds_up(node: exp.Expr) -> bool:
    """Sums and plain counts do; distinct counts, averages, ratios and extremes do not."""
    while isinstance(node, _ROUNDING):
        node = node.this
    if isinstance(node, exp.Filter):
        node = node.this
    if isinstance(node, exp.Count):
        return not isinstance(node.this, exp.Distinct)
    return isinstance(node, exp.Sum | exp.CountIf) and not isinstance(node.this, exp.Distinct)
