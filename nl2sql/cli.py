"""The `nl2sql` command. Knows arguments, exit codes and where each kind of output goes; prints by `nl2sql.terminal`.

Answers go to standard output; reasons, progress and errors to standard error. Heavy modules are imported by the
command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from nl2sql.cache_cli import cache
from nl2sql.errors import Nl2SqlError
from nl2sql.exit_codes import EXIT_CODES, ExitCode, exit_code_of, exit_code_of_error
from nl2sql.guard_cli import Attributes, given, guard
from nl2sql.ledger_cli import ledger
from nl2sql.model_cli import model as model_commands
from nl2sql.prompts_cli import prompts
from nl2sql.verify_cli import verify

if TYPE_CHECKING:
    from nl2sql.answer.base import Answer
    from nl2sql.pipeline import Pipeline
    from nl2sql.question import Question
    from nl2sql.settings import Settings
    from nl2sql.trace import Listener


# A full disk or quota, a file size limit, a broken device, a closed stream. A stream's error names no file.
_NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}

app = typer.Typer(
    name="nl2sql",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(guard, name="guard", short_help="Try the guard on a statement or a corpus.")
app.add_typer(cache, name="cache", short_help="Say what the cache holds, or empty it.")
app.add_typer(ledger, name="ledger", short_help="See who asked what, and what it cost.")
app.add_typer(model_commands, name="model", short_help="Draft, check or show a semantic model.")
app.add_typer(prompts, name="prompts", short_help="See the prompt templates and what they send; begin a new one.")
app.add_typer(verify, name="verify", short_help="Keep questions that somebody answers for.")


@dataclass(frozen=True, slots=True)
class Overrides:
    """Global options, which stand above the environment."""

    database: str | None = None
    model: Path | None = None
    config: Path | None = None

    def environ(self) -> Mapping[str, str]:
        """The environment with these on top; a path given on the command line is relative to the working folder."""
        environ = dict(os.environ)
        if self.database is not None:
            environ["NL2SQL_DATABASE"] = _absolute_file(self.database)
        if self.model is not None:
            environ["NL2SQL_MODEL"] = str(self.model.absolute())
        if self.config is not None:
            environ["NL2SQL_CONFIG"] = str(self.config)
        return environ

    def settings(self) -> Settings:
        from nl2sql.settings import load_settings

        return load_settings(self.environ())


def _absolute_file(url: str) -> str:
    for prefix in ("sqlite:///", "duckdb:///"):
        path = url.removeprefix(prefix)
        if url.startswith(prefix) and path != ":memory:":
            return prefix + str(Path(path).absolute())
    return url


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"nl2sql {version('nl2sql')}")
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def options(
    context: typer.Context,
    database: Annotated[str | None, typer.Option(metavar="URL", help="SQLAlchemy URL of the database.")] = None,
    model: Annotated[Path | None, typer.Option(metavar="FILE", help="Semantic model (Ossie YAML).")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings file instead of nl2sql.toml.")] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Ask your own database in plain English; every answer comes with the SQL that was checked and a receipt."""
    context.obj = Overrides(database, model, config)


