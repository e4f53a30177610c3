"""A sale taken back, by the buyer or by his bank."""

import threading
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds, splits
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment, Refund
from lms.domain.checkout.receipts import receipt
from lms.domain.courses import queries as courses
from lms.domain.courses.models import Lesson
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.learning.models import Enrolment
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet.queries import balance
from lms.errors import DomainError, Forbidden
from tests.conftest import give, pay, publish, sell, teo
from tests.races import PATIENCE, race, until_it_waits, until_somebody_waits


@pytest.fixture
def rich(ana):
    give(ana, 100)
    return ana


@pytest.fixture
def sold(rich, tea):
    """sold(accepts=…, level_bp=…) is a paid order of a course of four lessons at 100 EUR; accepts None: undecided."""

    def make(accepts=True, level_bp=1000, price=10_000, lessons=4):
        if accepts is not None:
            with transaction():
                splits.set_policy(tea, splits.ALWAYS if accepts else 0)
        return sell(rich, publish(tea, "Knots", price=price, lessons=lessons), level_bp=level_bp, vat_rate=2200)

    return make


def complete(order, count):
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    for lesson in courses.by_slug(order.course.slug).lessons[:count]:
        with transaction():
            learning.complete_lesson(enrolment, lesson)


def refund(order):
    with transaction():
        return refunds.refund(order)


def mature(days=31):
    clock.advance(timedelta(days=days))
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)


def dispute(order, kind="lost", **facts):
    return pay(order, kind=f"dispute.{kind}", **{"amount": order.total, "id": f"dp_{kind}", "dispute": "dp_1", "fee": 1500, "reason": "fraudulent"} | facts)


def everything():
    """Each account that holds something, but for what the test gave."""
    rows = db.session.query(books.Account).filter(books.Account.balance != 0)
    return {(account.asset, account.name, account.user_id): account.balance for account in rows}


@pytest.mark.parametrize("accepts", [True, False, None])
def test_a_refund_leaves_every_account_as_it_was_before_the_sale(accepts, sold, rich):
    before = everything()
    order = sold(accepts)
    complete(order, 1)
    refund(order)
    db.session.expire_all()
    assert everything() == before
    assert (order.state, enrolments.enrolment(order.buyer_id, order.course_id)) == ("refunded", None)


def test_what_is_taken_back_under_new_rules_names_those_it_was_made_by(sold, rich):
    order = sold()
    complete(order, 1)
    with transaction():
        db.session.add(RulebookVersion(number=2, announced_at=clock.now(), in_force_from=clock.now(), rules=rulebook.as_row(Rules(number=2))))
    refund(order)
    mature()
    rows = db.session.query(Transfer).filter(Transfer.evidence["order"].as_integer() == order.id)
    assert {row.rule_version for row in rows} == {1}


def test_the_money_goes_back_by_an_outbox(sold):
    order = sold()
    refund(order)
    waiting = db.session.query(Refund).one()
    assert (waiting.amount, waiting.state, waiting.payment.state) == (order.total, "waiting", "returned")


def test_twice_does_it_once(sold):
    order = sold()
    refund(order)
    refund(order)
    assert db.session.query(Refund).count() == 1


def test_what_is_taken_back_is_told_before(sold):
    order = sold()
    complete(order, 1)
    told = refunds.preview(order)
    assert (told.cash, told.tokens, told.rewards, told.deferred) == (order.total, teo(10), teo(1.8) + teo(0.9), 0)


def test_thirty_percent_is_too_far(sold):
    order = sold(lessons=10)
    complete(order, 3)
    with pytest.raises(DomainError, match="completed 30 %"):
        refund(order)


def test_below_thirty_percent_is_not(sold):
    order = sold(lessons=10)
    complete(order, 2)
    assert refund(order).state == "refunded"


@pytest.mark.parametrize(("seconds", "possible"), [(-1, True), (0, False)])
def test_the_window_ends_after_fourteen_days_to_the_second(seconds, possible, sold):
    order = sold()
    clock.advance(timedelta(days=14, seconds=seconds - 2 if possible else seconds))
    assert (refunds.obstacle(order, enrolments.enrolment(order.buyer_id, order.course_id)) is None) is possible


def test_its_lessons_are_closed(sold):
    order = sold()
    enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
    refund(order)
    with pytest.raises(Forbidden), transaction():
        learning.complete_lesson(enrolment, order.course.lessons[0])


