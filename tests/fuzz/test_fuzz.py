"""Any text at all gets a verdict; what is accepted is itself again, reads nothing hidden and changes nothing.

20,000 inputs, the same ones each time; `make fuzz` takes 200,000 others. Grammar runs under Hypothesis as well, which
looks for the smallest statement by itself.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nl2sql.guard.dialects import DIALECTS
from tests.fuzz import properties
from tests.fuzz.campaign import Campaign, opened, quiet_parser
from tests.fuzz.grammar import Grammar
from tests.fuzz.mutations import Mutator
from tests.fuzz.properties import ROLE, Guarded
from tests.fuzz.shrinking import shrunk
from tests.fuzz.state import changes, state_of
from tests.integration.guard.databases import Database
from tests.integration.guard.secrets import secrets_in

SEED = 20_261
# 20,000 in all. SQLite runs everything it is given, the others a part: what they share with it is run already.
INPUTS = {"sqlite": 5_000, "mysql": 3_000, "mariadb": 3_000, "postgres": 3_000, "duckdb": 3_000, "bigquery": 3_000}
RUN_EVERY = {"mariadb": 3, "postgres": 3, "duckdb": 3}
_MARKS = {"mariadb": [pytest.mark.mysql], "postgres": [pytest.mark.postgres]}


@pytest.fixture
def untraced() -> Iterator[None]:
    """Counting lines would more than double the time, and nothing here is run that other tests do not run."""
    trace = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(trace)


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "dialect",
    [pytest.param(name, marks=[pytest.mark.xdist_group(f"fuzz-{name}"), *_MARKS.get(name, [])]) for name in DIALECTS],
)
def test_no_mutation_of_a_statement_breaks_a_promise_of_the_guard(dialect: str) -> None:
    campaign = Campaign(dialect, SEED, INPUTS[dialect], RUN_EVERY.get(dialect, 1))
    failures = campaign.run()
    print(dict(campaign.counts))  # noqa: T201 - shown with -rP
    assert [str(failure) for failure in failures] == []
    # Inputs that are all refused would try nothing.
    assert campaign.counts["accepted"] > INPUTS[dialect] / 10
    assert dialect in ("mysql", "bigquery") or campaign.counts["answered"] > campaign.counts["executed"] / 2


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with quiet_parser(), opened("sqlite", str(tmp_path_factory.mktemp("fuzz"))) as database:
        assert database is not None
        yield database


@pytest.mark.xdist_group("fuzz-sqlite")
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(dice=st.randoms(use_true_random=False))
def test_no_statement_of_the_grammar_breaks_a_promise_of_the_guard(sqlite: Database, dice: random.Random) -> None:
    failure = Guarded("sqlite", sqlite).failure(Grammar(dice, "sqlite", depth=2).statement())
    assert failure is None, str(failure)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(dice=st.randoms(use_true_random=False), dialect=st.sampled_from(DIALECTS))
def test_no_statement_of_another_dialects_grammar_breaks_a_promise(dice: random.Random, dialect: str) -> None:
    with quiet_parser():
        failure = Guarded(dialect).failure(Grammar(dice, dialect, depth=2).statement())
    assert failure is None, str(failure)


# --- the fuzzer itself: whether it would see what it looks for


class Leaky:
    """A verdict whose executed text is not the one the guard made."""

    def __init__(self, verdict: object, executed: str) -> None:
        self._verdict, self.executed = verdict, executed

    def __getattr__(self, name: str) -> object:
        return getattr(self._verdict, name)


LEAKS = {
    "a hidden column": ("SELECT email AS username FROM users LIMIT 5", "reads users.email"),
    "a hidden row": ("SELECT username FROM users ORDER BY id DESC LIMIT 1", "it tells"),
    "a count of hidden rows": ("SELECT COUNT(*) AS username FROM users", "it answers"),
    "an error for a hidden row": ("SELECT id AS username FROM reviews WHERE ABS(rating) > 9", "it fails only"),
    "another table": ("SELECT sql AS username FROM sqlite_master", "reads sqlite_master.sql"),
    "a file": ("ATTACH 'other.db' AS other", "does action"),
    "a write": ("DELETE FROM users WHERE id = 1", "does action"),
}


@pytest.mark.xdist_group("fuzz-sqlite")
@pytest.mark.parametrize(("executed", "told"), LEAKS.values(), ids=LEAKS.keys())
def test_the_fuzzer_sees_a_guard_that_lets_through(
    executed: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = properties.check

    def check(*arguments: object) -> object:
        return Leaky(judge(*arguments), executed)  # type: ignore[arg-type]

    monkeypatch.setattr(properties, "check", check)
    monkeypatch.setattr(properties, "CheckedSql", Leaky)
    monkeypatch.chdir(tmp_path)
    with opened("sqlite", str(tmp_path)) as database:
        failure = Guarded("sqlite", database).failure("SELECT username FROM users")
    assert failure is not None
    assert told in failure.what


def test_the_fuzzer_sees_a_guard_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_: object) -> object:
        raise KeyError("x")

    monkeypatch.setattr(properties, "check", check)
    failure = Guarded("sqlite").failure("SELECT 1")
    assert failure is not None
    assert failure.what == "the guard raised KeyError('x')"


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DELETE FROM bids WHERE id = 1", "rows of bids"),
        ("CREATE TABLE z (a)", "tables"),
        ("CREATE TEMP VIEW z AS SELECT 1", "tables"),
        ("ATTACH 'z.db' AS z", "databases"),
        ("VACUUM INTO 'copy.db'", "file copy.db"),
        ("PRAGMA user_version = 7", "settings"),
    ],
)
def test_a_change_is_seen(sql: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened("sqlite", str(tmp_path)) as database:
        assert database is not None
        before = state_of(database, tmp_path)
        assert changes(before, state_of(database, tmp_path)) == []
        database.world("full").run(sql)
        assert any(each.startswith(what) for each in changes(before, state_of(database, tmp_path)))


@pytest.mark.parametrize("disguise", [str, str.swapcase, lambda text: text[::-1], lambda text: text.encode().hex()])
def test_a_secret_is_found_in_disguise(disguise: object, sqlite: Database) -> None:
    (secret,) = sqlite.world("full").run("SELECT password_hash FROM users WHERE id = 2")[0]
    assert secrets_in([(3, f"it is {disguise(secret)[1:-1]}!")], ROLE)  # type: ignore[operator]
    assert not secrets_in([(3, "user1", "Electronics", "DE", None, 1.25)], ROLE)


def test_a_statement_is_shrunk_to_what_fails() -> None:
    sql = "SELECT id, username, (SELECT MAX(secret) FROM users) AS x FROM users WHERE id > 3 ORDER BY id"
    small = shrunk(sql, lambda text: "secret" in text and "SELECT" in text)
    assert small == "SELECT secret"


def test_the_same_seed_gives_the_same_statements() -> None:
    def made() -> list[str]:
        mutator = Mutator(random.Random(3), "postgres")  # noqa: S311 - repeatable, not secret
        return [mutator.statement() for _ in range(20)]

    assert made() == made()
    assert len(set(made())) > 15
