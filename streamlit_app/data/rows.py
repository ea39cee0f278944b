"""A few rows of a table, how many there are and how new they are: asked when somebody wants to know, through the
pipeline, under that person's own policy. What was asked stands in the ledger like any question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import streamlit as st
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.answer.base import Answer
from nl2sql.catalog.dialects import column_of, parsed
from nl2sql.catalog.model import Dataset, Field
from nl2sql.freshness import spoken_moment
from nl2sql.guard.dialects import grammar_name
from streamlit_app import services, widgets
from streamlit_app.data.catalog import catalog_for
from streamlit_app.data.names import field_label
from streamlit_app.data.seen import Seen
from streamlit_app.safe import as_html, shorten
from streamlit_app.services import NotReady, Ready, shielded
from streamlit_app.signing_in.person import Person
from streamlit_app.words import language, say, say_count

SAMPLE_ROWS = 5
# Wider tables are read field by field, above.
MAX_COLUMNS = 30
_CELL_CHARS = 60
_KEY = "data-asked"
Kind = Literal["sample", "count"]
_ICONS: Mapping[Kind, str] = {"sample": ":material/table_rows:", "count": ":material/schedule:"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of it. `problem` says why there is nothing; `rows` are texts, one a field."""

    problem: str = ""
    hint: str = ""
    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    count: int | None = None
    as_of: datetime | None = None


def may_sample(person: Person) -> bool:
    return {"data", "sql"} <= person.may


def may_count(person: Person) -> bool:
    return {"data", "ask"} <= person.may


def sampled_fields(seen: Seen, dataset: Dataset) -> list[Field]:
    """Columns that are shown, as they are or masked; what is only for totals, or computed, has no rows to show."""
    return [
        each
        for each in seen.fields(dataset)
        if seen.access[dataset.name, each.name] in ("open", "masked") and column_of(each.expression or each.name)
    ][:MAX_COLUMNS]


def sample_sql(dataset: Dataset, fields: Sequence[Field], dialect: str) -> str:
    chosen = [exp.alias_(_column(each), each.name, quoted=True) for each in fields]
    return _from(exp.select(*chosen), dataset).limit(SAMPLE_ROWS).sql(grammar_name(dialect))


def _column(field: Field) -> exp.Expr:
    """As the model writes it; a name in lower case in quotes, which changes nothing but for one that is a keyword."""
    column = parsed(field.expression or field.name)
    if isinstance(column, exp.Column) and column.name == column.name.lower():
        column.this.set("quoted", True)
    return column


def count_sql(dataset: Dataset, dialect: str) -> str:
    return _from(exp.select(exp.alias_(exp.Count(this=exp.Star()), "row_count")), dataset).sql(grammar_name(dialect))


def _from(query: exp.Select, dataset: Dataset) -> exp.Select:
    table = exp.to_identifier(dataset.table, quoted=not dataset.table.isidentifier())
    named = exp.alias_(exp.Table(this=table), dataset.name, table=True)
    query = query.from_(named)
    return query.where(parsed(dataset.rows)) if dataset.rows else query


@st.fragment
def show_rows(name: str) -> None:
    """Buttons that ask about the dataset of that name, and what came of it. A fragment: asking draws this part again
    and nothing else. So it looks anew who is asking: they may have been signed out since the page was drawn."""
    with shielded(widgets.problem):
        ready = services.start()
        if isinstance(ready, NotReady):
            widgets.notice(ready.sentence, more=ready.remedy, warning=True)
            return
        seen = catalog_for(ready).seen
        dataset = seen.by_name.get(name)
        if dataset is not None:
            _show_rows(ready, dataset, sampled_fields(seen, dataset))


