"""The commands of who installs the platform."""

import os
import subprocess
import sys

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


@pytest.mark.parametrize(
    ("down", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://lms@127.0.0.1:9/lms"}, "The database does not answer."),
        ({"RPC_URLS": "http://127.0.0.1:9"}, "The chain cannot be reached"),
    ],
)
def test_a_part_that_is_down_ends_a_command_in_a_sentence(environ, tmp_path, down, sentence):
    settings = {**environ, "RPC_URLS": "http://127.0.0.1:9", "KEK": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", **down}
    code = "from lms import create_app; from flask.cli import FlaskGroup; FlaskGroup(create_app=lambda: create_app('cli'), load_dotenv=False).main(['chain', 'status'])"
    run = subprocess.run([sys.executable, "-c", code], env={"PATH": os.environ["PATH"], **settings}, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and sentence in run.stderr and "Traceback" not in run.stderr
