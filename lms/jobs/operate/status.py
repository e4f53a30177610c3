"""`flask chain status`: how the chain, the signers, the queue and the books stand, in words for a terminal."""

import click

from lms import clock
from lms.chain.errors import ChainError
from lms.domain.audit import queries as audit
from lms.domain.onchain import figures, queries
from lms.domain.wallet import custody
from lms.jobs import node as here
from lms.jobs.balances import SUSPECTED
from lms.jobs.operate.command_groups import chain


@chain.command()
def status():
    """Signers with balance and nonces, the queue, heights, lag and incidents. What the database knows is told while the chain is down, too; the exit code is 1 then."""
    pool = here.pool()
    chain_line, head = _chain(pool)
    lines = [chain_line, _lag(head), *_deployment(queries.deployment(), head), *_signers(pool if head else None), *_queue(), *_stopped(), *_incidents()]
    click.echo("\n".join(lines))
    if head is None:
        raise SystemExit(1)


def _chain(pool):
    """(what the chain says, its newest block); that is None while it does not answer."""
    try:
        head = pool.head()
        return f"chain {pool.chain_id}, head {head.number}, final {pool.finalized()}", head
    except ChainError as error:
        return f"chain {pool.chain_id} does not answer: {error}", None


def _lag(head):
    """How far what pages show is behind."""
    seen = queries.chain_state()
    if seen is None:
        return "no worker has seen the chain yet"
    return f"a worker saw block {seen.head}{_behind(seen.head, head)}, {_seconds(seen.seen_at)} s ago"


def _behind(known, head):
    return f", {max(0, head.number - known)} behind" if head else ""


def _deployment(deployment, head):
    if deployment is None:
        return ["nothing is deployed"]
    scanned = deployment.scanned_block
    known = f"next operation {deployment.next_op}, deposits known to block {scanned}{_behind(scanned, head)}"
    return [known, *(f"{contract.name} {contract.address}" for contract in deployment.contracts)]


def _signers(pool):
    """`pool` is None while the chain does not answer."""
    for address, lane in queries.signers().items():
        facts = f"{f'{_on_chain(address, pool)}, ' if pool else ''}next nonce {lane.next_nonce}"
        yield f"signer {address}, {facts}{f', HALTED: {lane.halted}' if lane.halted else ''}{', retired' if lane.retired_at else ''}"


def _on_chain(address, pool):
    """What the chain says of a signer, or why it does not: endpoints that differ about one hide no other."""
    try:
        return f"{pool.balance(address) / 10**18:.4f} coins, {pool.mined_nonce(address)} mined"
    except ChainError as error:
        return f"not seen: {error}"


def _queue():
    yield from (f"{state:8} {count}" for state, count in queries.counts().items())
    oldest, uncovered = figures.oldest_open(), custody.uncovered()
    if oldest:
        yield f"oldest operation on its way: {oldest.id}, {oldest.state}, waits for {_seconds(oldest.queued_at)} s"
    if uncovered.legs:
        yield f"uncovered legs: {uncovered.legs}, of holders: {uncovered.holders}, the oldest waits for {_seconds(uncovered.oldest)} s"


def _stopped():
    """All that stands still, whoever stopped it and whoever lets it go on: `resume` is not for payouts, and a suspicion is a state of its own."""
    for switch in audit.stopped():
        yield f"{switch.name}{'' if switch.name == SUSPECTED else ' is stopped'} since {_moment(switch.at)}: {switch.reason}"


def _incidents():
    page = audit.open_incidents()
    yield f"incidents {page.total}"
    yield from (f"  {incident.kind}: {incident.subject}, since {_moment(incident.opened_at)}" for incident in page.items)
    if page.total > len(page.items):
        yield f"  and {page.total - len(page.items)} older"


def _seconds(since):
    return max(0, int((clock.now() - since).total_seconds()))


def _moment(at):
    return f"{at:%Y-%m-%d %H:%M} UTC"
