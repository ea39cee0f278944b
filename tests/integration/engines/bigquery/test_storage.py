"""Large results by the Storage Read API: Google's own client over gRPC, and REST whenever it cannot be had."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines import bigquery_results, bigquery_storage
from nl2sql.engines.base import Engine, Job
from nl2sql.engines.registry import open_engine
from nl2sql.errors import EngineError, QueryCancelled, QueryFailed, QueryTimedOut
from nl2sql.guard.checked import CheckedSql
from tests.fakes.bigquery.errors import ApiError
from tests.fakes.bigquery.faults import Fault
from tests.integration.engines.bigquery.conftest import ROWS, Guarded
from tests.integration.engines.bigquery.test_running import SOON, eventually

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery

pytestmark = pytest.mark.xdist_group("bigquery")
Mint = Callable[..., CheckedSql]

ALL = "SELECT id, title, price, day, note FROM sales ORDER BY id"
DENIED = ApiError("accessDenied", "Permission 'bigquery.readsessions.create' denied")
AWAY = ApiError("backendError", "The service is currently unavailable.")
CREATE, READ = "storage.CreateReadSession", "storage.ReadRows"


@pytest.fixture
def storing(fake: FakeBigQuery) -> Iterator[Engine]:
    made = open_engine(fake.url_with_storage)
    fake.storage.sent_rows = 0
    yield made
    made.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of any size are large."""
    monkeypatch.setattr(bigquery_results, "PAGE_ROWS", 0)


def ids_of(engine: Engine, checked: CheckedSql) -> list[int]:
    found: list[int] = engine.run(checked).table.column("id").to_pylist()
    return found


def by_rest(fake: FakeBigQuery) -> bool:
    """Whether rows were asked for that way: the last page is behind the answer that says that the job is done."""
    return fake.requests.count("jobs.getQueryResults") > 1


def test_a_large_result_comes_as_arrow_whole_and_in_order(
    fake: FakeBigQuery, storing: Engine, engine: Engine, guarded: Guarded
) -> None:
    checked = guarded(ALL, rows=50_000)
    found = storing.run(checked)
    assert fake.requests[-2:] == [CREATE, READ]
    assert not by_rest(fake)
    assert (found.row_count, found.truncated) == (ROWS, False)
    assert found.table.column("id").to_pylist() == list(range(ROWS))
    assert found.billed_bytes is not None
    assert found.table.equals(engine.run(checked).table)


def test_a_result_of_one_page_comes_by_rest(fake: FakeBigQuery, storing: Engine, guarded: Guarded) -> None:
    assert storing.run(guarded("SELECT id FROM sales", rows=9_999)).row_count == 9_999
    assert CREATE not in fake.requests


def test_few_rows_that_are_more_than_a_page_come_as_arrow(
    fake: FakeBigQuery, storing: Engine, engine: Engine, mint: Mint
) -> None:
    sql = "SELECT id, REPEAT('x', 20000) AS wide FROM sales WHERE id < 1000 ORDER BY id"
    checked = mint(sql, dialect="bigquery", row_limit=1_000, seconds=60.0)
    found = storing.run(checked)
    assert fake.requests[-2:] == [CREATE, READ]
    assert (found.row_count, found.truncated) == (1_000, False)
    assert found.table.equals(engine.run(checked).table)


@pytest.mark.parametrize("limit", [1, 1_999, 2_000, 2_001, ROWS - 1])
def test_rows_are_cut_where_there_is_one_more(storing: Engine, mint: Mint, limit: int, at_once: None) -> None:
    found = storing.run(mint("SELECT id FROM sales ORDER BY id", dialect="bigquery", row_limit=limit))
    assert (found.row_count, found.truncated) == (limit, True)
    assert found.table.column("id").to_pylist() == list(range(limit))


def test_all_rows_and_no_more_is_no_truncation(storing: Engine, mint: Mint) -> None:
    found = storing.run(mint("SELECT id FROM sales ORDER BY id", dialect="bigquery", row_limit=ROWS))
    assert (found.row_count, found.truncated) == (ROWS, False)


