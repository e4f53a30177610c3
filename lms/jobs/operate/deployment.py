"""The signers' keys, and the contracts: made once, found again when a run was killed."""

import time
from pathlib import Path

import click
from flask import current_app

from lms import config
from lms.chain import anvil, contracts, transactions
from lms.chain.signers import LocalSigner, is_in_kms
from lms.db import alone, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit import log
from lms.domain.audit import queries as incidents
from lms.domain.onchain import deployments, queries, signer_lanes
from lms.domain.rulebook.rules import Rules
from lms.jobs import node as here
from lms.jobs.operate import contract_creations
from lms.jobs.operate.command_groups import chain

ADMIN_DELAY = 2 * 24 * 3600  # seconds
GRACE = 5  # seconds: the database may take a moment to miss a run that was killed
DAILY_BOUND = 2 * Rules().platform_daily_cap  # mints a day the contract lets through, for good: twice what version 1 of the rulebook grants


@chain.command()
def signer():
    """Make the signers' key files where there are none, and print the signers' addresses."""
    settings = current_app.config
    if not (settings["KEK"] and settings["SIGNER_FILES"]):
        raise config.ConfigError("KEK or SIGNER_FILES is missing. Run this with the worker's environment.")
    for path in settings["SIGNER_FILES"]:
        if not is_in_kms(path) and not Path(path).exists():
            with transaction():  # the file comes first: killed here, the key is there and only the log does not say who made it
                log.record("signer made", f"signer {LocalSigner.create(path, here.keks()).address}")
    for address in here.addresses():
        click.echo(address)


@chain.command()
def deploy():
    """Deploy each contract once: its signed bytes are kept before they are sent, so a run that was killed goes on here."""
    until = time.monotonic() + GRACE
    while not _deploy_alone():
        if time.monotonic() > until:
            raise click.ClickException("Another run of this command is at work. Wait until it has ended.")
        time.sleep(0.2)


def _deploy_alone():
    """False while another run is at it."""
    with alone("deploy") as is_alone:
        if is_alone:
            _deploy_all(here.pool())
    return is_alone


def _deploy_all(pool):
    _check_chain(pool)
    for name in _CREATIONS:
        _deploy(name, pool)


def _check_chain(pool):
    deployment = queries.deployment()
    if deployment and (deployment.chain_id != pool.chain_id or deployment.genesis_hash != _genesis(pool)):
        raise click.ClickException("The database belongs to another chain than RPC_URLS. Nothing is signed.")


def _deploy(name, pool):
    """One contract, from wherever the last run got to."""
    contract = queries.contract(name) or _record(name, pool)
    if not contract_creations.on_chain(contract).is_there(pool):
        _make_anew_if_lost(contract, pool)
        contract_creations.bring(contract, pool, _key(pool))
    contract_creations.on_chain(contract).check_code(pool)
    click.echo(f"{name} at {contract.address}{_cost(contract_creations.receipt(contract, pool))}")


def _cost(receipt):
    """A node may have forgotten the receipt of what stands since long."""
    if receipt is None:
        return ""
    cost = receipt.gas_used * receipt.effective_gas_price / 10**18
    return f", {receipt.gas_used} gas, {cost:.6f} of the chain's coin"


def _make_anew_if_lost(contract, pool):
    """A second nonce only after a final revert, or a final foreign transaction that an operator has taken for known."""
    lost_to = contract_creations.lost_to(contract, pool)
    if lost_to is None:
        return
    nonce = contract.nonce
    if lost_to == contract_creations.FOREIGN:
        _halt_once(contract)
    _record(contract.name, pool, contract)
    click.echo(f"Nonce {nonce} was used up by {lost_to}: {contract.name} is made anew under nonce {contract.nonce}, at another address.")


