"""Ledger and chain, compared all the time: a difference stops settlement before it grows."""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta

from lms import chain_observations, clock
from lms.chain import node as reader
from lms.db import transaction
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as switches
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import deposits, reconciliation
from lms.jobs import node

# What moves while we read, or a development chain that is being rebuilt, looks like a difference once; a real one stays.
STAYS = timedelta(seconds=30)
SUSPECTED = "difference suspected"


def compare():
    """Read every balance at one block, keep it for the pages, and open an incident when it is, and stays, not what the ledger says."""
    pool, token = node.pool(), node.token()
    if token is None:
        return
    observed = observe(pool, token)
    chain_observations.keep(observed.block, observed.balances)
    row = reconciliation.audit(observed)
    with transaction():
        if not row.differences:
            audit.start(SUSPECTED)
            return
        audit.stop(SUSPECTED, "Ledger and chain differed at the last look.")
        if clock.now() - switches.stopped_at(SUSPECTED) >= STAYS:
            audit.open_incident("ledger and chain differ", "audit", block=observed.block, **asdict(row))
            audit.stop("settlement", "The ledger and the chain differ.")


def observe(pool, token):
    """What the node says at one block about every holder of ours."""
    head = pool.head().number
    holdings = reader.holdings(pool, token.address, reconciliation.addresses(), head)
    used = frozenset(op for op in reconciliation.ops_in_flight() if token.op_used(pool, op, head))
    return reconciliation.Observed(head, holdings.balances, holdings.supply, used, _incoming(pool, token, head))


def _incoming(pool, token, head):
    """What came to our addresses by this block and is not credited: recorded and waiting, or too young to be recorded."""
    found = Counter(deposits.waiting())
    young = reader.transfers(pool, token.address, onchain.deployment().scanned_block + 1, head)
    for transfer, _ in deposits.incoming([transfer for transfer in young if not transfer.is_mint]):
        found[transfer.target] += transfer.amount
    return found
