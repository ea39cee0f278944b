"""An auction in which all that is hidden can be recognised, and its semantic model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from tests.integration.obedient_house import REPOSITORY, House, plant_secrets


@pytest.fixture(scope="session")
def secretive(auction_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small auction, with something recognisable in all that is hidden. Never write to it."""
    return plant_secrets(auction_database, tmp_path_factory.mktemp("planted") / "auction.db")


@pytest.fixture(scope="session")
def auction() -> SemanticModel:
    return load_model(REPOSITORY / "schema" / "auction" / "model.yaml")


@pytest.fixture(autouse=True)
def houses_are_closed() -> Iterator[None]:
    yield
    while House.opened:
        House.opened.pop().engine.close()
