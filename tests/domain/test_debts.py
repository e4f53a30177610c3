"""What a refund cannot take becomes a debt, and whatever is credited next repays it first."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts, queries
from lms.domain.ledger.models import Account, Transfer
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.rewards.models import Lot
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet.queries import balance, overview
from tests.conftest import sell
from tests.races import race, until_somebody_waits

rules = Rules()


@pytest.fixture
def part(ana):
    """part("available") is Ana's account in TEO, or in another asset."""
    return lambda name, asset="TEO": queries.member(ana.id, asset, name)


@pytest.fixture
def issuance(app):
    return queries.platform("TEO", "issuance")


@pytest.fixture
def refund(part, issuance):
    """refund(10) takes TEO back from what is available; she has 4, and withdrew 100."""
    with transaction():
        ledger.post("abroad", issuance, queries.platform("TEO", "outside"), 100, "withdrawal sent", evidence={"by": "test"})
        ledger.post("gift", issuance, part("available"), 4, "lesson", evidence={"by": "test"})

    def take(amount, key="refund"):
        with transaction():
            return debts.take_back(key, [part("available")], issuance, amount, "refund", evidence={"by": "test"})

    return take


@pytest.fixture
def announced(app):
    """A second version of the rules that does not hold yet, with the numbers of the first."""
    first = db.session.get_one(RulebookVersion, 1)
    db.session.add(RulebookVersion(number=2, announced_at=clock.now(), in_force_from=clock.now() + timedelta(days=20), rules=first.rules))
    db.session.flush()


def moved(reason):
    return [(row.key, row.amount) for row in db.session.query(Transfer).filter_by(reason=reason).order_by(Transfer.id)]


def test_what_is_not_there_becomes_a_debt(refund, part):
    assert [(row.source.name, row.amount) for row in refund(10)] == [("available", 4), ("debt", 6)]
    assert (part("available").balance, part("debt").balance) == (0, -6)


def test_what_the_platform_was_credited_is_no_members_to_give_back(issuance):
    with transaction():
        credit = ledger.post("fee", issuance, queries.platform("TEO", "treasury"), 4, "lesson", evidence={"by": "test"})
    with pytest.raises(ValueError, match="only a member"):
        rewards.take_back(credit, "refund")
    assert queries.platform("TEO", "treasury").balance == 4


def test_what_is_there_is_enough(refund, part):
    refund(3)
    assert (part("available").balance, part("debt").balance) == (1, 0)


def test_what_a_key_took_is_found_in_the_order_it_was_taken(refund, part):
    first = refund(10)
    db.session.execute(text("UPDATE transfers SET reason = 'refund' WHERE id = :id"), {"id": first[0].id})  # it stands at the end of the table now
    assert refund(10) == first


def test_the_same_key_takes_once_and_nothing_else(refund, part):
    first = refund(10)
    assert refund(10) == first
    assert part("debt").balance == -6
    with pytest.raises(ledger.KeyReused, match=r"The key refund was used for another transfer\."):
        refund(11)


def test_the_platform_owes_nothing(issuance):
    with pytest.raises(ValueError, match="member"):
        debts.take_back("refund", [queries.platform("TEO", "treasury")], issuance, 1, "refund", evidence={"by": "test"})


def test_the_same_key_takes_nothing_for_another_account(refund, part, issuance):
    refund(3)
    with pytest.raises(ledger.KeyReused):
        debts.take_back("refund", [part("available")], queries.platform("TEO", "treasury"), 3, "refund", evidence={"by": "test"})


def test_what_is_taken_names_why_and_by_which_rules_the_debt_too(refund, part, issuance, announced):
    taken = debts.take_back("k", [part("available")], issuance, 10, "chargeback", evidence={"dispute": 7}, rule_version=2)
    assert [(row.key, row.reason, row.evidence, row.rule_version) for row in taken] == [
        ("k:available", "chargeback", {"dispute": 7}, 2),
        ("k:debt", "chargeback", {"dispute": 7}, 2),
    ]


def test_a_repayment_names_the_credit_it_follows_from_and_its_rules(refund, part, issuance, announced):
    refund(10)
    credit = ledger.post("reward", issuance, part("available"), 2, "lesson", evidence={"by": "test"}, rule_version=2)
    repaid = queries.transfer("reward:debt")
    assert repaid.evidence == {"transfer": credit.id, "credit": "lesson", "amount": 2, "repays with": "reward"}
    assert repaid.rule_version == 2