def test_reading_ends_where_the_byte_limit_is_reached(fake: FakeBigQuery, storing: Engine, mint: Mint) -> None:
    """A message of 2,000 rows is 2 MB: some are on their way when the reader leaves, and most are never sent."""
    sql = "SELECT id, REPEAT(CAST(id AS STRING), 200) AS wide FROM sales ORDER BY id"
    found = storing.run(mint(sql, dialect="bigquery", row_limit=ROWS, result_bytes=3_000_000, seconds=60.0))
    assert found.truncated
    assert 0 < found.table.nbytes <= 3_000_000
    assert found.table.column("id").to_pylist() == list(range(found.row_count))
    assert CREATE in fake.requests
    assert not by_rest(fake)
    assert fake.storage.sent_rows < ROWS


def test_a_first_row_that_is_too_large_is_said(storing: Engine, mint: Mint, at_once: None) -> None:
    sql = "SELECT REPEAT('x', 5000) AS wide FROM sales"
    with pytest.raises(QueryFailed, match="One row of the answer is larger"):
        storing.run(mint(sql, dialect="bigquery", result_bytes=1_000))


TYPES = [
    ("CAST(id AS INT64)", DataType.INTEGER),
    ("IF(id = 1, 9223372036854775807, -id)", DataType.OPAQUE),
    ("id", DataType.FLOAT),
    ("id", DataType.DECIMAL),
    ("price", DataType.DECIMAL),
    ("price", DataType.OPAQUE),
    ("price", DataType.FLOAT),
    ("price", DataType.INTEGER),
    ("price * 100", DataType.INTEGER),
    ("CAST(id AS NUMERIC)", DataType.OPAQUE),
    ("NUMERIC '0.000000001'", DataType.OPAQUE),
    ("BIGNUMERIC '12.5'", DataType.DECIMAL),
    ("BIGNUMERIC '12.5'", DataType.OPAQUE),
    ("CAST(NULL AS NUMERIC)", DataType.OPAQUE),
    ("CAST(NULL AS NUMERIC)", DataType.DECIMAL),
    ("CAST(NULL AS INT64)", DataType.OPAQUE),
    ("id / 7", DataType.FLOAT),
    ("id / 7", DataType.OPAQUE),
    ("id / 4", DataType.DECIMAL),
    ("IF(id = 1, CAST('inf' AS FLOAT64), CAST('nan' AS FLOAT64))", DataType.FLOAT),
    ("id > 1", DataType.BOOLEAN),
    ("id > 1", DataType.OPAQUE),
    ("CONCAT('ü', title)", DataType.STRING),
    ("title", DataType.OPAQUE),
    ("title", DataType.INTEGER),
    ("note", DataType.STRING),
    ("IF(id = 1, NULL, country)", DataType.STRING),
    ("day", DataType.DATE),
    ("day", DataType.DATETIME),
    ("day", DataType.OPAQUE),
    ("DATE '0001-01-01'", DataType.DATE),
    ("TIME '07:05:00.000001'", DataType.TIME),
    ("TIME '07:05:00.000001'", DataType.OPAQUE),
    ("DATETIME '2026-06-30 23:59:59.000001'", DataType.DATETIME),
    ("DATETIME '9999-12-31 23:59:59.999999'", DataType.OPAQUE),
    ("DATETIME '2026-06-30 00:00:00'", DataType.DATE),
    ("TIMESTAMP '2026-06-30 23:59:59+02:00'", DataType.DATETIME_TZ),
    ("TIMESTAMP '2026-06-30 23:59:59.123456+02:00'", DataType.OPAQUE),
    ("TIMESTAMP '0001-01-01 00:00:00+00:00'", DataType.DATETIME),
    ("TIMESTAMP '2026-06-30 23:59:59+00:00'", DataType.STRING),
    ("b'text'", DataType.OPAQUE),
    ("b'\\xff\\x00'", DataType.STRING),
    ('JSON \'{"a": [1, 2.5, "ü"]}\'', DataType.OPAQUE),
    ('JSON \'{"a": [1, 2.5, "ü"]}\'', DataType.STRING),
    ("[1, 2]", DataType.OPAQUE),
    ("[NUMERIC '1.50', NUMERIC '2']", DataType.OPAQUE),
    ("[DATE '2026-01-01']", DataType.STRING),
    ("STRUCT(1 AS a, 'x' AS b)", DataType.OPAQUE),
    (
        "STRUCT(TIMESTAMP '2026-06-30 23:59:59+02:00' AS t, NUMERIC '1.50' AS n, CAST(NULL AS STRING) AS s)",
        DataType.OPAQUE,
    ),
    ("[STRUCT(1 AS a, [DATE '2026-01-01'] AS days)]", DataType.OPAQUE),
]


