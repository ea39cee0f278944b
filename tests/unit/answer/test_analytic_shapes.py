"""Growth, windows, percentiles, times, weekdays, buckets and steps, in words: on every engine, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest
import sqlglot

from nl2sql.answer.base import Answer
from nl2sql.answer.cycles import cycle_of
from nl2sql.answer.durations import long_time
from nl2sql.answer.figure import read_series
from nl2sql.answer.receipt import read_receipt
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.labels import labels_of
from nl2sql.plan.compile.select import compile_plan
from nl2sql.writers.base import Origin, SqlDraft
from tests.unit.plan.compile.market import GRAPH, MODEL
from tests.unit.plan.compile.plans import PLANS

Said = Callable[..., list[str]]
Compose = Callable[..., Answer]
DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")
LABELS = labels_of(MODEL)


def lines_of_plan(name: str, dialect: str) -> list[str]:
    checked = check(
        SqlDraft(compile_plan(PLANS[name], MODEL, GRAPH, dialect), Origin("plan")), MODEL, Policy(), dialect
    )
    assert isinstance(checked, CheckedSql), checked
    receipt = read_receipt(checked.tree, LABELS, date(2026, 6, 30), dialect=checked.grammar)
    return [line.text for line in receipt.lines]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("plan", "line"),
    [
        ("growth by month", "“computed”: growth of sum of price over that of the month before"),
        ("growth by week", "“computed”: growth of sum of price over that of the week before"),
        ("a year before", "“computed”: growth of sum of price over that of the same month a year before"),
        ("previous by quarter", "“computed”: sum of price of the quarter before"),
        ("previous by day", "“computed”: sum of price of the day before"),
        ("difference by year", "“computed”: sum of price minus sum of price of the year before"),
        ("the hour before", "“computed”: number of sales of the hour before"),
        ("running total", "“computed”: running sum of sum of price, in order of month (ascending)"),
        (
            "moving average",
            "“computed”: average of sum of price, in order of month (ascending), each time over the row itself and the "
            "2 rows before it",
        ),
        ("share", "“computed”: sum of price as a share of the total of all rows"),
        ("share within", "“computed”: number of sales as a share of the total of its town"),
        (
            "the first of each",
            "Only the first 2 rows for each town, in order of sum of price (descending) and month (ascending)",
        ),
        (
            "the first of each with ties",
            "Only the first 2 places for each town, in order of number of sales (descending); equal ones share a place",
        ),
        ("median", "Median of price"),
        ("median by group", "Median of price"),
        ("median under a condition", "Median of price of paid sales"),
        ("by part weekday", "By day of the week (sold at), shown as “part”"),
        ("by part hour", "By hour of the day (sold at), shown as “part”"),
        ("by part quarter", "By quarter of the year (sold at), shown as “part”"),
        ("time between", "Average of time from sold at to sent at, in hours"),
        ("notes that do not contain", "Note does not contain “off”"),
        (
            "beside",
            "The numbers of the steps “sales by month” and “refunds by month” side by side by month; what only one of "
            "them has is kept",
        ),
        ("average of a related count", "Average of “number of pieces” (or 0 when empty)"),
    ],
)
def test_a_shape_reads_the_same_on_every_engine(plan: str, line: str, dialect: str) -> None:
    said = [each.removesuffix(" (capitals or not)") for each in lines_of_plan(plan, dialect)]
    assert line in said


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("plan", "width"), [("histogram", "50"), ("histogram of cents", "0.25")])
def test_buckets_of_numbers_name_their_width(plan: str, width: str, dialect: str) -> None:
    said = f"By price in steps of {width} (each named by its lower edge)"
    assert any(line.startswith(said) for line in lines_of_plan(plan, dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("plan", sorted(PLANS))
def test_no_plan_needs_sql_to_be_described(plan: str, dialect: str) -> None:
    assert [line for line in lines_of_plan(plan, dialect) if "`" in line] == []


def test_a_percentile_is_named_by_its_place(said: Said) -> None:
    assert said("SELECT PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY b.amount) AS p FROM bids AS b", "postgres")[0] == (
        "90th percentile of amount"
    )
    assert said("SELECT PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY b.amount DESC) FROM bids AS b", "postgres")[0] == (
        "10th percentile of amount"
    )


NUMBERED = """
    WITH r AS (SELECT l.seller_id, l.current_bid, ROW_NUMBER() OVER (PARTITION BY {within} ORDER BY {order}) AS n,
    COUNT(l.current_bid) OVER (PARTITION BY {within}) AS total FROM listings AS l WHERE l.status = 'sold')
    SELECT seller_id, AVG(CASE WHEN n BETWEEN total / 2.0 AND total / 2.0 + {step} THEN current_bid END) AS m
    FROM r GROUP BY seller_id
