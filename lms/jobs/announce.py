"""Who is told, on his open pages, that an operation got on."""

from collections import defaultdict

from lms import live
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.wallet import queries as wallet


def queued(*operation_ids):
    """Push the activity of their members: what waited is on its way."""
    for user_id in live.listening({user_id for _, user_id in wallet.members_in(operation_ids)}):
        live.push(user_id, "activity")


def progress(*operation_ids):
    """Push balance, activity, the operations' pages and the receipts of the orders they bring; admins see every operation's page."""
    news = defaultdict(set, {admin_id: set(map(_page, operation_ids)) for admin_id in accounts.admins()})
    for operation_id, user_id in wallet.members_in(operation_ids):
        news[user_id] |= {"balance_chip", "balance", "activity", _page(operation_id)}
    for buyer_id, order_id in checkout.rewarded_by(operation_ids):
        news[buyer_id].add(f"receipt:{order_id}")
    for user_id in live.listening(news):
        live.push(user_id, *sorted(news[user_id]))


def _page(operation_id):
    return f"operation:{operation_id}"