@app.command(epilog=EXIT_CODES, short_help="Answer a question from the database.")
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, or - to read standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything about the answer as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV, and nothing else.")] = False,
    sql_only: Annotated[bool, typer.Option("--sql", help="Print the SQL of the answer, and nothing else.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not read cached answers.")] = False,
    accept_cost: Annotated[
        bool, typer.Option("--accept-cost", help="Run it although it costs more than your role spends unasked.")
    ] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Print the stages, their times and what happened to standard error.")
    ] = False,
    as_of: Annotated[str, typer.Option(metavar="DATE", help="The day called “today”, like 2026-06-30.")] = "",
    role: Annotated[str, typer.Option(metavar="ROLE", help="Policy role of whoever asks; empty: the setting.")] = "",
    attribute: Attributes = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write the answer to a file too, again and again if you like. Its ending says how: .csv, .xlsx, "
            ".parquet, .json, .md hold the rows, .png, .svg, .py the chart, .html and .pdf all of it.",
        ),
    ] = None,
) -> None:
    """Answer a question from the database."""
    from nl2sql.answer_files import refuse_unknown_endings, write_files

    refuse_unknown_endings(out or ())
    if as_json + as_csv + sql_only > 1:
        raise typer.BadParameter("choose one of --json, --csv and --sql")
    from nl2sql.question import Question

    day = _day(as_of)
    settings = context.obj.settings()
    asked = Question.parse(
        given(question), principal=settings.asking(role, attribute or ()), as_of=day or settings.today
    )
    from nl2sql import terminal

    with _open(settings) as pipeline:
        progress = terminal.Progress(sys.stderr)
        answer = _answered(pipeline, asked, progress, fresh=fresh, accept_cost=accept_cost)
        progress.clear()
        _print_answer(answer, as_json=as_json, as_csv=as_csv, sql_only=sql_only)
        if answer.outcome == "answered":
            write_files(answer, out or (), _told_if_heard)
        if trace:
            sys.stdout.flush()  # so that the answer comes first where both go to one place
            with _if_someone_listens():
                terminal.print_trace(answer, sys.stderr)
    raise typer.Exit(exit_code_of(answer))


def _answered(pipeline: Pipeline, asked: Question, progress: Listener, *, fresh: bool, accept_cost: bool) -> Answer:
    """In a thread of its own: Ctrl-C is heard at once whatever a driver waits for, and stops the statement too."""
    from nl2sql.question import new_question_id

    name, done = new_question_id(), Future[Any]()

    def work() -> None:
        try:
            done.set_result(pipeline.ask(asked, progress, fresh=fresh, accept_cost=accept_cost, question_id=name))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            done.set_exception(error)

    try:
        Thread(target=work, daemon=True).start()
        answer: Answer = done.result()
    except KeyboardInterrupt:
        pipeline.cancel(name)
        raise
    return answer


def _print_answer(answer: Answer, *, as_json: bool, as_csv: bool, sql_only: bool) -> None:
    from nl2sql import terminal

    if as_json:
        from nl2sql.wire import answer_to_json

        terminal.write_utf8(answer_to_json(answer) + "\n", sys.stdout)
    elif answer.outcome == "explanation" and not (as_csv or sql_only):
        terminal.print_explanation(answer, sys.stdout)
    elif answer.outcome != "answered" or answer.table is None:
        with _if_someone_listens():
            terminal.print_no_answer(answer, sys.stderr)
    elif as_csv:
        from nl2sql.export.comma_separated import to_csv

        sys.stdout.buffer.write(to_csv(answer.table.table))
        with _if_someone_listens():
            terminal.print_cut(answer, sys.stderr)
    elif sql_only:
        typer.echo(answer.sql)
    else:
        terminal.print_answer(answer, sys.stdout)


@app.command(short_help="Show what can be asked about.")
def schema(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the model as JSON.")] = False,
) -> None:
    """Show what can be asked about: datasets, fields, metrics and relationships."""
    from nl2sql import terminal
    from nl2sql.catalog.load import load_model

    settings = context.obj.settings()
    model = load_model(settings.path(settings.model))
    if as_json:
        from nl2sql.wire import model_to_json

        terminal.write_utf8(model_to_json(model) + "\n", sys.stdout)
    else:
        terminal.print_model(model, sys.stdout)


@app.command(epilog=EXIT_CODES, short_help="Say whether the guard would let SQL run.")
def check(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement, or - to read standard input.")] = "-",
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    role: Annotated[str, typer.Option(metavar="ROLE", help="Policy role to check for; empty: the setting.")] = "",
    attribute: Attributes = None,
) -> None:
    """Say whether the guard would let a statement run, why not, and what would run. Runs nothing."""
    from nl2sql import terminal
    from nl2sql.guard.violation import Violations

    settings = context.obj.settings()
    text = given(sql)
    with _open(settings) as pipeline:
        verdict = pipeline.check(text, settings.asking(role, attribute or ()))
    if as_json:
        from nl2sql.wire import verdict_to_json

        terminal.write_utf8(verdict_to_json(verdict) + "\n", sys.stdout)
    else:
        terminal.print_verdict(verdict, sys.stdout)
    raise typer.Exit(ExitCode.REFUSED if isinstance(verdict, Violations) else ExitCode.ANSWERED)


