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
from lms.domain.ledger.models import TEO
from lms.domain.rulebook.amounts import MICRO
from lms.jobs.operate.groups import demo
from lms.queue import enqueue


@demo.command()
@click.argument("email")
@click.argument("amount", type=click.IntRange(1, 10_000))
def grant(email, amount):
    """Give the member AMOUNT whole TEO out of the treasury, which gets them newly issued; never in production."""
    if current_app.config["ENVIRONMENT"] == "production":
        raise click.ClickException("In production nobody is given TEO by a command.")
    member = accounts.by_email(checks.normal(email))
    if member is None:
        raise click.ClickException("There is no member with this address.")
    key, user_id = f"demo grant:{secrets.token_hex(8)}", member.id
    with transaction():
        issuance, treasury, available = books.platform(TEO, "issuance"), books.platform(TEO, "treasury"), books.member(user_id, TEO, "available")
        ledger.lock(issuance, treasury, available)
        evidence = {"for": "trying out", "member": user_id}
        ledger.post(f"{key}:issued", issuance, treasury, amount * MICRO, "grant", evidence=evidence)
        ledger.post(key, treasury, available, amount * MICRO, "grant", evidence=evidence)
        log.record("tokens given", f"member {user_id}", amount=amount * MICRO)
    live.push(user_id, "balance_chip", "balance", "activity")
    enqueue("settlement.settle")
    click.echo(f"{email} has {amount} TEO more.")
