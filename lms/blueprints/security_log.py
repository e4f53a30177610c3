"""What happens at the doors of the house, told to the log: who came in, who was refused, and which proof of a member changed.

A line has the network (/24 or /48) and the browser's own name, never an address of somebody, a password or a token."""

import logging

from flask import request

from lms.domain.accounts.device_sightings import network_of

log = logging.getLogger("lms.security")


def happened(event, user=None, **facts):
    """What was done, and by or to whom."""
    log.info(event, extra=_facts(user) | facts)


def refused(event, user=None, **facts):
    """What somebody tried in vain."""
    log.warning(event, extra=_facts(user) | facts)


def _facts(user):
    return {"user": user and user.id, "network": network_of(request.remote_addr or ""), "agent": request.user_agent.string[:200]}
