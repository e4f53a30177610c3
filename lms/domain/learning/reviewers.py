"""Who reviews a work: members drawn from those who passed the exercise and who teach the course."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from lms import clock
from lms.db import db
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning.exercise_models import PASSED, PeerReview, Submission
from lms.domain.learning.models import Enrolment
from lms.domain.notices import actions as notices
from lms.domain.rulebook.rules import Rules


def ask_first(submission: Submission, rules: Rules) -> None:
    """Ask as many as it takes; where there are too few, the teacher grades."""
    drawn = _draw(submission, rules.peer_reviewers)
    if len(drawn) < rules.peer_reviewers:
        return _leave_to_teacher(submission)
    for reviewer_id in drawn:
        _ask(submission, reviewer_id, rules)
    return None


def ask_another(submission: Submission, rules: Rules) -> int | None:
    """One more, who was not asked before; the id of who it is, or None where nobody is left and the teacher grades."""
    for reviewer_id in _draw(submission, 1):
        _ask(submission, reviewer_id, rules)
        return reviewer_id
    _leave_to_teacher(submission)
    return None


def _draw(submission: Submission, count: int) -> Sequence[int]:
    """Ids of so many who may review it and were not asked yet, by lot; fewer where there are no more. Nobody of them is its author, suspended, or gave the course back."""
    enrolment = submission.enrolment
    passed = select(Enrolment.user_id).join(Submission, Submission.enrolment_id == Enrolment.id)
    passed = passed.where(Submission.lesson_id == submission.lesson_id, Submission.state == PASSED, Enrolment.ended_at.is_(None))
    teaches = select(Course.teacher_id).where(Course.id == enrolment.course_id)
    asked = select(PeerReview.reviewer_id).where(PeerReview.submission_id == submission.id)
    rows = select(User.id).where(or_(User.id.in_(passed), User.id.in_(teaches)), User.id.not_in(asked), User.id != enrolment.user_id)
    return db.session.scalars(rows.where(User.suspended_at.is_(None)).order_by(func.random()).limit(count)).all()


def _ask(submission: Submission, reviewer_id: int, rules: Rules) -> None:
    now = clock.now()
    review = PeerReview(submission=submission, reviewer_id=reviewer_id, asked_at=now, due_at=rules.review_due(now))
    db.session.add(review)
    db.session.flush()
    facts = dict(review=review.id, course=submission.enrolment.course.title, lesson=submission.lesson.title, until=review.due_at.isoformat())
    notices.tell(reviewer_id, "review asked", f"review:{review.id}", **facts)


def _leave_to_teacher(submission: Submission) -> None:
    submission.is_for_teacher = True
    db.session.flush()
    course = submission.enrolment.course
    facts = dict(submission=submission.id, course=course.title, lesson=submission.lesson.title)
    for grader_id in _graders(submission):
        notices.tell(grader_id, "work to grade", f"submission:{submission.id}", **facts)


def _graders(submission: Submission) -> list[int]:
    """Ids of who is to grade: the teacher, or in his place the admins, each for the others' work."""
    teacher = submission.enrolment.course.teacher
    if not queries.teaches_no_more(teacher):
        return [teacher.id]
    return [admin_id for admin_id in accounts.admins() if admin_id != submission.enrolment.user_id]
