"""Boards over the scripted pipeline: pinned, arranged, shared, and asked anew for whoever looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.chart_options import ChartOptions
from nl2sql.question import Principal, Question
from streamlit_app import services
from streamlit_app.boards import export, filter_bar, keeping
from streamlit_app.boards.compute import TileAnswer
from streamlit_app.boards.export import board_html
from streamlit_app.boards.pin import tile_of
from streamlit_app.services import Present, Ready
from streamlit_app.signing_in.person import PERMISSIONS, Permission, Person
from streamlit_app.store.base import Board, BoardFilters, Request, Tile
from streamlit_app.store.memory import MemoryStore

APP = Path(services.__file__).with_name("app.py")
ANN, BOB = "ann@example.com", "bob@example.com"
COUNT = '{"base":"orders","measures":[{"kind":"count","name":"n"}]}'
SINCE_2025 = (
    '{"base":"orders","measures":[{"kind":"count","name":"n"}],"conditions":[{"kind":"during",'
    '"field":{"dataset":"orders","field":"placed_at"},"period":{"start":"2025-01-01"}}]}'
)
BY_SQL = Request("SELECT COUNT(*) AS n FROM orders", is_sql=True)


@dataclass
class House:
    """A store that two people share, and who of them sits before the screen."""

    store: MemoryStore
    pipeline: Any
    user: str = ANN
    may: frozenset[Permission] = frozenset(PERMISSIONS)

    def present(self) -> Present:
        return Present(Person(self.user, self.user, "analyst", self.may, "iap"), self.store)

    def ready(self) -> Ready:
        return Ready(self.pipeline, self.present().person, self.store, suggestions=tuple("12345"))

    def keep(self, *tiles: Tile, **more: Any) -> Board:
        return self.store.save_board(ANN, Board("b1", "Sales", ANN, tiles, **more))

    def kept(self) -> Board:
        found = self.store.board(ANN, "b1")
        assert found is not None
        return found


@pytest.fixture
def house(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(MemoryStore(), scripted)
    monkeypatch.setattr(services, "start", made.ready)
    monkeypatch.setattr(services, "who_is_here", made.present)
    return made


Open = Callable[..., AppTest]


@pytest.fixture
def opened(house: House) -> Open:
    def run(**query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=30)
        app.run()
        app.switch_page("app_pages/boards.py")
        for name, value in query.items():
            app.query_params[name] = value
        return _whole(app.run())

    return run


def _whole(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def text(app: AppTest) -> str:
    """What is on the page, without tags."""
    said = [re.sub(r"<[^>]+>", " ", each.value) for each in app.html if "<style>" not in each.value]
    return " ".join(" ".join([*said, *(each.value for each in app.title)]).split())


def address(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value if isinstance(value, str) else value[0]


def click(app: AppTest, key: str) -> AppTest:
    return _whole(app.button(key=key).click().run())


def tile(name: str, request: Request | None = None, **more: Any) -> Tile:
    return Tile(name, name.upper(), request or Request(f"Turnover of {name}?"), **more)


def test_a_tile_is_asked_again_when_its_role_may_see_less(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    asked = len(house.pipeline.asked)
    _whole(app.run())
    assert len(house.pipeline.asked) == asked
    house.pipeline.policy = replace(house.pipeline.policy, role="with-less")
    _whole(app.run())
    assert len(house.pipeline.asked) == asked + 1


# -- what a tile asks again ------------------------------------------------------------------------------------------


def pinned(request: Request, **of_answer: Any) -> Request:
    from tests.app.conftest import answered

    answer = replace(answered(Question(request.text)), **of_answer)
    return tile_of(request, answer, title="", width=6).request


def test_an_answer_with_a_plan_is_asked_again_by_its_plan() -> None:
    assert pinned(Request("Orders?"), plan=COUNT) == Request("Orders?", plan=COUNT)


def test_a_question_with_days_is_asked_again_in_words_because_last_month_moves() -> None:
    dated = '{"base":"orders","conditions":[{"kind":"during"}]}'
    assert pinned(Request("Orders last month?"), plan=dated) == Request("Orders last month?")


def test_an_edited_plan_and_a_follow_up_keep_the_plan_that_was_seen() -> None:
    dated = '{"base":"orders","conditions":[{"kind":"during"}]}'
    assert pinned(Request("orders", plan="{}"), plan=dated) == Request("orders", plan=dated)
    assert pinned(Request("and in May?"), plan=dated, standalone="Orders in May?") == Request(
        "Orders in May?", plan=dated
    )


def test_sql_is_kept_as_it_was_typed() -> None:
    assert pinned(BY_SQL) == BY_SQL


def test_a_tile_holds_nothing_of_what_came_out() -> None:
    from tests.app.conftest import answered

    made = tile_of(Request("Turnover?"), answered(Question("Turnover?")), title="", width=4, chart=ChartOptions("pie"))
    assert "123" not in repr(made)
    assert (made.title, made.width, made.chart.kind) == ("Turnover?", 4, "pie")


# -- all boards ------------------------------------------------------------------------------------------------------


def test_who_has_no_board_is_told_the_next_step(house: House, opened: Open) -> None:
    app = opened()
    assert "You have no board yet." in text(app)
    app = click(app, "board-first")
    [board] = house.store.boards(ANN)
    assert [each.request.text for each in board.tiles] == ["1", "2", "3", "4"]
    assert address(app, "board") == board.id
    assert "Germany leads" in text(app)


def test_a_board_that_is_not_shared_is_not_there_for_others(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    house.user = BOB
    assert "There is no such board" in text(opened(board="b1"))
    assert house.pipeline.asked == []


def test_names_act_as_text(house: House, opened: Open) -> None:
    house.store.save_board(ANN, Board("b1", "<b>x</b> :red[y]", ANN, (tile("t", Request("q")),)))
    tiles = (replace(house.kept().tiles[0], title="<img src=x onerror=alert(1)>"),)
    house.store.save_board(ANN, replace(house.kept(), tiles=tiles))
    app = opened(board="b1")
    assert any("&lt;img" in each.value for each in app.html)
    assert not any("<img" in each.value for each in app.html)


# -- tiles -----------------------------------------------------------------------------------------------------------


def test_each_kind_of_tile_is_asked_in_its_own_way_for_whoever_looks(house: House, opened: Open) -> None:
    house.keep(tile("x"), tile("y", Request("orders", plan=COUNT)), tile("z", BY_SQL), shared="house")
    house.user = BOB
    app = opened(board="b1")
    assert [each.text for each, _ in house.pipeline.asked] == ["Turnover of x?"]
    assert [each for each, _ in house.pipeline.planned] == [COUNT]
    [(sql, principal)] = house.pipeline.ran
    assert sql == BY_SQL.text
    assert principal == Principal(BOB, "analyst")
    assert text(app).count("Germany leads") == 3


def test_what_is_drawn_again_is_not_asked_again(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    _whole(app.run())
    assert len(house.pipeline.asked) == 1


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("flibber?", "Not answered Part of the question has no meaning"),
        ("private?", "This was not run The column email is private."),
        ("slow?", "No answer this time The database was stopped after 10 seconds."),
        ("which?", "It could mean several things"),
        ("costly?", "This costs more than usual"),
    ],
)
def test_a_tile_without_an_answer_says_why_and_its_neighbour_stays(
    house: House, opened: Open, question: str, told: str
) -> None:
    house.keep(tile("x", Request(question)), tile("y"))
    shown = text(opened(board="b1"))
    assert told in shown
    assert "Germany leads" in shown


def test_a_tile_that_breaks_hurts_no_other(house: House, opened: Open) -> None:
    def breaks(question: Question) -> Any:
        raise RuntimeError("secret detail")

    house.pipeline.scripts["breaks"] = breaks
    house.keep(tile("x", Request("it breaks")), tile("y"), tile("z", Request(" ")))
    shown = text(opened(board="b1"))
    assert "Something unexpected went wrong" in shown
    assert "secret detail" not in shown
    assert "This tile has no question." in shown
    assert "Germany leads" in shown


def test_refreshing_reads_past_the_cache(house: House, opened: Open) -> None:
    house.keep(tile("x"), tile("y", Request("orders", plan=COUNT)))
    app = opened(board="b1")
    click(app, "board-refresh-all")
    assert [fresh for _, fresh in house.pipeline.asked] == [False, True]
    assert [fresh for _, fresh in house.pipeline.planned] == [False, True]


def test_findings_are_marked(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    assert "1 note on this result June 2026 is not over" in text(opened(board="b1"))


# -- filters ---------------------------------------------------------------------------------------------------------


def test_a_filter_of_the_address_narrows_the_plan_and_is_said(house: House, opened: Open) -> None:
    house.keep(tile("y", Request("orders", plan=SINCE_2025)))
    app = opened(board="b1", period="last_month", where=["orders.country:DE"])
    [(plan, _)] = house.pipeline.planned
    assert '"start":"2026-05-01","end":"2026-06-01"' in plan
    assert '"operator":"=","values":["DE"]' in plan
    assert "Filtered: placed at in May 2026; country is DE" in text(app)
    assert "Country: Germany" in text(app)


def test_a_tile_that_cannot_be_filtered_says_so(house: House, opened: Open) -> None:
    house.keep(tile("x"), tile("z", BY_SQL))
    shown = text(opened(board="b1", period="last_month"))
    assert "Not filtered: this tile is SQL" in shown
    assert "Not filtered: the answer comes from a statement" in shown
    assert [sql for sql, _ in house.pipeline.ran] == [BY_SQL.text]


def test_a_protected_field_filters_nothing_though_the_address_names_it(house: House, opened: Open) -> None:
    house.keep(tile("y", Request("orders", plan=SINCE_2025)))
    app = opened(board="b1", period="all", where=["orders.email:ann@example.com"])
    assert [plan for plan, _ in house.pipeline.planned] == [SINCE_2025]
    assert "your role does not see that field" in text(app)


def test_the_filters_of_the_owner_hold_until_a_reader_chooses_others(house: House, opened: Open) -> None:
    house.keep(tile("y", Request("orders", plan=SINCE_2025)), filters=BoardFilters(period="last_year"), shared="house")
    house.user = BOB
    assert "in 2025" in text(opened(board="b1"))
    app = opened(board="b1", period="all")
    assert "Filtered" not in text(app)
    assert not [each for each in app.button if each.key == "filters-save"], "a reader saves nothing"


def test_the_owner_saves_the_filters_with_the_board(house: House, opened: Open) -> None:
    house.keep(tile("y", Request("orders", plan=SINCE_2025)))
    app = click(opened(board="b1", period="last_30_days"), "filters-save")
    assert house.kept().filters == BoardFilters(period="last_30_days")
    assert "The filters are saved" in text(app)
    assert "period" not in app.query_params


def test_choosing_days_changes_the_address(house: House, opened: Open) -> None:
    house.keep(tile("y", Request("orders", plan=SINCE_2025)))
    app = opened(board="b1")
    [days] = [each for each in app.selectbox if each.label == "Date"]
    _whole(days.set_value("this_year").run())
    assert address(app, "period") == "this_year"
    assert "in 2026" in text(app)
    click(app, "filters-clear")
    assert address(app, "period") == "all"


# -- changing and sharing --------------------------------------------------------------------------------------------


def test_a_shared_board_cannot_be_changed_by_its_reader(house: House, opened: Open) -> None:
    house.keep(tile("x"), shared="house")
    house.user = BOB
    app = opened(board="b1")
    assert f"Shared by {ANN}" in text(app)
    keys = {str(each.key) for each in app.button}
    assert not keys & {"remove-x", "board-delete", "filters-save"}
    assert not [each for each in app.radio]
    click(app, "board-copy")
    [copy] = [each for each in house.store.boards(BOB) if each.owner == BOB]
    assert (copy.name, copy.shared) == ("Sales (copy)", "private")
    assert address(app, "board") == copy.id
    assert house.kept().version == 1


def test_sharing_needs_its_permission(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    _whole(app.radio[0].set_value("house").run())
    assert house.kept().shared == "house"
    house.may = frozenset(PERMISSIONS) - {"share"}
    app = opened(board="b1")
    assert not [each for each in app.radio]
    assert "Your role does not share boards." in text(app)


def test_whoever_may_no_longer_share_does_not_share_from_a_page_that_is_still_open(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    house.may = frozenset(PERMISSIONS) - {"share"}
    _whole(app.radio[0].set_value("house").run())
    assert house.kept().shared == "private"
    assert "Your role does not share boards." in text(app)


def test_the_values_to_filter_by_are_not_read_for_whoever_has_another_role_by_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of the page that runs alone, without the frame that knows who is there."""

    class Again(Exception):
        pass

    def again() -> None:
        raise Again

    drawn, read = house.ready(), list[Ready]()
    monkeypatch.setattr(filter_bar.st, "popover", lambda *_, **__: SimpleNamespace(open=True))
    monkeypatch.setattr(keeping.st, "rerun", again)
    monkeypatch.setattr(filter_bar, "_known_fields", read.append)
    house.may = frozenset({"boards"})
    with pytest.raises(Again):
        filter_bar._fields.__wrapped__(house.keep(tile("x")), BoardFilters(), drawn)
    assert not read


