"""A model of one table, accounts that read it, and what to do with what is found about them."""

from __future__ import annotations

import pytest
import sqlalchemy

from nl2sql.accounts.base import Finding
from nl2sql.accounts.examine import examine_account
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.registry import open_engine
from tests.integration.conftest import Account, execute

MODEL = SemanticModel(
    "shop",
    (
        Dataset(
            "items",
            "items",
            (
                Field("id", "id", DataType.INTEGER),
                Field("title", "title", DataType.STRING),
                Field("price", "price", DataType.DECIMAL, sensitive=True),
            ),
            ("id",),
        ),
    ),
)
HIDDEN = frozenset({"items.price"})


def examined(account: Account, hidden: frozenset[str] = frozenset()) -> list[Finding]:
    engine = open_engine(account.url)
    try:
        return examine_account(account.url, engine, MODEL, hidden)
    finally:
        engine.close()


def dangers(findings: list[Finding]) -> list[str]:
    return [each.text for each in findings if each.severity == "danger"]


def run_remedy(admin: sqlalchemy.Engine, finding: Finding) -> None:
    execute(admin, *(each for each in finding.remedy.split(";\n") if each))


def mend(admin: sqlalchemy.Engine, account: Account) -> None:
    """Runs what is advised for one danger after the other until there is none; each has to be gone by its own."""
    for _ in range(20):
        bad = [each for each in examined(account) if each.severity == "danger"]
        if not bad:
            return
        assert bad[0].remedy, bad[0]
        run_remedy(admin, bad[0])
        assert bad[0] not in examined(account)
    pytest.fail("there is always another one")
