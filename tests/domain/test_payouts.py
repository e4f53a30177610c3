"""Euros on their way to a teacher's bank: each step once, and never more than there are."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.audit.models import LogEntry
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.notices.models import Notice
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payout_details, payouts
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError, Invalid
from tests.conftest import address_of, announce, give, teo
from tests.desk import share_a_browser
from tests.domain.test_payout_details import DETAILS, bank_of
from tests.races import race


def earn(user, cents, key="earned"):
    """So many cents of the platform's, available to the member."""
    with transaction():
        ledger.post(f"{key} {user.id}", books.platform("EUR", "platform"), books.member(user.id, "EUR", "available"), cents, "matured", evidence={"by": "test"})


@pytest.fixture
def rich(tea):
    """Tea with 500.00 EUR and a bank."""
    earn(tea, 50_000)
    with transaction():
        bank_of(tea)
    return tea


@pytest.fixture
def olga(member):
    return member("olga", role="admin")


def request(user, amount, key="k1"):
    with transaction():
        return payouts.request(key, user, amount)


def do(verb, *args):
    with transaction():
        verb(*args)


def parts(user):
    found = books.euros_of(user.id)
    return found["available"], found["requested"]


def told(user):
    return [notice.kind for notice in notices(user)]


def notices(user):
    """What he was told of payouts, not of his details."""
    return db.session.query(Notice).filter(Notice.user_id == user.id, Notice.kind != "payout details").order_by(Notice.id)


def evidence(step, payout):
    return books.transfer(f"payout:{payout.id}:{step}").evidence


def sound():
    return books.wrong_balances() == books.unbalanced_assets() == 0


def test_from_the_request_to_the_bank(rich, ada):
    payout = request(rich, 20_000)
    assert payout.state == "in review" and parts(rich) == (30_000, 20_000)
    do(payouts.approve, payout, ada)
    assert payout.state == "approved" and parts(rich) == (30_000, 20_000)
    do(payouts.mark_paid, payout, ada, "SCT 4711")
    assert (payout.state, payout.bank_reference) == ("paid", "SCT 4711") and payout.ended_at is not None
    assert parts(rich) == (30_000, 0) and books.platform("EUR", "bank").balance == 20_000 and sound()
    assert told(rich) == ["payout requested", "payout approved", "payout paid"]
    assert [(decision.by_id, decision.verdict) for decision in payout.decisions] == [(ada.id, "approved"), (ada.id, "paid")]


def test_each_transfer_says_why(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.approve, payout, ada)
    do(payouts.mark_paid, payout, ada, "SCT 4711")
    assert evidence("requested", payout) == dict(payout=payout.id, iban="DE89 … 3000", available=50_000, recent=20_000, admins=1)
    assert evidence("paid", payout) == dict(payout=payout.id, iban="DE89 … 3000", reference="SCT 4711", by=ada.id)


@pytest.mark.parametrize("change", [{"role": "student"}, {"suspended_at": clock.now()}], ids=["no admin any more", "suspended"])
def test_the_word_of_one_who_is_no_admin_now_counts_no_more(change, tea, ada, olga, member):
    earn(tea, 200_000)
    with transaction():
        bank_of(tea)
    payout = request(tea, 150_000)
    do(payouts.approve, payout, ada)
    with transaction():
        for name, value in change.items():
            setattr(ada, name, value)
    do(payouts.approve, payout, olga)
    assert (payout.state, len(payout.approvals)) == ("in review", 1)
    do(payouts.approve, payout, member("anna", role="admin"))
    assert payout.state == "approved"


def test_what_is_told_has_its_facts(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.reject, payout, ada, "The name is another.")
    facts = [notice.facts for notice in notices(rich)]
    assert facts == [dict(payout=payout.id, amount=20_000), dict(payout=payout.id, amount=20_000, why="The name is another.")]


