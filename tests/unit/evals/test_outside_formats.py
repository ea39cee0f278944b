"""Reading outside suites: their formats, and what is hostile or mistaken in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.errors import SourceInvalid
from evals.outside.alternatives import MAX_GOLDS, accepted
from evals.outside.base import EntryInvalid, Outside
from evals.outside.files import database_file
from evals.outside.read import read_outside

SPIDER = {"db_id": "library", "question": "How many books are there?", "query": "SELECT COUNT(*) FROM books"}
BIRD = {
    "question_id": 7,
    "db_id": "library",
    "question": "How many books are lent?",
    "evidence": "lent means due IS NOT NULL",
    "SQL": "SELECT COUNT(*) FROM books WHERE due IS NOT NULL;",
    "difficulty": "simple",
}
HEADER = "question,query,db_name,query_category,instructions\n"


def _json_file(folder: Path, entries: Any) -> Path:
    path = folder / "dev.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def _spider(folder: Path, *entries: Any) -> Outside:
    return read_outside("spider", _json_file(folder, entries))


def _defog(folder: Path, text: str, name: str = "questions_sqlite.csv") -> Outside:
    (folder / name).write_text(text, encoding="utf-8")
    return read_outside("defog", folder)


def test_spider_gives_a_case_for_each_entry(tmp_path: Path) -> None:
    read = _spider(tmp_path, SPIDER, {**SPIDER, "db_id": "museum"})
    assert [(case.id, case.database) for case in read.cases] == [("library-1", "library"), ("museum-2", "museum")]
    assert read.cases[0].golds == ("SELECT COUNT(*) FROM books",)


def test_bird_keeps_evidence_difficulty_and_the_number_of_the_question(tmp_path: Path) -> None:
    case = read_outside("bird", _json_file(tmp_path, [BIRD])).cases[0]
    assert (case.id, case.tags, case.evidence) == ("library-7", ("simple",), "lent means due IS NOT NULL")
    assert case.golds == ("SELECT COUNT(*) FROM books WHERE due IS NOT NULL",)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({**SPIDER, "db_id": "../../etc"}, "its database “../../etc” is not a name"),
        ({**SPIDER, "db_id": "/etc/passwd"}, "its database “/etc/passwd” is not a name"),
        ({**SPIDER, "db_id": ".hidden"}, "its database “.hidden” is not a name"),
        ({**SPIDER, "db_id": "a..b"}, "its database “a..b” is not a name"),
        ({**SPIDER, "db_id": 5}, "its “db_id” is no text"),
        ({**SPIDER, "question": "  "}, "its “question” is no text"),
        ({**SPIDER, "query": None}, "it has no “query”"),
        ({**SPIDER, "query": ";"}, "its gold query is empty"),
        ({**SPIDER, "query": "SELECT " + "1," * 20_000 + "1"}, "its gold query has more than 20,000 characters"),
        ("a text", "it is not an object with keys"),
        ([1], "it is not an object with keys"),
    ],
)
def test_an_entry_that_cannot_be_used_is_left_out_and_the_others_stay(tmp_path: Path, entry: Any, reason: str) -> None:
    read = _spider(tmp_path, entry, SPIDER)
    assert [each.reason for each in read.left_out] == [reason]
    assert [case.id for case in read.cases] == ["library-2"]


def test_an_id_that_was_there_before_is_left_out(tmp_path: Path) -> None:
    read = read_outside("bird", _json_file(tmp_path, [BIRD, {**BIRD, "question": "Again?"}]))
    assert len(read.cases) == 1
    assert read.left_out[0].case == "entry 2"
    assert read.left_out[0].reason == "its id library-7 is that of entry 1 already"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{", "is not valid JSON: Expecting property name enclosed in double quotes at line 1, column 3"),
        ('{"a": 1}', "must hold a list of questions; it holds an object"),
        ("[" * 100_000, "is not valid JSON: nested too deep"),
        ("[1" + "0" * 5000 + "]", "is not valid JSON: a number too long"),
    ],
)
def test_a_broken_file_ends_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "dev.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceInvalid, match=said):
        read_outside("spider", path)


def test_bytes_that_are_no_text_end_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_bytes(b"\xff\xfe[]")
    with pytest.raises(SourceInvalid, match="not UTF-8"):
        read_outside("spider", path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    with path.open("wb") as file:
        file.truncate(300_000_000)  # a hole: it takes no room
    with pytest.raises(SourceInvalid, match="more than 200 MB"):
        read_outside("spider", path)


@pytest.mark.parametrize("name", ["spider", "bird", "defog"])
def test_a_source_that_is_not_there_is_named(tmp_path: Path, name: Any) -> None:
    with pytest.raises(SourceInvalid, match="There is no file or folder"):
        read_outside(name, tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["spider", "bird", "defog"])
def test_an_empty_folder_says_what_it_lacks(tmp_path: Path, name: Any) -> None:
    with pytest.raises(SourceInvalid, match=r"has (none of dev.json|no file like NAME_sqlite.csv)"):
        read_outside(name, tmp_path)


def test_defog_csv_has_a_case_for_each_row(tmp_path: Path) -> None:
    read = _defog(tmp_path, HEADER + '"How many, and where?",SELECT COUNT(*) FROM books,library,group_by,Say it.\n')
    case = read.cases[0]
    assert (case.id, case.database, case.tags) == ("questions-sqlite-1", "library", ("group_by",))
    assert (case.question, case.evidence) == ("How many, and where?", "Say it.")


def test_defog_csv_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="has no column query or db_name"):
        _defog(tmp_path, "question,answer\na,b\n")


def test_a_field_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="is not valid CSV"):
        _defog(tmp_path, HEADER + f'"{"x" * 200_000}",SELECT 1,library,a,\n')


def test_files_of_another_dialect_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "questions_postgres.csv").write_text(HEADER + "Other?,SELECT 1,library,a,\n", encoding="utf-8")
    read = _defog(tmp_path, HEADER + "This?,SELECT 1 FROM books,library,a,\n")
    assert [case.question for case in read.cases] == ["This?"]


def test_a_gold_that_says_it_cannot_answer_makes_the_question_one_without_answer(tmp_path: Path) -> None:
    read = _defog(tmp_path, HEADER + "What is love?,SELECT 'I cannot say.' AS answer;,library,a,Do so.\n")
    assert not read.cases[0].is_answerable
    assert read.cases[0].evidence == ""


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("SELECT a FROM t;", ["SELECT a FROM t"]),
        ("SELECT a FROM t; SELECT b FROM t;", ["SELECT a FROM t", "SELECT b FROM t"]),
        ("SELECT ';' FROM t", ["SELECT ';' FROM t"]),
        ("SELECT '{a}' FROM t", ["SELECT '{a}' FROM t"]),
        ("SELECT {a, b} FROM t", ["SELECT a FROM t", "SELECT b FROM t", "SELECT a, b FROM t"]),
        (
            "SELECT {a,b}, COUNT(*) FROM t GROUP BY {}",
            [
                "SELECT a, COUNT(*) FROM t GROUP BY a",
                "SELECT b, COUNT(*) FROM t GROUP BY b",
                "SELECT a, b, COUNT(*) FROM t GROUP BY a, b",
            ],
        ),
        ("SELECT {a}, {b} FROM t", ["SELECT a, b FROM t"]),
        ("SELECT a FROM t; SELECT a FROM t", ["SELECT a FROM t"]),
    ],
)
def test_several_accepted_queries_in_one_text_are_told_apart(text: str, queries: list[str]) -> None:
    assert list(accepted(text)) == queries


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT {a FROM t", "does not close"),
        ("SELECT {} FROM t", "braces with 0 columns"),
        ("SELECT {a,b,c,d,e,f,g} FROM t", "braces with 7 columns"),
        ("SELECT {a,b,c,d,e,f}, {g,h,i} FROM t", f"more than {MAX_GOLDS} queries"),
    ],
)
def test_braces_that_are_no_choice_are_refused(text: str, reason: str) -> None:
    with pytest.raises(EntryInvalid, match=reason):
        accepted(text)


def test_a_link_out_of_the_folder_of_databases_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.sqlite"
    outside.write_bytes(b"SQLite format 3\x00")
    folder = tmp_path / "database"
    folder.mkdir()
    (folder / "library.sqlite").symlink_to(outside)
    found = database_file(folder, "library")
    assert isinstance(found, str) and "is a link out of the folder" in found


def test_a_file_that_is_no_database_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").write_text("version https://git-lfs.example/spec/v1", encoding="utf-8")
    found = database_file(tmp_path, "library")
    assert isinstance(found, str) and found.endswith("is no SQLite file")
