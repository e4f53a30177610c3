"""Payments that banks ask back: which are open, what became of the others, and what there is to answer one with."""

from flask import Blueprint, current_app, request

from lms.blueprints.paging import page_number
from lms.domain.accounts import device_sightings
from lms.domain.checkout import dispute_queries
from lms.domain.rulebook import queries as rulebook
from lms.errors import NotFound
from lms.gateways import payment_place
from lms.ui import render

blueprint = Blueprint("disputes", __name__, url_prefix="/disputes")  # of admins only, as the blueprint it stands in


@blueprint.get("")
def index():
    state = request.args.get("state", "")
    state = state if state in dispute_queries.STATES else ""
    return render("admin/disputes.html", disputes=dispute_queries.page(state, page_number()), state=state, counts=dispute_queries.counts())


@blueprint.get("/<int(max=2147483647):dispute_id>")
def show(dispute_id):
    """It is answered in the gateway's own pages: here is what to write there."""
    dispute = dispute_queries.dispute(dispute_id)
    if dispute is None:
        raise NotFound("There is no such dispute.")
    evidence = dispute_queries.evidence(dispute)
    rules = rulebook.version(dispute.payment.order.rule_version) if evidence else None
    return render("admin/dispute.html", dispute=dispute, evidence=evidence, rules=rules, kept=device_sightings.KEPT.days, place=payment_place(current_app.config, dispute.gateway, dispute.payment_reference))
