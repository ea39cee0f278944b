"""The sections of the page. Each takes what it shows; who may see it is decided by the page."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.policy import Limits, Policy
from nl2sql.price_tag import spoken_bytes
from nl2sql.settings import Settings
from streamlit_app.about.address import WITHHELD, Place, place_of
from streamlit_app.about.privacy import Sentence, endpoint
from streamlit_app.safe import as_html
from streamlit_app.words import say, say_count

Line = tuple[str, str]

_ENGINES = {
    "sqlite": "SQLite",
    "duckdb": "DuckDB",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgresql": "PostgreSQL",
    "bigquery": "BigQuery",
}
# The format of semantic models that `nl2sql.catalog.load` reads.
MODEL_FORMAT = "Apache Ossie 0.2"
_PACKAGES = ("nl2sql", "streamlit", "sqlglot", "sqlalchemy", "pyarrow", "plotly")
_KEYS = ("enter", "slash", "arrows", "tab", "escape")


def section(title: str) -> None:
    st.header(title, anchor=False)


def show_lines(lines: Iterable[Line]) -> None:
    rows = "".join(f"<dt>{as_html(name)}</dt><dd>{as_html(value)}</dd>" for name, value in lines)
    st.html(f'<dl class="about-lines">{rows}</dl>')


def show_sentences(texts: Iterable[str]) -> None:
    st.html(f'<ul class="about-list">{"".join(f"<li>{as_html(text)}</li>" for text in texts)}</ul>')


def show_privacy(sentences: Sequence[Sentence]) -> None:
    """What goes out first, under its own heading, and then what stays."""
    for leaves, key in ((True, "about.goes_out"), (False, "about.stays")):
        texts = [each.text for each in sentences if each.leaves is leaves]
        st.html(f'<p class="about-sub">{as_html(say(key))}</p>')
        show_sentences(texts or [say("about.nothing_leaves")])


def connection(settings: Settings, dialect: str) -> Iterator[Line]:
    place = place_of(settings.database_url) or Place("")
    yield say("about.engine"), _ENGINES.get(dialect, _ENGINES.get(place.kind, dialect or place.kind))
    if place.host == WITHHELD:
        yield say("about.host"), say("about.withheld")
    elif place.host:
        yield say("about.host"), place.shown_host
    if place.database:
        yield say("about.file" if place.kind in ("sqlite", "duckdb") else "about.database"), place.database
    yield say("about.today"), settings.today.isoformat()


def limits(policy: Policy) -> Iterator[Line]:
    most: Limits = policy.limits
    yield say("about.limit_rows"), f"{most.rows:,}"
    yield say("about.limit_minute"), f"{most.rows_per_minute:,}"
    yield say("about.limit_seconds"), say("about.seconds", seconds=f"{most.seconds:g}")
    yield say("about.limit_bytes"), spoken_bytes(most.result_bytes)
    for cost, key in ((most.ask_above, "about.asks_above"), (most.refuse_above, "about.refuses_above")):
        parts = [f"{cost.rows:,} {say('about.rows_read')}"] if cost.rows else []
        parts += [spoken_bytes(cost.bytes)] if cost.bytes else []
        parts += [f"{cost.price:f}"] if cost.price else []
        if parts:
            yield say(key), " · ".join(parts)


def model_lines(model: SemanticModel) -> Iterator[Line]:
    yield say("about.model_name"), model.name
    yield say("about.fingerprint"), model.fingerprint[:16] or "–"
    yield (
        say("about.holds"),
        say(
            "about.holds_counts",
            tables=len(model.datasets),
            measures=len(model.metrics),
            links=len(model.relationships),
        ),
    )


def language_model(settings: Settings) -> Iterator[Line]:
    yield say("about.writers"), " → ".join(_writers(settings))
    if not settings.asks_llm:
        return
    yield say("about.llm"), settings.openai_model
    if settings.replayed:
        yield say("about.endpoint"), say("about.recording")
    else:
        host = endpoint(settings.openai_base_url).shown_host
        yield say("about.endpoint"), say("about.withheld") if host == WITHHELD else host
    yield say("about.prompt"), settings.prompt
    bounds = [say_count("about.tokens_a_day", settings.budget_tokens)] if settings.budget_tokens else []
    bounds += [say_count("about.tokens_each", settings.budget_user_tokens)] if settings.budget_user_tokens else []
    bounds += [say("about.money_a_day", money=f"{settings.budget_money:g}")] if settings.budget_money else []
    bounds += [say("about.money_each", money=f"{settings.budget_user_money:g}")] if settings.budget_user_money else []
    yield say("about.budget"), " · ".join(bounds) or say("about.no_budget")


def _writers(settings: Settings) -> Iterator[str]:
    for name in settings.writer_order:
        if name != "llm" or settings.asks_llm:
            yield say(f"about.writer.{name}")


def versions() -> Iterator[Line]:
    for name in _PACKAGES:
        yield name, _version(name)
    yield "Python", platform.python_version()
    yield say("about.model_format"), MODEL_FORMAT


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def keys() -> Iterator[Line]:
    for name in _KEYS:
        yield say(f"about.key.{name}.name"), say(f"about.key.{name}.does")
