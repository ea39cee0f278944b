"""The tables of what people keep, as statements name them. `migrations` makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, Float, Integer, LargeBinary, String, column, table

conversations = table(
    "app_conversations",
    column("owner_key", String()),
    column("id", String()),
    column("title", String()),
    column("at", DateTime()),
    column("deleted_at", DateTime()),
)
answers = table(
    "app_answers",
    column("owner_key", String()),
    column("conversation", String()),
    column("number", BigInteger()),
    column("answer_id", String()),
    column("request", String()),
    column("answer", LargeBinary()),
    column("seconds", Float()),
    column("role_name", String()),
    column("at", DateTime()),
)
boards = table(
    "app_boards",
    column("id", String()),
    column("owner_key", String()),
    column("owner", String()),
    column("name", String()),
    column("shared", String()),
    column("version", Integer()),
    column("content", String()),
    column("at", DateTime()),
    column("deleted_at", DateTime()),
)
preferences = table(
    "app_preferences",
    column("owner_key", String()),
    column("name", String()),
    column("value", String()),
)
migrations = table("app_migrations", column("number", Integer()), column("at", DateTime()))
