"""The semantic model, its policy and verified queries, and the database as the configured role sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from nl2sql.doctor.base import Check, State, failed
from nl2sql.errors import Nl2SqlError
from nl2sql.settings import Settings, without_verified

if TYPE_CHECKING:
    from nl2sql.catalog.model import Dataset
    from nl2sql.pipeline import Pipeline

DATABASE_ADVICE = "The setting database names the database."
# A month of silence is more than any weekend or holiday explains: "last month" would then be empty or half empty.
STALE_AFTER = timedelta(days=31)
# What is meant when a pipeline cannot be built, by the stage of the error; else the database.
_ABOUT = {"prompt": "prompts", "llm": "provider", "settings": "settings"}


def examine_model_and_database(settings: Settings) -> Iterator[Check]:
    from nl2sql.bootstrap import build_pipeline, policy_reader, verified_queries
    from nl2sql.catalog.load import load_model
    from nl2sql.guard.policy import hidden_columns

    try:
        model = load_model(settings.path(settings.model))
    except Nl2SqlError as error:
        yield failed("model", error, "Set the setting model to a semantic model file.")
        return
    yield Check("model", "ok", f"{model.name}: {len(model.datasets)} datasets, {len(model.metrics)} metrics")
    try:
        policy = policy_reader(settings, model)(settings.role)
        limits = policy.limits
    except Nl2SqlError as error:
        yield failed("policy", error, "Set the setting policy to a policy file, or to none.")
        settings = replace(settings, policy="none")  # what is sensitive stays hidden; the rest can still be examined
    else:
        hidden, bounds = hidden_columns(model, policy), f"at most {limits.rows:,} rows and {limits.seconds:g} s"
        yield Check("policy", "ok", f"role {policy.role}: {len(hidden)} hidden columns, {bounds}")
    try:
        verified = verified_queries(settings, model).queries
    except Nl2SqlError as error:
        yield failed("verified", error, "Mend the file; “nl2sql verify run” tries all of them.")
        settings = replace(settings, writers=without_verified(settings.writers))
    else:
        if verified:
            yield Check("verified", "ok", f"{len(verified)} verified queries; “nl2sql verify run” tries them")
    try:
        alone = replace(settings, cache="off", ledger="off", metrics_port=0, traces="off", strict=False)
        pipeline = build_pipeline(alone)
    except Nl2SqlError as error:
        yield failed(_ABOUT.get(error.stage, "database"), error, DATABASE_ADVICE)
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

    bad: State = "fail" if settings.strict else "warn"
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
