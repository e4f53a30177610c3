"""What an admin's browser sends of a case: what he decides, and the digest of what he was shown."""

import re


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
