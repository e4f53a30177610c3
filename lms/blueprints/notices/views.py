"""What a member was told, and what we write to him about."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from lms import live
from lms.blueprints.forms import status_of
from lms.blueprints.notices.forms import PreferencesForm
from lms.blueprints.paging import page_number
from lms.db import transaction
from lms.domain.notices import actions as notices
from lms.domain.notices import kinds, queries
from lms.errors import NotFound
from lms.ui import render
from lms.ui.notice_words import GROUPS, NAMES
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


@blueprint.route("/account/notices", methods=["GET", "POST"])
@login_required
def preferences():
    form = PreferencesForm(kinds.choosable(current_user))
    if not form.validate_on_submit():
        return _preferences(form), status_of(form)
    with transaction():
        notices.prefer(current_user, form.mailed.data)
    flash(_("From now on we write to you about this, and no more."), "done")
    return redirect(url_for("notices.preferences"), 303)


def _preferences(form):
    """What holds is ticked, also where a form was refused: it was another page's."""
    mailed = {kind for _id, kind in queries.mailed([current_user.id])}
    groups = kinds.concerning(current_user)
    return render("notices/preferences.html", form=form, mailed=mailed, groups=groups, rules=kinds.GROUPS, words=GROUPS, names=NAMES)


def _push():
    """The member's other pages count again."""
    live.push(current_user.id, "notices_chip", "notices")
