"""What leaves the house, in plain sentences that follow from the settings alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nl2sql.errors import SettingsInvalid
from nl2sql.llm.openai_address import DEFAULT_BASE_URL, read_address
from nl2sql.settings import Settings
from streamlit_app.about.address import WITHHELD, Place, place_of
from streamlit_app.words import say, say_count


@dataclass(frozen=True, slots=True)
class Sentence:
    """`leaves`: something goes to another machine."""

    text: str
    leaves: bool = False


def what_leaves(
    settings: Settings, *, hosts: bool, environ: Mapping[str, str] | None = None, statistics: bool = False
) -> list[Sentence]:
    """`hosts`: whether the reader may know where the house's own databases are. `statistics`: whether the server was
    told to report its use to those who made its framework."""
    found = [*_language_model(settings), *_embeddings(settings), *_database(settings, hosts), *_kept(settings, hosts)]
    found += _observed(settings, os.environ if environ is None else environ)
    if settings.sign_in != "local":
        found.append(Sentence(say(f"about.leaves.{settings.sign_in}"), True))
    if statistics:
        found.append(Sentence(say("about.leaves.statistics"), True))
    return found


def endpoint(base_url: str) -> Place:
    """Where a model is asked."""
    try:
        address = read_address(base_url or DEFAULT_BASE_URL)
    except SettingsInvalid:
        return Place("https", host=WITHHELD)
    host = f"[{address.host}]" if ":" in address.host else address.host
    return Place("https", host, address.port if address.port not in (80, 443) else None)


def _language_model(settings: Settings) -> Iterator[Sentence]:
    if not settings.asks_llm:
        yield Sentence(say("about.leaves.no_model"))
        return
    if settings.replayed:
        yield Sentence(say("about.leaves.recorded"))
        return
    place = endpoint(settings.openai_base_url)
    if place.is_here:
        yield Sentence(say("about.leaves.model_here", model=settings.openai_model))
    else:
        yield Sentence(say(_which_questions(settings), model=settings.openai_model, host=place.shown_host), True)
        yield Sentence(say("about.leaves.sent"), True)
    yield Sentence(
        say(f"about.leaves.values_{settings.values_to_llm}"), settings.values_to_llm != "none" and not place.is_here
    )
    yield Sentence(say("about.leaves.no_rows"))
    if settings.llm_record:
        yield Sentence(say("about.leaves.replies_kept"))


def _which_questions(settings: Settings) -> str:
    before = settings.writer_order[: settings.writer_order.index("llm")]
    return "about.leaves.some_questions" if before else "about.leaves.all_questions"


def _embeddings(settings: Settings) -> Iterator[Sentence]:
    if settings.embeddings == "off" or not settings.asks_llm:
        return
    place = endpoint(settings.embeddings_base_url or settings.openai_base_url)
    if place.is_here:
        yield Sentence(say("about.leaves.embeddings_here", model=settings.embeddings))
    else:
        yield Sentence(say("about.leaves.embeddings", model=settings.embeddings, host=place.shown_host), True)


def _database(settings: Settings, hosts: bool) -> Iterator[Sentence]:
    yield _at(place_of(settings.database_url), "database", hosts)


def _kept(settings: Settings, hosts: bool) -> Iterator[Sentence]:
    if settings.cache == "off":
        yield Sentence(say("about.leaves.cache_off"))
    else:
        yield _at(place_of(settings.cache) if "://" in settings.cache else Place("file"), "cache", hosts)
    if settings.ledger == "off":
        yield Sentence(say("about.leaves.ledger_off"))
    else:
        ledger = _at(place_of(settings.ledger_url), "ledger", hosts)
        yield ledger
        held = say_count(f"about.leaves.ledger_{settings.ledger_redact}", settings.ledger_days)
        yield Sentence(held, ledger.leaves)
    if settings.app_database == "off":
        yield Sentence(say("about.leaves.app_off"))
    else:
        yield _at(place_of(settings.app_database_url), "app", hosts)


def _at(place: Place | None, what: str, hosts: bool) -> Sentence:
    """Where the house keeps something of its own: on this machine, or on another one."""
    if place is not None and place.is_here:
        return Sentence(say(f"about.leaves.{what}_here"))
    if place is None or not hosts or place.host == WITHHELD:
        return Sentence(say(f"about.leaves.{what}_elsewhere"), True)
    return Sentence(say(f"about.leaves.{what}_at", host=place.shown_host), True)


def _observed(settings: Settings, environ: Mapping[str, str]) -> Iterator[Sentence]:
    if settings.traces == "off":
        yield Sentence(say("about.leaves.no_traces"))
        return
    told = environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or ""
    place = place_of(told) or Place("http")
    yield Sentence(say("about.leaves.traces_here" if place.is_here else "about.leaves.traces"), not place.is_here)