def test_a_permission_that_was_taken_away_holds_at_the_next_click(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    house.may = frozenset()
    click(app, "board-delete")
    assert house.store.board(ANN, "b1") is not None
    assert "Your role does not open this page." in text(app)


def test_a_deleted_board_comes_back_with_undo(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = click(opened(board="b1"), "board-delete")
    assert house.store.board(ANN, "b1") is None
    assert "“Sales” was deleted." in text(app)
    click(app, "board-undo")
    assert house.kept().name == "Sales"


def test_when_somebody_else_was_faster_nothing_is_lost(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    house.store.save_board(ANN, replace(house.kept(), name="Theirs"))
    _whole(app.text_input(key="board-name-b1").set_value("Mine").run())
    assert "was changed elsewhere" in text(app)
    assert house.kept().name == "Theirs"
    click(app, "board-mine")
    assert {each.name for each in house.store.boards(ANN)} == {"Theirs", "Mine (copy)"}


def test_loading_the_newer_one_shows_it(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    app = opened(board="b1")
    house.store.save_board(ANN, replace(house.kept(), name="Theirs"))
    _whole(app.text_input(key="board-name-b1").set_value("Mine").run())
    click(app, "board-newer")
    assert "Theirs" in text(app)
    assert "was changed elsewhere" not in text(app)


def test_the_timer_is_the_boards_for_its_owner_and_the_sessions_for_a_reader(house: House, opened: Open) -> None:
    house.keep(tile("x"), shared="house")
    app = opened(board="b1")
    _whole(app.selectbox(key="board-every-b1").set_value(300).run())
    assert house.kept().refresh_seconds == 300
    house.user = BOB
    app = opened(board="b1")
    _whole(app.selectbox(key="board-every-b1").set_value(60).run())
    assert house.kept().refresh_seconds == 300


def test_a_board_is_taken_along_as_one_page_that_says_what_is_not_filtered_or_missing() -> None:
    from tests.app.conftest import answered, declined

    board = Board("b1", "Sales <b>", ANN, (tile("x"), tile("y"), tile("z")))
    shown = (
        TileAnswer(1, answered(Question("Turnover?")), unfiltered="sql"),
        TileAnswer(2, declined(Question("flibber"))),
        None,
    )
    page = board_html(board, tuple(zip(board.tiles, shown, strict=True)), "Date: in May 2026", str)
    assert "Sales &lt;b&gt;" in page
    assert "Not filtered: this tile is SQL" in page
    assert "Date: in May 2026 · Tiles without an answer: 2" in page
    assert "<script>alert(1)" not in page


def test_exporting_needs_its_permission(house: House, opened: Open) -> None:
    house.keep(tile("x"))
    assert _exports(opened(board="b1"))
    house.may = frozenset(PERMISSIONS) - {"export"}
    assert not _exports(opened(board="b1"))


def test_whoever_may_no_longer_export_finds_nothing_in_a_menu_that_is_still_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, offered = house.ready(), list[str]()
    monkeypatch.setattr(export.st, "popover", lambda *_, **__: MagicMock(open=True))
    monkeypatch.setattr(export.st, "download_button", lambda label, *_, **__: offered.append(label))
    monkeypatch.setattr(export, "_pdf", lambda *_: None)
    menu = partial(export.export_popover.__wrapped__, house.keep(tile("x")), (), "", drawn, str)
    menu()
    assert len(offered) == 1
    house.may = frozenset(PERMISSIONS) - {"export"}
    menu()
    assert len(offered) == 1


def _exports(app: AppTest) -> bool:
    return any("board-export" in str(each.proto) for each in app.get("popover"))


def test_boards_are_read_in_german_too() -> None:
    from streamlit_app.words import messages

    for key, texts in messages().items():
        if key.startswith("boards."):
            fields: Mapping[str, set[str]] = {each: set(re.findall(r"{(\w+)}", told)) for each, told in texts.items()}
            assert fields["en"] == fields["de"], key
            assert texts["de"].strip(), key
