"""Conversations that outlive the session: reload, links, the list beside the page, roles, and a store that is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.question import Principal, Question
from streamlit_app import services
from streamlit_app.asking.state import Conversation, Entry
from streamlit_app.signing_in.person import local_person
from streamlit_app.store.base import KeptAnswer, Request, Store
from streamlit_app.store.errors import StoreUnreachable, TooMuch
from streamlit_app.store.limits import utc_now
from streamlit_app.store.memory import MemoryStore
from streamlit_app.store.sql import SqlStore

APP = Path(services.__file__).with_name("app.py")
ANNA = Principal("anna@example.com", "analyst", MappingProxyType({"country": "DE"}))
FIRST, SECOND = "Turnover by country", "Turnover 🦄 by month"
Open = Callable[..., AppTest]


class AwayStore(MemoryStore):
    """Answers while `is_away` is False."""

    is_away = True

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnreachable("away")

    def conversations(self, owner: str, limit: int = 50) -> Any:
        self._check()
        return super().conversations(owner, limit)

    def answers(self, owner: str, conversation: str) -> Any:
        self._check()
        return super().answers(owner, conversation)

    def answer(self, owner: str, answer_id: str) -> Any:
        self._check()
        return super().answer(owner, answer_id)

    def keep(self, owner: str, kept: KeptAnswer) -> None:
        self._check()
        super().keep(owner, kept)

    def delete_conversation(self, owner: str, conversation: str) -> None:
        self._check()
        super().delete_conversation(owner, conversation)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = SqlStore(f"sqlite:///{tmp_path}/app.db", 180)
    yield made
    made.close()


@pytest.fixture
def visit(scripted: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A new browser session of somebody, at an address."""

    def opened(
        principal: Principal = ANNA, query: Mapping[str, str] = MappingProxyType({}), on: Store | None = None
    ) -> AppTest:
        ready = services.Ready(scripted, local_person(principal), on or store)
        monkeypatch.setattr(services, "start", lambda: ready)
        app = AppTest.from_file(str(APP), default_timeout=30)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


def ask(app: AppTest, text: str) -> AppTest:
    return app.chat_input(key="question").set_value(text).run()


def talk_of(app: AppTest) -> Conversation:
    found: Conversation = app.session_state["conversation"]
    return found


def asked(app: AppTest) -> list[str]:
    return [each.request.text for each in talk_of(app).entries]


def whole_text(app: AppTest) -> str:
    return " ".join(
        [str(each.proto.body) for each in app.get("html")] + [each.value for each in app.markdown if each.value]
    )


def address(app: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in dict(app.query_params).items()}


def buttons(app: AppTest, prefix: str) -> list[str]:
    return [each.key for each in app.button if each.key and each.key.startswith(prefix)]


def test_a_page_that_is_loaded_again_shows_the_same_conversation(visit: Open) -> None:
    app = ask(ask(visit(), FIRST), SECOND)
    there = address(app)
    assert there == {"c": talk_of(app).id}
    again = visit(query=there)
    assert not again.exception
    assert asked(again) == [FIRST, SECOND]
    assert [each.answer for each in talk_of(again).entries] == [each.answer for each in talk_of(app).entries]
    assert address(again) == there
    ask(again, "How many?")
    assert [each.number for each in talk_of(again).entries] == [1, 2, 3]
    assert asked(visit(query=there)) == [FIRST, SECOND, "How many?"]


def test_a_follow_up_after_a_reload_knows_what_was_asked_before(visit: Open, scripted: Any) -> None:
    there = address(ask(visit(), FIRST))
    ask(visit(query=there), "and by month")
    assert [turn.question for turn in scripted.asked[-1][0].history] == [FIRST]


def test_a_link_to_an_answer_shows_it_first(visit: Open) -> None:
    app = ask(ask(visit(), FIRST), SECOND)
    first = talk_of(app).entries[0].answer
    linked = visit(query={"answer": first.id})
    assert asked(linked) == [FIRST, SECOND]
    assert talk_of(linked).linked == 1
    assert address(linked) == {"c": talk_of(app).id, "answer": first.id}
    ask(linked, "How many?")
    assert address(linked.run()) == {"c": talk_of(app).id}


@pytest.mark.parametrize("name", ["c", "answer"])
@pytest.mark.parametrize("whose", ["nobodys", "anothers"])
def test_a_link_to_what_is_not_ones_own_says_the_same_whether_it_exists_or_not(
    visit: Open, name: str, whose: str
) -> None:
    app = ask(visit(), FIRST)
    ids = {"c": talk_of(app).id, "answer": talk_of(app).entries[0].answer.id}
    wanted = ids[name] if whose == "anothers" else "0" * 32
    other = visit(Principal("ben@example.com"), {name: wanted})
    assert not other.exception
    assert asked(other) == []
    assert talk_of(other).notice == (
        "There is nothing to show at this link. It may have been deleted, or it belongs to somebody else."
    )
    assert talk_of(other).notice in whole_text(other)
    assert FIRST not in whole_text(other)
    assert address(other) == {}
    assert asked(ask(other, SECOND)) == [SECOND]


