"""The SQL dialects the guard can judge. A name that is not here is refused: a wrong grammar checks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel
from sqlglot.generator import Generator

# Words that some supported database reserves and sqlglot's tokenizer does not list as keywords of its own.
_ALSO_RESERVED = frozenset(
    """
    abs accessible action add admin after aggregate allocate analyse analyze any_value are array asc assert asymmetric
    at atomic authorization avg before bernoulli between both by cardinality char check class collation condition
    connect constraint contains continue convert count cube cume_dist current current_catalog current_date current_role
    current_schema current_time current_timestamp current_user cursor cycle day day_hour day_minute day_second
    deallocate dec declare deferrable define delayed dense_rank deterministic disconnect distinctrow dual each element
    elseif empty enclosed end enum errors escaped except exclude exec exit explain extract fetch first_value float4
    float8 following foreign freeze function general get glob groups hash high_priority hour hour_minute hour_second
    identity if ignore ilike index infile initially inout inner input insensitive int1 int2 int3 int4 int8 isnull
    isolation iterate json_table key keys kill lag last_value lateral lead leading leave linear lines localtime
    localtimestamp lookup loop low_priority master_bind match maxvalue merge minute minute_second mod modifies natural
    new no notnull nth_value ntile null of old only optimize optimizer_costs option optionally out over overlaps
    parameter percent_rank period pivot placing position precedes precision preceding procedure proto purge range rank
    read reads recursive references regexp release rename repeat require reset resignal respect restrict return
    revoke rlike row row_number rows scroll second sensitive separator session_user signal similar spatial specific
    sql sqlexception sqlstate sqlwarning ssl starting static stored straight_join symmetric system system_user
    tablesample terminated trailing treat trigger undo unknown unlock unnest unpivot unsigned user using
    utc_date utc_time utc_timestamp value values variadic varying verbose virtual when where while window with within
    without write xor year year_month zerofill
    abort attach autoincrement begin cascade cast commit conflict create database default deferred delete desc detach
    do drop except exclusive fail foreign full group having if immediate indexed inner insert intersect into isnull join
    left limit materialized natural nothing on or order plan pragma primary query raise reindex replace right rollback
    savepoint select set table temp temporary to transaction union unique update vacuum view with
    """.split()
)


@dataclass(frozen=True, slots=True)
class GuardDialect:
    """`name` is what the engine is called, `grammar` what reads and prints its SQL.

    `default_schema` is where a table without a schema is; "" where that depends on the connection.
    `alias_in_where`: an output alias may be used in WHERE; `alias_in_select`: in later output columns too.
    """

    name: str
    grammar: Dialect
    reserved: frozenset[str]
    folds_case: bool = False  # unquoted names become lower case
    alias_in_where: bool = False
    alias_in_select: bool = False
    having_prefers_alias: bool = False
    default_schema: str = ""

    def generator(self) -> Generator:
        """Prints for people: one clause a line, no comments; raises UnsupportedError instead of guessing."""
        return self.grammar.generator(
            pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE, max_text_width=100
        )


_TRAITS: dict[str, tuple[str, dict[str, Any]]] = {
    "sqlite": ("sqlite", {"alias_in_where": True, "default_schema": "main"}),
    "mysql": ("mysql", {"having_prefers_alias": True}),
    "mariadb": ("mysql", {"having_prefers_alias": True}),
    "postgres": ("postgres", {"folds_case": True, "default_schema": "public"}),
    "duckdb": ("duckdb", {"alias_in_where": True, "alias_in_select": True, "default_schema": "main"}),
    "bigquery": ("bigquery", {}),
}
DIALECTS: tuple[str, ...] = tuple(_TRAITS)


@lru_cache(maxsize=16)
def dialect_named(name: str) -> GuardDialect | None:
    if name not in _TRAITS:
        return None
    base, traits = _TRAITS[name]
    grammar = Dialect.get_or_raise(base)
    words = {word.lower() for word in grammar.tokenizer_class.KEYWORDS if word.isidentifier()}
    return GuardDialect(name, grammar, frozenset(words | _ALSO_RESERVED), **traits)


def grammar_name(dialect: str) -> str:
    """What the parser calls the grammar of a dialect: MariaDB's is that of MySQL."""
    return _TRAITS[dialect][0] if dialect in _TRAITS else dialect
