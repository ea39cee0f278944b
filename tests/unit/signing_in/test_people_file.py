"""The file of people: what it may say, each fault with its line, and the schema for editors that says the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from nl2sql.errors import PolicyInvalid, SettingsInvalid
from nl2sql.settings import Settings
from streamlit_app.signing_in import people_file
from streamlit_app.signing_in.people import FromClaim, People
from streamlit_app.signing_in.people_file import load_people, people_of, policy_roles
from streamlit_app.signing_in.person import PERMISSIONS

SCHEMA = json.loads(Path(people_file.__file__).with_name("people.schema.json").read_text())
POLICY = {"analyst": frozenset[str](), "country_manager": frozenset({"country"})}
ONE = "roles: {reader: {policy: analyst, may: [ask]}}"
MANAGER = "roles: {m: {policy: country_manager, may: all}}"


def load(folder: Path, text: str) -> People:
    (folder / "people.yaml").write_text(text)
    return load_people(folder / "people.yaml", POLICY)


WHOLE = """
ask: data-team@example.com
user_claim: oid
session: {hours: 8.5, until_token_expires: true}
email_trusted_from: [https://id.example.com]
roles:
  all: {policy: analyst, may: all}
  m: {policy: country_manager, may: [ask, boards], attributes: {country: {claim: country}}}
people:
  Ada@Example.com: all
  max@example.com: {role: m, attributes: {country: NO}}
rules:
  - {claim: groups, is: [a, 7], role: m, issuer: https://id.example.com}
  - {claim: email_domain, is: Example.com, role: all}
default: all
"""


@pytest.mark.parametrize("text", [WHOLE, ONE, f"{ONE}\ndefault: refuse", f"{ONE}\npeople:", f"{ONE}\nsession:"])
def test_what_the_loader_takes_the_schema_for_editors_takes_too(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)
    assert not list(Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text)))


def test_the_schema_knows_every_permission() -> None:
    role = SCHEMA["properties"]["roles"]["additionalProperties"]["properties"]
    assert tuple(role["may"]["oneOf"][1]["items"]["enum"]) == PERMISSIONS


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    people = load(tmp_path, WHOLE)
    assert people.roles["all"].may == frozenset(PERMISSIONS)
    assert people.roles["m"].attributes == {"country": FromClaim("country")}
    assert people.persons["ada@example.com"].role == "all"
    assert people.persons["max@example.com"].attributes == {"country": "NO"}, "Norway is no “false”"
    assert people.rules[0].values == {"a", "7"} and people.rules[0].issuer == "https://id.example.com"
    assert people.rules[1].values == {"example.com"}
    assert people.default is not None and people.default.role == "all"
    assert (people.hours, people.until_token_expires, people.user_claim) == (8.5, True, "oid")
    assert people.ask == "data-team@example.com" and people.email_trusted_from == {"https://id.example.com"}


def test_what_a_file_does_not_say_is_refused_and_lasts_a_working_day(tmp_path: Path) -> None:
    people = load(tmp_path, ONE)
    assert people.default is None and people.persons == {} and people.rules == ()
    assert people.hours == 12 and not people.until_token_expires and not people.email_trusted_from


BAD = [
    ("", "roles must have at least one role"),
    ("roles: {}", "roles must have at least one role"),
    ("roles: [reader]", "roles must be a mapping"),
    ("rolls: {}", "the file has no “rolls”; it may have ask"),
    ("roles: {reader: {policy: analyst, may: [ask, fly]}}", "“fly” is no permission; there are ask, sql"),
    ("roles: {reader: {policy: analyst, may: ask}}", "may of reader must be a list"),
    ("roles: {reader: {policy: analyst}}", "the role reader must have may"),
    ("roles: {reader: {may: [ask]}}", "the role reader must have policy"),
    ("roles: {reader: {policy: king, may: [ask]}}", "the policy has no role “king”"),
    ("roles: {refuse: {policy: analyst, may: [ask]}}", "“refuse” is no name for a role"),
    ("roles: {reader: {policy: analyst, may: [ask], extra: 1}}", "has no “extra”"),
    (f"{ONE}\npeople: {{ada@example.com: king}}", "there is no role “king”"),
    (f"{ONE}\npeople: {{ada: reader}}", "“ada” is not an e-mail address"),
    (f"{ONE}\npeople: {{ada@example.com: reader, ADA@example.com: reader}}", "is there twice"),
    (f"{ONE}\npeople: {{ada@example.com: reader, ada@example.com: reader}}", "is there twice"),
    (f"{ONE}\npeople: [ada@example.com]", "people must be a mapping"),
    (f"{ONE}\npeople: {{ada@example.com: [reader]}}", "must be a mapping"),
    (f"{ONE}\npeople: {{ada@example.com: {{attributes: {{}}}}}}", "must have a role"),
    (f"{ONE}\nrules: {{claim: groups, is: a, role: reader}}", "rules must be a list"),
    (f"{ONE}\nrules: [{{claim: groups, role: reader}}]", "a rule must have is"),
    (f"{ONE}\nrules: [{{claim: groups, is: [], role: reader}}]", "is must have at least one value"),
    (f"{ONE}\nrules: [{{claim: groups, is: [[a]], role: reader}}]", "is must be a list of names"),
    (f"{ONE}\nrules: [{{claim: groups, is: a, role: nobody}}]", "there is no role “nobody”"),
    (f"{ONE}\nrules: [{{claim: groups, is: a, role: reader, or: b}}]", "has no “or”"),
    (f"{ONE}\nrules: [reader]", "a rule must be a mapping"),
    (f"{ONE}\ndefault: king", "there is no role “king”"),
    (f"{ONE}\nsession: {{hours: 0}}", "hours must be a number above zero"),
    (f"{ONE}\nsession: {{hours: 800}}", "hours can be at most 720"),
    (f"{ONE}\nsession: {{hours: soon}}", "hours must be a number above zero"),
    (f"{ONE}\nsession: {{until_token_expires: maybe}}", "must be one of true, false"),
    (f"{ONE}\nemail_trusted_from: https://id.example.com", "must be a list"),
    (f"{ONE}\nask: [a]", "ask must be a text"),
    (f"{ONE}\npeople: {{ada@example.com: {{role: reader, attributes: {{a: [b]}}}}}}", "must be a text"),
    (f"{ONE}\npeople: {{ada@example.com: {{role: reader, attributes: {{a: {{claims: b}}}}}}}}", "has no “claims”"),
    (f"{ONE}\npeople: {{ada@example.com: {{role: reader, attributes: {{a: {'x' * 201}}}}}}}", "longer than 200"),
]
# Only the loader knows the policy and the roles, folds capitals, or sees a key twice.
BEYOND_A_SCHEMA = ("“king”", "“nobody”", "there twice")


@pytest.mark.parametrize(("text", "told"), BAD)
def test_each_fault_names_the_file_the_line_and_what_is_allowed(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"people\.yaml, line \d+: ") as caught:
        load(tmp_path, text)
    assert told in str(caught.value)


@pytest.mark.parametrize(("text", "told"), BAD)
def test_the_schema_for_editors_refuses_the_same(text: str, told: str) -> None:
    if any(each in told for each in BEYOND_A_SCHEMA):
        return
    document = yaml.safe_load(text)
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)), text


def test_the_line_is_the_one_of_the_fault(tmp_path: Path) -> None:
    text = "roles:\n  reader:\n    policy: analyst\n    may:\n      - ask\n      - fly\n"
    with pytest.raises(SettingsInvalid, match="line 6: “fly”"):
        load(tmp_path, text)


def test_an_attribute_that_the_policy_needs_must_come_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="the attribute country is missing"):
        load(tmp_path, f"{MANAGER}\npeople: {{max@example.com: m}}")
    with pytest.raises(SettingsInvalid, match="the attribute country is missing"):
        load(tmp_path, f"{MANAGER}\nrules: [{{claim: groups, is: a, role: m}}]")
    load(tmp_path, f"{MANAGER}\npeople: {{max@example.com: {{role: m, attributes: {{country: DE}}}}}}")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: [", b"{" * 30_000, b"&a [*a]", b"x" * 1_000_001])
def test_what_is_no_such_file_at_all_is_a_sentence_too(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.yaml").write_bytes(content)
    with pytest.raises(SettingsInvalid, match=r"people\.yaml"):
        load_people(tmp_path / "people.yaml", POLICY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"people file .*nowhere\.yaml cannot be read"):
        load_people(tmp_path / "nowhere.yaml", POLICY)


def test_the_roles_of_the_shipped_policy_are_read_without_its_model(repository: Path, tmp_path: Path) -> None:
    roles = policy_roles(repository / "schema" / "auction" / "policy.yaml")
    assert roles["country_manager"] == {"country"} and roles["analyst"] == frozenset()
    (tmp_path / "policy.yaml").write_text("roles: [analyst]")
    with pytest.raises(PolicyInvalid):
        policy_roles(tmp_path / "policy.yaml")


def test_a_change_of_the_file_or_the_policy_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("roles: {analyst: {}}")
    (tmp_path / "people.yaml").write_text(f"{ONE}\npeople: {{ada@example.com: reader}}")
    settings = Settings(sign_in="oidc", people="people.yaml", policy="policy.yaml", base=tmp_path)
    assert "ada@example.com" in people_of(settings).persons
    assert people_of(settings) is people_of(settings), "read once"
    (tmp_path / "new.yaml").write_text(f"{ONE}\npeople: {{bea@example.com: reader}}")
    (tmp_path / "new.yaml").replace(tmp_path / "people.yaml")
    assert people_of(settings).persons.keys() == {"bea@example.com"}
    (tmp_path / "policy.yaml").write_text("roles: {somebody: {}}")
    os.utime(tmp_path / "policy.yaml", ns=(1, 1))
    with pytest.raises(SettingsInvalid, match="no role “analyst”"):
        people_of(settings)


def test_without_a_policy_file_any_role_will_do_and_without_a_people_file_none(tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(ONE)
    assert people_of(Settings(sign_in="iap", people="people.yaml", policy="none", base=tmp_path)).roles
    with pytest.raises(SettingsInvalid, match="people must name a file, because sign_in is iap"):
        people_of(Settings(sign_in="iap", base=tmp_path))
