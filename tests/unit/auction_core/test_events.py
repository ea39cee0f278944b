"""The published schemas of the events."""

import importlib.util
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from auction_core import events
from auction_core.event_schemas import schemas
from auction_core.events import EVENTS, BidPlaced, Event
from auction_core.metrics import WorkerMetrics

REPOSITORY = Path(__file__).parents[3]
NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
BID = BidPlaced(
    listing_id=42, bid_id=7, bidder_id=3, amount=Decimal("12.5"), placed_at=NOW, bid_count=1, previous_bidder_id=None,
    ends_at=NOW,
)  # fmt: skip


def payload(event: Event) -> dict[str, object]:
    made: dict[str, object] = json.loads(event.model_dump_json())
    return made


def test_the_files_are_what_the_events_say_now() -> None:
    expected = dict(schemas.files())
    assert set(schemas.FOLDER.glob("*.json")) == set(expected)
    for path, text in expected.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is not current: run 'make docs'"


@pytest.mark.parametrize("event_class", EVENTS, ids=lambda event_class: event_class.event_type)
def test_each_schema_is_one_and_asks_for_every_field(event_class: type[Event]) -> None:
    schema = schemas.read_schema(event_class.event_type, schemas.version_of(event_class))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(event_class.model_fields)


def test_every_kind_of_event_is_listed_once() -> None:
    kinds = [event_class.event_type for event_class in EVENTS]
    assert len(kinds) == len(set(kinds))

    named = {each for each in vars(events).values() if isinstance(each, type) and "event_type" in vars(each)}
    assert named == set(EVENTS)


def test_a_payload_validates_and_a_wrong_one_does_not() -> None:
    schema = schemas.read_schema("bid_placed", 1)
    jsonschema.validate(payload(BID), schema)
    for field, wrong in (("amount", "12.5"), ("amount", 12.5), ("placed_at", "2026-05-04T10:00:00Z"), ("version", 2)):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(payload(BID) | {field: wrong}, schema)
    without = {name: value for name, value in payload(BID).items() if name != "bid_count"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(without, schema)


def test_a_version_may_gain_a_field_and_events_from_before_stay_valid() -> None:
    class BidPlacedLater(BidPlaced):
        currency: str = "EUR"

    schema = schemas.schema_of(BidPlacedLater)
    assert "currency" in schema["properties"]
    jsonschema.validate(payload(BID), schema)
    jsonschema.validate(payload(BID) | {"currency": "EUR"}, schemas.read_schema("bid_placed", 1))


def test_the_docs_have_every_metric_of_the_worker() -> None:
    page = (REPOSITORY / "docs" / "auction-events.md").read_text(encoding="utf-8")
    for metric in WorkerMetrics().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert f"| `{name}` |" in page


def test_the_table_in_the_docs_is_that_of_the_events() -> None:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = (REPOSITORY / "docs" / "auction-events.md").read_text(encoding="utf-8")
    assert page == generate.events_page(page)
    assert page.count("| `bid_placed` | 1 | listing |") == 1


def test_an_unknown_version_has_no_schema() -> None:
    with pytest.raises(FileNotFoundError):
        schemas.read_schema("bid_placed", 99)
