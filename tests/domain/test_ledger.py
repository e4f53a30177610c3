"""The one primitive moves an amount once, in balance, and never overdraws."""

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts, queries
from lms.domain.ledger.keys import made
from lms.domain.ledger.models import Account, Transfer
from lms.domain.rulebook.models import RulebookVersion
from tests import rows
from tests.races import race


@pytest.fixture
def issuance(app):
    return queries.platform("TEO", "issuance")


@pytest.fixture
def available(ana):
    return queries.member(ana.id, "TEO", "available")


@pytest.fixture
def announced(app):
    """A second version of the rules that does not hold yet, with the numbers of the first."""
    first = db.session.get_one(RulebookVersion, 1)
    db.session.add(RulebookVersion(number=2, announced_at=clock.now(), in_force_from=clock.now() + timedelta(days=20), rules=first.rules))
    db.session.flush()


def test_a_transfer_moves_its_amount(issuance, available):
    ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    assert (issuance.balance, available.balance) == (-5, 5)


def test_the_same_key_moves_it_once(issuance, available):
    first = ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    assert ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"}) is first
    assert available.balance == 5


@pytest.mark.parametrize("change", [{"amount": 6}, {"reason": "other"}])
def test_the_same_key_with_another_body_is_refused(issuance, available, change):
    ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    body = {"amount": 5, "reason": "lesson", "evidence": {"by": "test"}} | change
    with pytest.raises(ledger.KeyReused):
        ledger.post("k", issuance, available, **body)


@pytest.mark.parametrize("change", ["source", "target"])
def test_the_same_key_between_other_accounts_is_refused(issuance, available, ana, bruno, change):
    ends = {"source": issuance, "target": available}
    ledger.post("k", **ends, amount=5, reason="lesson", evidence={"by": "test"})
    ledger.post("his", issuance, queries.member(bruno.id, "TEO", "available"), 5, "lesson", evidence={"by": "test"})
    other = {"source": queries.member(bruno.id, "TEO", "available"), "target": queries.member(ana.id, "TEO", "maturing")}[change]
    with pytest.raises(ledger.KeyReused, match=r"The key k was used for another transfer\."):
        ledger.post("k", **ends | {change: other}, amount=5, reason="lesson", evidence={"by": "test"})


@pytest.mark.parametrize("amount", [0, -1, 1.0, True, "5", None, float("nan"), 2**63])
def test_only_whole_amounts_above_zero_move(issuance, available, amount):
    with pytest.raises(ValueError, match="a whole number above zero"):
        ledger.post("k", issuance, available, amount, "lesson", evidence={"by": "test"})


@pytest.mark.parametrize("amount", [1, 2**63 - 1])
def test_the_smallest_amount_moves_and_the_largest_that_the_database_holds(issuance, available, amount):
    ledger.post("k", issuance, available, amount, "lesson", evidence={"by": "test"})
    assert (issuance.balance, available.balance) == (-amount, amount)


def test_an_account_holds_no_more_than_the_database_can(issuance, available):
    ledger.post("k", issuance, available, 2**63 - 1, "lesson", evidence={"by": "test"})
    with pytest.raises(ledger.Overdraft):
        ledger.post("one more", issuance, available, 1, "lesson", evidence={"by": "test"})


@pytest.mark.parametrize("evidence", [None, {}, "because", [1]])
def test_nothing_moves_without_evidence(issuance, available, evidence):
    with pytest.raises(ValueError, match="evidence"):
        ledger.post("k", issuance, available, 5, "lesson", evidence=evidence)
    assert available.balance == 0


@pytest.mark.parametrize("evidence", ["{}", "null", "[1]"])
def test_the_database_itself_refuses_a_transfer_without_evidence(issuance, available, evidence):
    ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    with pytest.raises(IntegrityError, match="ck_transfers_evidence"):
        db.session.execute(text("UPDATE transfers SET evidence = CAST(:evidence AS jsonb)"), {"evidence": evidence})


def test_an_account_is_never_overdrawn(issuance, available):
    with pytest.raises(ledger.Overdraft, match=r"There is not enough TEO for this\."):
        ledger.post("k", available, issuance, 1, "refund", evidence={"by": "test"})
    assert db.session.query(Transfer).count() == 0


def test_a_key_used_before_answers_although_the_money_is_gone(issuance, available):
    ledger.post("in", issuance, available, 5, "lesson", evidence={"by": "test"})
    out = ledger.post("out", available, issuance, 5, "refund", evidence={"by": "test"})
    assert ledger.post("out", available, issuance, 5, "refund", evidence={"by": "test"}) is out


def test_the_database_itself_refuses_an_overdraft(available):
    with pytest.raises(IntegrityError):
        db.session.execute(update(Account).where(Account.id == available.id).values(balance=-1))


