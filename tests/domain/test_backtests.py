"""A draft tried on what members did, read from their rows and beside what the ledger says."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import refunds
from lms.domain.governance import backtest_outcomes, backtests, drafts
from lms.domain.learning import actions as learning
from lms.domain.learning import exercises
from lms.domain.learning import queries as enrolments
from lms.domain.rewards import queries as rewards
from lms.domain.rewards.models import Grant
from lms.domain.rulebook.amounts import MICRO
from lms.domain.rulebook.rules import Rules
from lms.domain.rulebook.sales import Tier
from lms.domain.withdrawals import actions as withdrawals
from lms.errors import DomainError
from tests.conftest import address_of, announce, give, publish, sell, teo
from tests.domain.test_drafts import act
from tests.domain.test_drafts import draft as draft
from tests.domain.test_exercises import ask, hand_in, lesson_of, with_exercise
from tests.domain.test_payout_details import bank_of

DAYS = 90


def outcome(**numbers):
    """What version 1 with these numbers in the place of its own would have done in 90 days, today the last of them."""
    today = datetime.combine(clock.now().astimezone(UTC).date(), time(), UTC)
    return backtest_outcomes.of(replace(Rules(), **numbers), today - timedelta(days=DAYS - 1), DAYS)


def tried(admin):
    """A Backtest that is done, of a new draft of his. In a transaction."""
    backtest = backtests.ask(drafts.begin(admin), admin)
    backtest.state, backtest.result, backtest.finished_at = "done", outcome(), clock.now()
    return backtest


def study(user, course, lessons):
    enrolment = enrolments.enrolment(user.id, course.id)
    with transaction():
        for lesson in course.lessons[:lessons]:
            learning.complete_lesson(enrolment, lesson)
    return enrolment


def totals(result, rule):
    return [sum(days) for days in result["cost"][rule]]


def stopped(result):
    return {cap: counts for cap, counts in result["stopped"].items() if counts != [[0, 0], [0, 0]]}


def test_a_purchase_and_two_lessons_by_hand(ana, tea, course):
    sell(ana, course)
    study(ana, course, 2)
    result = outcome(purchase_max_bp=100, lessons_bp=200, tiers=(Tier("All", 0, 4000),))
    # 80.00 EUR: 2 % or 1 % for buying; 4 % or 2 % for four lessons, two of them done; half or 60 % to the teacher
    assert totals(result, "purchase_max_bp") == [teo(1.6), teo(0.8)]
    assert totals(result, "lessons_bp") == [teo(1.6), teo(0.8)]
    assert totals(result, "tiers") == [4000, 4800]
    assert result["members"] == {"gain": 1, "lose": 1, "same": 0, "sizes": [0, 0, 1, 0, 0, 0, 1, 0, 0], "largest": [[tea.id, 0, 0, 4000, 4800], [ana.id, teo(3.2), teo(1.6), 0, 0]]}
    assert (result["events"], result["versions"], result["ledger"]) == (3, [1], teo(3.2))
    assert result["days"][-1] == clock.now().astimezone(UTC).date().isoformat() and len(result["days"]) == DAYS
    assert result["cost"]["purchase_max_bp"][0][-1] == teo(1.6), "the last day is today"


@pytest.fixture
def busy(ana, bruno, tea):
    """Sales with and without a discount, a course finished, a review, a withdrawal; on several days."""
    give(bruno, 100)
    course = publish(tea, "How bees work", price=8000, reward_bp=0)  # 1.60 TEO are left for reviews
    sell(ana, with_exercise(course, 2))
    study(ana, course, 4)
    clock.advance(timedelta(days=1))
    sell(bruno, publish(tea, "Knots", price=3333), "pay_2", level_bp=1000)
    sell(bruno, course, "pay_3")
    work = hand_in(ana, course, lesson=lesson_of(course, 2))
    review = ask(work, bruno)
    with transaction():
        exercises.give(review, 8, "Good, and here is why.")
        withdrawals.check(withdrawals.request("w", bruno, address_of(bruno).id, teo(30)))
    clock.advance(timedelta(days=1))


def test_rules_that_say_the_same_make_no_difference(busy):
    result = outcome()
    assert result["events"] >= 10 and result["members"]["same"] >= 3
    assert all(before == draft for before, draft in [*result["cost"].values(), *result["stopped"].values(), result["waiting"]])
    assert result["members"]["sizes"] == [0, 0, 0, 0, result["members"]["same"], 0, 0, 0, 0]
    assert (result["members"]["gain"], result["members"]["lose"], result["members"]["largest"]) == (0, 0, [])


@pytest.mark.parametrize(("difference", "place"), [(-100, 0), (-99.999999, 1), (-10, 1), (-1, 2), (-0.000001, 3), (0, 4), (0.999999, 5), (1, 6), (9.5, 6), (10, 7), (100, 8), (5000, 8)])
def test_a_difference_of_a_bound_is_of_the_next_size(difference, place):
    assert backtest_outcomes.size(round(difference * MICRO)) == place


def test_a_teachers_withdrawal_waits_for_an_admin_whatever_its_sum(ana, tea):
    with transaction():
        bank_of(tea)
    for number, user in enumerate((ana, tea)):
        give(user, 100)
        wallet = address_of(user, "ab" if number else "cd")
        with transaction():
            withdrawals.check(withdrawals.request(f"w{number}", user, wallet.id, teo(30)))
    assert stopped(outcome()) == {"review_above": [[1, teo(30)], [1, teo(30)]]}


def test_what_is_replayed_of_the_rules_in_force_is_what_the_ledger_says(busy):
    result = outcome(completion_bp=0, review_reward=0)
    replayed = sum(totals(result, rule)[0] for rule in ("purchase_max_bp", "lessons_bp", "completion_bp", "review_reward"))
    assert replayed == result["ledger"] == sum(grant.amount for grant in db.session.query(Grant)) > 0
    assert totals(result, "review_reward")[0] > 0 == totals(result, "review_reward")[1]
    assert totals(result, "completion_bp") == [teo(3.2), 0]


def test_a_lower_cap_shows_what_it_would_have_stopped(ana, course):
    sell(ana, course)
    study(ana, course, 4)  # 1.60 for buying, 3.20 by lessons, 3.20 for finishing: all in one day
    result = outcome(user_daily_cap=teo(2))
    assert stopped(result) == {"user_daily_cap": [[0, 0], [5, teo(6)]]}  # of the lessons' first 0.40 still fit
    assert result["waiting"] == [0, teo(6)] and totals(result, "lessons_bp") == [teo(3.2), teo(0.4)]
    assert result["members"]["lose"] == 1


def test_what_a_cap_in_force_deferred_is_replayed_on_the_next_day(ana, course):
    announce(days=15, user_daily_cap=teo(2))
    clock.advance(timedelta(days=16))
    sell(ana, course)
    study(ana, course, 4)
    clock.advance(timedelta(days=1))
    result = outcome()
    assert result["stopped"]["user_daily_cap"] == [[5, teo(6)], [0, 0]] and result["versions"] == [1, 2]
    assert [day[-2:] for day in result["cost"]["lessons_bp"]] == [[teo(0.4), teo(2)], [teo(3.2), 0]]


def test_each_sale_keeps_the_version_it_was_made_by(ana, course):
    sell(ana, course)
    announce(days=15, completion_bp=100)
    clock.advance(timedelta(days=16))
    study(ana, course, 4)
    assert totals(outcome(completion_bp=200), "completion_bp") == [teo(3.2), teo(1.6)]


def test_what_was_given_back_and_what_is_older_is_left_out(ana, bruno, course):
    order = sell(ana, course)
    study(ana, course, 1)
    with transaction():
        refunds.refund(order)
    assert outcome()["events"] == 0
    sell(bruno, course, "pay_2")
    clock.advance(timedelta(days=DAYS))
    assert outcome()["events"] == 0
    study(bruno, course, 2)
    result = outcome()
    assert result["events"] == 2 and totals(result, "lessons_bp") == [teo(1.6), teo(1.6)]


def test_lessons_done_before_these_days_count_as_done(ana, tea):
    course = publish(tea, "Knots", price=3333)
    sell(ana, course)
    study(ana, course, 1)
    clock.advance(timedelta(days=DAYS))
    study(ana, course, 3)
    # 1.323201 TEO over four lessons: the odd millionth is the last one's, which is still to be done
    assert totals(outcome(lessons_bp=397), "lessons_bp") == [2 * 333_300, 2 * 330_800]


def test_free_courses_and_deferred_grants_are_no_trouble(ana, tea):
    free = publish(tea, "A gift", price=0)
    with transaction():
        learning.enroll_free(ana, free)
    study(ana, free, 4)
    assert outcome()["events"] == 0 and rewards.due_grants() == []


# The states of a backtest


def test_asked_for_twice_there_is_one_under_way(draft, ada):
    assert act(backtests.ask, draft, ada) is act(backtests.ask, draft, ada)


def test_a_draft_that_is_changed_voids_its_backtest(draft, ada):
    backtest = act(backtests.ask, draft, ada)
    act(drafts.change, draft, ada, Rules(completion_bp=200), 14)
    assert not backtest.is_current
    assert act(backtests.begin, backtest.id) is None and (backtest.state, backtest.error) == ("failed", "changed")
    again = act(backtests.ask, draft, ada)
    assert again.id != backtest.id and again.is_current


def test_one_under_way_of_an_older_draft_is_given_up(draft, ada):
    old = act(backtests.ask, draft, ada)
    act(backtests.begin, old.id)
    act(drafts.change, draft, ada, Rules(completion_bp=200), 14)
    act(backtests.ask, draft, ada)
    assert (old.state, old.error) == ("failed", "changed")
    assert not act(backtests.note, old.id, 1, 5) and not act(backtests.finish, old.id, 1, {})
    assert old.result is None


def test_who_was_killed_is_begun_again_and_given_up_the_third_time(draft, ada):
    backtest = act(backtests.ask, draft, ada)
    for tries in (1, 2, 3):
        assert act(backtests.begin, backtest.id).tries == tries
        assert act(backtests.note, backtest.id, tries, 40) and backtest.days_done == 40
        assert backtests.lost() == []
        clock.advance(backtests.SILENCE + timedelta(seconds=1))
        assert backtests.lost() == [backtest.id]
    assert not act(backtests.finish, backtest.id, 2, {}), "the second try is not the one that goes on"
    assert act(backtests.begin, backtest.id) is None and (backtest.state, backtest.error) == ("failed", "interrupted")
    assert backtests.lost() == []


def test_what_is_over_is_tried_no_more(draft, ada):
    act(drafts.withdraw, draft, ada)
    with pytest.raises(DomainError, match="published or withdrawn"):
        act(backtests.ask, draft, ada)
