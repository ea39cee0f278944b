"""What a role sees of the data, counted and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nl2sql.guard.policy import Policy
from streamlit_app.signing_in.person import PERMISSIONS, Person
from streamlit_app.words import say, say_count


@dataclass(frozen=True, slots=True)
class Sight:
    """How many tables and fields there are for a role; `limited` are the labels of tables that it sees in part."""

    tables: int
    closed: int
    fields: int
    masked: int
    totals: int
    denied: int
    limited: tuple[str, ...]


def in_words(sight: Sight, policy: Policy, person: Person) -> Iterator[str]:
    yield f"{say_count('about.sees_tables', sight.tables)} {say_count('about.sees_fields', sight.fields)}"
    for count, key in (
        (sight.closed, "about.closed_tables"),
        (sight.denied, "about.denied_fields"),
        (sight.masked, "about.masked_fields"),
        (sight.totals, "about.totals_fields"),
    ):
        if count:
            yield say_count(key, count)
    if sight.limited:
        yield say("about.limited_rows", tables=", ".join(sight.limited))
    for name in policy.attributes:
        value = person.attributes.get(name)
        yield say("about.attribute", name=name, value=value) if value else say("about.no_attribute", name=name)


def may_in_words(person: Person) -> str:
    return ", ".join(say(f"about.may.{each}") for each in PERMISSIONS if each in person.may)
