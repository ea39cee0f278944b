"""What leaves the house: every prompt of the shipped product, for each role and each setting of `values_to_llm`, over a
database in which whatever must stay is recognisable."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from nl2sql.bootstrap import policy_reader
from nl2sql.cache.memory import MemoryCache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Example
from nl2sql.context.retrieve import Retriever, ValuesPolicy
from nl2sql.context.visible import visible
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import QueryFailed
from nl2sql.guard.policy import Policy, private_columns, unasked_columns
from nl2sql.labels import labels_of
from nl2sql.llm.base import LanguageModel
from nl2sql.llm.recorded import RecordedModel, RecordingModel, ScriptedModel
from nl2sql.pipeline import Pipeline
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.prompt.template import load_template, read_version
from nl2sql.question import Principal, Question, Turn
from nl2sql.settings import Settings
from nl2sql.stages import Stages
from nl2sql.writers.base import Repair
from nl2sql.writers.llm import LlmWriter
from nl2sql.writers.verified.examples import examples_of
from nl2sql.writers.verified.load import load_folder
from tests.integration.obedient_house import (
    AS_OF,
    HIDDEN,
    HONEST,
    REPOSITORY,
    SECRET_NUMBER,
    SECRET_TEXT,
    SpiedEngine,
    honest,
    plant_secrets,
    reply,
)

# Who asks, and from where: neither is the language model's business.
USER, COUNTRY = "somebody4715", "ZX4714"
FOREIGN, OWN = "foreigner4712", "countryman4713"
ROLES: Mapping[str, Mapping[str, str]] = {"analyst": {}, "auction_support": {}, "country_manager": {"country": COUNTRY}}
# What no writer is told of: hidden, and masked. What is only aggregated is a column like any other.
UNTOLD = {
    "analyst": HIDDEN,
    "auction_support": HIDDEN - {"reserve_price"},
    "country_manager": HIDDEN - {"reserve_price"},
}
VALUES: tuple[ValuesPolicy, ...] = ("none", "enums", "linked")


@pytest.fixture(scope="module")
def database(auction_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One user of the manager's own country, and one of another; and the whole of what is hidden, recognisable."""
    path = plant_secrets(auction_database, tmp_path_factory.mktemp("told") / "auction.db")
    with closing(sqlite3.connect(path)) as connection, connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM users ORDER BY id LIMIT 2")]
        for each, name, country in zip(ids, (OWN, FOREIGN), (COUNTRY, "FR"), strict=True):
            connection.execute("UPDATE users SET username = ?, country = ? WHERE id = ?", (name, country, each))
    return path


@pytest.fixture(scope="module")
def auction() -> SemanticModel:
    return load_model(REPOSITORY / "schema" / "auction" / "model.yaml")


@dataclass
class House:
    pipeline: Pipeline
    engine: SpiedEngine
    llm: ScriptedModel
    writer: LlmWriter
    retrieve: Retriever
    role: str

    @property
    def principal(self) -> Principal:
        return Principal(USER, self.role, ROLES[self.role])

    def prompts_of(self, question: Question, repair: Repair | None = None) -> str:
        self.llm.prompts.clear()
        view = self.pipeline.model_for(self.role)
        self.writer.write(question, self.retrieve(question, view, "sqlite", AS_OF), repair)
        return self.told

    @property
    def told(self) -> str:
        return "\n".join(message.content for prompt in self.llm.prompts for message in prompt.messages)


@pytest.fixture
def opened() -> Iterator[list[Pipeline]]:
    pipelines: list[Pipeline] = []
    yield pipelines
    for each in pipelines:
        each.close()


def house_of(
    opened: list[Pipeline],
    database: Path,
    model: SemanticModel,
    role: str,
    values: ValuesPolicy,
    llm: LanguageModel | None = None,
) -> House:
    """As `nl2sql.bootstrap` puts it together, with a language model that keeps what it is told."""
    settings, engine = Settings(base=REPOSITORY), SpiedEngine(database)
    stored = ValueIndex(model, engine)
    examples = examples_of(load_folder(REPOSITORY / "schema/auction/verified", model), stored, model, "sqlite", AS_OF)
    assert examples
    watched = llm if isinstance(llm, ScriptedModel) else ScriptedModel(lambda prompt: reply(honest(prompt)))
    writer = LlmWriter(llm or watched, load_template(settings.path("prompts"), *read_version(settings.prompt)))
    retrieve = Retriever(examples, values=values, stored=stored)
    stages = Stages(
        model=model,
        labels=labels_of(model),
        policy_for=policy_reader(settings, model),
        retrieve=retrieve,
        writer=writer,
        engine=engine,
        today=lambda: AS_OF,
        cache=MemoryCache(),
        candidates=CandidateRules(1, 1),
    )
    opened.append(Pipeline(stages))
    return House(opened[-1], engine, watched, writer, retrieve, role)


