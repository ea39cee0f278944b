"""Draft → CheckedSql or Violations. The one place where a CheckedSql is made.

A statement goes through RULES in their order. The text printed at the end goes through all of them again, and only a
text that comes out of that unchanged may run: what was checked is then, letter for letter, what the database gets.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.checked import _MINT, CheckedSql
from nl2sql.guard.dialects import DIALECTS, GuardDialect, dialect_named
from nl2sql.guard.executed import NotSettled, executed_text
from nl2sql.guard.fences import failing_constant, fenced_tables
from nl2sql.guard.memo import BoundedMemo
from nl2sql.guard.outputs import output_columns
from nl2sql.guard.policy import Policy
from nl2sql.guard.rules.bounds import lexical_bounds
from nl2sql.guard.rules.functions import allowed_calls
from nl2sql.guard.rules.limit import bounded_rows
from nl2sql.guard.rules.nodes import allowed_nodes
from nl2sql.guard.rules.parse import parse_one_statement, reading_root, reading_words, tree_size
from nl2sql.guard.rules.products import no_unbounded_products
from nl2sql.guard.rules.recursion import no_recursion
from nl2sql.guard.rules.render import rendered_text
from nl2sql.guard.rules.resolve import known_names
from nl2sql.guard.rules.restricted import aggregate_only, masked_columns
from nl2sql.guard.rules.sensitive import no_sensitive_columns
from nl2sql.guard.rules.spelling import list_lengths, plain_spelling
from nl2sql.guard.rules.tokens import tokenise
from nl2sql.guard.statement import Rule, Statement
from nl2sql.guard.table_view import TableView
from nl2sql.guard.views import Views, views_of
from nl2sql.guard.violation import Violation, Violations
from nl2sql.writers.base import SqlDraft

RULES: Final[tuple[Rule, ...]] = (
    lexical_bounds,
    tokenise,
    reading_words,
    parse_one_statement,
    reading_root,
    tree_size,
    no_recursion,
    allowed_nodes,
    allowed_calls,
    plain_spelling,
    list_lengths,
    known_names,
    no_sensitive_columns,
    masked_columns,
    aggregate_only,
    no_unbounded_products,
    bounded_rows,
    rendered_text,
)
# Printing settles at once or after one more round (NULLS ordering, functions with two names).
_MAX_ROUNDS: Final = 4
_NOT_SETTLED: Final = "The query reads differently each time it is written out, so it cannot run."
_MEMO_SIZE: Final = 512  # some 20 kB each: 10 MB

_memo: BoundedMemo[CheckedSql | Violations] = BoundedMemo(_MEMO_SIZE)


def check(draft: SqlDraft, model: SemanticModel, policy: Policy, dialect: str) -> CheckedSql | Violations:
    """Total: any text gives a verdict. The same statement, model, policy and dialect give the same object."""
    if len(draft.sql) > policy.limits.sql_chars:
        return _verdict(draft.sql, model, policy, dialect)  # refused at once, and not worth keeping
    key = (draft.sql, _model_key(model), policy.fingerprint, dialect)
    known = _memo.get(key)
    return known if known is not None else _memo.put(key, _verdict(draft.sql, model, policy, dialect))


def _model_key(model: SemanticModel) -> object:
    return model.fingerprint or model.datasets


def _verdict(sql: str, model: SemanticModel, policy: Policy, dialect: str) -> CheckedSql | Violations:
    known = dialect_named(dialect)
    if known is None:
        message = f"SQL for “{dialect[:40]}” cannot be checked, so it cannot run."
        return Violations((Violation("unknown_dialect", dialect[:40], message, f"Use one of {', '.join(DIALECTS)}."),))
    try:
        return _settle(sql, known, views_of(model, policy, known), policy)
    except PolicyInvalid as error:
        return Violations((Violation("policy", "", error.user_message, error.hint),))
    except NotSettled:
        return _unjudged("not_settled", _NOT_SETTLED)
    except (RecursionError, MemoryError):
        return _unjudged("too_complex", "The query is too complex to be checked.")
    except Exception:  # noqa: BLE001 - fail closed: what breaks the checker does not run
        return _unjudged("unjudged", "The query could not be checked, so it cannot run.")


def _unjudged(code: str, message: str) -> Violations:
    return Violations((Violation(code, "", message, "Write the statement in a simpler way."),))


def _settle(sql: str, dialect: GuardDialect, views: Views, policy: Policy) -> CheckedSql | Violations:
    """Each round reads what the last one printed. The first reads the writer's text; what runs was read by a later."""
    limit_added, text, executed = False, sql, ""
    fenced, standing = frozenset[str](), dict[str, TableView]()
    for _ in range(_MAX_ROUNDS):
        statement = Statement(text, dialect, views.catalogue, policy.limits, executed, standing)
        for rule in RULES:
            violations = rule(statement)
            if violations:
                return Violations(tuple(violations))
        limit_added = limit_added or statement.limit_added
        settled = bool(executed) and statement.rendered == text
        if not settled:  # what is written the same can fail in the same way
            fenced = fenced_tables(statement, policy.rows.keys())
        constant = failing_constant(statement) if fenced else None
        if constant is not None:
            return Violations((_constant_violation(statement, constant),))
        needed = views.reading(statement.tables, statement.columns, fenced)
        if settled and needed == standing:
            return _checked(statement, policy, limit_added=limit_added)
        text, standing = statement.rendered, needed
        executed = executed_text(statement, standing)
    return _unjudged("not_settled", _NOT_SETTLED)


def _constant_violation(statement: Statement, constant: exp.Expr) -> Violation:
    fragment = statement.fragment(constant)
    message = "The query holds a constant that has to be computed, which your role may not use here."
    return Violation("constant", fragment, message, f"Write the value of {fragment} instead of computing it.")


def _checked(statement: Statement, policy: Policy, *, limit_added: bool) -> CheckedSql:
    tree: exp.Expr = statement.tree
    return CheckedSql(
        _MINT,
        tree=tree,
        sql=statement.text,
        executed=statement.executed,
        mask_key=policy.mask_key if policy.masks else "",
        dialect=statement.dialect.name,
        tables=tuple(sorted(statement.tables)),
        row_filtered=tuple(sorted(statement.tables & policy.rows.keys())),
        columns=tuple(sorted(statement.columns)),
        outputs=output_columns(statement),
        row_limit=policy.limits.rows,
        limit_added=limit_added,
        seconds=policy.limits.seconds,
        result_bytes=policy.limits.result_bytes,
        billed_bytes=policy.limits.refuse_above.bytes,
        policy=policy.fingerprint,
    )
