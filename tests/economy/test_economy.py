"""Everything members, teachers, the gateway, the chain and the clock may do, in any order: the books are right after each step.

`pytest tests/economy --hypothesis-profile=long` looks at five hundred histories of fifty steps where `make test` looks at twenty shorter ones."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from lms.db import db
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import orders, splits, terms
from lms.domain.checkout.models import Coupon
from lms.domain.learning import verdicts
from lms.domain.ledger.actions import Overdraft
from lms.domain.rewards import actions as rewards
from tests.economy.machine import Economy
from tests.economy.world import World

SHORT = settings(max_examples=20, stateful_step_count=40, suppress_health_check=list(HealthCheck))
# The same each time, as what is asked is whether they notice; the first that does ends it.
ASKED = settings(SHORT, max_examples=150, derandomize=True, database=None, phases=[Phase.generate], report_multiple_bugs=False)


@pytest.fixture
def world(app, member):
    return World(member, app.config["CLOCK_FILE"])


def test_the_books_are_right_after_each_step(world):
    is_long = settings.get_current_profile_name() == "long"
    run_state_machine_as_test(partial(Economy, world), settings=settings.default if is_long else SHORT)


def a_refund_forgets_the_bonus(patch):
    patch.setattr(splits, "_PARTS", ("share", "platform", "tokens"))


def an_order_that_expires_keeps_its_tokens(patch):
    close = orders.close

    def forget(order, state):
        if state != "expired":
            return close(order, state)
        order.state = state
        return db.session.flush()

    patch.setattr(orders, "close", forget)


def a_split_pays_the_share_twice(patch):
    pay = splits._pay

    def pay_twice(order, book, part, *rest):
        pay(order, book, part, *rest)
        if part == "share":
            pay(order, book, "share again", *rest)

    patch.setattr(splits, "_pay", pay_twice)


def vat_is_of_the_price(patch):
    """And not of the cash: off only where TEO are paid."""
    reckon = terms.terms

    def of_the_price(course, vat_rate=0, *rest):
        asked = reckon(course, vat_rate, *rest)
        return replace(asked, vat=terms.vat(asked.price, vat_rate))

    patch.setattr(checkout, "terms", of_the_price)


def a_coupon_rounds_down(patch):
    """Off by a cent, and only where its percentage is no whole one."""
    patch.setattr(Coupon, "off", lambda coupon, listed, rules: listed * coupon.percent_bp // 10_000 if coupon.percent_bp else rules.coupon_off(listed, amount=coupon.amount))


def a_coupon_takes_the_whole_price(patch):
    """But a cent: off by what always stays to be paid."""
    patch.setattr(Coupon, "off", lambda coupon, listed, rules: rules.coupon_off(listed, coupon.percent_bp) if coupon.percent_bp else min(listed - 1, coupon.amount))


def a_refund_leaves_what_reviews_brought_others(patch):
    lock = rewards.lock_course
    patch.setattr(rewards, "lock_course", lambda payer, course: [grant for grant in lock(payer, course) if grant.user_id == payer])


def reviews_forget_what_buying_brought(patch):
    patch.setattr(verdicts, "_purchase", lambda enrolment: (enrolment.paid, 0))


BROKEN = {
    a_refund_forgets_the_bonus: r"'order \d+'",
    an_order_that_expires_keeps_its_tokens: "TEO reserved",
    a_split_pays_the_share_twice: r"'order \d+'|not enough EUR",
    vat_is_of_the_price: r"'vat of order \d+'",
    a_coupon_rounds_down: r"'coupon_off of order \d+'",
    a_coupon_takes_the_whole_price: r"'coupon_off of order \d+'",
    a_refund_leaves_what_reviews_brought_others: r"'reviews in course \d+ of ",
    reviews_forget_what_buying_brought: r"'reviews in course \d+ of ",
}


@pytest.mark.parametrize(("break_it", "said"), BROKEN.items())
def test_what_is_broken_is_noticed(break_it, said, world, monkeypatch):
    break_it(monkeypatch)
    with pytest.raises((AssertionError, Overdraft), match=said):
        run_state_machine_as_test(partial(Economy, world), settings=ASKED)
