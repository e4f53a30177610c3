"""`flask demo grant`: TEO for trying out what takes weeks to earn."""

import secrets

import click
from flask import current_app

from lms import live
from lms.db import transaction
from lms.domain.accounts import checks
from lms.domain.accounts import queries as accounts
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook.amounts import MICRO
from lms.jobs.operate.command_groups import demo
from lms.queue import enqueue


@demo.command()
@click.argument("emails", nargs=-1, required=True)
@click.argument("amount", type=click.IntRange(1, 10_000))
def grant(emails, amount):
    """Give each of the members EMAILS AMOUNT whole TEO out of the treasury, which gets them newly issued; never in production."""
    if current_app.config["ENVIRONMENT"] == "production":
        raise click.ClickException("In production nobody is given TEO by a command.")
    user_ids = {email: _member(email).id for email in emails}
    with transaction():
        for user_id in user_ids.values():
            _give(user_id, amount * MICRO)
    for user_id in user_ids.values():
        live.push(user_id, *live.BALANCE)
    enqueue("settlement.settle")
    for email in user_ids:
        click.echo(f"{email} has {amount} TEO more.")


def _member(email):
    found = accounts.by_email(checks.normal(email))
    if found is None:
        raise click.ClickException(f"There is no member with the address {email}.")
    return found


def _give(user_id, amount):
    key, evidence = f"demo grant:{secrets.token_hex(8)}", {"for": "trying out", "member": user_id}
    issuance, treasury, available = books.platform(TEO, "issuance"), books.platform(TEO, "treasury"), books.member(user_id, TEO, "available")
    ledger.lock(issuance, treasury, available)
    ledger.post(f"{key}:issued", issuance, treasury, amount, "grant", evidence=evidence)
    ledger.post(key, treasury, available, amount, "grant", evidence=evidence)
    log.record("tokens given", f"member {user_id}", amount=amount)
