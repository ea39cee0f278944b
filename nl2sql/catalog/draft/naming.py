"""Names of tables and columns → the words people say: cust_id is a customer id, sbTxAmt a transaction amount."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from nl2sql.catalog.facts import TableFacts
from nl2sql.catalog.normalise import folded, singular

ABBREVIATIONS: Mapping[str, str] = MappingProxyType(
    {
        "acc": "account",
        "acct": "account",
        "addr": "address",
        "amt": "amount",
        "avg": "average",
        "bal": "balance",
        "cat": "category",
        "cnt": "count",
        "cust": "customer",
        "dept": "department",
        "desc": "description",
        "dob": "date of birth",
        "doc": "document",
        "dt": "date",
        "emp": "employee",
        "fname": "first name",
        "freq": "frequency",
        "inv": "invoice",
        "lang": "language",
        "lname": "last name",
        "loc": "location",
        "mgr": "manager",
        "msg": "message",
        "nbr": "number",
        "num": "number",
        "ord": "order",
        "org": "organisation",
        "pct": "percent",
        "pmt": "payment",
        "prd": "product",
        "prod": "product",
        "pub": "publication",
        "qty": "quantity",
        "ref": "reference",
        "src": "source",
        "tel": "telephone",
        "trx": "transaction",
        "ts": "time",
        "tx": "transaction",
        "txn": "transaction",
        "usr": "user",
        "val": "value",
        "yr": "year",
    }
)
# Parts of names that are written in one: postalcode, joindate, isactive.
_COMMON = frozenset(
    "active address amount annual birth city class code cost count country created date day description email end"
    " first flag group has id is join key last level line month monthly name number open order owner paid parent"
    " payment phone postal price rate sale score start state status sub symbol tax ticker time title total transaction"
    " type unit updated user value weekly year zip".split()
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
# A shorter run of equal letters at the start of names says nothing; of a longer one it is a word.
_PREFIX_LENGTHS = range(2, 4)
_ENOUGH_TABLES = 3


class Naming:
    """The words of every table and column of one database, in lower case, abbreviations spelled out."""

    def __init__(self, tables: Sequence[TableFacts]) -> None:
        self._prefix = shared_prefix([each.name for each in tables])
        parts = {part for each in tables for part in _split(each.name.removeprefix(self._prefix))}
        self._known = _COMMON | frozenset(ABBREVIATIONS) | {w for part in parts for w in (part, singular(part))}
        self._columns = {each.name: self._column_prefix(each) for each in tables}

    def table(self, name: str) -> str:
        """“order items” for order_items."""
        return self._said(name.removeprefix(self._prefix) or name)

    def one(self, table: str) -> str:
        """“order item” for order_items."""
        head, space, last = self.table(table).rpartition(" ")
        return head + space + singular(last)

    def column(self, table: str, name: str) -> str:
        rest = name[len(self._columns.get(table, "")) :]
        return self._said(rest or name)

    def _said(self, name: str) -> str:
        words = [word for part in _split(name) for word in self._apart(part)]
        return " ".join(ABBREVIATIONS.get(word, word) for word in words) or folded(name) or name

    def _apart(self, part: str) -> list[str]:
        """The parts of a word that is written in one where all of them are known, else the word."""
        if part in self._known or len(part) < 5:
            return [part]
        ends: dict[int, list[str]] = {0: []}
        for end in range(2, len(part) + 1):
            for start in range(end - 1):
                if start in ends and part[start:end] in self._known:
                    ends[end] = [*ends[start], part[start:end]]
                    break
        return ends.get(len(part), [part])

    def _column_prefix(self, table: TableFacts) -> str:
        """What all columns of a table begin with: its own short name, as sbTx in a table sbTransaction."""
        names = [each.name for each in table.columns]
        shared = _common_start(names)
        if len(names) < _ENOUGH_TABLES or not self._prefix or not shared.startswith(self._prefix):
            return ""
        return shared if all(len(name) > len(shared) for name in names) else self._prefix


def shared_prefix(names: Sequence[str]) -> str:
    """A mark that all tables of a database carry: sb, t_, dim_ is none of all."""
    shared = _common_start(names)
    if "_" in shared:
        shared = shared[: shared.rindex("_") + 1]
    is_mark = len(shared.rstrip("_")) in _PREFIX_LENGTHS or shared.endswith("_")
    rest = [name[len(shared) :] for name in names]
    return shared if is_mark and len(names) >= _ENOUGH_TABLES and all(len(each) > 2 for each in rest) else ""


def _common_start(names: Sequence[str]) -> str:
    """Letter by letter."""
    if not names:
        return ""
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same]


def _split(name: str) -> list[str]:
    return [part.lower() for part in _CAMEL.findall(name)]


def identifier(words: str) -> str:
    """A name for an object of the model."""
    return "_".join(folded(words).split()) or "unnamed"


def unique_name(wanted: str, taken: Iterable[str]) -> str:
    used, number, name = set(taken), 2, wanted
    while name in used:
        name = f"{wanted}_{number}"
        number += 1
    return name
