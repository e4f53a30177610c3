"""The queue of withdrawals that wait for an admin, and what signs of fraud say there; their member reads nothing of them."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock, live
from lms.app import ASKED_BY_PAGES
from lms.blueprints.admin import case_page
from lms.db import PAGE, db, transaction
from lms.domain.accounts import device_sightings, sessions
from lms.domain.accounts.models import Session
from lms.domain.audit.models import LogEntry
from lms.domain.desk import cases, decisions, linked_accounts, risk_checks, risk_flags, risk_signals
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions, halt
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError
from lms.jobs import schedule
from lms.jobs import withdrawals as jobs
from tests.blueprints.test_evidence import words
from tests.conftest import address_of, give, teo
from tests.desk import approve, approve_together, share_a_browser, shown


@pytest.fixture
def asked(member):
    """asked("cleo", 50) makes a member of long standing ask for so many TEO, checked by the job."""

    def ask(name, amount, **changed):
        user = member(name)
        with transaction():
            user.created_at = clock.now() - timedelta(days=100)
        give(user, amount)
        own = address_of(user, changed.pop("digits", f"{user.id:02x}"))
        with transaction():
            own.linked_at = clock.now() - timedelta(days=30)
            withdrawal = actions.request(f"wish of {name}", user, own.id, teo(amount))
        jobs.check()
        with transaction():
            for fact, value in changed.items():
                setattr(withdrawal, fact, value)
        return withdrawal

    return ask


def digests(*withdrawals):
    """What the page of a batch of these sends, one that no page offers among them, too."""
    return {"chosen": [str(withdrawal.id) for withdrawal in withdrawals]} | {f"seen-{withdrawal.id}": withdrawal.digest for withdrawal in withdrawals}


def names(page):
    return re.findall(r'<li class="rowline linked" id="withdrawal-\d+">.*?<a href="[^"]*">([^<]*)</a>', page, re.DOTALL)


def test_a_withdrawal_without_a_sign_goes_on_and_one_with_a_sign_waits(asked, bruno, member):
    assert asked("cleo", 50).state == "approved"
    ana = member("ana")
    share_a_browser(ana, bruno)
    with transaction():
        ana.created_at = clock.now() - timedelta(days=100)
    give(ana, 50)
    own = address_of(ana)
    with transaction():
        own.linked_at = clock.now() - timedelta(days=30)
        withdrawal = actions.request("wish", ana, own.id, teo(50))
    jobs.check()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.flags, withdrawal.risk, withdrawal.approvals_needed) == ("in review", [], 40, 1)
    assert withdrawal.risks == [{"name": "shared device", "weight": 40, "facts": {"members": [bruno.id]}}]


def test_the_member_reads_that_somebody_looks_and_nothing_of_why(ana, bruno, ada, log_in):
    share_a_browser(ana, bruno)
    give(ana, 50)
    own = address_of(ana)
    with transaction():
        withdrawal = actions.request("wish", ana, own.id, teo(50))
    jobs.check()
    browser = log_in(ana)
    for path in (f"/wallet/withdrawals/{withdrawal.id}", "/wallet/withdrawals", "/wallet", "/notices", "/wallet/statements"):
        page = words(browser.get(path).text)
        assert "Bruno" not in page and "browser" not in page.replace("in your browser", "") and "fraud" not in page and "points" not in page, path
    assert "In review" in words(browser.get(f"/wallet/withdrawals/{withdrawal.id}").text)
    case = words(log_in(ada).get(f"/admin/payouts/{withdrawal.id}").text)
    assert "Shared browser Bruno signed in with the same browser. 40" in case and "New account" in case, case


def test_the_member_of_one_that_came_back_reads_that_somebody_looks_and_nothing_of_why(asked, bruno, ada, log_in):
    withdrawal = asked("cleo", 50)
    clock.advance(timedelta(hours=1))
    share_a_browser(withdrawal.user, bruno)
    with transaction():
        assert not risk_checks.lets_go(withdrawal)
    browser = log_in(withdrawal.user)
    for path in (f"/wallet/withdrawals/{withdrawal.id}", "/wallet/withdrawals", "/wallet", "/notices", "/wallet/statements"):
        page = words(browser.get(path).text)
        assert "Bruno" not in page and "browser" not in page.replace("in your browser", "") and "fraud" not in page and "points" not in page, path
    assert "One of us looks at it before it goes" in words(browser.get(f"/wallet/withdrawals/{withdrawal.id}").text)
    browser = log_in(ada)
    assert names(browser.get("/admin/payouts?which=risky").text) == ["Cleo"]
    assert "Withdrawal back in review" in words(browser.get("/admin/log").text)


def test_the_queue_is_in_the_order_that_is_asked_for(asked, ada, log_in):
    asked("cleo", 300, risk=30), asked("dora", 900, risk=0), asked("emil", 600, risk=80)
    browser = log_in(ada)
    orders = {order: names(browser.get(f"/admin/payouts?order={order}").text) for order in ("age", "amount", "risk", "nonsense")}
    assert orders == {"age": ["Cleo", "Dora", "Emil"], "amount": ["Dora", "Emil", "Cleo"], "risk": ["Emil", "Cleo", "Dora"], "nonsense": ["Cleo", "Dora", "Emil"]}


def test_the_queue_shows_those_that_are_asked_for(asked, ada, log_in):
    asked("cleo", 300, risk=30), asked("dora", 1900), asked("emil", 600, held_at=clock.now(), hold_reason="We ask.")
    browser = log_in(ada)
    shown = {which: names(browser.get(f"/admin/payouts?which={which}").text) for which in ("", "clean", "risky", "held", "second", "nonsense")}
    assert shown == {"": ["Cleo", "Dora", "Emil"], "clean": ["Dora", "Emil"], "risky": ["Cleo"], "held": ["Emil"], "second": ["Dora"], "nonsense": ["Cleo", "Dora", "Emil"]}
    asked("gina", 400, risk=10)
    assert names(browser.get("/admin/payouts?which=risky&order=amount").text) == ["Gina", "Cleo"], "a filter and an order at once"


def test_the_queue_shows_those_of_an_age(asked, ada, log_in):
    for name, hours in (("cleo", 1), ("dora", 25), ("emil", 71), ("fritz", 73)):
        asked(name, 300, requested_at=clock.now() - timedelta(hours=hours))
    browser = log_in(ada)
    shown = {age: names(browser.get(f"/admin/payouts?age={age}").text) for age in ("", "new", "waiting", "late", "nonsense")}
    everybody = ["Cleo", "Dora", "Emil", "Fritz"]
    assert shown == {"": everybody, "new": ["Cleo"], "waiting": ["Dora", "Emil"], "late": ["Fritz"], "nonsense": everybody}
    assert cases.ages() == {"new": 1, "waiting": 2, "late": 1}


def test_a_filter_without_a_hit_leads_back_to_all(asked, ada, log_in):
    asked("cleo", 300)
    page = log_in(ada).get("/admin/payouts?which=held").text
    assert "No withdrawal is like that." in page and 'href="/admin/payouts">All of them' in page


def test_how_long_decisions_took_is_said(asked, ada, log_in):
    assert "Half of the last ones" not in log_in(ada).get("/admin/payouts").text
    for number, hours in enumerate((1, 2, 30)):
        withdrawal = asked(f"member{number}", 300)
        with transaction():
            actions.approve(withdrawal, ada)
            withdrawal.decided_at = withdrawal.requested_at + timedelta(hours=hours)
    assert "Half of the last ones were decided within about 2 h." in words(log_in(ada).get("/admin/payouts").text)


@pytest.mark.parametrize("count", [1, 20])
def test_the_queue_takes_the_same_statements_however_many_wait(asked, ada, log_in, statements, count):
    for number in range(count):
        asked(f"member{number}", 300)
    browser = log_in(ada)
    db.session.expunge_all()
    with statements() as seen:
        browser.get("/admin/payouts?order=risk")
    assert len(seen) <= 7
    assert db.session.query(Withdrawal).filter_by(state="in review").count() == count


def test_an_admin_reads_nothing_of_what_the_others_think_of_him(asked, ada, bruno, member, log_in):
    sign = [{"name": "shared device", "weight": 40, "facts": {"members": [bruno.id]}}]
    withdrawal = asked("cleo", 300, risks=sign, risk=40, held_at=clock.now(), hold_reason="We ask.", hold_note="Is it she?")
    cleo = withdrawal.user
    with transaction():
        cleo.role = "admin"
    paths = (f"/admin/payouts/{withdrawal.id}", "/admin/payouts", "/admin/payouts?order=risk", "/admin/payouts?which=risky", "/admin/payouts?which=clean")
    own, others = ([words(log_in(who).get(path).text) for path in paths] for who in (cleo, ada))
    assert "Its member reads: We ask." in own[0] and not any("Shared browser" in page or "Is it she?" in page for page in own)
    assert "Shared browser" in others[0] and "Is it she?" in others[0] and "Shared browser" in others[1]
    assert ["300.00" in page for page in own[1:]] == [True, False, False, False] and ["300.00" in page for page in others[1:]] == [True, True, True, False]


def test_an_admin_is_not_told_that_a_sign_of_another_member_names_him(asked, ada, bruno, member, log_in):
    withdrawal, otto = asked("cleo", 300), member("otto", role="admin")
    with transaction():
        facts = {"shared device": [bruno.id, ada.id], "shared address": [ada.id]}
        withdrawal.risks = [{"name": name, "weight": 40, "facts": {"members": ids}} for name, ids in facts.items()]
    share_a_browser(withdrawal.user, ada, bruno)
    own, others = (signs_and_links(log_in(admin).get(f"/admin/payouts/{withdrawal.id}").text) for admin in (ada, otto))
    assert "Bruno, Ada signed in with the same browser." in others[0] and "is, or was, of Ada." in others[0] and "Ada" in others[1]
    assert "Bruno signed in with the same browser." in own[0] and "is, or was, of …." in own[0] and "Bruno" in own[1]
    assert "Ada" not in own[0] + own[1] and f"#{ada.id}" not in own[0]


def test_an_admin_is_not_told_that_a_circle_of_another_member_is_with_him(asked, ada, bruno, member, log_in):
    withdrawal, otto = asked("cleo", 300), member("otto", role="admin")
    with transaction():
        withdrawal.risks = [{"name": "circle", "weight": 60, "facts": {"mutual": [bruno.id, ada.id]}}]
    own, others = (signs_and_links(log_in(admin).get(f"/admin/payouts/{withdrawal.id}").text)[0] for admin in (ada, otto))
    assert "Bruno, Ada bought of him and sold to him." in others and "Bruno bought of him and sold to him." in own


def test_of_a_sign_that_names_many_only_those_are_read_from_the_rows_that_are_shown(asked, member):
    withdrawal = asked("cleo", 300)
    ids = [member(f"one{number}").id for number in range(7)]
    with transaction():
        withdrawal.risks = [{"name": "shared network", "weight": 15, "facts": {"members": ids}}]
    assert set(cases.members_of(withdrawal.risks)) == set(ids[: cases.NAMED])


def signs_and_links(page):
    """The words of the lists of the signs of fraud and of the linked accounts."""
    lists = (re.search(rf'<ul[^>]*aria-label="{label}".*?</ul>', page, re.DOTALL)[0] for label in ("Signs of fraud", "Linked accounts"))
    return [re.sub(r"<[^>]*>", "", each) for each in lists]


def test_a_case_says_by_its_own_numbers_how_far_it_looks_back_and_what_weighs_heavily(asked, ada, log_in, monkeypatch):
    withdrawal = asked("cleo", 300, risks=[{"name": "dispute", "weight": 25, "facts": {"disputes": 1}}], risk=25)
    seen = []
    for heavy in (40, 25):
        monkeypatch.setattr(risk_flags, "HEAVY", heavy)
        page = log_in(ada).get(f"/admin/payouts/{withdrawal.id}").text
        assert f"the last {risk_signals.LOOKS_BACK.days} days" in page
        seen.append('<span class="state refused">25' in page)
    assert seen == [False, True]


# Several at once


def test_ten_clean_cases_are_approved_at_once(asked, ada, log_in):
    ids = [asked(f"member{number}", 300).id for number in range(10)]
    browser = log_in(ada)
    queue = browser.get("/admin/payouts").text
    assert re.findall(r'name="chosen" value="(\d+)"', queue) == [str(number) for number in ids]
    page = browser.get("/admin/payouts/batch?" + "&".join(f"chosen={number}" for number in ids)).text
    assert "Withdrawals 10 Together 3 000.00 TEO" in words(page).replace("\xa0", " ").replace("\u202f", " ")
    answer = browser.post("/admin/payouts/batch", data=shown(page) | {"chosen": re.findall(r'name="chosen" value="(\d+)"', page)}, follow_redirects=True)
    assert "Approved: 10 go out, 0 wait for another admin." in answer.text
    assert {withdrawal.state for withdrawal in db.session.query(Withdrawal)} == {"approved"}


def test_all_that_may_be_are_chosen_with_one_link_and_none_with_another(asked, ada, log_in):
    ids = [str(asked(name, 300).id) for name in ("cleo", "dora")]
    asked("emil", 300, held_at=clock.now(), hold_reason="We ask.")
    browser, place = log_in(ada), "/admin/payouts?order=amount&age=new"
    seen = []
    for label in ("Choose all 2", "Choose none", "Choose all 2"):
        queue = browser.get(place).text
        seen.append(re.findall(r'name="chosen" value="(\d+)" checked>', queue))
        place = unescape(re.search(rf'href="([^"]*)"><span>{label}<', queue)[1]).removesuffix("#together")
        assert "order=amount&age=new" in place
    assert seen == [[], ids, []]


def test_one_that_may_be_is_the_one(asked, ada, log_in):
    asked("cleo", 300)
    assert "Choose the one" in log_in(ada).get("/admin/payouts").text


def test_where_none_may_be_there_is_nothing_to_choose(asked, ada, log_in):
    asked("emil", 300, held_at=clock.now(), hold_reason="We ask.")
    page = log_in(ada).get("/admin/payouts?chosen=all").text
    assert "Choose" not in page and 'id="together"' not in page


def test_all_are_chosen_on_the_page_one_is_at(asked, ada, log_in):
    for number in range(PAGE + 2):
        asked(f"member{number}", 300)
    page = log_in(ada).get("/admin/payouts?page=2").text
    assert "Choose all 2" in page and 'href="/admin/payouts?chosen=all&amp;page=2#together"' in page


def test_a_row_that_waits_for_too_long_says_so(asked, ada, log_in):
    for name, hours in (("dora", 71), ("fritz", 73)):
        asked(name, 300, requested_at=clock.now() - timedelta(hours=hours))
    rows = re.findall(r'<li class="rowline linked" id="withdrawal-\d+">.*?</li>', log_in(ada).get("/admin/payouts").text, re.DOTALL)
    assert [">late<" in row for row in rows] == [False, True]


def legend(page):
    return "".join(re.findall(r"<kbd>(\w)</kbd>", page))


def test_the_legend_offers_the_keys_that_do_something_here(asked, ada, log_in, member):
    browser, otto = log_in(ada), member("otto", role="admin")
    assert legend(browser.get("/admin/payouts").text) == "jkarh"
    first, second = asked("cleo", 300), asked("dora", 1900)
    assert legend(browser.get("/admin/payouts").text) == "jkxarh"
    case = f"/admin/payouts/{second.id}"
    assert legend(browser.get(case).text) == "jkarh"
    with transaction():
        actions.approve(second, ada)
    assert (legend(browser.get(case).text), legend(log_in(otto).get(case).text)) == ("jkrh", "jkarh")
    with transaction():
        actions.hold(second, otto, "We ask.")
    assert legend(log_in(otto).get(case).text) == "jkrh"
    with transaction():
        actions.reject(second, otto, "No.")
        first.user.role = "admin"
    assert legend(log_in(otto).get(case).text) == "jk", "nothing is left to decide"
    assert legend(log_in(first.user).get(f"/admin/payouts/{first.id}").text) == "jk", "it is his own"


@pytest.mark.parametrize(
    ("happens", "offered"),
    [
        (lambda withdrawal, ada: device_sightings.see(ada, "one browser", "192.0.2.1") or device_sightings.see(withdrawal.user, "one browser", "192.0.2.1"), "jk"),
        (lambda withdrawal, ada: setattr(ada, "admin_since", withdrawal.requested_at + timedelta(seconds=1)), "jkrh"),
        (lambda withdrawal, ada: setattr(withdrawal.user, "frozen_at", clock.now()), "jkrh"),
    ],
    ids=["has a part", "an admin since then", "frozen"],
)
def test_the_legend_offers_no_key_of_what_the_page_does_not_offer(asked, ada, log_in, happens, offered):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    with transaction():
        happens(withdrawal, ada)
    assert legend(browser.get(f"/admin/payouts/{withdrawal.id}").text) == offered


def test_two_of_one_amount_are_told_apart_before_they_are_chosen(asked, ada, log_in):
    first, second = asked("cleo", 300), asked("dora", 300)
    with transaction():
        second.user.name = first.user.name
    browser = log_in(ada)
    queue = words(browser.get("/admin/payouts").text)
    batch = words(browser.get(f"/admin/payouts/batch?chosen={first.id}&chosen={second.id}").text)
    for withdrawal in (first, second):
        assert f"Choose Cleo, Withdrawal {withdrawal.id}" in queue and f"Withdrawal {withdrawal.id} · {withdrawal.to}" in batch


def test_what_bears_a_sign_is_held_or_waits_for_another_is_in_no_batch(asked, ada, member, log_in):
    clean = asked("cleo", 300)
    others = [asked("dora", 300, risks=[{"name": "circle", "weight": 60, "facts": {"members": []}}]), asked("emil", 300, held_at=clock.now(), hold_reason="We ask."), asked("fred", 1900)]
    with transaction():
        actions.approve(others[2], ada)
    browser = log_in(ada)
    assert re.findall(r'name="chosen" value="(\d+)"', browser.get("/admin/payouts").text) == [str(clean.id)]
    page = browser.get("/admin/payouts/batch?" + "&".join(f"chosen={withdrawal.id}" for withdrawal in (clean, *others))).text
    assert re.findall(r'name="chosen" value="(\d+)"', page) == [str(clean.id)]
    for other in others:
        answer = browser.post("/admin/payouts/batch", data=digests(clean, other))
        assert answer.status_code == 409 and f"Withdrawal {other.id} " in words(answer.text)
    db.session.refresh(clean)
    assert clean.state == "in review", "all of them or none"


def test_who_chose_none_is_not_told_that_his_cannot_be_approved(asked, ada, log_in):
    held = asked("cleo", 300, held_at=clock.now(), hold_reason="We ask.")
    browser = log_in(ada)
    assert "You have chosen none." in browser.get("/admin/payouts/batch").text
    assert "None of those you chose can be approved" in browser.get(f"/admin/payouts/batch?chosen={held.id}").text


def test_a_sign_that_came_up_since_it_was_judged_keeps_it_out_of_the_batch(asked, bruno, ada, log_in):
    withdrawal, other = asked("cleo", 300), asked("dora", 300)
    browser, ids = log_in(ada), [str(withdrawal.id), str(other.id)]
    assert re.findall(r'name="chosen" value="(\d+)"', browser.get("/admin/payouts").text) == ids
    before = digests(withdrawal, other)
    share_a_browser(withdrawal.user, bruno)
    answer = browser.post("/admin/payouts/batch", data=before)
    assert answer.status_code == 409 and f"Withdrawal {withdrawal.id} bears signs of fraud" in answer.text
    assert re.findall(r'name="chosen" value="(\d+)"', answer.text) == ids[1:]
    assert "Shared browser Bruno signed in with the same browser." in words(browser.get(f"/admin/payouts/{withdrawal.id}").text)
    assert re.findall(r'name="chosen" value="(\d+)"', browser.get("/admin/payouts").text) == [str(other.id)]
    assert approve_together(browser, ids[1:]).status_code == 303


def test_a_sign_that_came_up_since_is_read_before_a_single_approval_is_given(asked, bruno, ada, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    before = shown(browser.get(f"/admin/payouts/{withdrawal.id}").text)
    share_a_browser(withdrawal.user, bruno)
    answer = browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=before)
    page = words(answer.text)
    assert answer.status_code == 409 and "Not approved: something has changed since you were shown it." in page
    assert "Shared browser Bruno signed in with the same browser." in page and f'action="/admin/payouts/{withdrawal.id}/approval"' in answer.text
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing, withdrawal.risk) == ("in review", [], 40)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=shown(answer.text)).status_code == 303, "he has read it now"
    db.session.refresh(withdrawal)
    assert withdrawal.state == "approved"


def test_a_word_given_before_a_sign_came_up_counts_no_more(asked, bruno, ada, member, log_in):
    withdrawal, otto = asked("cleo", 1900), member("otto", role="admin")
    with transaction():
        actions.approve(withdrawal, ada)
    share_a_browser(withdrawal.user, bruno)
    jobs.look_again()
    db.session.refresh(withdrawal)
    assert (withdrawal.approvals, withdrawal.approvals_needed) == ([], 2)
    entry = db.session.query(LogEntry).order_by(LogEntry.number.desc()).first()
    assert (entry.action, entry.subject, entry.by_id, entry.details) == ("approvals overtaken", f"withdrawal {withdrawal.id}", None, {"admins": [ada.id]})
    assert approve(log_in(otto), withdrawal).status_code == 303
    db.session.refresh(withdrawal)
    assert withdrawal.state == "in review", "the first word was given to a case without a sign"
    assert approve(log_in(ada), withdrawal).status_code == 303
    db.session.refresh(withdrawal)
    assert withdrawal.state == "approved"


def test_a_sign_that_has_grown_is_read_before_an_approval_is_given(asked, bruno, ada, member, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    share_a_browser(withdrawal.user, bruno)
    jobs.look_again()
    before = shown(browser.get(f"/admin/payouts/{withdrawal.id}").text)
    share_a_browser(member("dora"), member("emil"))
    answer = browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=before)
    assert answer.status_code == 409 and "Bruno, Dora, Emil signed in with the same browser." in words(answer.text)
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing, withdrawal.risk, len(withdrawal.risks)) == ("in review", [], 40, 1)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=shown(answer.text)).status_code == 303, "he has read it now"


def test_a_sign_that_has_grown_is_written_down_by_the_job(asked, bruno, member):
    withdrawal = asked("cleo", 300)
    share_a_browser(withdrawal.user, bruno)
    jobs.look_again()
    other = member("dora")
    share_a_browser(other)
    jobs.look_again()
    db.session.refresh(withdrawal)
    assert [(risk["name"], risk["facts"]) for risk in withdrawal.risks] == [("shared device", {"members": [bruno.id, other.id]})]


def test_a_case_with_the_signs_that_it_bore_before_is_approved_at_once(asked, bruno, ada, log_in):
    withdrawal = asked("cleo", 300)
    share_a_browser(withdrawal.user, bruno)
    jobs.look_again()
    db.session.refresh(withdrawal)
    assert [risk["name"] for risk in withdrawal.risks] == ["shared device"]
    assert approve(log_in(ada), withdrawal).status_code == 303


def test_a_sign_that_the_hourly_job_wrote_is_read_before_an_approval_is_given(asked, bruno, ada, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    before = shown(browser.get(f"/admin/payouts/{withdrawal.id}").text)
    share_a_browser(withdrawal.user, bruno)
    jobs.look_again()
    answer = browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=before)
    assert answer.status_code == 409 and "Shared browser Bruno signed in with the same browser." in words(answer.text)
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing) == ("in review", [])
    assert browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=shown(answer.text)).status_code == 303


@pytest.mark.parametrize("changed", [{"amount": teo(301)}, {"to": "0x" + "12" * 20}, {"flags": ["teacher"]}], ids=["amount", "address", "reason"])
def test_what_was_changed_since_it_was_shown_is_not_approved(asked, ada, log_in, changed):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    before, together = shown(browser.get(f"/admin/payouts/{withdrawal.id}").text), digests(withdrawal)
    with transaction():
        for fact, value in changed.items():
            setattr(withdrawal, fact, value)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=before).status_code == 409
    answer = browser.post("/admin/payouts/batch", data=together)
    assert answer.status_code == 409 and f"Withdrawal {withdrawal.id} It is not as you were shown it any more." in words(answer.text)
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing) == ("in review", [])


@pytest.mark.parametrize("sent", [{}, {"seen": ""}, {"seen": "0" * 64}])
def test_without_what_he_was_shown_nothing_is_approved(asked, ada, log_in, sent):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/approval", data=sent).status_code == 409
    assert browser.post("/admin/payouts/batch", data={"chosen": str(withdrawal.id)} | {f"{name}-{withdrawal.id}": value for name, value in sent.items()}).status_code == 409
    with pytest.raises(DomainError, match="not as you were shown"), transaction():
        decisions.approve(withdrawal, ada, sent.get("seen"))
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing) == ("in review", [])


def test_who_approves_his_own_with_others_reads_nothing_of_its_signs(asked, bruno, ada, log_in):
    withdrawal = asked("cleo", 300)
    share_a_browser(withdrawal.user, bruno)
    with transaction():
        withdrawal.user.role = "admin"
    answer = log_in(withdrawal.user).post("/admin/payouts/batch", data=digests(withdrawal))
    assert answer.status_code == 409 and "bears signs" not in answer.text


# Who has a part in it


PARTIES = {
    "named by a sign": lambda withdrawal, ada: setattr(withdrawal, "risks", [{"name": "circle", "weight": 60, "facts": {"members": [ada.id]}}]),
    "browser": lambda withdrawal, ada: device_sightings.see(ada, "one browser", "192.0.2.1") or device_sightings.see(withdrawal.user, "one browser", "203.0.113.1"),
    "address": lambda withdrawal, ada: db.session.add(LinkedWallet(user_id=ada.id, address=withdrawal.to, linked_at=clock.now(), removed_at=clock.now())),
}


@pytest.mark.parametrize("make", PARTIES.values(), ids=PARTIES)
def test_who_has_a_part_in_a_case_decides_nothing_of_it(asked, ada, member, log_in, make):
    withdrawal, otto = asked("cleo", 300), member("otto", role="admin")
    with transaction():
        make(withdrawal, ada)
    browser, place = log_in(ada), f"/admin/payouts/{withdrawal.id}"
    page = browser.get(place).text
    assert "You may have a part in this withdrawal yourself: another admin decides." in page
    assert [verb for verb in ("approval", "rejection", "hold", "resumption") if f'action="{place}/{verb}' in page] == []
    sent = {"seen": withdrawal.digest, "reject-reason": "No.", "hold-reason": "Wait."}
    for verb in ("approval", "rejection", "hold", "resumption"):
        answer = browser.post(f"{place}/{verb}", data=sent)
        told = words(answer.text).lower()
        assert answer.status_code == 403 and "you may have a part in this withdrawal yourself" in told
        assert [word for word in ("browser", "circle", "sign", "address", "fraud") if word in told] == [], "it says nothing of what is looked for"
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.standing, withdrawal.held_at) == ("in review", [], None)
    assert approve(log_in(otto), withdrawal).status_code == 303


def test_who_has_a_part_in_one_case_approves_none_of_a_batch_with_it(asked, ada, log_in, monkeypatch):
    """Also where no weight makes a sign of what ties them."""
    monkeypatch.setattr(risk_flags, "raised", lambda found, weights: [])
    withdrawal, other = asked("cleo", 300), asked("dora", 300)
    share_a_browser(withdrawal.user, ada)
    answer = log_in(ada).post("/admin/payouts/batch", data=digests(withdrawal, other))
    assert answer.status_code == 409 and f"Withdrawal {withdrawal.id} You may have a part" in words(answer.text)
    assert re.findall(r'name="chosen" value="(\d+)"', answer.text) == [str(other.id)]
    db.session.expire_all()
    assert {withdrawal.state, other.state} == {"in review"}


def test_who_may_have_a_part_reads_no_note_of_the_other_admins(asked, ada, member, log_in):
    withdrawal, otto = asked("cleo", 300, held_at=clock.now(), hold_reason="We ask.", hold_note="Same browser as Ada."), member("otto", role="admin")
    share_a_browser(withdrawal.user, ada)
    own, others = ([log_in(who).get(f"/admin/payouts/{withdrawal.id}").text, live.shown(who.id, [f"case:{withdrawal.id}"])[f"case:{withdrawal.id}"]] for who in (ada, otto))
    assert [("We ask." in page, "Same browser as Ada." in page) for page in own] == [(True, False)] * 2
    assert [("We ask." in page, "Same browser as Ada." in page) for page in others] == [(True, True)] * 2


def test_a_network_alone_gives_nobody_a_part(asked, ada, log_in):
    """Behind a school's all its admins would have a part in the case of each member."""
    give(ada, 300)
    own = address_of(ada, "ad")
    with transaction():
        actions.request("own", ada, own.id, teo(300))
    withdrawal = asked("cleo", 300)
    with transaction():
        device_sightings.see(ada, "one browser", "192.0.2.1"), device_sightings.see(withdrawal.user, "another", "192.0.2.7")
        withdrawal.risks = [{"name": "shared network", "weight": 20, "facts": {"members": [ada.id, 7, 8]}}]
    assert linked_accounts.ties(withdrawal) == {ada.id: ("network",)}
    assert approve(log_in(ada), withdrawal).status_code == 303


