"""Plans on MySQL (or MariaDB) and PostgreSQL: the rows that they mean, through the guard and the product's engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy

from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.writers.base import Origin, SqlDraft
from tests.integration.conftest import Server, server_address
from tests.unit.plan.compile.market import GRAPH, MODEL, statements
from tests.unit.plan.compile.plans import PLANS, REFERENCE
from tests.unit.plan.compile.reference import same_rows


@pytest.fixture(scope="module")
def engine(admin: sqlalchemy.Engine, server: Server) -> Iterator[Engine]:
    mysql = server.dialect == "mysql"
    made = statements("DATETIME(6)" if mysql else "TIMESTAMP", backslash="\\\\" if mysql else "\\")
    with admin.connect() as connection:
        for statement in made:
            connection.execute(sqlalchemy.text(statement.replace(":", "\\:")))
    opened = open_engine(server_address(admin))
    yield opened
    opened.close()


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_server_gives_the_rows_that_the_plan_means(plan: QueryPlan, engine: Engine) -> None:
    draft = SqlDraft(compile_plan(plan, MODEL, GRAPH, engine.dialect), Origin("offline"))
    verdict = check(draft, MODEL, Policy(), engine.dialect)
    assert isinstance(verdict, CheckedSql), (verdict, draft.sql)
    rows = [tuple(row.values()) for row in engine.run(verdict).table.to_pylist()]
    expected = REFERENCE.answer(plan)
    assert same_rows(rows, expected), (rows, expected, draft.sql)
