"""Addresses of the other pages of a list."""

from flask import request, url_for


def page_url(number):
    """The address of this list at another page: search words and filters stay."""
    return url_for(request.endpoint, **(request.view_args or {}) | request.args.to_dict(flat=False) | {"page": number})
