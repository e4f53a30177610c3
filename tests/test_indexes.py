"""Pages of one member read no table whole that grows with all of them."""

import re

import pytest
from sqlalchemy import case, select, text
from sqlalchemy.orm import lazyload

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import queries as members
from lms.domain.accounts.models import User
from lms.domain.audit.models import Incident
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import earnings, queries, receipts, refund_queries
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Refund
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quiz_queries as written
from lms.domain.courses import quizzes as writing
from lms.domain.courses.models import Course
from lms.domain.desk import decided, history, linked_accounts, provenance, provenance_pieces, risk_signals
from lms.domain.learning import quiz_queries as attempts
from lms.domain.learning import quizzes
from lms.domain.ledger import queries as books
from lms.domain.wallet import deposit_queries
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payout_queries, quotes
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, give, publish, sell, take_part, teo

SCANS = text("SELECT relname, seq_scan FROM pg_stat_xact_user_tables")


@pytest.fixture
def read_whole(app):
    """read_whole(deed) is the set of tables that PostgreSQL can only read from end to end for it."""

    def watch(deed):
        db.session.rollback()
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        db.session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))  # a plan kept from before was made when whole tables could be read
        before = dict(db.session.execute(SCANS).all())
        deed()
        after = db.session.execute(SCANS).all()
        db.session.rollback()
        return {table for table, scans in after if scans != before.get(table, 0)}

    return watch


def test_what_is_asked_of_one_member_is_found_by_an_index(ana, tea, course, read_whole):
    order, student, teacher = sell(ana, course), ana.id, tea.id
    with transaction():
        waiting = checkout.place_order(ana, publish(tea, "Bees", price=1000), "form")
    give(ana, 20)
    with transaction():
        withdrawal = withdrawals.request("w1", ana, address_of(ana).id, teo(20))
    db.session.refresh(withdrawal)
    assert withdrawal.user is ana  # which is loaded now
    db.session.expunge(withdrawal)
    asked = {
        "receipt": lambda: receipts.receipt(ana, order.id),
        "orders looked at": lambda: queries.looked_at([waiting]),
        "deposits": lambda: deposit_queries.of(student),
        "quote": lambda: quotes.quote(student, 1),
        "provenance": lambda: provenance.of(withdrawal),
        "pieces": lambda: provenance_pieces.of(withdrawal),
        "what was decided so far": lambda: history.of(withdrawal),
        "what went to an address": lambda: decided.page(word=withdrawal.to),
        "signs of fraud": lambda: risk_signals.of(db.session.get_one(Withdrawal, withdrawal.id)),
        "linked accounts": lambda: linked_accounts.ties(db.session.get_one(Withdrawal, withdrawal.id)),
        "what one bought": lambda: refund_queries.orders(buyer_id=student),
        "what one sold": lambda: refund_queries.orders(teacher_id=teacher),
        "lines of sales": lambda: earnings.lines(teacher),
        "months of sales": lambda: earnings.months(teacher, "UTC"),
    }
    assert {name: whole for name, deed in asked.items() if (whole := read_whole(deed))} == {}


def test_what_is_asked_of_one_lessons_quiz_is_found_by_an_index(ana, course, read_whole):
    lesson, enrolment = course.lessons[0], take_part(ana, course, lessons=0)
    with transaction():
        writing.add_question(lesson, "Two and two?", [("Three", False, ""), ("Four", True, "")])
        attempt = quizzes.begin(enrolment, lesson)
    for row in (course, lesson, enrolment, attempt):
        db.session.refresh(row)
        db.session.expunge(row)
    keys = enrolment.id, lesson.id
    asked = {
        "the lesson": lambda: catalogue.lesson(course, lesson.slug),
        "its quiz": lambda: written.quiz(lesson),
        "all of a course": lambda: written.of_course(course),
        "attempts": lambda: attempts.attempts(*keys),
        "under way": lambda: attempts.open_attempt(*keys),
        "how far": lambda: attempts.shown(*keys),
        "answers": lambda: attempts.chosen(attempt),
        "passed": lambda: attempts.has_passed(*keys),
        "left": lambda: attempts.is_left(*keys),
        "late": attempts.late_ids,
        "given back": lambda: quizzes.withdraw(enrolment),
    }
    assert {name: whole for name, deed in asked.items() if (whole := read_whole(deed))} == {}