@pytest.mark.parametrize("hostile", ["<script>", "' OR 1=1 --", "a\0b", "x" * 5000, "../../etc", "🦄", "%00"])
def test_a_link_that_nobody_made_is_calmly_refused(visit: Open, hostile: str) -> None:
    for name in ("c", "answer"):
        app = visit(query={name: hostile})
        assert not app.exception
        assert talk_of(app).notice.startswith("There is nothing to show")
        assert talk_of(app).notice in whole_text(app)
        assert address(app) == {}


@pytest.mark.parametrize(
    "now", [replace(ANNA, role="manager"), replace(ANNA, attributes=MappingProxyType({"country": "FR"}))]
)
def test_what_was_computed_for_another_role_is_not_shown_and_can_be_asked_again(
    visit: Open, now: Principal, scripted: Any
) -> None:
    before = ask(visit(), FIRST)
    app = visit(now, address(before))
    (entry,) = talk_of(app).entries
    assert (entry.request.text, entry.answer.code, entry.answer.table) == (FIRST, "other_role", None)
    assert "Germany leads" not in whole_text(app)
    assert "answered for another role" in whole_text(app)
    assert talk_of(app).turns() == ()
    app.button(key="retry-1").click().run()
    assert scripted.asked[-1][0].text == FIRST
    assert scripted.asked[-1][0].principal == now


def test_a_role_that_changes_during_a_session_hides_what_was_computed_before() -> None:
    talk = Conversation()
    talk.bind(ANNA, lambda kept: None)
    talk.record(Request(FIRST), answer_of(FIRST), 0.1)
    talk.bind(ANNA, lambda kept: None)
    assert talk.entries[0].answer.code == "ok"
    talk.bind(replace(ANNA, role="manager"), lambda kept: None)
    assert talk.entries[0].answer.code == "other_role"
    talk.bind(Principal("ben@example.com"), lambda kept: None)
    assert talk.entries == []


def answer_of(text: str) -> Answer:
    return Answer(Question(text, ANNA), "answered", "Germany leads.", id="a1")


def test_numbers_of_widgets_are_never_used_for_another_conversation() -> None:
    talk = Conversation()
    talk.bind(ANNA, lambda kept: None)
    talk.record(Request(FIRST), answer_of(FIRST), 0.1)
    kept = KeptAnswer("c2", 7, Request(SECOND), answer_of(SECOND), 0.1, "analyst", utc_now())
    talk.open("c2", [kept])
    assert [(each.number, each.place) for each in talk.entries] == [(2, 7)]
    talk.open("c2", [kept])
    assert [each.number for each in talk.entries] == [3]


def test_two_windows_with_one_conversation_lose_no_answer(visit: Open) -> None:
    one = ask(visit(), FIRST)
    there = address(one)
    other = visit(query=there)
    ask(other, "from the other window")
    ask(one, "from the first window")
    assert set(asked(visit(query=there))) == {FIRST, "from the other window", "from the first window"}


def test_places_in_the_store_grow_even_where_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = Conversation(entries=[Entry(1, Request("q"), answer_of("q"), 0.1, place=2**62)])
    talk.record(Request("q"), answer_of("q"), 0.1)
    assert talk.entries[-1].place == 2**62 + 1


def test_the_list_groups_by_day_and_marks_the_open_conversation(visit: Open, store: Store) -> None:
    now = utc_now()
    for days, title in ((0, "of <b>today</b>"), (1, "of yesterday"), (9, "of last week")):
        kept = KeptAnswer(f"c{days}", 1, Request(title), answer_of(title), 0.1, "analyst", now - timedelta(days=days))
        store.keep(ANNA.user, kept)
    app = visit(query={"c": "c1"})
    text = whole_text(app)
    places = [text.index(each) for each in (">Today<", ">Yesterday<", ">Earlier<")]
    assert places == sorted(places)
    assert 'aria-current="true">of yesterday<' in text
    assert buttons(app, "history-open-") == ["history-open-c0", "history-open-c9"]
    assert r"\<b\>today" in app.button(key="history-open-c0").label
    app.button(key="history-open-c9").click().run()
    assert asked(app) == ["of last week"]
    assert address(app) == {"c": "c9"}


def test_a_search_appears_when_the_list_is_long(visit: Open, store: Store) -> None:
    for number in range(12):
        title = f"Question {number} about {'Späte Käufe' if number == 5 else 'sales'}"
        store.keep(ANNA.user, KeptAnswer(f"c{number}", 1, Request(title), answer_of(title), 0.1, "analyst", utc_now()))
        if number == 9:
            assert not [each for each in visit().text_input if each.key == "history-search"]
    app = visit()
    app.text_input(key="history-search").set_value("käufe 5").run()
    assert buttons(app, "history-open-") == ["history-open-c5"]
    app.text_input(key="history-search").set_value("nowhere").run()
    assert buttons(app, "history-open-") == []
    assert "No conversation has these words" in whole_text(app)


