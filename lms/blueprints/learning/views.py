"""My courses, their lessons, and what completing them earns."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user, login_required

from lms import live
from lms.blueprints.access import standing_or_404
from lms.blueprints.paging import page_number
from lms.db import transaction
from lms.domain.certificates import badges
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import exercise_queries as exercises
from lms.domain.learning import queries
from lms.domain.learning import quiz_queries as quizzes
from lms.domain.rulebook import queries as rulebook
from lms.errors import Forbidden, NotFound
from lms.formats import markdown
from lms.queue import enqueue
from lms.ui import render

BADGES = 6  # among my courses; a page of their own has all

blueprint = Blueprint("learning", __name__, url_prefix="/learn")


@blueprint.get("")
@login_required
def index():
    newest = badges.newest_of(current_user.id, BADGES + 1)
    shown = dict(badges=newest[:BADGES], has_more=len(newest) > BADGES, reviews=exercises.reviews_open(current_user.id))
    return render("learning/index.html", "courses", enrolments=queries.of_member(current_user.id, page_number()), **shown)


@blueprint.get("/<slug>")
@login_required
def course(slug):
    """Where the student goes on: the next lesson, or what he has finished."""
    standing = _standing(slug)
    if standing.enrolment and not standing.left and standing.completed:
        earned = dict(rewards=queries.rewards_of(standing.enrolment), badge=badges.of_course(current_user.id, standing.course.id))
        return render("learning/finished.html", standing=standing, **earned)
    if standing.next_lesson is None or not standing.may_read(standing.next_lesson):
        return redirect(url_for("courses.show", slug=slug))
    return redirect(url_for("learning.lesson", slug=slug, lesson_slug=standing.next_lesson.slug))


@blueprint.post("/<slug>")
@login_required
def enroll(slug):
    """Take part in a free course."""
    standing = _standing(slug)
    with transaction():
        learning.enroll_free(current_user, standing.course)
    return redirect(url_for("learning.course", slug=slug), 303)


@blueprint.post("/<slug>/finish")
@login_required
def finish(slug):
    standing = _enrolled(slug)
    with transaction():
        learning.finish(standing.enrolment)
        user_id = current_user.id  # read before the commit: a push must find no connection held
    _bring_rewards(user_id)
    return redirect(url_for("learning.course", slug=slug), 303)


@blueprint.get("/<slug>/<lesson_slug>")
def lesson(slug, lesson_slug):
    standing = _standing(slug)
    lesson = _lesson(standing, lesson_slug)
    if not standing.may_read(lesson):
        return render("learning/locked.html", standing=standing, lesson=lesson, rules=rulebook.in_force()), 403
    text = markdown.render(lesson.body)
    return render("learning/lesson.html", standing=standing, lesson=lesson, text=text, quiz=_quiz(standing, lesson), **_rewards(standing, lesson))


@blueprint.post("/<slug>/<lesson_slug>/complete")
@login_required
def complete_lesson(slug, lesson_slug):
    standing = _enrolled(slug)
    lesson = _lesson(standing, lesson_slug)
    with transaction():
        first = learning.complete_lesson(standing.enrolment, lesson)
        user_id, is_over = current_user.id, standing.enrolment.completed_at is not None
    if first:
        _bring_rewards(user_id)
    if first and is_over:
        return redirect(url_for("learning.course", slug=slug), 303)
    return redirect(url_for("learning.lesson", slug=slug, lesson_slug=lesson_slug, _anchor="completion"), 303)


def _standing(slug):
    return standing_or_404(courses.by_slug(slug))


def _enrolled(slug):
    standing = _standing(slug)
    if standing.enrolment is None:
        raise Forbidden("Only those who are enrolled complete lessons.")
    return standing


def _lesson(standing, slug):
    lesson = courses.lesson(standing.course, slug)
    if lesson is None:
        raise NotFound("There is no such lesson.")
    return lesson


def _rewards(standing, lesson):
    """What the student earned here, or would earn now, and how his work on its exercise stands."""
    if standing.enrolment is None:
        return dict(rules=rulebook.in_force(), earned=[], reward=0, work=None)
    earned = queries.lesson_rewards(standing.enrolment, lesson)
    work = exercises.last_state(standing.enrolment.id, lesson.id) if lesson.exercise else None
    return dict(rules=None, earned=earned, work=work, reward=queries.next_reward(standing.enrolment, standing.left))


def _quiz(standing, lesson):
    """How the student stands in the lesson's quiz, by the attempt that says it, and whether he is to pass it still."""
    if standing.enrolment is None or not lesson.has_quiz:
        return dict(attempt=None, is_left=False)
    where = (standing.enrolment.id, lesson.id)
    return dict(attempt=quizzes.shown(*where), is_left=lesson.id not in standing.completed and not quizzes.has_passed(*where))


def _bring_rewards(user_id):
    enqueue("settlement.settle")
    live.push(user_id, *live.BALANCE)