def test_no_approval_is_offered_of_who_is_suspended(asked, ada, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    with transaction():
        withdrawal.user.suspended_at = clock.now()
    place = f"/admin/payouts/{withdrawal.id}"
    page = browser.get(place).text
    assert f'action="{place}/approval' not in page and "This account is suspended or frozen: nothing leaves it." in page
    assert 'name="chosen"' not in browser.get("/admin/payouts").text + browser.get(f"/admin/payouts/batch?chosen={withdrawal.id}").text
    assert f'action="{place}/rejection' in page and f'action="{place}/hold' in page


def test_while_payouts_are_stopped_no_approval_is_offered(asked, ada, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    place = f"/admin/payouts/{withdrawal.id}"
    paths = (place, f"/admin/payouts/batch?chosen={withdrawal.id}")
    assert ["Approve" in browser.get(path).text and "nothing is approved before they go on" not in browser.get(path).text for path in paths] == [True, True]
    with transaction():
        halt.stop("We look at something.", ada)
    case, batch = (browser.get(path).text for path in paths)
    assert f'action="{place}/approval' not in case and 'action="/admin/payouts/batch"' not in batch
    assert all("All payouts are stopped: nothing is approved before they go on." in page for page in (case, batch))
    assert f'action="{place}/rejection' in case and f'action="{place}/hold' in case


def test_who_approves_his_own_reads_nothing_of_a_sign_that_came_up(asked, bruno, ada, log_in):
    withdrawal = asked("cleo", 300)
    share_a_browser(withdrawal.user, bruno)
    with transaction():
        withdrawal.user.role = "admin"
    answer = log_in(withdrawal.user).post(f"/admin/payouts/{withdrawal.id}/approval")
    assert answer.status_code == 403 and "signs of fraud" not in answer.text


def test_a_sign_that_came_up_since_is_read_within_an_hour(asked, bruno, ada, log_in):
    withdrawal = asked("cleo", 300)
    asked("dora", 300)
    share_a_browser(withdrawal.user, bruno)
    assert dict(schedule.TABLE)["withdrawals.look_again"] <= 3600
    for _ in range(2):
        schedule.run("withdrawals.look_again")
    assert names(log_in(ada).get("/admin/payouts?which=risky").text) == ["Cleo"]
    db.session.refresh(withdrawal)
    assert ([risk["name"] for risk in withdrawal.risks], withdrawal.risk) == (["shared device"], 40)


def test_however_many_wait_each_is_looked_at_again_in_one_of_several_jobs(asked, bruno, monkeypatch):
    queued = []
    monkeypatch.setattr(jobs, "SLICE", 2)
    monkeypatch.setattr(jobs, "enqueue", lambda *job: queued.append(job))
    found = [asked(name, 300) for name in ("cleo", "dora", "emil", "fred", "gina")]
    share_a_browser(bruno, *(withdrawal.user for withdrawal in found))
    queued.clear()
    jobs.look_again()
    marked = []
    while queued:
        name, after = queued.pop()
        db.session.expire_all()
        marked.append((name, sum(withdrawal.risk > 0 for withdrawal in found)))
        jobs.look_again(after)
    assert marked == [("withdrawals.look_again", 2), ("withdrawals.look_again", 4)]
    db.session.expire_all()
    assert all(withdrawal.risk for withdrawal in found)


def test_a_sign_that_is_gone_stays_written(asked, ada, log_in):
    withdrawal = asked("cleo", 300, risks=[{"name": "dispute", "weight": 40, "facts": {"disputes": 1}}], risk=40)
    for _ in range(2):
        log_in(ada).post("/admin/payouts/batch", data={"chosen": [str(withdrawal.id)]})
        share_a_browser(withdrawal.user, ada)
    db.session.refresh(withdrawal)
    assert ([risk["name"] for risk in withdrawal.risks], withdrawal.risk, withdrawal.state) == (["dispute", "shared device"], 80, "in review")


@pytest.mark.parametrize("chosen", [[], ["x"], ["99999"], [str(number) for number in range(1, 30)]])
def test_a_choice_of_nothing_or_too_much_is_refused(asked, ada, log_in, chosen):
    asked("cleo", 300)
    browser = log_in(ada)
    assert browser.post("/admin/payouts/batch", data={"chosen": chosen}).status_code == 409
    assert browser.get("/admin/payouts/batch?" + "&".join(f"chosen={number}" for number in chosen)).status_code == 200


def test_what_is_changed_needs_a_new_word(asked, ada, member, log_in):
    withdrawal, otto = asked("cleo", 1900), member("otto", role="admin")
    with transaction():
        actions.approve(withdrawal, ada)
    assert [approval.admin_id for approval in withdrawal.standing] == [ada.id]
    with transaction():
        withdrawal.to = "0x" + "12" * 20
    assert withdrawal.standing == []
    with transaction():
        actions.approve(withdrawal, otto)
    assert withdrawal.state == "in review", "the first word was for another address"
    assert f'action="/admin/payouts/{withdrawal.id}/approval"' in log_in(ada).get(f"/admin/payouts/{withdrawal.id}").text
    with transaction():
        actions.approve(withdrawal, ada)
    assert withdrawal.state == "approved"


# Company


@pytest.fixture
def enqueued(monkeypatch):
    """What views ask workers for."""
    asked = []
    monkeypatch.setattr(case_page, "enqueue", lambda *job: asked.append(job))
    return asked


def test_an_admin_sees_who_else_has_the_case_open_and_is_told_of_who_comes(asked, ada, member, log_in, enqueued):
    withdrawal, otto = asked("cleo", 300), member("otto", role="admin")
    url = f"/admin/payouts/{withdrawal.id}"
    assert "has this case open" not in log_in(ada).get(url).text
    assert "Ada has this case open, too." in log_in(otto).get(url).text
    assert ("announce.company", withdrawal.id, [ada.id]) in enqueued
    enqueued.clear()
    assert "Otto has this case open, too." in log_in(ada).get(f"{url}/company", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert enqueued == [], "who is there already is no news"


def test_a_case_left_open_keeps_no_sign_in_which_only_who_sits_there_does(asked, ada, log_in):
    url, browser = f"/admin/payouts/{asked('cleo', 300).id}", log_in(ada)
    clock.advance(sessions.ADMINS_IDLE_LIFE / 2)

    def until():
        db.session.expire_all()
        return db.session.query(Session).filter_by(user_id=ada.id).one().expires_at

    before = until()
    assert "company" in browser.get(f"{url}/company", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text and until() == before
    browser.get(url)
    assert until() > before


def test_what_pages_ask_by_themselves_is_known_to_keep_no_sign_in(app):
    templates = [app.jinja_env.loader.get_source(app.jinja_env, name)[0] for name in app.jinja_env.list_templates(extensions=("html",))]
    asked = {endpoint for text in templates for endpoint in re.findall(r'hx-get="\{\{ url_for\([\'"]([\w.]+)[^"]*" hx-trigger="every', text)}
    assert asked == ASKED_BY_PAGES - {"live.stream"} and sum(text.count('trigger="every ') for text in templates) == len(asked)


def test_who_decided_is_there_no_more(asked, ada, member, log_in, enqueued):
    withdrawal, otto = asked("cleo", 300), member("otto", role="admin")
    url = f"/admin/payouts/{withdrawal.id}"
    for admin in (ada, otto):
        log_in(admin).get(url)
    enqueued.clear()
    assert log_in(ada).post(f"{url}/rejection", data={"reject-reason": "No."}).status_code == 303
    assert ("announce.company", withdrawal.id, [otto.id]) in enqueued
    assert "has this case open, too" not in log_in(otto).get(f"{url}/company", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text


def test_without_redis_a_case_is_shown_without_company(asked, ada, log_in, monkeypatch):
    from redis.exceptions import ConnectionError as Down

    from lms import presence

    withdrawal = asked("cleo", 300)

    class Nothing:
        def pipeline(self):
            raise Down

        def zrangebyscore(self, *arguments):
            raise Down

    monkeypatch.setattr(presence.queue, "redis", Nothing())
    assert presence.come("case:1", 1) == ([], False) and presence.others("case:1", 1) == []
    monkeypatch.undo()
    assert log_in(ada).get(f"/admin/payouts/{withdrawal.id}").status_code == 200


def test_from_a_case_one_goes_to_those_beside_it(asked, ada, log_in):
    first, second, third = (asked(name, 300) for name in ("cleo", "dora", "emil"))
    page = log_in(ada).get(f"/admin/payouts/{second.id}").text
    assert f'rel="prev" href="/admin/payouts/{first.id}"' in page and f'rel="next" href="/admin/payouts/{third.id}"' in page
    assert 'rel="prev"' not in log_in(ada).get(f"/admin/payouts/{first.id}").text


def beside(page):
    """[(rel, number of the case)] of the links to those beside it."""
    return re.findall(r'rel="(prev|next)" href="/admin/payouts/(\d+)', page)


def test_those_beside_a_case_stand_in_the_order_and_the_filter_one_came_from(asked, ada, log_in, statements):
    small, large, middle, risky = (asked(name, amount, risk=risk) for name, amount, risk in (("cleo", 300, 0), ("dora", 900, 0), ("emil", 300, 0), ("finn", 500, 40)))
    browser = log_in(ada)

    def seen(withdrawal, query):
        return [int(number) for _, number in beside(browser.get(f"/admin/payouts/{withdrawal.id}?{query}").text)]

    assert seen(small, "order=amount") == [risky.id, middle.id]
    assert seen(risky, "order=amount") == [large.id, small.id]
    assert seen(risky, "order=amount&which=clean") == [large.id, small.id]
    assert seen(middle, "order=amount&which=clean") == [small.id]
    assert seen(small, "order=risk") == [risky.id, large.id]
    assert seen(large, "which=risky") == [risky.id]
    assert seen(large, "age=late") == []
    assert seen(large, "order=nonsense&which=nonsense&age=nonsense&queue=nonsense") == seen(large, "") == [small.id, middle.id]
    with statements() as by_age:
        cases.neighbours(small)
    with statements() as by_amount:
        cases.neighbours(small, "amount", "clean", "new", by=ada)
    assert len(by_age) == len(by_amount) == 1


def test_beside_ones_own_case_nothing_stands_by_risk(asked, ada):
    first, own, riskier = (asked(name, 300, risk=risk) for name, risk in (("cleo", 40), ("emil", 10), ("dora", 50)))
    with transaction():
        own.user_id = ada.id
    assert cases.neighbours(own, "risk", by=ada) == (first.id, riskier.id)
    assert cases.neighbours(first, "risk", by=ada) == (riskier.id, None)


def test_the_place_in_the_queue_goes_along_and_back(asked, ada, log_in):
    first, second = (asked(name, amount) for name, amount in (("cleo", 300), ("dora", 900)))
    browser, place = log_in(ada), "order=amount&amp;age=new"
    queue = browser.get("/admin/payouts?order=amount&age=new&which=nonsense").text
    assert f'href="/admin/payouts/{second.id}?{place}"' in queue
    case = browser.get(f"/admin/payouts/{second.id}?order=amount&age=new&queue=2").text
    assert f'rel="next" href="/admin/payouts/{first.id}?{place}&amp;queue=2"' in case
    assert f'href="/admin/payouts?{place}&amp;page=2">Withdrawals' in case
    for verb in ("approval", "rejection", "hold", "simulation"):
        assert f'action="/admin/payouts/{second.id}/{verb}?{place}&amp;queue=2"' in case
    held = browser.post(f"/admin/payouts/{second.id}/hold?order=amount&age=new&queue=2", data={"hold-reason": "Wait."})
    assert held.location == f"/admin/payouts/{second.id}?order=amount&age=new&queue=2"
    gone = browser.post(f"/admin/payouts/{second.id}/rejection?order=amount&age=new&queue=2", data={"reject-reason": "No."})
    assert gone.location == "/admin/payouts?order=amount&age=new&page=2"


def test_a_case_of_the_second_page_leads_back_to_it(asked, ada, log_in, monkeypatch):
    first, second = asked("cleo", 300), asked("dora", 300)
    monkeypatch.setattr(cases, "PAGE", 1)
    browser = log_in(ada)
    pages = [names(browser.get(f"/admin/payouts?{place}").text) for place in ("", "page=2", "page=3", "page=2&order=amount")]
    assert pages == [["Cleo"], ["Dora"], ["Dora"], ["Dora"]], "after the last page there is none"
    assert f'href="/admin/payouts/{second.id}?queue=2"' in browser.get("/admin/payouts?page=2").text
    assert 'href="/admin/payouts?page=2">Withdrawals' in browser.get(f"/admin/payouts/{second.id}?queue=2").text
    assert f'href="/admin/payouts/{first.id}"' in browser.get("/admin/payouts").text


def test_approving_together_leads_back_to_the_place_too(asked, ada, log_in):
    withdrawal, browser = asked("cleo", 300), log_in(ada)
    queue = browser.get("/admin/payouts?which=clean").text
    assert '<input type="hidden" name="which" value="clean">' in queue
    assert 'action="/admin/payouts/batch?which=clean"' in browser.get(f"/admin/payouts/batch?which=clean&chosen={withdrawal.id}").text
    assert approve_together(browser, [withdrawal.id], "/admin/payouts/batch?which=clean").location == "/admin/payouts?which=clean"


def test_one_finds_what_waits_for_ones_own_word(asked, ada, log_in):
    waits, approved, held, changed, own = (asked(name, 300, approvals_needed=2) for name in ("cleo", "dora", "emil", "finn", "gina"))
    with transaction():
        own.user_id = ada.id
        actions.approve(approved, ada)
        actions.approve(changed, ada)
        changed.to = "0x" + "ee" * 20
        actions.hold(held, ada, "Wait.")
    browser = log_in(ada)
    assert names(browser.get("/admin/payouts?which=mine").text) == ["Cleo", "Finn"]
    assert "Dora" in names(browser.get("/admin/payouts?which=second").text)
    assert beside(browser.get(f"/admin/payouts/{waits.id}?which=mine").text) == [("next", str(changed.id))]
