"""The rules everybody plays by, in words: the version in force, what is announced, and what was before."""

from flask import Blueprint

from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.actions import NOTICE
from lms.errors import NotFound
from lms.ui import render
from lms.ui.rulebook import GROUPS, differences, said_strong

blueprint = Blueprint("rulebook", __name__)


@blueprint.get("/rulebook")
def show():
    return _page(rulebook.edition())


@blueprint.get("/rulebook/<int(min=1, max=32767):number>")
def version(number):
    return _page(rulebook.edition(number))


def _page(edition):
    if edition is None:
        raise NotFound("There is no such version of the rulebook.")
    return render("rulebook/show.html", "rules", edition=edition, notice=NOTICE.days, groups=GROUPS, said=said_strong, differences=differences)
