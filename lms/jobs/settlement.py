"""Ledger legs into batches for the chain, and what members take away before them."""

from datetime import timedelta

from flask import current_app

from lms import live
from lms.chain.transactions import GWEI
from lms.db import transaction
from lms.domain.onchain import queries as onchain
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody
from lms.domain.wallet.policy import Policy
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import queries as approved
from lms.jobs import chain
from lms.jobs.announce import members_of


def settle():
    """Queue the releases that can go, then, when it is time, open batches until nothing is left to cover."""
    if onchain.deployment() is None:
        return
    opened = _releases() + (_batches() if custody.is_due(_policy()) else [])
    for operation in opened:
        for user_id in members_of(operation):
            live.push(user_id, "activity")
    if opened:
        chain.hurry()


def _releases():
    """Before the batches: a holder whose every entry is followed by the next would never get his tokens out."""
    opened = []
    for withdrawal_id in approved.approved():
        with transaction():
            opened.append(withdrawals.queue(approved.withdrawal(withdrawal_id)))
    return [operation for operation in opened if operation]


def _batches():
    opened = []
    while True:
        with transaction():
            operation = wallet.open_batch()
        if operation is None:
            return opened
        opened.append(operation)


def _policy():
    config = current_app.config
    seconds = (timedelta(seconds=config[name]) for name in ("SETTLE_SECONDS", "SETTLE_PATIENCE"))
    return Policy(*seconds, config["SETTLE_BASE_FEE"] * GWEI)
