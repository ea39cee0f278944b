"""An analyst can find each story in the small scale; docs/auction-core.md shows the same queries."""

from collections.abc import Callable
from math import log
from statistics import mean, median, stdev

Ask = Callable[..., list[tuple]]

WITH_SECTION = "listings l JOIN categories c ON c.id = l.category_id JOIN categories p ON p.id = c.parent_id "


def test_sales_grow_year_over_year(ask_small: Ask) -> None:
    sql = "SELECT SUM(current_bid) FROM listings WHERE status = 'sold' AND closed_at >= ? AND closed_at < ?"
    years = [ask_small(sql, f"{year}-07-01", f"{year + 1}-07-01")[0][0] for year in (2023, 2024, 2025)]
    assert years[1] > years[0] * 1.1
    assert years[2] > years[1] * 1.2


def test_november_and_december_sell_more_than_july_and_august(ask_small: Ask) -> None:
    sql = "SELECT COUNT(*) FROM listings WHERE status = 'sold' AND CAST(strftime('%m', closed_at) AS INTEGER) IN (?, ?)"
    winter, summer = ask_small(sql, 11, 12)[0][0], ask_small(sql, 7, 8)[0][0]
    assert winter > summer * 1.5


def test_weekends_and_evenings_are_the_busiest(ask_small: Ask) -> None:
    days = dict(ask_small("SELECT strftime('%w', placed_at), COUNT(*) FROM bids GROUP BY 1"))
    assert min(days["0"], days["6"]) > 1.15 * max(days[d] for d in "12345")
    hours = dict(ask_small("SELECT strftime('%H', placed_at), COUNT(*) FROM bids GROUP BY 1"))
    assert set(sorted(hours, key=hours.__getitem__)[-4:]) == {"18", "19", "20", "21"}
    assert hours["20"] > 10 * hours["03"]


def test_prices_are_lognormal_with_a_median_of_their_own_in_each_category(ask_small: Ask) -> None:
    sql = f"SELECT p.name, l.current_bid FROM {WITH_SECTION} WHERE l.status = 'sold'"
    prices: dict[str, list[float]] = {}
    for name, price in ask_small(sql):
        prices.setdefault(name, []).append(price)
    assert median(prices["Jewelry & Watches"]) > 8 * median(prices["Books & Media"])
    electronics = prices["Electronics"]
    assert mean(electronics) > 1.2 * median(electronics)
    logs = [log(price) for price in electronics]
    # Of a normal distribution 68 % lie within one deviation, and mean and median agree.
    within = sum(abs(x - mean(logs)) < stdev(logs) for x in logs) / len(logs)
    assert 0.62 < within < 0.76
    assert abs(mean(logs) - median(logs)) < 0.25 * stdev(logs)


