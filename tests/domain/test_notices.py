"""What members are told, and how often."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import refunds
from lms.domain.courses import approval
from lms.domain.notices import actions as notices
from lms.domain.notices.models import Notice
from tests.blueprints.test_wallet import reward
from tests.conftest import publish, sell, teo
from tests.domain.test_refunds import dispute
from tests.domain.test_rewards import run_due


def told(user):
    """[(kind, facts)] of what the member was told, oldest first."""
    db.session.expire_all()
    return [(notice.kind, notice.facts) for notice in db.session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))]


def add(user, amount, subject="today", **facts):
    with transaction():
        notices.tell_sum(user.id, "teo matured", subject, teo(amount), **facts)


def test_the_same_is_told_once(ana):
    for course in ("Bread", "Salt"):
        with transaction():
            notices.tell(ana.id, "course approved", "course:1", course=course)
    assert told(ana) == [("course approved", {"course": "Bread"})]


def test_a_sum_grows_and_is_new_again(ana):
    add(ana, 3000)
    notice = db.session.scalars(select(Notice)).one()
    with transaction():
        notice.read_at = notice.delivered_at = clock.now()
    add(ana, 0.5, day="2026-12-01")
    assert told(ana) == [("teo matured", {"amount": teo(3000.5), "day": "2026-12-01"})]
    assert (notice.read_at, notice.delivered_at) == (None, None)


def test_sums_of_two_subjects_and_two_members_stay_apart(ana, bruno):
    add(ana, 1), add(ana, 2, "tomorrow"), add(bruno, 4)
    assert [facts["amount"] for _, facts in told(ana)] == [teo(1), teo(2)]
    assert [facts["amount"] for _, facts in told(bruno)] == [teo(4)]


def test_what_matures_on_a_day_is_one_notice(ana):
    reward(ana, 3, key="a")
    reward(ana, 2, key="b")
    reward(ana, 1, key="c", days=15)
    for days in (14, 1):
        clock.advance(timedelta(days=days))
        run_due(), run_due()
    assert told(ana) == [("teo matured", {"amount": teo(5)}), ("teo matured", {"amount": teo(1)})]


def test_a_teachers_euros_mature_without_a_word_of_teo(ana, tea, course):
    sell(ana, course)
    clock.advance(timedelta(days=31))
    run_due()
    assert [kind for kind, _ in told(tea)] == []
    assert told(ana) == [("teo matured", {"amount": teo(1.6)})]


def test_what_a_cap_deferred_is_one_notice_a_day_with_the_day_it_comes(ana):
    today = clock.now().date()
    reward(ana, 120, key="a")
    reward(ana, 100, key="b")
    days = [{"day": (today + timedelta(days=number)).isoformat()} for number in (1, 2)]
    assert told(ana) == [("reward deferred", {"amount": teo(120)} | days[0])]
    clock.advance(timedelta(days=1))
    run_due()
    assert told(ana)[1:] == [("reward deferred", {"amount": teo(20)} | days[1])]


def test_a_grant_that_waits_once_more_says_so(ana):
    reward(ana, 101, key="a")
    clock.advance(timedelta(days=1))
    reward(ana, 100, key="b")
    run_due()
    assert [facts["amount"] for _, facts in told(ana)] == [teo(1), teo(1)]


def give_back(order):
    with transaction():
        refunds.refund(order)


@pytest.mark.parametrize(("befall", "what"), [(give_back, "refunded"), (dispute, "disputed")])
def test_of_a_refund_or_dispute_each_side_is_told_what_is_his(ana, tea, course, befall, what):
    order = sell(ana, course)
    befall(order)
    facts = {"order": order.id, "course": course.title, "amount": 8000}
    assert (told(ana), told(tea)) == ([(f"order {what}", facts)], [(f"sale {what}", facts)])


@pytest.fixture
def submitted(tea):
    course = publish(tea, "Bread", 1000)
    with transaction():
        course.state = "draft"
    with transaction():
        approval.submit(course)
    return course


def test_a_teacher_is_told_that_his_course_is_published(submitted, tea, ada):
    with transaction():
        approval.approve(submitted, ada, submitted.submission)
    assert told(tea) == [("course approved", {"course": "Bread", "slug": submitted.slug})]


def test_a_teacher_is_told_each_time_what_is_to_be_mended(submitted, tea, ada):
    for comment in ("Shorter.", "Longer."):
        with transaction():
            approval.give_back(submitted, ada, comment)
            clock.advance(timedelta(minutes=1))
            approval.submit(submitted)
    assert [(kind, facts["comment"]) for kind, facts in told(tea)] == [("course returned", "Shorter."), ("course returned", "Longer.")]
