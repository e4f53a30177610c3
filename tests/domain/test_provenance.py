"""Each millionth of a withdrawal has a credit it came from, whatever became of the member's tokens before and after."""

import pytest

from lms.db import db, transaction
from lms.domain.checkout import refunds, splits
from lms.domain.desk import provenance
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import debts
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.ledger.models import Transfer
from lms.domain.staking import actions as staking
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from tests.blueprints.test_every_evidence import meet_strangers, ready, release, settle, trade, withdraw
from tests.blueprints.test_evidence import study
from tests.conftest import address_of, give, publish, sell, teo
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def ask(app):
    """ask(ana, 20) is a withdrawal of so many TEO."""
    linked = {}

    def make(user, amount):
        wallet = linked.get(user.id) or linked.setdefault(user.id, address_of(user, f"{user.id:02x}"))
        with transaction():
            return withdrawals.request(f"{user.id} wants {amount}", user, wallet.id, teo(amount))

    return make


def found(withdrawal):
    """[(the ledger's word, TEO)]; they sum to the withdrawal."""
    pieces = provenance.pieces(withdrawal)
    assert sum(amount for _, amount in pieces) == withdrawal.amount
    return [(db.session.get(Transfer, number).reason, amount / teo(1)) for number, amount in pieces]


def part(user, name):
    return books.member(user.id, TEO, name)


def test_the_oldest_credits_go_first(ask, ana, course):
    give(ana, 15)
    sell(ana, course)
    give(ana, 100)
    assert found(ask(ana, 20)) == [("grant", 15), ("purchase", 1.6), ("grant", 3.4)]


def test_what_a_member_binds_keeps_its_place(ask, tea):
    bank_of(tea)
    give(tea, 15)
    with transaction():
        staking.stake("first", tea, teo(15))
    give(tea, 100)
    assert found(ask(tea, 20)) == [("grant", 15), ("grant", 5)]


def test_what_left_before_is_not_there_any_more(ask, ana, course):
    give(ana, 15)
    sell(ana, course, level_bp=1000)
    give(ana, 100)
    assert found(ask(ana, 20)) == [("grant", 7), ("purchase", 1.44), ("grant", 11.56)]


def test_a_refund_takes_its_own_rewards_and_leaves_what_is_older(ask, ana, course):
    give(ana, 15)
    order = sell(ana, course)
    give(ana, 100)
    with transaction():
        refunds.refund(order)
    assert found(ask(ana, 115)) == [("grant", 15), ("grant", 100)]


def test_tokens_of_a_discount_that_come_back_are_what_they_were(ask, ana, course):
    give(ana, 15)
    order = sell(ana, course, level_bp=1000)
    give(ana, 100)
    with transaction():
        refunds.refund(order)
    assert found(ask(ana, 20)) == [("grant", 15), ("grant", 5)]


def test_what_repaid_a_debt_is_of_the_credit_that_repaid_it(ask, ana):
    give(ana, 15)
    with transaction():
        issuance = books.platform(TEO, "issuance")
        debts.take_back("lost", [part(ana, "maturing")], issuance, teo(4), "refund", evidence={"by": "test"})
    give(ana, 10)
    give(ana, 100)
    assert found(ask(ana, 30)) == [("grant", 15), ("grant", 6), ("grant", 9)]


def test_two_that_are_open_at_once_are_of_different_tokens(ask, ana):
    give(ana, 15)
    give(ana, 100)
    first, second = ask(ana, 20), ask(ana, 30)
    assert found(first) == [("grant", 15), ("grant", 5)]
    assert found(second) == [("grant", 30)]


def test_what_was_rejected_is_there_again_as_old_as_it_was(ask, ana):
    give(ana, 15)
    give(ana, 100)
    with transaction():
        withdrawals.cancel(ask(ana, 20))
    assert found(ask(ana, 30)) == [("grant", 15), ("grant", 15)]


