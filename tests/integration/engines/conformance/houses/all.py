"""Every house of the suite, one line each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.houses.bigquery import BigQueryHouse
from tests.integration.engines.conformance.houses.duckdb import DuckdbHouse
from tests.integration.engines.conformance.houses.mysql import MariaDbHouse, MySqlHouse
from tests.integration.engines.conformance.houses.postgres import PostgresHouse
from tests.integration.engines.conformance.houses.sqlite import SqliteHouse

HOUSES: tuple[type[House], ...] = (
    SqliteHouse,
    MySqlHouse,
    MariaDbHouse,
    PostgresHouse,
    DuckdbHouse,
    BigQueryHouse,
)


def on_houses(wanted: Callable[[type[House]], bool]) -> pytest.MarkDecorator:
    """For tests that only some houses can take."""
    found = [pytest.param(house, id=house.name, marks=house.marks) for house in HOUSES if wanted(house)]
    return pytest.mark.parametrize("house", found, indirect=True)


on_servers = on_houses(lambda house: house.has_server)
