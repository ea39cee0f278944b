"""The suite's tests run once for each house, unless they ask for some of them by `on_houses`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nl2sql.engines.base import Engine
from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.houses.all import HOUSES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "house" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("parametrize")
    if marker is None or "house" not in str(marker.args[0]):
        found = [pytest.param(house, id=house.name, marks=house.marks) for house in HOUSES]
        metafunc.parametrize("house", found, indirect=True, scope="module")


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    kind: type[House] = request.param
    with kind.opened(tmp_path_factory.mktemp(kind.name)) as opened:
        yield opened


@pytest.fixture
def engine(house: House) -> Iterator[Engine]:
    made = house.engine()
    yield made
    made.close()