@app.command(epilog=EXIT_CODES, short_help="Check the installation; say what to do.")
def doctor(
    context: typer.Context,
    ask_model: Annotated[
        bool, typer.Option("--ask-model", help="Also send the language model one tiny request; else nobody is asked.")
    ] = False,
) -> None:
    """Check the installation: settings, model, database, cache and key; say what to do about what is wrong."""
    from nl2sql import terminal
    from nl2sql.doctor.examine import examine

    worst = ExitCode.ANSWERED
    for check in examine(context.obj.environ(), ask_model=ask_model):
        terminal.print_check(check, sys.stdout)
        if check.state == "fail" and worst is ExitCode.ANSWERED:
            worst = ExitCode.FAILED if check.about in ("database", "provider") else ExitCode.USAGE
    raise typer.Exit(worst)


def _day(text: str) -> date | None:
    if not text:
        return None
    from nl2sql.question import FIRST_DAY, LAST_DAY

    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):  # Python also takes 20260630 and 2026-W27-2
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is not a date like 2026-06-30", param_hint="--as-of") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise typer.BadParameter(f"{day} is not between {FIRST_DAY} and {LAST_DAY}", param_hint="--as-of")
    return day


@contextmanager
def _open(settings: Settings) -> Iterator[Pipeline]:
    from nl2sql.bootstrap import build_pipeline
    from nl2sql.telemetry.logs import configure_logging

    configure_logging(settings.log_format)
    pipeline = build_pipeline(settings)
    try:
        yield pipeline
    finally:
        pipeline.close()


def run(arguments: list[str] | None = None) -> int:
    """The command with every way out turned into an exit code and at most a sentence; never a traceback."""
    from typer.exceptions import Abort, TyperException

    try:
        code = int(app(args=arguments, prog_name="nl2sql", standalone_mode=False) or 0)
        sys.stdout.flush()
        return code
    except Nl2SqlError as error:
        _say(error.user_message, error.hint)
        return exit_code_of_error(error)
    except TyperException as error:
        message = error.format_message()
        with _if_someone_listens():
            called = message if "Usage:" in message else f"nl2sql: {message}\nTry “{_command(error)} --help”."
            typer.echo(called, err=True)
        return ExitCode.USAGE
    except (KeyboardInterrupt, Abort):
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the command framework exits by itself when it meets a closed pipe
        _abandon(sys.stdout)
        return ExitCode.PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the last resort: a person never sees a traceback
        if isinstance(error, OSError) and error.errno in _NOT_WRITTEN and error.filename is None:
            _abandon(sys.stdout)
            _say(f"The output could not be written: {error.strerror}.")
            return ExitCode.FAILED
        from nl2sql.crash import write_report

        _say(write_report(error, Path("var")))
        return ExitCode.UNEXPECTED


def _command(error: Exception) -> str:
    """What was called, like “nl2sql ledger tail”: its own help says more than that of all commands."""
    return str(getattr(getattr(error, "ctx", None), "command_path", "nl2sql"))


def _say(message: str, hint: str = "") -> None:
    """Of several lines, those below the first stand under it."""
    from nl2sql.terminal import visible

    told = "\n  ".join(visible(line) for line in message.splitlines())
    with _if_someone_listens():
        typer.echo(f"nl2sql: {told}" + (f"\n  {visible(hint)}" if hint else ""), err=True)


@contextmanager
def _if_someone_listens() -> Iterator[None]:
    """Around what goes to standard error: the exit code still tells what cannot be said there."""
    try:
        yield
    except OSError:
        _abandon(sys.stderr)


def _told_if_heard(text: str) -> None:
    with _if_someone_listens():
        typer.echo(text, err=True)


def _abandon(stream: TextIO) -> None:
    from nl2sql.terminal import abandon

    abandon(stream)


def main() -> NoReturn:
    from nl2sql.terminal import prepare_streams

    prepare_streams()
    sys.exit(run())


if __name__ == "__main__":
    main()
