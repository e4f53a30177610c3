"""States of pages that no page of a site a little used shows: on their way, in review, refused, returned, taken back, frozen."""

import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from dotenv import dotenv_values
from eth_utils import to_checksum_address
from redis import Redis
from rq.suspension import resume, suspend

from tests.e2e.pages import OTHER, first_link
from tests.e2e.stage import COUPON, Stage, withdraw

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
        saver["withdrawal-checking"] = withdraw(stage.saver, "12")
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
    final = stage.read(saver, _let_go(stage, withdraw(saver, "15")), "It has arrived")
    refused = _refused(stage)
    in_review = stage.read(saver, withdraw(saver, "200"), "in review")
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


def _let_go(stage, path):
    """Approved: as she gave a course back that had rewarded her, an admin looks at what she withdraws."""
    stage.read(stage.saver, path, "in review")
    case = f"/admin/payouts/{path.rpartition('/')[2]}"
    stage.admin.send(case, to=f"{case}/approval")
    return path


def _refused(stage):
    path = stage.read(stage.saver, withdraw(stage.saver, "190"), "in review")
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
    exported, returned = [f"/teach/payouts/{number}" for number in _bank_file(stage)]
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
        "payout-exported": exported,
        "payout-returned": returned,
        "payout-details": "/teach/payout-details",
        "payout-in-teo": stage.read(seller, withdraw(seller, "25"), "in review"),
        "withdrawals": "/wallet/withdrawals",
        "wallet": "/wallet",
        "statement": urlsplit(seller.get("/teach/statements/").url).path,
        "notices": "/notices",
    }


def _bank_file(stage):
    """The numbers of two that were given to the bank: one is there, one came back."""
    numbers = _asked(stage, "10", "10.50")
    _approve(stage, numbers)
    stage.bank_file = urlsplit(stage.admin.send("/admin/bank-payouts/", to="/admin/bank-files/").url).path
    returned = f"/admin/bank-payouts/{numbers[1]}"
    stage.admin.send(returned, to=f"{returned}/return", **{"return-reason": "The bank says that this account is closed."})
    return numbers


def _payouts(stage):
    """The numbers of three: one paid, one approved, one in review. Three may be open at a time, and one is at the bank."""
    (paid,) = _asked(stage, "10")
    _approve(stage, [paid])
    stage.admin.send(f"/admin/bank-payouts/{paid}", to=f"/admin/bank-payouts/{paid}/payment", **{"paid-reference": "SEPA-2027-0042"})
    approved, in_review = _asked(stage, "20", "15.50")
    _approve(stage, [approved])
    return paid, approved, in_review


def _asked(stage, *amounts):
    return [urlsplit(stage.seller.send("/teach/payouts", amount=amount).url).path.rpartition("/")[2] for amount in amounts]


def _approve(stage, numbers):
    for number in numbers:
        stage.admin.send(f"/admin/bank-payouts/{number}", to=f"/admin/bank-payouts/{number}/approval")


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
    case = first_link(stage.admin, "/admin/payouts", r"/admin/payouts/\d+")
    return {
        "home": "/admin/",
        "payouts": "/admin/payouts",
        "payouts-decided": "/admin/payouts/decided",
        "case": case,
        "case-pieces": f"{case}/provenance",
        "bank-payouts": "/admin/bank-payouts/",
        **{f"bank-payout-{state}": path.replace("teach/payouts", "admin/bank-payouts") for state, path in zip(("paid", "approved", "in-review"), stage.payouts, strict=True)},
        "dispute": _dispute(stage),
        "order": stage.refunded.replace("/orders", "/admin/orders"),
        "bank-files": "/admin/bank-files/",
        "bank-file": stage.bank_file,
        "bank-payout-exported": first_link(stage.admin, stage.bank_file, r"/admin/bank-payouts/\d+"),
        "application-returned": stage.returned,
        "applications-decided": "/admin/applications/?show=decided",
        "enrolments-checked": _check_a_list,
    }


def _dispute(stage):
    stage.admin.until(lambda: "/admin/disputes/" in stage.admin.get("/admin/disputes").text, "no bank asked a payment back")
    return first_link(stage.admin, "/admin/disputes", r"/admin/disputes/\d+")


def _check_a_list(page):
    """One who can be enrolled, one who teaches the course, one whom nobody knows."""
    addresses = "email;name\nstudent@example.org;\nteacher@example.org;\nnobody@example.org;Nobody Known\n"
    page.goto("/admin/enrolments")
    page.get_by_label("Course").fill(OTHER)
    page.get_by_label("List of addresses").set_input_files({"name": "list.csv", "mimeType": "text/csv", "buffer": addresses.encode()})
    page.get_by_role("button", name="Check the list").click()
    page.get_by_text("Line by line").wait_for()
