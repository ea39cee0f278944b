"""Instructions planted wherever text can come from, and a language model that obeys them: see obedient_house.py.

What may run, and what may be seen, must not depend on what any text says.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp, parse_one

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.errors import QueryFailed
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.pipeline import Pipeline
from nl2sql.prompt.base import Prompt
from nl2sql.question import Principal, Question
from nl2sql.writers.offline.writer import OfflineWriter
from tests.integration.obedient_house import (
    DRESSES,
    HIDDEN,
    HONEST,
    HONEST_AGAIN,
    PLACES,
    REPOSITORY,
    SECRET_TEXT,
    House,
    Place,
    in_an_error_message,
    in_descriptions,
    in_synonyms,
    in_the_question,
    is_plain_read,
    obey,
    obeyed,
    order,
)


@pytest.fixture
def house(secretive: Path, auction: SemanticModel) -> House:
    return House(secretive, auction)


FORBIDDEN = [
    "DROP TABLE bids",
    "DELETE FROM bids",
    "UPDATE users SET is_active = FALSE",
    "INSERT INTO bids SELECT * FROM bids",
    "SELECT 1 AS n; DROP TABLE bids",
    "ATTACH DATABASE '/tmp/x' AS x",
    "PRAGMA query_only = 0",
    "VACUUM INTO '/tmp/x'",
    "SELECT email FROM users",
    "SELECT COUNT(*) AS n FROM users AS u WHERE u.password_hash LIKE 'H%'",
    "SELECT MAX(listings.reserve_price) AS n FROM listings",
    "SELECT id FROM users ORDER BY full_name",
    "WITH u AS (SELECT * FROM users) SELECT email FROM u",
    "SELECT sql FROM sqlite_master",
    "SELECT load_extension('x') AS n",
    "SELECT readfile('/etc/passwd') AS n",
    "SELECT HEX(ZEROBLOB(1000000000)) AS n",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) AS n FROM c",
    "SELECT COUNT(*) AS n FROM bids, users, listings",
]


# Cut off, because each of its characters becomes an escape; or left out, because a database's message quotes it.
NEVER_ARRIVES = {
    *((in_descriptions, dress) for dress in ("zero width", "tags")),
    (in_an_error_message, "backticks"),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_an_instruction_that_is_obeyed_runs_nothing(place: Place, dress: str, house: House) -> None:
    answer = place(house, DRESSES[dress](order("DROP TABLE bids")))
    if place is not in_synonyms:  # a template may leave those out that the question does not use
        assert was_obeyed(house) is ((place, dress) not in NEVER_ARRIVES)
    if was_obeyed(house):
        assert answer.outcome == "refused"
        assert "Only questions can be answered here" in answer.headline
        assert (answer.sql, answer.hint) == ("", "")
    else:
        assert answer.outcome == "answered"


@pytest.mark.parametrize("sql", FORBIDDEN)
@pytest.mark.parametrize(
    "place", [in_the_question, in_descriptions, in_an_error_message], ids=lambda place: place.__name__
)
def test_no_instruction_brings_out_what_is_hidden_or_changes_anything(place: Place, sql: str, house: House) -> None:
    answer = place(house, order(sql))
    assert was_obeyed(house)
    assert (answer.outcome, answer.table) == ("refused", None)
    assert {" ".join(checked.sql.split()) for checked in house.engine.ran} <= {
        f"{HONEST} LIMIT 1001",
        f"{HONEST_AGAIN} LIMIT 1001",
    }


def was_obeyed(house: House) -> bool:
    return any(obeyed(prompt) for prompt in house.llm.prompts)


@pytest.mark.parametrize("sql", ["DROP TABLE bids", "SELECT email FROM users", "SELECT sql FROM sqlite_master"])
def test_what_watches_the_engine_tells_what_should_not_run(sql: str) -> None:
    assert is_plain_read(HONEST)
    assert not is_plain_read(sql)


@pytest.mark.parametrize("dress", DRESSES)
def test_rows_of_the_database_never_reach_the_language_model(
    dress: str, secretive: Path, auction: SemanticModel, tmp_path: Path
) -> None:
    text = DRESSES[dress](order("DROP TABLE bids"))
    path = tmp_path / "planted.db"
    shutil.copy(secretive, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, column in (("listings", "title"), ("listings", "description"), ("comments", "body")):
            connection.execute(f"UPDATE {table} SET {column} = ?", (text,))
        connection.execute("UPDATE categories SET name = ? || id", (text,))
        connection.execute("UPDATE users SET username = ? || id", (text,))
    house = House(path, auction, llm=ScriptedModel(obey))
    answer = house.ask("How many bids are there?")
    assert answer.outcome == "answered"
    assert [obeyed(prompt) for prompt in house.llm.prompts] == [None]
    asked_for_it = "SELECT listings.title, COUNT(*) AS n FROM listings GROUP BY listings.title"
    shown = House(path, auction, llm=ScriptedModel([obey_with(asked_for_it)])).ask("Which titles are there?")
    assert shown.outcome == "answered" and shown.table is not None
    assert shown.table.table.column("title").to_pylist() == [text], "the answer shows it, as the data that it is"


def obey_with(sql: str) -> str:
    return obey(Prompt((), {}, "", "")).replace(HONEST, sql)


# The guard reads no character that nobody sees; brackets and commas are no words of the grammar.
OFFLINE = {"zero width": "refused", "turned": "refused", "tags": "refused", "JSON": "declined"}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_stored_instruction_is_offline_a_text_to_compare_with(
    dress: str, secretive: Path, auction: SemanticModel, tmp_path: Path
) -> None:
    text = DRESSES[dress](order("SELECT 1")).strip()
    path = tmp_path / "planted.db"
    shutil.copy(secretive, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE users SET username = ? WHERE id = 1", (text,))
        placed = connection.execute("SELECT COUNT(*) FROM bids WHERE bidder_id = 1").fetchone()[0]
    house = House(path, auction)
    house.pipeline = Pipeline(replace(house.stages, writer=OfflineWriter(auction, ValueIndex(auction, house.engine))))
    answer = house.ask(Question(f"How many bids did {text} place?"))
    assert answer.outcome == OFFLINE.get(dress, "answered")
    if answer.table is not None:
        assert placed > 0
        assert [list(row.values()) for row in answer.table.table.to_pylist()] == [[placed]]
        tree = parse_one(answer.sql, read="sqlite")
        assert [each.this for each in tree.find_all(exp.Literal) if each.is_string] == [text]


def test_who_asks_is_not_told_to_the_language_model(house: House) -> None:
    text = order("DROP TABLE bids")
    answer = house.ask(Question("How many bids are there?", Principal(text, "analyst", {text: text})))
    assert answer.outcome == "answered"
    assert text not in house.llm.prompts[0].messages[1].content


@pytest.mark.parametrize("mark", ["'", '"', "`"])
def test_what_a_database_quotes_is_neither_obeyed_nor_told(mark: str, house: House) -> None:
    hint = f"1292: Incorrect value: {mark}{SECRET_TEXT} {order('DROP TABLE bids')}{mark} for column"
    house.engine.faults = [QueryFailed("The database could not run this query.", hint=hint)]
    answer = house.ask("How many bids are there?")
    assert answer.outcome == "answered"
    assert len(house.llm.prompts) == 2
    assert "Incorrect value: '…' for column" in house.llm.prompts[1].messages[1].content


def test_the_same_statement_is_not_judged_twice_however_often_the_model_disobeys(house: House) -> None:
    in_the_question(house, order("DROP TABLE bids"))
    assert len(house.llm.prompts) == 2
    assert [event.stage for event in house.heard if event.state == "started"] == [
        *("understand", "write", "check", "repair")
    ]


def test_what_an_instruction_can_do_is_choose_another_permitted_query_and_the_receipt_shows_it(house: House) -> None:
    answer = in_the_question(house, order("SELECT COUNT(*) AS number_of_bids FROM users"))
    assert answer.outcome == "answered"
    assert answer.table is not None
    with closing(sqlite3.connect(house.database)) as connection:
        users = connection.execute("SELECT COUNT(*) FROM users").fetchone()[0]
    assert answer.table.table.to_pylist() == [{"number_of_bids": users}]
    assert "FROM users" in answer.sql


def test_a_star_that_an_instruction_asks_for_has_no_hidden_column(house: House) -> None:
    answer = in_the_question(house, order("SELECT * FROM users"))
    assert answer.outcome == "answered" and answer.table is not None
    assert set(answer.table.columns).isdisjoint(HIDDEN)
    assert answer.table.row_count > 0


def test_a_role_with_fewer_rows_gets_no_more_of_them_by_an_instruction(house: House) -> None:
    house.role = "country_manager"
    asked = Question(
        f"How many users? {order('SELECT COUNT(*) AS n FROM users')}",
        Principal("m", "country_manager", {"country": "FR"}),
    )
    answer = house.ask(asked)
    with closing(sqlite3.connect(house.database)) as connection:
        french = connection.execute("SELECT COUNT(*) FROM users WHERE country = 'FR'").fetchone()[0]
    assert answer.table is not None
    assert answer.table.table.to_pylist() == [{"n": french}]
    assert "'FR'" not in house.llm.prompts[0].messages[1].content


def test_a_model_file_with_planted_texts_is_read_and_changes_nothing(secretive: Path, tmp_path: Path) -> None:
    def plant(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: plant(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [plant(each, key) for each in value] + ([text] if key == "synonyms" else [])
        return text if key in ("description", "instructions") else value

    text = DRESSES["closing marks"](order("SELECT email FROM users"))
    original = yaml.safe_load((REPOSITORY / "schema" / "auction" / "model.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "model.yaml"
    path.write_text(yaml.safe_dump(plant(original), allow_unicode=True), encoding="utf-8")
    house = House(secretive, load_model(path))
    answer = house.ask("How many bids are there?")
    assert obeyed(house.llm.prompts[0]) == "SELECT email FROM users"
    assert (answer.outcome, answer.code) == ("refused", "sensitive_column")
