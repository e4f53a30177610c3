"""Runs the history against the application's database, in one transaction."""

from alembic import context

from lms.db import db

with db.engine.connect() as connection:
    context.configure(connection=connection, target_metadata=db.metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()
