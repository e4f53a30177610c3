"""What teachers do: write courses, hand them in, and see what they sell."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms.blueprints.access import taught_or_404, teachers_only
from lms.blueprints.editing import step, wants_preview
from lms.blueprints.forms import status_of
from lms.blueprints.paging import page_number
from lms.blueprints.teaching.forms import CourseForm, LessonForm, NewCourseForm, SectionForm
from lms.db import transaction
from lms.domain.checkout import queries as checkout
from lms.domain.courses import actions as writing
from lms.domain.courses import approval
from lms.domain.courses import queries as courses
from lms.domain.ledger import queries as ledger
from lms.domain.rulebook import queries as rulebook
from lms.errors import NotFound
from lms.formats import markdown
from lms.ui import render

blueprint = Blueprint("teaching", __name__, url_prefix="/teach")
blueprint.before_request(teachers_only)


@blueprint.get("/")
def index():
    return render("teaching/index.html", courses=courses.taught_by(current_user, page_number()))


@blueprint.get("/sales")
def sales():
    number = page_number()
    return render("teaching/sales.html", "sales", sales=checkout.sales_of(current_user.id, number), earned=ledger.euros_of(current_user.id))


@blueprint.route("/new", methods=["GET", "POST"])
def create():
    form = NewCourseForm()
    if not form.validate_on_submit():
        return render("teaching/new.html", "form", form=form), status_of(form)
    with transaction():
        course = writing.create(current_user, form.title.data)
    return redirect(url_for("teaching.change", slug=course.slug), 303)


@blueprint.get("/courses/<slug>")
def show(slug):
    return render("teaching/show.html", course=_course(slug), form=SectionForm())


@blueprint.route("/courses/<slug>/details", methods=["GET", "POST"])
def change(slug):
    course = _course(slug)
    rules = rulebook.in_force()
    form = CourseForm(course, rules)
    if not form.validate_on_submit():
        return render("teaching/details.html", "form", course=course, form=form, rules=rules), status_of(form)
    with transaction():
        writing.change(course, **{name: value for name, value in form.data.items() if name != "csrf_token"})
    flash(_("The details are saved."), "done")
    return redirect(url_for("teaching.show", slug=slug), 303)


@blueprint.post("/courses/<slug>/submission")
def submit(slug):
    with transaction():
        approval.submit(_course(slug))
    flash(_("The course is with the admins. You see here what they decide."), "done")
    return _outline(slug)


@blueprint.post("/courses/<slug>/withdrawal")
def take_back(slug):
    with transaction():
        approval.take_back(_course(slug))
    flash(_("The course is yours again. Submit it when it is ready."), "done")
    return _outline(slug)


@blueprint.post("/courses/<slug>/sections")
def add_section(slug):
    course, form = _course(slug), SectionForm()
    if not form.validate_on_submit():
        return render("teaching/show.html", course=course, form=form), 422
    with transaction():
        writing.add_section(course, form.title.data)
    return _outline(slug)


@blueprint.route("/courses/<slug>/sections/<int(max=2147483647):section_id>", methods=["GET", "POST"])
def change_section(slug, section_id):
    course = _course(slug)
    section = _section(course, section_id)
    form = SectionForm(obj=section)
    if not form.validate_on_submit():
        return render("teaching/section.html", "form", course=course, section=section, form=form), status_of(form)
    with transaction():
        writing.change_section(section, form.title.data)
    return _outline(slug)


@blueprint.post("/courses/<slug>/sections/<int(max=2147483647):section_id>/place")
def move_section(slug, section_id):
    with transaction():
        writing.move(_section(_course(slug), section_id), step())
    return _outline(slug)


@blueprint.post("/courses/<slug>/sections/<int(max=2147483647):section_id>/removal")
def remove_section(slug, section_id):
    with transaction():
        writing.remove_section(_section(_course(slug), section_id))
    flash(_("The section is removed."), "done")
    return _outline(slug)


@blueprint.route("/courses/<slug>/sections/<int(max=2147483647):section_id>/lessons", methods=["GET", "POST"])
def add_lesson(slug, section_id):
    course = _course(slug)
    section = _section(course, section_id)
    form = LessonForm()
    if wants_preview() or not form.validate_on_submit():
        return _editor(course, form, section=section)
    with transaction():
        writing.add_lesson(section, form.title.data, form.body.data, exercise=form.exercise.data, minutes=form.minutes.data, is_preview=form.is_preview.data)
    flash(_("The lesson is added."), "done")
    return _outline(slug)


@blueprint.route("/courses/<slug>/lessons/<lesson_slug>", methods=["GET", "POST"])
def change_lesson(slug, lesson_slug):
    course = _course(slug)
    with transaction():
        lesson = _lesson(course, lesson_slug)
        form = LessonForm(lesson)
        is_saved = not wants_preview() and form.validate_on_submit()
        if is_saved:
            writing.change_lesson(
                lesson, title=form.title.data, body=form.body.data, exercise=form.exercise.data, minutes=form.minutes.data, is_preview=form.is_preview.data
            )
    if not is_saved:
        return _editor(course, form, lesson=lesson)
    flash(_("The lesson is saved."), "done")
    return redirect(url_for("teaching.change_lesson", slug=slug, lesson_slug=lesson_slug), 303)


@blueprint.post("/courses/<slug>/lessons/<lesson_slug>/place")
def move_lesson(slug, lesson_slug):
    with transaction():
        writing.move(_lesson(_course(slug), lesson_slug), step())
    return _outline(slug)


@blueprint.post("/courses/<slug>/lessons/<lesson_slug>/removal")
def remove_lesson(slug, lesson_slug):
    with transaction():
        writing.remove_lesson(_lesson(_course(slug), lesson_slug))
    flash(_("The lesson is removed."), "done")
    return _outline(slug)


def _course(slug):
    return taught_or_404(courses.by_slug(slug))


def _section(course, section_id):
    section = courses.section(course, section_id)
    if section is None:
        raise NotFound("There is no such section.")
    return section


def _lesson(course, slug):
    lesson = courses.lesson_to_edit(course, slug)
    if lesson is None:
        raise NotFound("There is no such lesson.")
    return lesson


def _editor(course, form, section=None, lesson=None):
    """Rendered before anything is read: a long text takes long, and holds no row and no connection meanwhile."""
    can_be_shown = form.body.validate(form) and form.exercise.validate(form)
    preview, task = (markdown.render(field.data) if can_be_shown and field.data else "" for field in (form.body, form.exercise))
    page = render("teaching/lesson.html", "preview", course=course, section=section or lesson.section, lesson=lesson, form=form, preview=preview, task=task)
    return page, 200 if wants_preview() and can_be_shown else status_of(form)


def _outline(slug):
    return redirect(url_for("teaching.show", slug=slug, _anchor="outline"), 303)
