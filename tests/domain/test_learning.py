"""Progress and what it earns: exactly the share, never more, whatever happens to the lessons."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.db import db, transaction
from lms.domain.courses import actions as writing
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import queries
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError, NotFound
from tests.conftest import publish, teo
from tests.races import outcomes

PRICES = st.integers(0, 1_000_000)


@pytest.fixture
def enrolment(ana, course):
    with transaction():
        return learning.enroll(ana.id, course, rulebook.in_force(), paid=course.price)


def lessons(enrolment):
    db.session.expire_all()
    return courses.by_slug(enrolment.course.slug).lessons


def complete(enrolment, *chosen):
    for lesson in chosen:
        with transaction():
            learning.complete_lesson(enrolment, lesson)


def earned(user):
    return accounts.member(user.id, TEO, "maturing").balance


@given(PRICES, st.integers(1, 500))
def test_the_lessons_of_any_course_earn_exactly_their_share(paid, count):
    rules, granted, parts = Rules(), 0, []
    for left in range(count, 0, -1):
        parts.append(rules.lesson_reward(paid, granted, left))
        granted += parts[-1]
    assert granted == rules.lessons_reward(paid)
    assert max(parts) - min(parts) <= 1


@given(PRICES, st.integers(1, 30), st.lists(st.integers(-3, 5), max_size=60))
def test_lessons_that_come_and_go_earn_their_share_and_never_more(paid, left, changes):
    rules, granted = Rules(), 0
    for change in [*changes, *[0] * 400]:
        left = max(1, min(300, left + change))
        granted += rules.lesson_reward(paid, granted, left)
        assert granted <= rules.lessons_reward(paid)
        left -= 1
        if left == 0:
            break
    assert left or granted == rules.lessons_reward(paid)


@given(PRICES, st.integers(0, 200))
def test_a_course_never_rewards_more_than_a_tenth_of_its_price(paid, reward_bp):
    assert Rules().total_reward(paid, reward_bp) * 10 <= paid * 10_000


def test_completing_all_lessons_earns_lessons_and_completion(ana, enrolment):
    complete(enrolment, *lessons(enrolment))
    assert earned(ana) == teo(3.2) + teo(3.2)
    assert enrolment.completed_at
    assert [grant.kind for grant in queries.rewards_of(enrolment)] == ["lesson"] * 4 + ["completion"]


def test_a_lesson_completed_twice_earns_once(ana, enrolment):
    first = lessons(enrolment)[0]
    with transaction():
        assert learning.complete_lesson(enrolment, first)
        assert not learning.complete_lesson(enrolment, first)
    assert earned(ana) == teo(0.8)
    assert enrolment.done == 1


def test_a_lesson_completed_in_two_tabs_at_once_earns_once(app, ana, enrolment):
    enrolment_id, lesson_ids = enrolment.id, [lesson.id for lesson in lessons(enrolment)]
    db.session.commit()

    def tab(lesson_id):
        from lms.domain.courses.models import Lesson
        from lms.domain.learning.models import Enrolment

        return learning.complete_lesson(db.session.get_one(Enrolment, enrolment_id), db.session.get_one(Lesson, lesson_id))

    answers = outcomes(app, [partial(tab, lesson_id) for lesson_id in lesson_ids * 2])
    assert (answers.count(True), answers.count(False)) == (4, 4)
    assert earned(ana) == teo(6.4)
    assert enrolment.completed_at


def test_lessons_added_after_the_purchase_share_what_is_left(ana, enrolment):
    complete(enrolment, *lessons(enrolment)[:2])
    with transaction():
        for number in range(6):
            writing.add_lesson(enrolment.course.sections[0], f"New {number}")
    complete(enrolment, *lessons(enrolment)[2:])
    assert earned(ana) == teo(6.4)


def test_lessons_added_after_the_end_earn_nothing_more(ana, enrolment):
    complete(enrolment, *lessons(enrolment))
    with transaction():
        writing.add_lesson(enrolment.course.sections[0], "New")
    complete(enrolment, lessons(enrolment)[-1])
    assert earned(ana) == teo(6.4)


def test_a_lesson_taken_away_leaves_its_share_to_the_others(ana, enrolment):
    complete(enrolment, lessons(enrolment)[0])
    with transaction():
        writing.remove_lesson(lessons(enrolment)[1])
    complete(enrolment, *lessons(enrolment)[1:])
    assert earned(ana) == teo(6.4)


def test_when_the_last_open_lesson_is_taken_away_the_course_can_be_finished(ana, enrolment):
    complete(enrolment, *lessons(enrolment)[:3])
    with transaction():
        writing.remove_lesson(lessons(enrolment)[3])
    with transaction():
        learning.finish(enrolment)
        learning.finish(enrolment)
    assert enrolment.completed_at
    assert earned(ana) == teo(2.4) + teo(3.2)


def test_a_course_with_open_lessons_cannot_be_finished(enrolment):
    complete(enrolment, lessons(enrolment)[0])
    with pytest.raises(DomainError):
        learning.finish(enrolment)


def test_a_course_without_any_progress_cannot_be_finished(ana, tea):
    empty = publish(tea, "Nothing yet", price=8000, lessons=0)
    with transaction():
        enrolment = learning.enroll(ana.id, empty, rulebook.in_force(), paid=8000)
    with pytest.raises(DomainError):
        learning.finish(enrolment)


def test_a_completed_lesson_cannot_be_taken_away(enrolment):
    complete(enrolment, lessons(enrolment)[0])
    with pytest.raises(DomainError):
        writing.remove_lesson(lessons(enrolment)[0])


def test_a_lesson_of_another_course_completes_nothing(ana, tea, enrolment):
    other = publish(tea, "Another course", price=8000)
    with pytest.raises(NotFound):
        learning.complete_lesson(enrolment, other.lessons[0])
    db.session.rollback()
    assert earned(ana) == 0


def test_moved_lessons_keep_their_completion(enrolment):
    complete(enrolment, lessons(enrolment)[0])
    with transaction():
        writing.move(lessons(enrolment)[0], 1)
    standing = queries.standing(enrolment.course, db.session.get_one(type(enrolment.course.teacher), enrolment.user_id))
    assert standing.next_lesson.title == "Lesson 2"
    assert standing.left == 3


def test_what_the_page_promises_is_what_is_granted(ana, enrolment):
    for lesson in lessons(enrolment):
        promised, before = queries.next_reward(enrolment, queries.lessons_left(enrolment)), queries.lessons_granted(enrolment)
        complete(enrolment, lesson)
        assert queries.lessons_granted(enrolment) - before == promised
        assert sum(grant.amount for grant in queries.lesson_rewards(enrolment, lesson)) == promised


def test_a_reward_above_the_daily_cap_is_deferred_and_counted_once(ana, tea):
    dear = publish(tea, "A dear course", price=1_000_000, lessons=2)
    with transaction():
        enrolment = learning.enroll(ana.id, dear, rulebook.in_force(), paid=1_000_000)
    complete(enrolment, *lessons(enrolment))
    assert earned(ana) == teo(100)
    assert sum(grant.amount for grant in queries.rewards_of(enrolment)) == teo(800)


def test_a_free_course_rewards_with_no_teo(ana, tea):
    free = publish(tea, "A free course", price=0)
    with transaction():
        enrolment = learning.enroll_free(ana, free)
    complete(enrolment, *lessons(enrolment))
    assert enrolment.completed_at
    assert queries.rewards_of(enrolment) == []


def test_enrolment_happens_once(ana, tea):
    free = publish(tea, "A free course", price=0)
    with transaction():
        assert learning.enroll_free(ana, free)
        assert learning.enroll_free(ana, free) is None
