"""Files of verified queries: what is wrong with one is told with its place, and nothing half right is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.errors import ModelInvalid
from nl2sql.writers.base import SqlDraft
from nl2sql.writers.verified.base import verification_of
from nl2sql.writers.verified.load import load_folder
from nl2sql.writers.verified.phrase import suggestion
from tests.unit.writers.verified.shop import MODEL, QUERIES, Values, ask, write, writer_of

GOOD = QUERIES["top-clients"]


def problem_of(tmp_path: Path, body: str, name: str = "q") -> str:
    folder = write(tmp_path / "broken", {name: body})
    with pytest.raises(ModelInvalid) as caught:
        load_folder(folder, MODEL)
    return caught.value.user_message


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("onboarding: true", "onbording: true", 9, "“onbording” is not a key of the format here."),
        ("type: integer", "type: int", 7, "“int” is not allowed; allowed are"),
        ("default: 10", "default: true", 7, "found true"),
        ("default: 10", "default: 1000", 7, "“1000” is no integer of this parameter."),
        ("default: 10, ", "", 7, "a parameter has a default or an example"),
        ("default: last year", "default: sometime", 8, "“sometime” is no period of this parameter."),
        ("default: last year", "example: last year", 8, "in a question for newcomers every parameter has a default"),
        ("type: period", "type: period, field: orders.country", 8, "no other parameter has one"),
        ('in {period}"\nparaphrases', '"\nparaphrases', 4, "the question names every parameter; period is not in it"),
        ("Top {n} clients", "Top {m} clients", 4, "“{m}” is no parameter"),
        ("Top {n} clients", "Top {n} {n} clients", 4, "stands there twice"),
        ("Top {n} clients", "Top {n clients", 4, "cannot be part of a question"),
        ('"Top clients by turnover"', '"Top clients last month"', 5, "“last month” moves with the calendar"),
        ("LIMIT :n", "LIMIT :n; DROP TABLE orders", 10, "this must be one SELECT statement"),
        ("SELECT o.client", "SELECT FROM WHERE (", 10, "this is not SQL that can be read"),
        ("LIMIT :n", "LIMIT :m", 10, "“:m” is no parameter; there are :n, :period_start, :period_end."),
        ("LIMIT :n", "LIMIT ?", 10, "is no parameter"),
        ("LIMIT :n", "LIMIT 5", 10, "the parameter n is not used: there is no :n."),
        ("o.placed_at < :period_end", "o.placed_at < ':period_end'", 10, "there is no :period_end"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    message = problem_of(tmp_path, GOOD.replace(old, new, 1))
    assert f"q.yaml, line {line} " in message
    assert told in message


@pytest.mark.parametrize(
    ("query", "old", "new", "told"),
    [
        ("of-country", "field: orders.country", "field: orders.nation", "allowed are orders.country, orders.client"),
        ("of-country", "field: orders.country", "field: orders.email", "“orders.email” has no words to read"),
        ("of-country", "field: orders.country, ", "", "a text has a field"),
        ("turnover-by-grain", "default: month", "default: decade", "“decade” is no grain"),
        ("turnover-by-grain", "BUCKET(o.placed_at, :grain) AS", ":grain AS", "a grain stands in BUCKET"),
        ("above", "'day'", "'fortnight'", "BUCKET takes a column and a grain"),
        ("above", "'day'", ":amount", "BUCKET takes a column and a grain"),
        ("above", "example: 2026-03-05", "example: March 2026", "“March 2026” is no date"),
        ("share-of-phones", "What is the share of phones in 2025?", "What is the?", "has words of its own"),
        ("share-of-phones", "sql: |", "sql: DELETE FROM orders\nguidance: |", "one SELECT statement"),
        ("share-of-phones", "sql: |", "guidance: |", "there is neither sql nor dialects"),
    ],
)
def test_a_parameter_or_query_that_cannot_work_is_refused(
    tmp_path: Path, query: str, old: str, new: str, told: str
) -> None:
    assert old in QUERIES[query]
    assert told in problem_of(tmp_path, QUERIES[query].replace(old, new, 1))


def test_the_id_is_the_name_of_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "broken", {"one": GOOD})
    (folder / "one.yaml").rename(folder / "two.yaml")
    with pytest.raises(ModelInvalid, match="the id must be the name of the file, two"):
        load_folder(folder, MODEL)


def test_a_file_that_is_no_yaml_and_one_without_a_verifier_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "broken", {})
    (folder / "q.yaml").write_text("id: [")
    with pytest.raises(ModelInvalid, match="not valid YAML"):
        load_folder(folder, MODEL)
    (folder / "q.yaml").write_text("id: q\nquestion: x\nsql: SELECT 1\nverified_at: 2026-06-01\n")
    with pytest.raises(ModelInvalid, match="“verified_by” is missing"):
        load_folder(folder, MODEL)


def test_the_same_words_cannot_be_asked_of_two_queries(tmp_path: Path) -> None:
    other = GOOD.replace('question: "Top {n} clients by', 'question: "Show the {n} best clients by')
    folder = write(
        tmp_path / "twice", {"a": GOOD, "b": other.replace("Which {n} clients", "What are the top {n} clients")}
    )
    with pytest.raises(ModelInvalid, match=r"b\.yaml: “Top clients by turnover” is also a question of .*a\.yaml"):
        load_folder(folder, MODEL)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert load_folder(tmp_path / "nowhere", MODEL).queries == ()


def test_the_version_changes_with_any_file_and_with_the_data(folder: Path) -> None:
    values = Values()
    seen = {writer_of(folder, values).version}
    values.mark = "2"
    seen.add(writer_of(folder, values).version)
    with (folder / "above.yaml").open("a") as file:
        file.write("guidance: mind the day\n")
    seen.add(writer_of(folder, values).version)
    (folder / "above.yaml").unlink()
    seen.add(writer_of(folder, values).version)
    assert len(seen) == 4
    assert writer_of(folder, values).version in seen


def test_a_text_for_one_grammar_stands_before_the_general_one_and_alone_answers_only_there(folder: Path) -> None:
    def sql_of(body: str, dialect: str) -> str:
        write(folder, {"count": f"question: How many orders are there?\n{body}\n"})
        draft = ask(writer_of(folder), "How many orders are there?", dialect=dialect)
        return draft.sql if isinstance(draft, SqlDraft) else ""

    own = "dialects: {sqlite: SELECT COUNT(*) AS n FROM orders AS lite}"
    both = f"sql: SELECT COUNT(*) AS n FROM orders AS general\n{own}"
    assert "AS lite" in sql_of(own, "sqlite")
    assert sql_of(own, "mysql") == ""
    assert "AS lite" in sql_of(both, "sqlite")
    assert "AS general" in sql_of(both, "mysql")


def test_what_a_draft_says_of_its_origin_can_be_read_again() -> None:
    assert verification_of("a · team · two · 2026-06-01") is not None
    for other in ("", "a", "gpt · v1", "a · b · yesterday"):
        assert verification_of(other) is None


def test_the_auctions_queries_load_and_its_suggestions_ask_them(repository: Path) -> None:
    model = load_model(repository / "schema" / "auction" / "model.yaml")
    queries = load_folder(repository / "schema" / "auction" / "verified", model).queries
    assert len(queries) >= 12
    newcomers = [query for query in queries if query.onboarding]
    assert len(newcomers) == 4
    for query in newcomers:
        text = suggestion(query)
        assert "{" not in text and " in last" not in text and " for last" not in text
