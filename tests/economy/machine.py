"""Members, teachers, admins, a payment gateway, a chain and the clock, each doing what it may at any moment; the books are looked at after each step."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, precondition, rule

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import queries as orders_found
from lms.domain.checkout import splits
from lms.domain.learning import exercise_queries as works_found
from lms.domain.learning import exercises
from lms.domain.ledger.actions import Overdraft
from lms.domain.onchain.models import Operation
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as rewards_due
from lms.domain.staking import actions as staking
from lms.domain.staking import queries as stakes
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import deposits
from lms.domain.wallet.reconciliation import audit
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import bank_files, payouts, releases
from lms.domain.withdrawals import queries as withdrawals_found
from lms.domain.withdrawals.bank_file_models import BankFile
from lms.domain.withdrawals.models import Withdrawal
from lms.domain.withdrawals.payout_models import Payout
from lms.formats.sepa import Payer
from tests.conftest import teo
from tests.economy import books
from tests.economy.trade import Trade, refusable
from tests.economy.world import STUDENTS, TEACHERS

PAYER = Payer("SchoolPlatform", "DE02120300000000202051", "BYLADEM1001")
MEMBERS = (*STUDENTS, *TEACHERS)
SPANS = {"10 minutes": timedelta(minutes=10), "an hour": timedelta(hours=1), "a day": timedelta(hours=25), "a week": timedelta(days=8), "a month": timedelta(days=31)}


class Economy(Trade):
    """All of it: beside the trade, what is staked, withdrawn, deposited, brought to the chain, and what becomes of it by the passing of time."""

    withdrawn, asked_for, exported = Bundle("withdrawn"), Bundle("asked for"), Bundle("exported")

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
        with refusable(Overdraft) as done:
            asked = withdrawals.request(f"wish {next(self.number)}", self.world.user(member), self.world.linked(member), teo(amount))
            withdrawals.check(asked)
            done.append(asked.id)
        return multiple(*done)

    @rule(withdrawal=withdrawn, admin=st.sampled_from(("ada", "otto")), word=st.sampled_from(("approve", "approve", "reject", "cancel")))
    def decide_on_withdrawal(self, withdrawal, admin, word):
        asked, by = db.session.get_one(Withdrawal, withdrawal), self.world.user(admin)
        arguments = {"approve": (by,), "reject": (by, "No."), "cancel": ()}[word]
        with refusable():
            getattr(withdrawals, word)(asked, *arguments)

    @rule(target=asked_for, teacher=st.sampled_from(TEACHERS), cents=st.sampled_from((1000, 3000, 5000)))
    def ask_for_payout(self, teacher, cents):
        with refusable(Overdraft) as done:
            done.append(payouts.request(f"payout {next(self.number)}", self.world.user(teacher), cents).id)
        return multiple(*done)

    @rule(payout=asked_for, admin=st.sampled_from(("ada", "otto")), word=st.sampled_from(("approve", "mark_paid", "mark_returned", "reject", "cancel")))
    def decide_on_payout(self, payout, admin, word):
        asked, by = db.session.get_one(Payout, payout), self.world.user(admin)
        arguments = {"approve": (by,), "mark_paid": (by, "SCT 1"), "mark_returned": (by, "Closed."), "reject": (by, "No."), "cancel": ()}[word]
        with refusable():
            getattr(payouts, word)(asked, *arguments)

    @rule(target=exported, admin=st.sampled_from(("ada", "otto")))
    def export_payouts(self, admin):
        with refusable() as done:
            done.append(bank_files.export(f"file {next(self.number)}", self.world.user(admin), PAYER).id)
        return multiple(*done)

    @rule(bank_file=exported, admin=st.sampled_from(("ada", "otto")))
    def pay_the_file(self, bank_file, admin):
        with refusable():
            bank_files.mark_paid(db.session.get_one(BankFile, bank_file), self.world.user(admin), "SCT 2")

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
            for number in [*due()] * 2:  # two workers found it
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
        assert not books.origins()
        db.session.rollback()

    def _answer(self, verb):
        for operation_id in self._waiting():
            with transaction():
                verb(db.session.get_one(Operation, operation_id))

    def _waiting(self):
        return [operation_id for (operation_id,) in db.session.query(Operation.id).filter_by(state="queued").order_by(Operation.id)]


DUE = (
    (works_found.silent, exercises.replace_silent),
    (orders_found.expiring, checkout.expire),
    (orders_found.undecided, splits.decide_due),
    (rewards_due.due_lots, rewards.mature),
    (rewards_due.due_grants, rewards.grant_deferred),
    (orders_found.declined, splits.keep_declined),
    (stakes.due, staking.release),
)
