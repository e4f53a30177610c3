"""What becomes of work when enough was said about it, and the TEO that brings to those who said it and to its author."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import select

from lms import clock
from lms.db import Facts, db
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning.exercise_models import FAILED, PASSED, PeerReview, Submission
from lms.domain.learning.models import Enrolment
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as granted
from lms.domain.rulebook.rules import Rules

REVIEW, PASS = "peer review", "exercise passed"  # kinds of grants
HUNDREDTH = Decimal("0.01")


def decide(submission: Submission, scores: Sequence[int], rules: Rules) -> None:
    """The work passes or fails by these scores. Who was asked and is not waited for any more is let go."""
    submission.score = (Decimal(sum(scores)) / len(scores)).quantize(HUNDREDTH, ROUND_HALF_UP)
    submission.state, submission.decided_at = PASSED if rules.passes(scores) else FAILED, clock.now()
    close_reviews([submission])
    if submission.has_passed:
        _reward_author(submission, rules)
        _tell(submission, "work passed")
    else:
        _tell(submission, "work failed")


def close_reviews(submissions: Sequence[Submission]) -> None:
    """Nobody who was asked and has said nothing is waited for. Locked in id order, as a reviewer locks all that is asked of him."""
    ids = [submission.id for submission in submissions]
    silent = select(PeerReview).where(PeerReview.submission_id.in_(ids), PeerReview.given_at.is_(None), PeerReview.closed_at.is_(None))
    for review in db.session.scalars(silent.order_by(PeerReview.id).with_for_update()).all():
        review.closed_at = clock.now()
    db.session.flush()


def passing_reward(enrolment: Enrolment, rules: Rules) -> int:
    """Millionths of TEO that its member earns with the next exercise he passes."""
    return rules.passing_reward_for(*_purchase(enrolment), _brought(enrolment))


def reviewing_reward(review: PeerReview, rules: Rules) -> int:
    """The same of who gives this review, as things stand."""
    enrolment = review.submission.enrolment
    if granted.exists(_reviewer_key(review)):  # he reviewed an earlier attempt
        return 0
    return rules.review_reward_for(*_purchase(enrolment), _brought(enrolment), queries.rewarded_today(review.reviewer_id))


def reward_reviewer(review: PeerReview, rules: Rules) -> int:
    """Grant what his opinion brings, once for him, the exercise and its author; answers how many millionths of TEO."""
    amount = reviewing_reward(review, rules)
    _grant(review.submission, _reviewer_key(review), review.reviewer_id, REVIEW, amount, rules)
    return amount


def _tell(submission: Submission, kind: str) -> None:
    enrolment, lesson = submission.enrolment, submission.lesson
    facts = dict(course=enrolment.course.title, lesson=lesson.title, slug=enrolment.course.slug, lesson_slug=lesson.slug)
    notices.tell(enrolment.user_id, kind, f"submission:{submission.id}", **facts)


def _reward_author(submission: Submission, rules: Rules) -> None:
    enrolment = submission.enrolment
    _grant(submission, f"{_key(submission)}:passed", enrolment.user_id, PASS, passing_reward(enrolment, rules), rules)


def _reviewer_key(review: PeerReview) -> str:
    return f"{_key(review.submission)}:reviewer:{review.reviewer_id}"


def _key(submission: Submission) -> str:
    return f"exercise:{submission.lesson_id}:author:{submission.enrolment.user_id}"


def _brought(enrolment: Enrolment) -> int:
    """What reviews brought to anybody out of the author's purchase."""
    return granted.granted(enrolment.user_id, enrolment.course_id, (REVIEW, PASS))


def _purchase(enrolment: Enrolment) -> tuple[int, int]:
    """(cents the author paid for the course, TEO that buying it brought him)."""
    return enrolment.paid, granted.granted(enrolment.user_id, enrolment.course_id, ("purchase",))


def _grant(submission: Submission, key: str, user_id: int, kind: str, amount: int, rules: Rules) -> None:
    """It matures with the author's purchase, out of which it comes: while his money can be asked back, it can be taken back."""
    enrolment = submission.enrolment
    evidence: Facts = {"course": enrolment.course.title, "lesson": submission.lesson.title}
    evidence |= {"each": rules.review_reward, "most": rules.reviews_reward(*_purchase(enrolment)), "before": _brought(enrolment)}
    facts: Facts = dict(course_id=enrolment.course_id, payer_id=enrolment.user_id, evidence=evidence)
    rewards.grant(key, user_id, kind, amount, rules, enrolment.matures_at, **facts)
