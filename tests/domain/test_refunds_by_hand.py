"""Parts of a payment sent back in the gateway's own pages: no cent is booked or sent twice, whatever they turn out to be."""

import pytest

from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.checkout import gateway_comparison, refund_outbox, refunds, refunds_by_hand, splits
from lms.domain.checkout.payment_models import Payment, Refund, RefundByHand
from lms.domain.ledger import queries as books
from lms.errors import DomainError, Forbidden
from lms.gateways.payments import Taken
from tests.conftest import pay, sell

TOTAL = 8000


def everything():
    rows = db.session.query(books.Account).filter(books.Account.balance != 0)
    return {(account.asset, account.name, account.user_id): account.balance for account in rows}


@pytest.fixture
def before(ana, course):
    return everything()


@pytest.fixture
def order(before, ana, tea, course):
    """One of 80 EUR, of which the platform's share is 40."""
    with transaction():
        splits.set_policy(tea, 0)
    return sell(ana, course)


def send(order, amount=100, number=1, kind="refund.succeeded", **facts):
    """What the gateway tells of a refund by hand; its row, if it has one."""
    pay(order, kind=kind, **dict(id=f"evt {kind} {number}", refund=f"re_by_hand_{number}", amount=amount) | facts)
    return refunds_by_hand.of(db.session.query(Payment).filter_by(reference="pay_1").one(), f"re_by_hand_{number}")


def do(verb, *arguments):
    with transaction():
        return verb(*arguments)


def euros(name="platform"):
    return books.platform("EUR", name).balance


def sent():
    return db.session.query(Refund.amount, Refund.state).all()


def sound():
    return books.wrong_balances() == books.unbalanced_assets() == 0


def test_a_part_moves_nothing_until_an_admin_has_said_what_it_was(order):
    there = everything()
    send(order), send(order, id="told again")
    assert (order.state, everything(), sent()) == ("paid", there, [])
    assert db.session.query(RefundByHand.amount, RefundByHand.state).all() == [(100, "told")]
    details = db.session.query(Incident).one().details
    assert (details["what"], details["amount"], details["paid"], details["order"], details["address"]) == ("part", 100, TOTAL, order.id, "ana@example.org")


def test_one_given_for_good_will_is_the_platforms_and_the_sale_stays(order, tea, ada):
    part = send(order)
    do(refunds_by_hand.bear, part, ada)
    assert (order.state, part.state, euros(), euros("cards")) == ("paid", "borne", 3900, 100 - TOTAL)
    assert books.member(tea.id, "EUR", "maturing").balance == 4000 and sound()
    with pytest.raises(DomainError, match="any more"):
        do(refunds_by_hand.bear, part, ada)


@pytest.mark.parametrize("verb", [refunds_by_hand.bear, refund_outbox.take_sale_back])
@pytest.mark.parametrize("whose", ["buyer", "teacher"])
def test_an_admin_decides_of_no_sale_that_he_bought_or_sold(verb, whose, order, ana, tea, ada):
    part, who = send(order), {"buyer": ana, "teacher": tea}[whose]
    do(setattr, who, "role", "admin")
    with pytest.raises(Forbidden, match="another admin decides"):
        do(verb, part, who)
    assert (order.state, part.state) == ("paid", "told") and sound()
    do(verb, part, ada)
    assert part.state == {refunds_by_hand.bear: "borne"}.get(verb, "settled")


@pytest.mark.parametrize("is_borne", [False, True])
def test_one_that_meant_the_sale_takes_it_back_and_sends_the_rest(is_borne, before, order, ada):
    part = send(order)
    if is_borne:
        do(refunds_by_hand.bear, part, ada)
    do(refund_outbox.take_sale_back, part, ada)
    assert (order.state, part.state, sent()) == ("refunded", "settled", [(TOTAL - 100, "waiting")])
    db.session.expire_all()
    assert everything() == before and sound()
    for verb, arguments in ((refund_outbox.take_sale_back, (part, ada)), (refunds_by_hand.bear, (part, ada))):
        with pytest.raises(DomainError, match="any more"):
            do(verb, *arguments)


