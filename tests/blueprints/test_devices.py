"""By what a browser is known when somebody signs in: a cookie of that page alone."""

import re

import pytest

from lms.blueprints.limits import limiter
from lms.db import db
from lms.domain.accounts import queries
from lms.domain.accounts.models import Sighting
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def no_tries_yet(app):
    limiter.reset()


@pytest.fixture
def sign_in(client):
    """sign_in(ana) with her password, and with which address; the answer."""

    def send(user, password=PASSWORD, address="203.0.113.7"):
        client.post("/log-out")
        return client.post("/log-in", data={"email": user.email, "password": password}, environ_base={"REMOTE_ADDR": address})

    return send


def kept(answer):
    return [cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith("device=")]


def test_it_is_kept_for_ninety_days_and_sent_to_the_page_where_one_signs_in_alone(sign_in, ana):
    (cookie,) = kept(sign_in(ana))
    value, *attributes = cookie.split("; ")
    assert re.fullmatch(r"device=[\w-]{32}", value)
    assert {"Max-Age=7776000", "Path=/log-in", "HttpOnly", "SameSite=Lax"} <= set(attributes)


def test_no_other_page_and_no_wrong_password_sets_it(sign_in, client, ana):
    assert kept(sign_in(ana, password="a wrong one of course")) == []
    assert not any(kept(client.get(path)) for path in ("/", "/log-in", "/sign-up", "/courses"))
    assert db.session.query(Sighting).count() == 0


def test_two_who_sign_in_with_one_browser_are_seen_together(sign_in, ana, bruno, tea, client):
    sign_in(ana), sign_in(bruno, address="198.51.100.9")
    client.delete_cookie("device", path="/log-in")
    sign_in(tea)
    rows = {row.user_id: row for row in db.session.query(Sighting)}
    assert rows[ana.id].device == rows[bruno.id].device != rows[tea.id].device
    assert (rows[ana.id].network, rows[bruno.id].network) == ("203.0.113.0/24", "198.51.100.0/24")
    assert [sharing.named for sharing in queries.who_share(ana, {rows[ana.id].device}, by=tea).values()] == [[(bruno.id, bruno.name)]]


@pytest.mark.parametrize("made_up", ["", "ü" * 32, "a" * 33, "' OR 1=1 --' OR 1=1 --' OR 1=1 --"])
def test_an_id_that_is_not_of_ours_is_replaced(sign_in, client, ana, made_up):
    client.set_cookie("device", made_up, path="/log-in")
    value = kept(sign_in(ana))[0].partition(";")[0].removeprefix("device=")
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", value) and value != made_up
