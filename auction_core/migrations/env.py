"""What Alembic runs for each command: over the connection that `run` has opened, locked and begun."""

from alembic import context

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect_name"], literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(connection=attributes["connection"], on_version_apply=attributes["on_version_apply"])
    context.run_migrations()
