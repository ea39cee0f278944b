"""Whether the guard would let a gold pass for whoever asks: what it refuses, no answer can hold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from evals.cases.base import Case, Suite
from evals.cases.resolve import role_of
from evals.lint.base import Statement
from nl2sql.bootstrap import PolicyReader, open_database, policy_reader
from nl2sql.catalog.dialects import in_dialect
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import Nl2SqlError
from nl2sql.guard.check import check
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.policy import Policy
from nl2sql.guard.violation import Violations
from nl2sql.settings import Settings
from nl2sql.writers.base import Origin, SqlDraft


def guard_of(suite: Suite, settings: Settings) -> GuardOfSuite:
    """Raises Nl2SqlError for a model, a policy or a database that cannot be used."""
    model = load_model(settings.path(settings.model))
    with closing(open_database(settings)) as engine:
        model, grammar = in_dialect(model, engine.dialect), grammar_name(engine.dialect)
    return GuardOfSuite(suite, model, policy_reader(settings, model), settings.role, grammar)


@dataclass(frozen=True, slots=True)
class GuardOfSuite:
    """`grammar` is that of the database; golds of another dialect are not asked about."""

    suite: Suite
    model: SemanticModel
    policy_for: PolicyReader
    role: str
    grammar: str

    def refusal(self, case: Case, statements: Sequence[Statement]) -> str:
        policy = self._policy(case)
        if isinstance(policy, str):
            return policy
        told = ""
        for each in statements:
            if each.dialect != self.grammar:
                return ""
            verdict = check(SqlDraft(each.query.sql, Origin("sql")), self.model, policy, self.grammar)
            if not isinstance(verdict, Violations):
                return ""
            told = told or verdict.message
        return told

    def row_limit(self, case: Case) -> int | None:
        policy = self._policy(case)
        return None if isinstance(policy, str) else policy.limits.rows

    def _policy(self, case: Case) -> Policy | str:
        """Or why there is none: nobody could ask in such a role."""
        try:
            return self.policy_for(role_of(case, self.suite, self.role))
        except Nl2SqlError as error:
            return error.user_message