def test_the_log_knows_each_word_of_an_admin_and_how_much_it_was_for(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.approve, payout, ada)
    do(payouts.mark_paid, payout, ada, "SCT 4711")
    do(payouts.mark_returned, payout, ada, "The account is closed.")
    facts = {"member": rich.id, "amount": 20_000}
    rows = db.session.query(LogEntry).filter(LogEntry.subject == f"payout {payout.id}").order_by(LogEntry.id).all()
    assert [(row.action, row.by_id, row.details) for row in rows] == [
        ("payout approved", ada.id, facts),
        ("payout paid", ada.id, facts | {"reference": "SCT 4711"}),
        ("payout returned", ada.id, facts | {"reason": "The account is closed."}),
    ]


def test_one_that_came_back_from_the_bank_says_why_on_both_its_ways(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.approve, payout, ada)
    do(payouts.mark_paid, payout, ada, "SCT 4711")
    do(payouts.mark_returned, payout, ada, "The account is closed.")
    why = dict(payout=payout.id, iban="DE89 … 3000", reason="The account is closed.", by=ada.id)
    assert (evidence("returned", payout), evidence("given back", payout)) == (why | {"reference": "SCT 4711"}, why)
    assert notices(rich).all()[-1].facts == dict(payout=payout.id, amount=20_000, why="The account is closed.")


def test_one_rejected_is_given_back_with_the_reason(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.reject, payout, ada, "The name is another.")
    assert (payout.state, payout.reason) == ("rejected", "The name is another.")
    assert parts(rich) == (50_000, 0) and sound()
    assert evidence("given back", payout)["reason"] == "The name is another."


def test_one_the_bank_did_not_take_is_given_back_after_its_approval(rich, ada):
    payout = request(rich, 20_000)
    do(payouts.approve, payout, ada)
    do(payouts.reject, payout, ada, "The account is closed.")
    assert payout.state == "rejected" and parts(rich) == (50_000, 0)


def test_its_member_cancels_it_until_it_is_approved(rich, ada):
    payout, other = request(rich, 20_000), request(rich, 10_000, "k2")
    do(payouts.cancel, payout)
    assert payout.state == "cancelled" and parts(rich) == (40_000, 10_000)
    do(payouts.approve, other, ada)
    with pytest.raises(DomainError, match="cannot be cancelled"):
        do(payouts.cancel, other)


@pytest.mark.parametrize("last", ["paid", "rejected", "cancelled"])
def test_what_is_over_stays_over(rich, ada, last):
    payout = request(rich, 20_000)
    if last == "paid":
        do(payouts.approve, payout, ada)
    do(*{"paid": (payouts.mark_paid, payout, ada, "x"), "rejected": (payouts.reject, payout, ada, "x"), "cancelled": (payouts.cancel, payout)}[last])
    before = parts(rich)
    for again in ((payouts.approve, payout, ada), (payouts.reject, payout, ada, "x"), (payouts.mark_paid, payout, ada, "x"), (payouts.cancel, payout)):
        with pytest.raises(DomainError):
            do(*again)
    assert payout.state == last and parts(rich) == before and sound()


def test_the_same_key_asks_once(rich):
    assert request(rich, 20_000) is request(rich, 20_000)
    assert parts(rich) == (30_000, 20_000)
    with pytest.raises(ledger.KeyReused):
        request(rich, 10_000)


def test_nobody_elses_key_answers_with_his_payout(rich, ana):
    request(rich, 20_000)
    with pytest.raises(ledger.KeyReused):
        request(ana, 20_000)


@pytest.mark.parametrize("amount", [999, 0, -1000, 10.0, "1000", True])
def test_less_than_ten_euros_or_no_whole_number_is_refused(rich, amount):
    with pytest.raises(Invalid, match="least that is paid out is 10"):
        request(rich, amount)
    assert request(rich, 1000).amount == 1000


def test_no_more_than_there_is(rich):
    with pytest.raises(ledger.Overdraft):
        request(rich, 50_001)
    assert parts(rich) == (50_000, 0) and db.session.query(Payout).count() == 0


