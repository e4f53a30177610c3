"""An order as its buyer follows it, up to the chain."""

from types import SimpleNamespace

from lms import live
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.receipts import CREDITED, DONE, ON_CHAIN, PAYING, receipt
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.wallet import actions as wallet
from tests.conftest import publish, sell


def batch(user):
    """The operation that brings what waits for the member."""
    sealed = SimpleNamespace(address="0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f", ciphertext=b"c", wrapped_key=b"w", kek_version=1)
    with transaction():
        wallet.keep_wallet(books.holder_of(user.id).id, sealed)
        return wallet.open_batch()


def mine(operation):
    block = SimpleNamespace(tx_hash="0x" + "5e" * 32, block_number=48201, block_hash="0x" + "aa" * 32, gas_used=1, effective_gas_price=1)
    with transaction():
        onchain.mark_signed(operation, SimpleNamespace(signer="0x1", nonce=0, raw=b"r", tx_hash=block.tx_hash, gas=1, tip=1, cap=1))
        onchain.mark_mined(operation, block)


def cap(**caps):
    with transaction():
        version = db.session.get_one(RulebookVersion, 1)
        version.rules = version.rules | caps


def test_an_order_that_waits_is_paying(ana, course):
    with transaction():
        order = checkout.place_order(ana, course, "k")
    found = receipt(ana, order.id)
    assert (found.step, found.reward, found.held) == (PAYING, None, None)


def test_a_paid_order_goes_from_credited_to_the_chain(ana, course, chain):
    order = sell(ana, course)
    assert (receipt(ana, order.id).step, receipt(ana, order.id).reward.operation_state) == (ON_CHAIN, None)
    operation = batch(ana)
    assert (receipt(ana, order.id).step, receipt(ana, order.id).reward.operation_state) == (ON_CHAIN, "queued")
    mine(operation)
    found = receipt(ana, order.id)
    assert (found.step, found.reward.block_number, found.reward.operation_id) == (DONE, 48201, operation.id)


def test_a_course_without_a_reward_is_done_when_paid(ana, tea):
    order = sell(ana, publish(tea, "No reward", 1000, reward_bp=0))
    assert (receipt(ana, order.id).step, receipt(ana, order.id).reward) == (DONE, None)


def test_a_reward_above_todays_cap_is_said_to_come_later(ana, course):
    cap(user_daily_cap=0)
    found = receipt(ana, sell(ana, course).id)
    assert (found.step, found.reward.credited, found.reward.later) == (CREDITED, 0, 1_600_000)


def test_a_part_above_the_cap_comes_later(ana, course):
    cap(user_daily_cap=1_000_000)
    found = receipt(ana, sell(ana, course).id)
    assert (found.step, found.reward.credited, found.reward.later) == (ON_CHAIN, 1_000_000, 600_000)


def test_someone_elses_receipt_does_not_exist(ana, bruno, course):
    order = sell(ana, course)
    assert receipt(bruno, order.id) is None
    assert live.shown(bruno.id, [f"receipt:{order.id}"]) == {}


def test_the_pushed_receipt_is_the_one_of_the_page(ana, course, log_in):
    order = sell(ana, course)
    pushed = live.shown(ana.id, [f"receipt:{order.id}"])[f"receipt:{order.id}"]
    assert 'hx-target="#receipt"' in pushed and 'id="receipt"' in pushed
    assert "Start the first lesson" in pushed and "<form" not in pushed
    assert 'id="receipt"' in log_in(ana).get(f"/orders/{order.id}").text


def test_a_receipt_that_is_no_number_is_nobodys(ana, course):
    for argument in ("", "x", "-1", "9" * 40, "1.0", "²", "٧"):
        assert live.shown(ana.id, [f"receipt:{argument}"]) == {}


def test_a_receipt_takes_few_statements(ana, course, statements):
    order = sell(ana, course)
    db.session.expire_all()
    with statements() as seen:
        receipt(ana, order.id)
    assert len(seen) <= 6
