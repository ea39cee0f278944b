"""The gate and the frame: who gets in by which way, what they find, and what is said to whoever does not."""

# ruff: noqa: F811 - a fixture that is imported is an argument of the same name
from __future__ import annotations

import sys
import time
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from streamlit import config as streamlit_config
from streamlit.testing.v1 import AppTest

from nl2sql.errors import DatabaseMissing
from streamlit_app import services
from streamlit_app.services import NotReady
from streamlit_app.signing_in import arrival as arriving
from streamlit_app.signing_in.arrival import Arrival
from tests.app.sign_in_house import APP, AUTH, HERE, PEOPLE, House, house  # noqa: F401 - a fixture


def test_before_the_sign_in_there_is_one_button_for_each_provider_and_no_pipeline(house: House) -> None:
    page = house.run()
    assert "Please sign in" in page
    assert house.buttons() == ["sign-in-google", "sign-in-okta"]
    assert [each.label for each in house.app.button] == ["Sign in with Google", "Sign in with Okta"]
    assert not house.opened and not house.app.chat_input


@pytest.mark.parametrize("page", ["data", "quality"])
def test_no_page_opens_before_the_sign_in(house: House, page: str) -> None:
    house.run()
    assert "Please sign in" in house.run(page)
    assert not house.opened


def test_who_is_in_the_file_may_ask_in_their_role(house: House, scripted: Any) -> None:
    house.signed_in("Sue@Example.com", name="Sue")
    house.run()
    house.app.chat_input[0].set_value("Turnover by country in 2025").run()
    ((question, _),) = scripted.asked
    assert question.principal.user == "sue@example.com" and question.principal.role == "auction_support"
    assert "sign-out" in house.buttons()
    assert "Local mode" not in house.shown()


def test_who_is_not_in_the_file_is_told_who_they_are_and_whom_to_ask(house: House) -> None:
    house.signed_in("eve@example.com", name="<img src=x> **Eve**")
    page = house.run()
    assert "You have no access yet" in page
    assert "signed in as &lt;img src=x&gt; **Eve**" in page
    assert "Please ask data-team@example.com for access." in page
    assert house.buttons() == ["sign-out"] and not house.opened


def test_who_is_taken_out_of_the_file_is_out_at_the_next_click(house: House, scripted: Any) -> None:
    house.signed_in("rita@example.com")
    house.run()
    house.people(PEOPLE.replace("  rita@example.com: reader\n", ""))
    house.app.chat_input[0].set_value("Turnover by country in 2025").run()
    assert "You have no access yet" in house.shown()
    assert not scripted.asked and not house.app.chat_input


def test_what_was_computed_in_one_role_is_gone_in_another(house: House) -> None:
    house.signed_in("rita@example.com")
    house.run()
    house.app.chat_input[0].set_value("Turnover by country in 2025").run()
    assert "Germany leads" in house.shown()
    house.people(PEOPLE.replace("rita@example.com: reader", "rita@example.com: support"))
    assert "Germany leads" not in house.run()


def test_whatever_else_a_session_held_in_one_role_is_gone_in_another(house: House) -> None:
    house.signed_in("rita@example.com")
    house.app.session_state["rows-of-a-board"] = "of an analyst"
    house.run()
    assert "rows-of-a-board" in house.app.session_state
    house.people(PEOPLE.replace("rita@example.com: reader", "rita@example.com: support"))
    house.run()
    assert "rows-of-a-board" not in house.app.session_state


def test_a_part_of_a_page_that_runs_on_its_own_is_told_as_well_and_gets_no_pipeline(house: House) -> None:
    house.set(sign_in="local")
    house.came = replace(HERE, remote="192.168.0.9")
    started = services.start()
    assert isinstance(started, NotReady) and started.code == "not_here"
    assert not house.opened


@pytest.mark.parametrize(
    ("claims", "title"),
    [
        ({"is_logged_in": False}, "Please sign in"),
        ({"is_logged_in": "yes"}, "Please sign in"),
        ({"email_verified": False}, "You have no access yet"),
        ({"iat": 1_700_000_000}, "Please sign in again"),
        ({"iat": None}, "Please sign in again"),
        ({"exp": "soon"}, "Please sign in again"),
        ({"iat": 99_999_999_999}, "Please sign in again"),
    ],
)
def test_a_sign_in_that_does_not_hold_opens_nothing(house: House, claims: dict[str, Any], title: str) -> None:
    house.signed_in("rita@example.com", **claims)
    assert title in house.run() and not house.opened


def test_the_length_of_a_sign_in_is_in_the_file(house: House) -> None:
    house.signed_in("rita@example.com", iat=time.time() - 7200, exp=time.time() - 3600)
    house.run()
    assert house.app.chat_input, "the provider’s token is not what a sign-in lasts by"
    house.people(f"session: {{hours: 1}}\n{PEOPLE}")
    assert "Please sign in again" in house.run()
    house.people(f"session: {{until_token_expires: true}}\n{PEOPLE}")
    assert "Please sign in again" in house.run()


