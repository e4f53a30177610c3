"""Work on a lesson's exercise: handed in, reviewed by others who know it or graded by the teacher, and what that brings.

Who changes a submission locks its author's enrolment first, then the submission, then the reviewer's open reviews, then accounts."""

from collections.abc import Sequence

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.courses.checks import check_brackets
from lms.domain.courses.models import Lesson
from lms.domain.learning import actions as learning
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning import reviewers, verdicts
from lms.domain.learning.exercise_models import FAILED, IN_REVIEW, WITHDRAWN, PeerReview, Submission
from lms.domain.learning.models import Enrolment
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError, Forbidden, Invalid, NotFound

LONGEST_TEXT, LONGEST_COMMENT = 50_000, 5_000  # characters
MOST_ATTEMPTS = 5  # of one exercise: each takes the time of several people


def check_work(text: str) -> None:
    """Raises Invalid for what nobody can review."""
    _check_text(text, LONGEST_TEXT)


def check_comment(text: str) -> None:
    """Raises Invalid for what helps no author."""
    _check_text(text, LONGEST_COMMENT)


def hand_in(enrolment: Enrolment, lesson: Lesson, text: str) -> Submission:
    """The Submission, with its reviewers drawn; the same text sent twice is handed in once."""
    check_work(text)
    learning.lock(enrolment)
    learning.check_lasting(enrolment)
    learning.lock_lesson(enrolment, lesson)
    if not lesson.exercise:
        raise NotFound("This lesson has no exercise.")
    earlier = queries.attempts(enrolment.id, lesson.id)
    if earlier and earlier[-1].is_open and earlier[-1].text == text.strip():
        return earlier[-1]
    refusal = obstacle(earlier)
    if refusal:
        raise refusal
    submission = Submission(lesson=lesson, enrolment=enrolment, task=lesson.exercise, text=text.strip(), handed_in_at=clock.now(), state=IN_REVIEW)
    db.session.add(submission)
    db.session.flush()
    reviewers.ask_first(submission, rulebook.version(enrolment.rule_version))
    return submission


def obstacle(earlier: Sequence[Submission]) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps who handed these in before from handing in again, or None."""
    if any(submission.is_open for submission in earlier):
        return DomainError("Your work is being reviewed. Wait for the result, then hand in again if you need to.")
    if any(submission.has_passed for submission in earlier):
        return DomainError("You have passed this exercise.")
    if sum(submission.state == FAILED for submission in earlier) >= MOST_ATTEMPTS:
        return DomainError("You have handed in %(count)d times, as often as one can.", count=MOST_ATTEMPTS)
    return None


def give(review: PeerReview, score: int, comment: str) -> None:
    """What a reviewer says, once; the last one awaited decides. It brings him what the rules of the author's purchase give."""
    submission = _lock(review.submission)
    rules = rulebook.version(submission.enrolment.rule_version)
    _check_awaited(review)
    _check_verdict(rules, score, comment)
    review.given_at, review.score, review.comment = clock.now(), score, comment.strip()
    db.session.flush()
    scores = queries.scores(submission.id)
    is_last = rules.is_reviewed(scores)
    paid_to = [review.reviewer_id] + ([submission.enrolment.user_id] if is_last and rules.passes(scores) else [])
    rewards.lock_accounts(paid_to, submission.enrolment.matures_at)
    review.reward = verdicts.reward_reviewer(review, rules)
    if is_last:
        verdicts.decide(submission, scores, rules)
    db.session.flush()


def grade(submission: Submission, grader: User, score: int, feedback: str) -> None:
    """The teacher's word on work that too few may review, once; an admin's where he teaches no more."""
    _lock(submission)
    rules = rulebook.version(submission.enrolment.rule_version)
    if not queries.is_grader(grader, submission):
        raise Forbidden("Only the teacher of the course grades its exercises.")
    if not submission.is_open or not submission.is_for_teacher:
        raise DomainError("This work does not wait for your grade.")
    _check_verdict(rules, score, feedback)
    submission.feedback = feedback.strip()
    verdicts.decide(submission, [score], rules)
    if grader.is_admin:
        log.record("work graded", f"work {submission.id}", grader, member=submission.enrolment.user_id, lesson=submission.lesson_id, score=score, result=submission.state)


def replace_silent(review_id: int) -> int | None:
    """Ask another in the place of a reviewer who said nothing in time. Twice does it once; answers the new reviewer's id."""
    review = db.session.get_one(PeerReview, review_id)
    submission = _lock(review.submission)
    db.session.refresh(review, with_for_update=True)
    if not review.is_late or not submission.is_open:
        return None
    review.closed_at = clock.now()
    db.session.flush()
    return reviewers.ask_another(submission, rulebook.version(submission.enrolment.rule_version))


def withdraw(enrolment: Enrolment) -> None:
    """The course was given back, its lock held: nobody goes on reviewing what was handed in."""
    rows = select(Submission).where(Submission.enrolment_id == enrolment.id, Submission.state == IN_REVIEW)
    submissions = db.session.scalars(rows.with_for_update()).all()
    for submission in submissions:
        submission.state, submission.decided_at = WITHDRAWN, clock.now()
    verdicts.close_reviews(submissions)


def _check_verdict(rules: Rules, score: int, comment: str) -> None:
    if not rules.is_score(score):
        raise Invalid("A score is a whole number from 1 to %(most)d.", most=rules.highest_score)
    check_comment(comment)


def _check_text(text: str, most: int) -> None:
    if not text.strip():
        raise Invalid("Write something first.")
    if len(text) > most:
        raise Invalid("A text has at most %(most)d characters.", most=most)
    check_brackets(text)


def _lock(submission: Submission) -> Submission:
    """The submission as it is now, its author's enrolment locked before it."""
    learning.lock(submission.enrolment)
    db.session.refresh(submission, ["state", "is_for_teacher", "decided_at"], with_for_update=True)
    return submission


def _check_awaited(review: PeerReview) -> None:
    """Locks all that is asked of the reviewer: two opinions of his at once are rewarded one after the other."""
    rows = select(PeerReview.id).where(PeerReview.reviewer_id == review.reviewer_id, PeerReview.given_at.is_(None), PeerReview.closed_at.is_(None))
    db.session.execute(rows.order_by(PeerReview.id).with_for_update())
    db.session.refresh(review)
    if review.given_at:
        raise DomainError("You have reviewed this work.")
    if review.closed_at:
        raise DomainError("This work does not wait for you any more.")