@pytest.mark.parametrize(("expression", "kind"), TYPES)
def test_every_type_is_the_same_by_both_ways(
    fake: FakeBigQuery, storing: Engine, engine: Engine, mint: Mint, at_once: None, expression: str, kind: DataType
) -> None:
    sql = f"SELECT {expression} AS x FROM sales WHERE id < 3 ORDER BY id"
    outputs: list[tuple[Any, ...]] = [("x", kind)]
    if kind is DataType.DECIMAL:  # also where the guard leaves the places open
        outputs = [("x", kind, 2), ("x", kind, 2, True)]
    for output in outputs:
        checked = mint(sql, output, dialect="bigquery")
        fake.requests.clear()
        arrow = storing.run(checked).table
        assert fake.requests[-2:] == [CREATE, READ]
        rest = engine.run(checked).table
        assert arrow.schema.equals(rest.schema)
        told = [[str(value) for value in table.column(0).to_pylist()] for table in (arrow, rest)]
        assert told[0] == told[1]  # as text: NaN is not equal to itself


def test_types_whose_arrow_form_is_another_come_by_rest() -> None:
    from nl2sql.engines.bigquery_arrow import can_be_read

    plain = {"name": "a", "type": "INTEGER"}
    assert can_be_read([plain])
    for kind in ("INTERVAL", "RANGE", "A_NEW_TYPE"):
        other = {"name": "b", "type": kind}
        assert not can_be_read([plain, other])
        assert not can_be_read([{"name": "r", "type": "RECORD", "mode": "REPEATED", "fields": [other]}])
    assert not can_be_read([{"name": "r", "type": "RECORD", "fields": [plain, plain]}])


@pytest.mark.parametrize(
    "error", [DENIED, AWAY, ApiError("notImplemented", "Off."), ApiError("notFound", "Not found: Table")]
)
def test_whoever_gets_no_session_reads_by_rest_and_does_not_ask_again_soon(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, error: ApiError
) -> None:
    fake.faults.add(Fault(CREATE, error=error))
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert by_rest(fake)
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert fake.requests.count(CREATE) == 1


def test_it_is_asked_again_later(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_storage, "REFUSED_SECONDS", 0.0)
    fake.faults.add(Fault(CREATE, error=DENIED))
    for _ in range(2):
        assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert fake.requests.count(CREATE) == 2
    assert fake.requests[-1] == READ


def test_a_session_that_takes_too_long_leaves_time_for_rest(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_storage, "SESSION_SECONDS", 0.2)
    fake.faults.add(Fault(CREATE, slow_seconds=2.0))
    assert ids_of(storing, guarded(ALL, rows=50_000, seconds=60)) == list(range(ROWS))
    assert by_rest(fake)


def test_a_machine_that_nobody_answers_on_is_read_by_rest(fake: FakeBigQuery, guarded: Guarded) -> None:
    engine = open_engine(f"{fake.url}&storage=http://127.0.0.1:1")
    assert ids_of(engine, guarded(ALL, rows=50_000, seconds=60)) == list(range(ROWS))
    engine.close()


