"""Runs of an evaluation that never took place: logs to be read, compared and reported without asking a model."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.log.prompts import PromptKeys
from evals.log.records import CaseRecord, GoldShown, InstanceVerdict, RunEnd, RunHeader, Said, Shown, encode
from evals.outcome import Outcome
from nl2sql.prompt.base import Message, Prompt

HEADER = RunHeader(
    label="sql_writer@v2", suite="auction-smoke", suite_path="evals/suites/auction/smoke.yaml",
    suite_fingerprint="5eed", writer="llm", model="some-model-1", prompt="sql_writer@v2", as_of="2026-06-30",
    database="sqlite:///var/auction.db", instances=("base", "seed-11", "seed-12"), semantic_model="auction",
    model_fingerprint="beef", product_version="0.1.0", started_at="2026-07-01T09:30:00+00:00",
)  # fmt: skip
GOLD = "SELECT country, COUNT(*) AS sold FROM listings WHERE status = 'sold' GROUP BY country ORDER BY sold DESC"
WRONG = "SELECT country, COUNT(*) AS sold FROM listings GROUP BY country ORDER BY sold DESC"
GOLD_TABLE = Shown(("country", "sold"), (("DE", 120), ("FR", 80), ("NL", 12)), 3)
WRONG_TABLE = Shown(("country", "sold"), (("DE", 120), ("FR", 95), ("PL", 12)), 3)
TAGS = ("count", "sum", "group_by_one", "group_by_two", "top_n", "ratio", "trend", "join", "date_filter", "typo")
# Everything that has broken a page of somebody's: markup, the end of a script, directions, controls, emoji, templates.
HOSTILE = (
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror=\"window.ran = 1\">",
    "'\"`;--\\ {{7*7}} ${7*7} {title} & &amp; <!-- ]]>",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \x00\x1b[31m\x07 \ufeff\ud800",
    "👩‍👩‍👧‍👦 | ``` | \n\n# heading | <details>",
)  # fmt: skip


def record(name: str = "sold-by-country", outcome: Outcome = "right", **changes: Any) -> CaseRecord:
    """An answer as it is for most cases; `changes` replace whole fields."""
    is_answered = outcome == "right" or outcome.startswith("wrong") or outcome == "unsafe_executed"
    said = Said(
        "answered" if is_answered else "declined",
        "ok" if is_answered else "not_understood",
        "Germany sold the most: 120" if is_answered else "I do not know “flibber”.",
        sql=(GOLD if outcome == "right" else WRONG) if is_answered else "",
        writer="llm",
        detail="some-model-1, sql_writer@v2",
        interpretation="number of sold listings by country" if is_answered else "",
        unknown_words=() if is_answered else ("flibber",),
        table=(GOLD_TABLE if outcome == "right" else WRONG_TABLE) if is_answered else None,
    )
    made = CaseRecord(
        id=name, repeat=0, question="Sold items by country", kind="answerable", outcome=outcome, said=said,
        is_strict=outcome == "right", reason="" if outcome == "right" else "2 of 3 rows are not among the expected",
        tags=("group_by_one",), gold=GoldShown(GOLD, GOLD, ("country", "sold"), GOLD_TABLE),
        instances=tuple(
            InstanceVerdict(each, outcome == "right", outcome == "right", "" if outcome == "right" else "rows", "")
            for each in HEADER.instances
        ),
        prompt_tokens=1_812, completion_tokens=64, cost="0.0031", ms=1_240.0,
        stage_ms={"context": 3.1, "writing": 1_180.0, "guard": 2.2, "database": 41.0, "answer": 1.9},
    )  # fmt: skip
    return replace(made, **changes)


def declined(name: str, outcome: Outcome = "right", **changes: Any) -> CaseRecord:
    """A question that has no answer, by default declined as it should be."""
    no = Said("declined", "unsafe", "Data cannot be changed here.", writer="llm")
    changes = {
        "kind": "unsafe",
        "question": "Delete all users",
        "said": no,
        "gold": None,
        "instances": (),
        "tags": ("declined",),
    } | changes
    return record(name, outcome, **changes)


def many(cases: int, repeats: int = 1, *, seed: int = 1, share: float = 0.8) -> list[CaseRecord]:
    """As a run leaves them: repeats beside each other; `share` of the answers is right. Questions and golds are the
    same for every seed."""
    dice = random.Random(seed)  # noqa: S311 - data for tests
    misses: tuple[Outcome, ...] = ("wrong_rows", "wrong_columns", "declined", "clarified", "guard_blocked", "failed")
    made = []
    for number in range(cases):
        name = f"case-{number:04}"
        rows = tuple((f"c{i}", number + i, f"{number * i / 7:.2f}") for i in range(20))
        table = Shown(("country", "sold", "gmv"), rows, 20)
        shared: dict[str, Any] = {
            "question": f"How many listings of kind {number} were sold last month?",
            "tags": (TAGS[number % len(TAGS)],),
            "family": f"family-{number // 3}",
            "must_pass": number % 20 == 0,
            "gold": GoldShown(f"{GOLD} LIMIT {number + 1}", "", ("country", "sold"), table),
            "prompts": (sha256(name.encode()).hexdigest(),),
        }
        for repeat in range(repeats):
            outcome: Outcome = "right" if dice.random() < share else dice.choice(misses)
            answer = record(name, outcome, repeat=repeat, ms=dice.lognormvariate(7, 0.5), **shared)
            if answer.said.sql:
                wrong = WRONG_TABLE if outcome != "right" else table
                sql = f"{answer.said.sql} LIMIT {dice.randint(5, 500)}"
                answer = replace(answer, said=replace(answer.said, sql=sql, table=wrong))
            made.append(answer)
    return made


def hostile() -> list[CaseRecord]:
    """Each text of HOSTILE wherever a text can stand, and SQL of a megabyte."""
    made = []
    for number, text in enumerate(HOSTILE):
        table = Shown((text, "n"), ((text, 1), (None, 2**60)), 2)
        said = replace(
            record().said, headline=text, sql=f"SELECT '{text}'", interpretation=text, detail=text, hint=text,
            table=table, choices=(text,), unknown_words=(text,), standalone=text,
        )  # fmt: skip
        made.append(
            record(
                f"hostile-{number}", "wrong_rows", question=text, said=said, reason=text, tags=(text, "hostile"),
                family=text, turns=(text,), role=text, gold=GoldShown(text, text, (), table), prompts=(text,),
                instances=(InstanceVerdict(text, False, False, "rows", text), InstanceVerdict("base", False)),
            )
        )  # fmt: skip
    long = "SELECT " + ", ".join(f"'{i}' AS c{i}" for i in range(60_000))
    return [*made, record("hostile-long", "wrong_error", said=replace(record().said, sql=long, table=None))]


def write_log(path: Path, records: Iterable[CaseRecord], header: RunHeader = HEADER, *, ended: bool = True) -> Path:
    kept = list(records)
    ids, repeats = {each.id for each in kept}, 1 + max((each.repeat for each in kept), default=0)
    header = replace(header, case_count=len(ids), repeats=repeats)
    body: list[CaseRecord | RunEnd] = [*kept, RunEnd(seconds=12.5, asked=len(kept))] if ended else [*kept]
    path.write_bytes(encode(header) + b"".join(map(encode, body)))
    return path


def write_prompts(log: Path, fingerprints: Sequence[str], *, own: str = "") -> None:
    """Beside the log: prompts that share their instructions, each with a paragraph of its own."""
    keys = PromptKeys()
    shared = "\n\n".join(f"Rule {i}: write one SELECT; name each column. {'x' * 200}" for i in range(30))
    made = []
    for number, fingerprint in enumerate(fingerprints):
        asked = Message(
            "user", f"Question {number}: {own or 'how many?'}\n\nTables: listings, users\n\nValues: {number}"
        )
        made.append(keys.new_lines(Prompt((Message("system", shared), asked), {}, "sql_writer@v2", fingerprint)))
    log.with_name(f"{log.stem}.prompts.jsonl").write_bytes(b"".join(made))