"""


def test_numbered_rows_are_a_median_only_by_the_whole_formula(said: Said) -> None:
    right = {"within": "l.seller_id", "order": "l.current_bid NULLS LAST", "step": "1"}
    assert said(NUMBERED.format(**right))[0] == "Median of current bid"
    for wrong in ({"within": "l.category_id"}, {"order": "l.current_bid DESC"}, {"order": "l.id"}, {"step": "2"}):
        assert not any("median" in line.lower() for line in said(NUMBERED.format(**{**right, **wrong}))), wrong


def test_steps_that_only_hand_on_are_read_as_one_query(said: Said) -> None:
    sql = """
        WITH monthly AS (SELECT STRFTIME('%Y-%m', b.placed_at) AS month, SUM(b.amount) AS spent FROM bids AS b
        WHERE b.amount > 7 GROUP BY 1), ranked AS (SELECT month, spent, RANK() OVER (ORDER BY spent DESC) AS place
        FROM monthly WHERE spent > 9) SELECT month, spent FROM ranked WHERE place <= 3
    """
    assert said(sql) == [
        "Sum of amount",
        "From bids",
        "Amount is more than €7",
        "By month (placed at)",
        "Only groups where sum of amount is more than €9",
        "Only the first 3 places, in order of sum of amount (descending); equal ones share a place",
    ]


@pytest.mark.parametrize(
    "inner",
    [
        "SELECT DISTINCT b.amount AS n FROM bids AS b",
        "SELECT b.amount AS n FROM bids AS b ORDER BY b.id LIMIT 5",
        "SELECT SUM(b.amount) AS n FROM bids AS b GROUP BY b.bidder_id",
    ],
)
def test_a_step_that_changes_which_rows_there_are_stays_a_step(said: Said, inner: str) -> None:
    lines = said(f"WITH t AS ({inner}) SELECT AVG(n) AS typical FROM t")
    assert lines[0] in ("Average of “n”", "Average of amount")
    assert lines[1].startswith("Step “t”")


def test_a_condition_keeps_the_text_of_the_statement(receipt: Callable[..., object]) -> None:
    read = receipt("WITH t AS (SELECT b.id AS n FROM bids AS b) SELECT t.n FROM t WHERE t.n > 4")
    assert [line.sql for line in read.lines if line.kind == "filter"] == ["t.n > 4"]  # type: ignore[attr-defined]


def test_a_calendar_key_that_skips_is_shown_as_sql(said: Said) -> None:
    sql = """
        SELECT STRFTIME('%Y-%m', b.placed_at) AS month, MAX(COUNT(*)) OVER (ORDER BY
        CAST(SUBSTR(STRFTIME('%Y-%m', b.placed_at), 1, 4) AS INTEGER) * {factor} +
        CAST(SUBSTR(STRFTIME('%Y-%m', b.placed_at), 6, 2) AS INTEGER)
        RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING) AS before FROM bids AS b GROUP BY 1
    """
    assert said(sql.format(factor="12"))[0] == "“before”: number of bids of the month before"
    assert "`MAX(COUNT(*)) OVER" in said(sql.format(factor="100"))[0]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("(CAST(STRFTIME('%w', x) AS INTEGER) + 6) % 7 + 1", {"1": "Monday", "7": "Sunday"}),
        ("CAST(STRFTIME('%w', x) AS INTEGER)", {"0": "Sunday", "6": "Saturday"}),
        ("CAST(STRFTIME('%w', x) AS INTEGER) + 1", {"1": "Sunday", "7": "Saturday"}),
        (
            "CASE STRFTIME('%w', x) WHEN '0' THEN 'Sun' WHEN '1' THEN 'Mon' WHEN '2' THEN 'Tue' WHEN '3' THEN 'Wed' "
            "WHEN '4' THEN 'Thu' WHEN '5' THEN 'Fri' ELSE 'Sat' END",
            {"Mon": "Monday", "Sat": "Saturday"},
        ),
    ],
)
def test_a_weekday_is_known_by_any_numbering(sql: str, names: dict[str, str]) -> None:
    cycle = cycle_of(sqlglot.parse_one(sql, dialect="sqlite"), "sqlite")
    assert cycle is not None
    assert {key: cycle.names[key] for key in names} == names


@pytest.mark.parametrize(
    "sql",
    [
        "CASE STRFTIME('%w', x) WHEN '0' THEN 'Monday' WHEN '1' THEN 'Tuesday' WHEN '2' THEN 'Wednesday' WHEN '3' THEN "
        "'Thursday' WHEN '4' THEN 'Friday' WHEN '5' THEN 'Saturday' WHEN '6' THEN 'Sunday' END",
        "CAST(STRFTIME('%w', x) AS INTEGER) % 2",
        "CASE STRFTIME('%w', x) WHEN '0' THEN 'weekend' WHEN '6' THEN 'weekend' ELSE 'week' END",
    ],
)
def test_wrong_names_or_fewer_days_are_no_weekday(sql: str) -> None:
    assert cycle_of(sqlglot.parse_one(sql, dialect="sqlite"), "sqlite") is None


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("AVG((JULIANDAY(l.closed_at) - JULIANDAY(l.starts_at)) * 24)", "in hours"),
        ("AVG(JULIANDAY(l.closed_at) - JULIANDAY(l.starts_at))", "in days"),
        ("AVG(UNIXEPOCH(l.closed_at) - UNIXEPOCH(l.starts_at)) / 60", "in whole seconds divided by 60"),
    ],
)
def test_time_between_two_moments_is_said_with_its_unit(said: Said, measure: str, words: str) -> None:
    line = said(f"SELECT {measure.replace('starts_at', 'closed_at')} AS t FROM listings AS l")[0]
    assert "time from closed at to closed at" in line
    assert line.removesuffix(")").endswith(words)


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.005, "18 seconds"), (0.5, "30 minutes"), (1, "1 hours"), (3.21, "3.2 hours"), (34.47, "1.4 days")],
)
def test_a_time_is_shown_in_the_unit_that_fits(hours: float, words: str) -> None:
    assert long_time(hours, "hours") == words.replace("1 hours", "1 hour")


GROWTH = """
    WITH m AS (SELECT STRFTIME('%Y-%m', l.closed_at) AS month, SUM(l.current_bid) AS gmv FROM listings AS l
    WHERE l.status = 'sold' GROUP BY 1)
    SELECT month, gmv, gmv * 1.0 / NULLIF(MAX(gmv) OVER (ORDER BY CAST(SUBSTR(month, 1, 4) AS INTEGER) * 12 +
    CAST(SUBSTR(month, 6, 2) AS INTEGER) RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING), 0) - 1 AS growth FROM m