def test_who_buys_again_goes_on_and_earns_nothing_twice(sold, rich):
    order = sold(level_bp=0)
    complete(order, 1)
    refund(order)
    again = sell(rich, order.course, reference="pay_2")
    assert enrolments.enrolment(rich.id, order.course_id).done == 1
    assert balance(rich.id).maturing == 0
    complete(again, 4)
    assert balance(rich.id).maturing == teo(3) + teo(4)  # three lessons and the completion


def test_the_order_of_who_buys_again_shows_no_reward_of_the_first(sold, rich):
    order = sold(level_bp=0)
    refund(order)
    assert receipt(rich, sell(rich, order.course, reference="pay_2").id).reward is None


def test_a_reward_that_waits_for_tomorrow_is_credited_never(sold, rich):
    order = sold(level_bp=0, price=900_000)
    assert due.deferred(rich.id)
    refund(order)
    clock.advance(timedelta(days=3))
    assert (due.due_grants(), due.deferred(rich.id)) == ([], [])


def test_what_the_day_splits_off_a_waiting_reward_meanwhile_goes_back_too(app, sold, rich):
    """A refund that waits for who grants a part of it today finds the rest that waits for tomorrow, which was not there when it began."""
    order = sold(level_bp=0, price=900_000)
    clock.advance(timedelta(days=1))
    complete(order, 1)
    (waiting,) = due.due_grants()
    order_id = order.id
    db.session.rollback()

    def give_back():
        with app.app_context():
            refund(db.session.get_one(Order, order_id))

    other = threading.Thread(target=give_back)
    with transaction():
        rewards.grant_deferred(waiting)
        other.start()
        until_it_waits(other)
    other.join()
    clock.advance(timedelta(days=1))
    assert (balance(rich.id).maturing, due.due_grants(), due.deferred(rich.id)) == (0, [], [])


def test_who_learns_while_he_buys_again_earns_by_what_he_paid_then(app, sold, rich):
    order = sold(level_bp=0, price=20_000)
    seen = enrolments.enrolment(rich.id, order.course_id)
    lesson = order.course.lessons[0]
    with app.app_context():
        mine, ana = db.session.get_one(Order, order.id), db.session.get_one(type(rich), rich.id)
        refund(mine)
        with transaction():
            mine.course.price = 10_000
        sell(ana, mine.course, reference="pay_2")
    with transaction():
        learning.complete_lesson(seen, lesson)
    assert balance(rich.id).maturing == teo(1)


def test_what_he_has_spent_of_it_he_owes(sold, rich):
    order = sold(level_bp=0)
    mature(days=13)
    with transaction():  # as if it had been available and withdrawn
        for name, amount in (("available", teo(100)), ("maturing", teo(2))):
            ledger.post(f"spent {name}", books.member(rich.id, "TEO", name), books.platform("TEO", "outside"), amount, "withdrawal sent", evidence={"by": "test"})
    refund(order)
    assert (balance(rich.id).total, balance(rich.id).debt) == (0, -teo(2))


def test_a_lost_dispute_reverses_a_sale_whose_money_is_gone(sold, tea):
    order = sold()
    mature()
    with transaction():
        ledger.post("paid out", books.member(tea.id, "EUR", "available"), books.platform("EUR", "bank"), 4000, "payout", evidence={"by": "test"})
        ledger.post("out", books.member(tea.id, "TEO", "available"), books.platform("TEO", "outside"), teo(12), "withdrawal sent", evidence={"by": "test"})
    dispute(order)
    assert order.state == "charged back"
    assert (books.member(tea.id, "EUR", "debt").balance, balance(tea.id).debt) == (-4000, -teo(12))
    assert books.platform("EUR", "cards").balance == 1500
    assert books.platform("EUR", "platform").balance == -1500
    assert (books.unbalanced_assets(), books.wrong_balances()) == (0, 0)


def test_a_dispute_that_is_won_or_only_opened_moves_nothing(sold):
    order = sold()
    before = everything()
    dispute(order, "opened")
    dispute(order, "won", fee=0)
    dispute(order, "lost", id="late")
    assert everything() == before
    assert (order.state, db.session.query(Dispute).one().state) == ("paid", "won")


def test_a_dispute_lost_before_it_was_opened_counts_once(sold):
    order = sold()
    dispute(order)
    dispute(order, "opened")
    dispute(order, id="again")
    assert books.platform("EUR", "cards").balance == 1500


