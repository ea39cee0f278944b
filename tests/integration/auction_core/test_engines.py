"""What every way of opening a database has in common."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import DBAPIError

from auction_core.database import open_for_writing, open_server, parse_url
from auction_core.reading import open_for_reading


@pytest.mark.parametrize("opened", [open_server, open_for_writing, open_for_reading])
def test_an_error_shows_no_values_of_its_statement(opened: Callable[[URL], Engine], tmp_path: Path) -> None:
    engine = opened(parse_url(f"sqlite:///{tmp_path}/auction.db"))
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("INSERT INTO nowhere VALUES (:password_hash)"), {"password_hash": "$argon2id$secret"})
    engine.dispose()
    assert "nowhere" in str(caught.value)
    assert "secret" not in str(caught.value) + repr(caught.value)


def test_every_engine_is_made_in_one_place(repository: Path) -> None:
    found = {
        path.relative_to(repository).as_posix()
        for path in (repository / "auction_core").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "create_engine"
    }
    assert found == {"auction_core/database.py"}
