"""The `nl2sql guard` commands: judge one statement, judge a corpus, examine the account of the database. Only
`test --live` and `doctor` need a database.

Heavy modules are imported by the command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nl2sql.exit_codes import EXIT_CODES, ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nl2sql.catalog.model import SemanticModel
    from nl2sql.guard.corpus import CorpusLine, CorpusResult
    from nl2sql.guard.policy import Policy
    from nl2sql.settings import Settings
    from nl2sql.trial.run import TrialReport

guard = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

TEST_EXIT_CODES = """\b
Exit codes:
  0  every statement was judged as its line expects, and nothing changed
  1  some were not, or a statement that ran changed something
  2  usage or settings: an argument, a corpus, a model or a policy
  5  the database of --live failed, or the output could not be written
"""

DOCTOR_EXIT_CODES = """\b
Exit codes:
  0  the account can do nothing dangerous
  1  it can; the lines say what, and how to take that away
  2  usage or settings: an argument, a setting, a model or a policy
  5  the database did not say, or the output could not be written
"""

Dialect = Annotated[str, typer.Option(metavar="DIALECT", help="The kind of SQL; empty: that of the database.")]
PolicyFile = Annotated[str, typer.Option(metavar="FILE", help="Policy file, or none; empty: the setting.")]
Role = Annotated[
    str, typer.Option(metavar="ROLE", help="Role of the policy; empty: the only one of FILE, else the setting.")
]
Attributes = Annotated[
    list[str] | None, typer.Option("--attribute", metavar="NAME=VALUE", help="What is known of whoever asks.")
]


@guard.callback(epilog=EXIT_CODES)
def about() -> None:
    """Try the guard on a statement or on a corpus; see what the database account could do without it."""


@guard.command(epilog=EXIT_CODES, short_help="Judge one statement; show what would run.")
def check(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One statement, or - to read standard input.")] = "-",
    dialect: Dialect = "",
    policy: PolicyFile = "",
    role: Role = "",
    attribute: Attributes = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Say whether the guard lets a statement run, why not, and what would be executed. Needs no database."""
    from nl2sql import terminal
    from nl2sql.guard.corpus import verdict_on
    from nl2sql.guard.violation import Violations

    settings: Settings = context.obj.settings()
    text = given(sql)
    model, chosen = _model_and_policy(settings, policy, role, attribute or [])
    verdict = verdict_on(text, model, chosen, _known(dialect) or _dialect_of(settings.database))
    if as_json:
        from nl2sql.wire import full_verdict_to_json

        terminal.write_utf8(full_verdict_to_json(verdict) + "\n", sys.stdout)
    else:
        terminal.print_verdict(verdict, sys.stdout, full=True)
    raise typer.Exit(ExitCode.REFUSED if isinstance(verdict, Violations) else ExitCode.ANSWERED)


@guard.command(epilog=TEST_EXIT_CODES, short_help="Judge a corpus; print a scorecard.")
def test(
    context: typer.Context,
    corpus: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="JSONL file; may be given again. Without: the product's.")
    ] = None,
    dialect: Annotated[
        str, typer.Option(metavar="DIALECT", help="Judge the lines of this dialect only, and those of none as such.")
    ] = "",
    policy: PolicyFile = "",
    role: Role = "",
    attribute: Attributes = None,
    live: Annotated[
        str, typer.Option(metavar="URL", help="Also run what is accepted, in a database made there and dropped again.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print every verdict as JSON.")] = False,
) -> None:
    """Judge a corpus of statements and count the verdicts, by category and dialect.

    A line is a JSON object with id and sql; dialect, category and expect (refused or accepted) may be there.

    --live makes a database at URL, fills it for the model, runs what was accepted, compares rows, tables, accounts and
    files with those before, and drops it. The account of URL must be one that may make databases.
    """
    from nl2sql import terminal
    from nl2sql.guard.corpus import judge

    settings: Settings = context.obj.settings()
    lines, skipped = _lines(corpus or [], _known(dialect))
    model, chosen = _model_and_policy(settings, policy, role, attribute or [])
    with terminal.CountProgress(sys.stderr, len(lines), "judged") as progress:
        results = judge(lines, model, chosen, progress)
    trial = _trial(live, model, chosen, results) if live else None
    if as_json:
        from nl2sql.wire import corpus_to_json

        terminal.write_utf8(corpus_to_json(results, skipped, trial) + "\n", sys.stdout)
    else:
        _print(results, skipped, trial)
    wrong = any(result.unexpected for result in results) or (trial is not None and bool(trial.changes))
    raise typer.Exit(ExitCode.UNEXPECTED if wrong else ExitCode.ANSWERED)