def test_declined_teo_come_out_of_the_treasury_again(sold, rich):
    order = sold(accepts=False)
    mature()
    with transaction():
        splits.keep_declined(order.id)
    dispute(order)
    assert (books.platform("TEO", "treasury").balance, balance(rich.id).available) == (0, teo(100))


def test_money_refunded_and_charged_back_is_the_platforms_loss(sold):
    order = sold()
    refund(order)
    dispute(order)
    assert (order.state, books.platform("EUR", "platform").balance) == ("refunded", -order.total - 1500)


def test_a_held_payment_goes_back(sold, ada):
    order = sold()
    pay(order, "pay_2")
    payment = db.session.query(Payment).filter_by(state="held").one()
    with transaction():
        refunds.return_held(payment, ada)
    with pytest.raises(DomainError), transaction():
        refunds.return_held(payment, ada)
    assert (payment.state, books.platform("EUR", "escrow").balance) == ("returned", 0)


def test_who_paid_a_held_payment_does_not_send_it_back_as_an_admin(sold):
    order = sold()
    pay(order, "pay_2")
    payment = db.session.query(Payment).filter_by(state="held").one()
    with pytest.raises(Forbidden, match="another admin decides"), transaction():
        refunds.return_held(payment, order.buyer)
    assert payment.state == "held"


@pytest.mark.parametrize("is_returned", [False, True])
def test_a_dispute_about_money_that_paid_nothing_leaves_the_sale_alone(is_returned, sold, ada):
    order = sold()
    pay(order, "pay_2")
    held = db.session.query(Payment).filter_by(state="held").one()
    if is_returned:
        with transaction():
            refunds.return_held(held, ada)
    dispute(order, reference="pay_2")
    assert (order.state, held.state, books.platform("EUR", "escrow").balance) == ("paid", "returned", 0)
    loss = 1500 + (order.total if is_returned else 0)
    assert (books.platform("EUR", "platform").balance, books.platform("EUR", "cards").balance) == (order.cash - order.net - loss, loss - order.total)
    assert db.session.query(Refund).count() == is_returned


