"""The contracts that are ours: a deployment begun, and where each of its contracts will stand."""

from lms import clock
from lms.db import db
from lms.domain.audit import log
from lms.domain.onchain.models import Contract, Creation, Deployment
from lms.domain.onchain.seen import SignedCreation


def begin_deployment(chain_id: int, genesis_hash: str, signer: str, first_block: int = 0) -> Deployment:
    """The deployment that the next contracts belong to; nothing of ours is in a block before its first."""
    began = dict(first_block=first_block, scanned_block=first_block, deployed_at=clock.now())
    deployment = Deployment(chain_id=chain_id, genesis_hash=genesis_hash, signer=signer, **began)
    db.session.add(deployment)
    db.session.flush()
    return deployment


def record_contract(deployment: Deployment, name: str, address: str, signed: SignedCreation) -> Contract:
    """Where a contract will stand, with the signed bytes, before they are broadcast."""
    contract = Contract(deployment_id=deployment.id, name=name, address=address, nonce=signed.nonce)
    deployment.contracts.append(contract)
    keep_bid(contract, signed)
    _note(contract)
    return contract


def keep_bid(contract: Contract, signed: SignedCreation) -> None:
    """Signed bytes that make the contract, before they are broadcast; those before them may be mined all the same."""
    contract.creations.append(Creation(nonce=signed.nonce, raw=signed.raw, tx_hash=signed.tx_hash, signed_at=clock.now()))
    db.session.flush()


def move_contract(contract: Contract, address: str, signed: SignedCreation) -> None:
    """The nonce it held is used up without it: it will stand elsewhere, made under another."""
    contract.address, contract.nonce = address, signed.nonce
    keep_bid(contract, signed)
    _note(contract)


def _note(contract: Contract) -> None:
    log.record("contract placed", f"contract {contract.name}", address=contract.address)
