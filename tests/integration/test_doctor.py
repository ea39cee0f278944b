"""What the doctor says about installations that are not well."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
import sqlalchemy

from nl2sql import cli
from nl2sql.doctor.base import Check
from nl2sql.doctor.examine import examine
from tests.integration.conftest import MakeAccount, Server

MODEL = """\
version: "0.2.0.dev0"
semantic_model:
- name: shop
  datasets:
  - name: items
    source: items
    primary_key: [id]
    fields:
    - name: id
      expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}
      datatype: Integer
    - name: title
      expression: {dialects: [{dialect: ANSI_SQL, expression: title}]}
      datatype: String
"""


@pytest.fixture
def home(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the model and its policy are those of the auction."""
    monkeypatch.chdir(tmp_path)
    for name in ("schema", "prompts"):
        (tmp_path / name).symlink_to(repository / name)
    return tmp_path


def found(**environ: str) -> dict[str, Check]:
    return {check.about: check for check in examine({f"NL2SQL_{name.upper()}": v for name, v in environ.items()})}


def test_nothing_can_be_said_beyond_broken_settings(home: Path) -> None:
    checks = found(writers="magic")
    assert set(checks) == {"versions", "settings"}
    assert checks["settings"].state == "fail"
    assert "verified, offline, llm" in checks["settings"].text


def test_a_missing_model_is_named_with_what_to_do(home: Path) -> None:
    check = found(model="nowhere.yaml")["model"]
    assert check.state == "fail"
    assert "nowhere.yaml" in check.text
    assert check.advice


def test_a_missing_database_is_named_with_the_command_that_makes_one(home: Path) -> None:
    check = found(database="sqlite:///nowhere.db")["database"]
    assert check.state == "fail"
    assert "nowhere.db" in check.text
    assert "make demo" in check.advice


def test_the_key_is_never_shown(home: Path) -> None:
    checks = list(examine({"OPENAI_API_KEY": "very-secret", "NL2SQL_DATABASE": "sqlite:///nowhere.db"}))
    assert "very-secret" not in repr(checks)
    assert any("OPENAI_API_KEY is set" in check.text for check in checks)


def test_a_password_in_the_endpoint_is_never_shown(home: Path) -> None:
    environ = {"OPENAI_API_KEY": "k-1", "NL2SQL_OPENAI_BASE_URL": "http://me:hunter2@127.0.0.1:1/v1"}
    assert "hunter2" not in repr(list(examine(environ)))


def test_a_cache_in_the_place_of_a_file_is_found(home: Path) -> None:
    (home / "file").write_text("")
    assert found(cache="file/cache")["cache"].state == "fail"
    assert found(cache="new/cache")["cache"].state == "ok"
    assert found(cache="off")["cache"].text == "off"


@pytest.mark.parametrize("folder", ["/proc/nope", "/proc/nope/cache"])
def test_a_cache_where_permissions_promise_what_the_system_refuses_is_found(home: Path, folder: str) -> None:
    assert found(cache=folder)["cache"].state == "fail"


def test_trying_the_cache_leaves_nothing_behind(home: Path) -> None:
    (home / "there").mkdir()
    assert found(cache="there")["cache"].state == "ok"
    assert found(cache="new/cache", database="sqlite:///nowhere.db")["cache"].state == "ok"
    assert list((home / "there").iterdir()) == []
    assert {path.name for path in home.iterdir()} == {"schema", "prompts", "there"}


def test_a_role_that_the_policy_lacks_is_a_failed_line_and_the_rest_is_examined(
    home: Path, auction_database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = found(role="stranger", database=f"sqlite:///{auction_database}", as_of="2026-06-30")
    assert checks["policy"].state == "fail"
    assert "stranger" in checks["policy"].text
    assert [checks[about].state for about in ("database", "account", "data")] == ["ok", "ok", "ok"]
    monkeypatch.setenv("NL2SQL_ROLE", "stranger")
    monkeypatch.setenv("NL2SQL_DATABASE", f"sqlite:///{auction_database}")
    assert cli.run(["doctor"]) == 2
    assert "account" in capsys.readouterr().out


def test_the_database_is_read_as_the_role_of_the_settings_may(home: Path, auction_database: Path) -> None:
    """One role, which is not called analyst, and which may not see when a bid was placed."""
    (home / "policy.yaml").write_text("roles:\n  clerk:\n    hidden: [bids.placed_at]\n")
    checks = found(role="clerk", policy="policy.yaml", database=f"sqlite:///{auction_database}", as_of="2026-06-30")
    assert "role clerk" in checks["policy"].text
    assert (checks["database"].state, checks["data"].state) == ("ok", "ok"), checks["database"].text


def test_the_database_is_read_and_not_the_cache(home: Path, auction_database: Path) -> None:
    copy = home / "shop.db"
    shutil.copy(auction_database, copy)
    environ = {"database": f"sqlite:///{copy}", "as_of": "2026-06-30"}
    assert found(**environ)["database"].state == "ok"
    assert not (home / "var").exists()


def test_a_taken_port_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("NL2SQL_PORT", str(taken.getsockname()[1]))
        assert found()["port"].state == "warn"
    assert found()["port"].state == "ok"


def test_the_first_failure_is_the_exit_code(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--database", "sqlite:///nowhere.db", "doctor"]) == 5
    assert "FAIL  database" in capsys.readouterr().out
    monkeypatch.setenv("NL2SQL_WRITERS", "magic")
    assert cli.run(["doctor"]) == 2


def test_a_dangerous_account_is_a_warning_and_with_strict_a_failure(
    home: Path, auction_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"database": f"sqlite:///{auction_database}", "as_of": "2026-06-30"}
    monkeypatch.setattr("nl2sql.engines.sqlite_connection._PRAGMAS", ())
    check = found(**environ)["account"]
    assert (check.state, "can be written to" in check.text) == ("warn", True)
    assert "nl2sql guard doctor" in check.advice
    checks = found(**environ, strict="true")
    assert [checks[about].state for about in ("database", "account", "data")] == ["ok", "fail", "ok"]


@pytest.mark.parametrize("may_write", [False, True])
def test_the_account_of_a_server_is_judged_as_the_guards_doctor_does(
    may_write: bool, home: Path, make_account: MakeAccount, server: Server, admin: sqlalchemy.Engine
) -> None:
    (home / "model.yaml").write_text(MODEL)
    rights = "SELECT, DELETE" if may_write else "SELECT"
    target = f"{admin.url.database}.items" if server.dialect == "mysql" else "items"
    url = make_account(f"GRANT {rights} ON {target} TO {{account}}").url
    check = found(database=url, model="model.yaml", policy="none", cache="off")["account"]
    assert check.state == ("warn" if may_write else "ok"), check
    assert ("DELETE on" in check.text) is may_write
