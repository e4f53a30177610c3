"""Members, teachers, admins, a payment gateway, a chain and the clock, each doing what it may at any moment; the books are looked at after each step."""

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries as orders_found
from lms.domain.checkout import refunds, splits
from lms.domain.checkout.models import Order, Payment
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.onchain.models import Operation
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as rewards_due
from lms.domain.staking import actions as staking
from lms.domain.staking import queries as stakes
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import deposits
from lms.domain.wallet.reconciliation import audit
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import queries as withdrawals_found
from lms.domain.withdrawals import releases
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError
from tests.conftest import teo
from tests.economy import books
from tests.economy.world import COUPONS, COURSES, STUDENTS, TEACHERS

MEMBERS = (*STUDENTS, *TEACHERS)
SPANS = {"10 minutes": timedelta(minutes=10), "an hour": timedelta(hours=1), "a day": timedelta(hours=25), "a week": timedelta(days=8), "a month": timedelta(days=31)}


class Economy(RuleBasedStateMachine):
    """A step that the rules refuse changes nothing. `world` is where each example begins."""

    orders, sales, withdrawn = Bundle("orders"), Bundle("sales"), Bundle("withdrawn")

    def __init__(self, world):
        super().__init__()
        self.world, self.chain, self.number = world, world.begin(), count(1)

    @initialize(target=sales)
    def begin(self):
        return multiple(*self.world.sales)

    @rule(target=orders, buyer=st.sampled_from(STUDENTS), course=st.sampled_from(list(COURSES)), level=st.sampled_from((1500, 0, 1000)), coupon=st.sampled_from(COUPONS), vat=st.sampled_from((0, 2200)))
    def order(self, buyer, course, level, coupon, vat):
        with refusable() as done:
            placed = checkout.place_order(self.world.user(buyer), self.world.course(course), f"form {next(self.number)}", vat, level_bp=level, code=coupon)
            done.append(placed.id)
        return multiple(*done)

    @rule(target=sales, buyer=st.sampled_from(STUDENTS), course=st.sampled_from(list(COURSES)), level=st.sampled_from((1500, 0, 1000)))
    def buy(self, buyer, course, level):
        with refusable() as done:
            placed = checkout.place_order(self.world.user(buyer), self.world.course(course), f"form {next(self.number)}", level_bp=level)
            done.append(placed.id)
        for order_id in done:
            self._hear("payment.succeeded", order_id)
        return multiple(*done)

    @rule(target=sales, order=orders, wrong=st.sampled_from((0, 0, 0, -1)))
    def pay(self, order, wrong):
        self._hear("payment.succeeded", order, wrong=wrong)
        return multiple(*([order] if self._order(order).paid_at else []))

    @rule(order=orders)
    def decline_card(self, order):
        self._hear("payment.failed", order)

    @rule(payment=st.integers(0, 3))
    def send_back_held(self, payment):
        held = db.session.query(Payment).filter_by(state="held").order_by(Payment.id).all()
        if held:
            with transaction():
                refunds.return_held(held[payment % len(held)])

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

    @rule(sale=sales)
    def refund(self, sale):
        with refusable():
            refunds.refund(self._order(sale))

    @rule(sale=sales, payment=st.integers(0, 2), outcome=st.sampled_from(("lost", "lost", "won", "opened")))
    def dispute(self, sale, payment, outcome):
        """About what paid the order, or other money that came for it."""
        taken = db.session.query(Payment).filter_by(order_id=sale).order_by(Payment.id).all()
        reference = taken[payment % len(taken)].reference
        self._hear(f"dispute.{outcome}", sale, reference=reference, dispute=f"dispute of {reference}", fee=1500, reason="fraudulent")

    @rule(teacher=st.sampled_from(TEACHERS), amount=st.sampled_from((100, 20, 300)))
    def stake(self, teacher, amount):
        with refusable():
            staking.stake(f"stake {next(self.number)}", self.world.user(teacher), teo(amount))

    @rule(teacher=st.sampled_from(TEACHERS), amount=st.sampled_from((20, 100)))
    def unstake(self, teacher, amount):
        with refusable():
            staking.unstake(f"unstake {next(self.number)}", self.world.user(teacher), teo(amount))

    @rule(target=withdrawn, member=st.sampled_from(MEMBERS), amount=st.sampled_from((10, 20, 100)))
    def withdraw(self, member, amount):
        with refusable(ledger.Overdraft) as done:
            asked = withdrawals.request(f"wish {next(self.number)}", self.world.user(member), self.world.linked(member), teo(amount))
            withdrawals.check(asked)
            done.append(asked.id)
        return multiple(*done)

    @rule(withdrawal=withdrawn, admin=st.sampled_from(("ada", "otto")), word=st.sampled_from(("approve", "approve", "reject", "cancel")))
    def decide_on_withdrawal(self, withdrawal, admin, word):
        asked, by = db.session.get_one(Withdrawal, withdrawal), self.world.user(admin)
        verbs = {"approve": (withdrawals.approve, by), "reject": (withdrawals.reject, by, "No."), "cancel": (withdrawals.cancel,)}
        verb, *arguments = verbs[word]
        with refusable():
            verb(asked, *arguments)

    @rule(is_mined=st.booleans())
    def settle(self, is_mined):
        for withdrawal_id in withdrawals_found.approved():
            with transaction():
                self.chain.see()
                releases.queue(withdrawals_found.withdrawal(withdrawal_id))
        with transaction():
            wallet.open_batch()
        if is_mined:
            self._answer(self.chain.mine)

    @precondition(lambda self: self._waiting())
    @rule(is_refused=st.sampled_from((False, False, False, True)))
    def mine(self, is_refused):
        self._answer(self.chain.refuse if is_refused else self.chain.mine)

    @precondition(lambda self: self.chain.outside)
    @rule(member=st.sampled_from(MEMBERS), part=st.sampled_from((1, 3, 5_000_000)))
    def deposit(self, member, part):
        sent = self.chain.send(self.world.address(member), max(1, self.chain.outside // part))
        with transaction():
            deposits.record(self.chain.see(), [sent], self.chain.block)
        with transaction():
            deposits.credit()

    @rule(span=st.sampled_from(list(SPANS)))
    def wait(self, span):
        clock.advance(SPANS[span])
        for due, verb in DUE:
            for number in due():
                with transaction():
                    verb(number)
        with transaction():
            deposits.credit()

    @invariant()
    def adds_up(self):
        faults, row = books.faults(), audit(self.chain.observed())
        assert not faults, faults
        assert row.differences == 0, row
        db.session.rollback()

    def teardown(self):
        db.session.rollback()

    def _hear(self, kind, order_id, wrong=0, **facts):
        """An event of the gateway, which tells nothing twice here."""
        order, number = self._order(order_id), next(self.number)
        event = dict(id=f"event {number}", kind=kind, reference=f"payment {number}", order_id=order_id, amount=order.total + wrong, currency="EUR", reason="")
        with transaction():
            checkout.receive("sandbox", SimpleNamespace(**event | facts))

    def _order(self, order_id):
        return db.session.get_one(Order, order_id)

    def _answer(self, verb):
        for operation_id in self._waiting():
            with transaction():
                verb(db.session.get_one(Operation, operation_id))

    def _waiting(self):
        return [operation_id for (operation_id,) in db.session.query(Operation.id).filter_by(state="queued").order_by(Operation.id)]


DUE = (
    (orders_found.expiring, checkout.expire),
    (orders_found.undecided, splits.decide_due),
    (rewards_due.due_lots, rewards.mature),
    (rewards_due.due_grants, rewards.grant_deferred),
    (orders_found.declined, splits.keep_declined),
    (stakes.due, staking.release),
)


@contextmanager
def refusable(*refusals):
    """A transaction that the rules may refuse. An overdraft is none of their sentences: only who asks for what he has not may meet it."""
    try:
        with transaction():
            yield (done := [])
    except DomainError as refusal:
        assert not isinstance(refusal, ledger.Overdraft) or isinstance(refusal, refusals or ()), refusal
        done.clear()
