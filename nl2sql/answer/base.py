"""What a person gets: a headline, a chart, a table, the SQL, a receipt and findings; or an honest refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nl2sql.engines.base import Estimate, ResultTable
from nl2sql.llm.base import NO_USAGE, Usage
from nl2sql.question import Question
from nl2sql.writers.base import NO_ORIGIN, Origin

# answered: a table came back. explanation: an answer in words, about the data itself. clarification: several readings.
# declined: no writer could. refused: the guard said no.
# failed: the database or the model did not do its part.
Outcome = Literal["answered", "explanation", "clarification", "declined", "refused", "failed"]
ReceiptKind = Literal[
    "measure", "definition", "source", "policy", "join", "filter", "period", "group", "having", "order", "limit",
    "combine", "note",
]  # fmt: skip
ChartKind = Literal[
    "bar", "line", "area", "grouped_bar", "multi_line", "scatter", "number", "histogram", "box", "pie", "map"
]
# beside: groups of bars; percent: each stack is 100 %.
Stack = Literal["", "beside", "stacked", "percent"]
Sort = Literal["", "largest", "smallest", "label"]


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One fact about what was computed, in words, and the SQL fragment it was read from."""

    kind: ReceiptKind
    text: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Read off the checked tree: no model can invent it. Lines are in reading order."""

    lines: tuple[ReceiptLine, ...]


@dataclass(frozen=True, slots=True)
class ColumnLabel:
    """How a column or metric is shown. `unit`: "EUR" or "".

    `format`: number, money, percent; plain (an ID or a year: no separators); date or datetime (the column holds
    days, or moments: decides whether `<= '2025-12-31'` takes in the whole day). `additive`, for a column of a result:
    the values of its rows add up to a total that means something.
    """

    label: str
    format: str = "number"
    unit: str = ""
    description: str = ""
    additive: bool = False


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """A typed chart: columns by name, never code. `series` splits the marks by a second dimension.

    Only columns whose name is unique in the result are charted. `period` ends the title ("in 2025"). `y_labels`
    go with `y`.
    Of a scatter, `x` is a measure too (`x_format`, `x_unit`) and `names` the column that says what each point is; of a
    box, `x` is the group. `stack`, `log`, `sort` and `top` are as in ChartOptions.
    """

    kind: ChartKind
    x: str
    y: tuple[str, ...]
    series: str = ""
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    y_format: Literal["number", "money", "percent"] = "number"
    unit: str = ""
    grain: str = ""  # of a time on `x` or in `series`: year, quarter, month, week, day, hour
    period: str = ""
    y_labels: tuple[ColumnLabel, ...] = ()
    x_format: Literal["number", "money", "percent"] = "number"
    x_unit: str = ""
    names: str = ""
    stack: Stack = ""
    log: bool = False
    sort: Sort = ""
    top: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a careful analyst would add: the result is empty, cut, or its last period is not over."""

    code: str
    severity: Literal["info", "warning"]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The model's words, as plain data, so that this room needs no catalog. Made once; equal only to itself.

    `tables` by physical table, `columns` by "table.column", `metrics` by output name (all lower case).
    `values` by "table.column" gives the word shown for a stored value (DE → Germany), `filters` by canonical
    predicate SQL over "table.column" gives the business adjective ("sold"). `keys` by physical table are its unique
    column sets, the primary key first: only with them can a join be called to-one or to-many. `additive` holds the
    metrics whose group values add up to the total. `listed` are the columns of which `values` has every value.
    """

    tables: Mapping[str, ColumnLabel] = field(default_factory=dict)
    columns: Mapping[str, ColumnLabel] = field(default_factory=dict)
    metrics: Mapping[str, ColumnLabel] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    additive: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StageTime:
    """`remarks` are what happened on the way, in order: hand-overs from writer to writer, tries, waits."""

    stage: str
    ms: float
    note: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """`headline` is one sentence: the result, or the reason there is none. An explanation's has several lines.

    `choices` are whole questions to click: readings of a clarification, or nearest answerable questions.
    `sql` is the statement as people read it, `executed_sql` the same as the database was given it: with each table as a
    derived table of what the asker may see.
    `columns` says how each column of the table, in its order, is titled and its cells are shown.
    `code` is stable for scripts ("ok", "not_understood", "sensitive", "unknown_column", "query_timed_out" …).
    `id` names this one asking in the ledger, in logs and for `Pipeline.cancel`. `data_as_of` and `stored_at` are UTC
    without zone: up to when the data is there, and since when a cached result is kept.
    `plan` is the query plan that `sql` was compiled from, as JSON text; empty where there is none.
    `confidence` is how sure the writer is of its reading, from 0 to 1; None where it does not say.
    `standalone` is a follow-up as the whole question that was answered; "" where the question was one.
    `estimate` is what running was to cost, where that was asked for: with code "over_soft_limit" nothing ran yet.
    """

    question: Question
    outcome: Outcome
    headline: str
    code: str = "ok"
    origin: Origin = NO_ORIGIN
    interpretation: str = ""
    sql: str = ""
    executed_sql: str = ""
    table: ResultTable | None = None
    chart: ChartSpec | None = None
    receipt: Receipt | None = None
    columns: tuple[ColumnLabel, ...] = ()
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()
    hint: str = ""
    cached: bool = False
    id: str = ""
    data_as_of: datetime | None = None
    stored_at: datetime | None = None
    estimate: Estimate | None = None
    usage: Usage = NO_USAGE
    stages: tuple[StageTime, ...] = ()
    plan: str = ""
    confidence: float | None = None
    standalone: str = ""