def open_menu(app: AppTest, conversation_id: str) -> None:
    app.session_state[f"history-menu-{conversation_id}"] = True
    app.run()


def test_a_menu_is_empty_until_it_is_opened(visit: Open) -> None:
    app = ask(visit(), FIRST)
    app.run()
    assert buttons(app, "history-delete-") == []
    open_menu(app, talk_of(app).id)
    assert buttons(app, "history-delete-") == [f"history-delete-{talk_of(app).id}"]


def test_a_conversation_is_renamed_in_its_menu(visit: Open) -> None:
    app = ask(visit(), FIRST)
    id_ = talk_of(app).id
    open_menu(app, id_)
    app.text_input(key=f"history-name-{id_}").set_value("  For <b>Monday</b> 🦄 ")
    next(each for each in app.button if each.label == "Rename").click().run()
    assert "For &lt;b&gt;Monday&lt;/b&gt; 🦄" in whole_text(app)


def test_a_deleted_conversation_comes_back_with_undo(visit: Open, store: Store) -> None:
    app = ask(visit(), FIRST)
    id_ = talk_of(app).id
    open_menu(app, id_)
    app.button(key=f"history-delete-{id_}").click().run()
    assert asked(app) == []
    assert address(app) == {}
    assert f"“{FIRST}” was deleted." in whole_text(app)
    assert not store.conversations(ANNA.user)
    app.button(key="history-undo-button").click().run()
    assert asked(app) == [FIRST]
    assert address(app) == {"c": id_}
    assert "was deleted" not in whole_text(app)


def test_a_new_conversation_leaves_the_one_before_in_the_list(visit: Open) -> None:
    app = ask(visit(), FIRST)
    before = talk_of(app).id
    app.button(key="history-new").click().run()
    assert asked(app) == []
    assert address(app) == {}
    assert buttons(app, "history-open-") == [f"history-open-{before}"]
    ask(app, SECOND)
    assert talk_of(app).id != before


def test_while_the_store_is_away_asking_goes_on_and_the_page_says_so(visit: Open) -> None:
    away = AwayStore()
    app = ask(visit(on=away), FIRST)
    assert not app.exception
    assert asked(app) == [FIRST]
    app.run()
    assert "not being kept right now" in whole_text(app)
    away.is_away = False
    app.run()
    assert "not being kept right now" not in whole_text(app)
    assert [head.title for head in away.conversations(ANNA.user)] == [FIRST]


def test_a_link_is_tried_again_when_the_store_is_back(visit: Open) -> None:
    away = AwayStore()
    away.is_away = False
    there = address(ask(visit(on=away), FIRST))
    away.is_away = True
    app = visit(query=there, on=away)
    assert not app.exception
    assert "cannot be read right now" in talk_of(app).notice
    assert address(app) == there
    away.is_away = False
    app.run()
    assert asked(app) == [FIRST]


def test_what_cannot_be_deleted_now_stays_and_says_so(visit: Open) -> None:
    away = AwayStore()
    away.is_away = False
    app = ask(visit(on=away), FIRST)
    open_menu(app, talk_of(app).id)
    away.is_away = True
    app.button(key=f"history-delete-{talk_of(app).id}").click().run()
    assert asked(app) == [FIRST]
    assert "could not be saved right now" in whole_text(app)


def test_one_answer_that_cannot_be_kept_does_not_keep_the_others_from_it() -> None:
    taken: list[str] = []

    def keep(kept: KeptAnswer) -> None:
        if kept.request.text == "long":
            raise TooMuch("too long")
        taken.append(kept.request.text)

    talk = Conversation()
    talk.bind(ANNA, keep)
    for text in ("long", "short"):
        talk.record(Request(text), answer_of(text), 0.1)
    assert taken == ["short"]
    assert [each.request.text for each in talk.unkept] == ["long"]


def test_the_list_says_what_is_kept_only_until_the_app_is_restarted(visit: Open) -> None:
    assert "until the app is restarted" in whole_text(visit(on=MemoryStore()))
    assert "until the app is restarted" not in whole_text(visit())


def test_a_language_is_remembered_for_later_sessions(store: Store) -> None:
    ready = services.Ready(None, local_person(ANNA), store)  # type: ignore[arg-type]

    def script(ready, chosen):  # type: ignore[no-untyped-def]
        import streamlit as st

        from streamlit_app.store.preferences import apply_preferences, remember
        from streamlit_app.words import language

        apply_preferences(ready)
        if chosen:
            st.session_state["told"] = remember(ready, "language", chosen)
        st.session_state["shown"] = language()

    def shown(chosen: str = "") -> str:
        app = AppTest.from_function(script, kwargs={"ready": ready, "chosen": chosen}).run()
        assert not app.exception
        return str(app.session_state["shown"])

    assert shown() == "en"
    assert shown("de") == "de"
    assert shown() == "de"
    store.set_preference(ANNA.user, "language", "xx")
    assert shown() == "en"
