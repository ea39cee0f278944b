"""Reads the file that the setting `people` names. Every fault is a SettingsInvalid with the file and the line.

`people.schema.json` says the same for editors; a test keeps the two together. docs/sign-in.md describes the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml

from nl2sql.errors import SettingsInvalid
from nl2sql.guard.policy_nodes import Nodes
from nl2sql.settings import Settings
from streamlit_app.signing_in.people import (
    DEFAULT_HOURS,
    MAX_ATTRIBUTE_CHARS,
    OF_EMAIL,
    AppRole,
    Attributes,
    Entry,
    FromClaim,
    People,
    Rule,
    folded,
)
from streamlit_app.signing_in.person import PERMISSIONS, Permission

REFUSE, ALL = "refuse", "all"
# The cookie of a sign-in lives thirty days, and nothing can outlive it.
MAX_HOURS = 720
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_KEYS = ("ask", "user_claim", "session", "email_trusted_from", "roles", "people", "rules", "default")

# By role of the policy, the attributes that it needs; None: there is no policy file, and any role will do.
PolicyRoles = Mapping[str, frozenset[str]] | None


class _PeopleNodes(Nodes):
    kind = "people"
    error = SettingsInvalid


def people_of(settings: Settings) -> People:
    """As the file is now: a change counts at the next call. Raises SettingsInvalid."""
    if not settings.people:
        message = f"The setting people must name a file, because sign_in is {settings.sign_in}."
        raise SettingsInvalid(message, hint="It says who may do what; docs/sign-in.md has an example.")
    path = settings.path(settings.people)
    policy = settings.path(settings.policy) if settings.policy != "none" else None
    return _load(path, _stamp(path), policy, _stamp(policy) if policy else "")


def policy_roles(path: Path) -> Mapping[str, frozenset[str]]:
    """Raises PolicyInvalid. What else is wrong with the policy is told where it is used."""
    nodes = Nodes(path)
    roles = nodes.mapping(nodes.mapping(nodes.document(), "the file").get("roles"), "roles")
    return {
        name: frozenset(nodes.mapping(nodes.mapping(role, f"the role {name}").get("attributes"), "attributes"))
        for name, role in roles.items()
    }


def load_people(path: Path, roles: PolicyRoles) -> People:
    """Raises SettingsInvalid."""
    return _Reader(path, roles).people()


# A file is a few kilobytes and read in a millisecond or two, but asked for at each click.
@lru_cache(maxsize=4)
def _load(path: Path, stamp: str, policy: Path | None, policy_stamp: str) -> People:
    return load_people(path, policy_roles(policy) if policy else None)


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"


class _Reader:
    def __init__(self, path: Path, policy: PolicyRoles) -> None:
        self.nodes = _PeopleNodes(path)
        self.policy = policy
        self.roles: dict[str, AppRole] = {}

    def people(self) -> People:
        nodes = self.nodes
        entries = nodes.mapping(nodes.document(), "the file", _KEYS)
        for name, node in nodes.mapping(entries.get("roles"), "roles").items():
            self.roles[name] = self.role(name, node)
        if not self.roles:
            nodes.refuse(entries.get("roles"), "roles must have at least one role, with policy and may.")
        session = nodes.mapping(entries.get("session"), "session", ("hours", "until_token_expires"))
        ask = entries.get("ask")
        return People(
            MappingProxyType(self.roles),
            MappingProxyType(self.persons(entries.get("people"))),
            tuple(self.rule(each) for each in self.items(entries.get("rules"), "rules")),
            self.default(entries.get("default")),
            nodes.text(ask, "ask") if ask is not None else "",
            nodes.text(entries["user_claim"], "user_claim") if "user_claim" in entries else "",
            self.hours(session.get("hours")),
            self.switch(session.get("until_token_expires"), "until_token_expires"),
            frozenset(each.value for each in nodes.texts(entries.get("email_trusted_from"), "email_trusted_from")),
        )

    def role(self, name: str, node: yaml.Node) -> AppRole:
        if name == REFUSE:
            self.nodes.refuse(node, f"“{REFUSE}” is no name for a role: it is what default says of nobody.")
        entries = self.nodes.mapping(node, f"the role {name}", ("policy", "may", "attributes"))
        for key in ("policy", "may"):
            if key not in entries:
                self.nodes.refuse(node, f"the role {name} must have {key}.")
        policy = self.nodes.text(entries["policy"], f"policy of {name}")
        if self.policy is not None and policy not in self.policy:
            known = ", ".join(sorted(self.policy))
            self.nodes.refuse(entries["policy"], f"the policy has no role “{policy}”.", f"Its roles: {known}.")
        return AppRole(name, policy, self.may(entries["may"], name), self.attributes(entries.get("attributes")))

    def may(self, node: yaml.Node, role: str) -> frozenset[Permission]:
        if isinstance(node, yaml.ScalarNode) and node.value == ALL:
            return frozenset(PERMISSIONS)
        found = self.nodes.texts(node, f"may of {role}")
        for each in found:
            if each.value not in PERMISSIONS:
                allowed = ", ".join((*PERMISSIONS, ALL))
                self.nodes.refuse(each, f"“{each.value}” is no permission; there are {allowed}.")
        return frozenset(cast(Permission, each.value) for each in found)

    def attributes(self, node: yaml.Node | None) -> Attributes:
        found: dict[str, str | FromClaim] = {}
        for name, part in self.nodes.mapping(node, "attributes").items():
            what = f"the attribute {name}"
            if isinstance(part, yaml.MappingNode):
                source = self.nodes.mapping(part, what, ("claim",))
                if "claim" not in source:
                    self.nodes.refuse(part, f"{what} must be a text, or name a claim.")
                found[name] = FromClaim(self.nodes.text(source["claim"], f"claim of {what}"))
            else:
                text = self.nodes.text(part, what)
                if len(text) > MAX_ATTRIBUTE_CHARS:
                    self.nodes.refuse(part, f"{what} is longer than {MAX_ATTRIBUTE_CHARS} characters.")
                found[name] = text
        return MappingProxyType(found)

    def persons(self, node: yaml.Node | None) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for name, part in self.nodes.mapping(node, "people").items():
            if not _EMAIL.match(name):
                self.nodes.refuse(part, f"“{name}” is not an e-mail address; whoever has none is found by rules.")
            if folded(name) in found:
                self.nodes.refuse(part, f"“{name}” is there twice; capitals make no difference.")
            found[folded(name)] = self.entry(part, name)
        return found

    def entry(self, node: yaml.Node, whose: str) -> Entry:
        """The name of a role, or a mapping with one."""
        if isinstance(node, yaml.ScalarNode):
            return self.granted(node, node, MappingProxyType({}))
        entries = self.nodes.mapping(node, whose, ("role", "attributes"))
        if "role" not in entries:
            self.nodes.refuse(node, f"{whose} must have a role.")
        return self.granted(node, entries["role"], self.attributes(entries.get("attributes")))

    def rule(self, node: yaml.Node) -> Rule:
        entries = self.nodes.mapping(node, "a rule", ("claim", "is", "issuer", "role", "attributes"))
        for key in ("claim", "is", "role"):
            if key not in entries:
                self.nodes.refuse(node, f"a rule must have {key}.")
        claim = self.nodes.text(entries["claim"], "claim")
        wanted = entries["is"]
        parts = self.nodes.texts(wanted, "is") if isinstance(wanted, yaml.SequenceNode) else [wanted]
        values = frozenset(self.nodes.text(each, "is") for each in parts)
        if not values:
            self.nodes.refuse(wanted, "is must have at least one value.")
        entry = self.granted(node, entries["role"], self.attributes(entries.get("attributes")))
        issuer = self.nodes.text(entries["issuer"], "issuer") if "issuer" in entries else ""
        return Rule(claim, frozenset(map(folded, values)) if claim in OF_EMAIL else values, entry, issuer)

    def default(self, node: yaml.Node | None) -> Entry | None:
        is_refused = node is None or (isinstance(node, yaml.ScalarNode) and node.value == REFUSE)
        return None if node is None or is_refused else self.entry(node, "default")

    def granted(self, node: yaml.Node, role: yaml.Node, attributes: Attributes) -> Entry:
        name = self.nodes.text(role, "role")
        if name not in self.roles:
            self.nodes.refuse(role, f"there is no role “{name}”.", f"Roles: {', '.join(self.roles)}.")
        needed = (self.policy or {}).get(self.roles[name].policy, frozenset())
        missing = sorted(needed - attributes.keys() - self.roles[name].attributes.keys())
        if missing:
            hint = f"The role {self.roles[name].policy} of the policy sees the rows of one {missing[0]} alone."
            self.nodes.refuse(node, f"the attribute {missing[0]} is missing.", hint)
        return Entry(name, attributes)

    def items(self, node: yaml.Node | None, what: str) -> Iterable[yaml.Node]:
        if node is not None and not isinstance(node, yaml.SequenceNode):
            self.nodes.refuse(node, f"{what} must be a list.")
        return cast("list[Any]", node.value) if node is not None else []

    def hours(self, node: yaml.Node | None) -> float:
        hours = self.nodes.number(node, "hours", whole=False) if node is not None else DEFAULT_HOURS
        if hours > MAX_HOURS:
            self.nodes.refuse(node, f"hours can be at most {MAX_HOURS}: the browser keeps no sign-in for longer.")
        return hours

    def switch(self, node: yaml.Node | None, what: str) -> bool:
        return node is not None and self.nodes.choice(node, what, ("true", "false")) == "true"
