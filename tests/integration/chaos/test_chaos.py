"""The database, the cache and the language model are killed one after another while sixteen people ask.

NL2SQL_CHAOS_SECONDS says for how long; 60 by default. Nobody restarts the product.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pymysql
import pytest

from auction_core.seed.run import seed_database
from nl2sql import language_model
from nl2sql.bootstrap import build_pipeline
from nl2sql.ledger.read import LedgerReader
from nl2sql.llm import base
from nl2sql.llm.breaker import BreakingModel
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import Settings
from tests.integration.chaos.victims import Victim, ended, mariadb, model_endpoint, redis

SECONDS = float(os.environ.get("NL2SQL_CHAOS_SECONDS") or 60)
USERS = 16
ABOVE = range(0, 2_000, 50)
# What a question may take: a connection (5 s) and a place in the pool (5 s) that do not come, a statement at its limit
# (3 s), the model's time (3 s), and room for a machine that has other things to do.
LONGEST_SECONDS = 25.0
POLICY = "roles:\n  analyst:\n    limits: {seconds: 3}\n"


@dataclass
class Seen:
    """What the people who asked saw. `ends` are (when, outcome or code, writer, cached)."""

    ends: list[tuple[float, str, str, bool]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    ids: list[str] = field(default_factory=list)


@dataclass
class Truth:
    """Counts of bids never change. Users are added all the time: `acknowledged` are there, `sent` may be."""

    above: dict[int, int]
    acknowledged: int
    sent: int

    def judge(self, question: str, number: int, least: int) -> str:
        if question.endswith("have?"):
            return "" if least <= number <= self.sent else f"{question} {number}, of {least} to {self.sent}"
        expected = self.above[int(question.split()[5])]
        return "" if number == expected else f"{question} {number} instead of {expected}"


def connect(port: int) -> pymysql.Connection:
    return pymysql.connect(host="127.0.0.1", port=port, user="root", database="auction", connect_timeout=2)


def add_users(port: int, truth: Truth, over: threading.Event) -> None:
    """As the auction would, with a new connection after each fault."""
    connection = None
    while not over.wait(0.05):
        number = truth.sent + 1
        try:
            connection = connection or connect(port)
            with connection.cursor() as cursor:
                truth.sent += 1
                cursor.execute(
                    "INSERT INTO users (id, username, email, password_hash, full_name, country, created_at, is_active)"
                    " VALUES (%s, %s, %s, 'x', 'New', 'DE', '2026-06-30', 1)",
                    (1_000_000 + number, f"new-{number}", f"new-{number}@example.com"),
                )
            connection.commit()
            truth.acknowledged += 1
        except pymysql.Error:
            connection = None


def ask_on(pipeline: Pipeline, place: int, truth: Truth, seen: Seen, over: threading.Event) -> None:
    turn = place
    while not over.is_set():
        turn += 1
        text = (
            "How many users do we have?"
            if turn % 4 == 0
            else f"How many bids are above {ABOVE[turn % len(ABOVE)]} EUR?"
        )
        least, began = truth.acknowledged, time.monotonic()
        question = Question.parse(text, principal=Principal(f"user {place}"))
        answer = pipeline.ask(question, fresh=turn % 5 == 0)
        ended_at = time.monotonic()
        seen.slowest = max(seen.slowest, ended_at - began)
        how = answer.outcome if answer.outcome == "answered" else answer.code
        seen.ends.append((ended_at, how, answer.origin.writer, answer.cached))
        seen.ids.append(answer.id)
        if answer.outcome == "answered" and answer.table is not None:
            wrong = truth.judge(text, int(answer.table.table.column(0)[0].as_py()), least)
            if wrong:
                seen.wrong.append(wrong)
        over.wait(0.02)


def truth_in(port: int) -> Truth:
    connection = connect(port)
    with connection.cursor() as cursor:
        above = {}
        for amount in ABOVE:
            cursor.execute("SELECT COUNT(*) FROM bids WHERE amount > %s", (amount,))
            above[amount] = int(cursor.fetchone()[0])
        cursor.execute("SELECT COUNT(*) FROM users")
        users = int(cursor.fetchone()[0])
    connection.close()
    return Truth(above, users, users)


def seeded(database: Victim) -> None:
    database.start()
    connection = pymysql.connect(host="127.0.0.1", port=database.port, user="root")
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE auction")
    connection.close()
    seed_database(f"mysql+pymysql://root@127.0.0.1:{database.port}/auction", "tiny", 7)


@pytest.mark.mysql
@pytest.mark.redis
@pytest.mark.timeout(SECONDS + 180)
def test_no_wrong_answer_no_hang_and_recovery_without_a_restart(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    # The model has been back for as long as two of these when the calm begins.
    monkeypatch.setattr(language_model, "BreakingModel", partial(BreakingModel, pause=SECONDS / 20))
    (tmp_path / "policy.yaml").write_text(POLICY)
    victims = [mariadb(tmp_path), redis(tmp_path), model_endpoint(tmp_path)]
    database, cache, model = victims
    with ended(victims):
        seeded(database)
        cache.start()
        model.start()
        pipeline = build_pipeline(
            Settings(
                database=f"mariadb://root@127.0.0.1:{database.port}/auction",
                cache=f"redis://127.0.0.1:{cache.port}/0",
                writers="llm, offline",
                openai_api_key="scripted",
                openai_base_url=f"http://127.0.0.1:{model.port}/v1",
                llm_seconds=3.0,
                policy=str(tmp_path / "policy.yaml"),
                model=str(repository / "schema/auction/model.yaml"),
                prompts=str(repository / "prompts"),
                ledger=f"sqlite:///{tmp_path}/ledger.db",
                as_of="2026-06-30",
            )
        )
        truth = truth_in(database.port)
        everyone = [Seen() for _ in range(USERS)]
        over = threading.Event()
        threads = [threading.Thread(target=add_users, args=(database.port, truth, over))]
        threads += [
            threading.Thread(target=ask_on, args=(pipeline, place, truth, seen, over))
            for place, seen in enumerate(everyone)
        ]
        for thread in threads:
            thread.start()
        share = SECONDS / 8
        time.sleep(share)
        for victim in victims:
            victim.kill()
            time.sleep(share)
            victim.start()
            time.sleep(share)
        calm = time.monotonic()
        time.sleep(share)  # all three have been back for as long
        over.set()
        for thread in threads:
            thread.join(LONGEST_SECONDS)
        assert not any(thread.is_alive() for thread in threads)
        pipeline.close()
    report(everyone)
    judge(everyone, calm, tmp_path)


def report(everyone: list[Seen]) -> None:
    counts = Counter(how for seen in everyone for _, how, _, _ in seen.ends)
    print(f"\n{dict(counts)}, slowest {max(seen.slowest for seen in everyone):.1f} s")  # noqa: T201 - shown by -s


def judge(everyone: list[Seen], calm: float, folder: Path) -> None:
    assert [wrong for seen in everyone for wrong in seen.wrong] == []
    assert max(seen.slowest for seen in everyone) < LONGEST_SECONDS
    troubled = {how for seen in everyone for _, how, _, _ in seen.ends} - {"answered"}
    assert "database_unreachable" in troubled, "the database was never missed"
    assert "offline" in {writer for seen in everyone for _, _, writer, _ in seen.ends}, "the model was never missed"
    for seen in everyone:
        last = [(how, writer, cached) for when, how, writer, cached in seen.ends if when > calm]
        assert last, "somebody was not answered any more"
        assert {how for how, _, _ in last} == {"answered"}
    after = [(writer, cached) for seen in everyone for when, _, writer, cached in seen.ends if when > calm]
    assert ("llm", True) in after and ("llm", False) in after
    asked = {each for seen in everyone for each in seen.ids}
    with LedgerReader(f"sqlite:///{folder}/ledger.db") as reader:
        written = {entry.row.id for entry in reader.entries()}
    assert asked == written
