"""Whether the chain still is the one, and holds the code, that our rows speak of."""

import logging

from lms.chain import anvil
from lms.chain.contracts import BY_NAME
from lms.chain.errors import CodeMismatch
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import queries as onchain
from lms.jobs import node

log = logging.getLogger(__name__)


def check():
    """When a worker starts and every hour: on another chain, or with other code at our addresses, nothing is signed before somebody has looked."""
    deployment = onchain.deployment()
    if deployment is None:
        return
    try:
        _compare(deployment, node.pool())
    except CodeMismatch as wrong:
        log.error("the contracts are not ours", extra={"error": str(wrong)})
        with transaction():
            audit.open_incident("not our contracts", deployment.id, why=str(wrong))
            audit.stop("signing", "The contracts on the chain are not those of our rows.")


def _compare(deployment, pool):
    """A contract whose creation is on its way has no code yet. Code that is missing on a development chain is brought back by the sweep: it may have lost its blocks."""
    if pool.block(0).hash != deployment.genesis_hash:
        raise CodeMismatch(f"chain {pool.chain_id} begins with another block than that of the deployment")
    mined = pool.mined_nonce(deployment.signer)
    for contract in deployment.contracts:
        is_due = contract.nonce < mined
        if is_due and (pool.chain_id != anvil.CHAIN_ID or anvil.has_code(pool, contract.address)):
            BY_NAME[contract.name](contract.address).check_code(pool)
