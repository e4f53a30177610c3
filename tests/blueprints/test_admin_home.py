"""An admin's home: each number with how it went and a link to where one acts on it."""

import re
from datetime import UTC, timedelta
from html import unescape

import pytest
import rq
from redis import Redis

from lms import clock
from lms.blueprints.admin import home_page
from lms.chain.rpc import Block
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.desk import cases, home_trends
from lms.domain.governance import drafts
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Deployment, Operation
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payouts
from lms.formats.safe_pickle import Plain
from lms.queue import NAME, queue
from lms.ui.charts import spark_of
from tests.blueprints.test_wallet import words
from tests.conftest import address_of, give, teo
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import earn, request
from tests.test_app import closed_port

SIGNER = "0x" + "cd" * 20
PLACES = {
    "Applications to teach": "/admin/applications/",
    "Courses to approve": "/admin/courses",
    "Bank payouts to review": "/admin/bank-payouts/",
    "Bank payouts to pay": "/admin/bank-payouts/",
    "Rulebook drafts proposed": "/admin/rulebook",
    "Disputes open": "/admin/disputes",
    "Under a day": "/admin/payouts?order=age&age=new",
    "1 to 3 days": "/admin/payouts?order=age&age=waiting",
    "Over 3 days": "/admin/payouts?order=age&age=late",
    "Open incidents": "/admin/incidents",
    "Failed jobs": "/admin/failures/jobs",
    "Failed mails": "/admin/failures/mails",
    "Behind the chain": "/admin/chain",
    "Gas lasts": "/admin/chain#signers",
}


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


@pytest.fixture
def signer(chain):
    """One whose gas lasts three days more, on a chain whose index is five blocks behind."""
    with transaction():
        db.session.query(Deployment).one().scanned_block = 95
        onchain.see_chain(Block(100, "0x0", 0, 1))
        signer_lanes.see_signer(SIGNER, teo(3), 0)
        mined = dict(key="k", kind="settle", state="final", deployment_id=1, op=1, signer=SIGNER, queued_at=clock.now(), mined_at=clock.now())
        db.session.add(Operation(**mined, fee_wei=teo(1)))


def figures(browser):
    """{label: (where it leads, what is said, the sentence of its line)}"""
    page = browser.get("/admin/").text
    cards = re.findall(r'<div class="stat figure card linked">(.*?)</div>\s*(<p class="why">.*?</p>)\s*</div>', page, re.DOTALL)
    found = [(re.search(r'<a href="([^"]*)">(.*?)</a>', card), re.search(r'role="img" aria-label="([^"]*)"', card), words(card + said)) for card, said in cards]
    return {link[2]: (unescape(link[1]), said.removeprefix(link[2]).strip(), line and line[1]) for link, line, said in found}


def note(ago, **values):
    with transaction():
        home_trends.keep(clock.now().astimezone(UTC).date() - timedelta(days=ago), {name.replace("_", " "): value for name, value in values.items()})


def test_each_number_leads_to_where_one_acts_on_it(browser, signer):
    found = figures(browser)
    assert {label: place for label, (place, *_) in found.items()} == PLACES
    assert {browser.get(place).status_code for place in PLACES.values()} == {200}


def test_a_number_is_told_with_its_trend_and_its_line_in_a_sentence(browser):
    note(10, incidents=9), note(7, incidents=1), note(1, incidents=2)
    with transaction():
        for subject in range(4):
            audit.open_incident("payment held", subject)
    _, said, line = figures(browser)["Open incidents"]
    assert said == "4 +3 in 7 days"
    assert re.fullmatch(r"Open incidents: 9 on \d+ \w+, 4 on \d+ \w+, at most 9 between\.", line)


def test_what_fell_or_stayed_or_is_new_is_told_so(browser):
    note(7, applications=2, courses=0)
    found = figures(browser)
    assert [found[label][1] for label in ("Applications to teach", "Courses to approve", "Failed mails")] == ["0 −2 in 7 days", "0 as 7 days ago", "0 no trend yet"]