def test_without_details_nothing_is_asked_for(tea):
    earn(tea, 5000)
    with pytest.raises(DomainError, match="payout details are missing"):
        request(tea, 5000)


def test_new_details_wait_a_day_before_a_payout_to_them(rich):
    with transaction():
        payout_details.enter(rich, **DETAILS | {"iban": "GB33BUKB20201555555555"})
    with pytest.raises(DomainError, match="New payout details wait 24 hours"):
        request(rich, 1000)
    clock.advance(timedelta(hours=24) - timedelta(minutes=1))
    with pytest.raises(DomainError, match="wait"):
        request(rich, 1000)
    clock.advance(timedelta(minutes=1))
    assert request(rich, 1000).details.masked_iban == "GB33 … 5555"


def test_after_a_new_password_details_wait_again(rich):
    with transaction():
        rich.password_changed_at = clock.now()
    with pytest.raises(DomainError, match="after a new password"):
        request(rich, 1000)
    clock.advance(timedelta(hours=24))
    assert request(rich, 1000).state == "in review"


def test_a_version_that_comes_later_changes_nothing_about_a_wait(rich):
    announce(20, address_wait_hours=48)
    clock.advance(timedelta(days=20) - timedelta(hours=1))
    with transaction():
        payout_details.enter(rich, **DETAILS | {"iban": "GB33BUKB20201555555555"})
    clock.advance(timedelta(hours=24))
    assert request(rich, 1000).rule_version == 2


def test_what_was_asked_for_before_is_paid_where_it_was_asked_to(rich, ada):
    payout = request(rich, 1000)
    with transaction():
        payout_details.enter(rich, **DETAILS | {"iban": "GB33BUKB20201555555555"})
    do(payouts.approve, payout, ada)
    assert (payout.state, payout.details.masked_iban) == ("approved", "DE89 … 3000")


@pytest.mark.parametrize(("name", "why"), [("suspended_at", "suspended"), ("frozen_at", "frozen")])
def test_nothing_leaves_who_is_suspended_or_frozen(rich, ada, name, why):
    payout = request(rich, 1000)
    with transaction():
        setattr(rich, name, clock.now())
    with pytest.raises(DomainError, match=why):
        request(rich, 1000, "k2")
    with pytest.raises(DomainError, match="nothing leaves it"):
        do(payouts.approve, payout, ada)
    do(payouts.reject, payout, ada, "Frozen.")
    assert parts(rich) == (50_000, 0)


@pytest.mark.parametrize("name", ["suspended_at", "frozen_at"])
def test_what_is_not_at_the_bank_yet_is_not_paid_to_who_was_shut_since(rich, ada, name):
    """Paid by hand it would leave all the same."""
    payout = request(rich, 1000)
    do(payouts.approve, payout, ada)
    with transaction():
        setattr(rich, name, clock.now())
    with pytest.raises(DomainError, match="nothing leaves it"):
        do(payouts.mark_paid, payout, ada, "SCT 1", True)
    assert payout.state == "approved" and parts(rich) == (49_000, 1000) and sound()
    with transaction():
        setattr(rich, name, None)
    do(payouts.mark_paid, payout, ada, "SCT 1", True)
    assert payout.state == "paid"


def test_who_signed_in_with_the_members_browser_decides_nothing_about_a_payout_of_his(rich, ada, olga):
    payout = request(rich, 1000)
    share_a_browser(rich, ada)
    verbs = ((payouts.approve,), (payouts.reject, "No."), (payouts.mark_paid, "SCT 1", True), (payouts.mark_returned, "Unknown."))
    for verb, *words in verbs:
        with pytest.raises(DomainError, match="may have a part"):
            do(verb, payout, ada, *words)
    do(payouts.approve, payout, olga)
    assert payout.state == "approved" and [decision.by_id for decision in payout.decisions] == [olga.id]


