"""The `nl2sql model` commands: draft a semantic model from a database, check one, show what it says.

`init` reads the database's structure and a sample of its rows; `lint` needs a database only when it is named.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nl2sql.errors import SettingsInvalid
from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from nl2sql.catalog.draft.draft import Draft
    from nl2sql.catalog.facts import LiveDatabase
    from nl2sql.catalog.lint.base import Finding
    from nl2sql.catalog.model import Dataset, Metric, SemanticModel
    from nl2sql.settings import Settings
    from nl2sql.terminal import Page

model = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

MODEL_EXIT_CODES = """\b
Exit codes:
  0  done
  2  usage or settings: an argument, an address, a model, a file that is there already
  5  the database failed, or the output could not be written
"""
LINT_EXIT_CODES = """\b
Exit codes:
  0  no error; there may be warnings
  1  there are errors, or with --strict warnings
  2  usage or settings: an argument, an address, a file that is not there or no YAML
  5  the database failed, or the output could not be written
"""

Url = Annotated[str, typer.Option(metavar="URL", help="SQLAlchemy URL of the database; empty: the setting.")]


@model.callback(epilog=MODEL_EXIT_CODES)
def about() -> None:
    """Draft a semantic model from a database, check one, or show what it says."""


@model.command(epilog=MODEL_EXIT_CODES, short_help="Draft a model from a live database.")
def init(
    context: typer.Context,
    url: Url = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write here; without: to standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Draft a semantic model from what a database declares and what its names and a sample of its rows suggest.

    The database is only read. Columns whose names say that they are private are not sampled and marked sensitive. What
    was guessed stands at the head of the file and on standard error: read it over.
    """
    from nl2sql import terminal
    from nl2sql.catalog.draft.draft import draft_model

    if out is not None and out.exists() and not force:
        raise SettingsInvalid(f"The file {out} is there already.", hint="--force replaces it.")
    settings = _settings(context, url)
    with _live(settings) as database:
        draft = draft_model(database, _name_of(settings.database))
    if out is None:
        terminal.write_utf8(draft.text, sys.stdout)
    else:
        _write(draft.text, out)
    _report(draft, terminal.Page(sys.stderr), out)


