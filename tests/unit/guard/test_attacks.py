"""Whole statements that must not pass, whichever rule stops them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.violation import Violations

FIXTURES = Path(__file__).parents[2] / "fixtures" / "guard"
CORPUS = os.environ.get("NL2SQL_GUARD_CORPUS", "")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="NL2SQL_GUARD_CORPUS names no folder with attacks.jsonl")


def attacks() -> Iterator[tuple[str, str]]:
    for line in (FIXTURES / "attacks.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            dialect, _, sql = line.partition(": ")
            yield dialect, sql


@pytest.mark.parametrize(("dialect", "sql"), list(attacks()))
def test_an_attack_is_refused(dialect: str, sql: str, guard) -> None:
    verdict = guard(sql, dialect)
    assert isinstance(verdict, Violations), verdict.sql
    assert verdict.items[0].code not in ("unjudged", "unknown_dialect")
    assert verdict.message
    assert all(len(each.fragment) <= 200 for each in verdict.items)


def corpus(name: str) -> list[dict[str, str]]:
    lines = (Path(CORPUS) / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@needs_corpus
def test_every_attack_of_the_corpus_is_refused(guard) -> None:
    passed = [each["id"] for each in corpus("attacks") if isinstance(guard(each["sql"], each["dialect"]), CheckedSql)]
    assert passed == []


@needs_corpus
@pytest.mark.parametrize("name", ["benign", "neutralise"])
def test_every_honest_statement_of_the_corpus_is_accepted(name: str, guard) -> None:
    verdicts = {each["id"]: guard(each["sql"], each["dialect"]) for each in corpus(name)}
    assert {key: verdict for key, verdict in verdicts.items() if isinstance(verdict, Violations)} == {}
