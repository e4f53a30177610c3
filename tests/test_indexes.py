"""Pages of one member read no table whole that grows with all of them."""

import pytest
from sqlalchemy import text

from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import earnings, queries, receipts
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quiz_queries as written
from lms.domain.courses import quizzes as writing
from lms.domain.desk import decided, pieces, provenance, signals
from lms.domain.learning import quiz_queries as attempts
from lms.domain.learning import quizzes
from lms.domain.ledger import queries as books
from lms.domain.wallet import received
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import quotes
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
        "deposits": lambda: received.of(student),
        "quote": lambda: quotes.quote(student, 1),
        "provenance": lambda: provenance.of(withdrawal),
        "pieces": lambda: pieces.of(withdrawal),
        "what went to an address": lambda: decided.page(word=withdrawal.to),
        "signs of fraud": lambda: signals.of(db.session.get_one(Withdrawal, withdrawal.id)),
        "linked accounts": lambda: signals.of_others(db.session.get_one(Withdrawal, withdrawal.id)),
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


def test_the_treasury_has_a_holder_of_its_own(app):
    assert books.holder_of(None).user_id is None
