"""Withdrawals that were decided, found again."""

from flask import Blueprint, request

from lms.blueprints.admin import queue_place
from lms.blueprints.paging import page_number
from lms.domain.desk import decided
from lms.ui import render

blueprint = Blueprint("decided", __name__, url_prefix="/payouts/decided")  # of admins only, as the blueprint it stands in


@blueprint.get("")
def index():
    outcome, word = request.args.get("outcome", ""), queue_place.word()
    return render("admin/decided.html", decided=decided.page(outcome, word, page_number()), outcome=outcome, word=word)
