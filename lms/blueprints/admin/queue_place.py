"""The place in the queue an admin came to a case from: its order, filters, word and page stand in the address, so that he goes on and back there."""

from flask import request

from lms.domain.desk import cases

_KNOWN = {"order": cases.ORDERS, "which": cases.FILTERS, "age": cases.AGES}


def wanted():
    """{"order", "which", "age", "word"} as cases.queue takes them; empty where the address names none that there is."""
    given = {name: request.args.get(name, "") for name in _KNOWN}
    return {name: value if value in _KNOWN[name] else "" for name, value in given.items()} | {"word": word()}


def word():
    """What is looked for."""
    return request.args.get("q", "").replace("\x00", "").strip()[:200]


def carried(page=None):
    """What the address of a case says of the place: of a queue that shows this page, or as this request's own address says it."""
    page = page or _page()
    return _chosen() | ({"queue": page} if page > 1 else {})


def back():
    """What the address of the queue says so that it shows the place again."""
    return _chosen() | ({"page": _page()} if _page() > 1 else {})


def place(page):
    """What the address of the queue says so that it shows this page of what it shows now."""
    return _chosen() | ({"page": page} if page > 1 else {})


def _chosen():
    return {"q" if name == "word" else name: value for name, value in wanted().items() if value}


def _page():
    return request.args.get("queue", 1, type=int)
