"""Versions announced: when they may begin, and which rules never may."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.checkout.models import Coupon
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.notices import actions as notices
from lms.domain.notices.models import Notice
from lms.domain.rulebook import actions, checks, circles, queries
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Split, Tier
from lms.errors import Invalid

_HOW = r" \((Bronze|Silver|Gold|Platinum|Diamond), a discount of \d+ basis points, price \d+\.\d\d EUR\)\. It has to cost them at least 1\.50 EUR\."


def announce(days=20, **numbers):
    with transaction():
        return actions.announce(replace(Rules(), **numbers), clock.now() + timedelta(days=days))


def test_a_version_announced_holds_from_its_day_on(app):
    version = announce(completion_bp=300)
    assert (version.number, version.numbers) == (2, Rules(number=2, completion_bp=300))
    assert queries.in_force().number == 1
    clock.advance(timedelta(days=20, minutes=1))
    assert queries.in_force() == Rules(number=2, completion_bp=300)


def test_what_was_posted_before_keeps_its_version(ana):
    announce(completion_bp=300)
    source, target = accounts.platform(TEO, "issuance"), accounts.member(ana.id, TEO, "available")
    with transaction():
        before = ledger.post("a", source, target, 1, "grant", evidence={"by": "test"})
    clock.advance(timedelta(days=21))
    with transaction():
        after = ledger.post("b", source, target, 1, "grant", evidence={"by": "test"})
    assert (before.rule_version, after.rule_version) == (1, 2)


def test_every_member_is_told_what_is_announced_once(ana, tea, member):
    member("nina", verified=False)
    with transaction():
        member("otto").suspended_at = clock.now()
    version = announce(completion_bp=300)
    told = db.session.query(Notice).filter_by(kind="rulebook announced").all()
    assert {notice.user_id for notice in told} == {ana.id, tea.id}
    assert told[0].facts == {"number": 2, "from": version.in_force_from.isoformat()}
    with transaction():
        notices.tell_all("rulebook announced", "rulebook:2", number=2)
    assert db.session.query(Notice).count() == 2


@pytest.mark.parametrize(("days", "is_taken"), [(0, False), (-3, False), (13.99, False), (14.01, True)])
def test_a_version_is_announced_fourteen_days_before_it_holds(app, days, is_taken):
    if is_taken:
        assert announce(days, completion_bp=300).number == 2
    else:
        with pytest.raises(Invalid, match="14 days before it holds"):
            announce(days, completion_bp=300)


def test_too_soon_is_told_with_the_earliest_moment_there_is(app):
    with pytest.raises(Invalid) as refusal:
        announce(3, completion_bp=300)
    earliest = datetime.strptime(refusal.value.values["day"], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert timedelta() <= clock.now() + timedelta(days=14) - earliest < timedelta(minutes=2)


def test_the_log_knows_who_announced_it_and_what_else_was_said_of_it(ada):
    begins = clock.now() + timedelta(days=20)
    with transaction():
        actions.announce(Rules(completion_bp=300), begins, ada, digest="ab12")
    entry = db.session.query(LogEntry).filter_by(action="rulebook announced").one()
    assert (entry.subject, entry.by_id, entry.details) == ("rulebook 2", ada.id, {"begins": begins.isoformat(), "digest": "ab12"})


def test_a_version_begins_after_all_others(app):
    announce(40, completion_bp=300)
    with pytest.raises(Invalid, match="Version 2 holds from"):
        announce(30, completion_bp=200)
    assert announce(41, completion_bp=200).number == 3


def test_two_announced_at_once_follow_each_other(app):
    """The one that comes second sees the first, and changes nothing any more."""
    gate, said = threading.Barrier(2), []

    def announce_too():
        with app.app_context():
            gate.wait()
            try:
                said.append(str(announce(completion_bp=300).number))
            except Invalid:
                said.append("refused")
            db.session.remove()

    threads = [threading.Thread(target=announce_too) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["2", "refused"]


def test_what_is_posted_does_not_wait_for_an_announcement(app, ana):
    source, target = accounts.platform(TEO, "issuance"), accounts.member(ana.id, TEO, "available")
    with app.app_context():
        actions.announce(replace(Rules(), completion_bp=300), clock.now() + timedelta(days=20))
        with app.app_context(), transaction():
            db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
            ledger.post("k", source, target, 5, "grant", evidence={"by": "test"})
        db.session.rollback()
    assert accounts.transfer("k").rule_version == 1


def test_a_version_that_changes_nothing_is_none(app):
    with pytest.raises(Invalid, match="Nothing differs from version 1"):
        announce()


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        (dict(completion_bp=-1), "completion_bp is a whole number from 0 to 10000"),
        (dict(accept_bonus_bp=10_001), "accept_bonus_bp is a whole number"),
        (dict(refund_below_percent=101), "refund_below_percent is a whole number from 0 to 100"),
        (dict(user_daily_cap=0), "user_daily_cap is a whole number from 1"),
        (dict(lowest_price=0), "lowest_price is a whole number from 1"),
        (dict(review_reward=1.5), "review_reward is a whole number"),
        (dict(stake_lock_days=True), "stake_lock_days is a whole number"),
        (dict(risk_weights=(("linked", 101),)), "risk_weights: linked is a whole number from 0 to 100"),
        (dict(risk_weights=(("linked", -1),)), "risk_weights: linked is a whole number from 0 to 100"),
        (dict(risk_weights=(("linked", "much"),)), "risk_weights: linked is a whole number from 0 to 100"),
        (dict(maturity_days=13), "refund_days cannot be above maturity_days"),
        (dict(withdrawal_lowest=20_000 * MICRO), "withdrawal_lowest cannot be above withdrawal_highest"),
        (dict(review_above=2000 * MICRO), "review_above cannot be above two_admins_above"),
        (dict(decision_hours=15 * 24), "decide before the sale matures"),
        (dict(lessons_bp=900), "more than the rewards_max_bp"),
        (dict(tiers=()), "first tier begins at a stake of 0"),
        (dict(tiers=(Tier("Bronze", 1, 5000),)), "first tier begins at a stake of 0"),
        (dict(tiers=(Tier("", 0, 5000),)), "Every tier has a name"),
        (dict(tiers=(Tier("Bronze", 0, "half"),)), "Bronze: platform_bp is a whole number"),
        (dict(tiers=(Tier("Bronze", 0, 5000), Tier("Silver", 0, 4500))), "From Bronze to Silver"),
        (dict(tiers=(Tier("Bronze", 0, 5000), Tier("Silver", 100, 5000))), "From Bronze to Silver"),
        (dict(discount_levels_bp=(1000, 500)), "rise from one to the next"),
        (dict(discount_levels_bp=(0, 500)), "rise from one to the next"),
        (dict(discount_levels_bp=("500",)), "rise from one to the next"),
        (dict(discount_levels_bp=(500, 3000)), "more than the platform's share"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(app, numbers, why):
    with pytest.raises(Invalid, match=why):
        announce(**numbers)
    assert queries.newest().number == 1


@pytest.mark.parametrize(
    "numbers",
    [
        dict(accept_bonus_bp=6000),
        dict(rewards_max_bp=1500, lessons_bp=900),
        dict(lowest_price=2),
        dict(tiers=(*Rules().tiers[:4], Tier("Diamond", 1000 * MICRO, 1800))),
    ],
)
def test_rules_under_which_a_circle_makes_teo_too_cheaply_are_refused(app, numbers):
    with pytest.raises(Invalid, match=r"A student and a teacher in league could make TEO for [01]\.\d\d EUR each" + _HOW):
        announce(**numbers)


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        (dict(tiers=(*Rules().tiers[:4], Tier("Diamond", 1000 * MICRO, 1000))), "more than the platform's share of 1000"),
        (dict(discount_levels_bp=(500, 2500)), "the platform would be left with less than nothing"),
        (dict(tiers=(Tier("Bronze", 0, 9500), Tier("Silver", 100 * MICRO, 4500))), "the teacher would be left with less than nothing"),
    ],
)
def test_rules_under_which_a_side_of_a_sale_loses_are_refused(app, numbers, why):
    with pytest.raises(Invalid, match=why):
        announce(**numbers)


# The cheapest circle


def test_the_cheapest_teo_of_a_circle_by_the_percentages():
    """1.82 EUR, as the rulebook says: of 100 EUR the platform keeps 25 in Diamond, and 10 + 3.75 TEO are made."""
    circle = min((each for each in circles.circles_at(Rules(), 10_000) if each.made > 0), key=lambda each: each.cost / each.made)
    assert circle == circles.Circle(10_000, "Diamond", 1500, True, False, 2500, 13_750_000)
    assert circle.cents_per_teo == 181


def test_rounding_to_cents_makes_no_circle_cheaper_than_it_may_be():
    """At the lowest prices cents weigh more: 1.77 EUR at a price of 1.10."""
    circle = circles.cheapest(Rules())
    assert (circle.price, circle.tier, circle.cost, circle.made) == (110, "Diamond", 27, 152_500)
    assert not circle.is_below(checks.LEAST_COST)


@pytest.mark.parametrize(("lowest", "is_safe"), [(2, False), (10, False), (20, True), (100, True)])
def test_below_a_fifth_of_a_euro_the_rounding_would_open_a_circle(lowest, is_safe):
    assert circles.cheapest(Rules(lowest_price=lowest)).is_below(checks.LEAST_COST) is not is_safe


def test_a_circle_makes_nothing_with_teo_the_teacher_declines():
    """Two accounts lose the TEO of the discount then, and gain the rewards only."""
    declined = [each for each in circles.circles_of(Rules()) if each.level_bp == 1500 and not each.is_accepted]
    assert declined and all(each.made < 0 for each in declined)


def test_every_kind_of_sale_is_looked_at():
    seen = {(each.tier, each.level_bp, each.is_accepted, each.has_exercises) for each in circles.circles_of(Rules())}
    assert len(seen) == (5 * 4 * 2 - 5) * 2
    assert set(circles.prices(Rules())) >= set(range(100, 3000)) | {10_000, 8750, 1_000_000, 100_000}


def test_peer_reviews_bring_a_circle_what_the_maximum_of_the_course_leaves():
    rules = Rules(lessons_bp=0, completion_bp=100)
    at = {(each.level_bp, each.is_accepted, each.has_exercises): each.made for each in circles.circles_at(rules, 10_000) if each.tier == "Bronze"}
    assert (at[0, False, False], at[0, False, True]) == (3_000_000, 10_000_000)
    assert (at[1500, True, False], at[1500, True, True]) == (3_000_000 + 3_750_000, 10_000_000 + 3_750_000)


def test_rules_are_refused_for_what_peer_reviews_alone_make_too_cheap(app):
    dear = dict(rewards_max_bp=2000, completion_bp=0)
    with pytest.raises(Invalid, match="in league"):
        announce(**dear)
    assert announce(**dear, review_reward=0).number == 2


@pytest.mark.parametrize("numbers", [{}, dict(rewards_max_bp=1100), dict(lowest_price=20), dict(discount_levels_bp=(700, 1300))])
def test_no_coupon_makes_a_cheaper_circle(numbers):
    """What a coupon of any kind leaves of a price is a price: as the checkout reckons it, and for coupons and prices that the grid does not name."""
    rules = Rules(**numbers)
    kinds = [Coupon(percent_bp=percent) for percent in (1, 50, 999, 1250, 3333, 6667, 8999, 9000)] + [Coupon(amount=cents) for cents in (1, 99, 777, 2501, 9_900, 990_000)]
    listed = {*range(rules.lowest_price, 3000, 61), *circles.HIGH_PRICES, 7777, 23_457, 654_321}
    left = {price - coupon.off(price, rules) for price in listed for coupon in kinds}
    cheapest = circles.cheapest(rules)
    assert min(left) == rules.lowest_price
    for circle in (circle for price in left for circle in circles.circles_at(rules, price) if circle.made > 0):
        assert circle.cost * cheapest.made >= cheapest.cost * circle.made, circle


def test_a_version_is_checked_in_two_seconds():
    """Of the process, whatever else the machine does."""
    began = time.process_time()
    checks.check(Rules())
    assert time.process_time() - began < 2


def test_the_sides_of_a_sale_share_what_was_paid():
    for price, _, level, _, split in circles.sales(Rules()):
        assert isinstance(split, Split) and split.teacher + split.platform == price - Rules().discount(price, level)


@settings(max_examples=300)
@given(price=st.integers(100, 10**6), tier=st.sampled_from(Rules().tiers), level=st.sampled_from((0, 500, 1000, 1500)), is_accepted=st.booleans())
def test_at_any_price_what_two_accounts_really_get_costs_them_enough(price, tier, level, is_accepted):
    """Reckoned anew, with the rewards as they are granted: of what is paid in cash."""
    rules, discount = Rules(), Rules().discount(price, level)
    split = rules.split(price, rules.teacher_share(price, tier), discount, is_accepted)
    cost = price - discount - split.teacher
    paid = price - discount
    rewards = rules.total_reward(paid, rules.purchase_max_bp) + rules.reviews_reward(paid, rules.purchase_reward(paid, rules.purchase_max_bp))
    made = rewards + split.tokens + split.bonus - rules.tokens(discount)
    assert Fraction(cost * MICRO, 100) >= Fraction(150, 100) * made


# Versions beside each other


def test_an_edition_knows_its_neighbours(app, statements):
    announce(20, completion_bp=300)
    announce(30, completion_bp=200)
    with statements() as seen:
        now, second, third = queries.edition(), queries.edition(2), queries.edition(3)
    assert len(seen) == 3
    numbers = [[each and each.number for each in (edition.before, edition.version, edition.after)] for edition in (now, second, third)]
    assert numbers == [[None, 1, 2], [1, 2, 3], [2, 3, None]]
    assert queries.edition(4) is None
    clock.advance(timedelta(days=31))
    db.session.expire_all()
    assert queries.edition().version.number == 3
