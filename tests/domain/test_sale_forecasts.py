"""What sales would bring their teacher by another tier or decided the other way."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import sale_forecasts, splits
from lms.domain.checkout.models import Order
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Split
from lms.domain.staking import queries as staking
from tests.conftest import announce, give, publish, sell, teo

rules = Rules()


@pytest.mark.parametrize(("tier", "cents"), [(0, 5000 + 4000 + 5000), (4, 7500 + 6500 + 7500)])
def test_what_a_tier_earns_by_sales_whoever_got_the_teo(tier, cents):
    sales = [(10_000, 0, False), (10_000, 1000, True), (10_000, 1000, None)]
    assert rules.earned(rules.tiers[tier], sales) == cents
    assert rules.earned(rules.tiers[tier], []) == 0


def test_either_way_is_the_split_of_the_worked_case():
    assert rules.either_way(10_000, 5000, 1000) == {False: Split(5000, 4000), True: Split(4000, 5000, teo(10), teo(2.5))}


def test_the_ladder_is_of_the_sales_of_a_month(ana, bruno, tea, statements):
    course = publish(tea, "Knots", price=10_000)
    sell(ana, course, "p1")
    clock.advance(timedelta(days=31))
    sell(bruno, course, "p2")
    standing = staking.standing(tea.id)
    with statements() as seen:
        found = sale_forecasts.ladder(tea.id, standing)
    assert len(seen) == 1
    assert [(rung.tier.name, rung.missing, rung.earned, rung.more, rung.is_current) for rung in found] == [
        ("Bronze", 0, 5000, 0, True),
        ("Silver", teo(100), 5500, 500, False),
        ("Gold", teo(300), 6000, 1000, False),
        ("Platinum", teo(600), 6500, 1500, False),
        ("Diamond", teo(1000), 7500, 2500, False),
    ]


def test_examples_are_of_the_price_asked_for_or_of_the_dearest_course(tea):
    assert sale_forecasts.examples(tea.id, rulebook.in_force()).price == sale_forecasts.EXAMPLE
    publish(tea, "Knots", price=8000)
    assert sale_forecasts.examples(tea.id, rulebook.in_force()).price == 8000
    found = sale_forecasts.examples(tea.id, rulebook.in_force(), price=10_000)
    assert (found.price, found.tier.name) == (10_000, "Bronze")
    assert found.examples == [sale_forecasts.Example(level, off, rules.either_way(10_000, 5000, off)) for level, off in ((500, 500), (1000, 1000), (1500, 1500))]


def test_each_sale_is_reckoned_by_its_own_version_and_all_of_them_in_one_statement(ana, tea, statements):
    give(ana, 50)
    announce(14.01, accept_bonus_bp=1000)
    orders = []
    for number in range(4):
        orders.append(sell(ana, publish(tea, f"Course {number}", price=10_000), reference=f"p{number}", level_bp=1000))
        clock.advance(timedelta(days=7, minutes=10) if number == 1 else timedelta(days=7))
    assert {order.rule_version for order in orders} == {1, 2}
    db.session.expire_all()
    orders = db.session.query(Order).all()
    with statements() as seen:
        found = sale_forecasts.either_way(orders)
    assert len(seen) == 1
    for order in orders:
        with transaction():
            order.decide_by = clock.now() + timedelta(hours=1)
            splits.decide(order, tea, True)
        assert found[order.id][True].bonus == order.bonus == teo(2.5 if order.rule_version == 1 else 1)
    assert sale_forecasts.either_way([]) == {}
