"""`nl2sql guard doctor` as a shell would run it, on real accounts and files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.integration.conftest import PASSWORD, MakeAccount, Server, execute

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def doctor(repository: Path, tmp_path: Path) -> Command:
    environ = os.environ | {"NL2SQL_CONFIG": str(repository / "nl2sql.toml"), "NL2SQL_CACHE": "off"}

    def run(database: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nl2sql.cli", "--database", database, "guard", "doctor", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environ | more, check=False, timeout=60
        )

    return run


RIGHTS = {
    "mysql": "GRANT SELECT, DELETE ON {database}.items TO {account}",
    "postgres": "GRANT SELECT, DELETE ON items TO {account}",
}


def test_what_is_printed_is_what_takes_the_danger_away(
    doctor: Command, make_account: MakeAccount, server: Server, admin: object
) -> None:
    account = make_account(RIGHTS[server.dialect])
    told = doctor(account.url)
    assert told.returncode == 1, told.stderr
    assert "danger  rights     can change data: DELETE on" in told.stdout
    assert "1 danger" in told.stdout.splitlines()[-1]
    [revoke] = [line.strip() for line in told.stdout.splitlines() if line.strip().startswith("REVOKE DELETE")]
    execute(admin, revoke)  # type: ignore[arg-type]
    after = doctor(account.url)
    assert after.returncode == 0
    assert "ok      rights     cannot change data, reach files or see other schemas" in after.stdout
    assert PASSWORD not in told.stdout + told.stderr + after.stdout + after.stderr


def test_json_holds_the_same_for_programs(doctor: Command, make_account: MakeAccount, server: Server) -> None:
    told = doctor(make_account(RIGHTS[server.dialect]).url, "--json")
    shape = json.loads(told.stdout)
    assert (told.returncode, shape["safe"]) == (1, False)
    assert all(list(each) == ["about", "severity", "text", "remedy"] for each in shape["findings"])
    assert shape["findings"][0]["severity"] == "danger"
    assert "REVOKE DELETE" in shape["findings"][0]["remedy"]
    assert PASSWORD not in told.stdout


def test_an_account_that_is_not_let_in_is_a_sentence(doctor: Command, make_account: MakeAccount) -> None:
    url = make_url(make_account().url).set(username="nobody_known").render_as_string(hide_password=False)
    told = doctor(url)
    assert told.returncode == 5
    assert told.stderr.startswith("nl2sql: The database did not let us in.")
    assert "Traceback" not in told.stderr and PASSWORD not in told.stderr


def test_a_file_is_examined_too(doctor: Command, auction_database: Path, tmp_path: Path) -> None:
    told = doctor(f"sqlite:///{auction_database}")
    assert told.returncode == 0
    assert "every session is read-only and limited" in told.stdout
    missing = doctor(f"sqlite:///{tmp_path}/nowhere.db")
    assert missing.returncode == 5
    assert "There is no database" in missing.stderr


@pytest.mark.parametrize("broken", [{"NL2SQL_ROLE": "stranger"}, {"NL2SQL_MODEL": "nowhere.yaml"}])
def test_a_setting_that_cannot_be_used_is_a_matter_of_settings(
    broken: dict[str, str], doctor: Command, auction_database: Path
) -> None:
    assert doctor(f"sqlite:///{auction_database}", **broken).returncode == 2


def test_strict_keeps_a_question_from_being_asked(
    doctor: Command, make_account: MakeAccount, server: Server, repository: Path, tmp_path: Path
) -> None:
    environ = os.environ | {"NL2SQL_CONFIG": str(repository / "nl2sql.toml"), "NL2SQL_STRICT": "true"}
    account = make_account(RIGHTS[server.dialect])
    command = [sys.executable, "-m", "nl2sql.cli", "--database", account.url, "ask", "How many bids are there?"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False, timeout=60)
    assert told.returncode == 5
    assert "not safe for questions" in told.stderr and "nl2sql guard doctor" in told.stderr
    assert PASSWORD not in told.stderr
