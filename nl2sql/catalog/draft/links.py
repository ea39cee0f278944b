"""Which columns point to which table: as declared, else by names whose values are contained in a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nl2sql.catalog.draft.guesses import IDS
from nl2sql.catalog.draft.naming import Naming
from nl2sql.catalog.facts import ColumnFacts, LiveDatabase, TableFacts
from nl2sql.catalog.model import DataType

# Of so many distinct values at least this share must be in the key: a few strays are rows deleted since.
SAMPLED = 1_000
CONTAINED = 0.95
_ABOVE = frozenset("parent manager supervisor boss referrer superior mother father".split())
_GENERIC = frozenset({"id", "key", "code", "uuid", "guid", "name", "type", "status"})
_MOST_GUESSED_KEYS = 3  # columns of one table that are tried as its key


@dataclass(frozen=True, slots=True)
class Link:
    """`words` is what the columns say of the target without “id” (“seller”); `note` how it was found."""

    source: str
    target: str
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    words: str
    note: str = ""


def with_keys(
    database: LiveDatabase, tables: Sequence[TableFacts], naming: Naming
) -> tuple[list[TableFacts], list[str]]:
    """The tables, those without a declared key with one that their values allow; and sentences about those."""
    done, notes = [], []
    for table in tables:
        guessed = [] if table.is_view else _guessed_keys(database, table, naming)
        if guessed and not table.primary_key:
            notes.append(f"{table.name} declares no primary key; {guessed[0]} has a value of its own in each row.")
            table = replace(table, primary_key=(guessed.pop(0),))
        others = tuple((name,) for name in guessed if (name,) not in table.keys)
        done.append(replace(table, unique_keys=(*table.unique_keys, *others)))
    return done, notes


def _guessed_keys(database: LiveDatabase, table: TableFacts, naming: Naming) -> list[str]:
    """By name first; a name (of a state) is a key where there is no number."""
    one = naming.one(table.name)
    wanted = ("id", "key", "code", f"{one} id", f"{one} key", f"{one} code", f"{one} number", f"{one[0]}id")
    said = [(naming.column(table.name, each.name), each.name) for each in table.columns]
    likely = [name for words, name in said if words in wanted]
    first = [said[0][1]] if said[0][0].endswith("id") else []
    named = [name for words, name in said if words == f"{one} name"] if not table.primary_key else []
    tried = [name for name in dict.fromkeys(likely + first + named) if (name,) not in table.keys]
    return [name for name in tried[:_MOST_GUESSED_KEYS] if database.is_key(table.name, name)]


def find_links(database: LiveDatabase, tables: Sequence[TableFacts], naming: Naming) -> list[Link]:
    by_name = {table.name: table for table in tables}
    return [
        link
        for table in tables
        for link in [*_declared(table, by_name, naming), *_guessed(database, table, tables, naming)]
    ]


def open_ends(tables: Sequence[TableFacts], links: Sequence[Link], naming: Naming) -> list[str]:
    """Sentences about columns that are named as if they pointed to a table, and were not found to."""
    pointing = {(link.source, column) for link in links for column in link.columns}
    return [
        f"{table.name}.{column.name} looks as if it points to a table; none fits by its name and values."
        for table in tables
        for column in table.columns
        if naming.column(table.name, column.name).endswith(" id")
        and (table.name, column.name) not in pointing
        and (column.name,) not in table.keys
    ]


def _declared(table: TableFacts, by_name: Mapping[str, TableFacts], naming: Naming) -> Iterator[Link]:
    for key in table.foreign_keys:
        target = by_name.get(key.table)
        if target is not None and key.target_columns and set(key.target_columns) in map(set, target.keys):
            words = _pointing(naming.column(table.name, key.columns[0])) if len(key.columns) == 1 else ""
            yield Link(table.name, target.name, key.columns, key.target_columns, words or naming.one(target.name))


def _guessed(database: LiveDatabase, table: TableFacts, tables: Sequence[TableFacts], naming: Naming) -> Iterator[Link]:
    declared = {name for key in table.foreign_keys for name in key.columns}
    for column in table.columns:
        if column.name in declared:
            continue
        for target, key in _candidates(table, column, tables, naming):
            count, found = database.contained(table.name, column.name, target.name, key, SAMPLED)
            if count and found >= CONTAINED * count:
                words = _pointing(naming.column(table.name, column.name)) or naming.one(target.name)
                share = "all" if found == count else f"{found:,}"
                where = f"{table.name}.{column.name} → {target.name}.{key}"
                note = f"{where} is guessed: {share} of {count:,} values are there."
                yield Link(table.name, target.name, (column.name,), (key,), words, note)
                break


def _candidates(
    table: TableFacts, column: ColumnFacts, tables: Sequence[TableFacts], naming: Naming
) -> list[tuple[TableFacts, str]]:
    """Tables with a key of one column that the name may mean, the best first."""
    said = naming.column(table.name, column.name)
    stem = _pointing(said)
    is_own_key = table.primary_key == (column.name,)
    ranked: list[tuple[int, TableFacts, str]] = []
    for target in tables:
        for (key,) in (each for each in target.keys if len(each) == 1):
            to = target.column(key)
            if to is None or not _alike(column.datatype, to.datatype):
                continue
            if target.name == table.name:
                if set(stem.split()) & _ABOVE and key != column.name:
                    ranked.append((1, target, key))
                continue
            rank = _rank(said, stem, column.name, key, naming.one(target.name), is_own_key)
            if rank is not None:
                ranked.append((rank, target, key))
    return [(target, key) for _, target, key in sorted(ranked, key=lambda each: each[0])]


def _rank(said: str, stem: str, name: str, key: str, one: str, is_own_key: bool) -> int | None:
    if stem and stem == one:
        return 0
    if is_own_key:  # two tables with the same key: only the one that is named so is pointed to
        return None
    if stem and stem.split()[-1] == one.split()[-1]:
        return 2
    if name.lower() == key.lower() and said not in _GENERIC and name.lower() not in _GENERIC:
        return 3
    return None


def _pointing(words: str) -> str:
    """“seller” of “seller id”; empty for what does not end as ids do. “Manager” alone points too."""
    *head, last = words.split()
    if last in IDS or last in ("number", "ref"):
        return " ".join(head)
    return words if last in _ABOVE else ""


def _alike(one: DataType, other: DataType) -> bool:
    return one is other or (one.is_number and other.is_number)
