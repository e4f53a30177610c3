"""What is kept of members no longer than we promised."""

from datetime import timedelta

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings, queries, sessions
from lms.domain.accounts.models import Session, Sighting
from lms.jobs.schedule import run


def test_a_sign_in_is_forgotten_after_thirty_days(ana):
    _sign_in(ana)
    clock.advance(timedelta(days=1))
    later = _sign_in(ana)
    for days in (15, 14):  # used now and then: one that nobody uses ends before
        clock.advance(timedelta(days=days))
        with transaction():
            sessions.keep(queries.of_session(later))
    run("accounts.forget_sessions")
    assert [row.token_hash for row in db.session.query(Session)] == [sessions.token_hash(later)]
    assert queries.of_session(later) is ana


def test_where_from_one_signed_in_is_forgotten_after_ninety_days(ana):
    with transaction():
        device_sightings.see(ana, "browser", "203.0.113.7")
    for days, left in ((90, 1), (1, 0)):
        clock.advance(timedelta(days=days) - timedelta(minutes=1))
        run("accounts.forget_sessions")
        assert db.session.query(Sighting).count() == left


def _sign_in(user):
    with transaction():
        return sessions.open_session(user, "Firefox")
