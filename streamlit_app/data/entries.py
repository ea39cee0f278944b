"""Measures, terms and fields as definition lists. Everything that the model says is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import streamlit as st

from nl2sql.answer.grammar import opening
from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter
from streamlit_app.data.names import dataset_label, field_label, metric_label
from streamlit_app.data.seen import Seen
from streamlit_app.safe import as_html
from streamlit_app.words import say

# Longer vocabularies (countries) are named by their first members.
MAX_VALUES = 12
MAX_SYNONYMS = 6


@dataclass(frozen=True, slots=True)
class Definition:
    """`aside` stands small beside the word; `notes` small below the meaning, `code` last."""

    word: str
    aside: str = ""
    meaning: str = ""
    notes: tuple[str, ...] = ()
    code: str = ""


def show_definitions(items: Iterable[Definition]) -> None:
    st.html(f'<dl class="ask-terms data-terms">{"".join(_row(each) for each in items)}</dl>')


def _row(each: Definition) -> str:
    aside = f"<small>{as_html(each.aside)}</small>" if each.aside else ""
    meaning = f"<dd>{as_html(each.meaning)}</dd>" if each.meaning else ""
    notes = "".join(f'<dd class="also">{as_html(note)}</dd>' for note in each.notes)
    code = f'<dd class="also"><code>{as_html(each.code)}</code></dd>' if each.code else ""
    return f"<div><dt>{as_html(each.word)}{aside}</dt>{meaning}{notes}{code}</div>"


def of_metric(metric: Metric, seen: Seen) -> Definition:
    unit = {"money": metric.unit or say("data.money"), "percent": say("data.percent")}.get(metric.format, metric.unit)
    notes = [_also(metric.label or metric.name, metric.synonyms), _dated(metric, seen)]
    return Definition(
        metric_label(metric),
        say("data.in_unit", unit=unit) if unit else "",
        " ".join(metric.description.split()),
        tuple(note for note in notes if note),
        " ".join(metric.expression.split()),
    )


def _dated(metric: Metric, seen: Seen) -> str:
    owner, _, name = metric.time_field.rpartition(".")
    dataset = seen.by_name.get(owner)
    field = next((each for each in seen.fields(dataset) if each.name == name), None) if dataset else None
    if dataset is None or field is None:
        return ""
    return say("data.dated_by", field=field_label(field), table=dataset_label(dataset))


def of_field(field: Field, dataset: Dataset, seen: Seen) -> Definition:
    access = seen.access[dataset.name, field.name]
    told = {"masked": say("data.masked"), "totals": say("data.totals")}.get(access, "")
    kind = say(f"data.type.{field.datatype.name.lower()}")
    notes = [_values(field), _also(field.label or field.name.replace("_", " "), field.synonyms)]
    return Definition(
        field_label(field),
        " · ".join(part for part in (kind, field.unit, told) if part),
        field.description,
        tuple(note for note in notes if note),
    )


def business_terms(seen: Seen) -> Iterator[Definition]:
    for term, reading in seen.model.readings.items():
        yield of_reading(term, reading)
    for dataset, each in seen.filters:
        if each.description:
            yield of_filter(each, dataset)


def of_reading(term: str, reading: str) -> Definition:
    return Definition(opening(term), meaning=reading)


def of_filter(each: NamedFilter, dataset: Dataset) -> Definition:
    also = _also(each.name, each.synonyms)
    aside = say("data.of_table", table=dataset_label(dataset))
    return Definition(opening(each.name), aside, each.description, (also,) if also else ())


def _values(field: Field) -> str:
    words = [each.synonyms[0] if each.synonyms else each.value for each in field.values]
    if not words:
        return ""
    shown = ", ".join(words[:MAX_VALUES])
    more = len(words) - MAX_VALUES
    return say("data.one_of_more", values=shown, more=more) if more > 0 else say("data.one_of", values=shown)


def _also(label: str, synonyms: tuple[str, ...]) -> str:
    others = [each for each in synonyms if each.casefold() != label.casefold()]
    return say("data.also_called", words=", ".join(others[:MAX_SYNONYMS])) if others else ""
