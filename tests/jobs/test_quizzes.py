"""What the job of the clock makes of quizzes under way, when their time is up and not before."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.courses import quizzes as writing
from lms.domain.learning import quizzes
from lms.domain.learning.attempt_models import QuizAttempt
from lms.jobs import schedule
from tests.conftest import take_part
from tests.jobs.test_one_by_one import breaks_for_the_first

NEARLY = timedelta(seconds=10)  # the clock goes on while a test runs


@pytest.fixture
def lesson(course):
    lesson = course.lessons[0]
    with transaction():
        writing.configure(lesson, 5, 60)
        writing.add_question(lesson, "Two and two?", [("Three", False, ""), ("Four", True, "")])
    return lesson


@pytest.fixture
def under_way(ana, bruno, course, lesson):
    """Attempts of Ana, who saved the right answer, and of Bruno, who has the time until ten minutes later."""
    return begin(take_part(ana, course, lessons=0), lesson), begin(take_part(bruno, course, lessons=0), lesson, later=timedelta(minutes=10))


def begin(enrolment, lesson, later=timedelta()):
    with transaction():
        attempt = quizzes.begin(enrolment, lesson)
        quizzes.save(attempt, {attempt.questions[0]["id"]: [attempt.questions[0]["options"][1]["id"]]})
        attempt.ends_at += later
    return attempt


def passes(span):
    """So much time passes, and a worker does the job twice; the marks of the attempts then."""
    clock.advance(span)
    for _ in range(2):
        schedule.run("quizzes.close")
    db.session.expire_all()
    return [attempt.right for attempt in db.session.query(QuizAttempt).order_by(QuizAttempt.id)]


def test_who_is_silent_until_his_time_is_up_is_marked_by_what_he_saved(under_way):
    ana, bruno = under_way
    assert passes(timedelta(minutes=5, seconds=10) - NEARLY) == [None, None]
    assert passes(2 * NEARLY) == [1, None]
    assert ana.has_passed and ana.ran_out and bruno.is_open
    assert passes(timedelta(minutes=10)) == [1, 1]


def test_one_that_cannot_be_closed_leaves_the_next_closed(under_way, monkeypatch):
    monkeypatch.setattr(quizzes, "close_late", breaks_for_the_first(quizzes.close_late))
    assert passes(timedelta(hours=1)) == [None, 1]


def test_an_attempt_ends_within_two_minutes_of_its_deadline():
    assert dict(schedule.TABLE)["quizzes.close"] <= 60
