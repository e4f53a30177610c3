"""One signer follows another: grant the new, retire the old, wait until its nonces are final, revoke. Each may run again at any time.

Roles are the admin's, whose key is on no server: what he must send is printed, and looked for on the chain.
"""

import click
from eth_utils import is_address, to_checksum_address

from lms.chain import transactions
from lms.chain.contracts import BY_NAME
from lms.chain.contracts.contract import ROLES
from lms.db import transaction
from lms.domain.audit import log
from lms.domain.onchain import queries, signer_lanes
from lms.jobs import node as here
from lms.jobs.chain import hurry
from lms.jobs.operate.command_groups import chain


def _address(_context, _parameter, text):
    if not is_address(text):
        raise click.BadParameter("it is not an address")
    return to_checksum_address(text)


@chain.command()
@click.argument("address", callback=_address)
def grant(address):
    """Print what the admin must send so that signer ADDRESS may settle, until it may."""
    _ask_admin(_roles(address, held=False), "grantRole", address)
    click.echo(f"{address} may settle.")


@chain.command()
@click.argument("address", callback=_address)
@click.option("--undo", is_flag=True, help="Let it sign again.")
def retire(address, undo):
    """Let signer ADDRESS finish what it has signed, and sign nothing new; another must be there that may settle."""
    if not undo and not any(_may_settle(signer.address) for signer in here.settlers() if signer.address != address):
        raise click.ClickException("No other signer whose key is here may settle. Add one to SIGNER_FILES and run: flask chain grant ADDRESS")
    with transaction():
        (signer_lanes.reinstate if undo else signer_lanes.retire)(address)
    hurry()
    click.echo(f"{address} {'signs again' if undo else 'signs nothing new'}.")


@chain.command()
@click.argument("address", callback=_address)
@click.option("--now", is_flag=True, help="Its key is in the wrong hands: do not wait. What it has on its way may fail, and goes again by another.")
def revoke(address, now):
    """Print what the admin must send so that retired signer ADDRESS may do nothing any more, once all it has signed is final."""
    if not now:
        _check_done(address)
    _ask_admin(_roles(address, held=True), "revokeRole", address)
    click.echo(f"{address} may do nothing any more. Take it out of SIGNER_FILES and start the workers again.")


def _check_done(address):
    lane = queries.signers().get(address)
    if lane is None or lane.retired_at is None:
        raise click.ClickException("It still signs. Run first: flask chain retire ADDRESS")
    waiting = len(queries.unfinished("signed", "sent", "mined", signer=address))
    if waiting:
        raise click.ClickException(f"{waiting} operations it has signed are not final yet. Run this again when they are.")
    pool = here.pool()
    if pool.mined_nonce(address, transactions.final_block(pool)) < lane.next_nonce:
        raise click.ClickException("Its newest nonces are not final yet. Run this again when they are.")


def _ask_admin(roles, verb, address):
    for contract, role in roles:
        click.echo(f"{verb} of {contract.name}, {role}: to {contract.address} data 0x{contract.role_data(verb, role, address).hex()}")
    if roles:
        with transaction():
            log.record("signer rights asked", f"signer {address}", verb=verb, contracts=sorted({contract.name for contract, _ in roles}))
        raise click.ClickException("The admin of the contracts must send these calls. Run this again when they are final.")


def _may_settle(address):
    return not _roles(address, held=False)


def _roles(address, held):
    """(contract, role) of each that the address finally has, or has not."""
    pool, deployment = here.pool(), queries.deployment()
    if deployment is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    contracts = [BY_NAME[each.name](each.address) for each in deployment.contracts]
    final = transactions.final_block(pool)
    return [(contract, role) for contract in contracts for role in ROLES if contract.has_role(pool, role, address, final) == held]
