"""One suite over several databases, of which only some may be open at a time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from evals.log.records import read_run
from evals.runner import targets
from tests.integration.evals.scripted_runs import environ_of, run_scripted

MODEL = """\
version: 0.2.0.dev0
semantic_model:
  - name: people
    datasets:
      - name: users
        source: users
        primary_key: [id]
        fields:
          - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
"""


def test_each_case_is_asked_of_its_own_database_and_others_are_closed(tmp_path: Path) -> None:
    count = targets.MAX_OPEN + 2
    (tmp_path / "people.yaml").write_text(MODEL, encoding="utf-8")
    suite = ["model: ./people.yaml", "cases:"]
    for number in range(1, count + 1):
        with closing(sqlite3.connect(tmp_path / f"people-{number}.db")) as connection:
            connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO users VALUES (?)", [(each,) for each in range(number)])
            connection.commit()
        suite += [
            f"  - id: count-{number}",
            "    question: How many users are there?",
            f"    database: people-{number}.db",
            "    sql: SELECT COUNT(*) AS users FROM users",
        ]
    (tmp_path / "suite.yaml").write_text("\n".join(suite), encoding="utf-8")
    out = tmp_path / "run.jsonl"
    environ = environ_of("", tmp_path / "none.db", NL2SQL_EVALS=str(tmp_path / "runs"))
    run_scripted(tmp_path / "suite.yaml", environ, out, writer="gold", instances=2, repeats=2)
    run = read_run(out)
    assert {each.outcome for each in run.records} == {"right"}
    assert [each.gold.table.rows[0][0] for each in run.records if each.gold] == [
        number for number in range(1, count + 1) for _ in range(2)
    ]
    assert run.header.instances == ("base", "fuzz-1")
