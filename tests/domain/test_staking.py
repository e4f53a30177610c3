"""TEO bound for a tier, asked out, and free again."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout.terms import terms
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.staking import actions as staking
from lms.domain.staking import queries
from lms.domain.staking.models import Stake
from lms.domain.wallet.queries import balance
from lms.errors import DomainError, Forbidden, Invalid
from tests.conftest import give, publish, sell, teo
from tests.races import race


@pytest.fixture
def rich(tea):
    give(tea, 500)
    return tea


def stake(user, amount, key="s1"):
    with transaction():
        return staking.stake(key, user, teo(amount))


def unstake(user, amount, key="u1"):
    with transaction():
        return staking.unstake(key, user, teo(amount))


def release():
    for unstaking_id in queries.due():
        with transaction():
            staking.release(unstaking_id)


def parts(user):
    found = balance(user.id)
    return found.available, found.staked, found.unbonding


def test_a_stake_is_bound_for_a_week(rich):
    made = stake(rich, 100)
    assert parts(rich) == (teo(400), teo(100), 0)
    assert made.unlocks_at - made.staked_at == timedelta(days=7)


def test_the_same_key_stakes_once_and_another_amount_is_refused(rich):
    assert stake(rich, 100) is stake(rich, 100)
    assert parts(rich)[1] == teo(100)
    with pytest.raises(ledger.KeyReused):
        stake(rich, 50)


def test_a_tier_counts_for_what_is_sold_from_then_on(rich, ana):
    course = publish(rich, "Knots", price=10_000)
    before = sell(ana, course)
    stake(rich, 100)
    assert (before.tier, before.share) == ("Bronze", 5000)
    assert (terms(course).tier, terms(course).share) == ("Silver", 5500)


def test_what_is_locked_is_not_asked_out(rich):
    stake(rich, 100)
    clock.advance(timedelta(days=6, hours=23))
    with pytest.raises(DomainError, match="locked still"):
        unstake(rich, 1)
    assert parts(rich)[1] == teo(100)


def test_the_tier_falls_at_the_request_and_the_teo_come_a_week_later(rich):
    stake(rich, 100)
    clock.advance(timedelta(days=7))
    unstake(rich, 1)
    assert queries.standing(rich.id).tier.name == "Bronze"
    clock.advance(timedelta(days=6, hours=23))
    release()
    assert parts(rich) == (teo(400), teo(99), teo(1))
    clock.advance(timedelta(hours=1))
    release()
    release()
    assert parts(rich) == (teo(401), teo(99), 0)
    assert db.session.query(Notice).filter_by(kind="stake released").count() == 1


def test_the_oldest_stakes_go_first(rich):
    first, second = stake(rich, 30, "s1"), stake(rich, 30, "s2")
    clock.advance(timedelta(days=8))
    stake(rich, 30, "s3")
    unstake(rich, 40)
    assert (first.left, second.left) == (0, teo(20))
    with pytest.raises(DomainError, match="locked still"):
        unstake(rich, 21, "u2")


def test_more_than_there_is_is_refused(rich):
    with pytest.raises(DomainError, match="so many TEO available"):
        stake(rich, 501)
    with pytest.raises(DomainError, match="not staked so many"):
        unstake(rich, 1)
    assert parts(rich) == (teo(500), 0, 0)


@pytest.mark.parametrize("amount", [0, -1, 9_999, 1.5, True])
def test_an_amount_is_a_whole_number_from_a_hundredth(amount, rich):
    with pytest.raises(Invalid), transaction():
        staking.stake("s", rich, amount)


def test_students_stake_nothing(ana):
    give(ana, 5)
    with pytest.raises(Forbidden):
        stake(ana, 1)


def test_who_owes_repays_out_of_his_stake(rich):
    stake(rich, 100)
    clock.advance(timedelta(days=7))
    unstake(rich, 100)
    with transaction():
        ledger.post("owed", books.member(rich.id, "TEO", "debt"), books.platform("TEO", "issuance"), teo(30), "refund", evidence={"by": "test"})
    clock.advance(timedelta(days=7))
    release()
    assert (parts(rich)[0], balance(rich.id).debt) == (teo(470), 0)


def test_the_same_teo_are_staked_once_by_twenty(app, rich):
    user, user_id = type(rich), rich.id
    refusals = race(app, [lambda key=key: staking.stake(f"s{key}", db.session.get(user, user_id), teo(400)) for key in range(20)])
    assert (len(refusals), parts(rich)) == (19, (teo(100), teo(400), 0))


def test_the_same_stake_is_asked_out_once_by_twenty(app, rich):
    stake(rich, 100)
    clock.advance(timedelta(days=7))
    user, user_id = type(rich), rich.id
    refusals = race(app, [lambda key=key: staking.unstake(f"u{key}", db.session.get(user, user_id), teo(60)) for key in range(20)])
    assert (len(refusals), parts(rich)) == (19, (teo(400), teo(40), teo(60)))


def test_parts_asked_out_at_once_come_off_the_stakes_they_are_of(app, rich):
    stake(rich, 100)
    clock.advance(timedelta(days=7))
    user, user_id = type(rich), rich.id
    refusals = race(app, [lambda key=key: staking.unstake(f"u{key}", db.session.get(user, user_id), teo(4)) for key in range(20)])
    assert (len(refusals), parts(rich)) == (0, (teo(400), teo(20), teo(80)))
    assert [each.left for each in db.session.query(Stake)] == [teo(20)]


def test_one_unbonding_ends_once_for_twenty(app, rich):
    stake(rich, 100)
    clock.advance(timedelta(days=7))
    asked = unstake(rich, 100).id
    clock.advance(timedelta(days=7))
    race(app, [lambda: staking.release(asked)] * 20)
    assert parts(rich) == (teo(500), 0, 0)


def test_rows_and_account_agree(rich):
    stake(rich, 100, "s1")
    clock.advance(timedelta(days=7))
    stake(rich, 50, "s2")
    unstake(rich, 70)
    assert sum(each.left for each in db.session.query(Stake)) == balance(rich.id).staked