def test_pages_that_a_role_does_not_open_are_not_among_the_links_and_say_so_by_hand(house: House) -> None:
    house.signed_in("rita@example.com")
    house.run()
    assert "Your role does not open this page." in house.run("quality")
    assert "Your role does not open this page." not in house.run("data")
    house.signed_in("lou@example.com")
    assert "Your role does not open this page." in house.run("ask")
    assert not house.app.chat_input


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({}, "has no section [auth]"),
        (AUTH | {"cookie_secret": "short-and-secret"}, "cookie_secret of at least 32"),
        (AUTH | {"google": {"client_id": "a", "client_secret": "hidden-away"}}, "[auth.google] must have"),
    ],
)
def test_an_unfinished_set_up_is_a_sentence_on_the_page_and_the_fault_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture, auth: dict[str, Any], told: str
) -> None:
    house.app.secrets = {"auth": auth} if auth else {"other": "thing"}
    house.signed_in("rita@example.com")
    page = house.run()
    assert "The sign-in is not set up" in page and "auth" not in page.replace("author", "")
    assert told in caplog.text
    assert "hidden-away" not in page + caplog.text and "short-and-secret" not in page + caplog.text
    assert not house.opened


def test_a_broken_file_of_people_lets_nobody_in_and_shows_none_of_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.people(f"{PEOPLE}  RITA@example.com: reader\n")
    house.signed_in("rita@example.com")
    page = house.run()
    assert "The sign-in is not set up" in page and "@example.com" not in page
    assert "people.yaml, line 11: “RITA@example.com” is there twice" in caplog.text
    house.people()
    house.app.button(key="try-again").click().run()
    assert house.app.chat_input


@pytest.mark.parametrize(
    "came",
    [
        replace(HERE, address="0.0.0.0"),  # noqa: S104 - refused
        replace(HERE, address=""),
        replace(HERE, hosts=("rebound.evil.example:8501",)),
        replace(HERE, remote="192.168.0.9"),
        replace(HERE, is_forwarded=True),
    ],
)
def test_local_mode_opens_on_this_machine_only(house: House, came: Arrival) -> None:
    house.set(sign_in="local")
    house.came = came
    assert "This app is for its own machine only" in house.run()
    assert not house.opened and not house.app.chat_input
    house.came = HERE
    assert "Local mode: no sign-in, this machine only" in house.run()
    assert house.app.chat_input and "sign-out" not in house.buttons()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("server.enableCORS", False),
        ("server.enableXsrfProtection", False),
        ("server.enableAgentApi", True),
        ("server.trustedUserHeaders", {"X-User": "email"}),
        ("global.developmentMode", True),
    ],
)
@pytest.mark.parametrize("mode", ["local", "oidc", "iap"])
def test_an_option_that_opens_a_side_door_closes_the_front_door(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, mode: str, option: str, value: Any
) -> None:
    real, changed = streamlit_config.get_option, ModuleType("config")
    changed.get_option = lambda name: value if name == option else real(name)  # type: ignore[attr-defined]
    monkeypatch.setattr(arriving, "config", changed)
    house.set(sign_in=mode, iap_audience="x")
    house.signed_in("rita@example.com")
    assert "The sign-in is not set up" in house.run()
    assert option in caplog.text and not house.opened


def test_settings_that_cannot_be_read_are_shown_to_this_machine_alone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    (house.folder / "nl2sql.toml").write_text('databas = "x"\n')
    assert "there is no setting “databas”" in house.run()
    house.came = replace(HERE, hosts=("ask.example.com",))
    page = house.run()
    assert "databas" not in page and "The sign-in is not set up" in page
    assert "there is no setting “databas”" in caplog.text


def test_where_the_server_keeps_its_files_is_told_to_those_who_set_it_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(settings: Any) -> None:
        raise DatabaseMissing("There is no database at /srv/data/shop.db.", hint="Mend /srv/app/nl2sql.toml.")

    monkeypatch.setattr(sys.modules["nl2sql.bootstrap"], "build_pipeline", missing)
    house.signed_in("rita@example.com")
    assert "There is no database at shop.db." in house.run()
    assert "Mend nl2sql.toml." in house.shown() and "/srv" not in house.shown()
    house.signed_in("sue@example.com")
    assert "There is no database at /srv/data/shop.db." in house.run()


def test_the_language_is_kept_for_the_person_and_not_for_the_browser(house: House) -> None:
    house.signed_in("rita@example.com")
    house.run()
    house.app.segmented_control(key="choose-language").set_value("de").run()
    assert house.store.preferences("rita@example.com") == {"language": "de"}
    other = House(house.folder, AppTest.from_file(str(APP), default_timeout=20))
    other.app.secrets = {"auth": AUTH}
    assert [each.label for each in other.app.run().button if each.key == "sign-out"] == ["Abmelden"]


def test_whoever_signs_out_leaves_nothing_behind(house: House) -> None:
    house.signed_in("rita@example.com")
    house.run()
    house.app.chat_input[0].set_value("Turnover by country in 2025").run()
    assert "conversation" in house.app.session_state
    house.came = HERE
    house.app.button(key="sign-out").click().run()
    assert "Please sign in" in house.shown()
    assert "conversation" not in house.app.session_state
