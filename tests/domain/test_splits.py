"""A and B: who gets the TEO of a discount, and with it which euros."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import queries, splits
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.wallet.queries import balance
from lms.errors import DomainError, Invalid
from tests.conftest import give, publish, sell, teo


@pytest.fixture
def rich(ana):
    give(ana, 100)
    return ana


@pytest.fixture
def sale(rich, tea):
    """sale(price=10000, level_bp=1000, staked=0) is a paid order of such a course."""

    def make(price=10_000, level_bp=1000, staked=0):
        course = publish(tea, "Knots", price=price)
        with transaction():
            course.discount_bp = 1500
            if staked:
                ledger.post("stake", books.platform("TEO", "issuance"), books.member(tea.id, "TEO", "staked"), teo(staked), "grant", evidence={"by": "test"})
        return sell(rich, course, level_bp=level_bp)

    return make


def policy(teacher, up_to_bp):
    with transaction():
        splits.set_policy(teacher, up_to_bp)


def decide(order, teacher, is_accepted):
    with transaction():
        splits.decide(order, teacher, is_accepted)


def silence(hours=24):
    clock.advance(timedelta(hours=hours))
    for order_id in queries.undecided():
        with transaction():
            splits.decide_due(order_id)


def mature(days=31):
    clock.advance(timedelta(days=days))
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)
    for order_id in queries.declined():
        with transaction():
            splits.keep_declined(order_id)


def euros(user, name="maturing"):
    return books.member(user.id, "EUR", name).balance


def platform(name="platform", asset="EUR"):
    return books.platform(asset, name).balance


# price, TEO staked by the teacher, level, B → teacher's cents, his TEO, platform's cents (DOMAIN.md, worked cases)
CASES = [
    (10_000, 0, 1000, False, 5000, 0, 4000),
    (10_000, 0, 1000, True, 4000, 12.5, 5000),
    (10_000, 1000, 1500, False, 7500, 0, 1000),
    (10_000, 1000, 1500, True, 6000, 18.75, 2500),
    (9_999, 0, 1000, False, 5000, 0, 3999),
    (9_999, 0, 1000, True, 4000, 12.5, 4999),
]


@pytest.mark.parametrize(("price", "staked", "level_bp", "accepted", "teacher", "tokens", "rest"), CASES)
def test_the_worked_cases_come_out_to_the_cent(price, staked, level_bp, accepted, teacher, tokens, rest, sale, tea):
    policy(tea, splits.ALWAYS if accepted else 0)
    order = sale(price, level_bp, staked)
    assert (euros(tea), balance(tea.id).maturing, platform()) == (teacher, teo(tokens), rest)
    assert euros(tea) + platform() == order.cash


def test_without_a_discount_there_is_nothing_to_decide(sale, tea):
    order = sale(level_bp=0)
    assert (order.decided_how, order.decide_by, euros(tea)) == ("no discount", None, 5000)


def test_without_a_policy_the_money_waits_in_escrow_and_the_teacher_is_told(sale, tea):
    order = sale()
    assert (order.decided_at, euros(tea), platform()) == (None, 0, 0)
    assert (platform("escrow"), platform("escrow", "TEO")) == (9000, teo(10))
    assert db.session.query(Notice).filter_by(user_id=tea.id).one().kind == "sale waiting"


def test_her_word_splits_it(sale, tea):
    order = sale()
    decide(order, tea, True)
    assert (order.decided_how, order.net, order.bonus) == ("teacher", 4000, teo(2.5))
    assert (euros(tea), balance(tea.id).maturing, platform("escrow", "TEO")) == (4000, teo(12.5), 0)


def test_silence_means_the_euros(sale, tea):
    order = sale()
    silence()
    silence()
    assert (order.decided_how, order.is_accepted, euros(tea)) == ("silence", False, 5000)


def test_silence_means_a_policy_she_has_set_meanwhile(sale, tea):
    order = sale()
    policy(tea, splits.ALWAYS)
    silence()
    assert (order.decided_how, order.is_accepted) == ("silence", True)


def test_before_a_day_is_over_silence_means_nothing(sale):
    order = sale()
    silence(hours=23)
    assert order.decided_at is None


@pytest.mark.parametrize(("level_bp", "accepted"), [(500, True), (1000, True), (1500, False)])
def test_a_policy_up_to_a_level(level_bp, accepted, sale, tea):
    policy(tea, 1000)
    assert sale(level_bp=level_bp).is_accepted is accepted


@pytest.mark.parametrize("first", [True, False])
def test_a_policy_can_be_overridden_for_a_day(first, sale, tea):
    policy(tea, splits.ALWAYS if first else 0)
    order = sale()
    decide(order, tea, not first)
    decide(order, tea, not first)
    assert order.is_accepted is not first
    assert (euros(tea), balance(tea.id).maturing) == ((5000, 0) if first else (4000, teo(12.5)))
    assert (platform(), platform("escrow")) == ((4000, 0) if first else (5000, 0))
    assert platform("escrow", "TEO") == (teo(10) if first else 0)


def test_what_is_decided_anew_matures_once(sale, tea):
    policy(tea, splits.ALWAYS)
    order = sale()
    decide(order, tea, False)
    decide(order, tea, True)
    mature()
    assert (euros(tea, "available"), balance(tea.id).available, balance(tea.id).maturing) == (4000, teo(12.5), 0)


def test_a_decision_is_changed_five_times_and_what_was_chosen_last_holds(sale, tea):
    order = sale()
    for number in range(6):
        decide(order, tea, number % 2 == 0)
    with pytest.raises(DomainError, match="changed this decision 5 times"):
        decide(order, tea, True)
    decide(order, tea, False)
    assert (order.is_accepted, euros(tea), balance(tea.id).maturing, platform(), platform("escrow", "TEO")) == (False, 5000, 0, 4000, teo(10))
    assert books.wrong_balances() == books.unbalanced_assets() == 0


def test_what_a_policy_said_is_changed_five_times_too(sale, tea):
    policy(tea, splits.ALWAYS)
    order = sale()
    for number in range(5):
        decide(order, tea, number % 2 == 1)
    with pytest.raises(DomainError, match="5 times"):
        decide(order, tea, True)


def test_after_a_day_nothing_can_be_decided(sale, tea):
    policy(tea, 0)
    order = sale()
    clock.advance(timedelta(hours=24))
    with pytest.raises(DomainError, match="over"):
        decide(order, tea, True)


def test_another_teacher_decides_nothing(sale, member):
    order = sale()
    with pytest.raises(DomainError, match="not a sale of yours"):
        decide(order, member("ugo", role="teacher"), True)


def test_declined_teo_are_the_treasurys_once_the_sale_is_for_good(sale, tea):
    policy(tea, 0)
    order = sale()
    mature(days=13)
    assert platform("treasury", "TEO") == 0
    mature(days=18)
    mature()
    assert (platform("treasury", "TEO"), platform("escrow", "TEO")) == (teo(10), 0)
    assert order.kept_at


def test_the_bonus_comes_from_the_treasury_and_is_issued_when_that_is_short(sale, tea):
    with transaction():
        ledger.post("t", books.platform("TEO", "issuance"), books.platform("TEO", "treasury"), teo(1), "grant", evidence={"by": "test"})
    issued = books.issued()
    policy(tea, splits.ALWAYS)
    sale()
    assert (platform("treasury", "TEO"), balance(tea.id).maturing) == (0, teo(12.5))
    assert books.issued() - issued == teo(1.5) + teo(1.8)  # the rest of the bonus, and the buyer's reward


def test_a_first_sale_of_a_new_teacher_matures_after_thirty_days(sale):
    order = sale()
    assert order.matures_at - order.paid_at == timedelta(days=30)


def test_only_teachers_have_a_policy_and_only_a_known_one(ana, tea):
    with pytest.raises(DomainError):
        policy(ana, 0)
    with pytest.raises(Invalid):
        policy(tea, 10_001)