def test_few_sellers_have_most_listings(ask_small: Ask) -> None:
    counts = [n for (n,) in ask_small("SELECT COUNT(*) AS n FROM listings GROUP BY seller_id ORDER BY n DESC")]
    assert sum(counts[: len(counts) // 10]) > 0.55 * sum(counts)
    assert median(counts) <= 4


def test_sniping_differs_by_category(ask_small: Ask) -> None:
    sql = (
        "SELECT p.name, AVG((julianday(l.ends_at) - julianday(b.placed_at)) * 86400 BETWEEN 0 AND 60) "
        f"FROM {WITH_SECTION} JOIN bids b ON b.listing_id = l.id AND b.amount = l.current_bid "
        "WHERE l.status = 'sold' GROUP BY p.name"
    )
    rates = dict(ask_small(sql))
    assert rates["Collectibles"] > rates["Electronics"] + 0.15
    assert rates["Jewelry & Watches"] > rates["Fashion"] + 0.15
    assert rates["Collectibles"] > 4 * rates["Art"]


def test_some_countries_pay_late(ask_small: Ask) -> None:
    sql = (
        "SELECT u.country, AVG(julianday(p.paid_at) - julianday(p.created_at)) FROM payments p "
        "JOIN users u ON u.id = p.buyer_id WHERE p.paid_at IS NOT NULL GROUP BY u.country HAVING COUNT(*) >= 30"
    )
    days = dict(ask_small(sql))
    late = {country for country, average in days.items() if average > 4}
    assert late == {"IT", "CA", "BE"}
    assert max(average for country, average in days.items() if country not in late) < 2


def test_one_category_declines_year_by_year(ask_small: Ask) -> None:
    sql = (
        f"SELECT AVG(p.name = 'Books & Media') FROM {WITH_SECTION} "
        "WHERE l.status IN ('sold', 'unsold') AND l.closed_at >= ? AND l.closed_at < ?"
    )
    shares = [ask_small(sql, f"{year}-07-01", f"{year + 1}-07-01")[0][0] for year in (2023, 2024, 2025)]
    assert shares[0] > 1.3 * shares[1] > 1.69 * shares[2]
    assert shares[2] < 0.5 * shares[0]


def test_march_2025_is_the_bad_month(ask_small: Ask) -> None:
    gmv = dict(
        ask_small(
            "SELECT substr(closed_at, 1, 7) AS month, SUM(current_bid) FROM listings "
            "WHERE status = 'sold' AND closed_at >= '2024-07-01' GROUP BY month"
        )
    )
    assert min(gmv, key=gmv.__getitem__) == "2025-03"
    assert gmv["2025-03"] < 0.5 * min(gmv["2025-02"], gmv["2025-04"])
    closed = dict(
        ask_small("SELECT substr(closed_at, 1, 7), COUNT(*) FROM listings WHERE closed_at IS NOT NULL GROUP BY 1")
    )
    assert closed["2025-03"] < 0.75 * min(closed["2025-02"], closed["2025-04"])
    sold = dict(
        ask_small(
            "SELECT substr(closed_at, 1, 7) AS month, AVG(status = 'sold') FROM listings "
            "WHERE status IN ('sold', 'unsold') AND closed_at >= '2024-07-01' GROUP BY month"
        )
    )
    assert min(sold, key=sold.__getitem__) == "2025-03"
    failed = dict(
        ask_small(
            "SELECT substr(created_at, 1, 7), AVG(status = 'failed') FROM payments GROUP BY 1 HAVING COUNT(*) >= 20"
        )
    )
    assert max(failed, key=failed.__getitem__) == "2025-03"
    assert failed["2025-03"] > 0.1


def test_the_shill_ring_stands_out(ask_small: Ask) -> None:
    sql = """
        WITH pairs AS (
            SELECT b.bidder_id, l.seller_id, COUNT(*) AS bids,
                   SUM(l.status = 'sold' AND l.highest_bidder_id = b.bidder_id) AS won
            FROM bids b JOIN listings l ON l.id = b.listing_id GROUP BY b.bidder_id, l.seller_id
        )
        SELECT bidder_id FROM pairs GROUP BY bidder_id
        HAVING SUM(bids) >= 30 AND SUM(won) = 0 AND MAX(bids) >= 0.6 * SUM(bids) ORDER BY bidder_id
    """
    ring = [bidder for (bidder,) in ask_small(sql)]
    assert len(ring) == 6
    marks = ", ".join("?" * 6)
    served = ask_small(
        "SELECT DISTINCT l.seller_id FROM bids b JOIN listings l ON l.id = b.listing_id "
        f"WHERE b.bidder_id IN ({marks})",
        *ring,
    )
    assert len(served) == 2
    joined = ask_small(
        f"SELECT julianday(MAX(created_at)) - julianday(MIN(created_at)) FROM users WHERE id IN ({marks})", *ring
    )
    assert joined[0][0] < 3


def test_bank_transfers_are_a_habit_of_some_countries(ask_small: Ask) -> None:
    sql = "SELECT AVG(p.method = 'bank_transfer') FROM payments p JOIN users u ON u.id = p.buyer_id WHERE u.country = ?"
    assert ask_small(sql, "DE")[0][0] > 2 * ask_small(sql, "US")[0][0]


def test_the_take_rate_lies_between_the_cheapest_and_the_dearest_category(ask_small: Ask) -> None:
    (rate,) = ask_small("SELECT SUM(fee) / SUM(amount) FROM payments WHERE status = 'paid'")[0]
    assert 0.04 < rate < 0.12
