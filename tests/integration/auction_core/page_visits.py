"""A small auction behind the pages, and a browser without a script that keeps cookies and reads forms."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select, update

from auction_core.api.app import create_app
from auction_core.api.settings import ApiSettings
from auction_core.passwords import hash_password
from auction_core.tables import Payment, User
from tests.integration.auction_core.world import World, make_world

PASSWORD = "correct horse battery"
PAGE = {"accept": "text/html"}


class Browser:
    """Keeps cookies, reads forms, and follows no redirect by itself."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, follow_redirects=False, headers=PAGE, raise_server_exceptions=False)

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def form(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form on a page that posts to `action`."""
        page = self.get(path)
        assert page.status_code == 200, page.text
        found = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', page.text, re.DOTALL)
        assert found, f"no form for {action} on {path}"
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found.group())
        return {name: unescape(value) for name, value in fields}

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Any:
        return self.client.post(path, data=fields, headers=headers)

    def send(self, path: str, action: str, **fields: str) -> Any:
        return self.post(action, self.form(path, action) | fields)

    def sign_in(self, name: str) -> "Browser":
        answer = self.send("/login", "/login", username=name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return self


@cache
def kept_hash() -> str:
    return hash_password(PASSWORD)


@contextmanager
def signed_up(folder: Path) -> Iterator[World]:
    """A small auction whose users all have the one password."""
    made = make_world(f"sqlite:///{folder}/auction.db")
    with made.engine.begin() as connection:
        connection.execute(update(User).values(password_hash=kept_hash()))
    yield made
    made.engine.dispose()


def settings(world: World, **values: Any) -> ApiSettings:
    usual = {"database_url": world.url, "token_secret": "s" * 40, "secure_cookies": False, "rate_logins": "1000/minute"}
    return ApiSettings.model_validate(usual | values)


@contextmanager
def opened(world: World, **values: Any) -> Iterator[Callable[[], Browser]]:
    """What opens browsers, each with cookies of its own."""
    app = create_app(settings(world, **values))
    yield lambda: Browser(app)
    app.state.store.close()
    app.state.reading.dispose()


def count(world: World, table: Any) -> int:
    with world.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def sold(world: World, buyer: int = 2, **values: Any) -> int:
    """A listing that `buyer` won for 20 euros and has not paid."""
    now = datetime.now(UTC).replace(tzinfo=None)
    listing = world.listing(status="sold", closed_at=now, current_bid=Decimal(20), highest_bidder_id=buyer, **values)
    due = {"listing_id": listing, "buyer_id": buyer, "amount": Decimal(20), "fee": Decimal(2), "method": "card"}
    with world.engine.begin() as connection:
        connection.execute(insert(Payment).values(due | {"status": "pending", "created_at": now}))
    return listing
