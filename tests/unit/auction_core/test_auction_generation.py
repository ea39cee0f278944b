"""The generator without any database."""

import json
from datetime import date

import numpy as np
import pytest

from auction_core.bidding import increment_cents
from auction_core.errors import Refused
from auction_core.events import EVENTS
from auction_core.seed.accounts import make_usernames
from auction_core.seed.catalogue import CHILDREN, SECTIONS
from auction_core.seed.columns import (
    NULL,
    Kind,
    TableRows,
    encode,
    integers_as_python,
    money_as_float,
    money_as_text,
    times_as_text,
)
from auction_core.seed.dataset import generate
from auction_core.seed.people import COUNTRIES, LATE_COUNTRIES
from auction_core.seed.prices import increments
from auction_core.seed.rhythm import Rhythm, off_the_second
from auction_core.seed.scale import DAY, DEFAULT_AS_OF, HOUR, SCALES, SECOND, History, Streams
from auction_core.seed.server_target import _copy_cell, _quoted
from auction_core.tables import TABLE_NAMES, Base


def tiny() -> dict[str, TableRows]:
    return {rows.table: rows for rows in generate(Streams(SCALES["tiny"], 7), History(DEFAULT_AS_OF))}


def test_every_table_is_generated_with_exactly_its_columns() -> None:
    tables = tiny()
    assert set(tables) == set(TABLE_NAMES) - {"outbox_lanes", "idempotency_keys"}
    for name, rows in tables.items():
        assert [column.name for column in rows.columns] == list(Base.metadata.tables[name].columns.keys())


def test_parents_come_before_children() -> None:
    seen: set[str] = set()
    for name in tiny():
        needed = {key.column.table.name for key in Base.metadata.tables[name].foreign_keys}
        seen.add(name)
        assert needed <= seen


def test_the_seed_and_the_rules_use_one_increment_table() -> None:
    prices = np.arange(0, 700_000, 7, dtype=np.int64)
    assert increments(prices).tolist() == [increment_cents(price) for price in prices.tolist()]


def test_cents_become_the_nearest_double_and_two_decimals() -> None:
    cents = np.array([1, 10, 1_005, 9_999_999_999, NULL], dtype=np.int64)
    assert money_as_float(cents) == [0.01, 0.1, 10.05, 99999999.99, None]
    assert money_as_text(cents) == ["0.01", "0.10", "10.05", "99999999.99", None]


def test_times_are_written_in_one_form_with_nulls_kept() -> None:
    moment = np.datetime64("2024-02-29T23:59:59.000001", "us").astype(np.int64)
    assert times_as_text(np.array([moment, NULL])) == ["2024-02-29 23:59:59.000001", None]
    assert times_as_text(np.array([], dtype=np.int64)) == []


def test_fractions_of_a_second_stay_clear_of_whole_seconds() -> None:
    trimmed = off_the_second(np.array([5 * SECOND, 5 * SECOND + 999_999, 5 * SECOND + 500], dtype=np.int64))
    assert trimmed.tolist() == [5 * SECOND + 1, 5 * SECOND + 998_999, 5 * SECOND + 500]


def test_drawn_moments_stay_in_their_window_and_prefer_evenings() -> None:
    history = History(DEFAULT_AS_OF)
    start, stop = history.launch + 100 * DAY, history.launch + 128 * DAY
    drawn = Rhythm(history).draw(np.random.default_rng(1), start, stop, 20_000)
    assert drawn.min() >= start
    assert drawn.max() <= stop
    hours = np.bincount((drawn // HOUR) % 24, minlength=24)
    assert hours[20] > 8 * hours[3]


def test_the_history_ends_with_the_as_of_day_and_knows_its_bad_month() -> None:
    history = History(DEFAULT_AS_OF)
    assert np.datetime64(history.now, "us").astype(str) == "2026-06-30T23:59:59.000000"
    assert np.datetime64(history.launch, "us").astype(str) == "2023-07-01T00:00:00.000000"
    assert history.bad_month == date(2025, 3, 1)
    assert History(date(2026, 1, 5)).bad_month == date(2024, 10, 1)
    with pytest.raises(Refused, match="2025-01-31"):
        History(date(2024, 12, 31))


def test_usernames_are_unique_at_every_scale() -> None:
    for scale in ("tiny", "small", "medium", "large"):
        names = make_usernames(Streams(SCALES[scale], 7))
        assert len(set(names)) == SCALES[scale].users


def test_the_catalogue_is_consistent() -> None:
    names = [section.name for section in SECTIONS] + [child.name for child in CHILDREN]
    assert len(set(names)) == len(names)
    assert {child.section for child in CHILDREN} == {section.name for section in SECTIONS}
    assert abs(sum(share for _, share in COUNTRIES) - 100.0) < 1e-9
    assert set(LATE_COUNTRIES) < {code for code, _ in COUNTRIES}


def test_text_is_quoted_for_statements_and_copies() -> None:
    assert _quoted("Chef's \\ knife") == "'Chef''s \\\\ knife'"
    assert _copy_cell("a\tb\nc\\") == "a\\tb\\nc\\\\"
    assert _copy_cell(None) == "\\N"


def test_a_listing_was_changed_last_when_it_was_made_bid_on_or_closed() -> None:
    tables = tiny()
    listings = {column.name: column.values for column in tables["listings"].columns}
    bids = {column.name: column.values for column in tables["bids"].columns}
    expected = np.maximum(listings["created_at"], listings["closed_at"])
    np.maximum.at(expected, bids["listing_id"] - 1, bids["placed_at"])
    assert listings["updated_at"].tolist() == expected.tolist()


def test_the_outbox_holds_events_as_the_backend_writes_them() -> None:
    events = {event.event_type: event for event in EVENTS}
    outbox = tiny()["event_outbox"]
    cells = {c.name: encode(c, 0, outbox.count, {kind: integers_as_python for kind in Kind}) for c in outbox.columns}
    assert "listing_closed" in cells["event_type"]
    for name, payload, listing, lane in zip(
        cells["event_type"], cells["payload"], cells["aggregate_id"], cells["lane"], strict=True
    ):
        event = events[str(name)].model_validate_json(str(payload))
        assert json.loads(str(payload)) == event.model_dump(mode="json")
        assert (event.aggregate_id, int(str(listing)) % 16) == (listing, lane)
