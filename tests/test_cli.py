"""The commands of who installs the platform."""

import os
import subprocess
import sys

import pytest

from lms import cli
from lms.db import db
from lms.domain.ledger.models import Account
from lms.domain.rulebook.models import RulebookVersion
from lms.formats.solvency_proof import write
from tests.formats.test_solvency_proof import proofs


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


def command(settings, *words):
    """Run `flask …` as a process of its own with these settings."""
    code = f"from lms import create_app; from flask.cli import FlaskGroup; FlaskGroup(create_app=lambda: create_app('cli'), load_dotenv=False).main({words!r})"
    return subprocess.run([sys.executable, "-c", code], env={"PATH": os.environ["PATH"], **settings}, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("words", "down", "sentence"),
    [
        (("chain", "status"), {"DATABASE_URL": "postgresql://lms@127.0.0.1:9/lms"}, "The database does not answer."),
        (("audit", "log"), {"DATABASE_URL": "postgresql://lms@127.0.0.1:9/lms"}, "The database does not answer."),
        (("audit",), {"DATABASE_URL": "postgresql://lms@127.0.0.1:9/lms"}, "The database does not answer."),
        (("chain", "adopt", "0x" + "11" * 20), {"RPC_URLS": "http://127.0.0.1:9"}, "The chain cannot be reached"),
    ],
)
def test_a_part_that_is_down_ends_a_command_in_a_sentence(environ, tmp_path, words, down, sentence):
    settings = {**environ, "RPC_URLS": "http://127.0.0.1:9", "KEK": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=", **down}
    run = command(settings, *words)
    assert run.returncode == 1 and sentence in run.stderr and "Traceback" not in run.stderr


@pytest.fixture
def proof(tmp_path):
    """The file of a proof that holds."""
    file = tmp_path / "proof.json"
    file.write_text(write(proofs([("ana@example.org", 62_400_000), ("bruno@example.org", 5)])[0]))
    return file


def test_a_proof_is_checked_with_all_services_down(environ, proof):
    nothing = {"DATABASE_URL": "postgresql://lms@127.0.0.1:9/lms", "REDIS_URL": "redis://127.0.0.1:9/0", "RPC_URLS": "http://127.0.0.1:9"}
    run = command({**environ, **nothing}, "verify-proof", str(proof))
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("The proof holds: 62.400000 TEO of ana@example.org are part of the total of 62.400005 TEO")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("62400000", "62400001"), "The sums on the way up come to 62.400006 TEO, not to the total of 62.400005 TEO."),
        (("ana@", "eva@"), "The way up from this leaf ends at another root."),
        (("teo-solvency/1", "teo-solvency/9"), "This is no proof of the format teo-solvency/1."),
        (('"amount": "62400000"', '"amount": "-62400000"'), "The field amount is malformed."),
        (('"total": "62400005"', f'"total": "{2**64}"'), "The field total does not fit into 64 bits."),
        (("{", ""), "The file is not JSON."),
    ],
)
def test_a_wrong_proof_ends_the_command_in_a_sentence(flask, proof, change, sentence):
    proof.write_text(proof.read_text().replace(*change))
    result = flask(cli.verify_proof, str(proof))
    assert (result.exit_code, result.output) == (1, f"Error: {sentence}\n")
