"""Custodial addresses for holders who have none."""

from lms import live
from lms.chain import custodial_keys
from lms.db import db, transaction
from lms.domain.ledger.models import Holder
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import holders
from lms.jobs import node
from lms.queue import enqueue


def make(holder_id):
    """Make the holder's address; he keeps the one he has when this runs twice. A key that comes to no row is lost with an address that nobody was told."""
    holder = db.session.get_one(Holder, holder_id)
    user_id = holder.user_id
    with transaction():
        wallet.keep_wallet(holder_id, custodial_keys.new_key(owner(holder_id), node.keks()))
    if user_id:
        live.push(user_id, "address")
    enqueue("settlement.settle")


def owner(holder_id):
    """What a sealed key is bound to."""
    return f"holder:{holder_id}"


def sweep():
    for holder_id in holders.without_address():
        make(holder_id)
