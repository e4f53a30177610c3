"""`flask chain lost`: after a theft, the ledger is told what the chain has done."""

import re

import click

from lms import live
from lms.chain import node as reader
from lms.chain import transactions
from lms.db import transaction
from lms.domain.onchain import queries as onchain
from lms.domain.rulebook.amounts import MICRO
from lms.domain.wallet import losses
from lms.jobs import node as here
from lms.jobs.operate.command_groups import chain


@chain.command()
@click.argument("tx_hash")
@click.argument("log_index", type=int)
@click.argument("reason")
@click.option("--dry-run", is_flag=True, help="Say what would be booked, and book nothing.")
def lost(tx_hash, log_index, reason, dry_run):
    """Book the TEO that left a custodial address without us, for REASON: the Transfer that is log LOG_INDEX of transaction TX_HASH.

    The platform makes the member whole, from the treasury and, when it is short, by new tokens. The same theft is booked once. The next
    settlement mints to the member's address: give him a new key first. Settlement stays stopped until `flask chain resume`."""
    theft = _theft(tx_hash.lower(), log_index)
    with transaction():
        loss = _show(theft) if dry_run else losses.book(theft, reason)
    if loss is None:
        return
    if loss.source.user_id:
        live.push(loss.source.user_id, *live.BALANCE)
    click.echo(f"booked as transfer {loss.id} at {loss.at:%Y-%m-%d %H:%M} UTC")


def _show(theft):
    for move in losses.moves(theft):
        click.echo(f"{_name(move.source)} → {_name(move.target)}  {move.amount / MICRO:.6f} TEO")
    click.echo("nothing is booked")


def _theft(tx_hash, log_index):
    """The transfer as the chain has it for good."""
    pool, token = here.pool(), here.token()
    if token is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    if not re.fullmatch("0x[0-9a-f]{64}", tx_hash):
        raise click.ClickException("That is no transaction's hash: 0x and 64 hexadecimal digits.")
    receipt = transactions.receipt(pool, tx_hash)
    if receipt is None or not transactions.is_final(pool, receipt):
        raise click.ClickException("The chain does not call this transaction final. Run this again when it does.")
    block = receipt.block_number
    if tx_hash in {*onchain.known_hashes([tx_hash]), *token.used_ops(pool, block, block).values()}:
        raise click.ClickException("The transaction is of an operation, and no theft. If our rows don't know it: flask chain recover")
    found = [each for each in reader.transfers(pool, token.address, block, block) if (each.tx_hash, each.log_index) == (tx_hash, log_index)]
    if not found or found[0].is_mint or found[0].is_burn:
        raise click.ClickException("This log is no transfer of TEO from one address to another.")
    return found[0]


def _name(account):
    return f"member {account.user_id}: {account.name}" if account.user_id else account.name
