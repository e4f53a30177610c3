"""Money on its way back to buyers, by how far it is."""

from flask import Blueprint, request

from lms.blueprints.paging import page_number
from lms.domain.checkout import refund_queries
from lms.ui import render

blueprint = Blueprint("refunds", __name__, url_prefix="/refunds")  # of admins only, as the blueprint it stands in


@blueprint.get("")
def index():
    state = request.args.get("state", "")
    state = state if state in refund_queries.STATES else ""
    return render("admin/refunds.html", refunds=refund_queries.page(state, page_number()), state=state, counts=refund_queries.counts())
