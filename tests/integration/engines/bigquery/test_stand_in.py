"""The stand-in itself, by Google's own client: what the API's reference says, it does."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

from tests.integration.engines.bigquery.conftest import ROWS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJobConfig

    from tests.fakes.bigquery.server import FakeBigQuery

pytestmark = pytest.mark.xdist_group("bigquery")


@pytest.fixture
def client(fake: FakeBigQuery) -> Iterator[Client]:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery import Client

    made = Client(
        fake.warehouse.project, AnonymousCredentials(), location="EU", client_options={"api_endpoint": fake.endpoint}
    )
    yield made
    made.close()


@pytest.fixture
def config() -> QueryJobConfig:
    from google.cloud.bigquery import QueryJobConfig

    return QueryJobConfig(default_dataset="stand-in-project.shop")


def reason(caught: pytest.ExceptionInfo[Any]) -> str:
    return str(caught.value.errors[0]["reason"])


def test_jobs_query_gives_rows_at_once(client: Client, config: QueryJobConfig) -> None:
    rows = client.query_and_wait("SELECT id, title FROM sales WHERE id < 2 ORDER BY id", job_config=config)
    assert [tuple(row) for row in rows] == [(0, "Thing 0"), (1, "Thing 1")]


def test_a_dry_run_weighs_the_columns_that_are_read(client: Client, config: QueryJobConfig, fake: FakeBigQuery) -> None:
    config.dry_run = True

    def weighed(sql: str) -> int:
        return int(client.query(sql, job_config=config).total_bytes_processed)

    assert weighed("SELECT id FROM sales") == ROWS * 8
    assert weighed("SELECT id, price FROM sales") == ROWS * (8 + 16)
    assert weighed("SELECT country FROM sales") == ROWS * (2 + 2)
    assert weighed("SELECT note FROM sales") == 0  # NULL has no size
    assert weighed("SELECT COUNT(*) FROM sales") == 0
    assert weighed("SELECT x.id FROM (SELECT * FROM sales) AS x WHERE x.price > 1") == ROWS * (8 + 16)
    assert weighed("WITH a AS (SELECT * FROM sales) SELECT id FROM a") == ROWS * 8
    assert fake.jobs.all == {}


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1 AS one", "SELECT"),
        ("WITH a AS (SELECT 1 AS one) SELECT one FROM a", "SELECT"),
        ("INSERT INTO sales (id) VALUES (1)", "INSERT"),
        ("MERGE sales AS t USING sales AS s ON t.id = s.id WHEN MATCHED THEN DELETE", "MERGE"),
        ("CREATE TABLE x AS SELECT 1 AS one", "CREATE_TABLE_AS_SELECT"),
        ("DROP TABLE sales", "DROP_TABLE"),
        ("SELECT 1; SELECT 2", "SCRIPT"),
    ],
)
def test_a_dry_run_tells_the_kind_of_a_statement(client: Client, config: QueryJobConfig, sql: str, kind: str) -> None:
    config.dry_run = True
    assert client.query(sql, job_config=config).statement_type == kind


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT emial FROM sales", "Unrecognized name: emial"),
        ("SELECT id FROM", "Syntax error: Unexpected end of statement"),
        ("SELECT id, COUNT(*) FROM sales", "neither grouped nor aggregated"),
    ],
)
def test_what_bigquerys_analyser_refuses_has_its_words_and_place(
    client: Client, config: QueryJobConfig, sql: str, words: str
) -> None:
    with pytest.raises(exceptions.BadRequest, match=rf"(?s){words}.*\[at 1:\d+\]") as caught:
        client.query(sql, job_config=config)
    assert reason(caught) == "invalidQuery"
    assert caught.value.errors[0]["location"] == "query"


def test_errors_have_the_apis_form(fake: FakeBigQuery) -> None:
    url = f"{fake.endpoint}/bigquery/v2/projects/stand-in-project/datasets/nope"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=5)  # noqa: S310 - this machine
    with caught.value as answer:
        assert answer.code == 404
        body = json.load(answer)["error"]
    assert (body["code"], body["status"], body["errors"][0]["reason"]) == (404, "NOT_FOUND", "notFound")
    assert body["message"] == body["errors"][0]["message"] == "Not found: Dataset stand-in-project:nope"


def test_a_job_id_is_used_once_and_found_in_its_location_only(client: Client, config: QueryJobConfig) -> None:
    client.query("SELECT 1 AS one", job_config=config, job_id="mine", job_retry=None).result()
    with pytest.raises(exceptions.Conflict) as caught:
        client.query("SELECT 1 AS one", job_config=config, job_id="mine", job_retry=None)
    assert reason(caught) == "duplicate"
    assert client.get_job("mine", location="EU").state == "DONE"
    with pytest.raises(exceptions.NotFound):
        client.get_job("mine", location="US")


def test_a_job_is_not_complete_until_it_is_and_can_be_cancelled(client: Client, config: QueryJobConfig) -> None:
    job = client.query(
        "SELECT COUNT(*) AS n FROM sales a, sales b, sales c WHERE a.id + b.id <> c.id", job_config=config
    )
    assert not job.done()
    job.cancel()
    with pytest.raises(exceptions.GoogleAPICallError, match="User requested cancellation"):
        job.result()
    job.reload()
    assert job.error_result["reason"] == "stopped"


def test_a_job_ends_at_its_own_time_limit(client: Client, config: QueryJobConfig) -> None:
    config.job_timeout_ms = 200
    job = client.query(
        "SELECT COUNT(*) AS n FROM sales a, sales b, sales c WHERE a.id + b.id <> c.id", job_config=config
    )
    started = time.monotonic()
    with pytest.raises(exceptions.GoogleAPICallError, match="timed out"):
        job.result()
    assert time.monotonic() - started < 10


def test_pages_hold_what_was_asked_for_and_lead_to_the_next(client: Client, config: QueryJobConfig) -> None:
    found = client.query("SELECT id FROM sales ORDER BY id", job_config=config).result(page_size=700, max_results=1_500)
    pages = [[row["id"] for row in page] for page in found.pages]
    assert [len(page) for page in pages] == [700, 700, 100]
    assert [number for page in pages for number in page] == list(range(1_500))
    listed = client.list_rows("stand-in-project.shop.sales", max_results=3, start_index=ROWS - 2)
    assert len(list(listed)) == 2


def test_a_page_is_no_larger_than_ten_megabytes(client: Client, config: QueryJobConfig) -> None:
    sql = "SELECT REPEAT('x', 10000) AS long FROM sales WHERE id < 2500"
    sizes = [page.num_items for page in client.query(sql, job_config=config).result().pages]
    assert sum(sizes) == 2_500
    assert 3 <= len(sizes) <= 4


def test_tables_are_listed_and_described(client: Client) -> None:
    assert client.get_dataset("stand-in-project.shop").location == "EU"
    names = [table.table_id for table in client.list_tables("stand-in-project.shop", page_size=2)]
    assert names == ["MixedCase", "by_country", "by_day", "sales"]
    table = client.get_table("stand-in-project.shop.by_day")
    assert (table.time_partitioning.field, table.require_partition_filter) == ("day", True)
    assert client.get_table("stand-in-project.shop.by_country").clustering_fields == ["country"]
    assert [field.field_type for field in client.get_table("stand-in-project.shop.sales").schema][:3] == [
        "INTEGER",
        "STRING",
        "NUMERIC",
    ]


def test_the_schema_can_be_queried_and_is_billed_as_ten_megabytes(client: Client, config: QueryJobConfig) -> None:
    sql = """SELECT column_name, data_type FROM INFORMATION_SCHEMA.COLUMNS
    WHERE table_name = 'by_day' AND is_partitioning_column = 'YES'"""
    job = client.query(sql, job_config=config)
    assert [tuple(row) for row in job.result()] == [("day", "DATE")]
    assert job.total_bytes_billed == 10 * 2**20
    named = "SELECT COUNT(*) AS n FROM `stand-in-project.shop.INFORMATION_SCHEMA.TABLES`"
    assert [row.n for row in client.query(named).result()] == [4]


def test_quotas_hold_when_they_are_set(client: Client, config: QueryJobConfig, fake: FakeBigQuery) -> None:
    fake.faults.concurrent_jobs = 0
    with pytest.raises(exceptions.Forbidden, match="too many concurrent queries") as caught:
        client.query("SELECT 1 AS one", job_config=config, retry=None, job_retry=None)
    assert reason(caught) == "rateLimitExceeded"
    fake.faults.clear()
    fake.faults.requests_left = 1
    client.get_dataset("stand-in-project.shop")
    with pytest.raises(exceptions.Forbidden, match="Exceeded rate limits"):
        client.get_dataset("stand-in-project.shop", retry=None)


@pytest.mark.parametrize("labels", [{"Upper": "x"}, {"x": "Upper"}, {"x": "y" * 64}, {"x": "a b"}, {"x" * 64: "y"}])
def test_labels_must_be_spelled_as_documented(client: Client, config: QueryJobConfig, labels: dict[str, str]) -> None:
    config.labels = labels
    with pytest.raises(exceptions.BadRequest, match="Label"):
        client.query("SELECT 1 AS one", job_config=config)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("FORMAT_DATE('%Y-Q%Q', DATE '2026-05-01')", "2026-Q2"),
        ("[1, 2]", [1, 2]),
        ("STRUCT(1 AS a, 'x' AS b)", {"a": 1, "b": "x"}),
        ("JSON '{\"a\": 1}'", {"a": 1}),
        ("SAFE_DIVIDE(1, 0)", None),
        ("7 / 2", 3.5),
    ],
)
def test_values_of_all_kinds_come_back(client: Client, config: QueryJobConfig, expression: str, value: object) -> None:
    (row,) = client.query(f"SELECT {expression} AS x", job_config=config).result()
    assert row.x == value
