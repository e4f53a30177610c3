"""Who is told, on his open pages, that an operation got on."""

from collections import defaultdict

from lms import live
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.wallet import queries as wallet


def queued(operation):
    """Push the activity of its members: what waited is on its way."""
    for user_id in live.listening(wallet.members_in(operation.id)):
        live.push(user_id, "activity")


def progress(operation):
    """Push balance, activity, the operation's page and the receipts of the orders it brings; admins see every operation's page."""
    page = f"operation:{operation.id}"
    news = defaultdict(list, {admin_id: [page] for admin_id in accounts.admins()})
    news |= {user_id: ["balance_chip", "balance", "activity", page] for user_id in wallet.members_in(operation.id)}
    for buyer_id, order_id in checkout.rewarded_by(operation.id):
        news[buyer_id].append(f"receipt:{order_id}")
    for user_id in live.listening(news):
        live.push(user_id, *news[user_id])
