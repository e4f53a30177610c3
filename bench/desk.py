"""The time the server takes for the page of a withdrawal all of whose 5,000 credits are traced.

A member earned them by lessons of fifty courses; each has matured by a transfer of its own, and fifty batches brought them to the chain. Others moved
ten times as much meanwhile."""

import re
import time
from datetime import timedelta
from statistics import median

from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.house import house
from bench.measure import ROUNDS, Figure
from bench.people import cookie, give_history, member, settle
from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.courses import actions as courses
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import TEO
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions as withdrawals
from rig import Refusal

COURSES, LESSONS = 50, 100  # 5,000 credits
EACH = 1_200_000  # millionths of TEO
OTHERS = 50  # members who earned and matured a thousand times each
REQUESTS = 10

# As rewards write them, evidence and all; what each matured by stands behind it.
_EARN = text("""
    INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version, target_holder_id)
    SELECT concat(way.word, ' ', CAST(:user AS integer), ' ', CAST(:order AS integer), ' ', n), way.source, way.target, 'TEO', :each, :began + n * interval '1 hour', way.word,
           jsonb_build_object('course', CAST(:course AS text), 'order', CAST(:order AS integer), 'lesson', concat('Lesson ', n), 'paid', 3000, 'rate_bp', 400,
                              'granted', n * 1000, 'left', 100 - n, 'rule_version', 1,
                              'caps', jsonb_build_object('own_cap', 100000000, 'own_before', 0, 'all_cap', 10000000000, 'all_before', 0, 'wanted', CAST(:each AS bigint), 'deferred', 0)),
           1, way.holder
    FROM generate_series(1, :lessons) n,
         LATERAL (VALUES (1, 'lesson', :issuance, :maturing, :holder), (2, 'matured', :maturing, :available, NULL)) AS way (step, word, source, target, holder)
    ORDER BY n, way.step""")
_BALANCES = text("UPDATE accounts SET balance = balance + CASE id WHEN :issuance THEN -:sum ELSE :sum END WHERE id IN (:issuance, :available)")


def figures():
    with house() as app:
        with transaction():
            path, signed_in = case(), cookie(member("ada", "admin"))
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        _milliseconds(app, path, signed_in)
        return [Figure("desk.case.ms", median(_milliseconds(app, path, signed_in) for _ in range(ROUNDS)), "ms", 60)]


def case():
    """The path of a withdrawal of all that a member has earned."""
    tea, ana = member("tea", "teacher"), member("ana")
    give_history(ana)
    for number in range(OTHERS):
        _earn(member(f"other{number}"), 1000, "How bread rises", None)
    for number in range(COURSES):
        _study(ana, tea, number)
    wallet = LinkedWallet(user_id=ana.id, address="0x" + "ab" * 20, linked_at=clock.now() - timedelta(days=2))
    db.session.add(wallet)
    db.session.flush()
    withdrawal = withdrawals.request("w", ana, wallet.id, COURSES * LESSONS * EACH)
    withdrawals.check(withdrawal)
    return f"/admin/payouts/{withdrawal.id}"


def _study(student, teacher, number):
    """All lessons of one more course of the teacher's, and a batch for what they brought."""
    course = courses.create(teacher, f"The craft of bridges, part {number}")
    courses.change(course, title=course.title, price=3000, reward_bp=200, summary="A summary.", description="A description.", subject="Crafts", language="en")
    course.state, course.published_at = "published", clock.now()
    order = checkout.place_order(student, course, f"order {number}")
    _earn(student, LESSONS, course.title, order.id, timedelta(days=7 * (COURSES - number)))
    settle(100 + number)


def _earn(user, lessons, course, order, ago=timedelta()):
    """EACH for each of so many lessons of a course, one an hour, each of them available."""
    ids = {name: books.member(user.id, TEO, name).id for name in ("maturing", "available")} | {"issuance": books.platform(TEO, "issuance").id}
    facts = dict(user=user.id, holder=books.holder_of(user.id).id, order=order, course=course, lessons=lessons, each=EACH, began=clock.now() - ago)
    db.session.execute(_EARN, facts | ids)
    db.session.execute(_BALANCES, ids | {"sum": lessons * EACH})
    db.session.expire_all()


def _milliseconds(app, path, signed_in):
    """The median over some requests, without a server around the application."""
    times = []
    for _ in range(REQUESTS):
        environ = EnvironBuilder(path=path, headers={"Cookie": signed_in}).get_environ()
        began = time.perf_counter()
        body, status, _ = run_wsgi_app(app, environ, buffered=True)
        times.append((time.perf_counter() - began) * 1000)
        traced = re.search(r"(\d+)\D?(\d{3}) credits", b"".join(body).decode())
        if not status.startswith("200") or not traced or int("".join(traced.groups())) < COURSES * LESSONS:
            raise Refusal(f"The case answered {status} without what its 5,000 credits came from.")
    return median(times)
