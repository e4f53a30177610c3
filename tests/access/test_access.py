"""Every route and method as every kind of visitor: let in or refused as who_may.txt says."""

from pathlib import Path

import pytest

from lms.db import db
from lms.queue import queue
from tests import rows
from tests.access.world import PEOPLE, World

TABLE = [line.split() for line in Path(__file__).with_name("who_may.txt").read_text().splitlines() if line and not line.startswith("#")]
KINDS = dict(zip("ansotudx", ("nobody", *PEOPLE), strict=True))


@pytest.fixture
def world(app, member, log_in, chain):
    return World(app, member, log_in)


@pytest.fixture
def ask(app, world):
    """ask(rule, method, kind) → whether somebody of this kind is let in. What it changed is put back."""
    kept = rows.everything()

    def asked(rule, method, kind):
        queue.redis.flushdb()  # how often one may ask is another matter
        answer = _browser(app, world.tokens.get(kind)).open(world.path(rule), method=method, buffered=False)
        is_in = not (answer.status_code in (401, 403, 404) or (answer.status_code == 302 and "/log-in" in answer.location))
        assert answer.status_code != 500, (rule.endpoint, method, kind)
        answer.close()
        if is_in and method == "POST":
            _put_back(kept)
        return is_in

    return asked


def test_each_route_and_method_stands_in_the_table_once(app):
    there_are = sorted((rule.endpoint, method) for rule in app.url_map.iter_rules() for method in rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"})
    assert [(endpoint, method) for endpoint, method, _ in TABLE] == there_are


@pytest.mark.parametrize("blueprint", sorted({endpoint.partition(".")[0] for endpoint, *_ in TABLE}))
def test_who_is_let_in(blueprint, app, ask):
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    table = {(endpoint, method): letters for endpoint, method, letters in TABLE if endpoint.partition(".")[0] == blueprint}
    found = {(endpoint, method): "".join(letter if ask(rules[endpoint], method, kind) else "-" for letter, kind in KINDS.items()) for endpoint, method in table}
    assert found == table


def test_a_session_that_outlived_its_suspension_opens_what_anybody_may_open():
    assert {letters[-1] == "x" for *_, letters in TABLE} == {True, False}
    assert [line for line in TABLE if (line[2][0] == "a") != (line[2][-1] == "x")] == []


def _browser(app, token):
    browser = app.test_client()
    if token:
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
    return browser


def _put_back(kept):
    db.session.rollback()
    db.session.expunge_all()
    rows.empty()
    rows.put(kept)
    db.session.remove()
