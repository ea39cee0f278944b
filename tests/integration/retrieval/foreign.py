"""Retrieval recall on databases that the ranking was not made with, each alone among the tables of a large company.

`NL2SQL_DEFOG=FOLDER python -m tests.integration.retrieval.foreign [--tables 1000] [--values linked] [--lacking]` prints
the figures. FOLDER holds `sqlite_dbs/<database>.db` and `exec_*_sqlite.jsonl` (lines with db, question and variants of
gold). Models are drafted from the databases, by names and values alone; where one was edited by hand, with that too.
What was mended was looked for in one half of the questions (by a hash of their text); both halves are reported.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Literal
from zlib import crc32

from benches.thousand_tables import thousand_tables, wide_tables
from nl2sql.catalog.draft.draft import draft_model
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, Metric, Relationship, SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.context.retrieve import Retriever
from nl2sql.context.secrets import datasets_of
from nl2sql.context.visible import visible
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.introspection.open import open_live
from nl2sql.prompt.render import render_within
from nl2sql.question import Question
from tests.integration.retrieval.gold import Read, lacking_columns, read_of
from tests.integration.retrieval.own_values import OwnValues
from tests.integration.retrieval.recall import AS_OF, ROOT, TOKENS, template

Written = Literal["drafted", "by hand"]
SETS = ("questions_gen", "instruct_basic", "instruct_advanced")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and for each of its accepted answers what that reads."""

    database: str
    text: str
    golds: tuple[Read, ...]

    @property
    def is_held_out(self) -> bool:
        return crc32(self.text.encode()) % 2 == 0


@dataclass(frozen=True, slots=True)
class Found:
    """What is missing of the accepted answer that is nearest to be told: tables, and columns of the tables that are
    there, those apart that the model marks as sensitive. Seconds are for retrieval with what is visible."""

    asked: Asked
    context: Context
    tables: frozenset[str]
    columns: frozenset[str]
    read: int
    tokens: int
    seconds: float


def databases(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "sqlite_dbs").glob("*.db"))


