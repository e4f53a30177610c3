"""What the jobs of the clock make of orders, sales and stakes, when it is due and not before."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import splits
from lms.domain.ledger import queries as books
from lms.domain.staking import actions as staking
from lms.domain.wallet.queries import balance
from lms.jobs import schedule
from lms.queue import queue
from tests.conftest import give, sell, teo

NEARLY = timedelta(seconds=10)  # the clock goes on while a test runs


def passes(span, job):
    """So much time passes, and a worker does this job of the clock twice."""
    clock.advance(span)
    for _ in range(2):
        schedule.run(job)
    db.session.expire_all()


@pytest.fixture
def rich(ana):
    give(ana, 50)
    return ana


def test_an_order_waits_half_an_hour_for_its_money_and_gives_its_teo_back_then(rich, course):
    with transaction():
        order = checkout.place_order(rich, course, "k", level_bp=1000)
    passes(timedelta(minutes=30) - NEARLY, "checkout.expire")
    assert (order.state, balance(rich.id).reserved) == ("open", teo(8))
    passes(2 * NEARLY, "checkout.expire")
    assert (order.state, balance(rich.id).available, balance(rich.id).reserved) == ("expired", teo(50), 0)
    assert [job.args for job in queue._mail.jobs if job.func_name.endswith("payments.close_page")] == [(order.id,)]


def test_a_sale_waits_a_day_for_its_teachers_word(rich, tea, course):
    order = sell(rich, course, level_bp=1000)
    passes(timedelta(hours=24) - NEARLY, "checkout.decide")
    assert (order.decided_at, books.platform("EUR", "escrow").balance) == (None, 7200)
    passes(2 * NEARLY, "checkout.decide")
    assert (order.decided_how, books.member(tea.id, "EUR", "maturing").balance, books.platform("EUR", "escrow").balance) == ("silence", 4000, 0)


def test_declined_teo_become_the_treasurys_when_the_sale_has_matured(rich, tea, course):
    with transaction():
        splits.set_policy(tea, 0)
    order = sell(rich, course, level_bp=1000)
    passes(order.matures_at - clock.now() - NEARLY, "checkout.keep")
    assert (books.platform("TEO", "escrow").balance, books.platform("TEO", "treasury").balance) == (teo(8), 0)
    passes(2 * NEARLY, "checkout.keep")
    assert (books.platform("TEO", "escrow").balance, books.platform("TEO", "treasury").balance) == (0, teo(8))


def test_a_stake_is_available_when_its_unbonding_ends(tea):
    give(tea, 100)
    with transaction():
        staking.stake("s", tea, teo(100))
    clock.advance(timedelta(days=7))
    with transaction():
        staking.unstake("u", tea, teo(100))
    passes(timedelta(days=7) - NEARLY, "staking.release")
    assert balance(tea.id).unbonding == teo(100)
    passes(2 * NEARLY, "staking.release")
    assert (balance(tea.id).unbonding, balance(tea.id).available) == (0, teo(100))


@pytest.mark.parametrize(
    ("job", "most"),
    [
        ("checkout.expire", 60),
        ("checkout.decide", 300),
        ("checkout.keep", 3600),
        ("rewards.mature", 60),
        ("staking.release", 60),
        ("withdrawals.check", 60),
        ("deposits.scan", 60),
        ("notices.deliver", 10),
        ("payments.sweep", 60),
        ("payments.compare", 24 * 3600),
    ],
)
def test_what_members_were_promised_is_looked_for_often_enough(job, most):
    assert dict(schedule.TABLE)[job] <= most
