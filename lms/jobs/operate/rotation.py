"""`flask keys`: what an operator does with the keys of members and signers. No key is ever shown."""

import click

from lms import live
from lms.chain import custodial_keys
from lms.chain.custodial_keys import shorten
from lms.db import transaction
from lms.domain.accounts import queries as members
from lms.domain.audit import log
from lms.domain.ledger import queries as ledger
from lms.domain.wallet import custody, holders, key_replacements
from lms.jobs import keys as stored
from lms.jobs import node as here
from lms.jobs.operate.command_groups import keys
from lms.jobs.wallets import owner
from lms.queue import enqueue


@keys.command()
def rotate():
    """Wrap every stored key by the newest KEK. What KEK_OLD has opens the older ones; killed, it goes on where it was."""
    stored.check()
    version, closed = here.keks().version, []
    with transaction():
        log.record("keys rewrapped", "part keys", version=version)
    for path in stored.rewrap_files():
        click.echo(f"{path} is wrapped by version {version}")
    for count, failed in stored.rewrap_wallets():
        closed += failed
        click.echo(f"{count} keys rewrapped, {custody.count_wrapped_by_others(version)} left")
    if closed:
        raise click.ClickException(f"The KEK they name does not open the keys of {', '.join(map(shorten, closed))}. Is KEK_OLD what KEK was then?")
    click.echo(f"Every key is wrapped by version {version}. Once all workers have it, take KEK_OLD out.")


@keys.command()
@click.argument("holder")
def replace(holder):
    """Give HOLDER, a member's e-mail address or `treasury`, a new key and address; what the old address holds is moved there."""
    holder_id = _holder(holder)
    with transaction():
        old = key_replacements.replace(holder_id, custodial_keys.new_key(owner(holder_id), here.keks()))
    for user_id in holders.members_of([holder_id]):
        live.push(user_id, "address")
    enqueue("settlement.settle")
    click.echo(f"{old.address} is replaced by {key_replacements.in_use(holder_id).address}. What it holds is moved; its key is kept for what may still come.")


def _holder(name):
    member = members.by_email(name)
    if member is None and name != "treasury":
        raise click.ClickException("There is no member with this address. Say a member's e-mail address, or treasury.")
    return ledger.holder_of(member.id if member else None).id
