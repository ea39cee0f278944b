"""Each rule finds what it is for, at its line, and nothing in a model that is in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.catalog.facts import TableFacts
from nl2sql.catalog.lint.base import Finding
from nl2sql.catalog.lint.run import RULES, lint_file
from nl2sql.catalog.model import DataType
from nl2sql.errors import ModelInvalid
from tests.unit.catalog.live import DECIMAL, INTEGER, STRING, table

GOOD = """\
version: "0.2.0.dev0"
semantic_model:
- name: shop
  datasets:
  - name: orders
    source: orders
    primary_key: [id]
    custom_extensions:
    - vendor_name: NL2SQL
      data: |
        {"time_field": "ordered_on", "rows": "orders.amount > 0",
         "filters": [{"name": "big", "expression": "orders.amount > 9"}]}
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: amount, expression: {dialects: [{dialect: ANSI_SQL, expression: amount}]}, datatype: Decimal}
    - {name: ordered_on, expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_on}]}, datatype: Date}
    - name: state
      expression: {dialects: [{dialect: ANSI_SQL, expression: state}]}
      datatype: String
      custom_extensions:
      - {vendor_name: NL2SQL, data: '{"values": [{"value": "open"}, {"value": "paid", "synonyms": ["settled"]}]}'}
  - name: customers
    source: customers
    primary_key: [id]
    ai_context: {synonyms: [buyer]}
    custom_extensions: [{vendor_name: NL2SQL, data: '{"label_field": "name"}'}]
    fields:
    - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}, datatype: Integer}
    - {name: name, expression: {dialects: [{dialect: ANSI_SQL, expression: name}]}, datatype: String}
    - name: mood
      expression: {dialects: [{dialect: ANSI_SQL, expression: mood}]}
      custom_extensions: [{vendor_name: NL2SQL, data: '{"values": [{"value": "glad"}]}'}]
  - name: weather
    source: weather
    fields:
    - {name: rain, expression: {dialects: [{dialect: ANSI_SQL, expression: rain}]}, datatype: Float}
    - {name: joined_on, expression: {dialects: [{dialect: ANSI_SQL, expression: joined_on}]}, datatype: Date}
  relationships:
  - {name: order_customer, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
  metrics:
  - name: turnover
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount)}]}
  - name: per_customer
    expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount) / COUNT(DISTINCT customers.id)}]}
