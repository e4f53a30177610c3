"""The pages of a member's withdrawals: asked for with the quote seen, followed, cancelled; nobody else's business."""

from datetime import timedelta
from html import unescape

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.onchain.models import Operation
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, announce, give, teo
from tests.domain.test_payout_details import bank_of
from tests.domain.test_quotes import done, mined

LIST, NEW = "/wallet/withdrawals", "/wallet/withdrawals/new"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def rich(ana):
    give(ana, 500)
    return ana


@pytest.fixture
def own(rich):
    return address_of(rich)


@pytest.fixture
def browser(rich, own, log_in):
    return log_in(rich)


def send(browser, own, amount="20", key="k1", when="now", **fields):
    return browser.post(NEW, data={"key": key, "amount": amount, "wallet": own.id, "when": when, **fields})


def asked(user, own, amount=20, key="w1"):
    with transaction():
        withdrawal = withdrawals.request(key, user, own.id, teo(amount))
        withdrawals.check(withdrawal)
    return withdrawal


def text(response):
    return unescape(response.text)


def test_what_is_sent_is_asked_for_and_followed_on_its_own_page(browser, rich, own):
    answer = send(browser, own, "20,5")
    withdrawal = db.session.query(Withdrawal).one()
    assert (answer.status_code, answer.location) == (303, f"{LIST}/{withdrawal.id}")
    assert (withdrawal.amount, withdrawal.to, withdrawal.is_prompt, withdrawal.state) == (teo(20.5), own.address, True, "checking")
    page = browser.get(answer.location).text
    assert own.address in page and "20.50" in page and 'aria-current="step">Checking' in page


def test_the_same_form_with_another_amount_is_refused_in_words(browser, own):
    send(browser, own, "20", key="the-key-of-this-form")
    again = send(browser, own, "30", key="the-key-of-this-form")
    assert again.status_code == 409 and "This form was sent already" in again.text and "the-key-of-this-form" not in again.text
    assert db.session.query(Withdrawal).count() == 1


def test_the_same_form_sent_twice_is_one_withdrawal_of_all_he_has_too(browser, own):
    assert send(browser, own, "500", key="all").location == send(browser, own, "500", key="all").location


def test_the_same_form_sent_twice_is_one_withdrawal(browser, own):
    assert send(browser, own).location == send(browser, own).location
    assert db.session.query(Withdrawal).count() == 1


def test_it_may_wait_for_the_batch(browser, own):
    send(browser, own, when="batch")
    assert not db.session.query(Withdrawal).one().is_prompt


def test_the_clients_word_for_an_address_counts_for_nothing(browser, rich, own, bruno):
    theirs = address_of(bruno, "cd")
    assert send(browser, theirs, to="0x" + "ee" * 20).status_code == 422
    send(browser, own, to="0x" + "ee" * 20)
    assert db.session.query(Withdrawal).one().to == own.address


def test_a_key_with_a_nul_breaks_nothing(browser, own):
    assert send(browser, own, key="a\x00b").status_code == 422
    assert db.session.query(Withdrawal).count() == 0


@pytest.mark.parametrize("amount", ["", "many", "-20", "NaN", "1e3", "20.1234567", "9.99", "10001", "501"])
def test_a_bad_amount_is_said_and_stays_in_the_field(amount, browser, rich, own):
    answer = send(browser, own, amount)
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.text and 'role="alert"' in answer.text
    assert (db.session.query(Withdrawal).count(), wallet.balance(rich.id).reserved) == (0, 0)


def test_the_quote_is_a_part_of_the_page_and_a_fragment(browser, rich, own, chain):
    address = f"{NEW}?amount=20&wallet={own.id}&when=now"
    for answer in (browser.get(address), browser.get(address, headers=PART)):
        assert "Withdraw 20.00 TEO" in answer.text and own.address in answer.text
    assert "<html" not in answer.text and 'id="quote"' in answer.text