def asked_words(question: Question) -> str:
    return " ".join([question.text, *(turn.question for turn in question.history)])


def assert_nothing_private(told: str, role: str, said: str) -> None:
    """`said` are the asker's own words."""
    others = (FOREIGN, role) if role == "country_manager" else ()
    for secret in (SECRET_TEXT, str(SECRET_NUMBER), USER, COUNTRY, *others):
        assert secret not in told
    untold = {name for name in UNTOLD[role] if not re.search(rf"\b{name}\b", said, re.IGNORECASE)}
    assert not re.findall(rf"\b(?:{'|'.join(sorted(untold))})\b", told)


@cache
def suite() -> tuple[Question, ...]:
    """The questions of the suite, each after the one before it with its gold, whoever may have asked that."""
    text = (REPOSITORY / "evals/suites/auction/dev.yaml").read_text(encoding="utf-8")
    cases = yaml.safe_load(text)["cases"]
    questions, before = [], Turn("How many bids are there?", HONEST)
    for each in cases:
        questions.append(Question.parse(each["question"], history=(before,)))
        before = Turn(each["question"], each.get("sql"), shape="2 rows: n")
    assert len(questions) == 200
    return tuple(questions)


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("role", ROLES)
def test_no_prompt_of_the_suite_tells_what_is_hidden_or_who_asks(
    role: str, values: ValuesPolicy, opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    house = house_of(opened, database, auction, role, values)
    for question in suite():
        told = house.prompts_of(question)
        assert_nothing_private(told, role, asked_words(question))
        if values == "none":
            assert_no_values(told, auction, asked_words(question))


def assert_no_values(told: str, model: SemanticModel, said: str) -> None:
    """No country, as a word that no definition of the model has."""
    fields = [f for d in model.datasets for f in d.fields if f"{d.name}.{f.name}" == "users.country"]
    names = {name for f in fields for v in f.values for name in (v.value, *v.synonyms) if len(name) > 3}
    assert len(names) > 15
    for name in names:
        assert name.lower() in said.lower() or not re.search(rf"\b{re.escape(name)}\b", told), name
    assert set(re.findall(r"'([A-Z]{2})'", told)) <= set(re.findall(r"\w+", said))
    assert "answered before" not in told


@pytest.mark.parametrize("typed", ["“{}”", "'{}'", "“{}x”"])
def test_a_name_from_rows_of_others_is_not_told_to_who_does_not_see_them(
    typed: str, opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    texts = {name: f"How many bids did {typed.format(name[:-1])} place?" for name in (FOREIGN, OWN)}
    for text in texts.values():
        manager = house_of(opened, database, auction, "country_manager", "linked").prompts_of(Question.parse(text))
        assert FOREIGN not in manager and OWN not in manager
    analyst = house_of(opened, database, auction, "analyst", "linked").prompts_of(Question.parse(texts[FOREIGN]))
    assert FOREIGN in analyst or OWN in analyst, "the index knows them: an analyst's model is told"


def test_of_a_column_that_is_only_aggregated_no_single_value_is_told(
    opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    house = house_of(opened, database, auction, "analyst", "linked")
    question = Question.parse(f"How many bids did {FOREIGN} place?")
    for policy, count in ((Policy(), 1), (Policy(aggregate_only={"users.username": 20}), 0)):
        view = seen_by(auction, unasked_columns(auction, policy), private_columns(auction, policy))
        linked = [term.target for term in visible(house.retrieve(question, view, "sqlite", AS_OF)).linked]
        assert linked.count(f"users.username={FOREIGN}") == count


def test_an_example_is_not_told_where_the_value_in_it_is_of_rows_that_are_not_seen(
    opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    sql = f"SELECT COUNT(*) AS n FROM bids JOIN users ON users.id = bids.bidder_id WHERE users.username = '{FOREIGN}'"
    example = Example(f"How many bids did {FOREIGN} place?", sql, (("users.username", FOREIGN),))
    retrieve = Retriever([example])
    for role, count in (("analyst", 1), ("country_manager", 0)):
        view = house_of(opened, database, auction, role, "linked").pipeline.model_for(role)
        context = retrieve(Question.parse("How many bids did somebody place?"), view, "sqlite", AS_OF)
        assert len(visible(context).examples) == count


def test_an_example_of_a_verified_query_names_the_values_that_were_put_into_it(
    database: Path, auction: SemanticModel
) -> None:
    with closing(SqliteEngine(str(database))) as engine:
        verified = load_folder(REPOSITORY / "schema/auction/verified", auction)
        examples = examples_of(verified, ValueIndex(auction, engine), auction, "sqlite", AS_OF)
    assert {each.values for each in examples if "Electronics" in each.sql} == {(("categories.name", "Electronics"),)}


LITERAL_TURNS = {
    "texts": "SELECT COUNT(*) AS n FROM users WHERE users.username = 'O''Hara of Hush'",
    "a comment": "SELECT COUNT(*) AS n FROM users -- Hush",
    "a list": "SELECT COUNT(*) AS n FROM users WHERE users.username IN ('Hush', 'x')",
}


@pytest.mark.parametrize("turn", LITERAL_TURNS)
def test_with_none_earlier_sql_says_no_value_that_nobody_asked_for(
    turn: str, opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    history = (Turn("How many are called so?", LITERAL_TURNS[turn], shape="1 row: n"),)
    question = Question.parse("And how many bids are there?", history=history)
    assert "Hush" not in house_of(opened, database, auction, "analyst", "none").prompts_of(question)


WRONG = [
    *("SELECT *, passwort_hash FROM users", "SELECT u.emial FROM users AS u", "SELECT users.passwort_hash FROM users"),
    *("SELECT listings.reserve FROM listings", "SELECT users.name FROM users", "SELECT usr.id FROM usr"),
    *("SELECT COUNT(*) FROM users JOIN bids USING (emial)", "SELECT fullname FROM users"),
    "SELECT COUNT(*) AS n FROM comments, users",
]


@pytest.mark.parametrize("sql", WRONG)
@pytest.mark.parametrize("role", ROLES)
def test_no_hint_for_a_repair_names_what_is_hidden(
    role: str, sql: str, opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    llm = ScriptedModel(lambda prompt: reply(sql if len(house.llm.prompts) == 1 else HONEST))
    house = house_of(opened, database, auction, role, "linked", llm)
    answer = house.pipeline.ask(Question.parse("How many bids are there?", principal=house.principal))
    assert answer.outcome in ("answered", "refused")
    assert len(llm.prompts) == 2, "it was told what was wrong"
    assert_nothing_private(house.told, role, sql)


@pytest.mark.parametrize(
    "said",
    [
        "column users.password_hash does not exist",
        f"invalid input: '{COUNTRY}'",
        f"no such column: password_hash near '{COUNTRY}' and '{FOREIGN}'",
        "ambiguous column name: users.email",
    ],
)
@pytest.mark.parametrize("role", ["analyst", "country_manager"])
def test_what_a_database_says_of_hidden_columns_is_not_told_on(
    role: str, said: str, opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    house = house_of(opened, database, auction, role, "linked")
    house.engine.faults = [QueryFailed("The database could not run this query.", hint=f"It says: {said}")]
    house.pipeline.ask(Question.parse("How many bids are there?", principal=house.principal))
    assert len(house.llm.prompts) == 2
    assert_nothing_private(house.told, role, "")


def test_a_repair_told_directly_keeps_what_the_draft_itself_spelled(
    opened: list[Pipeline], database: Path, auction: SemanticModel
) -> None:
    tried = EarlierTry("SELECT users.password_hash FROM users", (Problem("x", "password_hash is not for you"),))
    told = house_of(opened, database, auction, "analyst", "linked").prompts_of(
        Question.parse("How many bids are there?"), Repair((tried,))
    )
    assert "password_hash is not for you" in told


def test_a_recording_holds_replies_and_no_prompt_and_says_nothing_to_another_role(
    opened: list[Pipeline], database: Path, auction: SemanticModel, tmp_path: Path
) -> None:
    path = tmp_path / "recording.jsonl"
    question = f"How many bids did {FOREIGN} place?"
    recording = RecordingModel(path, ScriptedModel(lambda prompt: reply(HONEST)))
    manager, analyst = Principal(USER, "country_manager", ROLES["country_manager"]), Principal(USER)
    first = house_of(opened, database, auction, "analyst", "linked", recording)
    assert first.pipeline.ask(Question.parse(question, principal=analyst)).outcome == "answered"
    kept = path.read_text(encoding="utf-8")
    assert kept.count("\n") == 1 and path.stat().st_mode & 0o777 == 0o600
    for said in (FOREIGN, USER, "DATASET", "analyst", "place"):
        assert said not in kept
    again = house_of(opened, database, auction, "analyst", "linked", RecordedModel(path))
    assert again.pipeline.ask(Question.parse(question, principal=analyst)).outcome == "answered"
    other = again.pipeline.ask(Question.parse(question, principal=manager))
    assert (other.outcome, other.code) == ("failed", "llm_unreachable")