"""
SECOND = "\n  - {name: order_payer, from: orders, to: customers, from_columns: [payer_id], to_columns: [id]}"
FIRST = "from_columns: [customer_id], to_columns: [id]}"

# What is replaced by what; the rule's code, the level, the line and words of the message.
BROKEN = [
    (
        "to_columns: [id]",
        "to_columns: [name]",
        "not_a_key",
        "error",
        "relationship",
        "joins to customers (name), which is no key",
    ),
    ("    primary_key: [id]\n    ai_", "    ai_", "no_key", "error", "customers", "customers has no primary_key"),
    ("to: customers", "to: orders", "circle", "error", "relationship", "none has a role: order_customer"),
    (
        "SUM(orders.amount)}",
        "SUM(orders.amunt)}",
        "unknown_column",
        "error",
        "turnover expression",
        "reads orders.amunt, a column that",
    ),
    (
        "SUM(orders.amount)}",
        "SUM(amount)}",
        "unknown_column",
        "error",
        "turnover expression",
        "amount of no dataset: write dataset.amount",
    ),
    (
        "orders.amount > 9",
        "orders.size > 9",
        "unknown_column",
        "error",
        "extension",
        "the filter “big” of orders reads orders.size",
    ),
    ("orders.amount > 0", "amoun > 0", "unknown_column", "error", "extension", "rows of orders reads orders.amoun"),
    (
        "expression: rain}",
        "expression: SUM(rain)}",
        "aggregate",
        "error",
        "rain",
        "the field weather.rain has an aggregate",
    ),
    (
        "SUM(orders.amount)}",
        "orders.amount}",
        "no_aggregate",
        "error",
        "turnover expression",
        "turnover sums up nothing",
    ),
    (
        "COUNT(DISTINCT customers.id)",
        "SUM(weather.rain)",
        "unreachable",
        "error",
        "per_customer expression",
        "which no relationships connect",
    ),
    (
        "DISTINCT customers.id",
        "DISTINCT visits.id",
        "broken",
        "error",
        "per_customer expression",
        "“visits.id” names no dataset",
    ),
    (
        "to_columns: [id]",
        "to_column: [id]",
        "format",
        "error",
        "relationship",
        "the key “to_columns” is missing",
    ),
    (FIRST, FIRST + SECOND, "no_role", "warning", "relationship", "without a role is order_customer, order_payer"),
    ('"time_field": "ordered_on", ', "", "", "", "", ""),
    (
        "expression: rain}]}, datatype: Float",
        "expression: rain}]}, datatype: Date",
        "no_time_field",
        "warning",
        "weather",
        "weather",
    ),
    ('{"label_field": "name"}', "{}", "no_label_field", "warning", "customers", "customers has no label_field"),
    ("source: weather", "source: SELECT 1 AS rain", "query_source", "warning", "weather", "a view called weather"),
    (
        "synonyms: [buyer]",
        "synonyms: [order]",
        "several_meanings",
        "warning",
        "customers",
        "dataset orders or dataset customers",
    ),
    (
        "name: turnover",
        "name: Buyers",
        "several_meanings",
        "warning",
        "metric",
        "“buyer” may mean dataset customers or metric",
    ),
    (
        "synonyms: [buyer]",
        "synonyms: [Last]",
        "function_word",
        "warning",
        "customers",
        "“Last” is a word for the dataset customers",
    ),
    (
        '["settled"]',
        '["new"]',
        "function_word",
        "warning",
        "state",
        "“new” is a word for the value “paid” of orders.state",
    ),
    (
        '{"value": "glad"}',
        '{"value": "Open"}',
        "shared_values",
        "warning",
        "mood",
        "orders.state and customers.mood share 1",
    ),
    (
        "dialects: [{dialect: ANSI_SQL, expression: rain}]",
        "dialects: [{dialect: MDX, expression: rain}]",
        "left_out",
        "warning",
        "rain",
        "MDX",
    ),
    (
        "dialects: [{dialect: ANSI_SQL, expression: rain}]",
        'dialects: [{dialect: ANSI_SQL, expression: rain}, {dialect: BIGQUERY, expression: "rain(,"}]',
        "dialect",
        "warning",
        "rain",
        "cannot be read as BIGQUERY",
    ),
]


def linted(tmp_path: Path, text: str, tables: tuple[TableFacts, ...] = (), dialect: str = "mysql") -> list[Finding]:
    path = tmp_path / "model.yaml"
    path.write_text(text, encoding="utf-8")
    return lint_file(path, tables, dialect)


# The start of the line that each place of the tests is told at, and how many lines below it that is.
PLACES = {
    "orders": ("  - name: orders", 0),
    "extension": ("    custom_extensions:", 1),
    "state": ("    - name: state", 0),
    "customers": ("  - name: customers", 0),
    "customer id": ("    - {name: name,", -1),
    "customer name": ("    - {name: name,", 0),
    "mood": ("    - name: mood", 0),
    "weather": ("  - name: weather", 0),
    "rain": ("    - {name: rain", 0),
    "joined_on": ("    - {name: joined_on", 0),
    "relationship": ("  - {name: order_customer", 0),
    "metric": ("  metrics:", 1),
    "turnover expression": ("  metrics:", 2),
    "per_customer expression": ("  - name: per_customer", 1),
}


def place_of(finding: Finding, tmp_path: Path) -> str:
    lines = (tmp_path / "model.yaml").read_text().splitlines()
    starts = {
        name: next(i for i, line in enumerate(lines, 1) if line.startswith(start)) + below
        for name, (start, below) in PLACES.items()
    }
    return next((name for name, line in starts.items() if line == finding.line), f"line {finding.line}")


def test_a_model_in_order_has_no_findings(tmp_path: Path) -> None:
    assert linted(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "level", "place", "message"), BROKEN, ids=[f"{b[2] or 'fine'}: {b[1][:40]}" for b in BROKEN]
)
def test_a_rule_finds_what_it_is_for_at_its_line(
    old: str, new: str, code: str, level: str, place: str, message: str, tmp_path: Path
) -> None:
    assert old in GOOD
    found = linted(tmp_path, GOOD.replace(old, new, 1))
    if not code:
        assert found == []
        return
    first = next(f for f in found if f.code == code)
    assert (first.level, place_of(first, tmp_path)) == (level, place)
    assert message in first.message


def test_every_rule_is_broken_by_a_test() -> None:
    codes = {"no_key not_a_key", "circle", "unknown_column", "aggregate no_aggregate", "unreachable fan_out", "dialect"}
    codes |= {
        "no_role",
        "no_time_field no_label_field query_source",
        "several_meanings",
        "function_word",
        "shared_values",
    }
    assert len(RULES) == len(codes)
    assert {code for each in codes for code in each.split()} - {each[2] for each in BROKEN} == {"fan_out"}


def test_a_metric_that_multiplies_rows_is_told(tmp_path: Path) -> None:
    third = """\
  - {name: visit_customer, from: weather, to: customers, from_columns: [customer_id], to_columns: [id]}
  metrics:
"""
    text = GOOD.replace("  metrics:\n", third).replace("COUNT(DISTINCT customers.id)", "SUM(weather.rain)")
    assert [(f.code, f.level) for f in linted(tmp_path, text)] == [("fan_out", "warning")]


def test_all_problems_are_told_and_not_only_the_first(tmp_path: Path) -> None:
    text = GOOD.replace("to: customers", "to: clients").replace("SUM(orders.amount)}", "SUM(}")
    assert [(f.code, place_of(f, tmp_path)) for f in linted(tmp_path, text)] == [
        ("broken", "relationship"),
        ("broken", "turnover expression"),
    ]


def test_a_role_breaks_a_circle(tmp_path: Path) -> None:
    tree = "from_columns: [parent_id], to_columns: [id]"
    with_role = f'{tree}, custom_extensions: [{{vendor_name: NL2SQL, data: \'{{"role": "earlier order"}}\'}}]'
    text = GOOD.replace("to: customers, from_columns: [customer_id], to_columns: [id]", f"to: orders, {with_role}")
    codes = [f.code for f in linted(tmp_path, text)]
    assert "circle" not in codes


def test_stored_values_may_be_any_word(tmp_path: Path) -> None:
    assert linted(tmp_path, GOOD.replace('"value": "open"', '"value": "new"')) == []


def test_a_finding_about_many_names_ten_of_them(tmp_path: Path) -> None:
    mood = GOOD[GOOD.index("    - name: mood") : GOOD.index("  - name: weather")]
    copies = "".join(mood.replace("mood", f"mood_{n}") for n in range(30))
    (finding,) = linted(tmp_path, GOOD.replace(mood, mood + copies))
    assert finding.code == "shared_values" and "and 21 more share 1 of their values" in finding.message


def test_yes_and_no_are_no_values_that_name_anything(tmp_path: Path) -> None:
    text = GOOD.replace('"value": "open"', '"value": "Yes"').replace('"value": "glad"', '"value": "yes"')
    assert linted(tmp_path, text) == []


TABLES = (
    table(
        "Orders",
        {"ID": INTEGER, "amount": DECIMAL, "ordered_on": DataType.DATE, "state": STRING, "customer_id": INTEGER},
    ),
    table("customers", {"id": INTEGER, "name": STRING, "mood": STRING}),
    table("weather", {"rain": DataType.FLOAT, "joined_on": DataType.DATETIME}),
)


def test_a_model_that_fits_its_database_has_no_findings(tmp_path: Path) -> None:
    assert linted(tmp_path, GOOD, TABLES) == []


def without(index: int, *names: str) -> tuple[TableFacts, ...]:
    kept = {c.name: c.datatype for c in TABLES[index].columns if c.name not in names}
    return (*TABLES[:index], table(TABLES[index].name, kept), *TABLES[index + 1 :])


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (TABLES[1:], [("orders", "no_table", "no table orders")]),
        (without(1, "name"), [("customer name", "no_column", "the field customers.name reads name")]),
        (
            without(0, "customer_id"),
            [("relationship", "no_column", "the relationship order_customer reads customer_id")],
        ),
        (
            without(1, "id"),
            [
                ("customers", "no_column", "a key of customers"),
                ("customer id", "no_column", "the field customers.id"),
                ("relationship", "no_column", "the relationship"),
                ("per_customer expression", "no_column", "the metric per_customer"),
            ],
        ),
    ],
)
def test_what_the_database_lacks_is_an_error(
    tables: tuple[TableFacts, ...], expected: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    found = linted(tmp_path, GOOD, tables)
    assert [(place_of(f, tmp_path), f.code) for f in found] == [(place, code) for place, code, _ in expected]
    assert all(words in f.message and f.level == "error" for f, (_, _, words) in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("there", "dialect", "agrees"),
    [
        (DataType.STRING, "mysql", False),
        (DataType.STRING, "sqlite", True),
        (DataType.DATETIME, "mysql", True),
        (DataType.OPAQUE, "mysql", True),
        (DataType.BOOLEAN, "sqlite", False),
    ],
)
def test_a_datatype_that_does_not_agree_is_a_warning(
    there: DataType, dialect: str, agrees: bool, tmp_path: Path
) -> None:
    tables = (*TABLES[:2], table("weather", {"rain": DECIMAL, "joined_on": there}))
    found = linted(tmp_path, GOOD, tables, dialect)
    assert [(f.code, f.level, place_of(f, tmp_path)) for f in found] == (
        [] if agrees else [("datatype", "warning", "joined_on")]
    )


def test_a_file_that_is_no_yaml_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ModelInvalid, match="not valid YAML"):
        linted(tmp_path, "version: [")
    with pytest.raises(ModelInvalid, match="There is no model file"):
        lint_file(tmp_path / "nothing.yaml")


def test_the_auctions_model_has_no_errors(repository: Path) -> None:
    assert [f for f in lint_file(repository / "schema" / "auction" / "model.yaml") if f.level == "error"] == []