"""


def test_growth_is_told_and_drawn_as_a_percentage(answer: Compose) -> None:
    rows: dict[str, Sequence[object]] = {
        "month": ["2026-03", "2026-04", "2026-05", "2026-06"],
        "gmv": [100.0, 150.0, 120.0, 134.88],
        "growth": [None, 0.5, -0.2, 0.124],
    }
    told = answer(GROWTH, rows)
    assert told.headline == (
        "GMV rose 12.4 % to €134.88 in Jun 2026, against the month before; strongest growth +50.0 % in Apr 2026, "
        "weakest -20.0 % in May 2026."
    )
    assert told.chart is not None
    assert (told.chart.kind, told.chart.y, told.chart.y_format) == ("line", ("growth",), "percent")
    assert told.chart.title == "Growth of GMV by month"


def test_two_years_side_by_side_are_compared(answer: Compose) -> None:
    sql = """
        WITH a AS (SELECT SUM(current_bid) AS gmv_2024 FROM listings WHERE status = 'sold' AND closed_at >= '2024-01-01'
        AND closed_at < '2025-01-01'), b AS (SELECT SUM(current_bid) AS gmv_2025 FROM listings WHERE status = 'sold'
        AND closed_at >= '2025-01-01' AND closed_at < '2026-01-01') SELECT gmv_2024, gmv_2025,
        gmv_2025 * 1.0 / NULLIF(gmv_2024, 0) - 1 AS growth FROM a CROSS JOIN b
    """
    told = answer(sql, {"gmv_2024": [200.0], "gmv_2025": [150.0], "growth": [-0.25]})
    assert told.headline == "GMV 2025 was €150.00, down 25.0 % on GMV 2024 (€200.00)."


def test_a_running_total_is_named_at_its_end_and_drawn(answer: Compose) -> None:
    sql = """
        WITH m AS (SELECT STRFTIME('%Y-%m', closed_at) AS month, SUM(current_bid) AS gmv FROM listings GROUP BY 1)
        SELECT month, gmv, SUM(gmv) OVER (ORDER BY month) AS running_total FROM m
    """
    told = answer(sql, {"month": ["2026-01", "2026-02"], "gmv": [5.0, 7.0], "running_total": [5.0, 12.0]})
    assert told.headline.endswith("; running total of GMV €12.00 up to Feb 2026.")
    assert told.chart is not None
    assert (told.chart.y, told.chart.unit) == (("running_total",), "EUR")


def test_the_first_of_each_group_are_no_part_of_a_total(answer: Compose) -> None:
    sql = """
        WITH g AS (SELECT u.country, u.username, SUM(l.current_bid) AS gmv FROM listings AS l JOIN users AS u
        ON l.seller_id = u.id GROUP BY 1, 2), r AS (SELECT country, username, gmv, ROW_NUMBER() OVER (PARTITION BY
        country ORDER BY gmv DESC) AS place FROM g) SELECT country, username, gmv FROM r WHERE place <= 2
    """
    told = answer(sql, {"country": ["DE", "FR"], "username": ["ana", "bo"], "gmv": [9.0, 3.0]})
    assert told.headline == "Of the first 2 rows for each country, Germany / ana leads with €9.00 GMV."


def test_weekdays_are_named_and_drawn_from_monday_on(answer: Compose) -> None:
    number = "(CAST(STRFTIME('%w', b.placed_at) AS INTEGER) + 6) % 7 + 1"
    sql = f"SELECT {number} AS weekday, COUNT(*) AS n FROM bids AS b GROUP BY 1 ORDER BY n DESC"
    told = answer(sql, {"weekday": [7, 1, 6], "n": [60, 25, 15]})
    assert told.headline == "Number of bids is highest on Sunday: 60, 60.0 % of the total."
    assert told.chart is not None
    assert told.table is not None
    assert [x for x, _ in read_series(told.chart, told.table.table)[0].points] == [1, 6, 7]


def test_names_of_weekdays_are_drawn_in_the_order_of_the_week(answer: Compose) -> None:
    sql = "SELECT u.username, COUNT(*) AS n FROM users AS u GROUP BY 1 ORDER BY n DESC"
    told = answer(sql, {"username": ["Sunday", "Friday", "Monday"], "n": [3, 2, 1]})
    assert told.chart is not None
    assert told.table is not None
    assert [x for x, _ in read_series(told.chart, told.table.table)[0].points] == ["Monday", "Friday", "Sunday"]


def test_a_histogram_names_its_step_and_is_drawn_by_size(answer: Compose) -> None:
    sql = "SELECT FLOOR(b.amount / 50) * 50 AS amount, COUNT(*) AS n FROM bids AS b GROUP BY 1 ORDER BY n DESC"
    told = answer(sql, {"amount": [100.0, 0.0, 50.0], "n": [5, 3, 2]})
    assert told.headline == "Number of bids is highest for amount €100 to under €150: 5, 50.0 % of the total."
    assert told.chart is not None
    assert told.table is not None
    assert [x for x, _ in read_series(told.chart, told.table.table)[0].points] == [0.0, 50.0, 100.0]


def test_an_average_time_is_told_in_a_unit_that_fits(answer: Compose) -> None:
    sql = "SELECT AVG((JULIANDAY(u.born_on) - JULIANDAY(u.created_at)) * 24) AS average_hours_of_wait FROM users AS u"
    told = answer(sql, {"average_hours_of_wait": [34.5]})
    assert told.headline == "Average time of wait is 1.4 days."
    assert told.columns[0].unit == "hours"


def test_numbers_of_different_units_share_no_axis(answer: Compose) -> None:
    sql = "SELECT l.status, SUM(l.current_bid) AS gmv, COUNT(*) AS n FROM listings AS l GROUP BY 1"
    told = answer(sql, {"status": ["sold", "unsold"], "gmv": [9.0, 5.0], "n": [3, 8]})
    assert told.headline.endswith("; highest number of listings: unsold (8).")
    assert told.chart is not None
    assert told.chart.y == ("gmv",)


def test_lag_looks_at_the_bucket_shown_before(answer: Compose, said: Said) -> None:
    sql = """
        WITH m AS (SELECT STRFTIME('%Y-%m', closed_at) AS month, SUM(current_bid) AS gmv FROM listings GROUP BY 1)
        SELECT month, gmv, (gmv - LAG(gmv) OVER (ORDER BY month)) * 1.0 / LAG(gmv) OVER (ORDER BY month) AS growth
        FROM m
    """
    assert "“growth”: growth of GMV over that of the month shown before" in said(sql)
    told = answer(sql, {"month": ["2026-01", "2026-03"], "gmv": [5.0, 7.0], "growth": [None, 0.4]})
    assert told.headline == "GMV rose 40.0 % to €7.00 in Mar 2026, against the month shown before."


def test_a_cut_list_says_nothing_about_who_leads_in_a_second_number(answer: Compose) -> None:
    sql = (
        "SELECT l.status, SUM(l.current_bid) AS gmv, COUNT(*) AS n FROM listings AS l GROUP BY 1 "
        "ORDER BY gmv DESC LIMIT 2"
    )
    told = answer(sql, {"status": ["sold", "unsold"], "gmv": [9.0, 5.0], "n": [3, 8]})
    assert told.headline == "Sold leads with €9.00 GMV."


def test_an_order_that_counts_off_outputs_is_said_by_their_names(said: Said) -> None:
    assert said("SELECT l.status, COUNT(*) AS n FROM listings AS l GROUP BY 1 ORDER BY 2 DESC")[-1] == (
        "Ordered by number of listings (highest first)"
    )