def test_a_refund_the_gateway_refuses_is_an_incident(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.failed", reason="account closed")
    assert (db.session.query(Refund).one().state, db.session.query(Incident).one().kind) == ("failed", "refund failed")


def test_a_refund_is_done_when_the_gateway_says_so(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.succeeded")
    assert db.session.query(Refund).one().state == "done"


@pytest.mark.parametrize("lacking", ["amount", "refund"])
def test_a_refund_told_without_its_facts_moves_nothing_and_can_be_told_again(sold, lacking):
    order = sold()
    with pytest.raises(ValueError, match="a fact is missing"):
        pay(order, kind="refund.succeeded", **{lacking: None})
    assert order.is_paid and db.session.query(Payment).one().state == "applied"
    pay(order, kind="refund.succeeded")
    assert order.state == "refunded"


def test_declined_teo_the_treasury_has_spent_meanwhile_are_issued_for_the_buyer(sold, rich):
    order = sold(accepts=False)
    mature()
    with transaction():
        splits.keep_declined(order.id)
    with transaction():
        ledger.post("bonus", books.platform("TEO", "treasury"), books.platform("TEO", "issuance"), teo(4), "grant", evidence={"by": "test"})
    dispute(order)
    assert (order.state, books.platform("TEO", "treasury").balance, balance(rich.id).available) == ("charged back", 0, teo(100))


def test_a_dispute_of_money_that_paid_nothing_leaves_the_sale(sold):
    order = sold()
    pay(order, "pay_2")
    dispute(order, reference="pay_2")
    held = db.session.query(Payment).filter_by(reference="pay_2").one()
    assert (order.state, held.state) == ("paid", "returned")
    assert [books.platform("EUR", name).balance for name in ("cards", "escrow")] == [1500 - order.total, 0]


def test_money_that_was_sent_back_and_is_disputed_is_the_platforms_loss(sold, ada):
    order = sold()
    kept = books.platform("EUR", "platform").balance
    pay(order, "pay_2")
    with transaction():
        refunds.return_held(db.session.query(Payment).filter_by(state="held").one(), ada)
    dispute(order, reference="pay_2")
    assert (order.state, books.platform("EUR", "platform").balance) == ("paid", kept - order.total - 1500)


def test_a_part_the_bank_takes_is_the_platforms_loss_and_leaves_the_sale(sold):
    order = sold()
    kept = books.platform("EUR", "platform").balance
    dispute(order, amount=3000)
    assert (order.state, books.platform("EUR", "platform").balance) == ("paid", kept - 4500)


def test_a_dispute_told_before_its_payment_reverses_the_sale_all_the_same(rich, tea):
    with transaction():
        order = checkout.place_order(rich, publish(tea, "Knots", price=10_000), "k1")
    dispute(order, "opened")
    pay(order)
    dispute(order)
    assert (order.state, books.platform("EUR", "escrow").balance) == ("charged back", 0)


def test_what_the_bank_asks_back_is_not_refunded_too(sold):
    order = sold()
    dispute(order, "opened")
    with pytest.raises(DomainError, match="bank"):
        refund(order)
    dispute(order, "won")
    assert refund(order).state == "refunded"


def test_held_money_the_bank_asks_back_is_not_sent_back_too(sold, ada):
    order = sold()
    pay(order, "pay_2")
    dispute(order, "opened", reference="pay_2")
    with pytest.raises(DomainError, match="bank"), transaction():
        refunds.return_held(db.session.query(Payment).filter_by(state="held").one(), ada)


def test_a_refund_refused_for_a_dispute_that_is_lost_takes_the_money_once(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.failed", reason="charge_disputed")
    dispute(order)
    assert books.platform("EUR", "platform").balance == -1500


def test_part_of_the_money_sent_back_by_hand_does_not_stand_for_our_refund(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.succeeded", refund="re_by_hand", amount=100)
    assert (db.session.query(Refund).one().state, db.session.query(Incident).one().kind) == ("waiting", "refund not ours")


def test_each_refund_by_hand_is_an_incident(sold):
    order = sold()
    for number in (1, 2):
        pay(order, kind="refund.succeeded", id=f"evt_{number}", refund=f"re_by_hand_{number}", amount=100)
    assert [incident.details["amount"] for incident in db.session.query(Incident)] == [100, 100]


def test_a_refund_that_failed_stays_so_when_an_older_event_comes_late(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.failed", reason="account closed")
    pay(order, kind="refund.succeeded")
    assert db.session.query(Refund).one().state == "failed"


@pytest.mark.parametrize(("count", "state", "earned"), [(1, "refunded", 0), (2, "paid", 2 + 2)])
def test_lessons_completed_while_the_course_goes_back_are_seen(count, state, earned, app, sold, rich):
    order = sold(level_bp=0)
    order_id, lesson_ids = order.id, [lesson.id for lesson in order.course.lessons[:count]]
    enrolment_id, completed = enrolments.enrolment(rich.id, order.course_id).id, threading.Event()
    db.session.rollback()

    def complete_them():
        for lesson_id in lesson_ids:
            learning.complete_lesson(db.session.get_one(Enrolment, enrolment_id), db.session.get_one(Lesson, lesson_id))
        completed.set()
        until_somebody_waits()  # the refund has begun

    def refund_it():
        completed.wait(PATIENCE)
        refunds.refund(db.session.get_one(Order, order_id))

    race(app, [complete_them, refund_it])
    assert (db.session.get_one(Order, order_id).state, balance(rich.id).maturing) == (state, teo(earned))


def test_a_payment_sent_back_whole_by_hand_takes_the_sale_back(sold, rich):
    before = everything()
    order = sold()
    complete(order, 1)
    pay(order, kind="refund.succeeded", refund="re_by_hand")
    db.session.expire_all()
    assert (order.state, everything()) == ("refunded", before)
    assert db.session.query(Refund.reference, Refund.state).all() == [("re_by_hand", "done")]
    assert db.session.query(Incident).one().kind == "refund not ours"


def test_held_money_sent_back_by_hand_is_held_no_more(sold):
    order = sold()
    pay(order, "pay_2")
    pay(order, "pay_2", kind="refund.succeeded", refund="re_by_hand")
    held = db.session.query(Payment).filter_by(reference="pay_2").one()
    assert (order.state, held.state, books.platform("EUR", "escrow").balance) == ("paid", "returned", 0)


def test_a_refund_by_hand_that_failed_takes_nothing_back(sold):
    order = sold()
    pay(order, kind="refund.failed", refund="re_by_hand")
    assert (order.state, db.session.query(Refund).count()) == ("paid", 0)


def test_what_an_admin_sends_in_the_place_of_a_refund_that_failed_is_the_refund(sold):
    order = sold()
    refund(order)
    pay(order, kind="refund.failed", reason="account closed")
    pay(order, kind="refund.succeeded", id="evt_2", refund="re_by_hand")
    assert db.session.query(Refund.reference, Refund.state).all() == [("re_by_hand", "done")]
