"""Looks at an installation and says, part by part, whether it will work and what to do if not. Changes nothing."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

from nl2sql.crash import redact
from nl2sql.errors import Nl2SqlError
from nl2sql.settings import Settings, load_settings, without_verified

if TYPE_CHECKING:
    from nl2sql.catalog.model import Dataset
    from nl2sql.pipeline import Pipeline

APP_PORT = 8501
DATABASE_ADVICE = "The setting database names the database."
# A month of silence is more than any weekend or holiday explains: "last month" would then be empty or half empty.
STALE_AFTER = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Check:
    """`about` is one word; `advice` says what to do, and is empty when there is nothing to do."""

    about: str
    state: Literal["ok", "warn", "fail"]
    text: str
    advice: str = ""


def examine(environ: Mapping[str, str] | None = None) -> Iterator[Check]:
    """Each part by itself; parts that need a broken one are left out."""
    yield _versions()
    try:
        settings = load_settings(environ)
    except Nl2SqlError as error:
        yield _failed("settings", error)
        return
    yield Check("settings", "ok", f"read; relative paths start at {settings.base}")
    yield _key(settings)
    yield _prompts(settings)
    yield _cache(settings)
    yield _ledger(settings)
    yield _port(os.environ.get("NL2SQL_PORT", ""))
    yield from _model_and_database(settings)


def _failed(about: str, error: Nl2SqlError, advice: str = "") -> Check:
    return Check(about, "fail", error.user_message, error.hint or advice)


def _versions() -> Check:
    names = ("nl2sql", "sqlglot", "sqlalchemy", "pyarrow", "streamlit")
    found = ", ".join(f"{name} {_version(name)}" for name in names)
    return Check("versions", "ok", f"Python {sys.version.split()[0]}, {found}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _key(settings: Settings) -> Check:
    if settings.openai_api_key:
        where = redact(settings.openai_base_url) or "the provider's own address"
        use = f"used with {settings.openai_model}" if settings.asks_llm else "not used (writers does not name llm)"
        return Check("key", "ok", f"OPENAI_API_KEY is set, {use}, at {where}")
    return Check(
        "key",
        "ok",
        "OPENAI_API_KEY is not set: the offline writer answers",
        "Set it to let a language model write SQL.",
    )


def _prompts(settings: Settings) -> Check:
    folder = settings.path(settings.prompts)
    files = sorted(folder.rglob("*.md")) if folder.is_dir() else []
    if files:
        return Check("prompts", "ok", f"{len(files)} in {folder}")
    state: Literal["warn", "fail"] = "fail" if settings.asks_llm else "warn"
    return Check("prompts", state, f"no prompt template in {folder}", "Set the setting prompts to their folder.")


def _cache(settings: Settings) -> Check:
    if settings.cache == "off":
        return Check("cache", "ok", "off")
    if "://" in settings.cache:
        return _shared_cache(settings)
    folder = settings.path(settings.cache)
    existing = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    try:
        # Tried, because permissions do not tell of a read-only disk or of folders that the system makes up.
        os.rmdir(tempfile.mkdtemp(dir=existing))
    except OSError:
        advice = "Set the setting cache to a folder of yours, or off."
        return Check("cache", "fail", f"{folder} cannot be written", advice)
    return Check("cache", "ok", f"{folder} can be written")


def _shared_cache(settings: Settings) -> Check:
    from nl2sql.bootstrap import open_answer_cache

    try:
        cache = open_answer_cache(settings)
    except Nl2SqlError as error:
        return _failed("cache", error)
    try:
        stats = cache.stats()
    finally:
        cache.close()
    if stats.trouble:
        advice = "Answers come without a cache until it works."
        return Check("cache", "warn", stats.trouble, advice)
    return Check("cache", "ok", f"{stats.place} answers")


def _ledger(settings: Settings) -> Check:
    if settings.ledger == "off":
        return Check("ledger", "ok", "off: no question is written down")
    from nl2sql.bootstrap import examine_ledger

    trouble = examine_ledger(settings)
    if trouble:
        return Check("ledger", "warn", trouble, "Questions are answered all the same, and not written down.")
    return Check("ledger", "ok", f"can be written; kept for {settings.ledger_days} days")


def _port(chosen: str) -> Check:
    port = int(chosen) if chosen.isascii() and chosen.isdigit() and int(chosen) < 65_536 else APP_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Check("port", "warn", f"{port} is in use", "Is the app running already? If not, set NL2SQL_PORT.")
    return Check("port", "ok", f"{port} is free for the app")


def _model_and_database(settings: Settings) -> Iterator[Check]:
    from nl2sql.bootstrap import build_pipeline, policy_reader, verified_queries
    from nl2sql.catalog.load import load_model
    from nl2sql.guard.policy import hidden_columns

    try:
        model = load_model(settings.path(settings.model))
    except Nl2SqlError as error:
        yield _failed("model", error, "Set the setting model to a semantic model file.")
        return
    yield Check("model", "ok", f"{model.name}: {len(model.datasets)} datasets, {len(model.metrics)} metrics")
    try:
        policy = policy_reader(settings, model)(settings.role)
        limits = policy.limits
    except Nl2SqlError as error:
        yield _failed("policy", error, "Set the setting policy to a policy file, or to none.")
        settings = replace(settings, policy="none")  # what is sensitive stays hidden; the rest can still be examined
    else:
        hidden, bounds = hidden_columns(model, policy), f"at most {limits.rows:,} rows and {limits.seconds:g} s"
        yield Check("policy", "ok", f"role {policy.role}: {len(hidden)} hidden columns, {bounds}")
    try:
        verified = verified_queries(settings, model).queries
    except Nl2SqlError as error:
        yield _failed("verified", error, "Mend the file; “nl2sql verify run” tries all of them.")
        settings = replace(settings, writers=without_verified(settings.writers))
    else:
        if verified:
            yield Check("verified", "ok", f"{len(verified)} verified queries; “nl2sql verify run” tries them")
    try:
        alone = replace(settings, cache="off", ledger="off", metrics_port=0, traces="off", strict=False)
        pipeline = build_pipeline(alone)
    except Nl2SqlError as error:
        yield _failed({"prompt": "prompts", "llm": "provider"}.get(error.stage, "database"), error, DATABASE_ADVICE)
        return
    try:
        yield from _database(settings, pipeline)
    finally:
        pipeline.close()


def _database(settings: Settings, pipeline: Pipeline) -> Iterator[Check]:
    asking = settings.asking()
    datasets = pipeline.model_for(settings.role).datasets
    unreadable: list[str] = []
    newest: dict[str, date] = {}
    for dataset in datasets:
        answer = pipeline.run_sql(_newest_sql(dataset), asking, fresh=True)
        if answer.outcome != "answered" or answer.table is None:
            if answer.code in ("database_missing", "database_unreadable", "database_unreachable"):
                yield Check("database", "fail", answer.headline, answer.hint or DATABASE_ADVICE)
                return
            unreadable.append(f"{dataset.table} ({answer.headline})")
        elif (day := _day(answer.table.table.column(0)[0].as_py())) is not None:
            newest[dataset.table] = day
    if unreadable:
        advice = "Does the model fit this database, and may the account SELECT?"
        yield Check("database", "fail", f"cannot read {'; '.join(unreadable)}", advice)
    else:
        yield Check("database", "ok", f"{pipeline.engine.dialect}: all {len(datasets)} tables can be read")
    yield _account(settings, pipeline)
    yield _freshness(settings.today, newest)


def _newest_sql(dataset: Dataset) -> str:
    """The newest day where there is one that the role may see, else the number of rows."""
    times = [f for f in dataset.fields if f.name == dataset.time_field.rpartition(".")[2] and not f.sensitive]
    chosen = f"MAX({times[0].expression})" if times else "COUNT(*)"
    return f"SELECT {chosen} AS newest FROM {dataset.table}"  # noqa: S608 - names of the model, and the guard reads it


def _day(value: object) -> date | None:
    if not isinstance(value, date | str):  # a number of rows
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _freshness(today: date, newest: Mapping[str, date]) -> Check:
    past = {table: day for table, day in newest.items() if day <= today}
    if not past:
        return Check("data", "warn", f"no dated row up to {today}", "Seed the database, or change the setting as_of.")
    table, latest = max(past.items(), key=lambda item: item[1])
    text = f"newest row up to “today” ({today}) is of {latest}, in {table}"
    if today - latest > STALE_AFTER:
        return Check("data", "warn", text, "“Last month” will find nothing: set as_of to the day the data ends.")
    return Check("data", "ok", text)


def _account(settings: Settings, pipeline: Pipeline) -> Check:
    """What the account could do if the guard were not there: the second wall."""
    from nl2sql.accounts.base import some_of
    from nl2sql.accounts.examine import examine_account
    from nl2sql.accounts.views import columns_to_hide
    from nl2sql.bootstrap import policy_reader

    bad: Literal["warn", "fail"] = "fail" if settings.strict else "warn"
    hidden = columns_to_hide(pipeline.model, policy_reader(settings, pipeline.model)(settings.role))
    try:
        findings = examine_account(settings.database_url, pipeline.engine, pipeline.model, hidden)
    except Nl2SqlError as error:
        return Check("account", bad, error.user_message, "Use an account that may SELECT, and nothing else.")
    dangers = [each.text for each in findings if each.severity == "danger"]
    if dangers:
        return Check("account", bad, some_of(dangers), "“nl2sql guard doctor” shows the SQL that takes it away.")
    in_order = "; ".join(each.text for each in findings if each.severity == "ok")
    tighter = any(each.severity == "warn" for each in findings)
    return Check("account", "ok", in_order, "“nl2sql guard doctor” shows what could be tighter." if tighter else "")
