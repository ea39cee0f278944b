"""Suites come from anywhere: whatever a file holds, it is read, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.cases.load import load_suite
from evals.cases.source import MAX_DEPTH, MAX_FILE_BYTES
from evals.errors import SuiteInvalid

BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {k0: 1}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join([f'*{chr(97 + n)}'] * 9)}], k{n + 1}: 1}}\n" for n in range(9)
)
FILES = {
    "nothing": (b"", "expected keys with values, found nothing"),
    "a list at the top": (b"- id: one\n", "the list of its cases stands under the key “cases”"),
    "a word": (b"hello", 'expected keys with values, found "hello"'),
    "no case": (b"cases: []", "cases: a suite needs a case, found an empty list"),
    "no case yet": (b"name: x\ncases:\n", "line 2, cases: a suite needs a case, and there is none yet"),
    "cases that are none": (b"cases: 3", "expected a list, found 3"),
    "cases with names": (b"cases: {one: {question: x}}", "expected a list, found keys with values"),
    "a case that is a word": (b"cases: [x]", 'line 1, case 1: expected keys with values, found "x"'),
    "Latin text": ("name: Käse".encode("latin-1"), "it is not UTF-8 text"),
    "UTF-16": ("cases: []".encode("utf-16"), "it is not UTF-8 text"),
    "control characters": (b"name: \x00\x01", "not valid YAML"),
    "two documents": (b"cases: []\n---\ncases: []\n", "found another document"),
    "aliases of aliases": (BOMB.encode(), "larger than any suite, with what its aliases stand for at line"),
    "merges of merges": (MERGED.encode(), "larger than any suite"),
    "what holds itself": (b"cases: &a [*a]", "an alias of nothing before it, or of what it stands in at line 1"),
    "an alias of nothing": (b"cases: *b", "an alias of nothing before it"),
    "deep lists": (b"cases: " + b"[" * 100_000, f"nested more than {MAX_DEPTH} levels deep"),
    "deep keys": (b"{a: " * 100_000, f"nested more than {MAX_DEPTH} levels deep"),
    "a tag that builds": (b"!!python/object/apply:os.system [true]", "could not determine a constructor"),
    "a tag of a day": (b"cases: !!timestamp x", "not what YAML takes it for"),
    "a tag of a number": (b"cases: !!int x", "not what YAML takes it for"),
    "the 30th of February": (b"as_of: 2026-02-30\ncases: []", "not what YAML takes it for"),
    "a moment for a day": (b"as_of: 2026-06-30 10:00:00\ncases: []", "as_of must be a day like"),
    "a number of many digits": (b"decimals: " + b"9" * 10_000, "not what YAML takes it for"),
    "a long hexadecimal number": (b"name: 0x" + b"f" * 10_000 + b"\ncases: [x]", "found a number"),
    "a key that is a list": (b"? [a]\n: b\n", "unhashable key"),
    "a key that is a day": (b"2026-01-01: b\ncases: [x]", "expected keys with values"),
    "an endless factor": (
        b"cases: [{id: a, question: x, sql: x, accept_scale: .inf}]",
        "accept_scale: Input should be a finite number",
    ),
    "a set of golds": (b"cases: [{id: a, question: x, sql: !!set {a, b}}]", "sql: expected text, found a"),
    "golds of no kind": (b"cases: [{id: a, question: x, sql: {sqlite: {a: b}}}]", "expected text, found keys with"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_in_a_sentence(name: str, tmp_path: Path) -> None:
    content, expected = FILES[name]
    path = tmp_path / "suite.yaml"
    path.write_bytes(content)
    with pytest.raises(SuiteInvalid) as caught:
        load_suite(path)
    assert expected in caught.value.user_message
    assert len(caught.value.user_message) < 2_000


def test_a_folder_and_a_device_end_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid, match="cannot be read: IsADirectoryError"):
        load_suite(tmp_path)
    with pytest.raises(SuiteInvalid, match="cannot be read: ValueError"):
        load_suite(Path("a\0b"))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(SuiteInvalid, match="larger than 50,000,000 bytes"):
        load_suite(path)


def test_an_anchor_may_be_used_for_what_it_is_good_for(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "cases:\n"
        "  - &first {id: a, question: x, sql: SELECT 1, tags: &tags [count]}\n"
        "  - {<<: *first, id: b}\n"
        "  - {id: c, question: z, sql: SELECT 2, tags: *tags}\n"
    )
    assert [(case.question, case.tags) for case in load_suite(path).cases] == [
        ("x", ("count",)),
        ("x", ("count",)),
        ("z", ("count",)),
    ]


def test_thousands_of_cases_are_read(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    case = (
        "  - id: case-{0}\n    question: How many {0}?\n    tags: [count]\n    sql: SELECT {0} AS n\n    columns: [n]\n"
    )
    path.write_text("cases:\n" + "".join(case.format(number) for number in range(3_000)))
    assert len(load_suite(path).cases) == 3_000


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["id", "question", "kind", "tags", "sql", "columns", "order", "order_by", "attributes", "as_of", "turns", "model"]
)


@given(cases=st.lists(st.dictionaries(KEYS, VALUES, max_size=6) | VALUES, max_size=3), other=VALUES)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_there_is_read_or_refused(
    cases: list[object], other: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import yaml

    path = tmp_path_factory.getbasetemp() / "any-suite.yaml"
    path.write_text(yaml.safe_dump({"cases": cases, "decimals": other}), encoding="utf-8", errors="replace")
    try:
        load_suite(path)
    except SuiteInvalid as error:
        assert error.user_message
