"""A client of the API over a small auction, in this process."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from auction_core.api.app import create_app
from auction_core.api.settings import ApiSettings
from tests.integration.auction_core.world import World

SECRET = "a secret of the tests, long enough for HS256"
V1 = "/api/v1"


@dataclass(frozen=True, slots=True)
class Api:
    world: World
    app: FastAPI
    client: TestClient

    def headers(self, user_id: int | None, key: str | None = None) -> dict[str, str]:
        written = {"Idempotency-Key": key or uuid.uuid4().hex}
        if user_id is not None:
            written["Authorization"] = f"Bearer {self.app.state.tokens.issue(user_id)}"
        return written

    def get(self, path: str, user_id: int | None = None, **more: Any) -> Response:
        headers = {} if user_id is None else self.headers(user_id)
        return self.client.get(V1 + path, headers=headers | more.pop("headers", {}), **more)

    def post(self, path: str, body: Any = None, user_id: int | None = 2, key: str | None = None) -> Response:
        return self.client.post(V1 + path, json=body, headers=self.headers(user_id, key))

    def bid(self, listing_id: int, amount: Any, user_id: int = 2, key: str | None = None) -> Response:
        return self.post(f"/listings/{listing_id}/bids", {"amount": amount}, user_id, key)


@contextmanager
def serving(world: World, **settings: Any) -> Iterator[Api]:
    """Without limits that a test would meet by chance."""
    generous = dict.fromkeys(("rate_reads", "rate_writes", "rate_address", "rate_logins"), "100000/minute")
    values = {"database_url": world.url, "token_secret": SECRET, "threads": 4} | generous | settings
    app = create_app(ApiSettings(**values))
    with TestClient(app, raise_server_exceptions=True) as client:
        yield Api(world, app, client)
