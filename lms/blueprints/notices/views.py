"""What a member was told."""

from flask import Blueprint, redirect, url_for
from flask_login import current_user, login_required

from lms import live
from lms.blueprints.readers import page_number
from lms.db import transaction
from lms.domain.notices import actions as notices
from lms.domain.notices import queries
from lms.errors import NotFound
from lms.ui import render
from lms.ui.notices import said

blueprint = Blueprint("notices", __name__)


@blueprint.get("/notices")
@login_required
def index():
    return render("notices/index.html", "notices", notices=queries.inbox(current_user.id, page_number()))


@blueprint.get("/notices/<int(max=2147483647):notice_id>")
@login_required
def show(notice_id):
    """To the page it is about: whoever goes there has read it."""
    notice = queries.notice(current_user.id, notice_id)
    if notice is None:
        raise NotFound("There is no such notice.")
    place = said(notice).href or url_for("notices.index")
    with transaction():
        notices.read(notice)
    _push()
    return redirect(place, 303)


@blueprint.post("/notices/read")
@login_required
def read_all():
    with transaction():
        notices.read_all(current_user)
    _push()
    return redirect(url_for("notices.index"), 303)


def _push():
    """The member's other pages count again."""
    live.push(current_user.id, "notices_chip", "notices")
