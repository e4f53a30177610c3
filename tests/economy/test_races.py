"""Twenty at once, each in a transaction of its own: one wins, nobody sees a deadlock, and the books are right afterwards."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds, splits
from lms.domain.checkout.models import Coupon, Order
from lms.domain.courses.models import Course, Lesson
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.learning.models import Enrolment
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as rewards_due
from lms.domain.staking import actions as staking
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payouts
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, give, publish, sell, teo
from tests.domain.test_payout_details import bank_of
from tests.economy import books
from tests.races import race, until_it_waits

MANY = 20


@pytest.fixture
def storm(app):
    """storm(deed, …) does all at once, as many of each as make twenty, and answers the refusals; the books are right after it."""

    def together(*deeds):
        db.session.commit()
        refusals = race(app, [deeds[number % len(deeds)] for number in range(MANY)])
        db.session.expire_all()
        assert books.faults() == {}
        assert accounts.wrong_balances() == accounts.unbalanced_assets() == 0
        return refusals

    return together


@pytest.fixture
def sale(ana, course):
    """One with a discount, which nobody has decided about."""
    give(ana, 50)
    return sell(ana, course, level_bp=1000)


def in_turn(app, first, second):
    """The refusals of the second deed, which begins while the first is not committed and waits for it; the books are right after both."""
    refusals = []
    other = threading.Thread(target=lambda: refusals.extend(race(app, [second])))
    with transaction():
        first()
        other.start()
        until_it_waits(other)
        assert other.is_alive()
    other.join()
    db.session.expire_all()
    assert books.faults() == {}
    assert accounts.wrong_balances() == accounts.unbalanced_assets() == 0
    return refusals


def each(deed):
    """A deed that is given another number at each call."""
    numbers = iter(range(MANY * 10))
    return lambda: deed(next(numbers))


def the(model, row):
    """Reads the row again, in whatever session asks."""
    row_id = row.id
    return lambda: db.session.get_one(model, row_id)


def test_the_same_teo_pay_for_one_checkout(ana, tea, storm):
    give(ana, 10)
    buyer = the(User, ana)
    courses = [the(Course, publish(tea, f"Course {number}", price=10_000)) for number in range(MANY)]
    refusals = storm(each(lambda number: checkout.place_order(buyer(), courses[number](), f"form {number}", level_bp=1000)))
    assert len(refusals) == MANY - 1
    assert (wallet.balance(ana.id).available, wallet.balance(ana.id).reserved) == (0, teo(10))


def test_what_is_staked_is_not_withdrawn(tea, storm):
    give(tea, 20)
    with transaction():
        bank_of(tea)
    teacher, own = the(User, tea), address_of(tea).id
    stake = each(lambda number: staking.stake(f"stake {number}", teacher(), teo(20)))
    withdraw = each(lambda number: withdrawals.request(f"wish {number}", teacher(), own, teo(20)))
    refusals = storm(stake, withdraw)
    there = wallet.balance(tea.id)
    assert len(refusals) == MANY - 1
    assert (there.available, there.staked + there.reserved) == (0, teo(20))


def test_who_cancels_and_who_approves_do_not_both_win(ana, ada, storm):
    """All of them meet one withdrawal that waits for an admin."""
    give(ana, 500)
    with transaction():
        asked = withdrawals.request("wish", ana, address_of(ana).id, teo(300))
        withdrawals.check(asked)
    assert asked.state == "in review"
    wish, admin = the(Withdrawal, asked), the(User, ada)
    refusals = storm(lambda: withdrawals.cancel(wish()), lambda: withdrawals.approve(wish(), admin()))
    there = wallet.balance(ana.id)
    # who cancels what is cancelled is not refused
    expected = {"cancelled": (MANY // 2, teo(500), 0, 0), "approved": (MANY - 1, teo(200), teo(300), 1)}[asked.state]
    assert (len(refusals), there.available, there.reserved, len(asked.approvals)) == expected


def test_the_last_use_of_a_coupon_is_one_buyers(member, tea, course, storm):
    coupon = Coupon(teacher_id=tea.id, code="ONCE", percent_bp=1000, most_uses=1, starts_at=clock.now())
    db.session.add(coupon)
    bought, buyers = the(Course, course), [the(User, member(f"buyer{number}")) for number in range(MANY)]
    refusals = storm(each(lambda number: checkout.place_order(buyers[number](), bought(), "form", code="once")))
    assert len(refusals) == MANY - 1
    assert [order.coupon_off for order in db.session.query(Order)] == [800]


def test_a_word_and_the_policy_decide_once(tea, sale, storm, monkeypatch):
    """Of two processes one has the later time."""
    real, late, order, teacher = clock.now, threading.local(), the(Order, sale), the(User, tea)
    monkeypatch.setattr(clock, "now", lambda: real() + getattr(late, "by", timedelta()))

    def policy():
        late.by = timedelta(hours=25)
        splits.decide_due(order().id)

    storm(lambda: splits.decide(order(), teacher(), True), policy)
    assert (sale.is_accepted, sale.net, sale.bonus) in ((True, 3200, teo(2)), (False, 4000, 0))
    assert sale.splits <= 2


def test_a_refund_and_lessons_completed_meanwhile(ana, sale, storm):
    order, enrolment = the(Order, sale), the(Enrolment, enrolments.enrolment(ana.id, sale.course_id))
    lessons = [the(Lesson, lesson) for lesson in sale.course.lessons]
    storm(lambda: refunds.refund(order()), each(lambda number: learning.complete_lesson(enrolment(), lessons[number % 4]())))
    assert (sale.state, enrolment().done) in (("refunded", 0), ("refunded", 1), ("paid", 4))
    assert wallet.balance(ana.id).total == (teo(50) if sale.state == "refunded" else teo(42) + teo(7.2))


def test_a_refund_and_a_dispute_of_one_sale(ana, sale, storm):
    order_id, order = sale.id, the(Order, sale)
    storm(lambda: refunds.refund(order()), each(lambda number: checkout.receive("sandbox", lost(order_id, number, 7200))))
    assert sale.state in ("refunded", "charged back")
    loss = 1500 + (7200 if sale.state == "refunded" else 0)
    assert accounts.platform("EUR", "platform").balance == -loss
    assert wallet.balance(ana.id).available == teo(50)


def test_a_dispute_and_what_the_sale_brought_paid_out_meanwhile(tea, ada, bruno, course, storm):
    sold, teacher, admin = sell(bruno, course), the(User, tea), the(User, ada)
    order_id = sold.id
    bank_of(tea)
    clock.advance(timedelta(days=31))
    lots = rewards_due.due_lots()
    mature = each(lambda number: rewards.mature(lots[number % len(lots)]))

    def pay_out(number):
        asked = payouts.request(f"payout {number}", teacher(), 1100)
        payouts.approve(asked, admin())
        payouts.mark_paid(asked, admin(), "SCT 1")

    storm(mature, each(lambda number: checkout.receive("sandbox", lost(order_id, number, 8000))), each(pay_out))
    there, paid = accounts.euros_of(tea.id), accounts.paid_out(tea.id)
    assert (sold.state, there["maturing"], there["requested"]) == ("charged back", 0, 0)
    assert there["available"] + there["debt"] == -paid
    assert paid in (0, 1100, 2200, 3300)


def test_what_matures_while_a_dispute_takes_it_back_is_not_taken_of_a_younger_sale(app, ana, bruno, course):
    old = sell(bruno, course)
    clock.advance(timedelta(days=31))
    sell(ana, course, "pay_2")
    lot = rewards_due.due_lots()[-1]  # the teacher's

    def mature():
        with app.app_context(), transaction():
            rewards.mature(lot)

    other = threading.Thread(target=mature)
    with transaction():
        checkout.receive("sandbox", lost(old.id, 1, 8000))
        other.start()
        until_it_waits(other)
    other.join()
    assert books.faults() == {}
    assert accounts.euros_of(old.teacher_id)["maturing"] == 4000


def test_a_refund_and_the_payout_of_what_other_sales_brought(tea, ana, bruno, sale, storm):
    """The sale that is given back matures still, so that the payout is whole."""
    order, teacher = the(Order, sale), the(User, tea)
    with transaction():
        splits.decide(sale, tea, False)
        bank_of(tea)
        ledger.post("earned before", accounts.platform("EUR", "platform"), accounts.member(tea.id, "EUR", "available"), 4000, "matured", evidence={"by": "test"})
    refusals = storm(lambda: refunds.refund(order()), lambda: payouts.request("payout", teacher(), 4000))
    there = accounts.euros_of(tea.id)
    assert (sale.state, refusals) == ("refunded", [])
    assert there == {"maturing": 0, "available": 0, "requested": 4000, "debt": 0}


@pytest.fixture
def matured(tea, ana, course):
    """A sale whose 40 EUR are the teacher's for good: no buyer may change his mind any more, but whoever refunds in the gateway's own pages is not asked."""
    sold = sell(ana, course)
    bank_of(tea)
    clock.advance(timedelta(days=31))
    for lot in rewards_due.due_lots():
        with transaction():
            rewards.mature(lot)
    assert accounts.euros_of(tea.id)["available"] == 4000
    return sold


def test_a_refund_and_the_payout_of_the_very_euros_it_takes_back(tea, matured, storm):
    """What is requested first is owed."""
    order_id, teacher = matured.id, the(User, tea)
    refund = each(lambda number: checkout.receive("sandbox", sent_back(order_id, number, 8000)))
    refusals = storm(refund, each(lambda number: payouts.request(f"payout {number}", teacher(), 4000)))
    there = accounts.euros_of(tea.id)
    assert (matured.state, there["maturing"], there["available"]) == ("refunded", 0, 0)
    assert (there["requested"], there["debt"], len(refusals)) in ((4000, -4000, MANY // 2 - 1), (0, 0, MANY // 2))


@pytest.mark.parametrize(("is_refund_first", "requested", "debt"), [(True, 0, 0), (False, 4000, -4000)])
def test_of_a_refund_and_a_payout_of_the_same_euros_the_second_waits_and_sees_the_first(is_refund_first, requested, debt, app, tea, matured):
    order_id, teacher = matured.id, the(User, tea)
    deeds = [lambda: checkout.receive("sandbox", sent_back(order_id, 1, 8000)), lambda: payouts.request("payout", teacher(), 4000)]
    in_turn(app, *(deeds if is_refund_first else deeds[::-1]))
    there = accounts.euros_of(tea.id)
    assert (there["available"], there["requested"], there["debt"]) == (0, requested, debt)


@pytest.fixture
def waiting(ana, course):
    """An order that waits for its payment, with 8 of Ana's 8 TEO set aside."""
    give(ana, 8)
    with transaction():
        return checkout.place_order(ana, course, "k1", level_bp=1000)


