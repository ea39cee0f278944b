"""The Activity page over a ledger: its figures, its lists, and how a judged answer becomes a case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.store import SqlLedger
from streamlit_app import services
from streamlit_app.activity import queue
from streamlit_app.signing_in.person import Permission, Person
from streamlit_app.store.memory import MemoryStore
from tests.app.conftest import APP

NASTY = "<script>alert(1)</script> **how many** users?"
SQL = "SELECT COUNT(*) AS users FROM users"


@pytest.fixture
def config(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    path = write_config(tmp_path, tiny_database)
    monkeypatch.setenv("NL2SQL_CONFIG", str(path))
    monkeypatch.delenv("NL2SQL_LEDGER")  # the tests' own “off”
    return path


def row(name: str, question: str = "How many users are there?", **changes: object) -> LedgerRow:
    values: dict[str, object] = {
        "id": name,
        "at": datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=5),
        "user": "ana@example.com",
        "role": "analyst",
        "question": question,
        "outcome": "answered",
        "code": "ok",
        "writer": "offline",
        "sql": SQL,
        "engine": "sqlite",
        "rows": 1,
        "milliseconds": 20.0,
    }
    return LedgerRow(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def ledger(config: Path, tmp_path: Path) -> SqlLedger:
    made = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}", 90, "none")
    made.record(row("aaaa1111"))
    made.record(row("bbbb2222", NASTY, milliseconds=2500.0, cost=Decimal("0.0021")))
    made.record(row("cccc3333", "Delete all users", outcome="declined", code="unsafe", sql="", rows=None))
    made.record(row("dddd4444", "Bids a day", outcome="failed", code="query_timed_out", rows=None))
    made.give_feedback("bbbb2222", "bad", "reason: wrong_number; too few")
    return made


def person(*may: Permission) -> Person:
    return Person("admin@example.com", "Admin", "analyst", frozenset(may), "local")


def opened(monkeypatch: pytest.MonkeyPatch, who: Person | None = None) -> AppTest:
    if who is not None:
        monkeypatch.setattr(services, "who_is_here", lambda: services.Present(who, MemoryStore()))
    app = AppTest.from_file(str(APP), default_timeout=30)
    app.run()
    app.switch_page("app_pages/activity.py").run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def test_the_figures_of_a_period_are_told(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    told = shown(opened(monkeypatch))
    for name, value in {"Questions": "4", "People": "1", "Answered": "50 %", "Cost": "0.0021 USD"}.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in told


def test_nothing_that_was_asked_becomes_a_part_of_the_page(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    app = opened(monkeypatch)
    assert "<script>" not in shown(app)
    assert "\\<script\\>" in app.expander[0].label
    assert "**" not in app.expander[0].label.replace("\\*", "")


@pytest.mark.parametrize(
    ("view", "expected"),
    [("failed", ["Bids a day"]), ("refused", ["Delete all users"]), ("slow", [NASTY]), ("declined", [])],
)
def test_each_list_has_its_questions(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, view: str, expected: list[str]
) -> None:
    ledger.close()
    app = opened(monkeypatch)
    app.session_state["activity-view"] = view
    app.run()
    tables = [each.value for each in app.dataframe if "Question" in each.value]
    assert [table["Question"].iloc[0] for table in tables] == expected


def test_a_reader_s_reason_is_told_in_words(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    assert [each.value for each in opened(monkeypatch).text] == ["Wrong number: too few"]


def test_a_judged_answer_becomes_a_draft_case(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger.record(row("eeee5555", "How many bids are there?", sql="SELECT COUNT(*) AS bids FROM bids"))
    ledger.give_feedback("eeee5555", "bad")
    ledger.close()
    app = opened(monkeypatch)
    app.button(key="case-eeee5555").click().run()
    written = list((tmp_path / "harvest").glob("*.yaml"))
    assert len(written) == 1
    assert "How many bids are there?" in written[0].read_text(encoding="utf-8")
    assert f"Written to harvest/{written[0].name}." in shown(app)
    app.button(key="case-eeee5555").click().run()
    assert len(list((tmp_path / "harvest").glob("*.yaml"))) == 1
    assert "Nothing was written" in shown(app)


def test_whoever_may_no_longer_judge_writes_nothing_from_a_page_that_is_still_open(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger.record(row("eeee5555", "How many bids are there?", sql="SELECT COUNT(*) AS bids FROM bids"))
    ledger.give_feedback("eeee5555", "bad")
    ledger.close()
    app = opened(monkeypatch, person("activity", "review"))
    monkeypatch.setattr(services, "who_is_here", lambda: services.Present(person("activity"), MemoryStore()))
    app.button(key="case-eeee5555").click().run()
    assert not app.exception and not (tmp_path / "harvest").exists()


def test_a_verified_query_needs_a_name(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    app = opened(monkeypatch)
    assert app.button(key="verify-bbbb2222").disabled
    app.text_input(key="by-bbbb2222").set_value("Finance team").run()
    assert not app.button(key="verify-bbbb2222").disabled


def test_who_verifies_signs_with_their_own_name_too() -> None:
    signed_in = Person("ana@example.com", "Ana Example", "analyst", frozenset({"review"}), "oidc")
    assert queue._signed("Finance team", signed_in) == "Finance team (Ana Example)"
    assert queue._signed("Finance team", person("review")) == "Finance team"


def test_who_may_not_review_sees_no_buttons_and_can_write_nothing(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ledger.close()
    reader = person("ask", "activity")
    app = opened(monkeypatch, reader)
    assert [each.key for each in app.button if str(each.key).startswith(("case-", "verify-"))] == []
    queue._write("bbbb2222", services.load_settings(), reader, "")
    assert not (tmp_path / "harvest").exists()


def test_who_may_not_see_activity_sees_none_of_it(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.close()
    told = shown(opened(monkeypatch, person("ask", "data")))
    assert "activity-figures" not in told
    assert "Your role does not open this page." in told


def test_a_ledger_that_is_not_there_yet_is_told_in_a_sentence(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no ledger yet" in shown(opened(monkeypatch))


def test_a_ledger_that_is_off_is_told_in_a_sentence(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_LEDGER", "off")
    assert "The ledger is off" in shown(opened(monkeypatch))