def test_withdrawals_are_told_by_their_age(browser, ana, bruno):
    for member, hours in ((ana, 1), (ana, 2), (ana, 30), (bruno, 80)):
        give(member, 20 + hours)
        own = address_of(member, f"{hours:02}")
        with transaction():
            asked = withdrawals.request(f"wish of {hours}", member, own.id, teo(20))
            asked.state, asked.requested_at = "in review", clock.now() - timedelta(hours=hours)
    found = figures(browser)
    assert [found[label][1].split()[0] for label in ("Under a day", "1 to 3 days", "Over 3 days")] == ["2", "1", "1"]
    assert "4 decisions wait for an admin." in words(browser.get("/admin/").text)


def test_what_waits_for_an_admin_alone_is_in_the_sum(browser, ana, tea, ada, monkeypatch):
    with transaction():
        bank_of(tea)
    earn(tea, 50_000)
    payout = request(tea, 10_000)
    with transaction():
        draft, _ = drafts.begin(ada), drafts.begin(ada)
        drafts.change(draft, ada, Rules(completion_bp=300), 14)
        drafts.propose(draft, ada)
    monkeypatch.setattr(home_page.exercises, "to_grade_count", lambda admin: 3)
    found, page = figures(browser), words(browser.get("/admin/").text)
    assert [found[label][1].split()[0] for label in ("Bank payouts to review", "Bank payouts to pay", "Rulebook drafts proposed")] == ["1", "0", "1"]
    assert "5 decisions wait for an admin." in page and "No decision" not in page
    with transaction():
        payouts.approve(payout, ada)
    found = figures(browser)
    assert [found[label][1].split()[0] for label in ("Bank payouts to review", "Bank payouts to pay")] == ["0", "1"]
    assert "4 decisions wait for an admin." in words(browser.get("/admin/").text)


def test_the_ages_are_those_by_which_the_queue_is_filtered(browser, monkeypatch):
    monkeypatch.setattr(cases, "AGES", {"new": (None, timedelta(days=2)), "waiting": (timedelta(days=2), timedelta(days=5)), "late": (timedelta(days=5), None)})
    for page in (figures(browser).keys(), words(browser.get("/admin/payouts").text)):
        assert all(label in page for label in ("Under 2 days", "2 to 5 days", "Over 5 days"))


def test_the_chain_is_told_with_its_lag_and_how_long_each_signer_lasts(browser, signer):
    found = figures(browser)
    assert found["Behind the chain"][1].startswith("5 blocks no trend yet · head seen")
    assert found["Gas lasts"][1] == "3 days no trend yet · 0xcdcd…cdcd"


def test_a_chain_that_nobody_has_seen_has_no_lag(browser):
    assert figures(browser)["Behind the chain"][1] == "– not known now · no worker has seen it"


def test_without_redis_the_page_opens_and_says_what_is_not_known(browser, monkeypatch):
    note(3, failed_jobs=2), note(2, failed_jobs=1)
    monkeypatch.setattr(queue, "redis", Redis(port=closed_port()))
    monkeypatch.setattr(queue, "_queue", rq.Queue(NAME, connection=queue.redis, serializer=Plain))
    monkeypatch.setattr(queue, "_mail", rq.Queue(NAME, connection=queue.redis, serializer=Plain))
    _, said, line = figures(browser)["Failed jobs"]
    assert said == "– not known now" and line.startswith("Failed jobs: 2 on ")


def test_the_page_takes_as_many_statements_with_many_rows(browser, signer, statements):
    with statements() as few:
        browser.get("/admin/")
    for ago in range(1, 14):
        note(ago, incidents=ago, applications=ago, lag=ago)
    with transaction():
        for subject in range(20):
            audit.open_incident("payment held", subject)
        signer_lanes.see_signer("0x" + "ef" * 20, teo(3), 0)
    with statements() as many:
        browser.get("/admin/")
    assert len(few) == len(many)


def test_a_line_ends_at_the_right_and_is_as_high_as_its_numbers():
    today = clock.now().date()
    points = [(today - timedelta(days=ago), value) for ago, value in ((13, 0), (6, 5), (0, 10))]
    assert spark_of(points, 14) == [(3.0, 25.0), (51.5, 14.0), (93.0, 3.0)]
    assert [y for _, y in spark_of([(today - timedelta(days=1), 0), (today, 0)], 14)] == [25.0, 25.0]
