"""Where members sign in from is kept as hashes and networks, for 90 days."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings
from lms.domain.accounts.models import Sighting


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.77", "203.0.113.0/24"), ("2001:db8:aa:bb::1", "2001:db8:aa::/48"), ("::ffff:203.0.113.77", "203.0.113.0/24"), ("fe80::1%eth0", "fe80::/48"), ("", ""), ("no address", ""), ("127.0.0.1", ""), ("::1", "")],
)
def test_of_an_address_its_network_is_kept(address, network):
    assert device_sightings.network_of(address) == network


def test_the_same_place_is_one_row_whose_time_grows(ana):
    for _ in range(2):
        with transaction():
            device_sightings.see(ana, "browser", "203.0.113.77")
        clock.advance(timedelta(hours=1))
    row = db.session.query(Sighting).one()
    assert row.last_at - row.first_at >= timedelta(hours=1)
    assert b"browser" not in row.device and len(row.device) == 32


def test_what_is_older_than_ninety_days_is_forgotten(ana, bruno):
    with transaction():
        device_sightings.see(ana, "browser", "203.0.113.77")
    clock.advance(timedelta(days=89))
    with transaction():
        device_sightings.see(bruno, "browser", "203.0.113.77")
        device_sightings.forget()
    assert db.session.query(Sighting).count() == 2
    clock.advance(timedelta(days=2))
    with transaction():
        device_sightings.forget()
    assert [row.user_id for row in db.session.query(Sighting)] == [bruno.id]