def test_the_buyers_own_refund_sends_what_is_left_and_says_so_before(before, order):
    send(order)
    assert refunds.preview(order).cash == TOTAL - 100
    do(refunds.refund, order)
    assert (sent(), everything()) == ([(TOTAL - 100, "waiting")], before)
    pay(order, kind="refund.succeeded", refund="re_1", amount=TOTAL - 100)
    assert sent() == [(TOTAL - 100, "done")]


def test_parts_that_make_the_whole_take_the_sale_back_and_nothing_is_sent(before, order, ada):
    do(refunds_by_hand.bear, send(order, 3000), ada)
    send(order, 5000, number=2)
    assert (order.state, sent(), everything()) == ("refunded", [], before)
    assert db.session.query(Payment).one().state == "returned"
    assert [incident.details["is_followed"] for incident in db.session.query(Incident).order_by(Incident.id)] == [False, True]


def test_one_that_failed_afterwards_was_none(order, ada):
    part = send(order)
    do(refunds_by_hand.bear, part, ada)
    send(order, kind="refund.failed")
    assert (part.state, euros(), refunds_by_hand.gone(part.payment_id)) == ("failed", 4000, 0)
    assert db.session.query(Incident).one().details["what"] == "failed"


def test_parts_sent_in_the_place_of_our_refund_that_failed_are_that_refund(order):
    do(refunds.refund, order)
    pay(order, kind="refund.failed", reason="account closed")
    send(order, 3000)
    assert sent() == [(TOTAL, "failed")]
    send(order, 5000, number=2)
    assert sent() == [(TOTAL, "done")]


def test_of_one_partly_sent_back_the_bank_takes_the_rest_and_with_it_the_sale(order, ada):
    do(refunds_by_hand.bear, send(order), ada)
    pay(order, kind="dispute.lost", dispute="dp_1", amount=TOTAL - 100, fee=1500)
    assert (order.state, euros(), euros("cards")) == ("charged back", -1500, 1500) and sound()


def test_what_a_bank_asks_back_is_not_sent_back_too(order, ada):
    part = send(order)
    pay(order, kind="dispute.opened", dispute="dp_1", fee=0)
    with pytest.raises(DomainError, match="bank"):
        do(refund_outbox.take_sale_back, part, ada)
    assert order.state == "paid"


def test_of_held_money_the_rest_is_sent_back_and_no_part_is_the_platforms(order, ada):
    pay(order, "pay_2")
    send(order, reference="pay_2")
    held = db.session.query(Payment).filter_by(reference="pay_2").one()
    with pytest.raises(DomainError, match="any more"):
        do(refunds_by_hand.bear, refunds_by_hand.of(held, "re_by_hand_1"), ada)
    do(refunds.return_held, held, ada)
    assert (sent(), euros("escrow"), euros("cards")) == ([(TOTAL - 100, "waiting")], 0, -TOTAL)


def test_the_comparison_knows_a_part_that_was_told_and_finds_one_that_was_not(order):
    send(order)
    paid_at = order.paid_at
    listed = Taken("pay_1", order.id, TOTAL, "EUR", 100, False)
    assert do(gateway_comparison.compare, "sandbox", [listed], paid_at, paid_at) == 0
    more = Taken("pay_1", order.id, TOTAL, "EUR", 200, False)
    assert do(gateway_comparison.compare, "sandbox", [more], paid_at, paid_at) == 1
    none = Taken("pay_1", order.id, TOTAL, "EUR", 0, False)
    assert do(gateway_comparison.compare, "sandbox", [none], paid_at, paid_at) == 1


def test_parts_that_come_to_more_than_was_paid_send_nothing_and_are_told(order):
    send(order, 5000, 1), send(order, 5000, 2)
    do(refunds.refund, order)
    assert (order.state, sent()) == ("refunded", []) and sound()
    assert db.session.query(Incident).count() == 2
