"""Accounts that a case is shown with."""

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings
from lms.domain.desk import linked_accounts
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions as withdrawals
from tests.conftest import address_of, give, sell, teo
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def asked(ana):
    """ask(user) makes a withdrawal of 10 TEO to an address of his own."""

    def ask(user=ana):
        give(user, 100)
        with transaction():
            return withdrawals.request(f"wish {user.id}", user, address_of(user, f"{user.id:02x}").id, teo(10))

    return ask


def seen(user, device, address):
    with transaction():
        device_sightings.see(user, device, address)


def test_who_shares_nothing_is_alone(asked, ana, bruno):
    seen(ana, "one", "192.0.2.7")
    seen(bruno, "two", "198.51.100.7")
    assert linked_accounts.accounts(linked_accounts.ties(asked())) == ([], 0)


def test_the_closest_stands_first_with_what_he_asked_for_and_each_tie_is_named(asked, ana, bruno, member):
    carla, dora = member("carla"), member("dora")
    for who, device, address in ((ana, "one", "192.0.2.7"), (bruno, "one", "198.51.100.7"), (carla, "one", "192.0.2.9"), (dora, "four", "203.0.113.1")):
        seen(who, device, address)
    with transaction():
        withdrawals.cancel(db.session.merge(asked(carla)))
    own = asked()
    with transaction():
        db.session.add(LinkedWallet(user_id=dora.id, address=own.to, linked_at=clock.now(), removed_at=clock.now()))
    closest, more = linked_accounts.accounts(linked_accounts.ties(own))
    assert [(each.user.name, each.ties, each.withdrawn) for each in closest] == [
        (carla.name, ("browser", "network"), 0),
        (dora.name, ("address",), 0),
        (bruno.name, ("browser",), 0),
    ]
    assert more == 0


def test_what_stands_is_summed(asked, ana, bruno):
    for who in (ana, bruno):
        seen(who, "one", "192.0.2.7")
    asked(bruno)
    [other], _more = linked_accounts.accounts(linked_accounts.ties(asked()))
    assert other.withdrawn == teo(10)


def test_a_trade_is_named_of_who_shares_something_and_makes_no_tie_of_its_own(asked, ana, bruno, tea, course):
    sell(ana, course), sell(bruno, course, "pay_2")
    with transaction():
        bank_of(tea)
    own = asked(tea)
    assert linked_accounts.accounts(linked_accounts.ties(own)) == ([], 0)
    for who in (tea, bruno):
        seen(who, "one", "192.0.2.7")
    [other], _more = linked_accounts.accounts(linked_accounts.ties(own))
    assert (other.user, other.ties) == (bruno, ("browser", "trade"))


def test_of_many_the_rest_is_counted(asked, ana, member, monkeypatch, statements):
    monkeypatch.setattr(linked_accounts, "SHOWN", 2)
    for who in (ana, *(member(f"one{number}") for number in range(5))):
        seen(who, "one", "192.0.2.7")
    own = asked()
    with statements() as made:
        closest, more = linked_accounts.accounts(linked_accounts.ties(own))
    assert (len(closest), more) == (2, 3)
    assert len(made) <= 5