def test_three_are_open_at_a_time(rich, ada):
    first, *_ = [request(rich, 1000, f"k{number}") for number in range(3)]
    with pytest.raises(DomainError, match="3 open payouts"):
        request(rich, 1000, "k4")
    do(payouts.approve, first, ada)
    with pytest.raises(DomainError, match="3 open payouts"):
        request(rich, 1000, "k4")
    do(payouts.mark_paid, first, ada, "x")
    assert request(rich, 1000, "k4").state == "in review"


def test_a_payout_keeps_the_details_it_was_asked_with(rich, ada):
    payout = request(rich, 1000)
    with transaction():
        bank_of(rich, iban="IT60X0542811101000000123456")
    do(payouts.approve, payout, ada)
    do(payouts.mark_paid, payout, ada, "x")
    assert payout.details.masked_iban == "DE89 … 3000" == evidence("paid", payout)["iban"]


def test_nobody_but_another_admin_decides(rich, ana, ada):
    payout = request(rich, 1000)
    with transaction():
        rich.role = "admin"
    for by in (rich, ana):
        for deed in ((payouts.approve, payout, by), (payouts.reject, payout, by, "x")):
            with pytest.raises(DomainError, match="Only another admin"):
                do(*deed)
    do(payouts.approve, payout, ada)
    with pytest.raises(DomainError, match="Only another admin"):
        do(payouts.mark_paid, payout, rich, "x")


@pytest.mark.parametrize("words", ["", "x" * 2001])
def test_a_rejection_says_why_and_a_payment_its_reference(rich, ada, words):
    payout = request(rich, 1000)
    with pytest.raises(Invalid):
        do(payouts.reject, payout, ada, words)
    do(payouts.approve, payout, ada)
    with pytest.raises(Invalid):
        do(payouts.mark_paid, payout, ada, words[:141])


# Two admins: over 1,000 EUR in 30 days


def test_up_to_a_thousand_euros_one_admin_is_enough(rich):
    earn(rich, 200_000, "more")
    assert (request(rich, 100_000).admins, request(rich, 1000, "k2").admins) == (1, 2)


def test_over_it_two_different_admins_approve(rich, ada, olga):
    earn(rich, 200_000, "more")
    payout = request(rich, 100_001)
    do(payouts.approve, payout, ada)
    assert payout.state == "in review"
    with pytest.raises(DomainError, match="already"):
        do(payouts.approve, payout, ada)
    do(payouts.approve, payout, olga)
    assert payout.state == "approved"
    assert told(rich) == ["payout requested", "payout approved"]


@pytest.mark.parametrize("end", ["rejected", "cancelled"])
def test_what_was_given_back_does_not_count(rich, ada, end):
    earn(rich, 200_000, "more")
    first = request(rich, 100_000)
    do(*((payouts.reject, first, ada, "x") if end == "rejected" else (payouts.cancel, first)))
    assert request(rich, 100_000, "k2").admins == 1


def test_what_another_was_paid_does_not_count(rich, member):
    timo = member("timo", role="teacher")
    earn(timo, 100_000)
    with transaction():
        bank_of(timo)
    request(timo, 100_000, "his")
    assert request(rich, 50_000).admins == 1


def test_teo_and_euros_are_counted_together(rich, ada):
    earn(rich, 100_000, "more")
    give(rich, 700)
    with transaction():
        first = withdrawals.request("w1", rich, address_of(rich).id, teo(600))
        withdrawals.check(first)
    assert (first.recent, first.approvals_needed) == (teo(600), 1)
    assert request(rich, 40_000).admins == 1
    beyond = request(rich, 1000, "k2")
    assert (beyond.admins, evidence("requested", beyond)["recent"]) == (2, 101_000)
    with transaction():
        second = withdrawals.request("w2", rich, first.linked_wallet_id, teo(10))
        withdrawals.check(second)
    assert (second.recent, second.approvals_needed) == (teo(1020), 2)


