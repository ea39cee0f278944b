"""Who sits before the screen, and what that person may do here. What they may *see* is decided by the policy, below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from nl2sql.question import Principal

# ask: questions; sql: edit and run SQL; export: files of data and charts; boards: keep answers; share: let others see
# a board; data: what can be asked; quality: read evaluations; evaluate: start them, edit prompts; activity: the ledger
# of everybody's questions; review: judge feedback, save cases and verified queries; settings: how the app is set up.
Permission = Literal[
    "ask", "sql", "export", "boards", "share", "data", "quality", "evaluate", "activity", "review", "settings"
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
# local: this machine's own user, with no sign-in; oidc: st.login; iap: a signed header of an identity-aware proxy.
SignIn = Literal["local", "oidc", "iap"]


@dataclass(frozen=True, slots=True)
class Person:
    """`user` is stable and unique (an address, or "local"); `name` is for the screen. `role` selects the policy,
    `attributes` fill its row filters."""

    user: str
    name: str
    role: str
    may: frozenset[Permission]
    how: SignIn = "local"
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def principal(self) -> Principal:
        return Principal(self.user, self.role, self.attributes)


def local_person(principal: Principal) -> Person:
    """Whoever runs the app for themselves may do everything in it."""
    return Person(principal.user, principal.user, principal.role, frozenset(PERMISSIONS), "local", principal.attributes)
