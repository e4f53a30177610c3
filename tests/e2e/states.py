"""States of pages that no page of a site a little used shows: on their way, in review, refused, returned, taken back, frozen."""

import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from dotenv import dotenv_values
from eth_utils import to_checksum_address
from redis import Redis
from rq.suspension import resume, suspend

from tests.e2e.pages import first_link
from tests.e2e.stage import COUPON, Stage

LONGEST_HOLD = 600  # seconds: then the workers go on, whatever became of us
HOLD_BEGINS = 3  # seconds until each worker has ended the job it waits for


@contextmanager
def states(url, environment):
    """Yield {role: (Visitor, {name: path, or a function that leads a browser's page there})}; meanwhile no worker works, so that each stays as it is."""
    stage = Stage(url, environment)
    saver = _savers(stage)
    shown = {
        "saver": (stage.saver, saver),
        "seller": (stage.seller, _sellers(stage)),
        "frozen": (stage.frozen, _frozen()),
        "applicant": (stage.applicant, _applicants(stage)),
        "desk": (stage.admin, _desks(stage)),
    }
    with _held(environment):
        saver["withdrawal-checking"] = stage.withdraw(stage.saver, "12")
        yield shown


@contextmanager
def _held(environment):
    redis = Redis.from_url(dotenv_values(environment)["REDIS_URL"])
    suspend(redis, ttl=LONGEST_HOLD)
    time.sleep(HOLD_BEGINS)
    try:
        yield
    finally:
        resume(redis)


def _savers(stage):
    saver = stage.saver
    final = stage.read(saver, stage.withdraw(saver, "15"), "It has arrived")
    refused = _refused(stage)
    in_review = stage.read(saver, stage.withdraw(saver, "200"), "in review")
    return {
        "wallet": "/wallet",
        "orders": "/orders",
        "order-with-tokens": f"/orders/{saver.order_of(stage.offered)}",
        "order-refunded": stage.refunded,
        "withdraw": "/wallet/withdrawals/new?amount=20",
        "withdrawals": "/wallet/withdrawals",
        "withdrawal-final": final,
        "withdrawal-refused": refused,
        "withdrawal-in-review": in_review,
        "withdrawal-cancel": f"{in_review}/cancel",
        "address-alike": lambda page: _type_alike(page, stage.key.address),
        "movement-withdrawal": first_link(saver, "/wallet", r"/wallet/movements/\d+"),
        "statement": first_link(saver, "/wallet/statements", r"/wallet/statements/days\?[^\"]+").replace("&amp;", "&"),
        "notices": "/notices",
    }


def _refused(stage):
    path = stage.read(stage.saver, stage.withdraw(stage.saver, "190"), "in review")
    reason = "You wrote to us that this address is not yours any more."
    case = f"/admin/payouts/{path.rpartition('/')[2]}"
    stage.admin.send(case, to=f"{case}/rejection", **{"reject-reason": reason})
    return path


def _type_alike(page, known):
    """Ask to link an address that begins and ends like one the member has used."""
    page.goto("/wallet/addresses")
    page.get_by_label("Address", exact=True).fill(to_checksum_address(known[:6] + known[-5:-25:-1] + known[6:18] + known[-4:]))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="It is the one I mean").wait_for()


def _sellers(stage):
    seller = stage.seller
    paid, approved, in_review = stage.payouts = [f"/teach/payouts/{number}" for number in _payouts(stage)]
    return {
        "decisions": "/teach/decisions",
        "sales": "/teach/sales",
        "money": "/teach/money/",
        "coupons": "/teach/coupons/",
        "staking": "/teach/staking/",
        "payouts": "/teach/payouts",
        "payout-in-review": in_review,
        "payout-approved": approved,
        "payout-paid": paid,
        "payout-details": "/teach/payout-details",
        "payout-in-teo": stage.read(seller, stage.withdraw(seller, "25"), "in review"),
        "withdrawals": "/wallet/withdrawals",
        "wallet": "/wallet",
        "statement": urlsplit(seller.get("/teach/statements/").url).path,
        "notices": "/notices",
    }


def _payouts(stage):
    """The numbers of three: one paid, one approved, one in review."""
    numbers = [urlsplit(stage.seller.send("/teach/payouts", amount=amount).url).path.rpartition("/")[2] for amount in ("10", "20", "15.50")]
    for number in numbers[:2]:
        stage.admin.send(f"/admin/bank-payouts/{number}", to=f"/admin/bank-payouts/{number}/approval")
    stage.admin.send(f"/admin/bank-payouts/{numbers[0]}", to=f"/admin/bank-payouts/{numbers[0]}/payment", **{"paid-reference": "SEPA-2027-0042"})
    return numbers


def _frozen():
    return {"wallet": "/wallet", "freeze": "/wallet/freeze", "withdraw": "/wallet/withdrawals/new", "addresses": "/wallet/addresses", "deposit": "/wallet/deposit"}


def _applicants(stage):
    return {
        "application": "/teach/apply/",
        "application-change": "/teach/apply/change",
        "checkout": f"/courses/{stage.offered}/checkout?level=1500&code={COUPON}",
        "notices": "/notices",
    }


def _desks(stage):
    return {
        "home": "/admin/",
        "payouts": "/admin/payouts",
        "case": first_link(stage.admin, "/admin/payouts", r"/admin/payouts/\d+"),
        "bank-payouts": "/admin/bank-payouts/",
        **{f"bank-payout-{state}": path.replace("teach/payouts", "admin/bank-payouts") for state, path in zip(("paid", "approved", "in-review"), stage.payouts, strict=True)},
        "application-returned": stage.returned,
        "applications-decided": "/admin/applications/?show=decided",
    }