def quoted(browser, own, amount=20, when="now"):
    return " ".join(text(browser.get(f"{NEW}?amount={amount}&wallet={own.id}&when={when}", headers=PART)).replace("\u202f", " ").split())


def fact(name, value, tone=""):
    """As the page has it."""
    opening = f'<div class="{tone}">' if tone else "<div>"
    return f'{opening}<dt>{name}</dt><dd class="money">{value}</dd></div>'


def test_before_anybody_withdrew_nobody_claims_to_know_what_it_takes(browser, own, chain):
    for when in ("now", "batch"):
        said = quoted(browser, own, when=when)
        assert "Nobody has withdrawn yet" in said and "No batch has reached the chain yet" in said and "The platform pays the gas" in said
        assert all(fact(name, "not known yet") in said for name in ("Gas", "Fee")) and said.count("not known yet") == 4


def test_what_he_pays_is_written_in_his_language_whoever_read_it_before(browser, rich, own, chain):
    assert "0.00 €" in quoted(browser, own)
    with transaction():
        rich.locale = "it"
    assert "0,00 €" in quoted(browser, own)


def test_a_quote_from_one_withdrawal_says_so_in_the_singular(browser, rich, own, chain):
    mined(rich, 500)
    done()
    assert "From the last withdrawal, after the approval." in quoted(browser, own)


def test_the_quote_is_the_median_of_the_last_withdrawals(browser, rich, own, chain, app):
    mined(rich, 500)
    done(seconds=[12, 12, 12, 12, 900])
    said = quoted(browser, own)
    assert fact("On the chain", "about 12 s", "strong") in said and fact("Gas", "about 52 000") in said and fact("Fee", "0.0016 ETH") in said
    assert "From the last 5 withdrawals" in said and "All of it is on the chain already" in said and "batch" not in said.partition("<form")[0]
    assert "in euros" not in said
    app.config["POL_PRICE_EUR"] = 250_000
    try:
        assert "0.0004 €" in quoted(browser, own)
    finally:
        app.config["POL_PRICE_EUR"] = None


def test_both_times_are_seen_before_one_is_chosen(browser, own, chain):
    done(seconds=[12] * 3)
    done("settle", [30] * 3, gas=180_000, fee_wei=4 * 10**15, waited=240)
    now, batch = quoted(browser, own), quoted(browser, own, when="batch")
    assert fact("Now", "about 42 s", "strong") in now and fact("With the next batch", "about 5 min") in now
    assert fact("Now", "about 42 s") in batch and fact("With the next batch", "about 5 min", "strong") in batch


def test_the_batch_made_for_it_is_in_the_sums_and_one_for_all_is_said_to_be_shared(browser, own, chain):
    done(seconds=[12] * 3)
    done("settle", [30] * 2, gas=180_000, fee_wei=4 * 10**15)
    now, batch = quoted(browser, own), quoted(browser, own, when="batch")
    assert fact("Gas", "about 232 000") in now and fact("Fee", "0.0056 ETH") in now and "its gas and fee are in the sums" in now
    assert fact("Gas", "about 52 000") in batch and fact("Fee", "0.0016 ETH") in batch and "shared with others and not in the sums" in batch
    assert all("What a batch takes is known from the last 2." in said for said in (now, batch))


def test_before_the_first_batch_nobody_claims_to_know_what_one_takes(browser, own, chain):
    done()
    now, batch = quoted(browser, own), quoted(browser, own, when="batch")
    assert now.count("not known yet") == 4 and fact("Gas", "not known yet") in now
    assert batch.count("not known yet") == 2 and fact("Gas", "about 52 000") in batch
    assert all("No batch has reached the chain yet" in said and "Nobody has withdrawn" not in said for said in (now, batch))


def test_all_asks_for_what_is_available_and_keeps_the_rest_of_the_form(browser, own):
    page = browser.get(f"{NEW}?amount=&wallet={own.id}&when=batch&all=1").text
    assert "Withdraw 500.00 TEO" in page and '<input type="hidden" name="when" value="batch">' in page


