"""The history of the schema leads to what the models say, and back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from lms.db import db


def test_the_history_and_the_models_agree(app):
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
