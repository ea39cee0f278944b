"""The same as for the other engines, told by BigQuery's own grammar, analyser and reference evaluator.

What runs must be read and resolved by it and give what it gives where the hidden never was. The evaluator does one
thing after the other, as written: whether the service tries conditions in another order cannot be seen here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.integration.guard.answers import Finding, Trial, checked
from tests.integration.guard.bigquery import BigQuery, bigquery_database
from tests.integration.guard.databases import Refused
from tests.integration.guard.reports import report
from tests.integration.guard.roles import policy
from tests.integration.guard.statements import Question, corpus, probes

pytestmark = pytest.mark.xdist_group("guard-bigquery")


@pytest.fixture(scope="module")
def bigquery() -> Iterator[BigQuery]:
    if os.environ.get("CI") == "true":
        import zetasql  # noqa: F401 - where tests must be complete, its absence is a failure
    with bigquery_database() as made:
        yield made


def questions() -> dict[str, Question]:
    """Those written for BigQuery, those about hidden rows in translation, and the probes."""
    own = [each for each in corpus() if each.dialect == "bigquery" or each.name.startswith(("rows", "neu-"))]
    asked = {each.said_to("bigquery"): each for each in (*own, *probes("bigquery"))}
    return {sql: each for sql, each in asked.items() if sql}


def test_a_guarded_statement_gives_what_it_gives_where_the_hidden_never_was(bigquery: BigQuery) -> None:
    trial = Trial(bigquery, "german")
    found = {question.name: trial.outcome(sql) for sql, question in questions().items()}
    report("bigquery", "german", found)
    assert [each.why for each in found.values() if each.finding is Finding.DIFFERENT] == []
    assert sum(each.finding is Finding.EQUAL for each in found.values()) > 50


def test_what_the_evaluator_cannot_do_is_still_read_and_resolved_when_guarded(bigquery: BigQuery) -> None:
    """The evaluator lacks approximate aggregates; the grammar and the analyser know them."""
    world = bigquery.world("full")
    for sql in (
        "SELECT APPROX_COUNT_DISTINCT(bidder_id) AS n FROM bids",
        "SELECT country, APPROX_COUNT_DISTINCT(username) AS n FROM users WHERE is_active GROUP BY country",
        "SELECT APPROX_QUANTILES(amount, 4)[OFFSET(2)] AS middle FROM payments",
    ):
        verdict = checked(sql, policy("german"), "bigquery")
        assert verdict is not None, sql
        with pytest.raises(Refused, match="UNIMPLEMENTED"):
            world.run(verdict.executed)
        world.analyse(verdict.executed)
        with pytest.raises(Refused, match="Unrecognized name: email"):
            world.analyse(verdict.executed.replace("\nFROM", ", email\nFROM", 1))
