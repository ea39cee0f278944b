"""Retrieval recall: how often the tables of a gold answer are in the context of its question, and what that costs.

`python -m tests.integration.retrieval.recall [--tables 1000]` prints the figures, and each question that lacks a table.
The ranking was tuned on the first half of the cases alone (by a hash of their ids); both halves are reported.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from zlib import crc32

import sqlglot
from sqlglot import exp

from benches.thousand_tables import thousand_tables
from evals.cases.base import Case
from evals.cases.load import load_suite
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.retrieve import Retriever
from nl2sql.context.visible import visible
from nl2sql.prompt.render import render_within
from nl2sql.prompt.template import PromptTemplate, load_template
from nl2sql.question import Question

ROOT = Path(__file__).parents[3]
AS_OF = date(2026, 6, 30)
TOKENS = 4_000


@dataclass(frozen=True, slots=True)
class Found:
    """`missing` are tables of the gold; seconds for retrieval with what is visible, tokens as they are estimated."""

    case: Case
    context: Context
    missing: frozenset[str]
    tokens: int
    seconds: float

    @property
    def is_held_out(self) -> bool:
        return crc32(self.case.id.encode()) % 2 == 0


@cache
def auction() -> SemanticModel:
    return load_model(ROOT / "schema" / "auction" / "model.yaml")


@cache
def thousand(tables: int = 1_000) -> SemanticModel:
    return thousand_tables(auction(), tables)


@cache
def answerable() -> tuple[Case, ...]:
    suites = (load_suite(ROOT / "evals" / "suites" / "auction" / f"{name}.yaml") for name in ("dev", "smoke"))
    return tuple(case for suite in suites for case in suite.cases if case.sql and not case.must_be_declined)


@cache
def template() -> PromptTemplate:
    newest = max((ROOT / "prompts" / "sql_writer").glob("v*.md"), key=lambda path: int(path.stem[1:]))
    return load_template(ROOT / "prompts", "sql_writer", newest.stem)


def recall_of(model: SemanticModel, retriever: Retriever | None = None, tokens: int = TOKENS) -> Iterator[Found]:
    retrieve = retriever or Retriever()
    for case in answerable():
        question = Question.parse(case.question)
        begun = perf_counter()
        context = retrieve(question, model, "sqlite", AS_OF)
        visible(context)
        seconds = perf_counter() - begun
        prompt, told = render_within(template(), question, context, reply_schema={}, tokens=tokens)
        tables = {model.dataset(name).table for name in told.datasets}
        yield Found(case, told, frozenset(gold_tables(case.sql[0].sql) - tables), prompt.tokens, seconds)


def gold_tables(sql: str) -> set[str]:
    tree = sqlglot.parse_one(sql, read="sqlite")
    return {table.name for table in tree.find_all(exp.Table)} - {each.alias for each in tree.find_all(exp.CTE)}


def share(found: list[Found], held_out: bool | None = None) -> float:
    chosen = [each for each in found if held_out is None or each.is_held_out == held_out]
    return sum(not each.missing for each in chosen) / len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.integration.retrieval.recall")
    parser.add_argument("--tables", type=int, default=1_000)
    tables = parser.parse_args().tables
    for model in (auction(), thousand(tables)):
        found = list(recall_of(model))
        tokens = [each.tokens for each in found]
        sys.stdout.write(
            f"{len(model.datasets):,} datasets: recall {share(found):.1%} of {len(found)} cases"
            f" (tuned on {share(found, False):.1%}, held out {share(found, True):.1%});"
            f" prompt {median(tokens):,.0f} tokens, at most {max(tokens):,};"
            f" retrieved in {median(each.seconds for each in found) * 1e3:.1f} ms\n"
        )
        for each in found:
            if each.missing:
                sys.stdout.write(f"  {each.case.id}: lacks {', '.join(sorted(each.missing))}\n")


if __name__ == "__main__":
    main()
