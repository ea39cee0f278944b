"""A house that runs the app with a sign-in: its settings, its file of people, and whoever comes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_app import services
from streamlit_app.signing_in import gate
from streamlit_app.signing_in.arrival import Arrival
from streamlit_app.store.memory import MemoryStore

APP = Path(services.__file__).with_name("app.py")
HERE = Arrival("127.0.0.1", ("localhost:8501",), ("http://localhost:8501",))
PEOPLE = """
ask: data-team@example.com
roles:
  reader: {policy: analyst, may: [ask, data]}
  looker: {policy: analyst, may: [data]}
  support: {policy: auction_support, may: all}
people:
  rita@example.com: reader
  lou@example.com: looker
  sue@example.com: support
"""
AUTH = {
    "redirect_uri": "https://ask.example.com/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "google": {
        "client_id": "the-app",
        "client_secret": "hidden-away",
        "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
    },
    "okta": {"client_id": "a", "client_secret": "b", "server_metadata_url": "https://okta.example.com"},
}


@dataclass
class House:
    """An app with settings of its own; `came` is what came with the browser, `opened` whether a pipeline was."""

    folder: Path
    app: AppTest
    came: Arrival = HERE
    opened: list[Any] = field(default_factory=list)
    store: MemoryStore = field(default_factory=MemoryStore)

    def set(self, **settings: str) -> None:
        text = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
        (self.folder / "nl2sql.toml").write_text(f'policy = "policy.yaml"\npeople = "people.yaml"\n{text}')

    def people(self, text: str = PEOPLE) -> None:
        (self.folder / "new.yaml").write_text(text)
        (self.folder / "new.yaml").replace(self.folder / "people.yaml")

    def signed_in(self, email: str, **claims: Any) -> None:
        now = time.time()
        told = {"iss": "https://id.example.com", "sub": "1", "iat": now - 60, "exp": now + 3540, "email": email}
        told |= {"email_verified": True, "is_logged_in": True, **claims}
        self.came = replace(self.came, claims=told)

    def run(self, page: str = "") -> str:
        if page:
            self.app.switch_page(f"app_pages/{page}.py")
        self.app.run()
        assert not self.app.exception
        return self.shown()

    def shown(self) -> str:
        titles = [each.value.replace("\\", "") for each in self.app.title]
        return "\n".join([*titles, *(each.value for each in self.app.html if "<style>" not in each.value)])

    def buttons(self) -> list[str]:
        return [str(each.key) for each in self.app.button]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripted: Any) -> House:
    made = House(tmp_path, AppTest.from_file(str(APP), default_timeout=20))
    made.people()
    made.set(sign_in="oidc")
    made.app.secrets = {"auth": AUTH}
    (tmp_path / "policy.yaml").write_text("roles: {analyst: {}, auction_support: {}}")
    monkeypatch.setenv("NL2SQL_CONFIG", str(tmp_path / "nl2sql.toml"))
    bootstrap = ModuleType("nl2sql.bootstrap")
    bootstrap.build_pipeline = lambda settings: made.opened.append(settings) or scripted  # type: ignore[attr-defined]
    bootstrap.verified_suggestions = lambda settings: ()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nl2sql.bootstrap", bootstrap)
    monkeypatch.setattr(gate, "arrival", lambda: made.came)
    monkeypatch.setattr(services, "open_store", lambda settings: made.store)
    gate._tell.cache_clear()
    return made
