"""Enrolment and progress, and the rewards and badges they earn."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert

from lms import clock
from lms.db import Facts, among, db
from lms.domain.accounts.models import User
from lms.domain.certificates import badges
from lms.domain.courses.models import Course, Lesson
from lms.domain.learning import queries, quiz_queries
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError, Forbidden, NotFound

_TERMS = ("order_id", "paid", "rule_version", "matures_at", "ended_at")  # set anew by who buys again


def enroll(user_id: int, course: Course, rules: Rules, *, paid: int = 0, order_id: int | None = None) -> Enrolment | None:
    """Once per member and course; answers None when he is enrolled already. Who comes back after a refund goes on where he was."""
    new = _enrolling([user_id], course, rules, paid, order_id)
    enrolment_id = db.session.scalar(new.returning(Enrolment.id))
    return db.session.get_one(Enrolment, enrolment_id, populate_existing=True) if enrolment_id else None


def enroll_unpaid(user_ids: Sequence[int], course: Course, rules: Rules) -> Sequence[int]:
    """Many who pay nothing, as `enroll` does each; answers the ids of those who were not enrolled already. One statement."""
    new = _enrolling(user_ids, course, rules, paid=0, order_id=None)
    return db.session.scalars(new.returning(Enrolment.user_id)).all()


def _enrolling(user_ids: Sequence[int], course: Course, rules: Rules, paid: int, order_id: int | None) -> Insert:
    now = clock.now()
    terms = dict(order_id=order_id, paid=paid, rule_version=rules.number, matures_at=rules.matures_at(now), ended_at=None)
    row = dict(course_id=course.id, enrolled_at=now, done=0, **terms)
    same = [literal(value, getattr(Enrolment, name).type) for name, value in row.items()]
    members = select(User.id, *same).where(among(User.id, user_ids)).order_by(User.id)
    new = insert(Enrolment).from_select(["user_id", *row], members)
    return new.on_conflict_do_update(index_elements=["user_id", "course_id"], set_=terms, where=Enrolment.ended_at.is_not(None))


def lock(enrolment: Enrolment) -> None:
    """Two tabs of one student, a refund and who buys again take turns: each sees what the other was granted, and by what terms."""
    db.session.refresh(enrolment, [*_TERMS, "done", "completed_at"], with_for_update=True)


def end(enrolment: Enrolment) -> None:
    """The course's money went back: its lessons are closed to the member. What he completed stays known."""
    lock(enrolment)
    enrolment.ended_at = clock.now()
    db.session.flush()


def enroll_free(user: User, course: Course) -> Enrolment | None:
    """Take part in a course that costs nothing; it rewards with a badge, with no TEO."""
    if not course.is_published:
        raise DomainError("This course is not open for enrolment.")
    if not course.is_free:
        raise DomainError("This course must be bought first.")
    if course.teacher_id == user.id:
        raise DomainError("You teach this course.")
    return enroll(user.id, course, rulebook.in_force())


def complete_lesson(enrolment: Enrolment, lesson: Lesson) -> bool:
    """Mark the lesson complete, grant its reward, and the course's when it was the last. True the first time."""
    lock(enrolment)
    check_lasting(enrolment)
    lock_lesson(enrolment, lesson)
    _check_passed(enrolment, lesson)
    row = dict(enrolment_id=enrolment.id, lesson_id=lesson.id, completed_at=clock.now())
    first = insert(LessonCompletion).values(row).on_conflict_do_nothing().returning(LessonCompletion.lesson_id)
    if db.session.scalar(first) is None:
        return False
    rules = rulebook.version(enrolment.rule_version)
    left = queries.lessons_left(enrolment)
    granted = queries.lessons_granted(enrolment)
    amount = rules.lesson_reward(enrolment.paid, granted, left + 1)
    put_in = dict(lesson=lesson.title, rate_bp=rules.lessons_bp, granted=granted, left=left + 1)
    _grant(enrolment, queries.lesson_key(enrolment, lesson), "lesson", amount, rules, **put_in)
    enrolment.done = db.session.scalars(select(func.count()).where(LessonCompletion.enrolment_id == enrolment.id)).one()
    if left == 0:
        _finish(enrolment, rules)
    db.session.flush()
    return True


def _check_passed(enrolment: Enrolment, lesson: Lesson) -> None:
    if quiz_queries.is_left(enrolment.id, lesson.id):
        raise DomainError("Pass the quiz of this lesson first.")


def finish(enrolment: Enrolment) -> None:
    """Complete a course whose last open lesson its teacher took away; twice does it once."""
    lock(enrolment)
    check_lasting(enrolment)
    if enrolment.done == 0 or queries.lessons_left(enrolment):
        raise DomainError("There are lessons left to do.")
    _finish(enrolment, rulebook.version(enrolment.rule_version))
    db.session.flush()


def _finish(enrolment: Enrolment, rules: Rules) -> None:
    if enrolment.completed_at is None:
        enrolment.completed_at = clock.now()
        amount = rules.completion_reward(enrolment.paid)
        _grant(enrolment, queries.completion_key(enrolment), "completion", amount, rules, rate_bp=rules.completion_bp)
        badges.award(enrolment)


def check_lasting(enrolment: Enrolment) -> None:
    """Raises Forbidden where the course was given back."""
    if enrolment.ended_at:
        raise Forbidden("The course was refunded: its lessons are closed.")


def lock_lesson(enrolment: Enrolment, lesson: Lesson) -> None:
    """A lesson that is being completed cannot be removed, nor the other way round."""
    rows = select(Lesson.id).where(Lesson.id == lesson.id, Lesson.course_id == enrolment.course_id)
    if db.session.scalar(rows.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("There is no such lesson in this course.")


def _grant(enrolment: Enrolment, key: str, kind: str, amount: int, rules: Rules, **evidence: Any) -> None:
    evidence |= {"course": enrolment.course.title, "order": enrolment.order_id, "paid": enrolment.paid}
    facts: Facts = dict(course_id=enrolment.course_id, evidence=evidence)
    rewards.grant(key, enrolment.user_id, kind, amount, rules, enrolment.matures_at, **facts)