@cache
def questions(folder: Path) -> tuple[Asked, ...]:
    """Each once, those with an accepted answer that reads a table."""
    found: dict[tuple[str, str], Asked] = {}
    for name in SETS:
        for line in (folder / f"exec_{name}_sqlite.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            columns = physical(folder, case["db"])
            golds = [read_of(v["sql"], columns) for v in case["variants"] if v["status"] == "ok"]
            asked = Asked(case["db"], case["question"], tuple(gold for gold in golds if gold.tables))
            if asked.golds:
                found.setdefault((asked.database, asked.text), asked)
    return tuple(found.values())


@cache
def physical(folder: Path, database: str) -> dict[str, dict[str, str]]:
    """Table → column → type, in lower case."""
    live = open_live(f"sqlite:///{folder / 'sqlite_dbs' / f'{database}.db'}")
    try:
        return {t.name.lower(): {c.name.lower(): c.native or "TEXT" for c in t.columns} for t in live.tables()}
    finally:
        live.close()


@cache
def model_of(folder: Path, database: str, written: Written) -> SemanticModel | None:
    """None where nobody edited one by hand."""
    if written == "by hand":
        path = ROOT / "tests" / "fixtures" / "models" / f"{database}.yaml"
        return load_model(path) if path.exists() else None
    live = open_live(f"sqlite:///{folder / 'sqlite_dbs' / f'{database}.db'}")
    try:
        text = draft_model(live, database).text
    finally:
        live.close()
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / "model.yaml"
        draft.write_text(text, encoding="utf-8")
        return load_model(draft)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a database: the tables of a made-up company, so many in all, of at least so many columns each;
    or the other databases."""

    tables: int = 1_000
    columns: int = 0
    together: bool = False

    @property
    def words(self) -> str:
        wide = f" of {self.columns} columns" if self.columns else ""
        return "among each other" if self.together else f"among {self.tables:,} tables{wide}"

    def around(self, core: SemanticModel, others: Sequence[SemanticModel]) -> SemanticModel:
        if self.together:
            return side_by_side([core, *others])
        model = thousand_tables(core, max(self.tables, len(core.datasets)))
        return wide_tables(model, self.columns) if self.columns else model


def recall_of(
    folder: Path,
    written: Written = "drafted",
    surroundings: Surroundings = Surroundings(),
    *,
    values: Literal["enums", "linked"] = "enums",
) -> Iterator[Found]:
    models = {name: model_of(folder, name, written) for name in databases(folder)}
    for database, core in models.items():
        if core is None:
            continue
        others = [model for name, model in models.items() if model is not None and name != database]
        model = surroundings.around(core, others)
        stored = None
        if values == "linked":
            engine = SqliteEngine(str(folder / "sqlite_dbs" / f"{database}.db"))
            stored = ValueIndex(model, OwnValues(engine, core))
        retriever = Retriever(values=values, stored=stored)
        for asked in questions(folder):
            if asked.database == database:
                yield _found(asked, core, model, retriever)
        if stored is not None:
            engine.close()


def side_by_side(models: Sequence[SemanticModel]) -> SemanticModel:
    """All in one; of datasets, relationships and metrics of the same name the first model's, with what reads others
    left out."""
    datasets: dict[str, Dataset] = {}
    relationships: dict[str, Relationship] = {}
    metrics: dict[str, Metric] = {}
    for model in models:
        own = {d.name for d in model.datasets} - datasets.keys()
        datasets |= {d.name: d for d in model.datasets if d.name in own}
        for r in model.relationships:
            if {r.source, r.target} <= own:
                relationships.setdefault(f"{model.name}_{r.name}", replace(r, name=f"{model.name}_{r.name}"))
        for m in model.metrics:
            if datasets_of(m, model) <= own:
                metrics.setdefault(m.name, m)
    return SemanticModel("together", tuple(datasets.values()), tuple(relationships.values()), tuple(metrics.values()))


def _found(asked: Asked, core: SemanticModel, model: SemanticModel, retriever: Retriever) -> Found:
    question = Question.parse(asked.text)
    retriever(question, model, "sqlite", AS_OF)
    begun = perf_counter()
    context = retriever(question, model, "sqlite", AS_OF)
    visible(context)
    seconds = perf_counter() - begun
    prompt, told = render_within(template(), question, context, reply_schema={}, tokens=TOKENS)
    own = {dataset.table.lower() for dataset in core.datasets}
    shown = {d.table.lower(): d for d in visible(told).datasets if d.table.lower() in own and d.name in _names(core)}
    lacking = [(gold.tables - shown.keys(), lacking_columns(gold, shown, core), gold) for gold in asked.golds]
    missing, columns, gold = min(lacking, key=lambda each: (len(each[0]), len(each[1])))
    return Found(asked, told, frozenset(missing), columns, len(gold.columns), prompt.tokens, seconds)


def _names(core: SemanticModel) -> frozenset[str]:
    return frozenset(core.dataset_by_name)


def share(found: Sequence[Found], held_out: bool | None = None) -> float:
    """Of the questions for which every table is there."""
    chosen = [each for each in found if held_out is None or each.asked.is_held_out == held_out]
    return sum(not each.tables for each in chosen) / len(chosen)


def column_share(found: Sequence[Found], held_out: bool | None = None) -> float:
    """Of the questions for which every table is there: those where every column is too, that may be told."""
    chosen = [e for e in found if not e.tables and (held_out is None or e.asked.is_held_out == held_out)]
    return sum(not each.columns for each in chosen) / len(chosen)


def _line(name: str, found: Sequence[Found]) -> str:
    tokens = [each.tokens for each in found]
    return (
        f"{name:16} {len(found):4} questions: tables {share(found):6.1%} (looked at {share(found, False):6.1%},"
        f" held out {share(found, True):6.1%}); columns {column_share(found):6.1%} ({column_share(found, False):6.1%},"
        f" {column_share(found, True):6.1%}); {median(tokens):,.0f} tokens, at most {max(tokens):,};"
        f" {median(each.seconds for each in found) * 1e3:.1f} ms\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.integration.retrieval.foreign")
    parser.add_argument("--tables", type=int, default=1_000)
    parser.add_argument("--values", choices=["enums", "linked"], default="enums")
    parser.add_argument("--columns", type=int, default=0, help="Make every table so wide.")
    parser.add_argument("--together", action="store_true", help="Between each other, and not in a company.")
    parser.add_argument("--lacking", action="store_true", help="Print the questions that lack something, of one half.")
    options = parser.parse_args()
    folder = Path(os.environ["NL2SQL_DEFOG"])
    surroundings = Surroundings(options.tables, options.columns, options.together)
    for written in ("drafted", "by hand"):
        found = list(recall_of(folder, written, surroundings, values=options.values))
        sys.stdout.write(f"\n{written}, {surroundings.words}, values: {options.values}\n")
        for database in dict.fromkeys(each.asked.database for each in found):
            sys.stdout.write(_line(database, [each for each in found if each.asked.database == database]))
        sys.stdout.write(_line("all", found))
        for each in found if options.lacking else ():
            if (each.tables or each.columns) and not each.asked.is_held_out:
                what = ", ".join(sorted(each.tables or each.columns))
                sys.stdout.write(f"  {each.asked.database}: {each.asked.text}\n    lacks {what}\n")


if __name__ == "__main__":
    main()
