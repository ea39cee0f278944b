"""What a role may see, and within which bounds. Loaded from schema/<model>/policy.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.physical import sensitive_columns


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a statement and its result. Each default is generous for analytics and finite for a machine."""

    rows: int = 1_000  # rows returned; more is reported as truncated
    seconds: float = 10.0  # the database is stopped after this
    result_bytes: int = 32_000_000  # about 1,000 rows of 32 kB; more than a page or a download needs
    sql_chars: int = 20_000
    joins: int = 16
    depth: int = 64  # nesting of the syntax tree
    set_operands: int = 16
    in_list: int = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """`hidden` and `revealed` hold "table.column" names (physical, lower case).

    No statement may touch a hidden column, in whatever place. A column that the model marks sensitive is hidden
    too, unless `revealed` names it: a policy made without any names still denies what is sensitive.
    """

    role: str = "analyst"
    hidden: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    revealed: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        return f"{self.role}:{hash_of(self)}"


def hash_of(policy: Policy) -> str:
    """Stable over processes: equal content gives an equal 16-digit hexadecimal text."""
    text = repr((policy.role, sorted(policy.hidden), sorted(policy.revealed), policy.limits))
    return sha256(text.encode()).hexdigest()[:16]


def hidden_columns(model: SemanticModel, policy: Policy) -> frozenset[str]:
    """Every physical "table.column" the policy keeps from its role."""
    return policy.hidden | (sensitive_columns(model) - policy.revealed)
