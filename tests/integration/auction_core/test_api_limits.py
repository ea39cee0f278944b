"""How often one may ask, who is asked for, and what an operator sees of it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from auction_core.api import problems
from auction_core.api.rates import Kind
from auction_core.migrations.stamp import drop_stamp
from tests.integration.auction_core.api_client import V1, serving
from tests.integration.auction_core.world import World, make_world


@pytest.fixture
def small_world(tmp_path: Path) -> Any:
    world = make_world(f"sqlite:///{tmp_path}/auction.db", clients=4)
    yield world
    world.engine.dispose()


def test_reads_and_writes_of_a_user_are_limited_apart(small_world: World) -> None:
    with serving(small_world, rate_reads="2/minute", rate_writes="1/minute") as api:
        left = [api.get("/me", 2).headers["RateLimit"] for _ in range(2)]
        assert [text.split(";")[:2] for text in left] == [['"reads"', "r=1"], ['"reads"', "r=0"]]
        refused = api.get("/me", 2)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit-Policy"] == '"reads";q=2;w=60'
        assert api.get("/me", 3).status_code == 200
        assert api.post("/listings/1/comments", {"body": "x"}).status_code == 404
        assert api.post("/listings/1/comments", {"body": "x"}).status_code == 429
        assert 'auction_rate_limited_total{limit="reads"} 1.0' in api.client.get("/metrics").text


def test_an_address_is_limited_before_anything_is_read(small_world: World) -> None:
    with serving(small_world, rate_address="1/minute") as api:
        assert api.get("/categories").status_code == 200
        assert api.bid(1, "not even looked at").status_code == 429
        assert api.client.get("/healthz").status_code == 200


def test_logins_are_limited_by_address_and_by_user(small_world: World) -> None:
    with serving(small_world, rate_logins="2/minute", trusted_proxies=("testclient",)) as api:

        def log_in(name: str, address: str) -> int:
            login = {"username": name, "password": "wrong horse"}
            return api.client.post(f"{V1}/tokens", json=login, headers={"X-Forwarded-For": address}).status_code

        assert [log_in(f"user{number}", "10.0.0.1") for number in (1, 2, 3)] == [401, 401, 429]
        assert [log_in("User4 ", f"10.0.1.{number}") for number in (1, 2, 3)] == [401, 401, 429]


def test_an_address_that_a_stranger_claims_is_not_believed(small_world: World) -> None:
    with serving(small_world, rate_reads="1/minute", trusted_proxies=("10.9.9.9",)) as api:
        statuses = [
            api.get("/categories", headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code for number in (1, 2)
        ]
        assert statuses == [200, 429]


def test_a_storage_that_is_away_limits_nobody(small_world: World, caplog: pytest.LogCaptureFixture) -> None:
    with serving(small_world, rate_storage="redis://127.0.0.1:1") as api:
        assert api.get("/categories").status_code == 200
    assert "does not answer" in caplog.text


def test_ready_means_migrated(small_world: World) -> None:
    with serving(small_world) as api:
        assert api.client.get("/readyz").status_code == 200
        with small_world.engine.begin() as connection:
            drop_stamp(connection)
        assert api.client.get("/healthz").text == "ok\n"
        answer = api.client.get("/readyz")
        assert (answer.status_code, answer.json()["detail"]) == (503, "The database is not migrated.")


def test_figures_are_told_by_route_and_outcome(small_world: World) -> None:
    listing = small_world.listing()
    with serving(small_world) as api:
        api.bid(listing, "10.00")
        api.bid(listing, "10.00")
        api.client.request("MADE-UP", "/nowhere")
        figures = api.client.get("/metrics").text
    assert 'auction_http_requests_total{method="other",route="none",status="404"} 1.0' in figures
    assert "MADE-UP" not in figures
    route = f'route="{V1}/listings/{{listing_id}}/bids"'
    assert f'auction_http_requests_total{{method="POST",{route},status="201"}} 1.0' in figures
    assert f'auction_http_requests_total{{method="POST",{route},status="409"}} 1.0' in figures
    assert 'auction_writes_total{operation="place_bid",outcome="done"} 1.0' in figures
    assert 'auction_writes_total{operation="place_bid",outcome="bid_too_low"} 1.0' in figures


def test_a_failure_that_nobody_foresaw_says_nothing_but_its_incident(
    small_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(small_world) as api:
        monkeypatch.setattr(api.app.state.store, "place_bid", lambda **values: 1 / 0)
        answer = api.bid(1, "10.00")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (500, "internal_error")
    assert "division" not in answer.text
    assert body["incident"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_database_that_is_away_is_told_with_when_to_try_again(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("password"))

    with serving(small_world) as api:
        monkeypatch.setattr(api.app.state.reading, "connect", fail)
        answer = api.get("/categories")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
        assert answer.headers["Retry-After"] == str(problems.RETRY_AFTER_SECONDS)
        assert "secret" not in answer.text
        assert api.client.get("/readyz").status_code == 503


def test_answers_have_security_headers_and_the_reference_needs_nothing_from_elsewhere(small_world: World) -> None:
    with serving(small_world) as api:
        answer = api.get("/categories")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        page = api.client.get("/docs")
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "<script" not in page.text
        assert "src=" not in page.text
        assert 'href="http' not in page.text
        assert "/api/v1/listings/{listing_id}/bids" in page.text


def test_every_kind_of_limit_has_a_rate(small_world: World) -> None:
    with serving(small_world) as api:
        assert set(api.app.state.rates._limits) == set(Kind)
