"""Whole statements: attacks must not pass, whichever rule stops them; honest statements must."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.corpus import CorpusLine, package_corpus, read_corpus, verdict_on
from nl2sql.guard.policy_file import default_policy
from nl2sql.guard.violation import Violations

CORPUS = os.environ.get("NL2SQL_GUARD_CORPUS", "")
needs_corpus = pytest.mark.skipif(not CORPUS, reason="NL2SQL_GUARD_CORPUS names no folder with attacks.jsonl")
# Refusals that say nothing about the statement: an attack must be refused for what it is.
EMPTY_REASONS = {"unjudged", "unknown_dialect", "not_settled", "policy"}


@pytest.fixture(scope="module")
def auction(repository: Path) -> SemanticModel:
    return load_model(repository / "schema" / "auction" / "model.yaml")


def verdict(line: CorpusLine, model: SemanticModel) -> CheckedSql | Violations:
    return verdict_on(line.sql, model, default_policy(model), line.dialect)


@pytest.mark.parametrize("line", package_corpus("attacks"), ids=lambda line: line.id)
def test_an_attack_is_refused(line: CorpusLine, auction: SemanticModel) -> None:
    said = verdict(line, auction)
    assert isinstance(said, Violations), said.executed
    assert said.items[0].code not in EMPTY_REASONS
    assert said.message
    assert all(len(each.fragment) <= 200 for each in said.items)


@pytest.mark.parametrize("line", [*package_corpus("benign"), *package_corpus("row_filters")], ids=lambda line: line.id)
def test_an_honest_statement_is_accepted(line: CorpusLine, auction: SemanticModel) -> None:
    said = verdict(line, auction)
    assert isinstance(said, CheckedSql), said
    assert not {"users.email", "users.password_hash", "users.full_name", "listings.reserve_price"} & set(said.columns)


@needs_corpus
def test_every_attack_of_the_corpus_is_refused(guard) -> None:
    lines = read_corpus(Path(CORPUS) / "attacks.jsonl")
    assert [each.id for each in lines if isinstance(guard(each.sql, each.dialect), CheckedSql)] == []


@needs_corpus
@pytest.mark.parametrize("name", ["benign", "neutralise"])
def test_every_honest_statement_of_the_corpus_is_accepted(name: str, guard) -> None:
    verdicts = {each.id: guard(each.sql, each.dialect) for each in read_corpus(Path(CORPUS) / f"{name}.jsonl")}
    assert {key: said for key, said in verdicts.items() if isinstance(said, Violations)} == {}