def test_parts_are_taken_in_the_order_given(refund, part, issuance):
    ledger.post("more", issuance, part("maturing"), 5, "lesson", evidence={"by": "test"})
    debts.take_back("k", [part("maturing"), part("available")], issuance, 8, "refund", evidence={"by": "test"})
    assert (part("maturing").balance, part("available").balance, part("debt").balance) == (0, 1, 0)


def test_a_reward_and_then_a_deposit_repay_it_first(refund, part, issuance):
    outside = queries.platform("TEO", "outside")
    refund(10)
    ledger.post("reward", issuance, part("available"), 2, "lesson", evidence={"by": "test"})
    assert (part("available").balance, part("debt").balance) == (0, -4)
    ledger.post("deposit", outside, part("available"), 9, "deposit", evidence={"by": "test"})
    assert (part("available").balance, part("debt").balance) == (5, 0)
    assert moved("repaid") == [("reward:debt", 2), ("deposit:debt", 4)]


def test_the_same_key_repays_once(refund, part, issuance):
    refund(10)
    for _ in range(2):
        ledger.post("reward", issuance, part("available"), 2, "lesson", evidence={"by": "test"})
    assert (part("debt").balance, moved("repaid")) == (-4, [("reward:debt", 2)])


def test_who_owes_nothing_repays_nothing(refund):
    refund(4)
    assert moved("repaid") == []


def test_a_repayment_is_a_leg_that_the_chain_owes_a_burn_for(refund, part, issuance, ana):
    refund(10)
    ledger.post("reward", issuance, part("available"), 2, "lesson", evidence={"by": "test"})
    repaid, holder = queries.transfer("reward:debt"), queries.holder_of(ana.id).id
    assert (repaid.source_holder_id, repaid.target_holder_id, repaid.source_entry_id) == (holder, None, None)


def test_what_she_binds_is_no_credit(refund, part, issuance):
    refund(3)
    ledger.post("stake", part("available"), part("staked"), 1, "staked", evidence={"by": "test"})
    ledger.post("owed", part("debt"), issuance, 5, "refund", evidence={"by": "test"})
    ledger.post("unstake", part("staked"), part("unbonding"), 1, "unstaked", evidence={"by": "test"})
    assert (part("unbonding").balance, part("debt").balance) == (1, -5)


@pytest.mark.parametrize("bound", ["unbonding", "reserved"])
def test_who_owes_takes_nothing_out_of_what_she_had_bound(bound, refund, part, issuance):
    refund(3)
    ledger.post("bind", part("available"), part(bound), 1, "bound", evidence={"by": "test"})
    ledger.post("owed", part("debt"), issuance, 5, "refund", evidence={"by": "test"})
    ledger.post("free", part(bound), part("available"), 1, "free", evidence={"by": "test"})
    assert (part("available").balance, part("debt").balance) == (0, -4)


def test_what_only_takes_the_place_of_lost_tokens_is_no_credit(refund, part, issuance):
    refund(10)
    ledger.post("made whole", issuance, part("available"), 2, "replaced", repays=False, evidence={"by": "test"})
    assert (part("available").balance, part("debt").balance) == (2, -6)


def test_another_asset_and_another_member_repay_nothing(refund, part, issuance, bruno):
    refund(10)
    ledger.post("euros", queries.platform("EUR", "cards"), part("available", "EUR"), 700, "share", evidence={"by": "test"})
    ledger.post("his", issuance, queries.member(bruno.id, "TEO", "available"), 7, "lesson", evidence={"by": "test"})
    assert (part("debt").balance, moved("repaid")) == (-6, [])


def test_a_lot_is_as_large_as_what_its_reward_left(refund, part, ana):
    refund(10)
    with transaction():
        rewards.grant("k", ana.id, "lesson", 9, rules, clock.now() + timedelta(days=14))
    assert (part("maturing").balance, part("debt").balance, db.session.query(Lot).one().amount) == (3, 0, 3)
    assert [lot.amount for lot in overview(ana.id).maturing] == [3]
    mature()
    assert (part("maturing").balance, part("available").balance) == (0, 3)


def test_of_a_reward_that_repaid_with_all_it_was_nothing_matures(refund, part, ana):
    refund(10)
    with transaction():
        rewards.grant("k", ana.id, "lesson", 6, rules, clock.now() + timedelta(days=14))
    assert (balance(ana.id).total, part("debt").balance, overview(ana.id).maturing) == (0, 0, [])
    mature()
    assert (balance(ana.id).total, moved("matured")) == (0, [])


def test_what_was_maturing_when_the_debt_arose_repays_it_when_it_matures(refund, part, ana):
    with transaction():
        rewards.grant("k", ana.id, "lesson", 9, rules, clock.now() + timedelta(days=14))
    refund(10)
    mature()
    assert (part("maturing").balance, part("available").balance, part("debt").balance) == (0, 3, 0)


