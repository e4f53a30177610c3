"""What is kept of members no longer than we promised."""

from datetime import timedelta

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import queries, sessions
from lms.domain.accounts.models import Session
from lms.jobs.schedule import run


def test_a_sign_in_is_forgotten_after_thirty_days(ana):
    _sign_in(ana)
    clock.advance(timedelta(days=1))
    later = _sign_in(ana)
    clock.advance(timedelta(days=29))
    run("accounts.forget_sessions")
    assert [row.token_hash for row in db.session.query(Session)] == [sessions.token_hash(later)]
    assert queries.of_session(later) is ana


def _sign_in(user):
    with transaction():
        return sessions.open_session(user, "Firefox")
