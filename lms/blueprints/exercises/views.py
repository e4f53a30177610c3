"""Work on the exercises of lessons: handed in by who learns, reviewed by who knows it already, graded by the teacher."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms import live
from lms.blueprints.access import lesson_or_404, teachers_only
from lms.blueprints.exercises.forms import VerdictForm, WorkForm
from lms.blueprints.forms import status_of
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning import exercises, verdicts
from lms.domain.rulebook import queries as rulebook
from lms.errors import Forbidden, NotFound
from lms.formats import markdown
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("exercises", __name__)

WORK = "/learn/<slug>/<lesson_slug>/exercise"
REVIEW = "/reviews/<int(max=2147483647):review_id>"
GRADE = "/teach/exercises/<int(max=2147483647):submission_id>"


@blueprint.route(WORK, methods=["GET", "POST"])
@login_required
def show(slug, lesson_slug):
    standing, lesson = _exercise(slug, lesson_slug)
    form = WorkForm()
    if not form.validate_on_submit():
        return _work_page(standing, lesson, form), status_of(form)
    with transaction():
        exercises.hand_in(standing.enrolment, lesson, form.text.data)
    flash(_("Handed in. You hear from us when it is reviewed."), "done")
    return redirect(url_for("exercises.show", slug=slug, lesson_slug=lesson_slug), 303)


@blueprint.get("/reviews")
@login_required
def reviews():
    return render("exercises/reviews.html", "reviews", reviews=queries.reviews_of(current_user.id, page_number()))


@blueprint.route(REVIEW, methods=["GET", "POST"])
@login_required
def review(review_id):
    found = queries.review(current_user.id, review_id)
    if found is None:
        raise NotFound("You were not asked for such a review.")
    rules = rulebook.version(found.submission.enrolment.rule_version)
    form = VerdictForm(rules.highest_score)
    if not form.validate_on_submit():
        reward = verdicts.reviewing_reward(found, rules) if found.is_open else 0
        return render("exercises/review.html", "form", review=found, form=form, rules=rules, reward=reward, **_shown(found.submission)), status_of(form)
    with transaction():
        exercises.give(found, form.score.data, form.comment.data)
        submission, reward, reviewer_id = found.submission, found.reward, current_user.id
        author_id, name, is_decided = submission.enrolment.user_id, f"work:{submission.id}", not submission.is_open
    _bring(author_id, name, {reviewer_id} if reward else set(), is_decided)
    flash(_("Thank you. The author reads it without your name."), "done")
    return redirect(url_for("exercises.reviews"), 303)


@blueprint.get("/teach/exercises")
def to_grade():
    return _graders_only() or render("exercises/to_grade.html", "work", work=queries.to_grade(current_user, page_number()))


@blueprint.route(GRADE, methods=["GET", "POST"])
def grade(submission_id):
    stopped = _graders_only()
    if stopped:
        return stopped
    submission = queries.for_grader(current_user, submission_id)
    if submission is None:
        raise NotFound("There is no such work for you to grade.")
    rules = rulebook.version(submission.enrolment.rule_version)
    form = VerdictForm(rules.highest_score)
    if not form.validate_on_submit():
        return render("exercises/grade.html", "form", submission=submission, form=form, rules=rules, **_shown(submission)), status_of(form)
    decide = proven(_grade) if current_user.is_admin else _grade
    return decide(submission=submission, form=form)


def _grade(submission, form):
    with transaction():
        exercises.grade(submission, current_user, form.score.data, form.comment.data)
        author_id, name = submission.enrolment.user_id, f"work:{submission.id}"
    _bring(author_id, name, set(), is_decided=True)
    flash(_("Graded. The author is told."), "done")
    return redirect(url_for("exercises.to_grade"), 303)


def _graders_only():
    """Admins grade where a teacher teaches no more."""
    return None if current_user.is_authenticated and current_user.is_admin else teachers_only()


def _exercise(slug, lesson_slug):
    """(standing, lesson) of an exercise the member may answer."""
    standing, lesson = lesson_or_404(slug, lesson_slug)
    if standing.enrolment is None:
        raise Forbidden("Only those who are enrolled hand in work.")
    return standing, lesson


def _work_page(standing, lesson, form):
    attempts = queries.attempts(standing.enrolment.id, lesson.id)
    if not lesson.exercise and not attempts:
        raise NotFound("This lesson has no exercise.")
    last = attempts[-1] if attempts else None
    task = last.task if last and (last.is_open or not lesson.exercise) else lesson.exercise
    refusal = exercises.obstacle(attempts) if lesson.exercise else NotFound("This lesson has no exercise any more.")
    rules = rulebook.version(standing.enrolment.rule_version)
    shown = dict(task=markdown.render(task), attempts=attempts, rules=rules, refusal=refusal, most=exercises.MOST_ATTEMPTS, reward=verdicts.passing_reward(standing.enrolment, rules))
    return render("exercises/show.html", "form", standing=standing, lesson=lesson, form=form, **shown)


def _shown(submission):
    return dict(task=markdown.render(submission.task), text=markdown.render(submission.text))


def _bring(author_id, name, rewarded, is_decided):
    """News to the open pages of who is concerned, and to the chain. Before a decision nothing in the author's wallet has moved."""
    live.push(author_id, name, *(live.BALANCE if is_decided else ()))
    for user_id in rewarded:
        live.push(user_id, *live.BALANCE)
    if rewarded or is_decided:
        enqueue("settlement.settle")
