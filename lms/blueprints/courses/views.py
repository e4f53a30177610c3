"""The catalogue, and the page of a course."""

from babel import Locale
from flask import Blueprint, current_app
from flask_babel import get_locale

from lms.blueprints.access import reader, standing_or_404
from lms.blueprints.courses.forms import Wanted
from lms.domain.checkout.terms import rules_and_order
from lms.domain.courses import queries as courses
from lms.domain.learning import queries as learning
from lms.domain.rulebook.amounts import vat
from lms.formats import markdown
from lms.ui import render
from lms.ui.preferences import LANGUAGES
from lms.ui.words import gettext

blueprint = Blueprint("courses", __name__, url_prefix="/courses")


@blueprint.get("")
def index():
    subjects = courses.subjects()
    wanted = Wanted(subjects)
    found = courses.catalogue(wanted.word, wanted.subject, wanted.language, wanted.free, wanted.number, learning.marking_enrolled(reader()))
    facts = dict(found=found, wanted=wanted, counted=courses.COUNTED, subjects=[(name, _subject(name)) for name in subjects], spoken=_spoken())
    return render("courses/index.html", "results", **facts)


@blueprint.get("/<slug>")
def show(slug):
    course, translations = courses.in_all_languages(slug)
    standing = standing_or_404(course)
    rules, looked_at = rules_and_order(standing.reader, course)
    facts = dict(
        standing=standing,
        looked_at=looked_at,
        course=course,
        translations=translations,
        rules=rules,
        description=markdown.render(course.description),
        spoken=_spoken(),
        named=_languages(),
    )
    return render("courses/show.html", **facts)


def _spoken():
    """Each language by its name in the reader's, as it stands alone."""
    return {code: name[0].upper() + name[1:] for code, name in _languages().items()}


def _languages():
    """The same as it stands in a sentence: Italian writes it small."""
    return {code: Locale(code).get_display_name(get_locale()) for code in LANGUAGES}


@blueprint.app_template_filter("subject")
def _subject(name):
    """A subject of our own courses in the reader's language; any other as its teacher wrote it."""
    match name:
        case "Art history":
            return gettext("Art history")
        case "Mathematics":
            return gettext("Mathematics")
        case "Technology":
            return gettext("Technology")
    return name


@blueprint.app_template_filter("with_vat")
def _with_vat(cents):
    """The price as it is paid."""
    return cents + vat(cents, current_app.config["VAT_RATE"])
