"""Two small databases, and folders around them as Spider, BIRD and defog have them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

LIBRARY = """
CREATE TABLE members (member_id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, joined DATE NOT NULL);
CREATE TABLE books (
  book_id INTEGER PRIMARY KEY, title TEXT NOT NULL, pages INTEGER NOT NULL, lent_to INTEGER REFERENCES members
);
INSERT INTO members VALUES
  (1, 'Ada', 'ada@example.org', '2026-01-05'), (2, 'Ben', 'ben@example.org', '2026-06-20'),
  (3, 'Cleo', NULL, '2025-11-30');
INSERT INTO books VALUES
  (1, 'Rivers', 120, 1), (2, 'Hills', 340, 1), (3, 'Lakes', 340, 2), (4, 'Winds', 90, NULL), (5, 'Tides', 210, NULL);
"""
BAKERY = """
CREATE TABLE breads (bread_id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL, grain TEXT);
CREATE TABLE sales (
  sale_id INTEGER PRIMARY KEY, bread_id INTEGER NOT NULL REFERENCES breads, sold_on DATE NOT NULL, loaves INTEGER
);
INSERT INTO breads VALUES (1, 'Rye', 4.5, 'rye'), (2, 'Spelt', 5.0, 'spelt'), (3, 'White', 3.2, 'wheat');
INSERT INTO sales VALUES
  (1, 1, '2026-06-29', 12), (2, 1, '2026-06-30', 7), (3, 2, '2026-06-30', 5), (4, 3, '2026-05-02', 40);
"""
SPIDER: list[dict[str, Any]] = [
    {"db_id": "library", "question": "How many books are there?", "query": "SELECT COUNT(*) FROM books"},
    {
        "db_id": "library",
        "question": "List the names of members in alphabetical order.",
        "query": "SELECT name FROM members ORDER BY name",
    },
    {
        "db_id": "library",
        "question": "What are the emails of members who have a book?",
        "query": "SELECT DISTINCT m.email FROM members AS m JOIN books AS b ON b.lent_to = m.member_id",
    },
    {"db_id": "bakery", "question": "How many loaves were sold?", "query": "SELECT SUM(loaves) FROM sales"},
    {
        "db_id": "bakery",
        "question": "Which breads are of oats?",
        "query": "SELECT name FROM breads WHERE grain = 'oats'",
    },
    {"db_id": "bakery", "question": "What did it weigh?", "query": "SELECT weight FROM breads"},
    {"db_id": "museum", "question": "How many paintings are there?", "query": "SELECT COUNT(*) FROM paintings"},
]
BIRD: list[dict[str, Any]] = [
    {
        "question_id": 0,
        "db_id": "library",
        "question": "How many thick books are there?",
        "evidence": "a thick book has at least 200 pages",
        "SQL": "SELECT COUNT(*) FROM books WHERE pages >= 200",
        "difficulty": "simple",
    },
    {
        "question_id": 1,
        "db_id": "bakery",
        "question": "What was earned with each bread?",
        "evidence": "",
        "SQL": "SELECT name, SUM(loaves * price) FROM breads JOIN sales USING (bread_id) GROUP BY name",
        "difficulty": "moderate",
    },
]
DEFOG = """\
question,query,db_name,query_category,instructions
Which grains are there?,"SELECT {breads.grain,breads.bread_id} FROM breads",bakery,group_by,
How many loaves were sold today?,SELECT SUM(loaves) FROM sales WHERE sold_on = date('now'),bakery,dates,Count loaves.
Who invented bread?,SELECT 'I do not know.' AS answer;,bakery,cat_a,Say so.
"""


def make_databases(folder: Path) -> Path:
    for name, script in (("library", LIBRARY), ("bakery", BAKERY)):
        (folder / name).mkdir(parents=True)
        with closing(sqlite3.connect(folder / name / f"{name}.sqlite")) as connection:
            connection.executescript(script)
    return folder


def make_spider(folder: Path) -> Path:
    make_databases(folder / "database")
    (folder / "dev.json").write_text(json.dumps(SPIDER), encoding="utf-8")
    return folder


def make_bird(folder: Path) -> Path:
    make_databases(folder / "dev_databases")
    (folder / "dev.json").write_text(json.dumps(BIRD), encoding="utf-8")
    return folder


def make_defog(folder: Path) -> Path:
    make_databases(folder / "databases")
    (folder / "questions_sqlite.csv").write_text(DEFOG, encoding="utf-8")
    return folder
