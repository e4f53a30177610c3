"""A page, or the one block of it that htmx asked for."""

from flask import make_response, render_template, request
from jinja2 import Template
from jinja2_fragments.flask import render_block


class Macros(Template):
    def _get_default_module(self, ctx=None):
        """What another template imports, made once a process: nothing is handed to templates but what they all know.

        Jinja compares at each import what the two know; a page imports some ten times."""
        return super()._get_default_module()


def render(template, block=None, **context):
    """The block when the request is htmx's and partial, else the page. Caches must tell the two apart."""
    partial = request.headers.get("HX-Request-Type") == "partial"
    body = render_block(template, block, **context) if block and partial else render_template(template, **context)
    response = make_response(body)
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response
