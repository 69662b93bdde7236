"""Runs the migrations on the connection that schema.py hands over, inside its transaction."""

from alembic import context

from rostersync.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
