"""The app as a house with a sign-in runs it: a folder of its own, a provider, a file of people."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.app.browser import served
from tests.fakes.oidc.server import Provider, provide

PEOPLE = """
ask: data-team@example.com
roles:
  reader: {policy: analyst, may: [ask, data]}
  support: {policy: auction_support, may: [ask, sql, data]}
  manager: {policy: country_manager, may: [ask, sql, boards, export], attributes: {country: {claim: country}}}
  everything: {policy: analyst, may: all}
people:
  ada@example.com: everything
  sue@example.com: support
rules:
  - {claim: groups, is: managers, role: manager}
  - {claim: groups, is: [readers, interns], role: reader}
"""
ACCOUNTS: dict[str, dict[str, Any]] = {
    "ada": {"email": "Ada@Example.com", "email_verified": True, "name": "Ada"},
    "sue": {"email": "sue@example.com", "email_verified": True, "name": "Sue"},
    "carl": {"email": "carl@example.com", "groups": ["managers"], "country": "DE", "name": "Carl"},
    "rita": {"email": "rita@example.com", "email_verified": True, "groups": ["readers"], "name": "Rita"},
    "mallory": {"email": "ada@example.com", "email_verified": False, "name": "<b>Ada</b>"},
}


@dataclass
class Site:
    address: str
    provider: Provider
    people: Path
    log: Path


@contextmanager
def open_site(folder: Path, config: Path, repository: Path) -> Iterator[Site]:
    """`config` is a settings file; the provider's accounts are ACCOUNTS."""
    people = folder / "people.yaml"
    people.write_text(PEOPLE)
    with config.open("a") as file:
        file.write(f'sign_in = "oidc"\npeople = "{people}"\n')
    with provide(json.loads(json.dumps(ACCOUNTS))) as provider:
        shutil.copytree(repository / ".streamlit", folder / ".streamlit")
        (folder / ".streamlit" / "secrets.toml").write_text(
            "[auth]\n"
            'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{"s3cret" * 8}"\n'
            "[auth.local]\n"
            f'client_id = "{provider.client_id}"\n'
            f'client_secret = "{provider.client_secret}"\n'
            f'server_metadata_url = "{provider.metadata_url}"\n'
        )
        with running(folder, config) as (address, log):
            yield Site(address, provider, people, log)


@contextmanager
def running(folder: Path, config: Path) -> Iterator[tuple[str, Path]]:
    """Its address and its log, started in the folder with these settings."""
    path = folder / "app.log"
    with served(config, path, folder) as address:
        yield address, path
