"""Linking an address without JavaScript, and freezing a wallet."""

from datetime import timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from lms import clock
from lms.db import db, transaction
from lms.domain.notices.models import Notice
from lms.domain.wallet import linked_addresses
from lms.domain.wallet.models import LinkChallenge, LinkedWallet
from tests.conftest import PASSWORD, address_of, announce

KEY = "0x" + "11" * 32
ADDRESS = Account.from_key(KEY).address
PLACE = "/wallet/addresses"


@pytest.fixture
def browser(ana, log_in):
    return log_in(ana)


def message(page):
    return page.split("data-message>")[1].split("</code>")[0]


def sign(text, key=KEY):
    return "0x" + Account.sign_message(encode_defunct(text=text), key).signature.hex().removeprefix("0x")


def link(browser, address=ADDRESS, key=KEY, **more):
    begun = browser.post(PLACE, data={"address": address} | more)
    text = message(browser.get(begun.location).text)
    return browser.post(begun.location, data={"signature": sign(text, key)})


def test_the_message_names_site_chain_and_address(browser):
    text = message(browser.get(browser.post(PLACE, data={"address": ADDRESS.lower()}).location).text)
    assert text.startswith(f"127.0.0.1:8000 wants you to sign in with your Ethereum account:\n{ADDRESS}\n")
    assert "Chain ID: 31337" in text and "URI: http://127.0.0.1:8000" in text


def test_signed_it_is_linked_and_waits_a_day(browser, ana):
    assert link(browser).status_code == 303
    page = browser.get(PLACE).text
    assert "usable" in page and page.count(f"{ADDRESS[:6]}…{ADDRESS[-4:]}") == 1
    clock.advance(timedelta(hours=25))
    assert "ready" in browser.get(PLACE).text
    assert db.session.query(Notice).one().kind == "wallet linked"


def test_a_message_once_used_has_no_page(browser):
    begun = browser.post(PLACE, data={"address": ADDRESS})
    link(browser)
    assert browser.get(begun.location).status_code == 200  # another one, not used yet
    used = db.session.query(LinkChallenge).filter(LinkChallenge.used_at.is_not(None)).one().nonce
    assert browser.get(f"{PLACE}/messages/{used}").status_code == 404


def test_somebody_elses_message_has_no_page(browser, bruno, log_in):
    place = browser.post(PLACE, data={"address": ADDRESS}).location
    assert log_in(bruno).get(place).status_code == 404


@pytest.mark.parametrize("signature", ["", "0x12", "x" * 201])
def test_what_is_no_signature_is_refused_and_may_be_tried_again(signature, browser, ana):
    place = browser.post(PLACE, data={"address": ADDRESS}).location
    answer = browser.post(place, data={"signature": signature})
    assert answer.status_code == 422 and 'name="signature"' in answer.text
    assert linked_addresses.of(ana) == []


def test_an_address_with_wrong_capitals_is_refused(browser):
    answer = browser.post(PLACE, data={"address": ADDRESS.swapcase().replace("0X", "0x")})
    assert answer.status_code == 422 and "capitals" in answer.text


def test_one_that_looks_alike_is_shown_beside_the_other_and_must_be_meant(browser, ana):
    link(browser)
    twin = ADDRESS[:6].lower() + "0" * 32 + ADDRESS[-4:].lower()
    answer = browser.post(PLACE, data={"address": twin})
    assert answer.status_code == 422
    assert "Look closely" in answer.text and "<mark>000000</mark>" in answer.text
    assert browser.post(PLACE, data={"address": twin, "meant": twin}).status_code == 303


def test_a_name_and_a_removal(browser, ana):
    link(browser)
    place = f"{PLACE}/{linked_addresses.of(ana)[0].id}"
    browser.post(place, data={"label": "My ledger"})
    assert "My ledger" in browser.get(PLACE).text
    assert browser.post(f"{place}/removal", data={"removal-password": "a guess"}).status_code == 409
    assert browser.post(f"{place}/removal", data={"removal-password": PASSWORD}).status_code == 303
    assert linked_addresses.of(ana) == []
    assert browser.get(place).status_code == 404


def test_somebody_elses_address_does_not_exist(browser, ana, bruno, log_in):
    link(browser)
    place = f"{PLACE}/{linked_addresses.of(ana)[0].id}"
    client = log_in(bruno)
    assert [client.get(place).status_code, client.post(place, data={"label": "Mine"}).status_code, client.post(f"{place}/removal", data={"removal-password": PASSWORD}).status_code] == [404] * 3


def test_freezing_takes_one_press_and_ending_it_the_password(browser, ana):
    assert '<form method="post" action="/wallet/freeze"' in browser.get("/wallet").text
    assert browser.post("/wallet/freeze").status_code == 303
    assert 'action="/wallet/freeze"' not in browser.get("/wallet").text
    db.session.refresh(ana)
    assert ana.frozen_at
    page = browser.get("/wallet/freeze").text
    assert "<h1>Your wallet is frozen</h1>" in page and "Frozen" in page
    answer = browser.post("/wallet/thaw", data={"password": "a guess"})
    assert answer.status_code == 409 and "That is not your password." in answer.text and "End the freeze" in answer.text
    for _ in range(2):
        assert browser.post("/wallet/thaw", data={"password": PASSWORD}).status_code == 303
    db.session.refresh(ana)
    assert ana.frozen_at is None
    assert [notice.kind for notice in db.session.query(Notice).order_by(Notice.id)] == ["wallet frozen", "wallet thawed"]


def test_a_refused_guess_is_counted_once(browser, ana):
    with transaction():
        ana.frozen_at = clock.now()
    guesses = [browser.post("/wallet/thaw", data={"password": "a guess"}).status_code for _ in range(11)]
    assert guesses == [409] * 10 + [429]


def test_a_frozen_wallet_links_nothing(browser, ana):
    with transaction():
        ana.frozen_at = clock.now()
    assert link(browser).status_code == 409
    assert db.session.query(LinkedWallet).count() == 0


def test_the_list_says_how_long_an_address_waits_by_the_rules_in_force(browser):
    announce(address_wait_hours=48)
    assert "for 24 hours" in browser.get(PLACE).text
    clock.advance(timedelta(days=20, minutes=1))
    assert "for 48 hours" in browser.get(PLACE).text


def test_the_list_takes_as_many_statements_with_many_addresses_after_a_new_password(browser, ana, statements):
    with transaction():
        ana.password_changed_at = clock.now()
    counts = []
    for number in range(1, 4):
        with transaction():
            db.session.add(LinkedWallet(user_id=ana.id, address=f"0x{number:040x}", linked_at=clock.now()))
        for place in (PLACE, "/wallet/withdrawals/new"):
            with statements() as seen:
                browser.get(place)
            counts.append(len(seen))
    assert counts[2:4] == counts[4:6]


def test_strangers_see_nothing(client):
    assert client.get(PLACE).status_code == 302


def test_a_name_that_was_not_sent_is_none(browser, ana):
    own = address_of(ana)
    assert browser.post(f"{PLACE}/{own.id}", data={}).status_code == 303 and own.label == ""
