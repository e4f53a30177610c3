"""Requests a second of the wallet page and of a balance in JSON, against a bare view in the same process."""

from functools import partial

from bench.house import house, server
from bench.load import requests_per_second
from bench.measure import alternating, compared
from bench.people import cookie, give_history, member
from lms.db import transaction

UNIT = "requests/s"


def figures():
    with house():
        with transaction():
            ana = member("ana")
            give_history(ana)
            signed_in = cookie(ana)
        with server() as (port, _):
            paths = {"bare": "/bare/", "page": "/wallet", "json": "/wallet/balance.json"}
            measures = {name: partial(requests_per_second, port, path, signed_in) for name, path in paths.items()}
            alternating(measures, rounds=1)  # compiles templates, opens connections
            found = alternating(measures)
    return [
        compared("page.wallet.ratio", UNIT, 0.10, found["page"], found["bare"]),
        compared("json.balance.ratio", UNIT, 0.30, found["json"], found["bare"]),
    ]
