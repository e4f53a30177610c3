"""Who is told, on his open pages, that an operation got on. What is lost of this is read when the page is loaded, or connects, again."""

from collections import defaultdict

from lms import live, presence
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.wallet import holders
from lms.domain.withdrawals import queries as withdrawals


def queued(*operation_ids):
    """Push the activity of their members, and the pages of their withdrawals: what waited is on its way."""
    news = defaultdict(set)
    for _, user_id in holders.members_in(operation_ids):
        news[user_id].add("activity")
    _push(news, operation_ids)


def halt():
    """Whether payouts are stopped, to everybody who has a page open; the pages of withdrawals that wait for it say so, too."""
    live.push_to_all("halt")
    news = defaultdict(set)
    for user_id, withdrawal_id in withdrawals.held_up():
        news[user_id].add(f"withdrawal:{withdrawal_id}")
    for user_id in live.listening(news):
        live.push(user_id, *sorted(news[user_id]))


def sent(*operation_ids):
    """Push the pages of operations that a node has taken, and of their withdrawals: no balance changes before they are on the chain."""
    _push(_pages(operation_ids), operation_ids)


def progress(*operation_ids):
    """Push balance, activity, the operations' pages, the receipts of the orders they bring and the withdrawals; admins see every operation's page."""
    news = _pages(operation_ids, *live.BALANCE)
    for buyer_id, order_id in checkout.rewarded_by(operation_ids):
        news[buyer_id].add(f"receipt:{order_id}")
    _push(news, operation_ids)


def _pages(operation_ids, *others):
    """{id of a user: the pages of the operations he may see}; with these others for the members."""
    news = defaultdict(set, {admin_id: set(map(_page, operation_ids)) for admin_id in accounts.admins()})
    for operation_id, user_id in holders.members_in(operation_ids):
        news[user_id] |= {_page(operation_id), *others}
    return news


def _push(news, operation_ids):
    """To those who listen, each his own."""
    for user_id, withdrawal_id in withdrawals.released_by(operation_ids):
        news[user_id].add(f"withdrawal:{withdrawal_id}")
        for admin_id in presence.there(f"case:{withdrawal_id}"):
            news[admin_id].add(f"case:{withdrawal_id}")
    for user_id in live.listening(news):
        live.push(user_id, *sorted(news[user_id]))


def _page(operation_id):
    return f"operation:{operation_id}"


def case(*withdrawal_ids):
    """What was decided about these, to the admins who have one of them open."""
    for withdrawal_id in withdrawal_ids:
        for admin_id in presence.there(f"case:{withdrawal_id}"):
            live.push(admin_id, f"case:{withdrawal_id}")


def company(withdrawal_id, admin_ids):
    """Admins who have a case open see who came to it."""
    for admin_id in admin_ids:
        live.push(admin_id, f"company:{withdrawal_id}")


def simulated(withdrawal_id):
    """Admins who have a case open see what the node said of it."""
    for admin_id in live.listening(accounts.admins()):
        live.push(admin_id, f"simulation:{withdrawal_id}", f"verdict:{withdrawal_id}")
