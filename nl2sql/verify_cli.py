"""The `nl2sql verify` commands: see the verified queries beside the model, run them, and add one.

Heavy modules are imported by the command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from nl2sql.settings import Settings
    from nl2sql.verification import Trial, Verification

verify = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

VERIFY_EXIT_CODES = """\b
Exit codes:
  0  done; each query that was run gave its rows
  2  usage or settings: an argument, a model, or a file of a verified query
  4  the guard refused a query
  5  a query could not be run, there is no ledger, or the output could not be written
"""

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@verify.callback(epilog=VERIFY_EXIT_CODES)
def about() -> None:
    """Keep questions that somebody answers for, with the SQL that answers them: a folder verified beside the model."""


@verify.command("list", epilog=VERIFY_EXIT_CODES, short_help="List the verified queries.")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the verified queries: ID, question, who verified it and when. Needs no database."""
    from nl2sql import terminal
    from nl2sql.verification import as_shape, load_beside

    queries = load_beside(context.obj.settings())
    if as_json:
        _write_json([as_shape(query) for query in queries])
        return
    rows = [
        (q.id, q.question.text, q.verified_by, q.verified_at.isoformat(), "yes" if q.onboarding else "")
        for q in queries
    ]
    page = terminal.Page(sys.stdout)
    if rows:
        page.table(("id", "question", "verified by", "on", "for newcomers"), rows)
    else:
        page.line("There are no verified queries beside this model.")


@verify.command(epilog=VERIFY_EXIT_CODES, short_help="Run all verified queries, or one.")
def run(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="[ID]", help="One of them; without: all.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run each against the configured database, with its defaults and examples; tell rows and time.

    Each passes the guard first, as when somebody asks it. Nothing is written to the cache or the ledger.
    """
    from nl2sql import terminal
    from nl2sql.verification import trial_shape

    with _opened(context.obj.settings()) as verification:
        trials = verification.run(query)
    if as_json:
        _write_json([trial_shape(trial) for trial in trials])
    else:
        page = terminal.Page(sys.stdout)
        for trial in trials:
            mark, style = ("ok  ", "") if trial.is_ok else ("FAIL", "bold red")
            told = f"{trial.rows:,} rows  {trial.milliseconds:,.0f} ms" if trial.is_ok else trial.problem
            page.line(f"{mark}  {trial.id}  {told}", style)
        failed = sum(not trial.is_ok for trial in trials)
        page.line(f"{len(trials):,} run, {failed:,} failed")
    raise typer.Exit(_exit_code(trials))


@verify.command(epilog=VERIFY_EXIT_CODES, short_help="Add a verified query.")
def add(
    context: typer.Context,
    question: Annotated[
        str, typer.Argument(metavar="[QUESTION]", help="The question, as it will be asked.", show_default=False)
    ] = "",
    by: Annotated[str, typer.Option(metavar="ROLE", help="Who answers for it: a role or a team.")] = "",
    sql: Annotated[str, typer.Option(metavar="FILE", help="File with the SQL, or - to read standard input.")] = "",
    last: Annotated[
        bool, typer.Option("--last", help="Take SQL and question of the last answered question of the ledger.")
    ] = False,
    name: Annotated[str, typer.Option("--id", metavar="ID", help="Its name; without: made of the question.")] = "",
    paraphrase: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="The question in other words; may be given again.")
    ] = None,
    guidance: Annotated[str, typer.Option(metavar="TEXT", help="When to use it, and how to read it.")] = "",
    onboarding: Annotated[bool, typer.Option("--onboarding", help="Suggest it to newcomers.")] = False,
) -> None:
    """Write a question and its SQL into a new file, after the guard let it pass and the database ran it.

    Parameters are written into the file by hand afterwards: see docs/verified-queries.md. No file is overwritten.
    """
    from nl2sql import terminal
    from nl2sql.verification import NewQuery

    settings: Settings = context.obj.settings()
    if bool(sql) == last:
        raise typer.BadParameter("give either --sql FILE or --last")
    if not by.strip():
        raise typer.BadParameter("say who answers for it", param_hint="--by")
    asked, text = _from_ledger(settings, question) if last else (question, _read(sql))
    if not asked.strip():
        raise typer.BadParameter("say the question", param_hint="QUESTION")
    wanted = NewQuery(asked, text, by, name, tuple(paraphrase or ()), guidance, onboarding, is_own_grammar=last)
    with _opened(settings) as verification:
        path, trial = verification.add(wanted)
    page = terminal.Page(sys.stdout)
    if path is None:
        page.line(f"Nothing was written: {trial.problem}", "red")
        raise typer.Exit(_exit_code([trial]))
    page.line(f"Wrote {path} ({trial.rows:,} rows, {trial.milliseconds:,.0f} ms).")


def _exit_code(trials: list[Trial]) -> ExitCode:
    """A refusal says more of the queries than a database that failed."""
    if any(trial.is_refused for trial in trials):
        return ExitCode.REFUSED
    return ExitCode.ANSWERED if all(trial.is_ok for trial in trials) else ExitCode.FAILED


@contextmanager
def _opened(settings: Settings) -> Iterator[Verification]:
    from nl2sql.verification import open_verification

    with open_verification(settings) as verification:
        yield verification


def _from_ledger(settings: Settings, question: str) -> tuple[str, str]:
    """The last question that was answered, and its SQL; `question` stands above that of the ledger."""
    from nl2sql.ledger.read import LedgerReader

    with LedgerReader(settings.ledger_url) as reader:
        found = reader.tail(1, outcome="answered")
    if not found or not found[0].row.sql:
        raise typer.BadParameter("the ledger holds no answered question with its SQL", param_hint="--last")
    if settings.ledger_redact != "none":
        raise typer.BadParameter("the ledger is redacted: its SQL is not what ran", param_hint="--last")
    return question or found[0].row.question, found[0].row.sql


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {type(error).__name__}", param_hint="--sql") from error


def _write_json(shape: object) -> None:
    from nl2sql import terminal

    terminal.write_json(shape, sys.stdout)
