"""`flask` commands: install, first-admin, seed, verify-proof, and those of lms/jobs/operate.py, which need the chain."""

from functools import partial

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import Migrate
from sqlalchemy.exc import OperationalError

from lms import seed
from lms.db import db, transaction
from lms.domain.accounts import checks, membership
from lms.domain.accounts import queries as accounts
from lms.domain.ledger import actions as ledger
from lms.domain.rulebook import actions as rulebook
from lms.errors import DomainError
from lms.formats import solvency_proof
from lms.jobs import operate
from lms.jobs.operate import ChainError
from lms.queue import enqueue


def register(app):
    Migrate(app, db, directory="migrations")
    for command in (install, first_admin, plant, verify_proof, operate.audit, operate.chain, operate.keys, operate.rulebook, operate.demo):
        app.cli.add_command(command)
        command.invoke = partial(_invoke, command)


def _invoke(command, context):
    """A part that is down ends a command, or one of a group, in a sentence, not in a traceback."""
    try:
        return type(command).invoke(command, context)
    except OperationalError:
        raise click.ClickException("The database does not answer. Start it, or mend DATABASE_URL.") from None
    except DomainError as refusal:
        raise click.ClickException(str(refusal)) from None
    except ChainError as error:
        raise click.ClickException(f"The chain cannot be reached or refuses: {error}") from None


@click.command
@with_appcontext
def install():
    """The rows the platform cannot be without: its accounts and the first rulebook. May run twice."""
    with transaction():
        ledger.open_platform()
        rulebook.install()
    click.echo("installed")


@click.command("first-admin")
@click.argument("email")
@with_appcontext
def first_admin(email):
    """Make EMAIL, who has signed up and confirmed the address, the first admin; an admin makes all others."""
    member = accounts.by_email(checks.normal(email))
    if member is None or member.verified_at is None:
        raise click.ClickException("Nobody has signed up with this address and confirmed it.")
    with transaction():
        if not membership.make_first_admin(member):
            raise click.ClickException("There is an admin already, who can make others on the page of members.")
    click.echo(f"{member.name} is an admin")


@click.command("seed")
@with_appcontext
def plant():
    """Three courses and four logins for the demo, printed. May run twice; production has no such passwords."""
    if current_app.config["ENVIRONMENT"] == "production":
        raise click.ClickException("The seed makes logins whose passwords everybody knows. Production refuses it.")
    with transaction():
        ledger.open_platform()
        rulebook.install()
        logins = seed.load()
    enqueue("wallets.sweep")
    for role, email, password in logins:
        click.echo(f"{role:8}  {email:24}  {password}")


@click.command("verify-proof")
@click.argument("file", type=click.File("rb"))
def verify_proof(file):
    """Check the proof of a balance in FILE. It asks no database, no chain and no network."""
    try:
        click.echo(solvency_proof.report(file.read(solvency_proof.LARGEST_FILE + 1)))
    except solvency_proof.ProofError as error:
        raise click.ClickException(str(error)) from None
