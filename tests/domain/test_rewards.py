"""Grants within the caps, deferred above them, and lots that mature."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger.queries import euros_of
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries
from lms.domain.rewards.models import Grant
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet.queries import balance
from tests.conftest import announce, sell
from tests.races import race

rules = Rules()


def grant(user, key, amount, days=14):
    with transaction():
        return rewards.grant(key, user.id, "lesson", amount, rules, clock.now() + timedelta(days=days), evidence={"lesson": "One"})


def run_due():
    for transfer_id in queries.due_lots():
        with transaction():
            rewards.mature(transfer_id)
    for grant_id in queries.due_grants():
        with transaction():
            rewards.grant_deferred(grant_id)


def test_a_grant_is_credited_as_maturing(ana):
    grant(ana, "k", 5)
    assert (balance(ana.id).maturing, balance(ana.id).available) == (5, 0)


def test_the_same_key_grants_once(ana):
    grant(ana, "k", 5)
    grant(ana, "k", 5)
    assert balance(ana.id).total == 5


def test_past_the_refund_window_it_is_available_at_once(ana):
    grant(ana, "k", 5, days=-1)
    assert balance(ana.id).available == 5


def test_a_lot_matures_on_its_day_and_once(ana):
    grant(ana, "k", 5)
    run_due()
    assert balance(ana.id).available == 0
    clock.advance(timedelta(days=15))
    run_due()
    run_due()
    assert (balance(ana.id).maturing, balance(ana.id).available) == (0, 5)


@pytest.mark.parametrize(("teaching", "days"), [(0, 30), (90, 14)])
def test_a_teachers_share_matures_in_euros(ana, tea, course, teaching, days):
    with transaction():
        tea.teacher_since = clock.now() - timedelta(days=teaching)
    sell(ana, course)
    clock.advance(timedelta(days=days, minutes=-1))
    run_due()
    assert (euros_of(tea.id)["maturing"], euros_of(tea.id)["available"]) == (4000, 0)
    clock.advance(timedelta(minutes=1))
    run_due()
    assert (euros_of(tea.id)["maturing"], euros_of(tea.id)["available"]) == (0, 4000)


@pytest.mark.parametrize("amounts", [(130 * MICRO,), (100 * MICRO, 30 * MICRO), (60 * MICRO, 70 * MICRO)])
def test_what_is_above_the_days_cap_is_deferred_and_not_lost(ana, amounts):
    for number, amount in enumerate(amounts):
        grant(ana, f"k{number}", amount)
    assert balance(ana.id).total == 100 * MICRO
    assert sum(waiting.amount for waiting in queries.deferred(ana.id)) == 30 * MICRO
    run_due()
    assert balance(ana.id).total == 100 * MICRO
    clock.advance(timedelta(days=1))
    run_due()
    assert balance(ana.id).total == 130 * MICRO
    assert queries.deferred(ana.id) == []


def test_a_deferred_key_is_not_granted_again(ana):
    grant(ana, "full", 100 * MICRO)
    grant(ana, "k", 5)
    grant(ana, "k", 5)
    clock.advance(timedelta(days=1))
    run_due()
    assert balance(ana.id).total == 100 * MICRO + 5


def test_a_very_large_grant_spreads_over_days(ana):
    grant(ana, "k", 250 * MICRO)
    for _ in range(3):
        clock.advance(timedelta(days=1))
        run_due()
    assert balance(ana.id).total == 250 * MICRO
    assert {row.amount for row in db.session.query(Grant)} == {100 * MICRO, 50 * MICRO}


def test_the_platforms_cap_counts_all_members(ana, bruno):
    announce(user_daily_cap=8, platform_daily_cap=8)
    clock.advance(timedelta(days=20, minutes=1))
    with transaction():
        rewards.grant("a", ana.id, "lesson", 6, rules, clock.now())
        rewards.grant("b", bruno.id, "lesson", 6, rules, clock.now())
    assert (balance(ana.id).total, balance(bruno.id).total) == (6, 2)


def versions(grant):
    """Of the amount, by the transfer and by its evidence, and of the caps."""
    return grant.transfer.rule_version, grant.evidence["rule_version"], grant.evidence["caps"]["version"]


def test_the_amount_is_by_the_rules_of_the_order_and_the_cap_by_those_of_the_day(ana):
    announce(user_daily_cap=150 * MICRO)
    clock.advance(timedelta(days=20, minutes=1))
    granted = grant(ana, "k", 130 * MICRO)
    assert (balance(ana.id).total, queries.deferred(ana.id)) == (130 * MICRO, [])
    assert versions(granted) == (1, 1, 2)
    assert granted.transfer.evidence["caps"]["own_cap"] == 150 * MICRO


def test_what_waited_is_granted_within_the_caps_of_its_new_day(ana):
    announce(14.5, user_daily_cap=20 * MICRO)
    clock.advance(timedelta(days=14))
    first = grant(ana, "k", 130 * MICRO)
    clock.advance(timedelta(days=2))
    run_due()
    assert balance(ana.id).total == 120 * MICRO
    second = db.session.query(Grant).filter_by(key="k:rest").one()
    assert (versions(first), versions(second)) == ((1, 1, 1), (1, 1, 2))
    assert [waiting.amount for waiting in queries.deferred(ana.id)] == [10 * MICRO]


def test_a_late_grant_holds_no_account_but_those_it_moves_between(ana):
    """Else a lot of the member that matures meanwhile would deadlock with it."""
    rewards.grant("k", ana.id, "lesson", 5, rules, clock.now() - timedelta(days=1))
    with db.engine.connect() as other:
        other.execute(text("SET lock_timeout = '1s'"))
        maturing = text("SELECT name FROM accounts WHERE user_id = :id AND asset = 'TEO' AND name = 'maturing' FOR UPDATE")
        assert other.scalar(maturing, {"id": ana.id}) == "maturing"


@pytest.mark.parametrize("count", [1, 20])
def test_twenty_at_once_pass_neither_cap(count, app, member):
    """One member's own, and that of all together."""
    announce(user_daily_cap=50, platform_daily_cap=70 if count > 1 else 1000)
    clock.advance(timedelta(days=20, minutes=1))
    users, at = [member(f"member{number}").id for number in range(count)], clock.now() + timedelta(days=14)
    race(app, [lambda n=n: rewards.grant(f"k{n}", users[n % count], "lesson", 6, rules, at) for n in range(20)])
    granted = [grant.amount for grant in db.session.query(Grant) if not grant.is_deferred]
    deferred = [grant.amount for grant in db.session.query(Grant) if grant.is_deferred]
    assert (sum(granted), sum(deferred)) == ((50, 70) if count == 1 else (70, 50))
    assert sum(balance(user_id).total for user_id in users) == sum(granted)
