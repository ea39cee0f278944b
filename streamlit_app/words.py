"""The app's own texts, in the language of whoever reads: `say("ask.title")`.

`messages.yaml` holds them all, by section and name, in English and German. What the data says (headlines, receipts,
model descriptions) is not translated: it is made from the model's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import streamlit as st
import yaml

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
# Each in its own words: whoever reads neither of the others still finds theirs.
LANGUAGE_NAMES: Mapping[Language, str] = MappingProxyType({"en": "English", "de": "Deutsch"})
LANGUAGE_KEY = "language"  # in the session: what somebody chose

_FILE = Path(__file__).with_name("messages.yaml")

# The one in C reads the file in a tenth of the time, and is not in every build of the package.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def say(key: str, **values: object) -> str:
    """The text called `key` ("section.name") with its {placeholders} filled. Plain text: escape it where it is shown.

    Raises KeyError for a key that the file has not, so that a test sees it.
    """
    message = messages()[key]
    text = message[language()]
    return text.format(**values) if values else text


def say_count(key: str, count: int, **values: object) -> str:
    """`key.one` or `key.other`, with {count} written with separators."""
    return say(f"{key}.{'one' if count == 1 else 'other'}", count=f"{count:,}", **values)


def language() -> Language:
    """What was chosen in this session, else what the browser asks for, else English."""
    chosen = st.session_state.get(LANGUAGE_KEY)
    if chosen in LANGUAGES:
        return "de" if chosen == "de" else "en"
    return "de" if (st.context.locale or "").lower().startswith("de") else "en"


def time_zone() -> tzinfo:
    """That of the browser; UTC where it names none that is known here."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ValueError, OSError, KeyError):
        return UTC


@cache
def messages() -> Mapping[str, Mapping[Language, str]]:
    """All messages by their whole key. Read once: they change with the program."""
    found: dict[str, Mapping[Language, str]] = {}
    for section, part in yaml.load(_FILE.read_bytes(), _Loader).items():  # noqa: S506 - a safe loader
        _collect(section, part, found)
    return found


def _collect(prefix: str, part: Mapping[str, object], found: dict[str, Mapping[Language, str]]) -> None:
    for name, value in part.items():
        key = f"{prefix}.{name}"
        if not isinstance(value, Mapping):
            raise ValueError(f"{key} must have texts in {', '.join(LANGUAGES)}")
        if set(value) == set(LANGUAGES):
            found[key] = {each: str(value[each]) for each in LANGUAGES}
        else:
            _collect(key, value, found)
