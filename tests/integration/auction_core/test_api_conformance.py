"""What the API does is what its description says: requests made up from the description find no 500 and no surprise."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from tests.integration.auction_core.api_client import serving
from tests.integration.auction_core.world import make_world

# Of schemathesis' checks, those that a refusal by the auction's rules cannot upset.
EXAMPLES = 25
_CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.missing_required_header,
    checks.ignored_auth,
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder: Path = tmp_path_factory.mktemp("conformance")
    world = make_world(f"sqlite:///{folder}/auction.db", clients=4)
    world.listing(buy_now_price=Decimal("50.00"))
    world.listing(seller_id=2)
    with serving(world) as api:
        api.post("/listings/1/buy-now", user_id=2)
        yield api.app
    world.engine.dispose()


@pytest.fixture(scope="module")
def operations(app: FastAPI) -> list[APIOperation]:
    described = schemathesis.openapi.from_asgi("/openapi.json", app=app)
    return [found.ok() for found in described.get_all_operations()]


TAGS = ("accounts", "listings", "bids", "after the sale", "my own")


def test_each_operation_is_under_one_of_the_tags(operations: list[APIOperation]) -> None:
    assert {tag for operation in operations for tag in operation.tags} == set(TAGS)
    assert all(len(operation.tags) == 1 for operation in operations)


@pytest.mark.parametrize("tag", TAGS)
def test_operations_answer_as_described(tag: str, operations: list[APIOperation], app: FastAPI) -> None:
    headers = {"Authorization": f"Bearer {app.state.tokens.issue(2)}"}
    for operation in operations:
        if tag in operation.tags:
            _try_out(operation, headers)


def _try_out(operation: APIOperation, headers: dict[str, str]) -> None:
    made_up = st.one_of(*(operation.as_strategy(mode, headers=headers) for mode in GenerationMode))

    @seed(8)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(made_up)
    def answer(case: schemathesis.Case) -> None:
        listing_id = case.path_parameters.get("listing_id")
        if isinstance(listing_id, int):
            # Listings that exist: made-up ids would meet little but 404. The stream of an open one would not end.
            case.path_parameters["listing_id"] = 1 if case.path.endswith("/events") else listing_id % 3 + 1
        case.call_and_validate(headers=headers, checks=_CHECKS)

    answer()
