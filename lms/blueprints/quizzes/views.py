"""The quiz of a lesson: begun, answered and handed in by who is enrolled."""

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from lms.blueprints import quiz_questions
from lms.blueprints.access import lesson_or_404
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.quizzes import writing
from lms.blueprints.quizzes.forms import AnswersForm
from lms.db import transaction
from lms.domain.courses import quiz_queries as written
from lms.domain.learning import quiz_queries as queries
from lms.domain.learning import quizzes
from lms.errors import Forbidden, Invalid, NotFound
from lms.ui import render

blueprint = Blueprint("quizzes", __name__)
blueprint.register_blueprint(writing.blueprint)

QUIZ = "/learn/<slug>/<lesson_slug>/quiz"


@blueprint.get(QUIZ)
@login_required
def show(slug, lesson_slug):
    standing, lesson = _standing(slug, lesson_slug)
    attempt = _open(standing, lesson)
    form = AnswersForm()
    return _attempt_page(standing, lesson, attempt, form, queries.chosen(attempt)) if attempt else _results_page(standing, lesson, form)


@blueprint.post(QUIZ)
@login_required
@limiter.limit("60 per hour", key_func=logged_in_member)
def begin(slug, lesson_slug):
    standing, lesson = _standing(slug, lesson_slug)
    with transaction():
        quizzes.begin(standing.enrolment, lesson)
    return _back(slug, lesson_slug)


@blueprint.post(f"{QUIZ}/answers")
@login_required
@limiter.limit("600 per hour", key_func=logged_in_member)
def answer(slug, lesson_slug):
    standing, lesson = _standing(slug, lesson_slug)
    form = AnswersForm()
    attempt = queries.own(standing.enrolment.id, lesson.id, form.attempt_id)
    if attempt is None:
        raise Invalid("These answers belong to no attempt of yours.")
    chosen = form.chosen(attempt.questions)
    if not form.validate_on_submit():
        return _refused_page(standing, lesson, attempt, form, chosen)
    is_handed_in = "hand_in" in request.form
    with transaction():
        (quizzes.hand_in if is_handed_in else quizzes.save)(attempt, chosen)
    if not is_handed_in:
        answered = sum(map(bool, chosen.values()))
        flash(_("Saved. Questions answered: %(answered)s of %(count)s.", answered=answered, count=len(chosen)), "done")
    return _back(slug, lesson_slug)


def _standing(slug, lesson_slug):
    """(standing, lesson) of a lesson whose quiz the member may take."""
    standing, lesson = lesson_or_404(slug, lesson_slug)
    if standing.enrolment is None:
        raise Forbidden("Only those who are enrolled take a quiz.")
    return standing, lesson


def _open(standing, lesson):
    """The attempt that is open; one past its time is closed by who comes to see it."""
    attempt = queries.open_attempt(standing.enrolment.id, lesson.id)
    if attempt is None or not attempt.is_late:
        return attempt
    with transaction():
        quizzes.close_late(attempt.id)
    return None


def _attempt_page(standing, lesson, attempt, form, chosen):
    form.attempt.data = str(attempt.id)
    asked = quiz_questions.asked(attempt.questions, chosen)
    return render("quizzes/attempt.html", "form", standing=standing, lesson=lesson, attempt=attempt, form=form, questions=asked)


def _refused_page(standing, lesson, attempt, form, chosen):
    """What was chosen stands there still, as long as it can be sent again; after that, what counts."""
    if attempt.is_open and _open(standing, lesson):
        return _attempt_page(standing, lesson, attempt, form, chosen), 422
    return _results_page(standing, lesson, form), 422


def _results_page(standing, lesson, form):
    attempts = [attempt for attempt in queries.attempts(standing.enrolment.id, lesson.id) if not attempt.is_open]
    quiz = written.quiz(lesson) if lesson.has_quiz else None
    if quiz is None and not attempts:
        raise NotFound("This lesson has no quiz.")
    last = attempts[-1] if attempts else None
    answered = quiz_questions.asked(last.questions, queries.chosen(last)) if last else []
    facts = dict(has_passed=queries.has_passed(standing.enrolment.id, lesson.id), attempts=attempts, last=last, questions=answered)
    return render("quizzes/show.html", standing=standing, lesson=lesson, quiz=quiz, form=form, **facts)


def _back(slug, lesson_slug):
    return redirect(url_for("quizzes.show", slug=slug, lesson_slug=lesson_slug), 303)
