"""The commands of who installs the platform."""

import pytest

from lms import cli
from lms.db import db
from lms.domain.ledger.models import Account
from lms.domain.rulebook.models import RulebookVersion


@pytest.fixture
def flask(app):
    """flask(command, *arguments) runs a command."""
    return lambda command, *arguments: app.test_cli_runner().invoke(command, arguments)


def test_installing_again_adds_nothing(flask):
    before = db.session.query(Account).count(), db.session.query(RulebookVersion).count()
    assert flask(cli.install).exit_code == 0
    assert (db.session.query(Account).count(), db.session.query(RulebookVersion).count()) == before


def test_the_first_admin_is_a_member_who_has_signed_up(flask, ana):
    result = flask(cli.first_admin, ana.email.upper())
    assert (result.exit_code, result.output) == (0, "Ana is an admin\n")
    db.session.refresh(ana)
    assert ana.is_admin


def test_there_is_one_first_admin(flask, ana, ada):
    result = flask(cli.first_admin, ana.email)
    assert result.exit_code == 1 and "There is an admin already" in result.output
    db.session.refresh(ana)
    assert not ana.is_admin


def test_who_has_not_signed_up_or_confirmed_the_address_is_no_admin(flask, member):
    for email in ("nobody@example.org", member("nina", verified=False).email):
        result = flask(cli.first_admin, email)
        assert result.exit_code == 1 and "Nobody has signed up" in result.output
