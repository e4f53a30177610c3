"""One that cannot be done keeps no other waiting."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import splits
from lms.domain.checkout.models import Order
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import checkout
from lms.jobs import withdrawals as checks
from tests.conftest import address_of, give, publish, sell, teo


def breaks_for_the_first(verb):
    """The verb, but for what has the id 1, or is it."""

    def broken(about, *more):
        if 1 in (about, getattr(about, "id", None)):
            raise RuntimeError("a row nobody thought of")
        return verb(about, *more)

    return broken


@pytest.fixture
def rich(ana):
    give(ana, 100)
    return ana


def test_a_sale_that_cannot_be_decided_leaves_the_next_decided(rich, tea, monkeypatch):
    for number in (1, 2):
        sell(rich, publish(tea, f"Knots {number}", price=8000), f"pay_{number}", level_bp=500)
    clock.advance(timedelta(hours=25))
    monkeypatch.setattr(splits, "decide_due", breaks_for_the_first(splits.decide_due))
    checkout.decide()
    assert [order.decided_at is not None for order in db.session.query(Order).order_by(Order.id)] == [False, True]


def test_a_withdrawal_that_cannot_be_checked_leaves_the_next_checked(rich, monkeypatch):
    wallet = address_of(rich)
    with transaction():  # what is new would be looked at
        rich.created_at = wallet.linked_at = clock.now() - timedelta(days=100)
    for key in ("w1", "w2"):
        with transaction():
            withdrawals.request(key, rich, wallet.id, teo(10))
    monkeypatch.setattr(withdrawals, "check", breaks_for_the_first(withdrawals.check))
    checks.check()
    assert [each.state for each in db.session.query(Withdrawal).order_by(Withdrawal.id)] == ["checking", "approved"]
