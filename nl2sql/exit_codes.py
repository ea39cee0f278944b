"""How a command ends, for scripts: stable numbers, and which answer or error means which."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from nl2sql.errors import EngineError, ExportUnavailable, LanguageModelError, Nl2SqlError

if TYPE_CHECKING:
    from nl2sql.answer.base import Answer


class ExitCode(IntEnum):
    ANSWERED = 0
    UNEXPECTED = 1
    USAGE = 2
    DECLINED = 3
    REFUSED = 4
    FAILED = 5
    INTERRUPTED = 130  # 128 + SIGINT, as shells report it
    PIPE_CLOSED = 141  # 128 + SIGPIPE


EXIT_CODES = """\b
Exit codes:
  0  answered, or everything in order
  1  unexpected: a defect; the message carries a reference into var/nl2sql.log
  2  usage or settings: an argument, a setting, a model, policy or prompt file
  3  declined: not understood, not in the data, or a question back (also: whether its cost is fine)
  4  refused: the guard, a question for hidden data or for a change, or too costly
  5  the database or the model provider failed, or the output could not be written
"""

# Answer codes that are refusals although a writer, not the guard, said so.
REFUSED_CODES = frozenset({"unsafe", "sensitive"})
# Codes of errors in something a person configures; every other failure is the database's or the provider's.
SETTINGS_CODES = frozenset(
    {"settings_invalid", "model_invalid", "policy_invalid", "prompt_invalid", "question_invalid"}
)

# The stage of errors in a suite, or in the log of a run: something that a person wrote or named.
EVALUATION = "evals"


def exit_code_of(answer: Answer) -> ExitCode:
    if answer.outcome in ("answered", "explanation"):
        return ExitCode.ANSWERED
    if answer.outcome == "refused" or answer.code in REFUSED_CODES:
        return ExitCode.REFUSED
    if answer.code in SETTINGS_CODES:
        return ExitCode.USAGE
    if answer.outcome == "failed" or answer.code == "unavailable":
        return ExitCode.FAILED
    return ExitCode.DECLINED


def exit_code_of_error(error: Nl2SqlError) -> ExitCode:
    if error.code in SETTINGS_CODES or error.stage == EVALUATION:
        return ExitCode.USAGE
    known = EngineError | ExportUnavailable | LanguageModelError
    return ExitCode.FAILED if isinstance(error, known) else ExitCode.UNEXPECTED
