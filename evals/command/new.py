"""`nl2sql eval new`: a question becomes a draft case."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from evals.cases.base import Case, Dialect, Kind, Suite
    from evals.lint.draft import Wanted
    from nl2sql.answer.base import Answer
    from nl2sql.settings import Settings

NEW_EXIT_CODES = """\b
Exit codes:
  0  drafted
  2  usage or settings: an argument, a suite, a model
  3  no writer has an answer: give --sql, or the --kind of a question that has none
  4  the guard refused the SQL
  5  the SQL does not run, or the database or the model provider failed
"""
KINDS = ("answerable", "ambiguous", "unanswerable", "unsafe", "sensitive")


def new(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, or - to read standard input.")],
    suite: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append the case to this suite; without: print it.")
    ] = None,
    kind: Annotated[
        str, typer.Option(metavar="KIND", help=f"{', '.join(KINDS)}; empty: what comes of asking it.")
    ] = "",
    sql: Annotated[str, typer.Option(metavar="FILE", help="File with the SQL, or - to read standard input.")] = "",
) -> None:
    """Draft a case: the SQL that is given or that the configured writers write, its columns, order, rules and tags.

    A draft is no gold: its comment says who wrote the SQL, and a person has to check it. Appending keeps whatever is in
    the suite, comments and layout too.
    """
    from nl2sql.guard_cli import given

    _check(kind, sql, question)
    asked = _Asking(given(question).strip(), suite, kind, given("-") if sql == "-" else _read(sql))
    if not asked.question:
        raise typer.BadParameter("say the question", param_hint="QUESTION")
    case = _draft(asked, context.obj.environ())
    if suite is None:
        from evals.cases.text import case_text
        from nl2sql import terminal

        terminal.write_utf8(case_text(case), sys.stdout)
        return
    from evals.lint.append import append_case

    line = append_case(suite, case)
    typer.echo(f"{suite}:{line}: {case.id} is a draft: check it, and then its comment.")


@dataclass(frozen=True, slots=True)
class _Asking:
    question: str
    suite: Path | None
    kind: str
    sql: str


def _check(kind: str, sql: str, question: str) -> None:
    if kind and kind not in KINDS:
        raise typer.BadParameter(f"“{kind}” is not one of {', '.join(KINDS)}", param_hint="--kind")
    if sql and kind not in ("", "answerable"):
        raise typer.BadParameter(f"a question of kind {kind} has no SQL", param_hint="--sql")
    if sql == question == "-":
        raise typer.BadParameter("standard input is either the question or the SQL", param_hint="--sql")


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8") if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {type(error).__name__}", param_hint="--sql") from error


def _draft(asked: _Asking, environ: dict[str, str]) -> Case:
    from evals.cases.load import load_suite
    from evals.lint.draft import Wanted, draft_declined

    found = load_suite(asked.suite) if asked.suite else None
    wanted = Wanted(asked.question, tuple(case.id for case in found.cases) if found else (), found)
    if asked.kind not in ("", "answerable"):
        return draft_declined(wanted, cast("Kind", asked.kind), "Not asked yet.")
    return _drafted(asked, wanted, _settings(found, environ))


def _settings(suite: Suite | None, environ: dict[str, str]) -> Settings:
    """As a run of that suite has them, with all the writers that are configured."""
    from evals.cases.base import Case, Suite
    from evals.cases.resolve import target_of
    from evals.runner.options import Options, settings_for, settings_of

    anyone = Case(id="draft", question="?", kind="unanswerable")
    suite = suite or Suite(name="draft", cases=(anyone,))
    settings = settings_for(Options(suite=suite.path, writer="configured"), suite, environ)
    return settings_of(target_of(anyone, suite), settings)


def _drafted(asked: _Asking, wanted: Wanted, settings: Settings) -> Case:
    from contextlib import closing

    from evals.judge import table_of
    from evals.lint.draft import draft_answer
    from nl2sql.bootstrap import build_pipeline
    from nl2sql.guard.dialects import grammar_name
    from nl2sql.question import Question

    with closing(build_pipeline(settings)) as pipeline:
        if asked.sql:
            answer = pipeline.run_sql(asked.sql, settings.asking(), fresh=True)
        else:
            question = Question.parse(asked.question, principal=settings.asking(), as_of=settings.today)
            answer = pipeline.ask(question, fresh=True)
        dialect = cast("Dialect", grammar_name(pipeline.engine.dialect))
    if answer.outcome != "answered" or answer.table is None:
        return _without_answer(asked, wanted, answer)
    sql = asked.sql.strip().rstrip(";") if asked.sql else _spread(answer, dialect)
    by = "whoever typed it" if asked.sql else _writer(answer)
    return draft_answer(wanted, sql, dialect, table_of(answer.table), by)


def _without_answer(asked: _Asking, wanted: Wanted, answer: Answer) -> Case:
    """What was declined for a reason that is a kind of question is drafted as that; what failed is told."""
    from evals.lint.draft import draft_declined
    from nl2sql.exit_codes import exit_code_of

    kind = "ambiguous" if answer.outcome == "clarification" else answer.code
    if not asked.sql and not asked.kind and kind in KINDS:
        return draft_declined(wanted, cast("Kind", kind), f"The product said: {answer.headline}")
    code = exit_code_of(answer)
    advice = (
        "" if asked.sql or code == ExitCode.FAILED else "Give the SQL by --sql, or say by --kind why there is none."
    )
    _tell(f"nl2sql: {answer.headline}", answer.hint, advice)
    raise typer.Exit(ExitCode.DECLINED if code == ExitCode.ANSWERED else code)


def _tell(headline: str, *hints: str) -> None:
    from nl2sql.terminal import visible

    for line in (headline, *(f"  {part}" for hint in hints for part in hint.splitlines())):
        typer.echo(visible(line), err=True)


def _spread(answer: Answer, dialect: str) -> str:
    """The writer's statement over several lines, without the limit that the guard gave it."""
    import re

    import sqlglot
    from sqlglot.errors import SqlglotError

    sql = answer.sql
    if answer.table is not None:
        sql = re.sub(rf"\s+LIMIT {answer.table.row_limit + 1}$", "", sql)
    try:
        return sqlglot.parse_one(sql, dialect=dialect).sql(dialect=dialect, pretty=True)
    except SqlglotError:
        return sql


def _writer(answer: Answer) -> str:
    detail = f" ({answer.origin.detail})" if answer.origin.detail else ""
    return f"the {answer.origin.writer} writer{detail}"
