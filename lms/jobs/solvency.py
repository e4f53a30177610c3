"""The daily count of what all members have, and its way to the Notary."""

from lms.db import transaction
from lms.domain.onchain import actions as onchain_numbers
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import solvency
from lms.jobs import chain


def publish():
    """Take today's tree unless there is one; the clock asks often, so that a day is not missed for a worker that was away, and what one that died has taken
    is published by the next."""
    with transaction():
        solvency.take()
    deployment = onchain.deployment()
    if deployment is None or deployment.address_of("Notary") is None:
        return
    with transaction():  # of its own: the numbers' row is not locked while the tree is taken
        onchain_numbers.turn()  # two at once would publish a tree twice
        trees = solvency.unpublished()
        for tree in trees:
            solvency.publish(tree, deployment)
    if trees:
        chain.hurry()