@pytest.mark.parametrize("outcome", ["", *decided.OUTCOMES])
def test_what_is_decided_is_read_in_the_order_of_an_index(app, outcome):
    assert plan(decided.rows(outcome)) == {"ix_withdrawals_decided"}


def test_payouts_that_are_over_are_read_in_the_order_of_an_index(app):
    assert plan(payout_queries.CLOSED) == {"ix_payouts_closed"}


def test_who_has_or_had_an_address_is_found_by_an_index(ana):
    """Of a table of some size: an empty one is read by any of its indexes."""
    many = """INSERT INTO linked_wallets (user_id, address, label, linked_at, removed_at)
              SELECT :ana, '0x' || lpad(to_hex(n), 40, '0'), '', now(), now() FROM generate_series(1, 2000) n"""
    db.session.execute(text(many), {"ana": ana.id})
    db.session.execute(text("ANALYZE linked_wallets"))
    values = {"user": ana.id, "to": "0x" + "ab" * 20, "link": 1, "at": clock.now(), "since": clock.now()}
    assert "ix_linked_wallets_address" in explained(text(f"EXPLAIN {risk_signals._OTHERS.text}"), values, without=("seqscan",))


def test_a_word_finds_orders_and_members_by_indexes(app):
    """Of tables of some size: an empty one is read by any of its indexes."""
    many = """INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at)
              SELECT md5(n::text) || '@example.org', md5(n::text), 'none', 'student', 'en', 'UTC', now() FROM generate_series(1, 3000) n"""
    db.session.execute(text(many))
    paid = """INSERT INTO payments (gateway, reference, amount, currency, state, why, received_at)
              SELECT 'test', md5(n::text), 1, 'EUR', 'held', '', now() FROM generate_series(1, 3000) n"""
    db.session.execute(text(paid))
    db.session.execute(text("ANALYZE users, payments, orders"))
    by_word = {"ix_users_email_word", "ix_users_name_word"}
    called = select(User).where(members.is_called("abcdef"))
    assert literally(called) == by_word
    assert "ix_payments_reference" in literally(select(Order).where(*refund_queries._about("abcdef")).options(lazyload("*")))


def test_lists_of_admins_are_read_in_the_order_of_an_index(app):
    assert plan(select(Course).where(Course.state == "submitted").order_by(Course.submitted_at, Course.id)) == {"ix_courses_waiting"}
    assert plan(select(Incident).where(Incident.closed_at.is_not(None)).order_by(Incident.closed_at.desc(), Incident.id.desc())) == {"ix_incidents_closed"}
    soonest = case((Dispute.state == "open", Dispute.answer_by)).nulls_last()
    assert plan(select(Dispute).order_by(Dispute.state != "open", soonest, Dispute.id.desc())) == {"ix_disputes_listed"}
    assert plan(select(Refund).where(Refund.state == "failed").order_by(Refund.id.desc())) == {"ix_refunds_state"}
    assert plan(select(Order).where(Order.state == "expired").order_by(Order.id.desc())) == {"ix_orders_state"}


def literally(rows):
    """The indexes of a plan in which no table is read from end to end."""
    statement = rows.compile(db.engine, compile_kwargs={"literal_binds": True})
    return explained(text(f"EXPLAIN {statement}".replace(":", "\\:").replace("%%", "%")), without=("seqscan",))


def plan(rows):
    """The indexes by which PostgreSQL reads one page of the rows, or "Sort"."""
    statement = rows.options(lazyload("*")).limit(24).compile(db.engine, compile_kwargs={"literal_binds": True})
    return explained(text(f"EXPLAIN {statement}".replace(":", "\\:")))


def explained(statement, values=None, without=("seqscan", "sort", "bitmapscan")):
    """The indexes of a plan in which PostgreSQL goes `without` some ways if it can; "Sort" where it has to order rows itself."""
    for way in without:
        db.session.execute(text(f"SET LOCAL enable_{way} = off"))
    found = "\n".join(db.session.scalars(statement, values))
    db.session.rollback()
    return {index or sort for index, sort in re.findall(r"Scan (?:Backward )?(?:using|on) (ix_\w+|uq_\w+|pk_\w+)|(\bSort\b)", found)}


def test_the_treasury_has_a_holder_of_its_own(app):
    assert books.holder_of(None).user_id is None
