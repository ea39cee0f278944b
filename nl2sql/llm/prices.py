"""What tokens cost: a dated table by model, shipped or one's own, and the cost of what was used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from nl2sql.catalog.source import Place, Source, plain
from nl2sql.errors import ModelInvalid, SettingsInvalid
from nl2sql.llm.base import Usage

_MILLION = Decimal(1_000_000)
# A table of every model that ever was is some hundred kilobytes.
MAX_FILE_BYTES = 1_000_000
# The dearest model so far asks 600 for a million tokens: more is a price for one token, or a slip of the keyboard.
MOST_MONEY = 100_000
# How a dated snapshot of a model is named: gpt-5-mini-2025-08-07.
_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_NAMED_PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """Money in `currency` for a million tokens. `is_partial`: one side is not known, and counts as nothing."""

    input: Decimal
    cached_input: Decimal
    output: Decimal
    currency: str = "USD"
    is_partial: bool = False

    def cost(self, usage: Usage) -> Decimal:
        """Exact, not rounded. Cached tokens are a part of the prompt's, and asked less for."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        fresh = usage.prompt_tokens - cached
        return (fresh * self.input + cached * self.cached_input + usage.completion_tokens * self.output) / _MILLION


# What a model costs on a day (UTC); None where nobody knows.
PriceOn = Callable[[date], TokenPrice | None]


def with_own_price(price: TokenPrice | None, prompt: Decimal, completion: Decimal, currency: str) -> TokenPrice | None:
    """`price` with what somebody agreed with the provider in its place, for a million tokens each; 0: as in `price`.

    A price of one's own for the prompt stands for its cached tokens too. `currency` is that of a price that is nowhere
    else known.
    """
    if price is None:
        known = bool(prompt or completion)
        return TokenPrice(prompt, prompt, completion, currency, not (prompt and completion)) if known else None
    own = replace(price, input=prompt, cached_input=prompt) if prompt else price
    return replace(own, output=completion) if completion else own


class PriceTable:
    """Prices by model, each from a day on."""

    def __init__(self, prices: Mapping[str, Mapping[date, TokenPrice]]) -> None:
        self._prices = {model: sorted(dated.items(), key=lambda item: item[0]) for model, dated in prices.items()}

    @classmethod
    def load(cls, path: Path | None = None) -> PriceTable:
        """The table in `path`, else the shipped one. Raises SettingsInvalid, naming file and line."""
        source = _source(path)
        _refuse_twice(source)
        try:
            rows = _TABLE.validate_python({} if source.value is None else source.value)
        except ValidationError as error:
            problems = (f"{source.path}, line {source.line(_place(e['loc']))}: {_plain(e)}" for e in error.errors())
            raise SettingsInvalid("\n".join(list(problems)[:_NAMED_PROBLEMS])) from None
        return cls({model: dict(_dated(source, model, dated)) for model, dated in rows.items()})

    def of(self, model: str, on: date) -> TokenPrice | None:
        """By the model's own name, else by that of which it is a snapshot; None before the first day."""
        dated = self._prices.get(model) or self._prices.get(_SNAPSHOT.sub("", model)) or []
        return next((price for since, price in reversed(dated) if since <= on), None)


def _no_truth(value: Any) -> Any:
    """YAML's true would pass as 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


_Money = Annotated[Decimal, BeforeValidator(_no_truth), Field(ge=0, le=MOST_MONEY, allow_inf_nan=False)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[date, Field(alias="from")]
    input: _Money
    cached_input: _Money | None = None
    output: _Money
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    source: str = ""

    def price(self) -> TokenPrice:
        cached = self.input if self.cached_input is None else self.cached_input
        return TokenPrice(self.input, cached, self.output, self.currency)


_Name = Annotated[str, Field(min_length=1, max_length=200)]
_TABLE = TypeAdapter(dict[_Name, Annotated[list[_Row], Field(min_length=1)]])


def _source(path: Path | None) -> Source:
    try:
        if path is None:
            return Source(Path("prices.yaml"), files("nl2sql.llm").joinpath("data/prices.yaml").read_text("utf-8"))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SettingsInvalid(f"The price table {path} is larger than {MAX_FILE_BYTES:,} bytes.")
        return Source(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsInvalid(f"There is no price table at {path}.", hint="See the setting llm_prices.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"The price table {path} cannot be read: {type(error).__name__}.") from None
    except ModelInvalid as error:
        raise SettingsInvalid(error.user_message) from None


def _refuse_twice(source: Source) -> None:
    """YAML takes the last of two equal keys without a word."""
    seen: set[str] = set()
    for key, _ in source.root.value if isinstance(source.root, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            line = key.start_mark.line + 1
            raise SettingsInvalid(
                f"{source.path}, line {line}: “{key.value}” is there twice; put all its days together."
            )
        seen.add(str(key.value))


def _dated(source: Source, model: str, rows: list[_Row]) -> Iterator[tuple[date, TokenPrice]]:
    for number, row in enumerate(rows):
        if number and row.since <= rows[number - 1].since:
            line = source.line((model, number, "from"))
            raise SettingsInvalid(f"{source.path}, line {line}: the days of {model} must rise from entry to entry.")
        yield row.since, row.price()


def _place(loc: tuple[str | int, ...]) -> Place:
    return tuple(step for step in loc if step != "[key]")


def _plain(error: Any) -> str:
    match error["type"]:
        case "dict_type":
            return "a price table maps names of models to lists of dated prices."
        case "list_type" | "too_short":
            return "a model has a list of dated prices, each with from, input and output."
        case "string_pattern_mismatch":
            return "a currency is three capital letters, like USD."
        case "string_type" if error["loc"][-1:] == ("[key]",):
            return "a model's name must be a text; put it into quotation marks."
        case _:
            return plain(error)