@guard.command(epilog=DOCTOR_EXIT_CODES, short_help="Say what the database account could do.")
def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say what the account of the database could do if the guard were not there, and the SQL that takes that away.

    Looks at rights, roles, schemas, functions, files and the session, and at columns that the policy hides. Changes
    nothing.
    """
    from nl2sql import terminal
    from nl2sql.accounts.report import findings_to_json, report_lines
    from nl2sql.bootstrap import examine_database_account

    findings = examine_database_account(context.obj.settings())
    if as_json:
        terminal.write_utf8(findings_to_json(findings) + "\n", sys.stdout)
    else:
        page = terminal.Page(sys.stdout)
        for line, style in report_lines(findings):
            page.line(line, style)
    is_unsafe = any(finding.severity == "danger" for finding in findings)
    raise typer.Exit(ExitCode.UNEXPECTED if is_unsafe else ExitCode.ANSWERED)


def given(argument: str) -> str:
    """The argument, or standard input for a dash. Raises BadParameter when that cannot be read."""
    if argument != "-":
        return argument
    if sys.stdin is None:
        raise typer.BadParameter("standard input is closed")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"standard input is not text in {sys.stdin.encoding}") from error
    except OSError as error:
        raise typer.BadParameter(f"standard input cannot be read: {error.strerror}") from error


def _print(results: Sequence[CorpusResult], skipped: int, trial: TrialReport | None) -> None:
    from nl2sql import scorecard

    scorecard.print_scorecard(results, skipped, sys.stdout)
    if trial is not None:
        scorecard.print_trial(trial, sys.stdout)


def _lines(files: Sequence[Path], dialect: str) -> tuple[list[CorpusLine], int]:
    """The lines to judge, and how many are left out as of another dialect."""
    from nl2sql.guard.corpus import all_have_a_dialect, for_dialect, read_corpus, whole_package_corpus

    lines = [line for file in files for line in read_corpus(file)] if files else whole_package_corpus()
    if not dialect:
        all_have_a_dialect(lines)
        return lines, 0
    chosen = for_dialect(lines, dialect)
    return chosen, len(lines) - len(chosen)


def _trial(url: str, model: SemanticModel, policy: Policy, results: Sequence[CorpusResult]) -> TrialReport:
    """Runs what was accepted and is of the server's kind, checked again in the words of the engine."""
    from nl2sql import terminal
    from nl2sql.guard.checked import CheckedSql
    from nl2sql.guard.corpus import verdict_on
    from nl2sql.trial.run import dialects_of, run_trial

    dialects = dialects_of(url)
    accepted = [result.line for result in results if result.checked and result.line.dialect in dialects]
    verdicts = [(line.id, verdict_on(line.sql, model, policy, dialects[0])) for line in accepted]
    statements = [(name, verdict) for name, verdict in verdicts if isinstance(verdict, CheckedSql)]
    with terminal.CountProgress(sys.stderr, len(statements), "run") as progress:
        return run_trial(url, model, statements, progress)


def _model_and_policy(
    settings: Settings, policy: str, role: str, attributes: Sequence[str]
) -> tuple[SemanticModel, Policy]:
    """The policy bound to the attributes. Raises BadParameter, ModelInvalid and PolicyInvalid."""
    from nl2sql.catalog.load import load_model
    from nl2sql.guard.policy_file import default_policy, load_policies, load_policy

    model = load_model(settings.path(settings.model))
    named = policy or settings.policy
    if named == "none":
        return model, _bound(default_policy(model, role or settings.role), attributes, settings)
    path = Path(policy).absolute() if policy else settings.path(settings.policy)
    policies = load_policies(path, model)
    only = next(iter(policies)) if policy and len(policies) == 1 else ""
    wanted = role or only or settings.role
    return model, _bound(policies.get(wanted) or load_policy(path, model, wanted), attributes, settings)


def _bound(policy: Policy, attributes: Sequence[str], settings: Settings) -> Policy:
    given = {name: value for name, value in settings.asking().attributes.items() if name in policy.attributes}
    for each in attributes:
        name, separator, value = each.partition("=")
        if not separator or not name:
            raise typer.BadParameter("write it as name=value", param_hint="--attribute")
        given[name] = value
    _all_known(policy, given)
    return policy.bound_to(given)


def _all_known(policy: Policy, given: Mapping[str, str]) -> None:
    names = ", ".join(policy.attributes) or "none"
    for name in given:
        if name not in policy.attributes:
            problem = f"the role {policy.role} has no attribute “{name}” (it has {names})"
            raise typer.BadParameter(problem, param_hint="--attribute")
    for name in policy.attributes:
        if name not in given:
            problem = f"the role {policy.role} sees the rows of one “{name}”; give it as {name}=…"
            raise typer.BadParameter(problem, param_hint="--attribute")


def _known(dialect: str) -> str:
    from nl2sql.guard.dialects import DIALECTS

    if dialect and dialect not in DIALECTS:
        raise typer.BadParameter(f"“{dialect}” is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
    return dialect


def _dialect_of(address: str) -> str:
    """By the scheme alone: nothing is connected to. An address of no known kind is left to the guard to refuse."""
    from nl2sql.engines.schemes import SERVERS

    scheme = address.partition("://")[0]
    if scheme.startswith("mariadb"):
        return "mariadb"
    return SERVERS[scheme][2] if scheme in SERVERS else scheme
