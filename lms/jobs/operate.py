"""Operators' commands on the chain and the clock: `flask chain`, `flask audit`, `flask demo`."""

import re
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from lms import clock, config
from lms.chain import anvil, contracts, node, transactions
from lms.chain.contracts import TeoCoin
from lms.chain.errors import ChainError
from lms.chain.signers import LocalSigner
from lms.db import transaction
from lms.domain.audit import actions as watch
from lms.domain.ledger import queries as ledger
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.rulebook.rules import MICRO
from lms.domain.wallet import reconciliation
from lms.jobs import node as here
from lms.queue import enqueue

ADMIN_DELAY = 2 * 24 * 3600  # seconds
DAILY_BOUND = 20_000 * MICRO  # twice what the rulebook grants in a day

__all__ = ["ChainError", "audit", "chain", "demo"]

chain = AppGroup("chain", help="The chain: signer, deployment, state.")
demo = AppGroup("demo", help="The demo only.")


@chain.command()
def signer():
    """Make the signer's key file when there is none, and print the signer's address."""
    settings = current_app.config
    if not (settings["KEK"] and settings["SIGNER_FILE"]):
        raise config.ConfigError("KEK or SIGNER_FILE is missing. Run this with the worker's environment.")
    if not Path(settings["SIGNER_FILE"]).exists():
        LocalSigner.create(settings["SIGNER_FILE"], settings["KEK"])
    click.echo(here.signer().address)


@chain.command()
def deploy():
    """Deploy TeoCoin once: the signed bytes are kept before they are sent, so a run that was killed goes on here."""
    pool, key = here.pool(), here.signer()
    deployment = queries.deployment() or _record(pool, key)
    if deployment.chain_id != pool.chain_id or deployment.genesis_hash != _genesis(pool):
        raise click.ClickException("The database belongs to another chain than RPC_URLS. Nothing is signed.")
    if pool.chain_id == anvil.CHAIN_ID:
        _restore(pool, deployment)
    if transactions.receipt(pool, deployment.tx_hash) is None:
        transactions.broadcast(pool, deployment.raw)
    receipt = _await(pool, deployment.tx_hash)
    if not receipt.succeeded:
        raise click.ClickException(f"The deployment failed in block {receipt.block_number}.")
    TeoCoin(deployment.token_address).check_code(pool)
    click.echo(f"TeoCoin at {deployment.token_address}, {receipt.gas_used} gas")


def _record(pool, key):
    if pool.chain_id == anvil.CHAIN_ID and pool.balance(key.address) == 0:
        anvil.fund(pool, key.address, 10**21)
    data = contracts.deploy_data(_admin(pool, key), ADMIN_DELAY, key.address, DAILY_BOUND)
    gas, fees = transactions.estimate_gas(pool, key.address, None, data), transactions.fees(pool)
    nonce = pool.mined_nonce(key.address)
    signed = transactions.sign(key, pool.chain_id, None, data, nonce, fees, gas)
    with transaction():
        return onchain.record_deployment(pool.chain_id, _genesis(pool), transactions.created_address(key.address, nonce), key.address, signed)


def _admin(pool, key):
    """Who may give roles and raise the bound: on a real chain never the hot key that settles, or a thief of it could do both."""
    admin = current_app.config["TOKEN_ADMIN"]
    if pool.chain_id == anvil.CHAIN_ID:
        return admin or key.address
    if admin is None or admin.lower() == key.address.lower():
        raise click.ClickException("TOKEN_ADMIN must be an address other than the signer's. Set it to one whose key is kept elsewhere.")
    return admin


def _genesis(pool):
    return pool.block(0).hash


def _restore(pool, deployment):
    """An anvil that lost its money with its state gets it again; the sweep then sends the rest."""
    if pool.balance(deployment.signer) == 0:
        anvil.fund(pool, deployment.signer, 10**21)


def _await(pool, tx_hash):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        receipt = transactions.receipt(pool, tx_hash)
        if receipt:
            return receipt
        time.sleep(0.1)
    raise click.ClickException("The deployment is not mined yet. Run this again.")


@chain.command()
def status():
    """Signer, balance, nonces, operations by state."""
    pool, deployment = here.pool(), queries.deployment()
    click.echo(f"chain {pool.chain_id}, head {pool.head().number}")
    if deployment:
        click.echo(f"token {deployment.token_address}")
        click.echo(f"signer {deployment.signer}, {pool.balance(deployment.signer) / 10**18:.4f} POL, {pool.mined_nonce(deployment.signer)} mined")
    for state, count in queries.counts().items():
        click.echo(f"{state:8} {count}")


@chain.command()
def resume():
    """Let settlement go on, after what stopped it was looked at; it stops again while the reason is still there."""
    with transaction():
        watch.start("settlement")
    enqueue("settlement.settle")
    click.echo("Settlement goes on.")


@click.command()
def audit():
    """The audit row against balances read from the node; exit 1 when anything is off."""
    pool, token = here.pool(), here.token()
    if token is None:
        raise click.ClickException("Nothing is deployed yet. Run: flask chain deploy")
    observed = observe(pool, token)
    row = reconciliation.audit(observed)
    for name, count in asdict(row).items():
        click.echo(f"{name:24} {count}")
    waiting = ledger.issued() - observed.supply
    click.echo(f"block {observed.block}, supply {observed.supply / MICRO:.6f} TEO")
    supply = "supply = ledger" if waiting == 0 else f"supply + {waiting / MICRO:.6f} TEO that wait for settlement = ledger"
    click.echo(f"differences {row.differences}, {supply}")
    if row.differences:
        raise SystemExit(1)


def observe(pool, token):
    """What the node says at one block about every holder of ours."""
    head = pool.head().number
    holdings = node.holdings(pool, token.address, reconciliation.addresses(), head)
    used = frozenset(op for op in reconciliation.ops_in_flight() if token.op_used(pool, op, head))
    return reconciliation.Observed(head, holdings.balances, holdings.supply, used)


@demo.command()
@click.argument("span")
def advance(span):
    """Move the clock and anvil on by SPAN, such as 15d, 6h or 30m: what matures becomes available."""
    if current_app.config["ENVIRONMENT"] == "production" or not current_app.config["CLOCK_FILE"]:
        raise click.ClickException("Only the demo's clock can be moved.")
    delta = _span(span)
    clock.advance(delta)
    anvil.advance(here.pool(), int(delta.total_seconds()))
    enqueue("rewards.mature")
    click.echo(f"It is {clock.now():%Y-%m-%d %H:%M} UTC now.")


def _span(text):
    match = re.fullmatch(r"(\d{1,4})([dhm])", text)
    if not match:
        raise click.ClickException("Say a number with d, h or m, such as 15d.")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
    return timedelta(**{unit: int(match[1])})