def _show_rows(ready: Ready, dataset: Dataset, fields: Sequence[Field]) -> None:
    with st.container(horizontal=True, gap="small"):
        if may_sample(ready.person) and fields:
            _button("sample", say("data.show_rows", count=SAMPLE_ROWS), ready, dataset, fields)
        if may_count(ready.person):
            _button("count", say("data.how_many"), ready, dataset, fields)
    counted, sampled = _known(ready, "count", dataset), _known(ready, "sample", dataset)
    if counted is not None and may_count(ready.person):
        _show_count(counted)
    if sampled is not None and may_sample(ready.person):
        _show_sample(sampled, [field_label(each) for each in fields])


def _button(kind: Kind, label: str, ready: Ready, dataset: Dataset, fields: Sequence[Field]) -> None:
    if not st.button(label, key=f"data-{kind}-{dataset.name}", type="tertiary", icon=_ICONS[kind]):
        return
    with st.spinner(say("data.asking")):
        found = _ask(kind, ready, dataset, fields)
    _memory()[_place(ready, kind, dataset)] = found


def _ask(kind: Kind, ready: Ready, dataset: Dataset, fields: Sequence[Field]) -> Asked:
    pipeline = ready.pipeline
    dialect = pipeline.engine.dialect
    try:
        sql = sample_sql(dataset, fields, dialect) if kind == "sample" else count_sql(dataset, dialect)
    except SqlglotError:
        return Asked(say("data.cannot_ask"))
    return _read(pipeline.run_sql(sql, ready.principal))


def _read(answer: Answer) -> Asked:
    if answer.outcome != "answered" or answer.table is None:
        return Asked(answer.headline, answer.hint)
    found = answer.table
    columns = [found.table.column(place).to_pylist() for place in range(found.table.num_columns)]
    rows = tuple(tuple(_cell(value) for value in row) for row in zip(*columns, strict=True))
    first = columns[0][0] if columns and columns[0] else None
    count = int(first) if isinstance(first, int | Decimal) and found.columns == ("row_count",) else None
    return Asked(names=found.columns, rows=rows, count=count, as_of=found.data_as_of)


def _memory() -> dict[tuple[object, ...], Asked]:
    found: dict[tuple[object, ...], Asked] = st.session_state.setdefault(_KEY, {})
    return found


def _place(ready: Ready, kind: Kind, dataset: Dataset) -> tuple[object, ...]:
    """What was asked for one person and role is never shown to another, nor by another policy."""
    policy = ready.pipeline.policy_for(ready.person.role)
    own = tuple(sorted(ready.person.attributes.items()))
    return (kind, dataset.name, ready.person.user, own, policy.fingerprint, ready.pipeline.model.fingerprint)


def _known(ready: Ready, kind: Kind, dataset: Dataset) -> Asked | None:
    return _memory().get(_place(ready, kind, dataset))


def _show_count(asked: Asked) -> None:
    if asked.problem:
        widgets.notice(asked.problem, more=asked.hint, warning=True)
        return
    parts = [say_count("data.rows", asked.count)] if asked.count is not None else []
    parts.append(say("data.as_of", moment=moment_words(asked.as_of)) if asked.as_of else say("data.as_of_unknown"))
    widgets.provenance(parts)


def moment_words(moment: datetime) -> str:
    if language() == "en":
        return spoken_moment(moment)
    is_day = moment == datetime.combine(moment, datetime.min.time())
    return f"{moment:%d.%m.%Y}" if is_day else f"{moment:%d.%m.%Y, %H:%M} UTC"


def _show_sample(asked: Asked, labels: Sequence[str]) -> None:
    if asked.problem:
        widgets.notice(asked.problem, more=asked.hint, warning=True)
    elif not asked.rows:
        widgets.small(say("data.no_rows"))
    else:
        names = labels if len(labels) == len(asked.names) else asked.names
        st.html(_table(names, asked.rows))


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{as_html(name)}</th>' for name in names)
    body = "".join("<tr>" + "".join(f"<td>{as_html(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    label = as_html(say("data.sample_rows"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="data-sample" role="region" tabindex="0" aria-label="{label}">{table}</div>'


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, date) else shorten(str(value), _CELL_CHARS)
