"""Who may open a page. Before each request of a blueprint: teachers_only, earners_only, admins_only; of a course or lesson: standing_or_404, lesson_or_404, taught_or_404.

Who is let in where in the end: tests/access/who_may.txt."""

from flask import current_app
from flask_babel import lazy_gettext
from flask_login import current_user

from lms.domain.courses import queries as courses
from lms.domain.learning import queries as learning
from lms.errors import Forbidden, NotFound


class TeachersOnly(Forbidden):
    way_on = ("applications.show", lazy_gettext("Become a teacher"))


def reader():
    """The member logged in, or None for a visitor."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def teachers_only():
    """Before each request of a blueprint that is the teachers' own."""
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()
    if current_user.is_student:
        raise TeachersOnly("Only teachers work here. You can apply to become one.")
    if not current_user.is_teacher:
        raise Forbidden("Only teachers work here.")
    return None


def admins_only():
    """Before each request of a blueprint that is the admins' own."""
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()
    if not current_user.is_admin:
        raise Forbidden("Only admins work here.")
    return None


def earners_only():
    """Before each request about what a teacher has earned or staked: it stays his when he teaches no more."""
    return None if current_user.is_authenticated and current_user.has_taught else teachers_only()


def standing_or_404(course):
    """The reader's Standing to a course he may know of."""
    standing = learning.standing(course, reader()) if course else None
    if standing is None or not standing.may_see:
        raise NotFound("There is no such course.")
    return standing


def lesson_or_404(slug, lesson_slug):
    """(standing, lesson) of a lesson that the reader may read, by the course's and its own name in the address."""
    standing = standing_or_404(courses.by_slug(slug))
    lesson = courses.lesson(standing.course, lesson_slug)
    if lesson is None or not standing.may_read(lesson):
        raise NotFound("There is no such lesson.")
    return standing, lesson


def taught_or_404(course):
    """The teacher's own course; somebody else's does not exist for him."""
    if course is None or course.teacher_id != current_user.id:
        raise NotFound("There is no such course of yours.")
    return course
