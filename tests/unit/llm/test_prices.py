"""What tokens cost: the shipped table, one of one's own and what can be wrong with it, and a price that was agreed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from nl2sql.errors import SettingsInvalid
from nl2sql.llm.base import Usage
from nl2sql.llm.prices import PriceTable, TokenPrice, with_own_price
from nl2sql.settings import Settings

TODAY = date(2026, 11, 21)
MINI = TokenPrice(Decimal("0.25"), Decimal("0.025"), Decimal(2))


def table(tmp_path: Path, text: str) -> PriceTable:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return PriceTable.load(path)


def test_the_model_that_is_the_default_has_a_price() -> None:
    assert PriceTable.load().of(Settings().openai_model, TODAY) == MINI


def test_every_shipped_price_names_its_source_and_makes_sense() -> None:
    shipped = yaml.safe_load(files("nl2sql.llm").joinpath("data/prices.yaml").read_text("utf-8"))
    assert len(shipped) >= 15
    for model, dated in shipped.items():
        for row in dated:
            assert row["source"].startswith("https://"), model
            assert row["currency"] == "USD"
            assert row.get("cached_input", 0) < row["input"] < row["output"], model
            assert row["from"] <= TODAY, model


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("gpt-5-mini", MINI),
        ("gpt-5-mini-2025-08-07", MINI),
        ("gpt-4o-2024-05-13", TokenPrice(Decimal(5), Decimal(5), Decimal(15))),
        ("gpt-5-mini-fast", None),
        ("gpt-5-mini-2025", None),
        ("openai/gpt-5-mini", None),
        ("GPT-5-mini", None),
        ("", None),
        ("llama-3", None),
    ],
)
def test_a_name_stands_for_its_dated_snapshots_and_for_nothing_else(model: str, price: TokenPrice | None) -> None:
    assert PriceTable.load().of(model, TODAY) == price


def test_a_price_holds_from_its_day_to_the_next_ones() -> None:
    shipped = PriceTable.load()
    days = [date(2025, 4, 15), date(2025, 4, 16), date(2025, 6, 9), date(2025, 6, 10), TODAY]
    found = [price.output if (price := shipped.of("o3", day)) else None for day in days]
    assert found == [None, 40, 40, 8, 8]


def test_cached_tokens_are_a_part_of_the_prompts_and_cost_less() -> None:
    assert MINI.cost(Usage(1_000_000, 0, 0)) == Decimal("0.25")
    assert MINI.cost(Usage(1_000_000, 0, 1_000_000)) == Decimal("0.025")
    assert MINI.cost(Usage(2_000, 500, 1_000)) == Decimal("0.001275")
    assert MINI.cost(Usage()) == 0
    assert MINI.cost(Usage(10, 0, 9_999)) == MINI.cost(Usage(10, 0, 10))  # more than all cannot be cached


def test_a_price_without_one_for_the_cache_asks_the_same_for_it(tmp_path: Path) -> None:
    own = table(tmp_path, "m: [{from: 2026-01-01, input: 3, output: 9, currency: EUR}]")
    assert own.of("m", TODAY) == TokenPrice(Decimal(3), Decimal(3), Decimal(9), "EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m: [", "p.yaml: this is not valid YAML"),
        ("- m", "p.yaml, line 1: a price table maps names"),
        ("m: 3", "line 1: a model has a list"),
        ("m: []", "line 1: a model has a list"),
        ("\nm:\n  - {from: 2026-01-01, input: 1}", "line 3: the key “output” is missing"),
        ("m:\n  - {from: 2026-01-01, input: 1, output: 2, prize: 3}", "line 2: “prize” is not a key"),
        ("m:\n  - {from: 2026-01-01, input: -1, output: 2}", "line 2: Input should be greater than or equal to 0"),
        ("m:\n  - {from: 2026-01-01, input: .nan, output: 2}", "line 2: "),
        ("m:\n  - {from: 2026-01-01, input: .inf, output: 2}", "line 2: "),
        ("m:\n  - {from: 2026-01-01, input: yes, output: 2}", "line 2: Value error, must be a number"),
        ("m:\n  - {from: 2026-01-01, input: 1e9, output: 2}", "line 2: "),
        ("m:\n  - {from: someday, input: 1, output: 2}", "line 2: "),
        ("m:\n  - {from: 2026-01-01, input: 1, output: 2, currency: $}", "line 2: a currency is three capital letters"),
        ("3: [{from: 2026-01-01, input: 1, output: 2}]", "line 1: a model's name must be a text"),
        (
            "m:\n  - {from: 2026-02-01, input: 1, output: 2}\n  - {from: 2026-01-01, input: 1, output: 2}",
            "line 3: the days of m must rise",
        ),
        ("m: [{from: 2026-01-01, input: 1, output: 2}]\nm: []", "line 2: “m” is there twice"),
        ("[" * 5_000, "not valid YAML"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        table(tmp_path, text)
    assert said in str(caught.value)


def test_an_empty_table_knows_no_price(tmp_path: Path) -> None:
    assert table(tmp_path, "").of("gpt-5-mini", TODAY) is None


def test_a_table_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no price table at"):
        PriceTable.load(tmp_path / "absent.yaml")
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        PriceTable.load(tmp_path)
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00m")
    with pytest.raises(SettingsInvalid, match="cannot be read: UnicodeDecodeError"):
        PriceTable.load(tmp_path / "b.yaml")
    (tmp_path / "c.yaml").write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="larger than"):
        PriceTable.load(tmp_path / "c.yaml")


def test_a_price_that_was_agreed_stands_above_the_table() -> None:
    zero = Decimal(0)
    assert with_own_price(MINI, zero, zero, "EUR") == MINI
    assert with_own_price(MINI, Decimal(1), zero, "EUR") == TokenPrice(Decimal(1), Decimal(1), Decimal(2))
    assert with_own_price(MINI, zero, Decimal(3), "EUR") == TokenPrice(MINI.input, MINI.cached_input, Decimal(3))


def test_a_price_known_by_half_says_so() -> None:
    zero = Decimal(0)
    assert with_own_price(None, zero, zero, "EUR") is None
    half = with_own_price(None, Decimal(1), zero, "EUR")
    assert half == TokenPrice(Decimal(1), Decimal(1), zero, "EUR", is_partial=True)
    whole = with_own_price(None, Decimal(1), Decimal(2), "EUR")
    assert whole is not None and not whole.is_partial