@model.command(epilog=LINT_EXIT_CODES, short_help="Check a model for errors and ambiguities.")
def lint(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[MODEL]", help="Model file; without: the setting.")] = None,
    url: Annotated[str, typer.Option(metavar="URL", help="Also compare it with the database at URL.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Also compare it with the database of the settings.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check a semantic model: errors, which make wrong answers or none, and warnings, which leave a choice open.

    One finding a line, as FILE:LINE: LEVEL: MESSAGE, in the order of lines.
    """
    from nl2sql import terminal
    from nl2sql.catalog.lint.run import lint_file

    settings = _settings(context, url)
    path = file if file is not None else settings.path(settings.model)
    if url or live:
        with _live(settings) as database:
            findings = lint_file(path, database.tables(), database.dialect)
    else:
        findings = lint_file(path)
    if as_json:
        terminal.write_utf8(_as_json(path, findings) + "\n", sys.stdout)
    else:
        page = terminal.Page(sys.stdout)
        for each in findings:
            page.line(f"{path}:{each.line}: {each.level}: {each.message}", "red" if each.level == "error" else "yellow")
        terminal.Page(sys.stderr).line(_counted(findings))
    wrong = any(each.level == "error" or strict for each in findings)
    raise typer.Exit(ExitCode.UNEXPECTED if wrong else ExitCode.ANSWERED)


@model.command(epilog=MODEL_EXIT_CODES, short_help="Show a summary of the model.")
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A dataset or a metric; without: all of them.")] = "",
) -> None:
    """Show what the model says, in short; or all that it says about one dataset or metric."""
    from nl2sql import terminal
    from nl2sql.catalog.load import load_model

    settings: Settings = context.obj.settings()
    loaded = load_model(settings.path(settings.model))
    page = terminal.Page(sys.stdout)
    if not name:
        _show_all(loaded, page)
    elif name in loaded.dataset_by_name:
        _show_dataset(loaded, loaded.dataset(name), page)
    elif name in loaded.metric_by_name:
        _show_metric(loaded.metric_by_name[name], page)
    else:
        raise typer.BadParameter(f"the model has no dataset or metric called “{name}”", param_hint="NAME")


def _settings(context: typer.Context, url: str) -> Settings:
    settings: Settings = replace(context.obj, database=url or context.obj.database).settings()
    return settings


@contextlib.contextmanager
def _live(settings: Settings) -> Iterator[LiveDatabase]:
    """Reached first as the product reaches it, so that what is wrong is said as it says it. Raises Nl2SqlError."""
    from nl2sql.bootstrap import open_database
    from nl2sql.introspection.open import open_live

    engine = open_database(settings)
    try:
        engine.fingerprint()
    finally:
        engine.close()
    database = open_live(
        settings.database_url, location=settings.bigquery_location, endpoint=settings.bigquery_endpoint
    )
    try:
        yield database
    finally:
        database.close()


def _name_of(address: str) -> str:
    """The last part of the path, without the ending of a file; never the account or its password."""
    last = address.partition("://")[2].partition("?")[0].rpartition("/")[2]
    return Path(last).stem or "database"


def _write(text: str, path: Path) -> None:
    """Whole or not at all. Raises SettingsInvalid."""
    try:
        number, new = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(new, 0o644)  # a model holds no secret, and several accounts may have to read it
            os.replace(new, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise
    except OSError as error:
        raise SettingsInvalid(f"The file {path} cannot be written: {error.strerror}.") from error


def _report(draft: Draft, page: Page, out: Path | None) -> None:
    for note in draft.notes:
        page.line(f"- {note}")
    counts = f"{draft.datasets} datasets, {draft.relationships} relationships, {draft.metrics} metrics"
    where = f" in {out}" if out is not None else ""
    page.line(f"{counts}{where}. Next: read it over, then “nl2sql model lint {out or 'FILE'}”.")


def _as_json(path: Path, findings: Sequence[Finding]) -> str:
    shown = [{"line": each.line, "level": each.level, "code": each.code, "message": each.message} for each in findings]
    errors = sum(each.level == "error" for each in findings)
    shape = {"file": str(path), "errors": errors, "warnings": len(findings) - errors, "findings": shown}
    return json.dumps(shape, ensure_ascii=False, indent=2)


def _counted(findings: Sequence[Finding]) -> str:
    errors = sum(each.level == "error" for each in findings)
    warnings = len(findings) - errors
    return f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}."


def _show_all(loaded: SemanticModel, page: Page) -> None:
    from nl2sql.catalog.joins import JoinGraph

    graph = JoinGraph(loaded)
    page.line(f"{loaded.name}: {loaded.description}" if loaded.description else loaded.name, "bold")
    page.line()
    rows = [
        (d.name, str(len(d.fields)), d.label_field, d.time_field, ", ".join(f.name for f in d.filters))
        for d in loaded.datasets
    ]
    page.table(("dataset", "fields", "named by", "dated by", "filters"), rows, right=frozenset({1}))
    if loaded.relationships:
        page.line()
        links = [
            (f"{r.source} → {r.target}", graph.cardinality(r).replace("_", " "), r.role) for r in loaded.relationships
        ]
        page.table(("relationship", "cardinality", "role"), links)
    if loaded.metrics:
        page.line()
        page.table(
            ("metric", "shown as", "meaning"), [(m.name, m.unit or m.format, _meaning(m)) for m in loaded.metrics]
        )
    for sentence in loaded.left_out:
        page.line(sentence, "yellow")


def _meaning(metric: Metric) -> str:
    return metric.description or metric.expression


def _show_dataset(loaded: SemanticModel, dataset: Dataset, page: Page) -> None:
    page.line(f"{dataset.name}: {dataset.description}" if dataset.description else dataset.name, "bold")
    said = {
        "source": dataset.source,
        "rows": dataset.rows,
        "key": ", ".join(dataset.primary_key),
        "named by": dataset.label_field,
        "dated by": dataset.time_field,
        "amount": dataset.amount_field,
        "also called": ", ".join(dataset.synonyms),
        "instructions": dataset.instructions,
    }
    _show_pairs(said, page)
    page.line()
    fields = [
        (f.name, str(f.datatype), "sensitive" if f.sensitive else "", ", ".join(f.synonyms)) for f in dataset.fields
    ]
    page.table(("field", "type", "", "also called"), fields)
    if dataset.filters:
        page.line()
        page.table(("filter", "means"), [(f.name, f.description or f.expression) for f in dataset.filters])
    links = [r for r in loaded.relationships if dataset.name in (r.source, r.target)]
    if links:
        page.line()
        page.table(("relationship", "role"), [(f"{r.source} → {r.target}", r.role) for r in links])


def _show_metric(metric: Metric, page: Page) -> None:
    page.line(f"{metric.name}: {metric.description}" if metric.description else metric.name, "bold")
    said = {
        "expression": metric.expression,
        "dated by": metric.time_field,
        "shown as": " ".join(filter(None, (metric.format, metric.unit))),
        "adds up over": metric.additive_over.replace("_", " "),
        "also called": ", ".join(metric.synonyms),
        "instructions": metric.instructions,
    }
    _show_pairs(said, page)


def _show_pairs(said: dict[str, str], page: Page) -> None:
    for what, text in said.items():
        if text:
            page.line(f"  {what}: {text}")
