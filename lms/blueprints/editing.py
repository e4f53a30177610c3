"""What a teacher's editors ask of a form, whatever is written in them."""

from flask import request


def wants_preview():
    """It was sent by the button that shows what is written and saves nothing."""
    return "preview" in request.form


def step():
    """-1 for up, 1 for down: where what stands in an order is moved to."""
    return -1 if request.form.get("direction") == "up" else 1
