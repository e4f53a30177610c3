"""A decision about money or roles asks for the password again, and loses nothing of what was sent."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock
from lms.blueprints.reauthentication import proven
from lms.blueprints.reauthentication_words import SENTENCES, about_to
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import queries, sessions
from lms.domain.accounts.sessions import PROOF_LIFE
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError
from tests.conftest import PASSWORD
from tests.desk import waiting_case

# Together all that an admin can send: a decision asks for the password, what asks for none says why.
GUARDED = {
    *("admin.payouts.approve", "admin.payouts.reject", "admin.payouts.stop", "admin.payouts.hold", "admin.payouts.let_go_on", "admin.payouts.start", "admin.bank_payouts.approve", "admin.bank_payouts.reject"),
    *("admin.bank_files.create", "admin.bank_files.save", "admin.bank_files.mark_paid", "admin.bank_files.mark_returned", "admin.bank_payouts.mark_returned"),
    *("admin.bank_payouts.mark_paid", "admin.by_hand.bear", "admin.by_hand.reverse", "admin.members.set_role", "admin.members.suspend", "admin.members.let_in", "admin.members.end_sign_ins", "admin.payouts.approve_batch", "admin.enrolments.create"),
    *("admin.rulebook.propose", "admin.rulebook.publish", "admin.rulebook.withdraw"),  # anybody's is withdrawn by any admin
    *("admin.orders.refund", "admin.return_payment", "admin.close_incident", "admin.approve", "admin.give_back"),
    *("admin.applications.approve", "admin.applications.give_back"),  # who applies is a teacher by it
    *("admin.failures.retry_job", "admin.failures.drop_job", "admin.failures.retry_mail", "admin.failures.drop_mail"),
}
WITHOUT_A_PASSWORD = {
    "admin.enrolments.dry_run": "it changes nothing",
    "admin.simulations.create": "a job asks the node, and nothing is sent",
    "admin.rulebook.backtests.create": "a job computes, and nothing is decided",
    "admin.rulebook.backtests.table": "an export, which the audit log notes",
    "admin.log.table": "an export, which the audit log notes",
    "admin.rulebook.begin": "a draft of one's own, which holds for nobody",
    "admin.rulebook.change": "a draft of one's own, which must be proposed anew",
    "admin.rulebook.carry_over": "a draft of one's own, which must be proposed anew",
}


@pytest.fixture
def waiting(ana):
    return waiting_case(ana, approvals=1)


@pytest.fixture
def browser(log_in, ada, waiting):
    """Signed in for a while."""
    browser = log_in(ada)
    clock.advance(PROOF_LIFE)
    return browser


def sent(page):
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)}


def test_in_time_nothing_is_asked(log_in, ada, waiting):
    browser = log_in(ada)
    clock.advance(PROOF_LIFE - timedelta(seconds=1))
    assert browser.post(f"/admin/payouts/{waiting.id}/approval", data={"seen": waiting.digest}).status_code == 303 and waiting.state == "approved"


def test_what_he_was_shown_is_kept_while_it_asks(browser, waiting):
    asked = browser.post(f"/admin/payouts/{waiting.id}/approval", data={"seen": waiting.digest})
    assert asked.status_code == 422 and sent(asked.text)["seen"] == waiting.digest
    assert browser.post(f"/admin/payouts/{waiting.id}/approval", data=sent(asked.text) | {"proof-password": PASSWORD}).status_code == 303
    db.session.refresh(waiting)
    assert waiting.state == "approved"


def test_later_it_asks_and_does_then_what_was_decided_with_every_word(browser, waiting):
    asked = browser.post(f"/admin/payouts/{waiting.id}/rejection", data={"reject-reason": 'Not "so" <fast>.'})
    assert asked.status_code == 422 and "Your password, please" in asked.text and waiting.state == "in review"
    assert f'action="/admin/payouts/{waiting.id}/rejection"' in asked.text and sent(asked.text)["reject-reason"] == 'Not "so" <fast>.'
    assert browser.post(f"/admin/payouts/{waiting.id}/rejection", data=sent(asked.text) | {"proof-password": PASSWORD}).status_code == 303
    db.session.expire_all()
    found = db.session.query(Withdrawal).one()
    assert (found.state, found.refusal) == ("rejected", 'Not "so" <fast>.')


def test_once_given_it_holds_for_the_next(browser, waiting, ana):
    browser.post("/admin/payouts/stop", data={"halt-reason": "Wait.", "proof-password": PASSWORD})
    assert browser.post("/admin/payouts/start").status_code == 303
    clock.advance(PROOF_LIFE)
    assert browser.post("/admin/payouts/stop", data={"halt-reason": "Wait."}).status_code == 422


@pytest.mark.parametrize(("typed", "said"), [("", "Type your password."), ("wrong", "That is not your password.")])
def test_a_wrong_one_decides_nothing_and_keeps_what_was_sent(typed, said, browser, waiting):
    answer = browser.post(f"/admin/payouts/{waiting.id}/rejection", data={"reject-reason": "No.", "proof-password": typed})
    assert answer.status_code == 422 and said in answer.text and sent(answer.text)["reject-reason"] == "No." and waiting.state == "in review"
    assert typed == "" or f'value="{typed}"' not in answer.text


def test_it_cannot_be_guessed(browser, waiting):
    place = f"/admin/payouts/{waiting.id}/approval"
    answers = [browser.post(place, data={"proof-password": f"guess {number}"}).status_code for number in range(11)]
    assert answers == [422] * 10 + [429]
    assert browser.post(place, data={"proof-password": PASSWORD}).status_code == 429 and waiting.state == "in review"


def test_with_the_password_the_sign_in_gets_a_new_token_and_the_old_one_opens_nothing(browser, waiting, ada):
    with browser.session_transaction() as cookie:
        old = cookie["_user_id"]
    browser.post("/admin/payouts/stop", data={"halt-reason": "Wait.", "proof-password": PASSWORD})
    with browser.session_transaction() as cookie:
        new = cookie["_user_id"]
    assert queries.of_session(old) is None and queries.of_session(new) == ada
    assert browser.get("/admin/payouts").status_code == 200


def test_of_two_at_once_with_one_token_the_second_decides_nothing_and_leaves_the_browser_its_new_one(browser, waiting, ada, monkeypatch):
    tokens, confirm = [], accounts.confirm_password

    def overtaken(user, password):
        confirm(user, password)
        tokens.append(sessions.prove(user.session_token))

    browser.get("/account")  # a page with forms: what guards them is in the cookie by now
    monkeypatch.setattr(accounts, "confirm_password", overtaken)
    answer = browser.post(f"/admin/payouts/{waiting.id}/rejection", data={"reject-reason": "No.", "proof-password": PASSWORD})
    assert answer.status_code == 422 and "gave your password in another window" in answer.text and len(tokens) == 1
    assert "Set-Cookie" not in answer.headers and waiting.state == "in review"


def test_a_token_that_was_replaced_proves_nothing(ana):
    with transaction():
        token = sessions.open_session(ana)
        new = sessions.prove(token)
    with pytest.raises(DomainError), transaction():
        sessions.prove(token)
    assert queries.of_session(new) == ana


def test_another_sign_in_of_the_same_member_is_not_proven_by_it(app, ada):
    with transaction():
        here, elsewhere = (sessions.open_session(ada) for _ in range(2))
    clock.advance(PROOF_LIFE)
    with transaction():
        here = sessions.prove(here)
    assert [sessions.is_proven(token) for token in (here, elsewhere)] == [True, False]


def test_whatever_an_admin_can_send_asks_for_the_password_or_says_why_not(app):
    changing = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("admin.") and not rule.methods <= {"GET", "HEAD", "OPTIONS"}}
    guarded = {name for name in changing if app.view_functions[name].__code__ is _GUARD}
    assert guarded == GUARDED and changing - guarded == set(WITHOUT_A_PASSWORD)


_GUARD = proven(lambda: None).__code__


# What it is asked for


def test_every_decision_that_asks_says_in_a_sentence_what_is_about_to_be_done(app):
    assert SENTENCES.keys() == GUARDED | {"exercises.grade", "accounts.end_session", "accounts.end_other_sessions"}  # of which the first asks admins alone
    for rule in app.url_map.iter_rules():
        if rule.endpoint in SENTENCES:
            nothing = {name: 987654321 if converter.__class__.__name__ == "IntegerConverter" else "nothing" for name, converter in rule._converters.items()}
            with app.test_request_context(rule.build(nothing)[1], method="POST"):
                assert about_to().endswith(".") and "%(" not in about_to(), rule.endpoint


def test_it_names_what_is_about_to_be_done_and_of_how_much(browser, waiting, ana):
    asked = {
        f"/admin/payouts/{waiting.id}/approval": f"Approve withdrawal {waiting.id} of 20.00 TEO.",
        f"/admin/payouts/{waiting.id}/hold": f"Put withdrawal {waiting.id} of 20.00 TEO on hold.",
        "/admin/payouts/stop": "Stop all payouts.",
        f"/admin/members/{ana.id}/suspension": "Suspend Ana.",
        "/admin/payouts/987654321/approval": "Approve withdrawal 987654321 of … TEO.",
    }
    assert {path: said(browser.post(path).text) for path in asked} == asked
    assert said(browser.post(f"/admin/members/{ana.id}/role", data={"role": "admin"}).text) == "Change the role of Ana to Admin."
    assert said(browser.post("/admin/payouts/batch", data={"chosen": ["1", "2", "2"]}).text) == "Approve 2 withdrawals together."


def said(page):
    return unescape(re.search(r"<strong>([^<]*)</strong></p>\s*<input", page)[1])


def test_it_says_after_how_many_minutes_it_asks(browser, waiting):
    assert f"more than {PROOF_LIFE.seconds // 60} minutes ago" in browser.post(f"/admin/payouts/{waiting.id}/approval").text


def left_to(page):
    return unescape(re.search(r'href="([^"]*)"><span>Leave it', page)[1])


def test_who_leaves_it_is_back_where_he_came_from_also_after_a_wrong_password(browser, waiting):
    place, case = f"/admin/payouts/{waiting.id}/approval?order=amount", f"/admin/payouts/{waiting.id}?order=amount"
    asked = browser.post(place, headers={"Referer": f"http://localhost{case}"})
    assert left_to(asked.text) == case
    again = browser.post(place, data=sent(asked.text) | {"proof-password": "wrong"}, headers={"Referer": f"http://localhost{place}"})
    assert "That is not your password." in again.text and left_to(again.text) == case
    assert browser.get(left_to(again.text)).status_code == 200


@pytest.mark.parametrize("referrer", [None, "http://elsewhere.example/admin/payouts", "http://localhost/admin/payouts/1/approval", "http://localhost//elsewhere.example/", "about:blank"])
def test_where_that_is_no_page_of_ours_he_is_back_at_the_case_with_its_place(referrer, browser, waiting):
    asked = browser.post(f"/admin/payouts/{waiting.id}/approval?order=amount", headers={"Referer": referrer} if referrer else {})
    assert left_to(asked.text) == f"/admin/payouts/{waiting.id}?order=amount"


@pytest.mark.parametrize("back", ["//elsewhere.example", "https://elsewhere.example/admin", "/admin/payouts/stop", "/nothing/here", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site_by_it(back, browser, waiting):
    assert left_to(browser.post("/admin/payouts/stop", data={"proof-back": back}).text) == "/admin/payouts"


def test_what_stands_below_no_page_leads_to_the_overview(browser):
    assert left_to(browser.post("/admin/refunds-by-hand/7/loss").text) == "/admin/"
