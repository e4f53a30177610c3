"""One contract on its way to the chain: sent again, for more when it is stuck, and seen whichever of its bids is mined."""

import time

import click

from lms import clock
from lms.chain import transactions
from lms.chain.contracts import BY_NAME
from lms.chain.errors import FeeTooHigh, RpcDisagreement
from lms.db import transaction
from lms.domain.onchain import deployments
from lms.jobs.lanes import STUCK

PATIENCE = 120  # seconds; what is not mined by then is left to the next run
FOREIGN = "a foreign transaction"
LONGEST_PAUSE = 0.5  # seconds between two looks


def on_chain(contract):
    return BY_NAME[contract.name](contract.address)


def bring(contract, pool, key):
    """Return when one of its bids is mined; ClickException with what helps when that does not come to pass."""
    until, pause = time.monotonic() + PATIENCE, 0.05
    why = _send(contract, pool)
    while receipt(contract, pool) is None:
        if time.monotonic() > until:
            raise click.ClickException(f"{contract.name} is not mined yet under nonce {contract.nonce}{why and f': {why}'}. Run this again.")
        _refuse_if_spent(contract, pool)
        if _is_stuck(contract):
            why = _offer_more(contract, pool, key)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def receipt(contract, pool):
    """Of the bid that made the contract, or None while two endpoints do not know it."""
    receipts = (transactions.receipt(pool, bid.tx_hash) for bid in contract.bids)
    return next((found for found in receipts if found and found.succeeded), None)


def lost_to(contract, pool):
    """What its nonce was used up by for good, in words, None while it is not. A missing receipt is no reason: what stands at the address tells."""
    if not _is_spent(contract, pool) or on_chain(contract).is_there(pool):  # in this order: it may be mined while we ask
        return None
    is_final = pool.mined_nonce(contract.deployment.signer, transactions.final_block(pool)) > contract.nonce
    return _spent_by(contract, pool) if is_final else None


def _refuse_if_spent(contract, pool):
    """Waiting helps no more when something else has the nonce. An endpoint that lags behind another tells nothing yet."""
    try:
        is_spent = _is_spent(contract, pool) and not on_chain(contract).is_there(pool)
        by = _spent_by(contract, pool) if is_spent else None
    except RpcDisagreement:
        return
    if by:
        raise click.ClickException(f"{contract.name} is not made: nonce {contract.nonce} was used up by {by}. When that is final, run this again.")


def _is_spent(contract, pool):
    return pool.mined_nonce(contract.deployment.signer) > contract.nonce


def _spent_by(contract, pool):
    """In words; None where it was the contract after all. RpcDisagreement while one endpoint knows a receipt and another does not."""
    mined = [bid for bid in contract.bids if not transactions.is_missing(pool, bid.tx_hash)]
    if not mined:
        return FOREIGN
    failed = transactions.receipt(pool, mined[0].tx_hash)
    return f"its creation, which failed in block {failed.block_number}" if failed and not failed.succeeded else None


def _is_stuck(contract):
    bids = contract.bids
    return clock.now() - bids[-1].signed_at >= STUCK * 2 ** (len(bids) - 1)


def _offer_more(contract, pool, key):
    """Save a higher bid under the same nonce and send it; what stands in the way, in words."""
    try:
        signed = transactions.sign_for_more(key, contract.bids[-1].raw, transactions.fees(pool))
    except FeeTooHigh as error:
        return str(error)
    with transaction():
        deployments.keep_bid(contract, signed)
    return _send(contract, pool)


def _send(contract, pool):
    """What the nodes said when none of them took the highest bid, or nothing."""
    sent = transactions.broadcast(pool, contract.bids[-1].raw)
    return "" if sent.accepted else "; ".join(sent.refusals)