def test_what_the_chain_refused_is_there_again_as_old_as_it_was(ask, ana, chain):
    ready(ana)
    give(ana, 15)
    give(ana, 100)
    failed = ask(ana, 20)
    failed.state = "approved"
    settle()
    release(failed, is_failing=True)
    assert found(ask(ana, 115)) == [("grant", 15), ("grant", 100)]


def test_the_answer_stays_whatever_happens_later(ask, ana, course):
    order = sell(ana, course)
    give(ana, 100)
    withdrawal = ask(ana, 20)
    before = found(withdrawal)
    with transaction():
        refunds.refund(order)
        withdrawals.cancel(withdrawal)
    give(ana, 50)
    ask(ana, 60)
    assert found(withdrawal) == before == [("purchase", 1.6), ("grant", 18.4)]


def test_what_was_sent_has_left_once(ask, ana, chain):
    ready(ana)
    give(ana, 15)
    give(ana, 100)
    sent = ask(ana, 20)
    sent.state = "approved"
    settle()
    release(sent, is_failing=False)
    assert found(ask(ana, 95)) == [("grant", 95)]


def test_it_sums_to_each_withdrawal_of_an_eventful_life(app, ask, ana, tea, ada, course, chain):
    ready(ana, tea)
    trade(app, ana, tea, course)
    withdraw(ana, ada)
    meet_strangers(ana)
    ask(ana, 200)
    asked = db.session.query(Withdrawal).order_by(Withdrawal.id).all()
    assert len(asked) == 5 and all(found(withdrawal) for withdrawal in asked)


def sell_for_teo(tea, course, *buyers):
    """Each pays a tenth in TEO, which the teacher takes."""
    bank_of(tea)
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    for number, buyer in enumerate(buyers):
        give(buyer, 20 + number)
        sell(buyer, course, f"pay_{number}", level_bp=1000)


def test_sources_are_told_by_kind_and_course(ask, ana, bruno, tea, course):
    sell_for_teo(tea, course, ana, bruno)
    give(tea, 1)
    with transaction():
        ledger.post("ripe", part(tea, "maturing"), part(tea, "available"), teo(20), "matured", evidence={"lot": "of a test"})
    traced = provenance.of(ask(tea, 21))
    said = [(source.reason, source.course, source.slug, source.credits, source.amount, source.buyers) for source in traced.sources]
    assert said == [
        ("sale", "How chains work", course.slug, 2, teo(16), 2),
        ("sale bonus", "How chains work", course.slug, 2, teo(4), 2),
        ("grant", None, None, 1, teo(1), 0),
    ]
    assert (traced.amount, traced.credits) == (teo(21), 5)
    assert traced.kinds == [("sale", teo(16)), ("sale bonus", teo(4)), ("grant", teo(1))]


def test_of_many_sources_the_largest_are_listed_and_all_are_counted(ask, ana, tea, monkeypatch):
    monkeypatch.setattr(provenance, "MOST_SOURCES", 2)
    monkeypatch.setattr(provenance, "MOST_KINDS", 1)
    give(ana, 10)
    for number in range(3):
        course = publish(tea, f"Course {number}", price=8000)
        sell(ana, course, f"pay_{number}")
        study(ana, course, 1)
    give(ana, 100)
    traced = provenance.of(ask(ana, 50))
    assert [source.reason for source in traced.listed] == ["grant", "purchase"]
    assert len(traced.rest) == 5 and sum(source.amount for source in traced.listed) + traced.rest_amount == traced.amount == teo(50)
    (_, grants), (word, rest) = traced.kinds
    assert word == "" and grants + rest == teo(50)


def test_it_takes_two_statements_however_much_there_is(ask, ana, course, statements):
    sell(ana, course)
    study(ana, course, 4)
    give(ana, 100)
    withdrawal = ask(ana, 20)
    db.session.refresh(withdrawal)
    with statements() as seen:
        provenance.of(withdrawal)
    assert len(seen) == 2


def test_one_whose_request_is_not_in_the_ledger_has_no_sources(ana):
    assert provenance.of(Withdrawal(id=1, user_id=ana.id)).sources == []
