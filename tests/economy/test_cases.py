"""DOMAIN.md's worked cases through the whole economy: staked, ordered, paid and decided by the real verbs, and the books look at each."""

import pytest

from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import splits
from lms.domain.ledger import queries as accounts
from lms.domain.staking import actions as staking
from lms.domain.wallet import queries as wallet
from tests.conftest import give, pay, publish, teo
from tests.domain.test_splits import CASES
from tests.economy import books


@pytest.fixture
def order(ana, tea):
    """order(price, staked, level_bp, vat_rate) is one that nobody has paid yet."""

    def place(price, staked, level_bp, vat_rate):
        give(ana, 100)
        if staked:
            give(tea, staked)
        course = publish(tea, "Knots", price=price)
        with transaction():
            course.discount_bp = 1500
            if staked:
                staking.stake("stake", tea, teo(staked))
            return checkout.place_order(ana, course, "form", vat_rate, level_bp=level_bp)

    return place


@pytest.mark.parametrize("vat_rate", [0, 2200])
@pytest.mark.parametrize(("price", "staked", "level_bp", "takes", "euros", "tokens", "rest"), CASES)
def test_a_worked_case_comes_out_to_the_cent(price, staked, level_bp, takes, euros, tokens, rest, vat_rate, order, tea):
    sold = pay(order(price, staked, level_bp, vat_rate))
    with transaction():
        splits.decide(sold, tea, takes)
    there = accounts.member(tea.id, "EUR", "maturing").balance, wallet.balance(tea.id).maturing, accounts.platform("EUR", "platform").balance
    assert there == (euros, teo(tokens), rest)
    assert euros + rest + accounts.platform("EUR", "vat").balance == -accounts.platform("EUR", "cards").balance == sold.total
    db.session.expire_all()
    assert books.faults() == {}
