"""JSON schemas of the events, made from their classes; the files beside this module are what `schema_text` writes.

A schema says what a payload of this version always has. It allows more, because a version may gain fields.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from auction_core.events import EVENTS, Event

FOLDER = Path(__file__).parent


def version_of(event_class: type[Event]) -> int:
    return int(event_class.model_fields["version"].default)


def file_name(event_type: str, version: int) -> str:
    return f"{event_type}.v{version}.json"


def schema_of(event_class: type[Event]) -> dict[str, Any]:
    made = event_class.model_json_schema(mode="serialization")
    version = version_of(event_class)
    properties = made["properties"]
    properties["version"] = {"const": version}
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:auction-core:event:{event_class.event_type}:{version}",
        "title": f"{event_class.event_type}, version {version}",
    }
    if event_class.__doc__ and event_class.__doc__ != Event.__doc__:
        schema["description"] = " ".join(event_class.__doc__.split())
    schema |= {
        "type": "object",
        # A field with a default came later: events from before are without it.
        "required": [
            name for name, each in event_class.model_fields.items() if each.is_required() or name == "version"
        ],
        "properties": {name: _without_title(each) for name, each in properties.items()},
    }
    return schema


def schema_text(event_class: type[Event]) -> str:
    return json.dumps(schema_of(event_class), indent=2) + "\n"


def files() -> Iterator[tuple[Path, str]]:
    """Each schema's file and what belongs into it."""
    for event_class in EVENTS:
        yield FOLDER / file_name(event_class.event_type, version_of(event_class)), schema_text(event_class)


def read_schema(event_type: str, version: int) -> dict[str, Any]:
    """Raises FileNotFoundError for a type or version that there never was."""
    schema: dict[str, Any] = json.loads((FOLDER / file_name(event_type, version)).read_text(encoding="utf-8"))
    return schema


def _without_title(property_schema: dict[str, Any]) -> dict[str, Any]:
    """Titles that only repeat the name say nothing."""
    return {key: value for key, value in property_schema.items() if key != "title"}