def test_assets_do_not_mix(issuance, ana):
    with pytest.raises(ValueError, match="two accounts of one asset"):
        ledger.post("k", issuance, queries.member(ana.id, "EUR", "available"), 1, "lesson", evidence={"by": "test"})


def test_nothing_moves_from_an_account_to_itself(available):
    with pytest.raises(ValueError, match="two accounts"):
        ledger.post("k", available, available, 1, "lesson", evidence={"by": "test"})


def test_a_reverse_gives_back(issuance, available):
    ledger.reverse("back", ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"}), "refund")
    assert available.balance == 0


def test_a_reverse_names_what_it_reverses_and_keeps_to_its_rules(issuance, available, announced):
    back = ledger.reverse("back", ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"}, rule_version=2), "refund")
    assert (back.evidence, back.rule_version, back.reason) == ({"reverses": "k"}, 2, "refund")


def test_a_transfer_is_by_the_rules_in_force_where_none_are_named(issuance, available, announced):
    assert ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"}).rule_version == 1


def test_an_account_whose_content_stands_on_the_chain_names_its_holder(ana):
    held = {(account.asset, account.name) for account in queries.of_member(ana.id).values() if account.holder_id is not None}
    assert held == {("TEO", name) for name in ("available", "maturing", "staked", "unbonding", "reserved")}


def test_the_treasury_and_the_escrow_in_teo_are_one_holders(app):
    holder = queries.holder_of(None).id
    held = {(account.asset, account.name): account.holder_id for account in db.session.query(Account) if account.holder_id is not None}
    assert held == {("TEO", "treasury"): holder, ("TEO", "escrow"): holder}


def test_what_a_member_opened_twice_is_one_account_each(ana):
    before = len(queries.of_member(ana.id))
    ledger.open_member(ana)
    assert (len(queries.of_member(ana.id)), {account.balance for account in queries.of_member(ana.id).values()}) == (before, {0})


def test_transfers_found_by_their_keys_are_in_the_order_they_were_made(issuance, available):
    first, second = (ledger.post(key, issuance, available, 5, "lesson", evidence={"by": "test"}) for key in ("b", "a"))
    db.session.execute(update(Transfer).where(Transfer.id == first.id).values(reason="moved to the end of the table"))
    assert queries.transfers(["a", "b", "none"]) == [first, second]


def test_before_there_is_an_account_nothing_is_issued(app):
    rows.empty()
    assert queries.issued() == 0


def test_what_is_issued_is_what_came_into_being_less_what_was_taken_back(issuance, available, ana):
    assert queries.issued() == 0
    ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    ledger.post("euros", queries.platform("EUR", "cards"), queries.member(ana.id, "EUR", "available"), 700, "share", evidence={"by": "test"})
    ledger.post("taken", queries.member(ana.id, "TEO", "debt"), issuance, 2, "refund", evidence={"by": "test"})
    assert queries.issued() == 5


def test_paid_out_is_what_went_to_the_bank_less_what_came_back(ana, bruno, tea):
    bank, cards = queries.platform("EUR", "bank"), queries.platform("EUR", "cards")

    def request(user, amount):
        requested = queries.member(user.id, "EUR", "requested")
        ledger.post(f"earned {user.id}", cards, requested, 10 * amount, "share", evidence={"by": "test"})
        return ledger.post(f"paid {user.id}", requested, bank, amount, "payout", evidence={"by": "test"})

    request(tea, 700)
    request(bruno, 40)
    ledger.post("back", bank, queries.member(tea.id, "EUR", "requested"), 200, "payout returned", evidence={"by": "test"})
    assert (queries.paid_out(tea.id), queries.paid_out(bruno.id), queries.paid_out(ana.id)) == (500, 40, 0)


def test_a_key_answers_what_it_made_and_nothing_else(issuance, available):
    first = ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    assert (made(Transfer, "k", amount=5, reason="lesson"), made(Transfer, "none", amount=5)) == (first, None)
    with pytest.raises(ledger.KeyReused, match="with something else in it"):
        made(Transfer, "k", amount=5, reason="other")


def test_a_side_that_changes_what_a_holder_holds_is_a_leg(issuance, available, ana):
    earned = ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
    moved = ledger.post("k2", available, queries.member(ana.id, "TEO", "staked"), 5, "staked", evidence={"by": "test"})
    holder = queries.holder_of(ana.id).id
    assert (earned.source_holder_id, earned.target_holder_id) == (None, holder)
    assert (moved.source_holder_id, moved.target_holder_id) == (None, None)


def test_a_rollback_leaves_nothing(issuance, available):
    with pytest.raises(RuntimeError), transaction():
        ledger.post("k", issuance, available, 5, "lesson", evidence={"by": "test"})
        raise RuntimeError
    assert available.balance == 0
    assert db.session.query(Transfer).count() == 0


def test_thirty_two_threads_spend_what_is_there_and_no_more(app, issuance, available):
    with transaction():
        ledger.post("start", issuance, available, 20, "lesson", evidence={"by": "test"})
    ids = available.id, issuance.id

    def spend(number):
        ledger.post(f"spend:{number}", *(db.session.get_one(Account, id) for id in ids), 1, "refund", evidence={"by": "test"})

    refusals = race(app, [partial(spend, number) for number in range(32)])
    assert [type(refusal) for refusal in refusals] == [ledger.Overdraft] * 12
    assert (available.balance, issuance.balance) == (0, 0)
    assert queries.wrong_balances() == 0


def test_one_key_in_sixteen_threads_moves_once(app, issuance, available):
    ids = issuance.id, available.id

    def post():
        ledger.post("once", *(db.session.get_one(Account, id) for id in ids), 7, "lesson", evidence={"by": "test"})

    assert race(app, [post] * 16) == []
    assert available.balance == 7


class LedgerMachine(RuleBasedStateMachine):
    """Any transfers between any accounts: balances follow a model, assets sum to zero, signs hold, keys count once, credits repay debts."""

    def __init__(self):
        super().__init__()
        db.session.rollback()
        db.session.execute(text("UPDATE accounts SET balance = 0"))
        db.session.execute(text("DELETE FROM transfers"))
        db.session.expire_all()
        self.accounts = db.session.query(Account).order_by(Account.id).all()
        self.model = {account.id: 0 for account in self.accounts}
        self.posted, self.taken = {}, {}

    @rule(data=st.data(), amount=st.integers(1, 10**12), key=st.integers(0, 30))
    def transfer(self, data, amount, key):
        source = data.draw(st.sampled_from(self.accounts))
        target = data.draw(st.sampled_from([a for a in self.accounts if a.asset == source.asset and a.id != source.id]))
        body = (source.id, target.id, amount, "test")
        try:
            ledger.post(f"key:{key}", source, target, amount, "test", evidence={"by": "test"})
        except ledger.KeyReused:
            assert self.posted[key] != body
        except ledger.Overdraft:
            assert self._would_break(source, -amount) or self._would_break(target, amount)
        else:
            if self.posted.setdefault(key, body) is body:
                self._follow(source, target, amount)
            assert self.posted[key] == body

    @rule(data=st.data(), amount=st.integers(1, 10**12), key=st.integers(0, 10))
    def take_back(self, data, amount, key):
        part = data.draw(st.sampled_from([a for a in self.accounts if a.user_id and a.name != "debt"]))
        parts = data.draw(st.permutations([a for a in self.accounts if (a.user_id, a.asset) == (part.user_id, part.asset) and a.name != "debt"]))
        target = data.draw(st.sampled_from([a for a in self.accounts if a.asset == part.asset and a.user_id is None]))
        body = (part.user_id, target.id, amount)
        try:
            with db.session.begin_nested():
                debts.take_back(f"back:{part.user_id}:{part.asset}:{key}", parts, target, amount, "test", evidence={"by": "test"})
        except ledger.KeyReused:
            assert self.taken[part.user_id, part.asset, key] != body
        except ledger.Overdraft:
            assert self._would_break(target, amount)
        else:
            if self.taken.setdefault((part.user_id, part.asset, key), body) is body:
                self._follow_taken([*parts, self._debt_of(part)], target, amount)
            assert self.taken[part.user_id, part.asset, key] == body

    def _would_break(self, account, amount):
        return (self.model[account.id] + amount) * account.sign < 0

    def _follow(self, source, target, amount):
        self._move(source, target, amount)
        is_own = source.user_id == target.user_id and target.name != "available"
        if target.user_id and target.name != "debt" and not is_own:
            debt = self._debt_of(target)
            self._move(target, debt, min(amount, -self.model[debt.id]))

    def _follow_taken(self, parts, target, amount):
        for part in parts:
            share = amount if part.name == "debt" else min(amount, self.model[part.id])
            self._move(part, target, share)
            amount -= share

    def _move(self, source, target, amount):
        self.model[source.id] -= amount
        self.model[target.id] += amount

    def _debt_of(self, account):
        return next(a for a in self.accounts if (a.user_id, a.asset, a.name) == (account.user_id, account.asset, "debt"))

    @invariant()
    def balances_follow_the_model(self):
        assert {account.id: account.balance for account in self.accounts} == self.model

    @invariant()
    def every_asset_sums_to_zero(self):
        db.session.flush()
        assert queries.unbalanced_assets() == 0
        assert queries.wrong_balances() == 0


def test_the_ledger_under_any_transfers(app, ana, bruno):
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)),
    )
