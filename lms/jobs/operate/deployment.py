"""The signers' keys, and the contracts: made once, found again when a run was killed."""

import time
from pathlib import Path

import click
from flask import current_app

from lms import config
from lms.chain import anvil, contracts, transactions
from lms.chain.contracts import TeoCoin
from lms.chain.signers import LocalSigner
from lms.db import transaction
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries
from lms.domain.rulebook.rules import MICRO
from lms.jobs import node as here
from lms.jobs.operate.groups import chain

ADMIN_DELAY = 2 * 24 * 3600  # seconds
DAILY_BOUND = 20_000 * MICRO  # twice what the rulebook grants in a day


@chain.command()
def signer():
    """Make the signers' key files where there are none, and print the signers' addresses."""
    settings = current_app.config
    if not (settings["KEK"] and settings["SIGNER_FILES"]):
        raise config.ConfigError("KEK or SIGNER_FILES is missing. Run this with the worker's environment.")
    for path in settings["SIGNER_FILES"]:
        if not Path(path).exists():
            LocalSigner.create(path, settings["KEK"])
    for address in here.addresses():
        click.echo(address)


@chain.command()
def deploy():
    """Deploy TeoCoin once: the signed bytes are kept before they are sent, so a run that was killed goes on here."""
    pool, key = here.pool(), here.signers()[0]
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
    data = contracts.deploy_data(_admin(pool, key), ADMIN_DELAY, here.addresses(), DAILY_BOUND)
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
