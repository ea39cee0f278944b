"""A small shop: its model, its stored values, and a folder of verified queries about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.question import Question
from nl2sql.writers.base import Draft
from nl2sql.writers.verified.load import load_folder
from nl2sql.writers.verified.writer import VerifiedWriter

AS_OF = date(2026, 6, 30)
COUNTRIES = (
    FieldValue("DE", ("Germany", "German")),
    FieldValue("IT", ("Italy",)),
    FieldValue("US", ("United States", "USA")),
    FieldValue("NL", ("the Netherlands", "Holland")),
)
FIELDS = (
    Field("id", "id", DataType.INTEGER),
    Field("country", "country", DataType.STRING, values=COUNTRIES),
    Field("client", "client", DataType.STRING, indexed=True),
    Field("kind", "kind", DataType.STRING, indexed=True),
    Field("amount", "amount", DataType.DECIMAL),
    Field("email", "email", DataType.STRING, sensitive=True, indexed=True),
    Field("placed_at", "placed_at", DataType.DATETIME),
)
MODEL = SemanticModel("shop", (Dataset("orders", "orders", FIELDS, ("id",)),), fingerprint="shop")

STORED = {
    "client": [
        "O'Brien",
        "'); DROP TABLE orders; --",
        "Period",
        "Back\\slash\\",
        "Home & Garden",
        "Toy",
        "Toys",
        "not",
    ],
    "kind": ["Germany", "phones", "laptops", "red", "red blue", "blue green", "green"],
}


@dataclass
class Values:
    """Stands in for an engine: what the columns hold, and a mark that changes with it."""

    mark: str = "1"

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return STORED[column]

    def fingerprint(self) -> str:
        return self.mark


HEAD = "verified_by: the shop's maintainers\nverified_at: 2026-06-01\n"
QUERIES = {
    "top-clients": """
question: "Top {n} clients by turnover in {period}"
paraphrases: ["Which {n} clients had the highest turnover in {period}?", "Top clients by turnover"]
parameters:
  n: {type: integer, label: number of clients, default: 10, max: 100}
  period: {type: period, default: last year}
onboarding: true
sql: |
  SELECT o.client, SUM(o.amount) AS turnover FROM orders AS o
  WHERE o.placed_at >= :period_start AND o.placed_at < :period_end
  GROUP BY o.client ORDER BY turnover DESC LIMIT :n
""",
    "turnover-by-grain": """
question: "Turnover per {grain} in {period}"
paraphrases: ["{grain} turnover in {period}"]
parameters:
  grain: {type: grain, default: month}
  period: {type: period, default: last year}
sql: |
  SELECT BUCKET(o.placed_at, :grain) AS step, SUM(o.amount) AS turnover FROM orders AS o
  WHERE o.placed_at >= :period_start AND o.placed_at < :period_end
  GROUP BY BUCKET(o.placed_at, :grain) ORDER BY step
""",
    "of-country": """
question: "Turnover of {country} in {period}"
paraphrases: ["Turnover of {country}"]
parameters:
  country: {type: text, field: orders.country, default: Germany}
  period: {type: period, default: "2025"}
sql: |
  SELECT SUM(o.amount) AS turnover FROM orders AS o
  WHERE o.country = :country AND o.placed_at >= :period_start AND o.placed_at < :period_end
""",
    "of-client": """
question: "Orders of client {client}"
parameters: {client: {type: text, field: orders.client, example: Period}}
sql: SELECT COUNT(*) AS orders FROM orders AS o WHERE o.client = :client
""",
    "above": """
question: "Orders above {amount} on {day}"
parameters:
  amount: {type: number, unit: EUR, example: 9.5}
  day: {type: date, example: 2026-03-05}
sql: |
  SELECT COUNT(*) AS orders FROM orders AS o WHERE o.amount > :amount AND BUCKET(o.placed_at, 'day') = :day
""",
    "share-of-phones": """
question: "What is the share of phones in 2025?"
sql: |
  SELECT SUM(CASE WHEN o.kind = 'phones' THEN 1 ELSE 0 END) * 1.0 / COUNT(*) AS share FROM orders AS o
  WHERE o.placed_at >= '2025-01-01' AND o.placed_at < '2026-01-01'
""",
}


def write(folder: Path, queries: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, body in queries.items():
        (folder / f"{name}.yaml").write_text(f"id: {name}\n{HEAD}{body.lstrip()}", encoding="utf-8")
    return folder


def writer_of(folder: Path, values: Values | None = None) -> VerifiedWriter:
    return VerifiedWriter(load_folder(folder, MODEL), ValueIndex(MODEL, values or Values()))


Ask = Callable[..., Draft]


def ask(writer: VerifiedWriter, text: str, *, dialect: str = "sqlite", model: SemanticModel = MODEL) -> Draft:
    return writer.write(Question.parse(text), Context(model, dialect, AS_OF, ()))
