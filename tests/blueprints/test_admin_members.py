"""The page of one member: what an admin sees of him, and how all his sign-ins end."""

import re
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings, membership, queries, sessions
from lms.domain.accounts.models import Session
from lms.domain.audit.models import LogEntry
from lms.domain.checkout import actions as checkout
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.notices.models import Notice
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payouts
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError, Invalid
from lms.ui.notices import said
from tests.blueprints.test_wallet import words
from tests.conftest import address_of, give, publish, sell, teo
from tests.domain.test_payout_details import bank_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def place(user):
    return f"/admin/members/{user.id}"


def see(user, *places):
    """The member signed in from these (browser, address)."""
    with transaction():
        for device, address in places:
            device_sightings.see(user, device, address)


def test_the_list_leads_to_the_page_of_each(browser, ana):
    assert f'href="{place(ana)}"' in browser.get("/admin/members?q=ana").text


def test_it_says_who_he_is(browser, ana):
    page = words(browser.get(place(ana)).text)
    assert f"Member {ana.id} Ana ana@example.org Student" in page and "E-mail address confirmed" in page
    assert f"Joined {ana.created_at:%-d %b %Y} " in page and "Password set at sign-up" in page


def test_a_member_there_is_not_is_404(browser):
    assert [browser.get(f"/admin/members/{number}").status_code for number in (999, 2**31)] == [404, 404]


def test_what_an_admin_made_of_him_is_said_on_his_page(browser, ana):
    answer = browser.post(f"{place(ana)}/suspension", data={"suspend-reason": "We look into it."})
    assert answer.location == place(ana)
    page = words(browser.get(place(ana)).text)
    assert "Ana is suspended and logged out everywhere." in page and "Let in again" in page
    assert "no sign-in opens and no withdrawal goes out. What was earned before is settled as usual." in page


def test_why_he_is_suspended_is_read_on_his_page_by_admins_until_he_is_let_in(browser, ada, ana):
    browser.post(f"{place(ana)}/suspension", data={"suspend-reason": " Three accounts, <b>one</b> browser. "})
    page = browser.get(place(ana)).text
    assert "Why, by Ada: Three accounts, &lt;b&gt;one&lt;/b&gt; browser." in page and "Three accounts" in browser.get("/admin/log").text
    row = db.session.query(LogEntry).filter_by(action="member suspended").one()
    assert row.details == {"member": ana.id, "note": "Three accounts, <b>one</b> browser."}
    browser.post(f"{place(ana)}/admission")
    assert "Three accounts" not in browser.get(place(ana)).text


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_reason_nobody_is_suspended(browser, ana, ada, reason):
    answer = browser.post(f"{place(ana)}/suspension", data={"suspend-reason": reason})
    assert answer.status_code == 422 and ana.is_active and reason.strip() in answer.text
    with pytest.raises(Invalid, match="Say why"):
        membership.suspend(ana, ada, reason)


def test_an_admin_who_is_let_in_again_does_not_read_why_he_was_suspended(browser, ada, member, log_in):
    otto = member("otto", role="admin")
    browser.post(f"{place(otto)}/suspension", data={"suspend-reason": "Is it still he?"})
    browser.post(f"{place(otto)}/admission")
    assert "Is it still he?" in browser.get("/admin/log").text
    page = log_in(otto).get("/admin/log").text
    assert "Member suspended" in page and "Is it still he?" not in page


def test_admins_teachers_and_who_is_suspended_are_found(browser, ada, ana, bruno, tea):
    with transaction():
        membership.suspend(bruno, ada, "We look into it.")
    shown = {which: re.findall(r'href="/admin/members/(\d+)"', browser.get(f"/admin/members?which={which}").text) for which in ("admins", "teachers", "suspended", "nonsense")}
    assert shown == {"admins": [str(ada.id)], "teachers": [str(tea.id)], "suspended": [str(bruno.id)], "nonsense": [str(user.id) for user in sorted((ada, ana, bruno, tea), key=lambda user: user.id)]}
    assert "Nobody is like that." in browser.get("/admin/members?which=suspended&q=ana").text