def test_enter_in_the_amount_does_not_ask_for_all(browser):
    page = browser.get(NEW).text
    assert 'name="all"' not in page and f'href="{NEW}?all=1&amp;' in page


def test_that_somebody_looks_at_it_first_is_said_before(browser, own, rich):
    assert "One of us looks at it" not in text(browser.get(f"{NEW}?amount=200&wallet={own.id}&when=now"))
    assert "One of us looks at it before it goes: above what goes out without a look." in text(browser.get(f"{NEW}?amount=201&wallet={own.id}&when=now"))
    asked(rich, own, 150)
    assert "One of us looks at it" in text(browser.get(f"{NEW}?amount=51&wallet={own.id}&when=now"))


def test_what_would_be_refused_is_said_before(browser, rich, own):
    rich.frozen_at = clock.now()
    db.session.commit()
    page = text(browser.get(f"{NEW}?amount=20&wallet={own.id}&when=now"))
    assert "Your wallet is frozen" in page and "Withdraw 20.00 TEO" not in page
    assert send(browser, own).status_code == 422


def test_an_address_that_waits_is_named_and_cannot_be_chosen(rich, own, log_in):
    own.linked_at = clock.now() - timedelta(hours=19)
    db.session.commit()
    browser = log_in(rich)
    page = text(browser.get(NEW))
    assert own.address[:6] in page and "still waits: first use" in page and 'name="wallet"' not in page
    assert 'href="/wallet/addresses"' in page and "What it takes" not in page
    assert send(browser, own).status_code == 422


def test_who_has_frozen_his_wallet_is_told_before_he_asks(rich, log_in):
    rich.frozen_at = clock.now()
    db.session.commit()
    assert "Your wallet is frozen: nothing leaves it." in log_in(rich).get(NEW).text


@pytest.mark.parametrize("amount", ["", "20"])
def test_a_teacher_is_told_before_she_asks_that_we_must_know_who_she_is(amount, tea, log_in):
    give(tea, 50)
    own, browser = address_of(tea), log_in(tea)
    address = f"{NEW}?amount={amount}&wallet={own.id}&when=now"
    page = text(browser.get(address))
    assert "Before a teacher's first payout, in TEO too" in page and 'href="/teach/payout-details"' in page and "Withdraw 20.00 TEO" not in page
    refused = send(browser, own)
    assert refused.status_code == 422 and "Enter your payout details first" in text(refused) and 'value="20"' in refused.text
    with transaction():
        bank_of(tea)
    page = text(browser.get(address))
    assert "Before a teacher's first payout" not in page and ("Withdraw 20.00 TEO" in page) == bool(amount)
    assert send(browser, own).status_code == 303


def test_a_student_is_asked_for_no_payout_details(browser, own):
    assert "payout" not in browser.get(f"{NEW}?amount=20&wallet={own.id}&when=now").text
    assert send(browser, own).status_code == 303


@pytest.mark.parametrize("place", ["/wallet", "/wallet/statements/days?first={today}&last={today}"])
def test_wallet_and_statement_say_where_it_goes(place, browser, rich, own):
    asked(rich, own)
    assert f"{own.address[:6]}…{own.address[-4:]}" in browser.get(place.format(today=clock.now().date())).text


def test_who_has_linked_no_wallet_is_told_how_and_how_long_one_waits(rich, log_in):
    announce(address_wait_hours=48)
    page = log_in(rich).get(NEW).text
    assert "You have linked no wallet of your own yet" in page and "for 24 hours" in page
    clock.advance(timedelta(days=20, minutes=1))
    assert "for 48 hours" in log_in(rich).get(NEW).text


