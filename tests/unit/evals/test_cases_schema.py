"""The schema for editors and the loader say the same of a document: both take it, or neither does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from evals.cases.base import FORMER_NAMES, NOT_IN_A_FILE, Case, Dialect, GoldQuery, Grain, Kind, RowsAs, Suite, Ties
from evals.cases.load import GOLD_KEYS, load_suite
from evals.errors import SuiteInvalid

SCHEMA = Path(__file__).parents[3] / "evals" / "suite.schema.json"
ONE = "cases: [{id: a, question: x, sql: s}]"


def _with(keys: str) -> str:
    return f"cases: [{{id: a, question: x, sql: s, {keys}}}]"


def _declined(keys: str) -> str:
    return f"cases: [{{id: a, question: x, kind: unsafe, {keys}}}]"


GOOD = [
    ONE,
    f"name: n\ndescription: d\nmodel: m\ndatabase: d\nas_of: '2026-06-30'\ndialect: duckdb\ndecimals: 0\n{ONE}",
    f"name:\ndescription:\nmodel:\nas_of:\ndialect:\ndecimals:\n{ONE}",
    f"name: 2026\n{ONE}",
    f"role: r\nattributes: {{country: DE, region: 7}}\n{ONE}",
    f"decimals: {{default: 12, note: why}}\n{ONE}",
    "cases: [{id: 17, question: x, sql: s}]",
    "cases: [{id: A_b.c-d, question: x, sql: s}]",
    _with("columns: [n], order: true"),
    _with("columns: n, order: false"),
    _with("required_columns: n, order_by: gold"),
    _with("required_columns: [n, m], order_by: [n, m]"),
    _with("columns: [n], required_columns: null"),
    _with("order_by: [], order: null"),
    _with("tags: count"),
    _with("tags: [any words at all, 2024]"),
    _with("rows: set, decimals: 3, ties: reject, accept_scale: [1, 100], time_grain: week, must_pass: true"),
    _with("rows: null, decimals: null, ties: null, accept_scale: null, time_grain: null, must_pass: null"),
    _with("accept_scale: 100"),
    _with("family: f, turns: [y], role: r, attributes: {a: b}, as_of: '2026-01-01', model: m, database: d, comment: c"),
    _with("turns: y"),
    "cases: [{id: a, question: x, sql: [s, t]}]",
    "cases: [{id: a, question: x, sql: [s, {sql: t, dialect: mysql, required_columns: [n]}]}]",
    "cases: [{id: a, question: x, sql: {sql: s}}]",
    "cases: [{id: a, question: x, sql: {sqlite: s, postgres: [t, u], mysql: v, duckdb: w, bigquery: y}}]",
    _declined("comment: c"),
    _declined("sql: null"),
    _declined("sql: [], columns: [], order: false, rows: bag, ties: any, decimals: null, accept_scale: []"),
    "cases: [{id: a, question: x, sql: s}, {id: b, question: x, kind: ambiguous, twin: a}]",
]
BAD = [
    "",
    "[]",
    "name: n",
    "cases: []",
    "cases: {a: b}",
    "cases: [x]",
    f"{ONE}\nother: 1",
    f"{ONE}\npath: x",
    f"{ONE}\nfingerprint: x",
    f"{ONE}\nname: no name",
    f"{ONE}\nname: -1",
    f"{ONE}\nas_of: yesterday",
    f"{ONE}\nas_of: 7",
    f"{ONE}\ndialect: oracle",
    f"{ONE}\ndecimals: 13",
    f"{ONE}\ndecimals: -1",
    f"{ONE}\ndecimals: two",
    f"{ONE}\ndecimals: true",
    f"{ONE}\ndecimals: {{note: why}}",
    f"{ONE}\ndecimals: {{default: 2, other: 1}}",
    f"{ONE}\nattributes: {{country: no}}",
    f"{ONE}\nattributes: [a]",
    f"{ONE}\nmodel: ''",
    "cases: [{id: a, question: x}]",
    "cases: [{id: a, sql: s}]",
    "cases: [{question: x, sql: s}]",
    "cases: [{id: null, question: x, sql: s}]",
    "cases: [{id: a, question: '', sql: s}]",
    "cases: [{id: a, question: 7, sql: s}]",
    "cases: [{id: a b, question: x, sql: s}]",
    "cases: [{id: a--b, question: x, sql: s}]",
    "cases: [{id: true, question: x, sql: s}]",
    f"cases: [{{id: {'a' * 121}, question: x, sql: s}}]",
    "cases: [{id: a, question: x, sql: ''}]",
    "cases: [{id: a, question: x, sql: []}]",
    "cases: [{id: a, question: x, sql: {}}]",
    "cases: [{id: a, question: x, sql: 7}]",
    "cases: [{id: a, question: x, sql: ['']}]",
    "cases: [{id: a, question: x, sql: [[s]]}]",
    "cases: [{id: a, question: x, sql: {oracle: s}}]",
    "cases: [{id: a, question: x, sql: {sqlite: ''}}]",
    "cases: [{id: a, question: x, sql: {sql: s, required_columns: [n, n]}}]",
    "cases: [{id: a, question: x, sql: {sql: s, other: t}}]",
    "cases: [{id: a, question: x, sql: [{dialect: mysql}]}]",
    _with("kind: dangerous"),
    _with("other: 1"),
    _with("columns: [n], required_columns: [n]"),
    _with("order: true, order_by: gold"),
    _with("required_columns: ['']"),
    _with("required_columns: [n, n]"),
    _with("order_by: [n, n]"),
    _with("order_by: 7"),
    _with("tags: ['']"),
    _with("tags: {a: b}"),
    _with(f"tags: [{'a' * 81}]"),
    _with("rows: list"),
    _with("ties: some"),
    _with("time_grain: hour"),
    _with("accept_scale: [0]"),
    _with("accept_scale: [1, 1]"),
    _with("accept_scale: [x]"),
    _with("must_pass: 1"),
    _with("turns: ['']"),
    _with("family: no name"),
    _with("twin: a"),
    _declined("sql: s"),
    _declined("columns: [n]"),
    _declined("required_columns: n"),
    _declined("order: true"),
    _declined("order_by: gold"),
    _declined("rows: set"),
    _declined("decimals: 0"),
    _declined("ties: reject"),
    _declined("accept_scale: [1]"),
    _declined("time_grain: day"),
]


@pytest.fixture(scope="module")
def schema() -> Any:
    read = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(read)
    return read


def _is_loaded(text: str, tmp_path: Path) -> bool:
    path = tmp_path / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        load_suite(path)
    except SuiteInvalid:
        return False
    return True


@pytest.mark.parametrize("text", GOOD)
def test_both_take_a_good_document(text: str, schema: Any, tmp_path: Path) -> None:
    assert [error.message for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(text))] == []
    assert _is_loaded(text, tmp_path)


@pytest.mark.parametrize("text", BAD)
def test_both_refuse_a_bad_document(text: str, schema: Any, tmp_path: Path) -> None:
    assert not Draft202012Validator(schema).is_valid(yaml.safe_load(text))
    assert not _is_loaded(text, tmp_path)


def test_both_know_the_same_keys_and_words(schema: Any) -> None:
    kinds = schema["$defs"]
    case = kinds["case"]
    assert set(schema["properties"]) == set(Suite.model_fields) - NOT_IN_A_FILE
    assert set(case["properties"]) == set(Case.model_fields) | set(FORMER_NAMES.values())
    assert set(kinds["gold"]["properties"]) == set(GoldQuery.model_fields)
    assert kinds["dialect"]["enum"] == list(get_args(Dialect))
    for key, words in {"kind": Kind, "rows": RowsAs, "ties": Ties, "time_grain": Grain}.items():
        assert case["properties"][key]["enum"] == [*get_args(words), None]
    assert set(case["else"]["properties"]) == {*GOLD_KEYS, *FORMER_NAMES.values()}


def test_every_key_is_described(schema: Any) -> None:
    case = schema["$defs"]["case"]["properties"]
    gold = schema["$defs"]["gold"]["properties"]
    everything = {**schema["properties"], **case, **gold}
    assert [key for key, value in everything.items() if not value["description"].endswith(".")] == []


@pytest.mark.parametrize("path", sorted(SCHEMA.parent.joinpath("suites").rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_suite_of_the_repository_names_the_schema_and_keeps_it(path: Path, schema: Any) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == SCHEMA
    assert [error.message for error in Draft202012Validator(schema).iter_errors(yaml.safe_load(text))] == []
