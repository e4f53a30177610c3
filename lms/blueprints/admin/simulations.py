"""A withdrawal in review tried out on the node once more, by a job: no request waits for a node."""

from flask import Blueprint, redirect, url_for

from lms.blueprints.admin import queue_place
from lms.db import transaction
from lms.domain.desk import simulations
from lms.domain.withdrawals import queries
from lms.errors import NotFound
from lms.queue import enqueue

blueprint = Blueprint("simulations", __name__, url_prefix="/payouts")  # of admins only, as the blueprint it stands in


@blueprint.post("/<int(max=2147483647):withdrawal_id>/simulation")
def create(withdrawal_id):
    """The answer is pushed to the open page; without JavaScript it is there when the page is loaded again."""
    withdrawal = queries.withdrawal(withdrawal_id)
    if withdrawal is None:
        raise NotFound("There is no such withdrawal.")
    with transaction():
        simulations.ask(withdrawal)
    enqueue("simulations.run", withdrawal_id)
    return redirect(url_for("admin.payouts.show", withdrawal_id=withdrawal_id, **queue_place.carried(), _anchor="simulation"), 303)
