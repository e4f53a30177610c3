"""The audit log as an admin reads it."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest

from lms import clock
from lms.blueprints.admin import audit_log as log_pages
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.audit import log
from lms.domain.audit.models import LogEntry
from lms.ui.log_words import ACTIONS

PLACE = "/admin/log"


@pytest.fixture
def browser(ada, log_in):
    return log_in(ada)


@pytest.fixture
def decided(ada, bruno):
    with transaction():
        membership.suspend(bruno, ada, "We look into it.")
        log.record("withdrawal rejected", "withdrawal 7", ada, amount=12_500_000, to="0xabc", reason="<b>No</b>")
    clock.advance(timedelta(days=2))
    with transaction():
        log.record("part stopped", "part settlement", reason="The ledger and the chain differ.")


def titles(page):
    return [said[2] for said in ACTIONS.values() if f'<div class="title">{said[2]}<' in page]


def test_it_says_who_decided_what(decided, browser, ada):
    page = browser.get(PLACE).text
    assert "withdrawal 7 · 12.50 TEO to 0xabc: &lt;b&gt;No&lt;/b&gt;" in page and "<b>No" not in page
    assert page.index("The ledger and the chain differ.") < page.index("Withdrawal rejected") < page.index("Member suspended")
    assert page.count(log.head().hash) == 1 and ada.name in page and "the platform" in page


def test_a_row_leads_to_what_it_is_about_where_that_has_a_page(decided, browser, bruno):
    page = browser.get(PLACE).text
    assert page.count("See what it is about") == 2
    assert f'href="/admin/members/{bruno.id}"' in page and 'href="/admin/payouts/7"' in page


def test_the_day_a_version_begins_is_said_as_a_day(browser, ada):
    with transaction():
        log.record("rulebook announced", "rulebook 2", ada, begins="2027-01-12T00:00:00+00:00")
        log.record("rulebook announced", "rulebook 3", ada)
    page = browser.get(PLACE).text
    assert "version 2 · from 12 Jan 2027 on" in page and "version 3 · from … on" in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("action=part+stopped", ["Part stopped"]),
        ("about=withdrawal+7", ["Withdrawal rejected"]),
        ("about=withdrawal+8", []),
        ("by={ada}", ["Withdrawal rejected", "Member suspended"]),
        ("by=-1", ["Part stopped"]),
        ("first={later}", ["Part stopped"]),
        ("last={day}", ["Withdrawal rejected", "Member suspended"]),
        ("action=&by=0&about=&first=&last=", ["Withdrawal rejected", "Member suspended", "Part stopped"]),
    ],
)
def test_it_is_asked_by_action_person_subject_and_day(asked, shown, decided, browser, ada):
    today = clock.now().date()
    page = browser.get(f"{PLACE}?" + asked.format(ada=ada.id, later=today, day=today - timedelta(days=2))).text
    assert sorted(titles(page)) == sorted(shown)


@pytest.mark.parametrize("asked", ["action=nonsense", "by=x", "first=32", "first=0001-01-01", "about=" + "x" * 81])
def test_what_cannot_be_asked_is_refused_beside_its_field(asked, decided, browser):
    answer = browser.get(f"{PLACE}?{asked}")
    assert answer.status_code == 422 and 'class="error"' in answer.text


def test_the_csv_holds_what_was_asked_for_and_is_noted(decided, browser, ada):
    answer = browser.post(f"{PLACE}/csv?about=withdrawal+7")
    _head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    last = db.session.query(LogEntry).order_by(LogEntry.number.desc()).first()
    assert [row[3:6] for row in rows] == [["withdrawal rejected", "withdrawal 7", "amount: 12500000; reason: <b>No</b>; to: 0xabc"]]
    assert (last.action, last.by_id, last.details) == ("log exported", ada.id, {"rows": 1}) and log.first_altered() is None
    assert browser.get(f"{PLACE}/csv").status_code == 405


def test_a_note_about_an_admin_is_read_by_the_others_alone(browser, ada, member, log_in):
    with transaction():
        otto = member("otto", role="admin")
        log.record("withdrawal held", "withdrawal 7", otto, member=ada.id, amount=12_500_000, to="0xabc", reason="We ask.", note="Is it she?")
    for reader, reads in ((ada, False), (otto, True)):
        browser = log_in(reader)
        page, table = browser.get(PLACE).text, browser.post(f"{PLACE}/csv").text
        assert ("Is it she?" in page, "Is it she?" in table) == (reads, reads)
        assert "We ask." in page and "reason: We ask." in table


def test_a_csv_that_would_leave_rows_out_is_refused(decided, browser, monkeypatch):
    monkeypatch.setattr(log_pages, "MOST", 2)
    answer = browser.post(f"{PLACE}/csv")
    assert answer.status_code == 422 and "These are more than 2 rows: choose fewer days." in answer.text and sorted(titles(answer.text)) == ["Member suspended", "Part stopped", "Withdrawal rejected"]
    assert browser.post(f"{PLACE}/csv?last={(clock.now() - timedelta(days=2)).date()}").status_code == 200


def test_the_page_takes_as_many_statements_with_many_rows(decided, browser, ada, bruno, statements):
    counts = []
    for _ in range(3):
        with transaction():
            log.record("member suspended", f"member {bruno.id}", bruno)
        with statements() as seen:
            browser.get(PLACE)
        counts.append(len(seen))
    assert counts[0] == counts[2] <= 6


def test_it_is_for_admins(log_in, ana):
    assert [log_in(ana).get(PLACE).status_code, log_in(ana).post(f"{PLACE}/csv").status_code] == [403, 403]


def test_each_action_that_is_recorded_has_words():
    """Of those written out; that of a payout ends with its verdict."""
    written = {word for path in Path("lms").rglob("*.py") for word in re.findall(r'(?:log\.record|_note)\((?:[a-z]+, )?"([a-z ]+)"', path.read_text())}
    assert len(written) > 10 and written - {"approved", "rejected", "paid"} <= set(ACTIONS)
    assert {f"payout {verdict}" for verdict in ("approved", "rejected", "paid")} <= set(ACTIONS)
