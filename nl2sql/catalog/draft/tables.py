"""One table → a dataset of the format, with what its columns' names and a sample of its rows suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nl2sql.catalog.dialects import is_plain
from nl2sql.catalog.draft import guesses
from nl2sql.catalog.draft.naming import Naming, identifier, unique_name
from nl2sql.catalog.facts import ColumnFacts, LiveDatabase, TableFacts
from nl2sql.catalog.model import DataType
from nl2sql.catalog.normalise import plural

SAMPLE_ROWS = 5_000
_LISTED = 6
# The date that says when a row came to be, the likeliest first; those of the second set never date a row.
_DATING = ("{one} date", "{one} time", "date", "time", "created at", "created", "creation date", "created date")
_NEVER = frozenset("deleted end ends ended expiry expires expiration due birth verified".split())
_AUDIT = frozenset({"updated", "modified", "changed"})
_LABELS = ("name", "title", "{one} name", "{one} title", "label", "username", "user name", "display name", "symbol")
_RESERVED = frozenset(
    "all and any as asc between by case cast check column create cross current date default delete desc distinct drop"
    " else end exists false for foreign from full grant group having in index inner insert interval into is join key"
    " left like limit not null of offset on or order outer over partition primary range references right row rows"
    " select set table then time timestamp to true union unique update user using values when where window with"
    " year".split()
)


@dataclass(frozen=True, slots=True)
class FieldDraft:
    name: str
    column: str
    words: str
    datatype: DataType
    purpose: guesses.Purpose
    private: str = ""
    values: tuple[str, ...] = ()
    format: str = "number"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class DatasetDraft:
    name: str
    one: str
    table: TableFacts
    fields: tuple[FieldDraft, ...]
    time_field: str = ""
    label_field: str = ""
    amount_field: str = ""
    notes: tuple[str, ...] = field(default=())

    def qualified(self, column: str) -> str:
        return f"{self.name}.{expression(column)}"


def expression(column: str) -> str:
    if is_plain(column) and "." not in column and column.lower() not in _RESERVED:
        return column
    return '"' + column.replace('"', '""') + '"'


def dataset_name(table: str, naming: Naming, taken: Sequence[str]) -> str:
    if is_plain(table) and table.lower() not in _RESERVED:
        return unique_name(table, taken)
    return unique_name(identifier(plural(naming.one(table))), taken)


def draft_dataset(
    database: LiveDatabase, table: TableFacts, name: str, naming: Naming, pointing: Sequence[str]
) -> DatasetDraft:
    """`pointing` are the columns that point to another table. No column that looks private is read."""
    one = naming.one(table.name)
    said = {each.name: naming.column(table.name, each.name) for each in table.columns}
    private = {
        each.name: guesses.sensitivity(said[each.name], each.datatype)
        for each in table.columns
        if each.name not in pointing and each.name not in table.primary_key
    }
    read = [each.name for each in table.columns if not private.get(each.name) and each.datatype is not DataType.OPAQUE]
    rows = database.sample(table.name, read, SAMPLE_ROWS)
    cells = zip(read, zip(*rows, strict=True), strict=bool(rows))
    values = {column: [value for value in each if value is not None] for column, each in cells}
    ids = [key[0] for key in table.unique_keys if len(key) == 1 and key[0].endswith("id")]
    keys = {*table.primary_key, *pointing, *ids}
    fields: list[FieldDraft] = []
    for column in table.columns:
        made = _field(database, table, column, said[column.name], values.get(column.name, []), column.name in keys)
        taken = [each.name for each in fields]
        own = column.name if is_plain(column.name) else identifier(made.words)
        fields.append(replace(made, name=unique_name(own, taken), private=private.get(column.name, "")))
    return _with_roles(DatasetDraft(name, one, table, tuple(fields)))


def _field(
    database: LiveDatabase, table: TableFacts, column: ColumnFacts, words: str, values: Sequence[Any], is_key: bool
) -> FieldDraft:
    datatype = column.datatype
    if database.dialect == "sqlite" and datatype is DataType.STRING:
        datatype = guesses.written_time(values) or datatype
    purpose = guesses.purpose_of(words, datatype, is_key, values)
    told: tuple[str, ...] = ()
    if purpose == "category":
        all_values = database.distinct(table.name, column.name, guesses.MOST_VALUES + 1)
        known = sorted({str(v) for v in (all_values if all_values is not None else values)})
        told = tuple(known) if len(known) <= guesses.MOST_VALUES else ()
        purpose = "category" if told else "name"
    shown = guesses.number_format(words, values) if purpose in ("sum", "average") else ("number", "")
    return FieldDraft(column.name, column.name, words, datatype, purpose, "", told, *shown)


def _with_roles(made: DatasetDraft) -> DatasetDraft:
    times = [f for f in made.fields if f.purpose == "time" and not f.private and f.datatype is not DataType.TIME]
    own = [f for f in times if not (_NEVER | _AUDIT).intersection(f.words.split())] or times
    dated = _first(own, _DATING, made.one) or (own[0].name if len(own) == 1 else "")
    named = [f for f in made.fields if f.datatype is DataType.STRING and not f.private]
    label = _first(named, _LABELS, made.one) or next((f.name for f in named if f.words.endswith(" name")), "")
    sums = [f for f in made.fields if f.purpose == "sum" and not f.private]
    amount = next((f.name for f in sums if f.format == "money"), sums[0].name if sums else "")
    notes = []
    if len(times) > 1 and not dated:
        names = ", ".join(f.name for f in times)
        notes.append(f"{made.name} has several dates ({names}): say in time_field which one dates a row.")
    if not label:
        notes.append(f"{made.name} has no field that names a row: say in label_field which one does, if one does.")
    return replace(made, time_field=dated, label_field=label, amount_field=amount, notes=tuple(notes))


def _first(fields: Sequence[FieldDraft], patterns: Sequence[str], one: str) -> str:
    for pattern in patterns:
        for each in fields:
            if each.words == pattern.format(one=one):
                return each.name
    return ""


def dataset_shape(made: DatasetDraft, naming: Naming) -> Mapping[str, Any]:
    """As the format has it."""
    table = made.table
    shape: dict[str, Any] = {"name": made.name, "source": table.name}
    if table.primary_key:
        shape["primary_key"] = list(table.primary_key)
    if table.unique_keys:
        shape["unique_keys"] = [list(key) for key in table.unique_keys]
    if table.comment:
        shape["description"] = table.comment
    synonyms = [word for word in dict.fromkeys([made.one, naming.table(table.name)]) if word != made.name]
    if synonyms:
        shape["ai_context"] = {"synonyms": synonyms}
    shape["custom_extensions"] = [{"vendor_name": "NL2SQL", "data": _dataset_extension(made)}]
    shape["fields"] = [_field_shape(each, made) for each in made.fields]
    return shape


def _dataset_extension(made: DatasetDraft) -> Mapping[str, Any]:
    shown: list[str] = [f.name for f in made.fields if f.column in made.table.primary_key]
    shown += [name for name in (made.label_field,) if name]
    shown += [f.name for f in made.fields if f.purpose == "category"][:2]
    shown += [name for name in (made.amount_field, made.time_field) if name]
    flags = [f for f in made.fields if f.purpose == "flag" and not f.private]
    data = {
        "label": plural(made.one),
        "label_field": made.label_field,
        "time_field": made.time_field,
        "amount_field": made.amount_field,
        "list_fields": list(dict.fromkeys(shown))[:_LISTED],
        "filters": [shape for flag in flags for shape in _flag_filters(flag, made)],
    }
    return {key: value for key, value in data.items() if value}


def _flag_filters(flag: FieldDraft, made: DatasetDraft) -> list[Mapping[str, Any]]:
    """Both sides of a flag: active and not active for is_active, with and without children for has_children."""
    first, _, rest = flag.words.partition(" ")
    yes, no = {
        "is": (rest, f"not {rest}"),
        "was": (rest, f"not {rest}"),
        "has": (f"with {rest}", f"without {rest}"),
    }.get(first if rest else "", (flag.words, f"not {flag.words}"))
    column = made.qualified(flag.column)
    true, false = ("TRUE", "FALSE") if flag.datatype is DataType.BOOLEAN else ("1", "0")
    return [
        {"name": yes, "expression": f"{column} = {true}"},
        {"name": no, "expression": f"{column} = {false}"},
    ]


def _field_shape(each: FieldDraft, made: DatasetDraft) -> Mapping[str, Any]:
    shape: dict[str, Any] = {
        "name": each.name,
        "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": expression(each.column)}]},
    }
    if each.purpose == "time" and (each.private or _AUDIT.intersection(each.words.split())):
        shape["dimension"] = {"is_time": False}
    if each.datatype is not DataType.OPAQUE:
        shape["datatype"] = str(each.datatype)
    label = f"{made.one} {each.words}" if each.words in ("id", "name", "code", "key") else each.words
    if label != each.name:
        shape["label"] = label
    column = made.table.column(each.column)
    if column is not None and column.comment:
        shape["description"] = column.comment
    data = _field_extension(each)
    if data:
        shape["custom_extensions"] = [{"vendor_name": "NL2SQL", "data": data}]
    return shape


def _field_extension(each: FieldDraft) -> Mapping[str, Any]:
    if each.private:
        return {"sensitive": True}
    values = [_value(v) for v in each.values]
    data = {
        "values": values,
        "indexed": each.purpose == "name" or None,
        "unit": each.unit,
        "format": each.format if each.format != "number" else "",
        "aggregation": {"sum": "sum", "average": "avg"}.get(each.purpose, ""),
    }
    return {key: value for key, value in data.items() if value}


def _value(value: str) -> Mapping[str, Any]:
    spelled = " ".join(value.replace("_", " ").split()).lower()
    return {"value": value, "synonyms": [spelled] if "_" in value and spelled else []}
