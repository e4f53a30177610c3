"""One thing done on the chain, as those who have a part in it see it."""

from flask import Blueprint
from flask_login import current_user, login_required

from lms.domain.certificates import queries as certificates
from lms.domain.wallet import holders
from lms.errors import NotFound
from lms.ui import render

blueprint = Blueprint("operations", __name__)


@blueprint.get("/operations/<int(max=2147483647):operation_id>")
@login_required
def show(operation_id):
    sight = holders.sight(current_user, operation_id)
    if sight is None:
        raise NotFound("There is no such operation.")
    return render("operations/show.html", "operation", sight=sight, certificates=certificates.issued_by(sight.operation))
