"""Who becomes whom: the mapping, and sign-ins that try to be somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from streamlit_app.signing_in.people import (
    AppRole,
    Entry,
    FromClaim,
    Identity,
    People,
    Rule,
    person_of,
    verified_email,
)
from streamlit_app.signing_in.person import Person
from streamlit_app.signing_in.refusal import Refusal

ISSUER = "https://id.example.com"
ROLES = {
    "reader": AppRole("reader", "analyst", frozenset({"ask", "data"})),
    "editor": AppRole("editor", "analyst", frozenset({"ask", "sql"})),
    "manager": AppRole("manager", "country_manager", frozenset({"ask"}), {"country": FromClaim("country")}),
}
PEOPLE = People(
    ROLES,
    {"ada@example.com": Entry("editor"), "max@example.com": Entry("manager", {"country": "DE"})},
    (
        Rule("groups", frozenset({"managers"}), Entry("manager")),
        Rule("realm_access.roles", frozenset({"analytics"}), Entry("reader")),
        Rule("https://example.com/desk", frozenset({"7"}), Entry("reader")),
        Rule("email_domain", frozenset({"sister.example"}), Entry("reader")),
        Rule("staff", frozenset({"true"}), Entry("reader"), issuer=ISSUER),
    ),
    ask="data-team@example.com",
)


def came(people: People = PEOPLE, /, **claims: Any) -> Person | Refusal:
    told: Mapping[str, Any] = {"iss": ISSUER, "sub": "123", **claims}
    return person_of(people, Identity("oidc", told, verified_email(told, people.email_trusted_from)))


def role_of(found: Person | Refusal) -> str:
    return found.role if isinstance(found, Person) else found.reason


def test_somebody_by_their_address_has_the_role_the_permissions_and_the_attributes() -> None:
    found = came(email="max@example.com", email_verified=True, name="Max")
    assert isinstance(found, Person)
    assert (found.user, found.name, found.role, found.how) == ("max@example.com", "Max", "country_manager", "oidc")
    assert found.may == {"ask"} and dict(found.attributes) == {"country": "DE"}
    assert found.principal.user == "max@example.com" and found.principal.attributes["country"] == "DE"


def test_capitals_and_spaces_make_no_other_person() -> None:
    found = came(email=" Ada@EXAMPLE.com ", email_verified=True)
    assert isinstance(found, Person) and found.user == "ada@example.com"


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": 1},
        {"email_verified": "True"},
        {"email_verified": "yes"},
        {"email_verified": [True]},
    ],
)
def test_an_address_counts_only_where_the_provider_vouches_for_it(claims: dict[str, Any]) -> None:
    assert role_of(came(email="ada@example.com", **claims)) == "unknown"
    assert role_of(came(email="x@sister.example", **claims)) == "unknown"


def test_a_trusted_issuer_vouches_by_its_name_but_not_against_its_own_word() -> None:
    people = People(ROLES, PEOPLE.persons, email_trusted_from=frozenset({ISSUER}))
    assert role_of(came(people, email="ada@example.com")) == "analyst"
    assert role_of(came(people, email="ada@example.com", email_verified=False)) == "unknown"
    assert role_of(came(people, email="ada@example.com", iss="https://other.example.com")) == "unknown"


@pytest.mark.parametrize(
    "email",
    [
        "a\N{LATIN SMALL LETTER D WITH CARON}a@example.com",
        "ada@example.com\x00",
        "ada@example.com\n",
        "ADA@EXAMPLE.COM\u200b",
        "ada@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com",
        ["ada@example.com"],
        {"ada@example.com": 1},
        "",
        None,
        7,
    ],
)
def test_what_only_looks_like_an_address_of_the_file_is_not(email: Any) -> None:
    assert role_of(came(People(ROLES, PEOPLE.persons), email=email, email_verified=True)) == "unknown"


def test_a_kelvin_sign_is_no_k() -> None:
    people = People(ROLES, {"kim@example.com": Entry("editor")})
    assert role_of(came(people, email="kim@example.com", email_verified=True)) == "analyst"
    assert role_of(came(people, email="\N{KELVIN SIGN}im@example.com", email_verified=True)) == "unknown"


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"groups": ["other", "managers"], "country": "FR"}, "country_manager"),
        ({"groups": "managers", "country": "FR"}, "country_manager"),
        ({"groups": "managers, analytics"}, "unknown"),
        ({"groups": ["MANAGERS"]}, "unknown"),
        ({"groups": [["managers"]]}, "unknown"),
        ({"groups": {"managers": True}}, "unknown"),
        ({"realm_access": {"roles": ["analytics"]}}, "analyst"),
        ({"realm_access": ["roles", "analytics"]}, "unknown"),
        ({"https://example.com/desk": 7}, "analyst"),
        ({"email": "x@Sister.Example", "email_verified": True}, "analyst"),
        ({"email": "x@not-sister.example", "email_verified": True}, "unknown"),
        ({"email": "x@sister.example@evil.example", "email_verified": True}, "unknown"),
        ({"email_domain": "sister.example"}, "unknown"),
        ({"staff": True}, "analyst"),
        ({"staff": True, "iss": "https://other.example.com"}, "unknown"),
        ({"staff": False}, "unknown"),
    ],
)
def test_rules_go_by_whole_values_of_a_claim(claims: dict[str, Any], role: str) -> None:
    assert role_of(came(**claims)) == role


def test_a_person_by_name_stands_above_every_rule_and_the_first_rule_above_the_next() -> None:
    found = came(email="ada@example.com", email_verified=True, groups=["managers"], country="FR")
    assert isinstance(found, Person) and "sql" in found.may
    both = came(groups=["managers"], country="FR", staff=True)
    assert role_of(both) == "country_manager"


@pytest.mark.parametrize("country", [None, "", [], ["DE", "FR"], {"DE": 1}, "x" * 201, "D\x00E", 1.5])
def test_an_attribute_without_one_clear_value_lets_nobody_in(country: Any) -> None:
    found = came(groups="managers", country=country, name="Max")
    assert isinstance(found, Refusal) and found.reason == "no_attribute"
    assert "country" in found.detail and found.who == "Max"


def test_a_list_of_one_is_that_one() -> None:
    found = came(groups="managers", country=["DE"])
    assert isinstance(found, Person) and found.attributes["country"] == "DE"


def test_whoever_is_left_is_refused_unless_there_is_a_default() -> None:
    refused = came(name="Eve")
    assert refused == Refusal("unknown", who="Eve", ask="data-team@example.com", how="oidc")
    assert role_of(came(People(ROLES, default=Entry("reader")))) == "analyst"


def test_a_user_is_known_by_issuer_and_sub_where_no_address_is_vouched_for() -> None:
    everybody = People(ROLES, default=Entry("reader"))
    found = came(everybody, email="ada@example.com", email_verified=False)
    assert isinstance(found, Person) and found.user == f"{ISSUER}#123"
    by_oid = People(ROLES, default=Entry("reader"), user_claim="oid")
    other = came(by_oid, oid="abc", email="ada@example.com", email_verified=True)
    assert isinstance(other, Person) and other.user == f"{ISSUER}#abc"


def test_an_address_that_nobody_vouches_for_is_no_attribute_and_no_name_to_be_known_by() -> None:
    """Whoever writes a colleague's address into their own profile would see that colleague's rows, and boards."""
    by_address = {"reader": AppRole("reader", "analyst", frozenset({"ask"}), {"mail": FromClaim("email")})}
    rows_of_one = People(by_address, default=Entry("reader"))
    known_by_it = People(ROLES, default=Entry("reader"), user_claim="email")
    for people, refused in ((rows_of_one, "no_attribute"), (known_by_it, "unknown")):
        assert role_of(came(people, email="ada@example.com", email_verified=False)) == refused
    own = came(rows_of_one, email="Ada@example.com", email_verified=True)
    assert isinstance(own, Person) and own.attributes["mail"] == "ada@example.com"


@pytest.mark.parametrize("claims", [{"sub": ""}, {"sub": None}, {"sub": "x" * 600}, {"sub": "a\nb"}, {"iss": None}])
def test_nobody_is_somebody_without_a_name_to_be_known_by(claims: dict[str, Any]) -> None:
    assert role_of(came(People(ROLES, default=Entry("reader")), **claims)) == "unknown"


def test_a_long_or_hostile_name_is_cut_and_printable() -> None:
    found = came(email="ada@example.com", email_verified=True, name="\u202e<b>\x07" + "A" * 500)
    assert isinstance(found, Person)
    assert found.name.isprintable() and len(found.name) <= 80
