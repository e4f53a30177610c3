"""The quiz of a lesson taken: begun, saved as often as one likes, handed in once.

Who changes an attempt locks its enrolment first, then the attempt."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.courses import quiz_queries as written
from lms.domain.courses.models import Lesson
from lms.domain.courses.quiz_models import Question
from lms.domain.learning import actions as learning
from lms.domain.learning import quiz_queries as queries
from lms.domain.learning.attempt_models import Answer, Asked, AskedOption, QuizAttempt
from lms.domain.learning.models import Enrolment
from lms.errors import DomainError, Invalid, NotFound


def begin(enrolment: Enrolment, lesson: Lesson) -> QuizAttempt:
    """The QuizAttempt under way: the one that is, or a new one with the questions as they are now."""
    learning.lock(enrolment)
    learning.check_lasting(enrolment)
    learning.lock_lesson(enrolment, lesson)
    attempt = queries.open_attempt(enrolment.id, lesson.id)
    if attempt and attempt.is_late:
        _close(attempt)
    elif attempt:
        return attempt
    return _begin(enrolment, lesson)


def save(attempt: QuizAttempt, chosen: Mapping[int, Collection[int]]) -> None:
    """Keep {question id: [option ids]}; of questions not named what was saved before stays."""
    _lock(attempt)
    learning.check_lasting(attempt.enrolment)
    if attempt.is_over or attempt.ran_out:
        raise DomainError("The time is up: nothing more is saved.")
    if not attempt.is_open:
        raise DomainError("You have handed this quiz in.")
    _keep(attempt, chosen)


def hand_in(attempt: QuizAttempt, chosen: Mapping[int, Collection[int]]) -> None:
    """Keep what is chosen, unless it comes too late, and mark it, once: a second time changes nothing."""
    _lock(attempt)
    learning.check_lasting(attempt.enrolment)
    if not attempt.is_open:
        return
    if not attempt.is_late:
        _keep(attempt, chosen)
    _close(attempt)


def close_late(attempt_id: int) -> None:
    """Close an attempt whose time is up with what was saved. Twice does it once."""
    attempt = db.session.get_one(QuizAttempt, attempt_id)
    _lock(attempt)
    if attempt.is_late:
        _close(attempt)


def withdraw(enrolment: Enrolment) -> None:
    """The course was given back, its lock held: nothing stays under way."""
    rows = select(QuizAttempt).where(QuizAttempt.enrolment_id == enrolment.id, QuizAttempt.closed_at.is_(None))
    for attempt in db.session.scalars(rows.order_by(QuizAttempt.id).with_for_update()).all():
        _close(attempt)


def _begin(enrolment: Enrolment, lesson: Lesson) -> QuizAttempt:
    quiz = written.quiz(lesson)
    if quiz is None or not quiz.questions:
        raise NotFound("This lesson has no quiz.")
    now = clock.now()
    attempt = QuizAttempt(
        lesson=lesson,
        enrolment=enrolment,
        questions=[_asked(question) for question in quiz.questions],
        count=len(quiz.questions),
        passing_percent=quiz.passing_percent,
        began_at=now,
        ends_at=now + timedelta(minutes=quiz.minutes) if quiz.minutes else None,
    )
    db.session.add(attempt)
    db.session.flush()
    return attempt


def _asked(question: Question) -> Asked:
    options = [
        AskedOption(id=option.id, text=option.text, explanation=option.explanation, is_right=option.is_right) for option in question.options
    ]
    return Asked(id=question.id, text=question.text, has_several=question.has_several, options=options)


def _keep(attempt: QuizAttempt, chosen: Mapping[int, Collection[int]]) -> None:
    asked = {question["id"]: question for question in attempt.questions}
    if not asked.keys() >= chosen.keys():
        raise Invalid("There is no such question in this quiz.")
    rows = [dict(attempt_id=attempt.id, question_id=number, chosen=_choice(asked[number], ids), saved_at=clock.now()) for number, ids in chosen.items()]
    if rows:
        new = insert(Answer).values(rows)
        db.session.execute(new.on_conflict_do_update(index_elements=["attempt_id", "question_id"], set_={"chosen": new.excluded.chosen, "saved_at": new.excluded.saved_at}))


def _choice(question: Asked, ids: Collection[int]) -> list[int]:
    """These options in the order in which they are asked; raises Invalid for what nobody can choose."""
    offered = [option["id"] for option in question["options"]]
    if not set(offered) >= set(ids):
        raise Invalid("There is no such answer in this question.")
    if len(set(ids)) > 1 and not question["has_several"]:
        raise Invalid("Choose one answer of each question, where it does not say that several are right.")
    return [number for number in offered if number in ids]


def _close(attempt: QuizAttempt) -> None:
    chosen = queries.chosen(attempt)
    attempt.right = sum(attempt.is_right(question, chosen.get(question["id"], ())) for question in attempt.questions)
    attempt.has_passed = 100 * attempt.right >= attempt.passing_percent * attempt.count
    attempt.closed_at = clock.now()
    db.session.flush()


def _lock(attempt: QuizAttempt) -> None:
    """The attempt as it is now, its enrolment locked before it: of many who hand it in at once the first does."""
    learning.lock(attempt.enrolment)
    db.session.refresh(attempt, ["closed_at", "right", "has_passed"], with_for_update=True)
