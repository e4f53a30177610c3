"""Whether the chain still is the one, and holds the code, that our rows speak of."""

import logging

from lms.chain import anvil, transactions
from lms.chain.contracts import BY_NAME
from lms.chain.errors import ChainError, CodeMismatch
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.jobs import node

log = logging.getLogger(__name__)


def check():
    """When a worker starts and every few minutes: on another chain, or with other code at our addresses, nothing is signed before somebody has looked."""
    deployment = onchain.deployment()
    if deployment is None:
        return
    try:
        _compare(deployment, node.pool())
    except CodeMismatch as wrong:
        log.error("the contracts are not ours", extra={"error": str(wrong)})  # noqa: TRY400 - nothing of ours broke
        with transaction():
            audit.open_incident("not our contracts", deployment.id, why=str(wrong))
            audit.stop("signing", "The contracts on the chain are not those of our rows.")
    except ChainError as error:  # down, or one endpoint lags: the next check asks again
        log.warning("the contracts were not looked at", extra={"error": str(error)})


def _compare(deployment, pool):
    if pool.block(0).hash != deployment.genesis_hash:
        raise CodeMismatch(f"chain {pool.chain_id} begins with another block than that of the deployment")
    for contract in deployment.contracts:
        found = BY_NAME[contract.name](contract.address)
        if found.is_there(pool) or _was_made(contract, pool):
            found.check_code(pool)


def _was_made(contract, pool):
    """Whether code must be there. A creation on its way, pushed aside or failed made none; what a development chain has lost with its blocks the sweep brings back."""
    receipts = (transactions.receipt(pool, bid.tx_hash) for bid in contract.bids if pool.chain_id != anvil.CHAIN_ID)
    return any(receipt and receipt.succeeded for receipt in receipts)
