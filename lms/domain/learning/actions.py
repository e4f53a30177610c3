"""Enrolment and progress, and the rewards they earn."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.domain.rewards import actions as rewards
from lms.domain.rewards.models import Grant
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError


def enroll(user_id, course, rules, *, paid=0, order_id=None):
    """Once per member and course; answers None when he is enrolled already."""
    now = clock.now()
    row = dict(
        user_id=user_id,
        course_id=course.id,
        order_id=order_id,
        paid=paid,
        rule_version=rules.number,
        matures_at=rules.matures_at(now),
        enrolled_at=now,
        done=0,
    )
    enrolment_id = db.session.scalar(insert(Enrolment).values(row).on_conflict_do_nothing().returning(Enrolment.id))
    return db.session.get_one(Enrolment, enrolment_id) if enrolment_id else None


def enroll_free(user, course):
    """Take part in a course that costs nothing; it rewards with no TEO."""
    if not course.is_published:
        raise DomainError("This course is not open for enrolment.")
    if not course.is_free:
        raise DomainError("This course must be bought first.")
    if course.teacher_id == user.id:
        raise DomainError("You teach this course.")
    return enroll(user.id, course, rulebook.in_force())


def complete_lesson(enrolment, lesson):
    """Mark the lesson complete, grant its reward, and the course's when it was the last. True the first time."""
    db.session.refresh(enrolment, with_for_update=True)
    row = dict(enrolment_id=enrolment.id, lesson_id=lesson.id, completed_at=clock.now())
    first = db.session.execute(insert(LessonCompletion).values(row).on_conflict_do_nothing())
    if first.rowcount == 0:
        return False
    enrolment.done = db.session.scalar(select(func.count()).where(LessonCompletion.enrolment_id == enrolment.id))
    enrolment.last_lesson_id = lesson.id
    rules = rulebook.version(enrolment.rule_version)
    _reward_lesson(enrolment, lesson, rules)
    if enrolment.completed_at is None and enrolment.done >= enrolment.course.lesson_count:
        enrolment.completed_at = clock.now()
        _grant(enrolment, "completion", rules.completion_reward(enrolment.paid), rules, {"course": enrolment.course.title})
    db.session.flush()
    return True


def _reward_lesson(enrolment, lesson, rules):
    """The shares follow the lessons done, not their order, so that adding lessons never pays more than the pot."""
    position = enrolment.done - 1
    amount = rules.lesson_reward(enrolment.paid, enrolment.course.lesson_count, position) if position < enrolment.course.lesson_count else 0
    already = _lesson_rewards(enrolment)
    amount = min(amount, rules.lessons_reward(enrolment.paid) - already)
    _grant(enrolment, "lesson", amount, rules, {"lesson": lesson.title, "course": enrolment.course.title}, lesson.id)


def _lesson_rewards(enrolment):
    rows = select(func.coalesce(func.sum(Grant.amount), 0)).where(
        Grant.user_id == enrolment.user_id, Grant.course_id == enrolment.course_id, Grant.kind == "lesson"
    )
    return int(db.session.scalar(rows))


def _grant(enrolment, kind, amount, rules, evidence, part=""):
    key = ":".join(str(piece) for piece in ("course", enrolment.course_id, "user", enrolment.user_id, kind, part) if piece != "")
    rewards.grant(key, enrolment.user_id, kind, amount, rules, enrolment.matures_at, course_id=enrolment.course_id, evidence=evidence)