@pytest.mark.parametrize(("taken", "given_back"), [(("suspension", {"suspend-reason": "We look into it."}), ("admission", {})), (("role", {"role": "student"}), ("role", {"role": "admin"}))])
def test_what_a_lost_account_approved_is_no_word_of_who_has_it_back(taken, given_back, browser, ada, ana, tea, member):
    """A thief may have given it."""
    otto = member("otto", role="admin")
    give(ana, 1900)
    own = address_of(ana)
    with transaction():
        bank_of(tea)
        ledger.post("earned", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 200_000, "matured", evidence={"by": "test"})
        withdrawal, payout = withdrawals.request("w", ana, own.id, teo(1900)), payouts.request("p", tea, 150_000)
        withdrawals.check(withdrawal)
        withdrawals.approve(withdrawal, otto)
        payouts.approve(payout, otto)
    for what, data in (taken, given_back):
        assert browser.post(f"{place(otto)}/{what}", data=data).status_code == 303
    db.session.expire_all()
    assert otto.may_decide and (withdrawal.standing, payout.approvals) == ([], [])
    row = db.session.query(LogEntry).filter_by(action="approvals voided").one()
    assert (row.subject, row.by_id, row.details) == (f"member {otto.id}", ada.id, {"withdrawals": [withdrawal.id], "payouts": [payout.id]})
    if "role" in taken:  # given by another admin since, who would have two words by it
        for verb, case in ((withdrawals.approve, withdrawal), (payouts.approve, payout)):
            with pytest.raises(DomainError, match="made an admin after this was asked for"), transaction():
                verb(case, otto)
        return
    with transaction():
        withdrawals.approve(withdrawal, otto)
        payouts.approve(payout, otto)
    assert (len(withdrawal.standing), len(payout.approvals), withdrawal.state, payout.state) == (1, 1, "in review", "in review")


def test_what_a_lost_account_let_go_and_is_still_here_is_looked_at_again(browser, ada, ana, tea, member):
    otto = member("otto", role="admin")
    give(ana, 600)
    own = address_of(ana)
    with transaction():
        bank_of(tea)
        ledger.post("earned", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 20_000, "matured", evidence={"by": "test"})
        withdrawal, other, payout = (withdrawals.request("w", ana, own.id, teo(300)), withdrawals.request("w2", ana, own.id, teo(300)), payouts.request("p", tea, 10_000))
        for each, admin in ((withdrawal, otto), (other, ada)):
            withdrawals.check(each)
            withdrawals.approve(each, admin)
        payouts.approve(payout, otto)
    assert (withdrawal.state, other.state, payout.state) == ("approved", "approved", "approved")
    browser.post(f"{place(otto)}/suspension", data={"suspend-reason": "We look into it."})
    db.session.expire_all()
    assert (withdrawal.state, withdrawal.decided_at, other.state, payout.state) == ("in review", None, "approved", "in review")
    assert "Approve</span>" in browser.get(f"/admin/payouts/{withdrawal.id}").text
    with transaction():
        withdrawals.approve(withdrawal, ada)
        payouts.approve(payout, ada)
    assert (withdrawal.state, payout.state) == ("approved", "approved")


# Sign-ins


def test_his_open_sign_ins_are_listed_with_their_browsers(browser, ana):
    assert "Nowhere No sign-in is open." in words(browser.get(place(ana)).text)
    with transaction():
        sessions.open_session(ana, FIREFOX)
        sessions.open_session(ana)
    page = words(browser.get(place(ana)).text)
    assert "Firefox, Linux signed in" in page and "Unknown browser signed in" in page and "End all" in page


def test_an_admin_ends_them_all(app, browser, ana, ada):
    with transaction():
        for _ in range(2):
            sessions.open_session(ana)
    assert browser.post(f"{place(ana)}/sign-ins").location == place(ana)
    assert {session.user_id for session in db.session.query(Session)} == {ada.id}
    entry = db.session.query(LogEntry).one()
    assert (entry.action, entry.subject, entry.by_id) == ("sign-ins ended", f"member {ana.id}", ada.id)
    notice = db.session.query(Notice).one()
    with app.test_request_context():
        assert (notice.user_id, said(notice).title) == (ana.id, "You were logged out everywhere")
    assert "Ana is logged out everywhere." in browser.get(place(ana)).text


def test_where_none_is_open_nothing_is_noted_and_nobody_told(browser, ana):
    assert browser.post(f"{place(ana)}/sign-ins").status_code == 303
    assert db.session.query(LogEntry).count() == db.session.query(Notice).count() == 0


def test_nobody_ends_his_own_here(browser, ada):
    page = browser.get(place(ada)).text
    assert f'action="{place(ada)}' not in page and 'href="/account"' in page
    assert browser.post(f"{place(ada)}/sign-ins").status_code == 409
    assert db.session.query(Session).filter_by(user_id=ada.id).count() == 1


def test_who_is_no_admin_any_more_ends_none(ada, ana, member):
    with transaction():
        sessions.open_session(ana)
        membership.suspend(ada, member("otto", role="admin"), "We look into it.")
    with pytest.raises(DomainError, match="Only another admin"):
        membership.end_sign_ins(ana, ada)
    assert db.session.query(Session).filter_by(user_id=ana.id).count() == 1


