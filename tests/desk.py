"""A case as it comes to the desk, and what an admin's browser sends of it: what he decides, and the digest of what he was shown."""

import re
from datetime import timedelta

from lms import clock
from lms.db import transaction
from lms.domain.accounts import device_sightings
from lms.domain.withdrawals import actions
from tests.conftest import address_of, give, teo


def waiting_case(user, approvals):
    """A withdrawal in review that wants the approvals of so many admins, and of which no sign of fraud tells."""
    give(user, 50)
    own = address_of(user)
    with transaction():
        user.created_at = own.linked_at = clock.now() - timedelta(days=30)
        withdrawal = actions.request("k", user, own.id, teo(20))
        withdrawal.state, withdrawal.flags, withdrawal.approvals_needed = "in review", ["amount"], approvals
    return withdrawal


def share_a_browser(*users):
    """These have signed in with one browser, from one network."""
    with transaction():
        for user in users:
            device_sightings.see(user, "one browser", "192.0.2.1")


def shown(page):
    """{the hidden field: the digest} of a page of a case, or of several that may be approved together."""
    return dict(re.findall(r'name="(seen(?:-\d+)?)" value="([0-9a-f]{64})"', page))


def approve(browser, withdrawal, **fields):
    """The answer to an approval that is given on the page of the case as it stands."""
    place = f"/admin/payouts/{withdrawal.id}"
    return browser.post(f"{place}/approval", data=shown(browser.get(place).text) | fields)


def approve_together(browser, ids, place="/admin/payouts/batch"):
    """The answer to an approval of several at once, given on their page as it stands."""
    chosen = [str(number) for number in ids]
    page = browser.get(f"{place}{'&' if '?' in place else '?'}" + "&".join(f"chosen={number}" for number in chosen)).text
    return browser.post(place, data=shown(page) | {"chosen": chosen})
