"""What members have achieved, in batches on its way to the chain."""

from lms.db import transaction
from lms.domain.certificates import actions as certificates
from lms.domain.onchain import queries as onchain
from lms.jobs import chain


def issue():
    """Queue batches until nothing waits that has an address to go to, and an operation for each that was revoked since."""
    deployment = onchain.deployment()
    if deployment is None or deployment.address_of("Certificate") is None:
        return
    is_any = False
    for queue in (certificates.queue, certificates.queue_revocation):
        while _is_queued(queue):
            is_any = True
    if is_any:
        chain.hurry()


def _is_queued(queue):
    """Whether there was something for one more operation."""
    with transaction():
        return queue() is not None
