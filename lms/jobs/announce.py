"""Who is told, on his open pages, that an operation got on."""

from lms import live
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.wallet import queries as wallet


def members_of(operation):
    """Ids of the members with an entry in the operation."""
    return wallet.members_of([entry.holder_id for entry in operation.entries])


def progress(operation):
    """Push balance, activity, the operation's page and the receipts of the orders it brings; admins see every operation's page."""
    members = members_of(operation)
    for user_id in members:
        live.push(user_id, "balance_chip", "balance", "activity", f"operation:{operation.id}")
    for buyer_id, order_id in checkout.rewarded_by(operation.id):
        live.push(buyer_id, f"receipt:{order_id}")
    for admin_id in set(accounts.admins()) - set(members):
        live.push(admin_id, f"operation:{operation.id}")
