"""What happens at the doors is in the log: who, from which network, and no secret."""

import logging

import pytest

from lms.blueprints.limits import limiter
from lms.domain.accounts import mailed_links
from lms.logs import JsonFormatter
from tests.conftest import PASSWORD, SECRET

HERE = {"REMOTE_ADDR": "203.0.113.7"}
BROWSER = {"User-Agent": "Somebody's browser\n{\"level\": \"forged\"}"}


@pytest.fixture(autouse=True)
def no_tries_yet(app):
    limiter.reset()


@pytest.fixture
def told(caplog):
    """told() answers the events so far, each as (what, whose id)."""
    caplog.set_level(logging.INFO, logger="lms.security")
    return lambda: [(record.getMessage(), record.user) for record in caplog.records if record.name == "lms.security"]


def lines(caplog):
    return [JsonFormatter().format(record) for record in caplog.records]


def test_who_comes_in_and_goes_is_told(client, ana, told, caplog):
    client.post("/log-in", data={"email": ana.email, "password": PASSWORD}, environ_base=HERE)
    client.post("/log-out")
    assert told() == [("logged in", ana.id), ("logged out", ana.id)]
    assert '"network": "203.0.113.0/24"' in lines(caplog)[0] and "203.0.113.7" not in str(lines(caplog))


def test_who_is_refused_is_told_by_a_mark_of_the_account_he_tried(client, ana, told, caplog):
    for address in (ana.email, ana.email.upper(), "nobody@example.org"):
        client.post("/log-in", data={"email": address, "password": "a wrong one of course"}, environ_base=HERE)
    assert told() == [("log-in refused", None)] * 3
    tried = [record.account for record in caplog.records if record.name == "lms.security"]
    assert tried[0] == tried[1] != tried[2]
    assert not any(secret in line for line in lines(caplog) for secret in (ana.email, "a wrong one of course"))


def test_every_change_of_what_proves_a_member_is_told(client, log_in, ana, told):
    browser = log_in(ana)
    browser.post("/account/password", data={"password-current": PASSWORD, "password-password": "quite another phrase"})
    browser.post("/account/email", data={"email-email": "other@example.org", "email-password": "quite another phrase"})
    browser.post("/password/forgotten", data={"email": ana.email})
    browser.post(f"/password/{mailed_links.make(SECRET, mailed_links.RESET, ana, ana.email)}", data={"password": "yet another phrase"})
    whose = [event for event in told() if event[0] != "logged in"]
    assert whose == [("password changed", ana.id), ("new address asked for", ana.id), ("link to a new password asked for", None), ("password set by a link", ana.id)]


@pytest.mark.parametrize("typed", [PASSWORD, "a wrong one of course"])
def test_a_browsers_name_forges_no_line(client, ana, told, caplog, typed):
    client.post("/log-in", data={"email": ana.email, "password": typed}, headers=BROWSER | {"User-Agent": BROWSER["User-Agent"].replace("\n", " ")})
    caplog.records[-1].agent = BROWSER["User-Agent"]  # no server lets a line end through, but the log would hold against it
    assert told() and not any("\n" in line for line in lines(caplog))


def test_a_forged_form_and_too_many_tries_are_told(app, client, ana, caplog):
    for _ in range(11):
        client.post("/log-in", data={"email": ana.email, "password": "a wrong one of course"})
    app.config["WTF_CSRF_ENABLED"] = True
    client.post("/log-in", data={"email": ana.email, "password": PASSWORD})
    said = [record.getMessage() for record in caplog.records if record.name == "lms.error_pages"]
    assert said == ["too many tries", "form without its token"]