def test_his_history_names_who_else_signed_in_with_the_same_browser(browser, ana, bruno, tea):
    see(ana, ("shared", "203.0.113.7"), ("own", "198.51.100.1"))
    see(bruno, ("shared", "192.0.2.1"), ("shared", "203.0.113.9"))
    see(tea, ("another", "198.51.100.2"))  # the same network alone is no browser shared
    page = browser.get(place(ana)).text
    assert "203.0.113.0/24 Browser" in words(page) and "198.51.100.0/24 Browser" in words(page)
    assert re.findall(r'Also used by\s+<a href="([^"]+)">(\w+)</a>\s*</p>', page) == [(place(bruno), "Bruno")]
    assert f'href="{place(ana)}"' in browser.get(place(bruno)).text
    assert place(ana) not in browser.get(place(tea)).text


def test_an_admin_does_not_read_who_else_was_seen_with_his_own_browser(browser, ada, bruno, member, log_in):
    see(ada, ("shared", "203.0.113.7"))
    see(bruno, ("shared", "192.0.2.1"))
    own = browser.get(place(ada)).text
    assert "203.0.113.0/24 Browser" in words(own) and "Also used by" not in own and place(bruno) not in own
    assert "Also used by" in log_in(member("otto", role="admin")).get(place(ada)).text


def test_an_admin_does_not_read_that_he_himself_was_seen_with_the_browser_of_another(browser, ada, ana, bruno, member, log_in):
    see(ana, ("shared", "203.0.113.7"), ("third", "203.0.113.7"))
    see(ada, ("shared", "192.0.2.1"), ("third", "192.0.2.1"))
    see(bruno, ("third", "192.0.2.1"))
    pages = [browser.get(place(ana)).text, log_in(member("otto", role="admin")).get(place(ana)).text]
    assert [sorted(re.findall(r">(Ada|Bruno)</a>", page)) for page in pages] == [["Bruno"], ["Ada", "Ada", "Bruno"]]
    assert [words(page).count("shared") for page in pages] == [1, 2]


def test_of_a_browser_of_many_the_last_are_named_and_the_others_counted(ana, ada, member, browser):
    see(ana, ("library", "203.0.113.7"))
    others = [member(f"guest{number}") for number in range(10)]
    for other in others:
        clock.advance(timedelta(minutes=1))
        see(other, ("library", "203.0.113.7"))
    (sharing,) = queries.who_share(ana, [device_sightings.device_hash("library")], by=ada).values()
    assert [user_id for user_id, _ in sharing.named] == [other.id for other in reversed(others)][:8] and sharing.more == 2
    assert "and 2 more" in words(browser.get(place(ana)).text)


def test_a_long_history_comes_in_pages(browser, ana):
    see(ana, *((f"browser {number}", f"203.0.{number}.7") for number in range(11)))
    first, second = (browser.get(f"{place(ana)}?page={number}").text for number in (1, 2))
    assert "page=2" in first and "203.0.10.0/24" in first and "203.0.0.0/24" not in first
    assert "203.0.0.0/24" in second and "203.0.10.0/24" not in second


# Money


@pytest.fixture
def busy(ana, tea):
    """Ana has TEO, bought two courses of Tea's and asked for a withdrawal; Tea asked for a payout."""
    give(ana, 50)
    own = address_of(ana)
    for number in range(2):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}")
    with transaction():
        bank_of(tea)
        withdrawals.request("w", ana, own.id, teo(20))
    return ana, tea


def test_it_shows_what_he_has_and_what_he_had_of_it(browser, busy):
    ana, _ = busy
    page = browser.get(place(ana)).text
    balance = wallet.balance(ana.id)
    assert (balance.available, balance.reserved) == (teo(30), teo(20))
    assert "Available 30.00" in words(page) and "Reserved 20.00" in words(page)
    number = db.session.query(Withdrawal.id).filter_by(user_id=ana.id).scalar()
    assert f'href="{place(ana)}"' in browser.get(f"/admin/payouts/{number}").text
    assert f'href="/admin/payouts/{number}"' in page and "Course 1 Order" in words(page)


def test_of_a_teacher_it_shows_euros_payouts_and_sales(browser, busy):
    _, tea = busy
    with transaction():
        ledger.post("earned", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 5000, "matured", evidence={"by": "test"})
        payout = payouts.request("p", tea, 1200)
    page = browser.get(place(tea)).text
    assert f'href="/admin/bank-payouts/{payout.id}"' in page and "Requested 12.00 €" in words(page) and "Sold 2 in all" in words(page)


def test_however_much_there_is_the_statements_stay_the_same(browser, ana, bruno, tea, statements):
    with statements() as seen:
        browser.get(place(ana))
    few = len(seen)
    give(ana, 100)
    own = address_of(ana)
    see(ana, *((f"browser {number}", "203.0.113.7") for number in range(5)))
    see(bruno, *((f"browser {number}", "203.0.113.7") for number in range(5)))
    for number in range(3):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}")
        with transaction():
            withdrawals.request(f"w{number}", ana, own.id, teo(10))
            sessions.open_session(ana)
    with transaction():
        checkout.place_order(ana, publish(tea, "Open", price=1000), "open")
    with statements() as seen:
        browser.get(place(ana))
    assert len(seen) <= few <= 18
