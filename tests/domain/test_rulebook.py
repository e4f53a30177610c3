"""The numbers of version 1, by DOMAIN.md's worked cases."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.domain.rulebook import queries
from lms.domain.rulebook.amounts import MICRO, half_up
from lms.domain.rulebook.rules import Rules

rules = Rules()


@pytest.mark.parametrize(
    ("staked", "name", "platform_bp"),
    [
        (0, "Bronze", 5000),
        (100 * MICRO - 1, "Bronze", 5000),
        (100 * MICRO, "Silver", 4500),
        (300 * MICRO, "Gold", 4000),
        (600 * MICRO, "Platinum", 3500),
        (1000 * MICRO, "Diamond", 2500),
    ],
)
def test_the_tier_follows_what_is_staked(staked, name, platform_bp):
    tier = rules.tier(staked)
    assert (tier.name, tier.platform_bp) == (name, platform_bp)


@pytest.mark.parametrize(("price", "staked", "share"), [(10000, 0, 5000), (10000, 1000, 7500), (9999, 0, 5000), (1, 0, 1)])
def test_the_teachers_share_rounds_half_up(price, staked, share):
    assert rules.teacher_share(price, rules.tier(staked * MICRO)) == share


@pytest.mark.parametrize(("teaching", "days"), [(0, 30), (89, 30), (90, 14), (1000, 14)])
def test_earnings_mature_later_in_a_teachers_first_ninety_days(teaching, days):
    paid_at = datetime(2026, 11, 1, tzinfo=UTC)
    assert rules.earnings_mature_at(paid_at, paid_at - timedelta(days=teaching)) == paid_at + timedelta(days=days)


def test_eighty_euros_reward_eight_teo_in_all():
    assert rules.purchase_reward(8000, 200) == 1_600_000
    assert rules.lessons_reward(8000) == 3_200_000
    assert rules.completion_reward(8000) == 3_200_000
    assert rules.total_reward(8000, 200) == 8_000_000


@pytest.mark.parametrize("paid", [1, 8000, 9999])
def test_what_learning_and_selling_bring_are_whole_numbers(paid):
    split = rules.split(paid, rules.teacher_share(paid, rules.tier(0)), rules.discount(paid, 1500), True)
    rewards = (rules.purchase_reward(paid, 200), rules.lessons_reward(paid), rules.lesson_reward(paid, 0, 3), rules.completion_reward(paid), rules.reviews_reward(paid, 0))
    assert {type(amount) for amount in (*split, *rewards)} == {int}


@given(paid=st.integers(0, 10**6), lessons=st.integers(1, 300))
def test_lesson_rewards_sum_to_their_pot(paid, lessons):
    amounts = []
    for left in range(lessons, 0, -1):
        amounts.append(rules.lesson_reward(paid, sum(amounts), left))
    assert sum(amounts) == rules.lessons_reward(paid)
    assert max(amounts) - min(amounts) <= 1


@pytest.mark.parametrize(
    ("paid", "reward_bp", "granted", "today", "reviewer", "author"),
    [
        (20_000, 0, 0, 0, 2_000_000, 2_000_000),  # of 200 EUR 20 TEO, of which learning brings 16: 4 are left
        (20_000, 0, 2_000_000, 2, 2_000_000, 2_000_000),
        (20_000, 0, 0, 3, 0, 2_000_000),  # three on this day; who passes does not review
        (20_000, 0, 3_000_000, 0, 1_000_000, 1_000_000),
        (20_000, 0, 4_000_000, 0, 0, 0),
        (20_000, 100, 0, 0, 2_000_000, 2_000_000),
        (20_000, 150, 0, 0, 1_000_000, 1_000_000),
        (20_000, 200, 0, 0, 0, 0),  # a teacher who gives all to who buys leaves nothing for reviews
        (5_000, 0, 0, 0, 1_000_000, 1_000_000),
        (0, 0, 0, 0, 0, 0),
    ],
)
def test_a_peer_review_brings_two_teo_while_the_maximum_of_the_course_lets(paid, reward_bp, granted, today, reviewer, author):
    bought = rules.purchase_reward(paid, reward_bp)
    assert rules.review_reward_for(paid, bought, granted, today) == reviewer
    assert rules.passing_reward_for(paid, bought, granted) == author


def test_where_a_peer_review_brings_nothing_all_of_them_bring_nothing():
    assert Rules(review_reward=0).reviews_reward(20_000, 0) == 0


@given(paid=st.integers(0, 10**6), reward_bp=st.integers(0, 200), reviews=st.integers(0, 60))
def test_with_peer_reviews_too_rewards_are_at_most_a_tenth_of_the_price(paid, reward_bp, reviews):
    granted, bought = 0, rules.purchase_reward(paid, reward_bp)
    for number in range(reviews):
        granted += rules.review_reward_for(paid, bought, granted, number % 3) if number % 4 else rules.passing_reward_for(paid, bought, granted)
    assert (rules.total_reward(paid, reward_bp) + granted) * 10 <= paid * 10_000
    assert granted <= rules.reviews_reward(paid, bought)


@given(paid=st.integers(0, 10**6), reward_bp=st.integers(0, 10**4))
def test_rewards_together_are_at_most_a_tenth_of_the_price(paid, reward_bp):
    assert rules.total_reward(paid, reward_bp) * 10 <= paid * 10_000


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_half_up_is_within_a_half(numerator, denominator):
    assert -denominator <= 2 * (numerator - half_up(numerator, denominator) * denominator) < denominator


def test_the_rules_come_back_from_the_database_as_they_went(app):
    assert queries.in_force() == Rules()
    assert queries.version(1) == Rules()
