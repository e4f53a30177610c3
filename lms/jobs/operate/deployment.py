"""The signers' keys, and the contracts: made once, found again when a run was killed."""

import time
from pathlib import Path

import click
from flask import current_app

from lms import config
from lms.chain import anvil, contracts, transactions
from lms.chain.signers import LocalSigner, is_in_kms
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
        if not is_in_kms(path) and not Path(path).exists():
            LocalSigner.create(path, here.keks())
    for address in here.addresses():
        click.echo(address)


@chain.command()
def deploy():
    """Deploy each contract once: its signed bytes are kept before they are sent, so a run that was killed goes on here."""
    pool, key = here.pool(), here.signers()[0]
    deployment = queries.deployment() or _begin(pool, key)
    if deployment.chain_id != pool.chain_id or deployment.genesis_hash != _genesis(pool):
        raise click.ClickException("The database belongs to another chain than RPC_URLS. Nothing is signed.")
    if pool.chain_id == anvil.CHAIN_ID and pool.balance(key.address) == 0:
        anvil.fund(pool, key.address, 10**21)
    for name, creation in _CREATIONS.items():
        _deploy(deployment, name, creation, pool, key)


def _begin(pool, key):
    _admin(pool, key)  # refused before anything is recorded
    first_block = 0 if pool.chain_id == anvil.CHAIN_ID else pool.head().number  # a development chain may begin anew
    with transaction():
        return onchain.begin_deployment(pool.chain_id, _genesis(pool), key.address, first_block)


def _deploy(deployment, name, creation, pool, key):
    """One contract, from wherever the last run got to."""
    contract = next((each for each in deployment.contracts if each.name == name), None) or _record(deployment, name, creation, pool, key)
    if transactions.receipt(pool, contract.tx_hash) is None:
        transactions.broadcast(pool, contract.raw)
    receipt = _await(pool, contract.tx_hash)
    if not receipt.succeeded:
        raise click.ClickException(f"The deployment of {name} failed in block {receipt.block_number}.")
    contracts.BY_NAME[name](contract.address).check_code(pool)
    cost = receipt.gas_used * receipt.effective_gas_price / 10**18
    click.echo(f"{name} at {contract.address}, {receipt.gas_used} gas, {cost:.6f} of the chain's coin")


def _record(deployment, name, creation, pool, key):
    data = creation(_admin(pool, key), ADMIN_DELAY, here.addresses())
    gas, fees = transactions.estimate_gas(pool, key.address, None, data), transactions.fees(pool)
    mined = pool.mined_nonce(key.address)
    with transaction():
        nonce = onchain.next_nonce(key.address, mined)
        signed = transactions.sign(key, pool.chain_id, None, data, nonce, fees, gas)
        return onchain.record_contract(deployment, name, transactions.created_address(key.address, nonce), signed)


def _token(admin, delay, settlers):
    return contracts.deploy_data(admin, delay, settlers, DAILY_BOUND)


# What each contract is made of, in the order they are deployed.
_CREATIONS = {"TeoCoin": _token, "Certificate": contracts.certificate.deploy_data, "Notary": contracts.notary.deploy_data}


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


def _await(pool, tx_hash):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        receipt = transactions.receipt(pool, tx_hash)
        if receipt:
            return receipt
        time.sleep(0.1)
    raise click.ClickException("The deployment is not mined yet. Run this again.")
