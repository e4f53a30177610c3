"""Badges: what a course completed for nothing brings, and a bought one does not."""

import pytest
from sqlalchemy import func, select

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.certificates import badges
from lms.domain.certificates.badge_models import Badge
from lms.domain.checkout import coupons
from lms.domain.courses import actions as writing
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import queries
from lms.domain.learning.models import Enrolment
from lms.domain.notices.models import Notice
from lms.errors import DomainError
from tests.conftest import publish, sell, take_part
from tests.races import race


@pytest.fixture
def free(tea):
    return publish(tea, "A free course", price=0)


def join(user, course):
    with transaction():
        return learning.enroll_free(user, course)


def complete(enrolment, lessons=None):
    db.session.expire_all()
    for lesson in courses.by_slug(enrolment.course.slug).lessons[:lessons]:
        with transaction():
            learning.complete_lesson(enrolment, lesson)


def count():
    return db.session.scalar(select(func.count()).select_from(Badge))


def test_who_completes_a_free_course_earns_its_badge(ana, free):
    enrolment = join(ana, free)
    complete(enrolment)
    badge = badges.of_course(ana.id, free.id)
    assert (badge.title, badge.teacher, badge.earned_at) == ("A free course", "Tea", enrolment.completed_at)


def test_before_its_last_lesson_there_is_none(ana, free):
    enrolment = join(ana, free)
    complete(enrolment, 3)
    assert badges.of_course(ana.id, free.id) is None
    with pytest.raises(DomainError):
        badges.award(enrolment)


def test_a_course_whose_last_open_lesson_was_taken_away_brings_it_when_it_is_finished(ana, free):
    enrolment = join(ana, free)
    complete(enrolment, 3)
    with transaction():
        writing.remove_lesson(courses.by_slug(free.slug).lessons[3])
    for _ in range(2):
        with transaction():
            learning.finish(enrolment)
    assert count() == 1


def test_awarded_twice_it_is_the_same_one(ana, free):
    enrolment = take_part(ana, free)
    first = badges.of_course(ana.id, free.id)
    code = first.code
    with transaction():
        assert badges.award(enrolment) is first
    assert (count(), first.code) == (1, code)


def test_awarded_twenty_times_at_once_it_is_one(app, ana, free):
    enrolment_id = take_part(ana, free).id
    with transaction():
        db.session.delete(badges.of_course(ana.id, free.id))
    codes = []
    assert race(app, [lambda: codes.append(badges.award(db.session.get_one(Enrolment, enrolment_id)).code)] * 20) == []
    assert (len(codes), len(set(codes)), count()) == (20, 1, 1)


def test_its_member_is_told_once(ana, free):
    enrolment = take_part(ana, free)
    with transaction():
        badge = badges.award(enrolment)
    told = db.session.execute(select(Notice.user_id, Notice.kind, Notice.facts)).all()
    assert told == [(ana.id, "badge earned", {"course": "A free course", "code": badge.code})]


def test_a_bought_course_brings_none(ana, course):
    sell(ana, course)
    complete(queries.enrolment(ana.id, course.id))
    assert badges.of_course(ana.id, course.id) is None


def test_nor_does_one_bought_with_a_coupon_that_takes_all_it_may(ana, tea, course):
    with transaction():
        coupons.create(tea, "ALL", course=course, amount=7900)
    order = sell(ana, course, code="ALL")
    complete(queries.enrolment(ana.id, course.id))
    assert (order.cash, count()) == (100, 0)


@pytest.mark.parametrize("terms", [{"paid": 1}, {"order_id": 1}])
def test_an_order_or_a_cent_paid_is_enough_to_have_bought_it(ana, free, terms):
    enrolment = join(ana, free)
    enrolment.completed_at = clock.now()
    for name, value in terms.items():
        setattr(enrolment, name, value)
    with db.session.no_autoflush:
        assert badges.award(enrolment) is None


def test_who_joined_while_the_course_was_free_earns_it_when_it_costs_something(ana, free):
    enrolment = join(ana, free)
    with transaction():
        free.price = 8000
    complete(enrolment)
    assert badges.of_course(ana.id, free.id)


def test_lessons_written_after_the_end_change_nothing(ana, free):
    enrolment = take_part(ana, free)
    with transaction():
        writing.add_lesson(courses.by_slug(free.slug).sections[0], "New")
    complete(enrolment)
    assert count() == 1


def test_what_it_says_is_as_it_was_when_it_was_earned(ana, tea, free):
    take_part(ana, free)
    with transaction():
        free.title = "Another title"
        tea.name = "Teodora"
    assert (badges.of_course(ana.id, free.id).title, badges.of_course(ana.id, free.id).teacher) == ("A free course", "Tea")


def test_each_has_a_code_that_nobody_guesses(ana, bruno, tea, free):
    take_part(ana, free), take_part(bruno, free), take_part(ana, publish(tea, "Another", price=0))
    codes = set(db.session.scalars(select(Badge.code)))
    assert len(codes) == 3 and min(map(len, codes)) >= 22


def test_by_its_code_comes_the_badge_with_its_member_and_course_in_one_statement(ana, free, statements):
    take_part(ana, free)
    code = badges.of_course(ana.id, free.id).code
    db.session.expire_all()
    with statements() as seen:
        badge = badges.by_code(code)
        assert (badge.member.name, badge.course.slug, badge.title) == ("Ana", free.slug, "A free course")
    assert len(seen) == 1
    assert badges.by_code(code + "x") is None


def test_a_suspended_members_badge_still_stands(ana, ada, free):
    take_part(ana, free)
    with transaction():
        membership.suspend(ana, ada, "We look into it.")
    assert badges.by_code(badges.of_course(ana.id, free.id).code)


def test_the_newest_come_first_and_pages_hold_all(ana, bruno, tea, free):
    take_part(bruno, free)
    for number in range(26):
        take_part(ana, publish(tea, f"Course {number}", price=0, lessons=1))
    assert [badge.title for badge in badges.newest_of(ana.id, 2)] == ["Course 25", "Course 24"]
    second = badges.of_member(ana.id, 2)
    assert ([badge.title for badge in second.items], second.total) == (["Course 1", "Course 0"], 26)
