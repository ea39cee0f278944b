"""What a search found: each with what it is, where the word stood, and the way to it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from streamlit_app import widgets
from streamlit_app.data.entries import Definition, of_field, of_filter, of_metric, of_reading, show_definitions
from streamlit_app.data.names import dataset_label
from streamlit_app.data.search import Found, Hit
from streamlit_app.data.seen import Seen
from streamlit_app.data.views import Ask, open_table, show_examples
from streamlit_app.safe import as_markdown
from streamlit_app.words import say, say_count

# Whoever has to read more than these types another word.
MAX_HITS = 30


def show_found(found: Found, seen: Seen, typed: str, ask: Ask | None) -> None:
    if not found.hits:
        widgets.notice(say("data.found_nothing", word=typed), more=say("data.found_nothing_hint"))
        return
    told = say_count("data.found", len(found.hits))
    widgets.small(f"{say('data.read_as', word=found.read_as)} {told}" if found.read_as else told)
    questions = [hit.entry.name for hit in found.hits if hit.entry.kind == "example"]
    others = [hit for hit in found.hits if hit.entry.kind != "example"]
    for place, hit in enumerate(others[:MAX_HITS]):
        _show(hit, seen, place)
    if len(others) > MAX_HITS:
        widgets.small(say_count("data.found_more", len(others) - MAX_HITS))
    if questions:
        widgets.label(say("data.examples"))
        show_examples(questions, ask)


def _show(hit: Hit, seen: Seen, place: int) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="top", key=f"data-hit-{place}"):
        with st.container():
            show_definitions([_definition(hit, seen)])
        if hit.entry.kind in ("table", "field"):
            table = dataset_label(seen.by_name[hit.entry.dataset])
            st.button(
                say("data.open"),
                key=f"data-hit-open-{place}",
                help=as_markdown(say("data.open_table", table=table)),
                on_click=open_table,
                args=(seen, hit.entry.dataset),
                type="tertiary",
            )


def _definition(hit: Hit, seen: Seen) -> Definition:
    entry = hit.entry
    found = _of_model(hit, seen)
    of = say("data.of_table", table=dataset_label(seen.by_name[entry.dataset])) if entry.kind == "field" else ""
    aside = " · ".join(part for part in (say(f"data.kind.{entry.kind}"), of, found.aside) if part)
    if hit.where in ("synonym", "value"):
        why = say(f"data.found_in.{hit.where}", text=hit.text)
        return replace(found, aside=aside, notes=(why, *found.notes))
    return replace(found, aside=aside)


def _of_model(hit: Hit, seen: Seen) -> Definition:
    entry = hit.entry
    dataset = seen.by_name.get(entry.dataset)
    if entry.kind == "measure":
        return of_metric(seen.model.metric_by_name[entry.name], seen)
    if dataset is None:
        return of_reading(entry.label, seen.model.readings[entry.name])
    if entry.kind == "term":
        return of_filter(next(each for each in dataset.filters if each.name == entry.name), dataset)
    if entry.kind == "field":
        return of_field(dataset.field(entry.name), dataset, seen)
    return Definition(entry.label, meaning=dataset.description)
