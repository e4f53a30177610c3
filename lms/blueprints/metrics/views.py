"""What Prometheus asks for, behind a token of its own; without the setting there is no such page."""

import hmac

from flask import Blueprint, abort, current_app, request

from lms.blueprints.metrics import figures
from lms.blueprints.metrics.text import TYPE, exposition

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show():
    token = current_app.config["METRICS_TOKEN"]
    if not token:
        abort(404)
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        return "The token is missing or wrong.\n", 401, {"WWW-Authenticate": "Bearer", "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return exposition(figures.metrics()), {"Content-Type": TYPE, "Cache-Control": "no-store"}
