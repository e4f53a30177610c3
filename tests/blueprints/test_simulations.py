"""What the node said of a withdrawal, on its case: with its age, beside the button that approves, and asked for again."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock, live
from lms.db import db, transaction
from lms.domain.desk import batches, simulations
from lms.domain.desk.simulation_models import PATIENCE, Simulation
from lms.domain.desk.simulations import Answer
from lms.domain.withdrawals import actions
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError
from tests.blueprints.test_cases import asked as asked
from tests.desk import approve
from tests.domain.test_quotes import done

SUCCEEDS = Answer("succeeds", block_number=48_201, gas=83_000, fee_wei=2_490_000_000_000_000, balance=300_000_000)


@pytest.fixture
def enqueued(monkeypatch):
    """What the views ask workers for."""
    jobs = []
    monkeypatch.setattr("lms.blueprints.admin.simulations.enqueue", lambda *job: jobs.append(job))
    return jobs


@pytest.fixture
def case(asked, ada, log_in):
    """A withdrawal in review, and Ada's browser."""
    return asked("cleo", 250), log_in(ada)


def answered(withdrawal, answer, **changed):
    with transaction():
        simulations.keep(withdrawal.id, withdrawal.amount, withdrawal.to, answer)
        for fact, value in changed.items():
            setattr(db.session.get(Simulation, withdrawal.id), fact, value)


def page(browser, withdrawal):
    return said(browser.get(f"/admin/payouts/{withdrawal.id}").text)