def test_without_the_package_rows_come_by_rest(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery_storage_v1", None)
    transports = "google.cloud.bigquery_storage_v1.services.big_query_read.transports"
    monkeypatch.setitem(sys.modules, transports, None)
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert CREATE not in fake.requests


def test_an_endpoint_without_storage_is_read_by_rest(fake: FakeBigQuery, engine: Engine, guarded: Guarded) -> None:
    assert fake.storage.endpoint not in fake.url
    assert ids_of(engine, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert CREATE not in fake.requests


@pytest.mark.parametrize("error", [AWAY, ApiError("internalError", "RST_STREAM")])
def test_a_stream_that_breaks_off_goes_on_where_it_was(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, error: ApiError
) -> None:
    fake.faults.add(Fault(READ, error=error, after_rows=5_000), Fault(READ, error=error, after_rows=5_500))
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert fake.requests.count(READ) == 3
    assert not by_rest(fake)
    assert fake.storage.sent_rows == ROWS


@pytest.mark.parametrize("times", [1, bigquery_storage.RESUMES + 1])
def test_a_stream_that_is_lost_is_read_by_rest_from_the_start(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, times: int
) -> None:
    error = DENIED if times == 1 else AWAY
    fake.faults.add(*[Fault(READ, error=error, after_rows=5_000)] * times)
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert fake.requests.count(READ) == times
    assert by_rest(fake)


def test_a_server_that_goes_away_in_the_middle_is_read_by_rest_from_the_start(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded
) -> None:
    fake.faults.add(Fault(READ, slow_seconds=0.1))
    found: list[list[int]] = []
    checked = guarded(ALL, rows=50_000, seconds=60)
    asking = threading.Thread(target=lambda: found.append(ids_of(storing, checked)))
    asking.start()
    eventually(lambda: fake.storage.sent_rows > 2_000, "no rows were sent")
    fake.close_storage()
    asking.join(60)
    assert found == [list(range(ROWS))]
    assert by_rest(fake)


def test_rows_that_are_missing_without_an_error_are_noticed(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.fakes.bigquery import storage

    whole = storage.as_arrow
    monkeypatch.setattr(storage, "as_arrow", lambda found, columns: whole(found, columns).slice(0, 15_000))
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert by_rest(fake)


def test_a_slow_stream_ends_at_the_time_limit(fake: FakeBigQuery, storing: Engine, guarded: Guarded) -> None:
    fake.faults.add(Fault(READ, slow_seconds=0.4))
    started = time.monotonic()
    with pytest.raises(QueryTimedOut, match="after 2 seconds"):
        storing.run(guarded(ALL, rows=50_000, seconds=2))
    assert time.monotonic() - started < SOON
    assert not by_rest(fake)
    assert fake.storage.sent_rows > 0


@pytest.mark.parametrize(
    "slow", [Fault(READ, slow_seconds=0.3), Fault(READ, slow_seconds=5.0), Fault(CREATE, slow_seconds=5.0)]
)
def test_who_stops_a_question_stops_its_stream(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, slow: Fault
) -> None:
    """Between two messages, before the first, and before there is a stream."""
    ended: list[Any] = []

    def ask() -> None:
        try:
            ended.append(storing.run(guarded(ALL, rows=50_000, seconds=60), Job("q1")))
        except EngineError as error:
            ended.append(error)

    fake.faults.add(slow)
    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: slow.method in fake.requests, "nothing was asked for")
    started = time.monotonic()
    assert storing.cancel("q1")
    asking.join(SOON)
    assert [type(each) for each in ended] == [QueryCancelled]
    assert time.monotonic() - started < 4.0
    assert not by_rest(fake)


def test_another_machine_is_spoken_to_encrypted_and_with_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    import grpc
    from google.oauth2.credentials import Credentials

    from nl2sql.engines.bigquery_address import BigQueryOptions, parse_bigquery

    def refused(*arguments: Any, **options: Any) -> None:
        raise AssertionError("without encryption")

    secured: list[str] = []
    secure = grpc.secure_channel
    monkeypatch.setattr(grpc, "insecure_channel", refused)
    monkeypatch.setattr(
        grpc,
        "secure_channel",
        lambda target, *more, **options: secured.append(target) or secure(target, *more, **options),
    )
    login = Credentials("token")
    for given in ("", "?endpoint=https://b.example.com&storage=https://s.example.com"):
        address = parse_bigquery(f"bigquery://p/d{given}", BigQueryOptions())
        transport = bigquery_storage.Storage(address, lambda: login)._transport()
        assert transport._credentials is login
        transport.close()
    assert secured == ["bigquerystorage.googleapis.com:443", "s.example.com:443"]


def test_who_is_not_logged_in_to_storage_reads_by_rest(
    fake: FakeBigQuery, storing: Engine, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grpc
    from google.auth.exceptions import DefaultCredentialsError

    def refused(*arguments: Any, **options: Any) -> None:
        raise DefaultCredentialsError("none")

    monkeypatch.setattr(grpc, "insecure_channel", refused)
    assert ids_of(storing, guarded(ALL, rows=50_000)) == list(range(ROWS))
    assert CREATE not in fake.requests