def test_a_teachers_share_repays_his_chargeback_in_euros(tea, ana, course):
    owed, earned = (queries.member(tea.id, "EUR", name) for name in ("debt", "maturing"))
    with transaction():
        debts.take_back("chargeback", [queries.member(tea.id, "EUR", "available")], queries.platform("EUR", "cards"), 2500, "chargeback", evidence={"by": "test"})
    sell(ana, course)
    assert (earned.balance, owed.balance, db.session.query(Lot).filter_by(user_id=tea.id).one().amount) == (1500, 0, 1500)
    mature(days=31)
    assert queries.member(tea.id, "EUR", "available").balance == 1500


def test_credits_at_once_repay_no_more_than_is_owed(app, refund, part, issuance):
    refund(24)

    def credit(number):
        source, target = db.session.get_one(Account, issuance_id), db.session.get_one(Account, part_ids[number % 2])
        ledger.post(f"reward:{number}", source, target, 3, "lesson", evidence={"by": "test"})

    issuance_id, part_ids = issuance.id, [part("available").id, part("maturing").id]
    assert race(app, [partial(credit, number) for number in range(16)]) == []
    assert (part("available").balance + part("maturing").balance, part("debt").balance) == (48 - 20, 0)
    assert queries.wrong_balances() == queries.unbalanced_assets() == 0


def test_who_takes_at_once_what_is_there_takes_all_of_it_and_no_more(app, refund, part, issuance):
    ids = issuance.id, part("available").id

    def act(number):
        target, available = (db.session.get_one(Account, id) for id in ids)
        if number % 2:
            ledger.post(f"reward:{number}", target, available, 1, "lesson", evidence={"by": "test"})
        else:
            debts.take(f"take:{number}", [available], target, 3, "refund", evidence={"by": "test"})

    assert race(app, [partial(act, number) for number in range(16)]) == []
    assert 0 <= part("available").balance <= 8
    assert queries.wrong_balances() == 0


def test_a_refund_and_credits_at_once_leave_what_they_sum_to(app, refund, part, issuance):
    refund(4)

    def act(number):
        source, target = (db.session.get_one(Account, id) for id in ids)
        if number % 2:
            debts.take_back(f"refund:{number}", [target], source, 5, "refund", evidence={"by": "test"})
        else:
            ledger.post(f"reward:{number}", source, target, 3, "lesson", evidence={"by": "test"})

    ids = issuance.id, part("available").id
    assert race(app, [partial(act, number) for number in range(16)]) == []
    assert (part("available").balance, part("debt").balance) == (0, 8 * (3 - 5))


def test_what_was_taken_of_the_maturing_comes_off_the_newest_lots(ana, part, issuance):
    for number in range(3):
        with transaction():
            rewards.grant(f"k{number}", ana.id, "lesson", 5, rules, clock.now() + timedelta(days=14 - number))
    with transaction():
        debts.take_back("back", [part("maturing")], issuance, 7, "refund", evidence={"by": "test"})
        rewards.fit_lots(ana.id)
    assert [lot.amount for lot in db.session.query(Lot).order_by(Lot.transfer_id)] == [5, 3, 0]
    mature()
    assert (part("maturing").balance, part("available").balance, due.due_lots()) == (0, 8, [])


def test_lots_that_fit_stay_as_they_are(ana, bruno):
    for member in (ana, bruno):
        with transaction():
            rewards.grant(f"of {member.name}", member.id, "lesson", 5, rules, clock.now() + timedelta(days=14))
    with transaction():
        rewards.fit_lots()
    assert [lot.amount for lot in db.session.query(Lot)] == [5, 5]


def test_a_lot_that_matures_waits_for_the_accounts_before_it_is_locked(app, ana, part):
    """Who takes back has the accounts and then fits the lots: the other way round the two would wait for each other."""
    with transaction():
        rewards.grant("k", ana.id, "lesson", 5, rules, clock.now() + timedelta(days=14))
    clock.advance(timedelta(days=15))
    (due_id,) = due.due_lots()
    db.session.commit()
    ledger.lock(part("maturing"))

    def mature_it():
        with app.app_context(), transaction():
            rewards.mature(due_id)

    thread = threading.Thread(target=mature_it)
    thread.start()
    until_somebody_waits()
    with db.engine.connect() as other:
        assert other.scalar(text("SELECT amount FROM lots FOR UPDATE NOWAIT")) == 5
    db.session.commit()
    thread.join()
    assert part("available").balance == 5


def mature(days=15):
    clock.advance(timedelta(days=days))
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)
