"""What the backend writes besides: times of change, idempotency keys, and the lanes of the outbox."""

import sqlalchemy as sa
from alembic import op

from auction_core.migrations.steps import (
    BIG_ID,
    EXACT_TEXT,
    SERVER,
    TIME,
    add_column,
    create_index,
    create_table,
    drop_column,
    drop_index,
    drop_table,
    engine_name,
    has_column,
    has_table,
    primary_key,
)

revision = "0002"
down_revision = "0001"

CHANGED = ("users", "listings", "payments")
OLD_INDEX = ("published_at", "id")
NEW_INDEX = ("published_at", "lane", "id")
LANES = 16


def upgrade() -> None:
    for table in CHANGED:
        add_column(table, sa.Column("updated_at", TIME))
    if engine_name() == "sqlite":
        _rebuild_outbox()
    else:
        _add_lane()
    create_table(
        "outbox_lanes",
        sa.Column("lane", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("relay", sa.String(64)),
        sa.Column("leased_until", TIME),
        primary_key("outbox_lanes", "lane"),
    )
    create_table(
        "idempotency_keys",
        sa.Column("actor_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idempotency_key", EXACT_TEXT, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        primary_key("idempotency_keys", "actor_id", "idempotency_key"),
        indexes=(("created_at",),),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    drop_table("idempotency_keys")
    drop_table("outbox_lanes")
    create_index("event_outbox", OLD_INDEX)
    drop_index("event_outbox", NEW_INDEX)
    drop_column("event_outbox", "lane")
    for table in CHANGED:
        drop_column(table, "updated_at")


def _add_lane() -> None:
    add_column("event_outbox", sa.Column("lane", sa.SmallInteger()))
    op.execute(f"UPDATE event_outbox SET lane = MOD(aggregate_id, {LANES}) WHERE lane IS NULL")  # noqa: S608
    op.alter_column("event_outbox", "lane", existing_type=sa.SmallInteger(), nullable=False)
    create_index("event_outbox", NEW_INDEX)
    drop_index("event_outbox", OLD_INDEX)


def _rebuild_outbox() -> None:
    """SQLite cannot add a column that must be filled. One transaction holds all of it there."""
    if has_column("event_outbox", "lane"):  # made without a stamp, and given the old index by revision 0001
        drop_index("event_outbox", OLD_INDEX)
        return
    rebuilt = "event_outbox_rebuilt"
    if has_table(rebuilt):
        op.drop_table(rebuilt)
    op.create_table(
        rebuilt,
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("aggregate_type", sa.String(40), nullable=False),
        sa.Column("aggregate_id", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("event_type", sa.String(60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("published_at", TIME),
        primary_key("event_outbox", "id"),
        **SERVER,
    )
    names = "aggregate_type, aggregate_id, event_type, payload, occurred_at, published_at"
    op.execute(
        f"INSERT INTO {rebuilt} (id, lane, {names}) "  # noqa: S608 - constants of this module
        f"SELECT id, aggregate_id % {LANES}, {names} FROM event_outbox"
    )
    op.drop_table("event_outbox")
    op.rename_table(rebuilt, "event_outbox")
    create_index("event_outbox", NEW_INDEX)
