"""The examples of docs/sign-in.md work as they stand there."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path
from typing import get_args

from nl2sql.settings import load_settings
from streamlit_app.signing_in.oidc import providers
from streamlit_app.signing_in.people import Identity, person_of
from streamlit_app.signing_in.people_file import load_people, policy_roles
from streamlit_app.signing_in.person import Permission, Person

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs" / "sign-in.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


def test_the_file_of_people_loads_with_the_shipped_policy_and_gives_what_it_says(tmp_path: Path) -> None:
    (example,) = blocks("yaml")
    (tmp_path / "people.yaml").write_text(example)
    people = load_people(tmp_path / "people.yaml", policy_roles(REPOSITORY / "schema" / "auction" / "policy.yaml"))
    found = person_of(people, Identity("oidc", {"iss": "i", "sub": "1"}, "max@example.com"))
    assert isinstance(found, Person) and found.role == "country_manager" and found.attributes == {"country": "DE"}
    guest = person_of(people, Identity("oidc", {"iss": "i", "sub": "1"}, "somebody@example.com"))
    assert isinstance(guest, Person) and guest.role == "analyst" and "sql" not in guest.may


def test_the_settings_and_the_secrets_are_ones_that_the_app_takes(tmp_path: Path) -> None:
    oidc, secrets, iap = blocks("toml")
    for text, mode in ((oidc, "oidc"), (iap, "iap")):
        (tmp_path / "nl2sql.toml").write_text(text)
        assert load_settings({}, folder=tmp_path).sign_in == mode
    assert providers(tomllib.loads(secrets)["auth"]) == ("google",)


def test_every_permission_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \w", PAGE, re.MULTILINE)
    assert tuple(each for each in rows if each in get_args(Permission)) == get_args(Permission)
