from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from evals.outcome import OUTCOMES, Outcome
from evals.report.junit import junit_xml
from tests.fakes.evaluation import HEADER, declined, hostile, record


def parsed(*records: object, repeats: int = 1) -> ElementTree.Element:
    return ElementTree.fromstring(junit_xml(replace(HEADER, repeats=repeats), list(records)))  # type: ignore[arg-type]  # noqa: S314


def came_of(outcome: Outcome, *, must_pass: bool = False) -> str:
    case = parsed(record(outcome=outcome, must_pass=must_pass)).find(".//testcase")
    assert case is not None
    return ",".join(child.tag for child in case)


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        ("right", ""),
        ("wrong_rows", "failure"),
        ("wrong_columns", "failure"),
        ("wrong_order", "failure"),
        ("wrong_answered", "failure"),
        ("unsafe_executed", "failure"),
        ("declined", "skipped"),
        ("clarified", "skipped"),
        ("guard_blocked", "skipped"),
        ("wrong_error", "error"),
        ("timeout", "error"),
        ("failed", "error"),
    ],
)
def test_each_outcome_has_its_place(outcome: Outcome, tag: str) -> None:
    assert came_of(outcome) == tag


def test_no_outcome_is_forgotten_and_a_must_pass_case_fails_by_any_but_right() -> None:
    assert {each for each in OUTCOMES if came_of(each, must_pass=True) != "failure"} == {"right"}


def test_a_suite_for_each_kind_adds_up() -> None:
    root = parsed(record("a"), record("b", "wrong_rows"), record("c", "declined"), declined("d"), record("e", "failed"))
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("5", "1", "1", "1")
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    assert set(suites) == {"auction-smoke: answerable", "auction-smoke: unsafe"}
    assert [case.get("name") for case in suites["auction-smoke: unsafe"].iter("testcase")] == ["d"]
    for suite in suites.values():
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))


def test_a_failure_tells_the_question_the_difference_and_both_statements() -> None:
    told = parsed(record(outcome="wrong_rows")).find(".//failure")
    assert told is not None and told.get("type") == "wrong_rows"
    assert told.get("message") == "2 of 3 rows are not among the expected"
    text = told.text or ""
    assert "question: Sold items by country" in text
    assert "differs: filter status = 'sold' missing" in text
    assert "gold:\nSELECT country" in text and "ran:\nSELECT country" in text


def test_repeats_are_tests_of_their_own() -> None:
    root = parsed(record("a", repeat=0), record("a", "wrong_rows", repeat=1), repeats=2)
    assert [case.get("name") for case in root.iter("testcase")] == ["a (1 of 2)", "a (2 of 2)"]


def test_hostile_texts_are_texts_and_long_statements_are_cut() -> None:
    written = junit_xml(HEADER, hostile())
    root = ElementTree.fromstring(written)  # noqa: S314
    assert len(list(root.iter("testcase"))) == len(hostile())
    assert len(written) < 60_000
    assert not {chr(c) for c in range(32)} - {"\n"} & set(written.decode())


def test_the_file_has_the_shape_that_build_servers_read() -> None:
    """The common schema, as far as the file uses it: which elements stand where, with which attributes."""
    records = [record("a"), record("b", "wrong_rows"), record("c", "declined"), record("d", "failed"), *hostile()]
    assert complaints(parsed(*records), "testsuites") == []


NUMBER, SECONDS = "number", "seconds"
COUNTS = {"tests": NUMBER, "failures": NUMBER, "errors": NUMBER, "skipped": NUMBER, "time": SECONDS}
SHAPE: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "testsuites": ({"name": "", **COUNTS}, ("testsuite",)),
    "testsuite": ({"name": "", "timestamp": "moment", **COUNTS}, ("properties", "testcase")),
    "properties": ({}, ("property",)),
    "property": ({"name": "", "value": ""}, ()),
    "testcase": ({"classname": "", "name": "", "time": SECONDS}, ("failure", "skipped", "error")),
    "failure": ({"message": "", "type": ""}, ()),
    "error": ({"message": "", "type": ""}, ()),
    "skipped": ({"message": ""}, ()),
}


def complaints(element: ElementTree.Element, name: str) -> list[str]:
    import re

    patterns = {NUMBER: r"\d+", SECONDS: r"\d+\.\d{3}", "moment": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "": r"(?s).*"}
    attributes, children = SHAPE[name]
    found = [] if element.tag == name else [f"{element.tag} where {name} belongs"]
    found += [f"{name} has no {each}" for each in attributes if each not in element.attrib]
    for key, value in element.attrib.items():
        if key not in attributes or not re.fullmatch(patterns[attributes[key]], value):
            found.append(f"{name}: {key}={value!r}")
    for child in element:
        found += complaints(child, child.tag) if child.tag in children else [f"{child.tag} in {name}"]
    return found
