"""The stored routines that place bids, version 1."""

from alembic import op

from auction_core.migrations.steps import engine_name
from auction_core.routines import create_statements, drop_statements

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _run(create_statements(engine_name()))


def downgrade() -> None:
    _run(drop_statements(engine_name()))


def _run(statements: tuple[str, ...]) -> None:
    context = op.get_context()
    for statement in statements:
        if not context.as_sql:
            op.get_bind().exec_driver_sql(statement)
        elif engine_name() == "postgresql":
            context.impl.static_output(f"{statement.strip()};\n")
        else:  # a routine has semicolons of its own
            context.impl.static_output(f"DELIMITER //\n{statement.strip()}//\nDELIMITER ;\n")
