"""What a role may see, and within which bounds. Loaded from schema/<model>/policy.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field


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
    """`hidden` holds "table.column" names (lower case) that no statement may touch, in whatever place."""

    role: str = "analyst"
    hidden: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)

    @property
    def fingerprint(self) -> str:
        return f"{self.role}:{hash_of(self)}"


def hash_of(policy: Policy) -> str:
    """Stable over processes: equal content gives an equal 16-digit hexadecimal text."""
    from hashlib import sha256

    text = repr((policy.role, sorted(policy.hidden), policy.limits))
    return sha256(text.encode()).hexdigest()[:16]
