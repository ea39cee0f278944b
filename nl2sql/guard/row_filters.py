"""The predicate that a policy puts on a table's rows, made ready for one person and one database."""

from __future__ import annotations

from typing import Final

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.dialects import GuardDialect
from nl2sql.guard.physical import PhysicalTable, physical_tables
from nl2sql.guard.policy import AttributeType, Limits, Policy
from nl2sql.guard.rules.bounds import lexical_bounds
from nl2sql.guard.rules.functions import allowed_calls
from nl2sql.guard.rules.nodes import allowed_nodes
from nl2sql.guard.rules.parse import parse_one_statement, reading_root, reading_words, tree_size
from nl2sql.guard.rules.products import no_unbounded_products
from nl2sql.guard.rules.recursion import no_recursion
from nl2sql.guard.rules.resolve import known_names
from nl2sql.guard.rules.spelling import list_lengths, plain_spelling
from nl2sql.guard.rules.tokens import tokenise
from nl2sql.guard.statement import Catalogue, Rule, Statement

# A policy's own predicate may read what its role may not; in every other way it is judged like anybody's SQL.
_RULES: Final[tuple[Rule, ...]] = (
    *(lexical_bounds, tokenise, reading_words, parse_one_statement, reading_root, tree_size, no_recursion),
    *(allowed_nodes, allowed_calls, plain_spelling, list_lengths, known_names, no_unbounded_products),
)
_PATH: Final = ("this", "db", "catalog")
# What an attribute is taken for while the predicate is tried without anybody asking.
_SAMPLES: Final[dict[AttributeType, str]] = {"text": "x", "integer": "1"}


def attributes_in(predicate: str) -> frozenset[str]:
    """Names after `:user.` in the predicate. Raises PolicyInvalid when it is not one."""
    return frozenset(name for _, name in _places(_tree(predicate)))


def try_predicate(model: SemanticModel, policy: Policy, table: str, dialect: GuardDialect) -> None:
    """Raises PolicyInvalid unless the predicate of the table can be used, whoever asks."""
    samples = {name: _SAMPLES[kind] for name, kind in policy.attributes.items()}
    bound_predicate(model, policy.bound_to(samples), table, dialect)


def bound_predicate(model: SemanticModel, policy: Policy, table: str, dialect: GuardDialect) -> str:
    """SQL of the dialect in which every column names its table and every attribute is a value. Raises PolicyInvalid."""
    tree = _tree(policy.rows[table])
    for node, name in _places(tree):
        if name not in policy.values:
            raise PolicyInvalid(f"Which rows of {table} you may see depends on your “{name}”, which is not known.")
        number = policy.attributes.get(name) == "integer"
        value = policy.values[name]
        literal = exp.Literal.number(value) if number else exp.Literal.string(value)
        node.replace(literal)
    tables = physical_tables(model)
    return _judged(tree, tables[table], Catalogue(tables, frozenset()), dialect)


def _judged(predicate: exp.Expr, table: PhysicalTable, catalogue: Catalogue, dialect: GuardDialect) -> str:
    source = exp.Table(**{key: exp.to_identifier(part) for key, part in zip(_PATH, reversed(table.path), strict=False)})
    query = exp.Select(
        expressions=[exp.Literal.number(1)], from_=exp.From(this=source), where=exp.Where(this=predicate)
    )
    try:
        statement = Statement(query.sql(dialect=dialect.grammar), dialect, catalogue, Limits())
        violations = next((found for rule in _RULES if (found := rule(statement))), [])
    except (SqlglotError, RecursionError, ValueError) as error:
        raise PolicyInvalid(f"The rows of {table.name} cannot be written for {dialect.name}.") from error
    if violations:
        raise PolicyInvalid(f"The rows of {table.name}: {violations[0].message}", hint=violations[0].hint)
    return str(statement.tree.args["where"].this.sql(dialect=dialect.grammar, comments=False))


def _tree(predicate: str) -> exp.Expr:
    try:
        tree: exp.Expr = parse_one(f"SELECT 1 WHERE {predicate}").args["where"].this
        return tree
    except (SqlglotError, RecursionError, AttributeError, KeyError) as error:
        raise PolicyInvalid(f"“{predicate[:80]}” is not a condition on rows.") from error


def _places(tree: exp.Expr) -> list[tuple[exp.Dot, str]]:
    """Where `:user.name` stands. Any other placeholder is a mistake."""
    found: list[tuple[exp.Dot, str]] = []
    for node in tree.find_all(exp.Placeholder, exp.Parameter):
        parent = node.parent
        named = isinstance(node, exp.Placeholder) and str(node.this) == "user" and isinstance(parent, exp.Dot)
        if not named or not isinstance(parent, exp.Dot) or not isinstance(parent.expression, exp.Identifier):
            raise PolicyInvalid("Rows can depend on attributes of the user only; write :user.country.")
        found.append((parent, str(parent.expression.this)))
    return found
