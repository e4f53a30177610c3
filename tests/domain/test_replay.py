"""What one set of rules does with events: worked by hand, without a database."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.domain.governance.event_rows import COMPLETION, LESSON, PASS, REVIEW, SALE, WITHDRAWAL, Row, Steps, granted_before
from lms.domain.governance.replay import Side, replay
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules

ANA, BRUNO, TEA = 1, 2, 3


def row(day, kind, user, a, b=0, c=0, d=0, e=0):
    return Row(day, kind, user, 1, a, b, c, d, e, day * 86_400)


def side(rules, days=3, stakes=None):
    return Side(lambda _version: rules, [rules] * days, stakes or {})


def after(rows, days=3, stakes=None, **numbers):
    one = side(replace(Rules(), **numbers), days, stakes)
    replay(rows, days, [one])
    return one


# A course of 80.00 EUR with four lessons, bought with 10 % in TEO, the teacher taking them: 72.00 in cash.
SOLD = row(0, SALE, ANA, 8000, 800, 200, TEA, 1)
LEARNED = [row(1, LESSON, ANA, 7200, before, 4) for before in range(4)] + [row(1, COMPLETION, ANA, 7200)]


def test_a_purchase_and_its_lessons_by_hand():
    done = after([SOLD, *LEARNED])
    # 2 % of 72 = 1.44; 4 % = 2.88, by lessons and by completion; 25 % of 8 TEO; half of 80 less 8
    assert done.cost == {
        "purchase_max_bp": [1_440_000, 0, 0],
        "lessons_bp": [0, 2_880_000, 0],
        "completion_bp": [0, 2_880_000, 0],
        "review_reward": [0, 0, 0],
        "accept_bonus_bp": [2_000_000, 0, 0],
        "tiers": [3200, 0, 0],
    }
    assert dict(done.members) == {ANA: [7_200_000, 0], TEA: [2_000_000, 3200]}


def test_other_numbers_bring_others():
    done = after([SOLD, *LEARNED], purchase_max_bp=100, lessons_bp=200, completion_bp=300, accept_bonus_bp=0)
    assert dict(done.members) == {ANA: [720_000 + 1_440_000 + 2_160_000, 0], TEA: [0, 3200]}


def test_a_teacher_who_declines_has_his_whole_share():
    assert after([row(0, SALE, ANA, 8000, 800, 200, TEA, 0)]).members[TEA] == [0, 4000]


def test_a_tier_is_by_what_was_staked_then():
    stakes = {TEA: Steps([(0, 400 * MICRO), (86_400, -300 * MICRO)])}
    sales = [row(day, SALE, ANA, 8000, 0, 200, TEA) for day in range(2)]
    assert after(sales, stakes=stakes).cost["tiers"] == [4800, 4400, 0]  # Gold 40 %, then Silver 45 %
    assert Steps([(10, 5)]).at(9) == 0


def test_a_lower_cap_shows_what_it_stopped_and_defers_it():
    done = after([row(0, COMPLETION, ANA, 10_000), row(0, COMPLETION, BRUNO, 2_500)], user_daily_cap=3 * MICRO)
    assert done.stopped["user_daily_cap"] == [1, 1 * MICRO]  # of 4 TEO
    assert done.cost["completion_bp"] == [4 * MICRO, 1 * MICRO, 0]
    assert (done.members[ANA], done.waiting) == ([4 * MICRO, 0], {})


def test_the_cap_of_all_is_told_from_the_cap_of_one():
    done = after([row(0, COMPLETION, ANA, 10_000), row(0, COMPLETION, BRUNO, 10_000)], days=1, user_daily_cap=5 * MICRO, platform_daily_cap=5 * MICRO)
    assert done.stopped["platform_daily_cap"] == [1, 3 * MICRO] and done.stopped["user_daily_cap"] == [0, 0]
    assert sum(done.waiting.values()) == 3 * MICRO


def test_reviews_by_hand():
    # 100.00 EUR paid: 10 in all, of which buying brought 2 and learning may bring 8: nothing is left; with 1 % by buying 1 TEO
    none = after([row(0, REVIEW, BRUNO, 10_000, 200, 0, 0)])
    assert (none.cost["review_reward"], none.stopped["reviews_per_day"]) == ([0, 0, 0], [0, 0])
    rows = [row(0, REVIEW, BRUNO, 20_000, 0, before, today) for before, today in ((0, 0), (1, 1), (2, 3))] + [row(0, PASS, ANA, 20_000, 0, 1)]
    some = after(rows)  # 4 TEO in all: 2 and 2 to the reviewer, the third was one too many on a day and there is nothing left; for the author 2 stood
    assert some.cost["review_reward"] == [6 * MICRO, 0, 0]
    many = after([row(0, REVIEW, BRUNO, 50_000, 0, 0, 3)])
    assert (many.cost["review_reward"][0], many.stopped["reviews_per_day"]) == (0, [1, 2 * MICRO])


def test_withdrawals_that_limits_would_have_stopped():
    rows = [row(0, WITHDRAWAL, ANA, amount * MICRO, recent * MICRO) for amount, recent in ((4, 4), (30, 30), (20, 60), (15, 75), (15, 90))]
    done = after(rows, withdrawal_lowest=5 * MICRO, withdrawal_highest=25 * MICRO, withdrawals_daily=45 * MICRO, review_above=50 * MICRO, two_admins_above=70 * MICRO)
    assert {cap: tuple(counts) for cap, counts in done.stopped.items() if counts[0]} == {
        "withdrawal_lowest": (1, 4 * MICRO),
        "withdrawal_highest": (1, 30 * MICRO),
        "review_above": (1, 20 * MICRO),
        "two_admins_above": (1, 15 * MICRO),
        "withdrawals_daily": (1, 15 * MICRO),
    }


def test_what_a_teacher_withdraws_is_looked_at_by_one_admin_or_by_two():
    rows = [row(0, WITHDRAWAL, TEA, amount * MICRO, amount * MICRO, 1) for amount in (20, 80)]
    done = after(rows, review_above=50 * MICRO, two_admins_above=70 * MICRO)
    assert (done.stopped["review_above"], done.stopped["two_admins_above"]) == ([1, 20 * MICRO], [1, 80 * MICRO])


def test_a_discount_that_is_offered_no_more_is_named():
    done = after([SOLD], discount_levels_bp=(500,))
    assert done.stopped["discount_levels_bp"] == [1, 8 * MICRO] and after([SOLD]).stopped["discount_levels_bp"] == [0, 0]


@given(share=st.integers(0, 10**7), lessons=st.integers(1, 60))
def test_what_lessons_brought_is_what_one_after_the_other_brings(share, lessons):
    rules, granted = Rules(), 0
    for done in range(lessons):
        assert granted_before(share, done, lessons) == granted
        granted += max(0, share - granted) // (lessons - done)
    assert granted == share and rules


EVENTS = st.lists(
    st.one_of(
        st.builds(row, st.integers(0, 4), st.just(SALE), st.integers(1, 4), st.integers(100, 90_000), st.integers(0, 100), st.integers(0, 200), st.integers(5, 6), st.integers(0, 1)),
        st.builds(row, st.integers(0, 4), st.just(LESSON), st.integers(1, 4), st.integers(1, 900_000), st.integers(0, 3), st.integers(4, 9)),
        st.builds(row, st.integers(0, 4), st.just(COMPLETION), st.integers(1, 4), st.integers(1, 900_000)),
        st.builds(row, st.integers(0, 4), st.sampled_from((REVIEW, PASS)), st.integers(1, 4), st.integers(1, 90_000), st.integers(0, 200), st.integers(0, 5), st.integers(0, 4)),
        st.builds(row, st.integers(0, 4), st.just(WITHDRAWAL), st.integers(1, 4), st.integers(1, 10**12), st.integers(1, 10**12)),
    ),
    max_size=60,
).map(sorted)


@given(rows=EVENTS, cap=st.integers(1, 50 * MICRO))
def test_the_same_rules_do_the_same_and_nothing_granted_is_lost(rows, cap):
    rules = replace(Rules(), user_daily_cap=cap)
    one, other, free = side(rules, 5), side(rules, 5), side(replace(rules, user_daily_cap=10**15, platform_daily_cap=10**15), 5)
    assert replay(rows, 5, [one, other, free]) == len(rows)
    assert (one.cost, one.members, one.stopped, one.waiting) == (other.cost, other.members, other.stopped, other.waiting)

    def total(side):
        return sum(sum(days) for rule, days in side.cost.items() if rule != "tiers")

    assert total(one) + sum(one.waiting.values()) == total(free)


@pytest.mark.parametrize("rows", [[], [row(2, COMPLETION, ANA, 100)]])
def test_each_day_is_heard_of_once(rows):
    heard = []
    replay(rows, 4, [side(Rules(), 4)], heard.append)
    assert heard == [0, 1, 2, 3]
