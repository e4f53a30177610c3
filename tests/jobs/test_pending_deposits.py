"""A deposit is shown while it confirms, and is no money before its block is final."""

import pytest

from lms import live, pending_deposits
from lms.domain.ledger import queries as books
from lms.domain.wallet import queries as wallets
from lms.jobs import deposits
from tests.conftest import teo


@pytest.fixture
def pushed(monkeypatch):
    """(user id, names) of what open pages were sent; everybody has one."""
    sent = []
    monkeypatch.setattr(live, "listening", list)
    monkeypatch.setattr(live, "push", lambda user_id, *names: sent.append((user_id, names)))
    return sent


def at(user):
    return pending_deposits.at(wallets.wallet_of(user.id).address)


def test_it_is_seen_block_by_block_and_credited_when_final(rich, pay_in, anvil, pushed):
    deposits.scan()
    before = wallets.balance(rich.id).available
    pay_in(rich, teo(5), final=False)
    seen = []
    for _ in range(4):
        deposits.scan()
        seen.append([(each.amount, each.block) for each in at(rich)])
        anvil.call("anvil_mine", "0x1")
    assert seen[:2] == [[(teo(5), 1)], [(teo(5), 2)]] and seen[-1] == []
    assert wallets.balance(rich.id).available == before + teo(5)
    assert pushed.count((rich.id, ("deposits",))) >= 3, "at each block, and when it is on its way no more"


def test_what_is_only_seen_is_no_money(rich, pay_in):
    before = wallets.balance(rich.id).total
    pay_in(rich, teo(5), final=False)
    deposits.scan()
    assert at(rich) and wallets.balance(rich.id).total == before and books.wrong_balances() == 0


def test_one_whose_block_vanishes_is_on_its_way_no_more(rich, pay_in, anvil):
    pay_in(rich, teo(5), final=False)
    deposits.scan()
    assert at(rich)
    anvil.call("anvil_rollback", 1)
    anvil.call("anvil_mine", "0x1")  # another in its place
    deposits.scan()
    assert at(rich) == []


def test_nothing_new_is_told_twice(rich, pay_in, pushed):
    pay_in(rich, teo(5), final=False)
    deposits.scan()
    pushed.clear()
    deposits.scan()
    assert pushed == []