def test_the_stepper_says_how_far_it_is_and_why_it_ended(browser, rich, own, ada):
    reviewed = asked(rich, own, 300)
    page = text(browser.get(f"{LIST}/{reviewed.id}"))
    assert 'aria-current="step">In review' in page and "Cancel this withdrawal" in page
    with transaction():
        withdrawals.reject(reviewed, ada, "Write to us <first>.")
    page = browser.get(f"{LIST}/{reviewed.id}").text
    assert "Write to us &lt;first&gt;." in page and 'class="refused" aria-current="step">In review' in page and "Cancel this withdrawal" not in page


def test_one_that_arrived_links_its_operation_and_transaction(browser, rich, own, chain):
    going = asked(rich, own)
    done()
    with transaction():
        operation = db.session.query(Operation).one()
        going.state, going.operation_id = "sent", operation.id
    page = browser.get(f"{LIST}/{going.id}").text
    assert f"/operations/{operation.id}" in page and operation.tx_hash in page and 'aria-current="step"' not in page


def test_its_member_cancels_it_by_two_presses(browser, rich, own):
    reviewed = asked(rich, own, 300)
    page = f"{LIST}/{reviewed.id}/cancel"
    assert "All of it is available to you again at once" in browser.get(page).text
    assert db.session.get(Withdrawal, reviewed.id).state == "in review"
    assert browser.post(page).status_code == 303
    assert (reviewed.state, wallet.balance(rich.id).available) == ("cancelled", teo(500))


def test_one_that_is_approved_cannot_be_cancelled(browser, rich, own):
    going = asked(rich, own)
    assert "cannot be cancelled any more" in browser.get(f"{LIST}/{going.id}/cancel").text
    answer = browser.post(f"{LIST}/{going.id}/cancel")
    assert answer.status_code == 409 and "It cannot be cancelled any more" in answer.text and "Back to the withdrawal" in answer.text
    assert going.state == "approved"


def test_who_froze_his_wallet_is_asked_whether_he_wanted_it(browser, rich, own):
    going = asked(rich, own)
    rich.frozen_at = clock.now()
    db.session.commit()
    page = browser.get(f"{LIST}/{going.id}").text
    assert "Did you not ask for it?" in page and f"{LIST}/{going.id}/cancel" in page


def test_a_withdrawal_of_another_is_not_there(rich, own, bruno, log_in):
    reviewed = asked(rich, own, 300)
    browser = log_in(bruno)
    for answer in (browser.get(f"{LIST}/{reviewed.id}"), browser.get(f"{LIST}/{reviewed.id}/cancel"), browser.post(f"{LIST}/{reviewed.id}/cancel")):
        assert answer.status_code == 404
    assert reviewed.state == "in review"
    assert "Withdrawal " not in browser.get(LIST).text


@pytest.mark.parametrize("path", [LIST, NEW, f"{LIST}/1"])
def test_a_visitor_is_asked_to_log_in(client, path):
    assert "/log-in" in client.get(path).location


def test_the_list_takes_as_many_statements_for_three_as_for_one(browser, rich, own, statements):
    asked(rich, own)
    browser.get(LIST)
    with statements() as one:
        browser.get(LIST)
    for number in (2, 3):
        asked(rich, own, key=f"w{number}")
    with statements() as three:
        assert browser.get(LIST).text.count(f'href="{LIST}/') == 3 + 1
    assert len(three) == len(one)


def test_the_fragment_is_the_members_own(rich, own, bruno, app):
    from lms import live

    withdrawal = asked(rich, own)
    assert 'id="withdrawal"' in live.shown(rich.id, [f"withdrawal:{withdrawal.id}"])[f"withdrawal:{withdrawal.id}"]
    assert live.shown(bruno.id, [f"withdrawal:{withdrawal.id}", "withdrawal:x"]) == {}


def test_its_movements_lead_to_it_and_its_pages_stand_under_the_wallet(browser, rich, own):
    withdrawal = asked(rich, own)
    movement = wallet.movements(rich.id)[0]
    assert f'href="{LIST}/{withdrawal.id}"' in browser.get(f"/wallet/movements/{movement.id}").text
    assert 'href="/wallet" aria-current="page"' in browser.get(LIST).text
