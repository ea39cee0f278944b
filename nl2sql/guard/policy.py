"""What a role may see, and within which bounds. Loaded from schema/<model>/policy.yaml."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, Literal

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.physical import physical_tables, sensitive_columns

Mask = Literal["hash", "partial"]
AttributeType = Literal["text", "integer"]

_MAX_ATTRIBUTE_CHARS: Final = 200
# Hashes are comparable within one run of the product only, unless a key of one's own is set.
_PROCESS_KEY: Final = secrets.token_hex(16)


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cost:
    """What a statement may cost by the database's estimate; None: no bound. `price` is in the database's currency."""

    rows: int | None = None  # read, as an optimizer guesses: it can be wrong by orders of magnitude
    bytes: int | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a statement and its result. Each default is generous for analytics and finite for a machine."""

    rows: int = 1_000  # rows returned; more is reported as truncated
    seconds: float = 10.0  # the database is stopped after this
    result_bytes: int = 32_000_000  # about 1,000 rows of 32 kB; more than a page or a download needs
    rows_per_minute: int = 100_000  # returned to one user; a hundred full results are no longer reading
    sql_chars: int = 20_000
    joins: int = 16
    depth: int = 64  # nesting of the syntax tree
    set_operands: int = 16
    in_list: int = 1_000
    # Bytes are estimated only by a database that charges for them: a few cents are not worth a question, and nobody
    # means to read 100 GB for one answer. Rows and price have no default: rows are a guess, and money is the owner's.
    ask_above: Cost = Cost(bytes=10_000_000_000)
    refuse_above: Cost = Cost(bytes=100_000_000_000)


@dataclass(frozen=True, slots=True)
class Policy:
    """What one role may see. Columns are "table.column", tables are physical names, both in lower case.

    - `tables`: what may be asked about; None is everything the model knows.
    - `hidden`: columns no statement may touch. What the model marks sensitive is hidden too, unless `revealed`,
      `masks` or `aggregate_only` names it: a policy made without any names still denies what is sensitive.
    - `masks`: columns that are shown only as a hash or by their first letter.
    - `aggregate_only`: columns that may be summed, averaged and counted, over at least so many rows.
    - `rows`: by table, a predicate that its visible rows satisfy, in ANSI SQL; `:user.country` stands for an attribute
      of whoever asks. `attributes` are these attributes and their types, `values` what they are for one person.
    """

    role: str = "analyst"
    hidden: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    revealed: frozenset[str] = frozenset()
    tables: frozenset[str] | None = None
    masks: Mapping[str, Mask] = field(default_factory=_nothing)
    aggregate_only: Mapping[str, int] = field(default_factory=_nothing)
    rows: Mapping[str, str] = field(default_factory=_nothing)
    attributes: Mapping[str, AttributeType] = field(default_factory=_nothing)
    values: Mapping[str, str] = field(default_factory=_nothing)
    mask_key: str = field(default=_PROCESS_KEY, repr=False)  # secret: mixed into every hash
    fingerprint: str = field(init=False, repr=False, compare=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", f"{self.role}:{hash_of(self)}")

    def bound_to(self, attributes: Mapping[str, str]) -> Policy:
        """This policy for one person. Raises PolicyInvalid when an attribute is missing or not of its type."""
        if not self.attributes:
            return self
        values = {name: _attribute(name, kind, attributes) for name, kind in self.attributes.items()}
        return self if values == self.values else replace(self, values=MappingProxyType(values))


def _attribute(name: str, kind: AttributeType, given: Mapping[str, str]) -> str:
    value = given.get(name)
    advice = f"Whoever administers this product can set the attribute {name}."
    if value is None or not str(value).strip():
        raise PolicyInvalid(f"This role sees the rows of one “{name}”, and your account has none.", hint=advice)
    text = str(value)
    fits = text.removeprefix("-").isdecimal() and text.isascii() and len(text) <= 18 if kind == "integer" else True
    if not fits or len(text) > _MAX_ATTRIBUTE_CHARS or not text.isprintable() or "\\" in text:
        raise PolicyInvalid(f"The attribute “{name}” of your account cannot be used.", hint=advice)
    return text


def hash_of(policy: Policy) -> str:
    """Stable over processes: equal content gives an equal 16-digit hexadecimal text."""
    mappings = (policy.masks, policy.aggregate_only, policy.rows, policy.attributes, policy.values)
    content: tuple[object, ...] = (
        policy.role,
        sorted(policy.hidden),
        sorted(policy.revealed),
        policy.limits,
        None if policy.tables is None else sorted(policy.tables),
        *(sorted(each.items()) for each in mappings),
        policy.mask_key if "hash" in policy.masks.values() else "",
    )
    return sha256(repr(content).encode()).hexdigest()[:16]


def hidden_columns(model: SemanticModel, policy: Policy) -> frozenset[str]:
    """Every physical "table.column" that the policy keeps from its role altogether."""
    shown = policy.revealed | policy.masks.keys() | policy.aggregate_only.keys()
    return policy.hidden | (sensitive_columns(model) - shown)


def unasked_columns(model: SemanticModel, policy: Policy) -> frozenset[str]:
    """Every "table.column" that no writer is told of: what is hidden, what is masked, and all of a closed table."""
    closed = {
        f"{name}.{column}"
        for name, table in physical_tables(model).items()
        if policy.tables is not None and name not in policy.tables
        for column in table.columns
    }
    return hidden_columns(model, policy) | policy.masks.keys() | closed


def private_columns(model: SemanticModel, policy: Policy) -> frozenset[str]:
    """Every "table.column" whose single values are not for the role: they may come from rows that it does not see, or
    the column is only aggregated."""
    tables = physical_tables(model)
    filtered = frozenset(f"{name}.{column}" for name in policy.rows for column in tables[name].columns)
    return filtered | policy.aggregate_only.keys()
