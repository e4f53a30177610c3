"""The history of the schema leads to what the models say, and back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from lms import create_app
from lms.db import db, disconnect


def differences():
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), db.metadata)


def test_the_history_and_the_models_agree(app):
    assert differences() == []


def test_the_newest_step_can_be_taken_back(app, environ):
    disconnect()  # what only looks holds a lock, too
    with create_app("cli", environ).app_context():
        downgrade()
        assert differences() != []
        upgrade()
        assert differences() == []
