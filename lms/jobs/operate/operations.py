"""What an operator does when an operation needs a hand."""

from decimal import Decimal, InvalidOperation

import click
from eth_utils import is_checksum_address, is_checksum_formatted_address

from lms.chain import transactions
from lms.db import transaction
from lms.domain.accounts import queries as members
from lms.domain.audit import actions as watch
from lms.domain.audit import log
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries, signer_lanes
from lms.domain.rulebook.amounts import MICRO
from lms.domain.withdrawals import releases
from lms.jobs import node as here
from lms.jobs.chain import hurry, submit
from lms.jobs.lanes import Lane
from lms.jobs.operate.command_groups import chain
from lms.queue import enqueue

PARTS = ("signing", "settlement")


@chain.command()
@click.argument("reason")
def pause(reason):
    """Sign nothing from now on, for REASON; what is signed goes its way."""
    with transaction():
        watch.stop("signing", reason)
    click.echo("Nothing is signed any more.")


@chain.command()
def resume():
    """Let settlement and signing go on, after what stopped them was looked at; they stop again while the reason is still there."""
    with transaction():
        for part in PARTS:
            watch.start(part)
    enqueue("settlement.settle")
    hurry()
    click.echo("Settlement goes on.")


@chain.command()
@click.argument("operation_id", type=int)
def replace(operation_id):
    """Offer more gas for OPERATION_ID now, under the nonce it holds."""
    operation = _sent(operation_id)
    with transaction():
        log.record("operation sent again", f"operation {operation.id}")
    _lane_of(operation).replace(operation)
    click.echo(f"operation {operation.id} was sent again as {operation.attempts[-1].tx_hash}")


@chain.command()
@click.argument("operation_id", type=int)
def void(operation_id):
    """Use up the number of OPERATION_ID on the chain, so that it never happens; what is on its way already may still win."""
    operation = _operation(operation_id)
    with transaction():
        onchain.lock(operation)
        onchain.drop(operation)
    if operation.state in ("signed", "sent"):  # killed before: the sweep offers more for it, and by then it is dropped
        _lane_of(operation).replace(operation)
    else:
        submit(operation.id)
    click.echo(f"operation {operation.id} is being dropped")


@chain.command()
@click.argument("address")
def adopt(address):
    """Take the foreign transactions of signer ADDRESS for known: what they pushed aside is signed again, once they are final."""
    lost = adopt_lane(address, here.pool())
    click.echo(f"{lost} operations are signed again")


def adopt_lane(address, pool):
    """How many operations of this signer were pushed aside."""
    final, mined = pool.mined_nonce(address, transactions.final_block(pool)), pool.mined_nonce(address)
    if final < mined:
        raise click.ClickException("The newest transactions of this signer are not final yet. Run this again when they are.")
    pushed = [queries.operation(each) for each in queries.unfinished("signed", "sent", signer=address)]
    lost = [operation for operation in pushed if _is_pushed_aside(operation, final, pool)]
    with transaction():
        for operation in lost:
            onchain.lock(operation)
            onchain.requeue(operation, operation.attempts[-1].nonce, "its nonce went to a foreign transaction")
        signer_lanes.adopt(address, mined)
    hurry()
    return len(lost)


@chain.command()
@click.argument("email")
@click.argument("address")
@click.argument("amount")
@click.option("--key", required=True, help="The same key withdraws once, however often this is run.")
def release(email, address, amount, key):
    """Withdraw AMOUNT TEO of the member EMAIL to ADDRESS."""
    member = members.by_email(email)
    if member is None:
        raise click.ClickException("There is no member with this address.")
    _check_spelling(address)
    with transaction():
        withdrawal = releases.release(key, member, address, _millionths(amount))
    enqueue("settlement.settle")
    click.echo(f"withdrawal {withdrawal.id}: {withdrawal.state}")


def _check_spelling(address):
    """Capitals among the small letters are a checksum (EIP-55): where it is wrong, so is a digit."""
    if is_checksum_formatted_address(address) and not is_checksum_address(address):
        raise click.ClickException("The capitals in the address do not fit: one of its digits is wrong. Copy it again.")


def _operation(operation_id):
    operation = queries.operation(operation_id)
    if operation is None:
        raise click.ClickException("There is no such operation.")
    return operation


def _sent(operation_id):
    operation = _operation(operation_id)
    if operation.state not in ("signed", "sent"):
        raise click.ClickException(f"The operation is {operation.state}: only one that is signed or sent is replaced.")
    return operation


def _lane_of(operation):
    signer = here.signer(operation.signer)
    if signer is None:
        raise click.ClickException(f"The key of {operation.signer} is not here.")
    return Lane(here.pool(), signer)


def _is_pushed_aside(operation, final, pool):
    """Its nonce is final on the chain, and in none of our transactions."""
    nonce = operation.attempts[-1].nonce
    return nonce < final and all(transactions.is_missing(pool, attempt.tx_hash) for attempt in operation.attempts)


def _millionths(text):
    try:
        amount = Decimal(text) * MICRO
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 < amount < 2**63:
        raise click.ClickException("Say an amount above zero, with at most six decimals, such as 12.5.")
    return int(amount)
