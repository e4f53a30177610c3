"""The stream that feeds open pages."""

from flask import Blueprint, Response, abort, current_app, request
from flask_login import current_user

from lms import live
from lms.blueprints.live.hub import hub
from lms.blueprints.live.stream import CLOSED

blueprint = Blueprint("live", __name__)

MOST_NAMES, LONGEST_NAME = 10, 40
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@blueprint.get("/live")
def stream():
    """First the blocks asked for, then what is pushed. The stream is open before they are read, so nothing is lost between."""
    if not current_user.is_authenticated:
        return _refuse()
    names = _names(request.args.get("show", ""))
    opened = hub.open(current_app._get_current_object(), current_user, names, request.environ)
    try:
        opened.put_all(live.show(current_user, names))
    except Exception:
        opened.close()  # nobody will read it, and it would count among the member's five
        raise
    return Response(opened, mimetype="text/event-stream", headers=HEADERS, direct_passthrough=True)


def _names(asked):
    """The fragments asked for that there are, within bounds."""
    names = dict.fromkeys(name for name in asked.split(",", MOST_NAMES)[:MOST_NAMES] if len(name) <= LONGEST_NAME)
    return [name for name in names if live.is_known(name)]


def _refuse():
    """A page that was fed until its sign-in ended would ask for ever, so it is told; nobody else gets a stream."""
    if "Last-Event-ID" not in request.headers:
        abort(401)
    return Response(CLOSED, mimetype="text/event-stream", headers=HEADERS)