def _halt_once(contract):
    """Somebody else signs with this key: it signs nothing until an operator has looked. Each nonce is an incident of its own, so what was adopted halts it no second time."""
    signer = contract.deployment.signer
    subject = f"{signer} nonce {contract.nonce}"
    if incidents.is_known("foreign nonce", subject):
        return
    with transaction():
        signer_lanes.halt(signer, f"A transaction that is not ours has taken nonce {contract.nonce} of this signer, in which {contract.name} was to be made.")
        audit.open_incident("foreign nonce", subject, contract=contract.name)


def _halt_if_strange(address, mined):
    """A nonce above those we know, between two contracts: somebody else signs with this key."""
    lane = queries.signers().get(address)
    if lane and 0 < lane.next_nonce < mined and not lane.halted:
        with transaction():
            signer_lanes.halt(address, f"The chain has mined nonce {mined - 1} of this signer, and no transaction of ours has it.")
            audit.open_incident("foreign nonce", address, nonce=mined - 1)


def _refuse_if_halted(address):
    lane = queries.signers().get(address)
    if lane and lane.halted:
        raise click.ClickException(f"The signer {address} is halted: {lane.halted} Look into it, run: flask chain adopt {address}, and then this again.")


def _record(name, pool, lost=None):
    """The contract with its creation signed under the next nonce and kept; `lost` is the one whose nonce is used up without it."""
    key = _key(pool)
    mined = pool.mined_nonce(key.address)
    _halt_if_strange(key.address, mined)
    _refuse_if_halted(key.address)
    data = _CREATIONS[name](_admin(pool, key), ADMIN_DELAY, here.addresses())
    gas, fees = transactions.estimate_gas(pool, key.address, None, data), transactions.fees(pool)
    _check_funds(name, key.address, gas * fees.cap, pool)
    genesis, first_block = _genesis(pool), _first_block(pool)
    with transaction():
        nonce = signer_lanes.next_nonce(key.address, mined)
        signed, address = transactions.sign(key, pool.chain_id, None, data, nonce, fees, gas), transactions.created_address(key.address, nonce)
        if lost:
            deployments.move_contract(lost, address, signed)
            return lost
        deployment = queries.deployment() or deployments.begin_deployment(pool.chain_id, genesis, key.address, first_block)
        return deployments.record_contract(deployment, name, address, signed)


def _key(pool):
    """The key that creates all contracts of the deployment; on a development chain it is given gas."""
    deployment = queries.deployment()
    key = here.signer(deployment.signer) if deployment else here.signers()[0]
    if key is None:
        raise click.ClickException(f"The key of {deployment.signer}, which creates the contracts, is not here. Put it into SIGNER_FILES.")
    if pool.chain_id == anvil.CHAIN_ID and pool.balance(key.address) == 0:
        anvil.fund(pool, key.address, 10**21)
    return key


def _check_funds(name, address, cost, pool):
    balance = pool.balance(address)
    if balance < cost:
        raise click.ClickException(
            f"The signer {address} has {balance / 10**18:.6f} of the chain's coin, and creating {name} may take {cost / 10**18:.6f}. "
            "Send it some, then run this again."
        )


def _token(admin, delay, settlers):
    return contracts.deploy_data(admin, delay, settlers, DAILY_BOUND)


# What each contract is made of, in the order they are deployed.
_CREATIONS = {"TeoCoin": _token, "Certificate": contracts.certificate.deploy_data, "Notary": contracts.notary.deploy_data}


def _admin(pool, key):
    """Who may give roles and raise the bound: on a real chain never a hot key that settles, or a thief of it could do both."""
    admin = current_app.config["TOKEN_ADMIN"]
    if pool.chain_id == anvil.CHAIN_ID:
        return admin or key.address
    if admin is None or admin.lower() in map(str.lower, here.addresses()):
        raise click.ClickException("TOKEN_ADMIN must be an address other than the signers'. Set it to one whose key is kept elsewhere.")
    return admin


def _genesis(pool):
    return pool.block(0).hash


def _first_block(pool):
    """A development chain may begin anew."""
    return 0 if pool.chain_id == anvil.CHAIN_ID else pool.head().number
