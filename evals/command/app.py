"""The `nl2sql` command with `eval`, which stands on everything else.

Heavy modules are imported by the command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import typer

from evals.command.compare import COMPARE_EXIT_CODES, compare
from evals.command.harvest import HARVEST_EXIT_CODES, harvest
from evals.command.import_suite import IMPORT_EXIT_CODES, import_suite
from evals.command.lint import LINT_EXIT_CODES, lint
from evals.command.mutate import MUTATE_EXIT_CODES, mutate
from evals.command.new import NEW_EXIT_CODES, new
from evals.command.report import REPORT_EXIT_CODES, report
from evals.command.rescore import RESCORE_EXIT_CODES, rescore
from evals.command.run import RUN_EXIT_CODES, run
from nl2sql.cli import app, main

# Name, command, exit codes and a line for the list, in the order of that list: runs first, then suites.
_VERBS: Final[tuple[tuple[str, Callable[..., None], str, str], ...]] = (
    ("run", run, RUN_EXIT_CODES, "Ask a suite of questions and judge the answers."),
    ("report", report, REPORT_EXIT_CODES, "Show what came of a run, also as a page."),
    ("compare", compare, COMPARE_EXIT_CODES, "Compare runs, and say how sure that is."),
    ("rescore", rescore, RESCORE_EXIT_CODES, "Score a run again without asking a model."),
    ("new", new, NEW_EXIT_CODES, "Draft a case of a question."),
    ("harvest", harvest, HARVEST_EXIT_CODES, "Make draft cases of what people found wrong."),
    ("lint", lint, LINT_EXIT_CODES, "Say what is wrong with a suite."),
    ("mutate", mutate, MUTATE_EXIT_CODES, "Say what mistakes a suite would not see."),
    ("import", import_suite, IMPORT_EXIT_CODES, "Import a suite of Spider, BIRD or defog."),
)
_HELP = "Measure how often answers are right; compare two runs."

evaluation = typer.Typer(no_args_is_help=True, help=_HELP)
for _name, _command, _exit_codes, _line in _VERBS:
    evaluation.command(_name, epilog=_exit_codes, short_help=_line)(_command)
app.add_typer(evaluation, name="eval", short_help=_HELP)

if __name__ == "__main__":
    main()
