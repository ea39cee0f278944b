"""Statements of the corpora, bent: words swapped, quoted, commented and respelled, statements spliced and nested.

Seeds are attacks and honest questions alike. What comes out is mostly nonsense; what the guard accepts of it runs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import cache

from nl2sql.guard.corpus import whole_package_corpus
from tests.fuzz.grammar import Grammar
from tests.integration.guard.auction import TABLES
from tests.integration.guard.statements import corpus, gold, probes
from tests.integration.guard.test_error_oracles import ORACLES

_LONGEST_SEED = 1_500  # long attacks are about length; bending them teaches nothing new, slowly
_TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\$\$.*?\$\$|\w+|::|<=|>=|<>|\|\||.",
    re.DOTALL,
)
_COLUMNS = sorted({column for columns in TABLES.values() for column in columns})
_HIDDEN = (
    "email", "password_hash", "full_name", "reserve_price", "last_seen_at", "fee", "buy_now_price", "unmentioned",
)  # fmt: skip
_BAIT = (
    *_HIDDEN, "rowid", "ctid", "oid", "xmin", "_rowid_", "tableoid", "u", "users", "u.*", "users.*", "*", "t", "(u)",
    "(users).email", "ROW(u.*)", "COLUMNS('e.*')", "#3", "* EXCLUDE (id)", "* EXCEPT (id)", "* REPLACE (1 AS id)",
    "users.email", "main.users", "public.users", "information_schema.tables", "sqlite_master", "pg_catalog.pg_class",
    "mysql.user", "@@version", "@a", ":x", "?", "$1", "USING (email)", "NATURAL JOIN users", "JOIN users USING (id)",
    "FOR UPDATE", "INTO OUTFILE 'x'", "INTO TEMP x", "RETURNING *", "LIMIT 1", "LIMIT ALL", "OFFSET 1",
    "ORDER BY email", "GROUP BY 1", "ORDER BY 1", "GROUP BY ALL", "QUALIFY TRUE", "TABLESAMPLE (9)", "LATERAL",
    "UNNEST([1])", "VALUES (1)", "TABLE users", "WITH RECURSIVE", "MATERIALIZED", "FILTER (WHERE TRUE)", "OVER ()",
    "WINDOW w AS (ORDER BY id)", "OVER w", "COLLATE nocase", "COLLATE \"C\"", "AT TIME ZONE 'UTC'", "::text",
    "::users", "->>'a'", "[1]", "CAST(NULL AS users)", "DISTINCT ON (id)", "BETWEEN", "IS NULL", "NOT", "OR 1 = 1",
    "AND", "UNION ALL", "EXCEPT", "INTERSECT", "SELECT", "FROM", "WHERE", "(", ")", ",", ";", ".", "--", "/*", "*/",
    "'", '"', "`", "\\", "$$", "[", "]", "{", "}", "=", "||", "%", "1", "0", "-1", "1e308", "9223372036854775807",
    "''", "NULL", "TRUE", "DEFAULT", "x'41'", "U&'\\0065'", "E'\\x65'", "N'e'", "_utf8'e'", "pg_sleep(1)",
    "sleep(1)", "load_extension('x')", "readfile('x')", "lo_import('x')", "version()", "current_user", "random()",
    "query('SELECT 1')", "read_csv('x')", "getenv('x')", "pg_read_file('x')", "setval('s', 1)", "nextval('s')",
    "glob('*')", "REPEAT('x', 99)",
)  # fmt: skip
# A quoted name that is printed without its quotes would become SQL.
_BREAK_OUTS = (
    "x), email FROM users --", "year FROM created_at), email FROM users --", "DAY), email FROM users --",
    "+) 1, email FROM users --", "; DROP TABLE users; --", "email FROM users -- ", "a\"\"b", "users\" --", "x\\",
    "id) FROM (SELECT email AS id FROM users", "*/ email /*",
)  # fmt: skip
_COMMENTS = (
    "/**/", "/* x */", "/*! email */", "/*!50000 , email */", "/*M! , email */", "/*+ SET_VAR(a=1) */", "-- x\n",
    "#\n", "--\n", "/*",
)  # fmt: skip
_SPACES = (
    "\t", "\n", "\r", "\x0b", "\x0c", "\u00a0", "\u200b", "\u2028", "\ufeff", "\u3000", "\x00", "\x1f", "\u202e",
)  # fmt: skip
# Letters and signs that look like others, or become them when a text is folded.
_ALIKE = str.maketrans("eaisk(';", "\u0435\u0430\u0131\u017f\u212a\uff08\u2019\uff1b")
_NESTS = (
    "SELECT * FROM ({}) AS t", "({})", "SELECT ({}) AS x", "WITH t AS ({}) SELECT * FROM t",
    "SELECT COUNT(*) AS n FROM ({}) AS t", "SELECT id FROM users WHERE id IN ({})",
    "SELECT id FROM users WHERE EXISTS ({})", "{} UNION ALL SELECT id FROM users",
    "SELECT email FROM users UNION ALL {}", "EXPLAIN {}", "{}; {}", "SELECT 1 AS one; {}", "CREATE TABLE z AS {}",
    "WITH users AS ({}) SELECT * FROM users", "SELECT * FROM users AS u, LATERAL ({}) AS t",
    "SELECT CASE WHEN EXISTS ({}) THEN 1 ELSE 0 END AS x", "{} LIMIT 5", "{} ORDER BY 1",
)  # fmt: skip


_FOR_A_TABLE = ("(SELECT * FROM {name})", "(SELECT *, {column} AS x FROM {name}) AS {name}", "{name} AS users(a, b, c)")
_FOR_A_COLUMN = (
    "(SELECT MAX({column}) FROM users)",
    "COALESCE({name}, {column})",
    "(SELECT {name})",
    "CAST({name} AS TEXT)",
)
_AROUND_A_NAME = (
    "CAST(id AS {})", "EXTRACT({} FROM created_at)", "id AS {}", "DATE_TRUNC({}, created_at)", "id COLLATE {}",
    "{}(id)", "users.{}", "INTERVAL 1 {}", "f({} => id)", "id OPERATOR(pg_catalog.{}) id", ":{}", "AS t({})", "{}",
)  # fmt: skip


def tokens_of(sql: str) -> list[str]:
    return _TOKEN.findall(sql)


@cache
def seeds(dialect: str) -> tuple[str, ...]:
    """What mutations start from: everything at hand that is written for the database, attacks included."""
    own = [each.sql for each in whole_package_corpus() if each.dialect in ("", dialect)]
    questions = [*gold(), *corpus(), *probes(dialect)]
    own += [said for each in questions if (said := each.said_to(dialect))]
    short = (sql for sql in (*own, *ORACLES.get(dialect, ())) if len(sql) < _LONGEST_SEED)
    return tuple(dict.fromkeys(short))


class Mutator:
    """Deterministic for a seeded source of choice."""

    def __init__(self, dice: random.Random, dialect: str) -> None:
        self.dice, self.dialect = dice, dialect
        self.seeds = seeds(dialect)
        self.grammar = Grammar(dice, dialect, depth=2)
        # What leaves a statement readable comes more often: a guard is tried by what it lets through.
        self._steps: tuple[Callable[[list[str]], None], ...] = (
            *(self._rename, self._rename, self._rename, self._rename, self._rename, self._query_for_name),
            *(self._query_for_name, self._query_for_name, self._bait, self._bait, self._bait, self._shout, self._swap),
            *(self._cut, self._repeat, self._quote, self._comment, self._space, self._respell, self._break_out),
        )

    def statement(self) -> str:
        sql = self.dice.choice(self.seeds)
        if self.dice.randrange(8) == 0:
            sql = self.grammar.statement()
        if self.dice.randrange(6) == 0:
            sql = self._spliced(sql, self.dice.choice(self.seeds))
        if self.dice.randrange(6) == 0:
            sql = self.dice.choice(_NESTS).replace("{}", sql)
        tokens = tokens_of(sql)
        for _ in range(self.dice.choice((0, 1, 1, 1, 2, 2, 3, 6))):
            if tokens:
                self.dice.choice(self._steps)(tokens)
        return "".join(tokens)

    def _place(self, tokens: Sequence[str]) -> int:
        return self.dice.randrange(len(tokens))

    def _spliced(self, one: str, other: str) -> str:
        head, tail = tokens_of(one), tokens_of(other)
        return "".join((*head[: self.dice.randint(0, len(head))], " ", *tail[self.dice.randint(0, len(tail)) :]))

    def _swap(self, tokens: list[str]) -> None:
        one, other = self._place(tokens), self._place(tokens)
        tokens[one], tokens[other] = tokens[other], tokens[one]

    def _cut(self, tokens: list[str]) -> None:
        start = self._place(tokens)
        del tokens[start : start + self.dice.randint(1, 5)]

    def _repeat(self, tokens: list[str]) -> None:
        start = self._place(tokens)
        tokens[start:start] = tokens[start : start + self.dice.randint(1, 12)]

    def _bait(self, tokens: list[str]) -> None:
        tokens.insert(self._place(tokens), f" {self.dice.choice(_BAIT)} ")

    def _names(self, tokens: Sequence[str]) -> list[int]:
        return [n for n, token in enumerate(tokens) if token.lower() in TABLES or token.lower() in _COLUMNS]

    def _rename(self, tokens: list[str]) -> None:
        """A name for another one of its kind, hidden ones first."""
        places = self._names(tokens)
        if places:
            place = self.dice.choice(places)
            others = list(TABLES) if tokens[place].lower() in TABLES else [*_HIDDEN, *_COLUMNS]
            tokens[place] = self.dice.choice(others)

    def _quote(self, tokens: list[str]) -> None:
        place = self._place(tokens)
        left, right = self.dice.choice(('""', "``", "[]", "''", ("$$", "$$"), ('U&"', '"'), ("E'", "'"), ("{", "}")))
        tokens[place] = f"{left}{tokens[place]}{right}"

    def _comment(self, tokens: list[str]) -> None:
        tokens.insert(self._place(tokens), self.dice.choice(_COMMENTS))

    def _space(self, tokens: list[str]) -> None:
        tokens.insert(self._place(tokens), self.dice.choice(_SPACES))

    def _respell(self, tokens: list[str]) -> None:
        place = self._place(tokens)
        tokens[place] = tokens[place].translate(_ALIKE)

    def _shout(self, tokens: list[str]) -> None:
        place = self._place(tokens)
        tokens[place] = self.dice.choice((str.upper, str.lower, str.swapcase, str.title))(tokens[place])

    def _query_for_name(self, tokens: list[str]) -> None:
        places = self._names(tokens)
        if places:
            place = self.dice.choice(places)
            name = tokens[place]
            column = self.dice.choice(_COLUMNS)
            templates = _FOR_A_TABLE if name.lower() in TABLES else _FOR_A_COLUMN
            tokens[place] = self.dice.choice(templates).format(name=name, column=column)

    def _break_out(self, tokens: list[str]) -> None:
        quote = self.dice.choice(('"', "`", "'", "$$"))
        wrapped = f"{quote}{self.dice.choice(_BREAK_OUTS)}{quote}"
        tokens.insert(self._place(tokens), f" {self.dice.choice(_AROUND_A_NAME).format(wrapped)} ")