def test_an_order_cancelled_while_it_is_paid_is_paid_once(ana, waiting, storm):
    order, event = the(Order, waiting), came(waiting)
    storm(lambda: checkout.cancel(order()), each(lambda number: checkout.receive("sandbox", event(number))))
    assert (waiting.state, wallet.balance(ana.id).available, wallet.balance(ana.id).reserved) == ("paid", 0, 0)
    assert accounts.platform("TEO", "escrow").balance == teo(8)


@pytest.mark.parametrize("is_cancel_first", [True, False])
def test_of_a_cancel_and_a_payment_the_second_waits_and_sees_the_first(is_cancel_first, app, ana, waiting):
    """Money that comes after the cancel buys all the same, as after the end by time; what is paid is not cancelled."""
    order, event = the(Order, waiting), came(waiting)
    deeds = [lambda: checkout.cancel(order()), lambda: checkout.receive("sandbox", event(1))]
    refusals = in_turn(app, *(deeds if is_cancel_first else deeds[::-1]))
    assert [refusal.message for refusal in refusals] == ([] if is_cancel_first else ["This order cannot be cancelled any more: it is paid."])
    assert (waiting.state, waiting.reserved, wallet.balance(ana.id).reserved) == ("paid", 2 if is_cancel_first else 1, 0)


def test_an_order_cancelled_twenty_times_at_once_gives_back_once(ana, waiting, storm):
    order = the(Order, waiting)
    assert storm(lambda: checkout.cancel(order())) == []
    assert (waiting.state, wallet.balance(ana.id).available, wallet.balance(ana.id).reserved) == ("expired", teo(8), 0)


def came(order):
    """event(number): the gateway tells again and again that the order's money came."""
    facts = dict(order_id=order.id, amount=order.total, currency="EUR", reference="pay_1", reason="")
    return lambda number: SimpleNamespace(id=f"event {number}", kind="payment.succeeded", **facts)


def sent_back(order_id, number, amount):
    """The gateway tells of one refund again and again."""
    facts = dict(refund="re_1", amount=amount, currency="EUR", reason="")
    return SimpleNamespace(id=f"event {number}", kind="refund.succeeded", order_id=order_id, reference="pay_1", **facts)


def lost(order_id, number, amount):
    """The gateway tells of one dispute again and again."""
    facts = dict(dispute="dispute", amount=amount, currency="EUR", fee=1500, reason="fraudulent", answer_by=None)
    return SimpleNamespace(id=f"event {number}", kind="dispute.lost", order_id=order_id, reference="pay_1", **facts)

