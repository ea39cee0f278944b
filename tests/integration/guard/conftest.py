"""One database of each kind, with all worlds in it, for as long as a module's tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.guard.databases import DATABASES, Database

_MARKS = {"mariadb": [pytest.mark.mysql], "postgres": [pytest.mark.postgres]}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, id=name, marks=[pytest.mark.xdist_group(f"guard-{name}"), *_MARKS.get(name, [])])
        for name in DATABASES
    ],
)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    with DATABASES[request.param]() as made:
        yield made
