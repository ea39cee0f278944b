"""The same rows give the same Arrow table in every house; where one cannot, its house and docs/databases.md say so."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine
from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.values import SAYINGS, VALUES, Column


def expected(house: House, column: Column) -> tuple[pa.DataType, list[object]]:
    difference = house.differences.get(column.name)
    if difference is None:
        return column.arrow, list(column.values)
    values = column.values if difference.values is None else difference.values
    return difference.arrow or column.arrow, list(values)


@pytest.mark.parametrize("column", VALUES, ids=lambda column: column.name)
def test_a_column_of_each_type_is_the_same_everywhere(house: House, engine: Engine, column: Column) -> None:
    if column not in house.columns():
        assert column.name in house.differences, "a column that is left out needs its reason"
        return
    sql = f"SELECT {column.name} FROM {house.quoted('kinds')} ORDER BY id"
    found = house.ask(engine, sql, (column.name, column.datatype, column.scale)).table.column(0)
    arrow, values = expected(house, column)
    assert (found.type, found.to_pylist()) == (arrow, values)


def test_all_types_together_keep_their_rows(house: House, engine: Engine) -> None:
    columns = house.columns()
    names = ", ".join(column.name for column in columns)
    outputs = [(column.name, column.datatype, column.scale) for column in columns]
    table = house.ask(engine, f"SELECT {names} FROM {house.quoted('kinds')} ORDER BY id DESC", *outputs).table
    assert table.schema == pa.schema([(column.name, expected(house, column)[0]) for column in columns])
    rows = zip(*(expected(house, column)[1] for column in columns), strict=True)
    assert [tuple(row.values()) for row in table.to_pylist()] == list(rows)[::-1]


def test_without_a_known_type_a_value_keeps_what_the_database_says_it_is(house: House, engine: Engine) -> None:
    sql = f"SELECT id, title, id + 0 AS n FROM {house.quoted('items')} WHERE id = 7"
    table = house.ask(engine, sql).table
    assert table.schema.types == [pa.int64(), pa.string(), pa.int64()]
    assert table.to_pylist() == [{"id": 7, "title": "Thing 7%", "n": 7}]


@pytest.mark.parametrize("number", range(len(SAYINGS)))
def test_texts_of_all_scripts_come_back_letter_for_letter(house: House, engine: Engine, number: int) -> None:
    sql = f"SELECT said FROM {house.quoted('sayings')} WHERE id = {number}"
    assert house.ask(engine, sql, ("said", DataType.STRING)).table.column(0).to_pylist() == [SAYINGS[number]]


def test_texts_of_all_scripts_can_be_asked_for(house: House, engine: Engine) -> None:
    """The statement's own text keeps its letters on the way there, too."""
    for number, said in enumerate(SAYINGS):
        if said.isprintable() and said and "'" not in said and "\\" not in said:
            sql = f"SELECT id FROM {house.quoted('sayings')} WHERE said = '{said}'"
            assert house.ask(engine, sql).table.column(0).to_pylist() == [number], said


def test_nul_in_a_text_comes_back_where_the_database_takes_one(house: House, engine: Engine) -> None:
    if house.nul_in_text:
        house.insert("sayings", [(1_000, "a\0b")])
        sql = f"SELECT said FROM {house.quoted('sayings')} WHERE id = 1000"
        assert house.ask(engine, sql, ("said", DataType.STRING)).table.column(0).to_pylist() == ["a\0b"]
    else:
        with pytest.raises(Exception, match=r"(?i)nul"):
            house.insert("sayings", [(1_000, "a\0b")])


def test_an_empty_result_keeps_its_types(house: House, engine: Engine) -> None:
    columns = house.columns()
    names = ", ".join(column.name for column in columns)
    outputs = [(column.name, column.datatype, column.scale) for column in columns]
    table = house.ask(engine, f"SELECT {names} FROM {house.quoted('kinds')} WHERE id < 0", *outputs).table
    assert table.num_rows == 0
    for column in columns:
        if column.datatype is not DataType.OPAQUE and column.name != "unsigned64":  # nothing tells how large they are
            assert table.schema.field(column.name).type == column.arrow, column.name


def test_every_difference_is_one_and_stands_in_the_docs(house: House, repository: Path) -> None:
    docs = " ".join((repository / "docs" / "databases.md").read_text().split())
    columns = {column.name: column for column in VALUES}
    for name, difference in house.differences.items():
        column = columns[name]
        if column in house.columns():
            assert expected(house, column) != (column.arrow, list(column.values)), f"{name} is no different"
        assert difference.reason in docs, difference.reason
