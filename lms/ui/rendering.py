"""A page, or the one block of it that htmx asked for."""

from flask import make_response, render_template, request
from jinja2_fragments.flask import render_block


def render(template, block=None, **context):
    """The block when the request is htmx's and partial, else the page. Caches must tell the two apart."""
    partial = request.headers.get("HX-Request-Type") == "partial"
    body = render_block(template, block, **context) if block and partial else render_template(template, **context)
    response = make_response(body)
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response
