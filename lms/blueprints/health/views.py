"""What a load balancer and an operator ask: is the process alive, and can it do its work?"""

from flask import Blueprint, jsonify

from lms import health

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.after_request
def fresh(response):
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/live")
def live():
    return jsonify(state="ok")


@blueprint.get("/ready")
def ready():
    """200 when every part is ok, else 503; either way each part with its state and a sentence."""
    parts = health.look()
    is_ok = all(part.is_ok for part in parts)
    body = {part.name: {"state": "ok" if part.is_ok else "down", "sentence": str(part)} for part in parts}
    return jsonify(state="ok" if is_ok else "down", **body), 200 if is_ok else 503
