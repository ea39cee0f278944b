"""What's in the data: the semantic model in plain words, so that a person knows what may be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import streamlit as st

from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter, SemanticModel
from streamlit_app import widgets
from streamlit_app.asking.state import request
from streamlit_app.safe import as_markdown
from streamlit_app.services import NotReady, start
from streamlit_app.widgets import Term

KINDS = {
    "String": "text",
    "Integer": "whole number",
    "Decimal": "number",
    "Float": "number",
    "Boolean": "yes or no",
    "Date": "day",
    "Time": "time of day",
    "DateTime": "date and time",
    "DateTimeTz": "date and time",
}
# Longer vocabularies (countries) are named by their first members.
MAX_VALUES = 12

MAX_SYNONYMS = 4


def page() -> None:
    ready = start()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
        return
    model = ready.pipeline.model_for(ready.principal.role)
    widgets.heading(
        "What’s in the data", _one_line(model.description) or "What can be asked about, and how it is read."
    )
    wanted = st.text_input("Find a word", placeholder="Find a word", label_visibility="collapsed", key="find")
    word = (wanted or "").strip().casefold()
    measures, words, tables, examples = st.tabs(["Measures", "Business terms", "Tables", "Example questions"])
    with measures:
        _terms(_matching(word, (_measure(each) for each in model.metrics)), "measure")
    with words:
        _terms(_matching(word, _business_terms(model)), "term")
    with tables:
        _tables(model, word)
    with examples:
        _examples(model, word)


def _terms(items: list[Term], kind: str) -> None:
    if items:
        widgets.terms(items)
    else:
        widgets.small(f"No {kind} has that word.")


def _matching(word: str, items: Iterable[Term]) -> list[Term]:
    return [item for item in items if word in " ".join(item).casefold()]


def _measure(metric: Metric) -> Term:
    unit = {"money": f"in {metric.unit}" if metric.unit else "money", "percent": "in percent"}.get(
        metric.format, f"in {metric.unit}" if metric.unit else ""
    )
    return Term(_title(metric.label or metric.name), unit, metric.description, *_also(metric.label, metric.synonyms))


def _business_terms(model: SemanticModel) -> Iterator[Term]:
    for term, reading in model.readings.items():
        yield Term(_title(term), meaning=reading)
    for dataset in model.datasets:
        for each in dataset.filters:
            if each.description:
                yield _named_filter(each, dataset)


def _named_filter(each: NamedFilter, dataset: Dataset) -> Term:
    return Term(_title(each.name), f"of {_name(dataset).lower()}", each.description, *_also(each.name, each.synonyms))


def _tables(model: SemanticModel, word: str) -> None:
    shown = 0
    for dataset in model.datasets:
        fields = [_field(each) for each in dataset.fields if not each.sensitive]
        about = " ".join((_name(dataset), dataset.description, *dataset.synonyms)).casefold()
        found = fields if word in about else _matching(word, fields)
        if not found:
            continue
        shown += 1
        with st.expander(as_markdown(_name(dataset)), expanded=bool(word)):
            if dataset.description:
                widgets.small(dataset.description)
            widgets.terms(found)
            private = [each for each in dataset.fields if each.sensitive]
            if private and not word:
                names = ", ".join(_label(each).lower() for each in private)
                widgets.small(f"Private, and answered to nobody without permission: {names}.")
    if not shown:
        widgets.small("No table has that word.")


def _field(each: Field) -> Term:
    kind = KINDS.get(each.datatype.value, "")
    aside = " · ".join(part for part in (kind, each.unit) if part)
    also, words = _also(_label(each), each.synonyms)
    return Term(_title(_label(each)), aside, each.description, _values(each) or also, words)


def _values(each: Field) -> str:
    words = [v.synonyms[0] if v.synonyms else v.value for v in each.values]
    if not words:
        return ""
    more = f" and {len(words) - MAX_VALUES} more" if len(words) > MAX_VALUES else ""
    return f"One of: {', '.join(words[:MAX_VALUES])}{more}"


def _examples(model: SemanticModel, word: str) -> None:
    found = [text for text in model.examples if word in text.casefold()]
    if not found:
        widgets.small("No example has that word.")
    with st.container(key="choices-data", gap="xsmall"):
        for index, text in enumerate(found):
            if st.button(as_markdown(text), key=f"data-example-{index}", width="stretch"):
                request(text)
                st.switch_page("app_pages/ask.py")


def _also(label: str, synonyms: tuple[str, ...]) -> tuple[str, str]:
    """What is shown of the other names, and all of them."""
    others = [each for each in synonyms if each.casefold() != label.casefold()]
    return (f"Also called: {', '.join(others[:MAX_SYNONYMS])}" if others else ""), " ".join(others)


def _label(each: Field) -> str:
    return each.label or each.name.replace("_", " ")


def _name(dataset: Dataset) -> str:
    return _title(dataset.label or dataset.name.replace("_", " "))


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_line(text: str) -> str:
    return " ".join(text.split())


page()
