"""Which page of a list is asked for."""

from flask import request


def page_number():
    """The page of a list the address asks for; its query answers the nearest there is."""
    return request.args.get("page", 1, type=int)
