"""Who is who: a signed-in identity becomes a Person by the mapping that the house keeps, or is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from streamlit_app.signing_in.person import Permission, Person, SignIn
from streamlit_app.signing_in.refusal import Refusal

# An address has at most 254 characters; an issuer and its name for somebody stay well below twice that.
MAX_USER_CHARS = 500
MAX_NAME_CHARS = 80
# What the policy takes at most.
MAX_ATTRIBUTE_CHARS = 200
OF_EMAIL = ("email", "email_domain")  # claims that are read from the verified address alone, whoever names them
DEFAULT_HOURS = 12.0  # a working day, with what comes before and after it


@dataclass(frozen=True, slots=True)
class FromClaim:
    """The value of an attribute is what the sign-in says, under this name."""

    claim: str


Attributes = Mapping[str, "str | FromClaim"]


def _none() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AppRole:
    """`policy` is the policy's role, which decides what is seen; `may` is what is done in the app."""

    name: str
    policy: str
    may: frozenset[Permission]
    attributes: Attributes = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Entry:
    """A role for somebody; its attributes stand above those of the role."""

    role: str
    attributes: Attributes = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Rule:
    """For whoever has one of the `values` under `claim`, from `issuer` where one is named."""

    claim: str
    values: frozenset[str]
    entry: Entry
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """The whole mapping. `persons` are by e-mail as `folded`; the first rule that fits counts; without a `default`
    whoever is left is refused. `ask` is whom to ask for access. `user_claim` names the claim a person is known by;
    empty: the verified e-mail, else issuer and sub."""

    roles: Mapping[str, AppRole]
    persons: Mapping[str, Entry] = field(default_factory=_none)
    rules: tuple[Rule, ...] = ()
    default: Entry | None = None
    ask: str = ""
    user_claim: str = ""
    hours: float = DEFAULT_HOURS
    until_token_expires: bool = False
    email_trusted_from: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """What the sign-in has proven. `email` is empty unless somebody vouches for it."""

    how: SignIn
    claims: Mapping[str, Any]
    email: str = ""


def folded(email: str) -> str:
    """For comparison. ASCII letters alone: a Kelvin sign folds to a k, and must not become somebody else's."""
    return "".join(each.lower() if each.isascii() else each for each in email.strip())


def verified_email(claims: Mapping[str, Any], trusted_issuers: Iterable[str] = ()) -> str:
    """Folded; empty unless the provider says that it checked it, or is one whose addresses are taken as they are."""
    email = claims.get("email")
    said = claims.get("email_verified")
    is_verified = said is True or said == "true" or (said is None and claims.get("iss") in tuple(trusted_issuers))
    return folded(email) if isinstance(email, str) and is_verified and _is_usable(email) and "@" in email else ""


def person_of(people: People, identity: Identity) -> Person | Refusal:
    user = _user(people, identity)
    name = _name(identity, user)
    entry = _entry(people, identity)
    if not user or entry is None:
        return Refusal("unknown", who=name, ask=people.ask, how=identity.how)
    role = people.roles[entry.role]
    attributes: dict[str, str] = {}
    for attribute, source in (dict(role.attributes) | dict(entry.attributes)).items():
        value = source if isinstance(source, str) else _single(identity, source.claim)
        if not value:
            detail = f"The sign-in of {user} has no single value for the attribute {attribute} of the role {role.name}."
            return Refusal("no_attribute", who=name, ask=people.ask, how=identity.how, detail=detail)
        attributes[attribute] = value
    return Person(user, name, role.policy, role.may, identity.how, MappingProxyType(attributes))


def _entry(people: People, identity: Identity) -> Entry | None:
    if identity.email in people.persons:
        return people.persons[identity.email]
    for rule in people.rules:
        issued = not rule.issuer or identity.claims.get("iss") == rule.issuer
        if issued and rule.values & _values(identity, rule.claim):
            return rule.entry
    return people.default


def _values(identity: Identity, claim: str) -> frozenset[str]:
    found = _told(identity, claim)
    items = found if isinstance(found, list | tuple) else [found]
    return frozenset(text for each in items if (text := _text(each)))


def _told(identity: Identity, claim: str) -> Any:
    """An address that nobody vouches for is no claim, and has no domain: whoever writes it could be anybody."""
    if claim in OF_EMAIL:
        return identity.email if claim == "email" else identity.email.rpartition("@")[2]
    return claim_of(identity.claims, claim)


def claim_of(claims: Mapping[str, Any], name: str) -> Any:
    """By its whole name first, for names with dots; else step by step: realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _single(identity: Identity, name: str) -> str:
    """Empty where there is none, or more than one: which rows to show is never guessed."""
    found = _told(identity, name)
    if isinstance(found, list | tuple):
        found = found[0] if len(found) == 1 else None
    text = _text(found)
    return text if len(text) <= MAX_ATTRIBUTE_CHARS and text.isprintable() else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else ""


def _user(people: People, identity: Identity) -> str:
    """Unique over all issuers, and the same at each sign-in."""
    if not people.user_claim and identity.email:
        return identity.email
    issuer, known_as = identity.claims.get("iss"), _text(_told(identity, people.user_claim or "sub"))
    user = f"{issuer}#{known_as}" if isinstance(issuer, str) and issuer and known_as else ""
    return user if _is_usable(user) else ""


def _name(identity: Identity, user: str) -> str:
    name = identity.claims.get("name")
    shown = name.strip() if isinstance(name, str) else ""
    return "".join(each for each in shown if each.isprintable())[:MAX_NAME_CHARS] or identity.email or user


def _is_usable(user: str) -> bool:
    return 0 < len(user) <= MAX_USER_CHARS and user.isprintable()
