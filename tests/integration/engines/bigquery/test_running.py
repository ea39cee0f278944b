"""What the engine sends, what it does when something is lost on the way, and what it never lets run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from nl2sql.engines.base import Engine, Job
from nl2sql.engines.bigquery_address import BigQueryOptions
from nl2sql.engines.registry import open_engine
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryCancelled,
    QueryFailed,
    QueryTimedOut,
    QueryTooCostly,
)
from nl2sql.guard.checked import CheckedSql
from tests.fakes.bigquery.errors import ApiError
from tests.fakes.bigquery.faults import Fault
from tests.integration.engines.bigquery.conftest import ENDLESS, ROWS, Guarded

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery

pytestmark = pytest.mark.xdist_group("bigquery")

Mint = Callable[..., CheckedSql]
SOON = 10.0  # seconds; generous, because machines that test are busy
COUNT = "SELECT COUNT(*) AS n FROM sales"
DOWN = ApiError("backendError", "Error encountered during execution. Retrying may solve the problem.")


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def counted(engine: Engine, checked: CheckedSql, job: Job | None = None) -> int:
    return int(engine.run(checked, job or Job()).table.column(0)[0].as_py())


def test_a_job_says_whose_it_is_and_is_bounded_on_the_server_too(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    engine.run(guarded(COUNT, seconds=7), Job("Q-1/Ü", "Ada@Example.com"))
    (job,) = fake.jobs.all.values()
    assert job.id.startswith("nl2sql_")
    assert job.location == "EU"  # the dataset's own
    assert job.configuration["jobTimeoutMs"] == "7000"
    assert job.configuration["labels"] == {
        "application": "nl2sql",
        "nl2sql_user": "ada_example_com",
        "nl2sql_question": "q-1",
    }
    assert job.query["useLegacySql"] is False
    assert job.query["useQueryCache"] is True
    assert job.query["defaultDataset"] == {"projectId": "stand-in-project", "datasetId": "shop"}
    assert job.query["maximumBytesBilled"] == str(guarded(COUNT).billed_bytes)


def test_a_question_costs_few_requests_and_a_second_fewer(fake: FakeBigQuery, engine: Engine, guarded: Guarded) -> None:
    engine.estimate(guarded(COUNT))
    fake.requests.clear()
    assert counted(engine, guarded(COUNT)) == ROWS
    assert fake.requests.count("jobs.insert") == 1  # the estimate's dry run stands
    assert len(fake.requests) <= 4


def test_what_was_billed_is_told_and_a_cached_result_is_free(engine: Engine, guarded: Guarded) -> None:
    first = engine.run(guarded("SELECT SUM(price) AS total FROM sales"))
    assert first.billed_bytes == 10 * 2**20
    assert first.table.to_pylist() == [{"total": Decimal(ROWS * (ROWS - 1) // 2) / 100}]
    assert engine.run(guarded("SELECT SUM(price) AS total FROM sales")).billed_bytes == 0


def test_only_what_is_told_to_be_a_select_becomes_a_job(fake: FakeBigQuery, engine: Engine, mint: Mint) -> None:
    """The guard would have refused them: minted here as if it had not."""
    for sql in (
        "DELETE FROM sales WHERE TRUE",
        "CREATE TEMP TABLE t AS SELECT 1 AS one",
        "SELECT 1; SELECT 2",
        "DECLARE n INT64",
        "EXPORT DATA OPTIONS (uri = 'gs://bucket/*', format = 'CSV') AS SELECT 1 AS one",
    ):
        with pytest.raises(QueryFailed, match="could not run") as caught:
            engine.run(mint(sql, dialect="bigquery"))
        assert "only SELECT may run" in caught.value.hint, sql
    assert fake.jobs.all == {}


def test_what_reads_too_much_is_refused_before_it_runs(fake: FakeBigQuery, guarded: Guarded) -> None:
    engine = open_engine(fake.url, bigquery=BigQueryOptions(maximum_bytes=1_000_000))
    with pytest.raises(QueryTooCostly, match=r"would read 0\.01 GB"):
        engine.run(guarded("SELECT SUM(price) AS n FROM sales"))
    assert fake.jobs.all == {}
    assert counted(engine, guarded(COUNT)) == ROWS  # reads no column
    engine.close()


def test_what_has_grown_since_it_was_estimated_is_refused_by_the_service(fake: FakeBigQuery, guarded: Guarded) -> None:
    from tests.fakes.bigquery.schema import Column

    columns = [Column("id", "INT64"), Column("title", "STRING")]
    fake.warehouse.create("shop", "by_day2", columns)
    engine = open_engine(fake.url, bigquery=BigQueryOptions(maximum_bytes=5_000_000))
    checked = _as_sales(guarded, "SELECT MAX(title) AS n FROM sales", "by_day2")
    try:
        assert engine.run(checked).row_count == 1  # nothing to read yet
        fake.warehouse.insert("shop", "by_day2", [(1, "x")])
        with pytest.raises(QueryTooCostly, match="more than one question may"):
            engine.run(checked)
        (last,) = [job for job in fake.jobs.all.values() if job.error is not None]
        assert last.error is not None
        assert last.error.reason == "bytesBilledLimitExceeded"
    finally:
        engine.close()
        fake.warehouse.drop("shop", "by_day2")


def _as_sales(guarded: Guarded, sql: str, table: str) -> CheckedSql:
    from nl2sql.guard import checked as checked_module

    made = guarded(sql)
    return CheckedSql(
        checked_module._MINT,
        sql=made.sql.replace("sales", table),
        executed=made.executed.replace("sales", table),
        dialect="bigquery",
        tables=(table,),
        columns=(),
        outputs=(),
        row_limit=10,
        limit_added=False,
        seconds=10.0,
        result_bytes=1_000_000,
        policy="test",
    )


def test_many_pages_arrive_whole_and_in_order(fake: FakeBigQuery, engine: Engine, guarded: Guarded) -> None:
    found = engine.run(guarded("SELECT id, title FROM sales ORDER BY id", rows=25_000))
    assert (found.row_count, found.truncated) == (25_000, True)
    assert found.table.column("id").to_pylist() == list(range(25_000))
    assert fake.requests.count("jobs.getQueryResults") >= 3


def test_a_lost_answer_to_a_job_is_asked_for_again_and_the_job_runs_once(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    engine.estimate(guarded(COUNT))
    fake.faults.add(Fault("jobs.insert", lost=True))
    assert counted(engine, guarded(COUNT)) == ROWS
    assert len(fake.jobs.all) == 1
    assert fake.requests.count("jobs.insert") >= 2


@pytest.mark.parametrize("method", ["datasets.get", "jobs.insert", "jobs.getQueryResults"])
@pytest.mark.parametrize("fault", [{"drop": True}, {"lost": True}, {"error": DOWN}])
def test_what_goes_wrong_once_goes_unnoticed(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded, method: str, fault: dict[str, object]
) -> None:
    fake.faults.add(Fault(method, **fault))  # type: ignore[arg-type]
    assert counted(engine, guarded(COUNT)) == ROWS


def test_connections_that_are_cut_while_a_statement_runs_are_replaced(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    ended: list[BaseException] = []
    asking = threading.Thread(target=_keeping_error, args=(engine, guarded(ENDLESS, seconds=60), "q1", ended))
    asking.start()
    eventually(lambda: len(fake.jobs.running) == 1, "the statement never began")
    fake.cut()
    time.sleep(0.3)
    assert asking.is_alive()
    assert engine.cancel("q1")
    asking.join(SOON)
    assert [type(each) for each in ended] == [QueryCancelled]
    assert len(fake.jobs.all) == 1
    eventually(lambda: fake.jobs.running == [], "the job still runs")


def _keeping_error(engine: Engine, checked: CheckedSql, question: str, ended: list[BaseException]) -> None:
    try:
        engine.run(checked, Job(question))
    except EngineError as error:
        ended.append(error)


def test_who_stops_the_job_in_the_console_stops_the_question(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    ended: list[BaseException] = []
    asking = threading.Thread(target=_keeping_error, args=(engine, guarded(ENDLESS, seconds=60), "q1", ended))
    asking.start()
    eventually(lambda: len(fake.jobs.running) == 1, "the statement never began")
    fake.jobs.cancel(fake.jobs.running[0])
    asking.join(SOON)
    assert [type(each) for each in ended] == [QueryCancelled]


def test_a_service_that_does_not_answer_is_left_at_the_time_limit(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    """The client alone would wait for two minutes."""
    engine.run(guarded(COUNT))
    fake.faults.add(Fault("jobs.getQueryResults", slow_seconds=8.0))
    started = time.monotonic()
    with pytest.raises(QueryTimedOut, match="after 1 seconds"):
        engine.run(guarded("SELECT COUNT(*) AS m FROM sales", seconds=1))
    assert time.monotonic() - started < 6.0


def test_a_service_that_is_down_is_said_within_the_time_limit(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    fake.faults.add(*[Fault("jobs.insert", error=DOWN)] * 50)
    started = time.monotonic()
    with pytest.raises(DatabaseUnreachable, match="busy") as caught:
        engine.run(guarded(COUNT, seconds=1))
    assert caught.value.retryable
    assert time.monotonic() - started < SOON


def test_a_machine_that_nobody_answers_on_is_said_within_the_time_limit(guarded: Guarded) -> None:
    engine = open_engine("bigquery://some-project/shop?endpoint=http://127.0.0.1:1")
    started = time.monotonic()
    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        engine.run(guarded(COUNT, seconds=1))
    assert time.monotonic() - started < SOON
    engine.close()


def test_quotas_are_said_as_such_and_trying_later_may_help(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded
) -> None:
    fake.faults.requests_left = 0
    with pytest.raises(DatabaseUnreachable, match="used up for the moment") as caught:
        engine.run(guarded(COUNT, seconds=1))
    assert caught.value.retryable
    fake.faults.clear()
    fake.faults.add(Fault("jobs.insert", error=ApiError("quotaExceeded", "Quota exceeded: bytes scanned per day.")))
    with pytest.raises(DatabaseUnreachable, match="used up for the moment"):
        engine.run(guarded(COUNT))


@pytest.mark.parametrize(
    ("reason", "message", "kind"),
    [
        (
            "accessDenied",
            "Access Denied: Table stand-in-project:shop.sales: no permission",
            "Unreadable",
        ),
        ("notFound", "Not found: Project stand-in-project", "Missing"),
    ],
)
def test_rights_and_places_that_are_missing_are_told_apart(
    fake: FakeBigQuery, engine: Engine, guarded: Guarded, reason: str, message: str, kind: str
) -> None:
    fake.faults.add(Fault("jobs.insert", error=ApiError(reason, message)))
    with pytest.raises(EngineError) as caught:
        engine.run(guarded(COUNT))
    assert type(caught.value) is {"Unreadable": DatabaseUnreadable, "Missing": DatabaseMissing}[kind]


def test_another_dataset_or_location_is_told(fake: FakeBigQuery, guarded: Guarded) -> None:
    for url in (fake.url.replace("/shop", "/other"), f"{fake.url}&location=US"):
        engine = open_engine(url)
        with pytest.raises(DatabaseMissing, match="no such BigQuery project or dataset"):
            engine.run(guarded(COUNT))
        engine.close()


def test_a_fault_in_a_row_ends_the_statement_without_its_value(engine: Engine, mint: Mint) -> None:
    for sql, told in (
        ("SELECT CAST(title AS INT64) AS n FROM sales", "BigQuery says: Bad int64 value"),
        ("SELECT 1 / (id - id) AS n FROM sales", "BigQuery says: division by zero"),
    ):
        with pytest.raises(QueryFailed) as caught:
            engine.run(mint(sql, dialect="bigquery"))
        assert caught.value.hint == told
