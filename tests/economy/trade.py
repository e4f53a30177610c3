"""Courses ordered, paid, declined, decided, learned, refunded and disputed, each by whoever may at any moment."""

from collections import defaultdict
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule

from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refund_outbox, refunds, refunds_by_hand, splits
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Payment
from lms.domain.learning import actions as learning
from lms.domain.learning import exercises
from lms.domain.learning import queries as enrolments
from lms.domain.learning.exercise_models import Submission
from lms.domain.ledger import actions as ledger
from lms.domain.wallet import queries as balances
from lms.errors import DomainError
from tests.economy import books
from tests.economy.world import COUPONS, COURSES, STUDENTS, TEACHERS

BUYER, COURSE, LEVEL = st.sampled_from(STUDENTS), st.sampled_from(list(COURSES)), st.sampled_from((1500, 0, 1000))
VAT = st.sampled_from((0, 2200))


class Trade(RuleBasedStateMachine):
    """A step that the rules refuse changes nothing. `world` is where each example begins."""

    orders, sales = Bundle("orders"), Bundle("sales")

    def __init__(self, world):
        super().__init__()
        self.world, self.chain, self.number, self.told, self.sent = world, world.begin(), count(1), [], defaultdict(list)

    @initialize(target=sales)
    def sold_before(self):
        return multiple(*self.world.sales)

    @initialize(target=orders)
    def ordered_before(self):
        return self.world.order

    @rule(target=orders, buyer=BUYER, course=COURSE, level=LEVEL, has_coupon=st.booleans(), vat=VAT)
    def order(self, buyer, course, level, has_coupon, vat):
        return multiple(*self._place(buyer, course, level, COUPONS[course] if has_coupon else "", vat))

    @rule(target=sales, buyer=BUYER, course=COURSE, level=LEVEL, has_coupon=st.booleans(), vat=VAT)
    def buy(self, buyer, course, level, has_coupon, vat):
        placed = self._place(buyer, course, level, COUPONS[course] if has_coupon else "", vat)
        for order_id in placed:
            self._hear("payment.succeeded", order_id)
        return multiple(*placed)

    @rule(target=sales, order=orders, wrong=st.sampled_from((0, 0, 0, -1)))
    def pay(self, order, wrong):
        self._hear("payment.succeeded", order, wrong=wrong)
        return multiple(*([order] if self._order(order).paid_at else []))

    @rule(order=orders)
    def decline_card(self, order):
        self._hear("payment.failed", order)

    @rule(order=orders)
    def cancel_order(self, order):
        with refusable():
            checkout.cancel(self._order(order))

    @precondition(lambda self: self.told)
    @rule(event=st.integers(0, 5))
    def hear_again(self, event):
        """The gateway tells what it told before."""
        self._receive(self.told[event % len(self.told)])

    @rule(payment=st.integers(0, 3))
    def send_back_held(self, payment):
        held = db.session.query(Payment).filter_by(state="held").order_by(Payment.id).all()
        if held:
            with refusable():
                refunds.return_held(held[payment % len(held)], self.world.user("ada"))

    @rule(sale=sales, takes=st.booleans())
    def decide(self, sale, takes):
        with refusable():
            order = self._order(sale)
            splits.decide(order, order.teacher, takes)

    @rule(teacher=st.sampled_from(TEACHERS), level=st.sampled_from((0, 1000, splits.ALWAYS)))
    def set_policy(self, teacher, level):
        with transaction():
            splits.set_policy(self.world.user(teacher), level)

    @rule(sale=sales, lessons=st.sampled_from((1, 4)))
    def learn(self, sale, lessons):
        order = self._order(sale)
        enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
        for lesson in order.course.lessons[:lessons] if enrolment else ():
            with transaction():
                learning.complete_lesson(enrolment, lesson)

    @rule(sale=sales, score=st.sampled_from((8, 8, 2, 0)))
    def do_exercise(self, sale, score):
        """The buyer hands work in, and who is asked says what he thinks; with a score of 0 nobody does yet."""
        order = self._order(sale)
        enrolment = enrolments.enrolment(order.buyer_id, order.course_id)
        if enrolment is None:
            return
        with refusable():
            exercises.hand_in(enrolment, order.course.lessons[0], f"Work {next(self.number)}")
        for work in db.session.query(Submission).filter_by(enrolment_id=enrolment.id, state="in review").all() if score else ():
            with refusable():
                exercises.grade(work, order.teacher, score, "So.") if work.is_for_teacher else exercises.give(work.reviews[-1], score, "So.")

    @rule(sale=sales)
    def refund(self, sale):
        with refusable():
            refunds.refund(self._order(sale))

    @rule(sale=sales, payment=st.integers(0, 2), part=st.sampled_from((1, 1, 2)), outcome=st.sampled_from(("lost", "lost", "won", "opened")), fee=st.sampled_from((1500, 1500, 0)))
    def dispute(self, sale, payment, part, outcome, fee):
        """About what paid the order, or other money that came for it; the whole or a half. Of one that was won the fee may come back."""
        taken = db.session.query(Payment).filter_by(order_id=sale).order_by(Payment.id).all()
        about = taken[payment % len(taken)]
        facts = dict(reference=about.reference, amount=about.amount // part, dispute=f"dispute of {about.reference}", fee=fee, reason="fraudulent", answer_by=None)
        self._hear(f"dispute.{outcome}", sale, **facts)

    @rule(sale=sales, payment=st.integers(0, 1), parts=st.sampled_from((2, 2, 1)), word=st.sampled_from(("bear", "take back", "")))
    def send_back_by_hand(self, sale, payment, parts, word):
        """Somebody sends money back in the gateway's pages, the whole or a half, and an admin says what it was. No gateway sends more than was paid."""
        taken = db.session.query(Payment).filter_by(order_id=sale).order_by(Payment.id).all()
        about = taken[payment % len(taken)]
        amount, refund = about.amount // parts, f"by hand {next(self.number)}"
        if sum(self.sent[about.reference]) + amount > about.amount or about.state == "returned":
            return
        self.sent[about.reference].append(amount)
        self._hear("refund.succeeded", sale, reference=about.reference, amount=amount, refund=refund)
        part = refunds_by_hand.of(about, refund)
        with refusable():
            if part and word:
                refunds_by_hand.bear(part, self.world.user("ada")) if word == "bear" else refund_outbox.take_sale_back(part, self.world.user("ada"))

    def _place(self, buyer, title, level, coupon, vat):
        """[the order's id], nothing for one that is refused."""
        course = self.world.course(title)
        tier, key = books.tier(balances.balance(course.teacher_id).staked), f"form {next(self.number)}"
        with refusable() as done:
            order = checkout.place_order(self.world.user(buyer), course, key, vat, level_bp=level, code=coupon)
            assert order.key != key or order.tier == tier, f"{order.tier} in place of {tier}"  # another key: the one that was open already
            assert (order.level_bp, order.coupon.code if order.coupon else "", order.vat_bp) == (level, coupon, vat)
            done.append(order.id)
        return done

    def _hear(self, kind, order_id, wrong=0, **facts):
        """An event of the gateway."""
        order, number = self._order(order_id), next(self.number)
        event = dict(id=f"event {number}", kind=kind, reference=f"payment {number}", order_id=order_id, amount=order.total + wrong, currency="EUR", reason="")
        self.told.append(SimpleNamespace(**event | facts))
        self._receive(self.told[-1])

    def _receive(self, event):
        with transaction():
            checkout.receive("sandbox", event)

    def _order(self, order_id):
        return db.session.get_one(Order, order_id)


@contextmanager
def refusable(*refusals):
    """A transaction that the rules may refuse. An overdraft is none of their sentences: only who asks for what he has not may meet it."""
    try:
        with transaction():
            yield (done := [])
    except DomainError as refusal:
        assert not isinstance(refusal, ledger.Overdraft) or isinstance(refusal, refusals or ()), refusal  # noqa: PT017 - it may be refused or not
        done.clear()
