"""One entry of an outside suite → a case: what must be there, in which form, and what an id may look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evals.outside.base import EntryInvalid, LeftOut, OutsideCase

# A name, and no way out of a folder: neither a slash nor a leading dot.
_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,99}\Z")
_NO_ID = re.compile(r"[^A-Za-z0-9]+")
# A statement of the longest known suite has 2,000 characters.
MAX_SQL_CHARS = 20_000


def text_of(entry: Mapping[str, Any], *keys: str) -> str:
    """Of the first key that is there. Raises EntryInvalid."""
    key = next((each for each in keys if entry.get(each) is not None), None)
    if key is None:
        raise EntryInvalid(f"it has no “{keys[0]}”")
    value = entry[key]
    if not isinstance(value, str) or not value.strip():
        raise EntryInvalid(f"its “{key}” is no text")
    return value.strip()


def optional_text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""


def database_of(entry: Mapping[str, Any], *keys: str) -> str:
    """Raises EntryInvalid for a name that no folder of databases has."""
    name = text_of(entry, *keys)
    if not _DATABASE.match(name) or ".." in name:
        raise EntryInvalid(f"its database “{name[:60]}” is not a name")
    return name


def sql_of(text: str) -> str:
    """Raises EntryInvalid."""
    bare = text.strip().rstrip(";").strip()
    if not bare:
        raise EntryInvalid("its gold query is empty")
    if len(bare) > MAX_SQL_CHARS:
        raise EntryInvalid(f"its gold query has more than {MAX_SQL_CHARS:,} characters")
    return bare


def id_from(*parts: object) -> str:
    """Letters, digits and single hyphens. Raises EntryInvalid when nothing is left."""
    joined = _NO_ID.sub("-", "-".join(map(str, parts))).strip("-").lower()
    if not joined:
        raise EntryInvalid("its id has no letter or digit")
    return joined[:100].strip("-")


def tag_from(text: str) -> str:
    return _NO_ID.sub("_", text).strip("_").lower()[:60]


def cases_from(
    entries: Iterable[tuple[str, Any]], read: Callable[[str, Mapping[str, Any]], OutsideCase]
) -> tuple[list[OutsideCase], list[LeftOut]]:
    """`entries` are (place, value). What cannot be read is left out with its reason, and so is an id met before."""
    cases: list[OutsideCase] = []
    left_out: list[LeftOut] = []
    first: dict[str, str] = {}
    for place, entry in entries:
        try:
            if not isinstance(entry, Mapping):
                raise EntryInvalid("it is not an object with keys")
            case = read(place, entry)
            if case.id in first:
                raise EntryInvalid(f"its id {case.id} is that of {first[case.id]} already")
            first[case.id] = place
            cases.append(case)
        except EntryInvalid as error:
            left_out.append(LeftOut(place, "", f"{error}"))
    return cases, left_out