def test_what_was_given_back_in_teo_counts_for_no_payout(rich):
    earn(rich, 100_000, "more")
    give(rich, 700)
    with transaction():
        withdrawals.cancel(withdrawals.request("w1", rich, address_of(rich).id, teo(600)))
    assert request(rich, 100_000).admins == 1


def test_after_thirty_days_it_counts_no_more(rich, ada):
    earn(rich, 200_000, "more")
    request(rich, 100_000)
    clock.advance(timedelta(days=31))
    assert request(rich, 1000, "k2").admins == 1


# At once


def of(user_id):
    return db.session.get(User, user_id)


def test_the_same_euros_asked_for_twenty_times_are_requested_once(app, rich):
    user_id = rich.id
    raised = race(app, [lambda number=number: payouts.request(f"k{number}", of(user_id), 50_000) for number in range(20)])
    assert db.session.query(Payout).count() == 1 and len(raised) == 19
    assert all(isinstance(error, DomainError) for error in raised)
    assert parts(rich) == (0, 50_000) and sound()


def test_one_form_sent_twenty_times_asks_once(app, rich):
    user_id = rich.id
    assert race(app, [lambda: payouts.request("k", of(user_id), 1000)] * 20) == []
    assert db.session.query(Payout).count() == 1 and parts(rich) == (49_000, 1000)


def test_of_twenty_small_ones_three_are_open(app, rich):
    user_id = rich.id
    race(app, [lambda number=number: payouts.request(f"k{number}", of(user_id), 1000) for number in range(20)])
    assert db.session.query(Payout).count() == 3 and parts(rich) == (47_000, 3000)


def test_cancelled_against_approved_ends_one_way(app, rich, ada):
    payout_id, ada_id = request(rich, 20_000).id, ada.id

    def one():
        return db.session.get(Payout, payout_id)

    raised = race(app, [lambda: payouts.cancel(one()), lambda: payouts.approve(one(), of(ada_id))] * 10)
    assert len(raised) == 19 and all(isinstance(error, DomainError) for error in raised)
    assert (one().state, parts(rich)) in (("cancelled", (50_000, 0)), ("approved", (30_000, 20_000)))
    assert sound()


def test_paid_against_rejected_ends_one_way(app, rich, ada):
    payout = request(rich, 20_000)
    do(payouts.approve, payout, ada)
    payout_id, ada_id = payout.id, ada.id

    def one():
        return db.session.get(Payout, payout_id)

    raised = race(app, [lambda: payouts.mark_paid(one(), of(ada_id), "x"), lambda: payouts.reject(one(), of(ada_id), "x")] * 10)
    assert len(raised) == 19
    assert (one().state, parts(rich)) in (("rejected", (50_000, 0)), ("paid", (30_000, 0)))
    assert sound()


def test_two_admins_at_once_are_two_and_one_twenty_times_is_one(app, rich, ada, olga):
    earn(rich, 200_000, "more")
    payout_id, ids = request(rich, 150_000).id, (ada.id, olga.id)
    race(app, [lambda: payouts.approve(db.session.get(Payout, payout_id), of(ids[0]))] * 20)
    payout = db.session.get(Payout, payout_id)
    assert (payout.state, len(payout.approvals)) == ("in review", 1)
    do(payouts.approve, payout, olga)
    assert (payout.state, len(payout.approvals)) == ("approved", 2)


def test_each_step_names_the_rules_it_was_asked_for_by(rich, ada):
    announce(two_admins_above=teo(300))
    payout = request(rich, 40_000)
    clock.advance(timedelta(days=20, minutes=1))
    do(payouts.approve, payout, ada)
    do(payouts.mark_paid, payout, ada, "B1")
    do(payouts.cancel, request(rich, 1000, key="k2"))
    versions = [row.rule_version for row in db.session.query(Transfer).filter(Transfer.reason.like("payout%")).order_by(Transfer.id)]
    assert (payout.state, versions) == ("paid", [1, 1, 2, 2])
