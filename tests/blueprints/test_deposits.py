"""The page on which a member finds where to send TEO, and what became of them."""

import re

import pytest
import segno

from lms import clock, live, pending_deposits
from lms.db import db, transaction
from lms.domain.ledger import queries as books
from lms.domain.onchain.models import Contract, Deployment, Entry
from lms.domain.wallet.models import Deposit, Wallet
from lms.ui.qr import QUIET, qr_svg
from tests.conftest import teo

PAGE, ADDRESS, TOKEN = "/wallet/deposit", "0x" + "Ab" * 20, "0x" + "Cd" * 20


@pytest.fixture
def own(ana, chain):
    keys = dict(ciphertext=b"", wrapped_key=b"", kek_version=1, created_at=clock.now())
    with transaction():
        db.session.add(Wallet(holder_id=books.holder_of(ana.id).id, address=ADDRESS, **keys))
        db.session.add(Contract(deployment_id=db.session.query(Deployment).one().id, name="TeoCoin", address=TOKEN, nonce=0))
    return ana


def arrived(user, number=0, amount=12, is_credited=True, **facts):
    with transaction():
        holder = books.holder_of(user.id)
        entry = Entry(holder_id=holder.id, address=ADDRESS, kind="deposit", amount=teo(amount), is_open=False)
        db.session.add(entry)
        db.session.flush()
        rest = dict(deployment_id=db.session.query(Deployment).one().id, holder_id=holder.id, address=ADDRESS, log_index=0, block_number=48_201, seen_at=clock.now())
        db.session.add(Deposit(tx_hash=f"0x{number:064x}", amount=teo(amount), entry_id=entry.id if is_credited else None, **rest, **facts))


def test_the_page_says_where_to_send_which_token_on_which_network(own, log_in):
    page = log_in(own).get(PAGE).text
    assert f'<code class="hash">{ADDRESS}</code>' in page and f'data-copy="{ADDRESS}"' in page
    assert TOKEN in page and "anvil" in page and "Send only TEO" in page and 'class="qr"' in page
    assert "style=" not in page


def test_the_code_is_the_address_with_its_quiet_zone():
    svg = qr_svg(ADDRESS, "label")
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])
    drawn = {(int(x) + step - QUIET, int(y) - QUIET) for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg) for step in range(int(length))}
    code = segno.make(ADDRESS, error="m", micro=False)
    assert drawn == {(x, y) for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark}
    assert size == len(code.matrix) + 2 * QUIET


def test_what_is_on_its_way_is_shown_with_its_blocks(own, log_in):
    pending_deposits.keep({ADDRESS: [pending_deposits.Arrival(teo(12), 3, 64)]})
    for said in (log_in(own).get(PAGE).text, live.shown(own.id, ["deposits"])["deposits"]):
        assert "12.00 TEO on their way" in said and "block 3 of 64" in said


def test_its_newest_page_listens_for_what_arrives(own, log_in):
    browser = log_in(own)
    shows = [re.search(r"/live\?show=([\w,]+)", browser.get(path).text)[1].split(",") for path in (PAGE, "/account")]
    assert ["deposits" in names for names in shows] == [True, False]


def test_nothing_of_others_is_shown(own, bruno, log_in):
    pending_deposits.keep({ADDRESS: [pending_deposits.Arrival(teo(12), 3, 64)]})
    arrived(own)
    page = log_in(bruno).get(PAGE).text
    assert ADDRESS not in page and "on their way" not in page and "Your address is being made" in page and "Nothing has come yet" in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [({}, "credited · block"), (dict(is_credited=False), "being credited"), (dict(is_credited=False, amount=0.005), "credited tomorrow"), (dict(is_credited=False, is_parked=True), "somebody looks at it")],
)
def test_what_has_come_is_listed_with_its_transaction(facts, said, own, log_in):
    arrived(own, 7, **facts)
    page = log_in(own).get(PAGE).text
    assert said in page and f"0x{7:064x}" in page


def test_the_list_has_pages_and_as_many_statements_for_many_as_for_one(own, log_in, statements):
    browser = log_in(own)
    arrived(own)
    browser.get(PAGE)
    with statements() as one:
        browser.get(PAGE)
    for number in range(1, 30):
        arrived(own, number)
    with statements() as many:
        first = browser.get(PAGE).text
    assert len(many) == len(one) and 'rel="next"' in first
    assert f"0x{0:064x}" in browser.get(f"{PAGE}?page=2").text


def test_without_redis_the_page_still_says_where_to_send(own, log_in, monkeypatch):
    from redis.exceptions import ConnectionError as RedisGone

    def down(*_):
        raise RedisGone

    monkeypatch.setattr(pending_deposits.queue.redis, "hget", down)
    assert ADDRESS in log_in(own).get(PAGE).text
