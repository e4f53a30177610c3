"""What the code believes of a row the database says: one that is otherwise it refuses, whoever writes it."""

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lms.db import db
from tests import everything
from tests.access.world import World

# (constraint, table, what is written, of which rows)
REFUSED = [
    ("new_email", "users", "new_email = 'Ana@example.org'", "true"),
    ("ended", "applications", "state = 'approved'", "state = 'waiting'"),
    ("ended", "applications", "ended_at = now()", "state = 'waiting'"),
    ("closed", "incidents", "closed_by_id = 1", "closed_at IS NULL"),
    ("paid", "orders", "paid_at = NULL", "state = 'paid'"),
    ("frozen", "orders", "level_bp = -1", "true"),
    ("frozen", "orders", "reserved = -1", "true"),
    ("frozen", "orders", "bonus = -1", "true"),
    ("applied", "payments", "order_id = NULL", "state = 'applied'"),
    ("tries", "refunds", "tries = -1", "true"),
    ("amounts", "disputes", "fee = -1", "true"),
    ("amounts", "disputes", "amount = -1", "true"),
    ("ended", "rulebook_drafts", "state = 'withdrawn'", "state = 'draft'"),
    ("days_done", "backtests", "days_done = days + 1", "true"),
    ("amounts", "enrolments", "paid = -1", "true"),
    ("amounts", "enrolments", "done = -1", "true"),
    ("reward", "peer_reviews", "reward = -1", "true"),
    ("holder", "accounts", "holder_id = (SELECT min(id) FROM holders)", "asset = 'EUR'"),
    ("asset", "transfers", "asset = 'USD'", "true"),
    ("counts", "withdrawals", "risk = -1", "true"),
    ("counts", "withdrawals", "approvals_needed = -1", "true"),
    ("ended", "payouts", "ended_at = now()", "state = 'in review'"),
]


def test_what_the_code_does_not_believe_is_refused(app, member, log_in, chain):
    World(app, member, log_in)
    everything.fill()
    for name, table, change, which in REFUSED:
        with pytest.raises(IntegrityError) as refusal:
            db.session.execute(text(f"UPDATE {table} SET {change} WHERE {which}"))
        db.session.rollback()
        assert isinstance(refusal.value.orig, CheckViolation) and refusal.value.orig.diag.constraint_name == f"ck_{table}_{name}", (table, change)
