"""The quiz of a lesson as its teacher writes it: settings, and questions in their order."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _

from lms.blueprints import quiz_questions
from lms.blueprints.access import taught_or_404, teachers_only
from lms.blueprints.editing import step, wants_preview
from lms.blueprints.forms import status_of
from lms.blueprints.quizzes.forms import QuestionForm, SettingsForm
from lms.db import transaction
from lms.domain.courses import queries as courses
from lms.domain.courses import quiz_queries as queries
from lms.domain.courses import quizzes
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("writing", __name__, url_prefix="/teach/courses/<slug>/lessons/<lesson_slug>/quiz")
blueprint.before_request(teachers_only)

QUESTION = "/questions/<int(max=2147483647):question_id>"


@blueprint.route("", methods=["GET", "POST"])
def show(slug, lesson_slug):
    lesson = _lesson(slug, lesson_slug)
    quiz = queries.quiz(lesson)
    form = SettingsForm(obj=quiz)
    if not form.validate_on_submit():
        titles = {question.id: quiz_questions.title_of(question) for question in quiz.questions} if quiz else {}
        return render("quizzes/writing.html", course=lesson.course, lesson=lesson, quiz=quiz, form=form, titles=titles), status_of(form)
    with transaction():
        quizzes.configure(lesson, form.minutes.data, form.passing_percent.data)
    flash(_("The settings are saved."), "done")
    return _back(slug, lesson_slug)


@blueprint.route("/questions", methods=["GET", "POST"])
def add(slug, lesson_slug):
    lesson = _lesson(slug, lesson_slug)
    form = QuestionForm()
    if wants_preview() or not form.validate_on_submit():
        return _editor(lesson, form)
    with transaction():
        quizzes.add_question(lesson, form.text.data, form.written, form.has_several.data)
    flash(_("The question is added."), "done")
    return _back(slug, lesson_slug)


@blueprint.route(QUESTION, methods=["GET", "POST"])
def change(slug, lesson_slug, question_id):
    lesson = _lesson(slug, lesson_slug)
    question = _question(lesson, question_id)
    form = QuestionForm(obj=question)
    if wants_preview() or not form.validate_on_submit():
        return _editor(lesson, form, question)
    with transaction():
        quizzes.change_question(question, form.text.data, form.written, form.has_several.data)
    flash(_("The question is saved."), "done")
    return _back(slug, lesson_slug)


@blueprint.post(f"{QUESTION}/place")
def move(slug, lesson_slug, question_id):
    with transaction():
        quizzes.move_question(_question(_lesson(slug, lesson_slug), question_id), step())
    return _back(slug, lesson_slug)


@blueprint.post(f"{QUESTION}/removal")
def remove(slug, lesson_slug, question_id):
    with transaction():
        quizzes.remove_question(_question(_lesson(slug, lesson_slug), question_id))
    flash(_("The question is removed."), "done")
    return _back(slug, lesson_slug)


def _lesson(slug, lesson_slug):
    lesson = courses.lesson(taught_or_404(courses.by_slug(slug)), lesson_slug)
    if lesson is None:
        raise NotFound("There is no such lesson.")
    return lesson


def _question(lesson, question_id):
    question = queries.question(lesson, question_id)
    if question is None:
        raise NotFound("There is no such question in this quiz.")
    return question


def _editor(lesson, form, question=None):
    """A preview asks less than a question that is saved: only what can be shown."""
    can_be_shown = form.text.validate(form) and form.options.validate(form) if wants_preview() else question is not None and not form.is_submitted()
    preview = quiz_questions.written(form.text.data, form.written, form.has_several.data) if can_be_shown else None
    page = render("quizzes/question.html", "preview", course=lesson.course, lesson=lesson, question=question, form=form, preview=preview)
    return page, 200 if can_be_shown else status_of(form)


def _back(slug, lesson_slug):
    return redirect(url_for("quizzes.writing.show", slug=slug, lesson_slug=lesson_slug), 303)