def said(html):
    """The words of a piece of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).replace("\u202f", " ").replace("\xa0", " ").split())


def test_a_case_says_that_it_is_being_simulated_and_then_what_it_would_take(case, app):
    withdrawal, browser = case
    assert "is being simulated A job asks the node." in page(browser, withdrawal)
    app.config["POL_PRICE_EUR"] = 250_000
    answered(withdrawal, SUCCEEDS, done_at=clock.now() - timedelta(minutes=3), asked_at=clock.now() - timedelta(minutes=4))
    shown = page(browser, withdrawal)
    assert "It would go through." in shown and "is being simulated" not in shown
    assert re.search(r"Simulated 3 min ago [^·]* at block 48 201 ", shown), shown
    assert "Gas at most 83 000 Fee at most 0.00249 ETH in euros 0.000622 €" in shown
    assert "At the member's address here 300.00 TEO there afterwards 50.00 TEO" in shown


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer("unknown", "RpcDown"), "It could not be simulated. No node of the chain answered."),
        (Answer("reverts", "EnforcedPause()", block_number=7, balance=0), "The chain would refuse it. The contract is paused: nothing goes out before it goes on."),
        (Answer("reverts", "ERC20InsufficientBalance(0x1, 0, 5)", block_number=7, balance=0), "The chain would refuse it. Less stands at the member's address here than he wants, though our books say that all of it is there."),
        (Answer("waits", "a batch", block_number=7, balance=0), "It would wait. Not all of it is on the chain yet: a batch brings it there first, and then it goes out."),
        (Answer("reverts", "0x12345678", block_number=7), "The chain would refuse it. It gave no reason that we know: 0x12345678"),
    ],
)
def test_what_would_not_go_through_is_said_beside_the_button_too_and_it_may_be_approved_all_the_same(case, ada, answer, sentence):
    withdrawal, browser = case
    answered(withdrawal, answer)
    html = browser.get(f"/admin/payouts/{withdrawal.id}").text
    assert said(html).count(sentence) == 2
    assert sentence in said(html[html.index('id="verdict"') : html.index('id="approve"')])
    approve(browser, withdrawal)
    db.session.expire_all()
    assert db.session.get(Withdrawal, withdrawal.id).state == "approved"


def test_one_that_goes_through_or_was_not_simulated_puts_nothing_beside_the_button(case):
    withdrawal, browser = case
    for prepare in (lambda: answered(withdrawal, SUCCEEDS), lambda: db.session.query(Simulation).delete()):
        prepare()
        db.session.commit()
        html = browser.get(f"/admin/payouts/{withdrawal.id}").text
        assert 'id="verdict"></div>' in html
    assert "It was not simulated yet." in said(html) and ">Simulate<" in html


def test_an_admin_asks_again_one_at_a_time_and_the_earlier_answer_stays_meanwhile(case, enqueued):
    withdrawal, browser = case
    url = f"/admin/payouts/{withdrawal.id}/simulation"
    refused = browser.post(url)
    assert (refused.status_code, enqueued) == (409, []) and "It is being simulated already" in refused.text
    answered(withdrawal, SUCCEEDS)
    answer = browser.post(url)
    assert (answer.status_code, answer.location, enqueued) == (303, f"/admin/payouts/{withdrawal.id}#simulation", [("simulations.run", withdrawal.id)])
    shown = page(browser, withdrawal)
    assert "is being simulated" in shown and "It would go through." in shown
    assert browser.post(url).status_code == 409 and len(enqueued) == 1


def test_an_answer_that_never_came_is_said_and_may_be_asked_for_again(case, enqueued):
    withdrawal, browser = case
    with transaction():
        db.session.get(Simulation, withdrawal.id).asked_at = clock.now() - PATIENCE
    assert "no answer came" in page(browser, withdrawal)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/simulation").status_code == 303 and enqueued


def test_what_was_said_of_another_amount_is_not_shown(case):
    withdrawal, browser = case
    answered(withdrawal, SUCCEEDS, amount=1)
    shown = page(browser, withdrawal)
    assert "It would go through." not in shown and "It was not simulated yet." in shown


def test_what_is_decided_is_simulated_no_more(case, ada, enqueued):
    withdrawal, browser = case
    answered(withdrawal, SUCCEEDS)
    with transaction():
        actions.approve(withdrawal, ada)
    assert browser.post(f"/admin/payouts/{withdrawal.id}/simulation").status_code == 409 and enqueued == []
    assert "Simulate again" not in page(browser, withdrawal)
    with pytest.raises(DomainError, match="nothing to simulate"):
        simulations.ask(withdrawal)


def test_there_is_no_simulation_of_what_is_not_there_nor_for_those_who_are_no_admins(case, bruno, log_in):
    withdrawal, browser = case
    assert browser.post("/admin/payouts/99999/simulation").status_code == 404
    assert live.shown(bruno.id, [f"simulation:{withdrawal.id}", f"verdict:{withdrawal.id}"]) == {}


def test_a_case_takes_one_statement_more_for_it(case, statements):
    withdrawal, browser = case
    answered(withdrawal, SUCCEEDS)
    url = f"/admin/payouts/{withdrawal.id}"
    db.session.expunge_all()
    with statements() as seen:
        browser.get(url)
    assert sum("simulations" in statement for statement in seen) == 1


# Together with others


def together(browser, *withdrawals):
    return said(browser.get("/admin/payouts/batch?" + "&".join(f"chosen={withdrawal.id}" for withdrawal in withdrawals)).text)


def test_before_anything_went_out_a_batch_takes_what_its_simulations_say(asked, ada, log_in):
    first, second = asked("cleo", 250), asked("dora", 300)
    for withdrawal in (first, second):
        answered(withdrawal, SUCCEEDS)
    shown = together(log_in(ada), first, second)
    assert "Together 550.00 TEO Gas, by their simulations at most 166 000 Fee, by their simulations at most 0.00498 ETH" in shown, shown


@pytest.mark.parametrize("answer", [None, Answer("waits", "a batch", block_number=7, balance=0)])
def test_where_one_of_them_has_none_it_is_not_known_and_says_why(answer, asked, ada, log_in):
    first, second = asked("cleo", 250), asked("dora", 300)
    answered(first, SUCCEEDS)
    if answer:
        answered(second, answer)
    shown = together(log_in(ada), first, second)
    assert "Gas and fee not known yet Nothing has gone out yet from which it could be known" in shown and "166" not in shown and "83 000" not in shown


def test_a_simulation_of_what_it_is_no_more_is_none(asked, ada, log_in):
    withdrawal = asked("cleo", 250)
    answered(withdrawal, SUCCEEDS)
    with transaction():
        withdrawal.to = "0x" + "12" * 20
    assert "Gas and fee not known yet" in together(log_in(ada), withdrawal)


def test_once_one_went_out_that_one_says_what_a_batch_takes(asked, ada, chain, log_in):
    withdrawal = asked("cleo", 250)
    answered(withdrawal, SUCCEEDS)
    done(gas=50_000, fee_wei=10**15)
    shown = together(log_in(ada), withdrawal)
    assert "Gas, by the last ones 50 000 Fee, by the last ones 0.001 ETH" in shown and "simulations" not in shown, shown


def test_what_a_batch_takes_is_asked_for_once_however_many_are_in_it(asked, statements, ada):
    ids, counts = [asked(f"member{number}", 250).id for number in range(8)], []
    for few in (ids[:1], ids):
        db.session.expire_all()
        db.session.refresh(ada)
        with statements() as seen:
            batches.chosen(few, ada)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
