"""The time the server takes for the queue of 10,000 withdrawals that wait for an admin, and for the page of one all of whose 5,000 credits are traced.

A quarter of the 10,000 bear signs of fraud, and another waits for a second admin. As to the credits: a member earned them by lessons of fifty courses; each has matured by a transfer of its own, and fifty batches brought them to the chain. Others moved
ten times as much meanwhile."""

import re
import time
from datetime import timedelta
from functools import partial
from statistics import median

from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.house import house
from bench.measure import Figure, alternating
from bench.people import cookie, give_history, member, settle
from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.courses import actions as courses
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions as withdrawals
from rig import Refusal

COURSES, LESSONS = 50, 100  # 5,000 credits
EACH = 1_200_000  # millionths of TEO
OTHERS = 50  # members who earned and matured a thousand times each
REQUESTS = 10
CASES, ASKING = 10_000, 500  # open cases, and members whose they are
ORDERS = ("age", "amount", "risk")

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


# As judged: one that needs two admins has the word of one.
_WAIT = text("""
    INSERT INTO withdrawals (key, user_id, "to", amount, is_prompt, state, flags, risks, risk, recent, approvals_needed, rule_version, requested_at)
    SELECT concat('case ', n), (CAST(:users AS integer[]))[1 + n % :asking], '0x' || lpad(to_hex(n), 40, '0'), 10000000 + n * 7919 % 990 * 1000000, false, 'in review', '["amount"]',
           CASE n % 4 WHEN 0 THEN CAST('[{"name": "shared device", "weight": 40, "facts": {"members": [1]}}, {"name": "new account", "weight": 10, "facts": {"days": 3}}]' AS jsonb) ELSE '[]' END,
           CASE n % 4 WHEN 0 THEN 50 ELSE 0 END, 300000000, CASE n % 4 WHEN 1 THEN 2 ELSE 1 END, 1, :now - n * interval '7 minutes'
    FROM generate_series(1, :cases) n""")
_APPROVE = text("""
    INSERT INTO withdrawal_approvals (withdrawal_id, admin_id, at, amount, "to")
    SELECT id, :admin, requested_at, amount, "to" FROM withdrawals WHERE approvals_needed = 2""")


def figures():
    with house() as app:
        with transaction():
            path, ada = case(), member("ada", "admin")
            queue(ada)
            signed_in = cookie(ada)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        measures = {order: partial(_of_queue, app, order, signed_in) for order in ORDERS} | {"case": partial(_of_case, app, path, signed_in)}
        alternating(measures, rounds=1)
        found = alternating(measures)
    return [Figure("desk.queue.10k.ms", max(median(found[order]) for order in ORDERS), "ms", 50), Figure("desk.case.ms", median(found["case"]), "ms", 60)]


def queue(admin):
    """Open cases of many members, a part of them approved by this admin."""
    users = [member(f"asking{number}").id for number in range(ASKING)]
    db.session.execute(_WAIT, {"users": users, "asking": ASKING, "cases": CASES, "now": clock.now()})
    db.session.execute(_APPROVE, {"admin": admin.id})


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


def _of_queue(app, order, signed_in):
    """Of its first page in this order, on which 24 of all stand."""

    def is_right(page):
        return page.count('id="withdrawal-') == 24 and re.search(rf"\b1\D+{-(-CASES // 24)}\b", page)

    return _milliseconds(app, f"/admin/payouts?order={order}", signed_in, is_right)


def _of_case(app, path, signed_in):
    def is_right(page):
        traced = re.search(r"(\d+)\D?(\d{3}) credits", page)
        return traced and int("".join(traced.groups())) >= COURSES * LESSONS

    return _milliseconds(app, path, signed_in, is_right)


def _milliseconds(app, path, signed_in, is_right):
    """The median over some requests, without a server around the application; Refusal where the page is not what is to be measured."""
    times = []
    for _ in range(REQUESTS):
        environ = EnvironBuilder(path=path, headers={"Cookie": signed_in}).get_environ()
        began = time.perf_counter()
        body, status, _ = run_wsgi_app(app, environ, buffered=True)
        times.append((time.perf_counter() - began) * 1000)
        if not status.startswith("200") or not is_right(b"".join(body).decode()):
            raise Refusal(f"{path} answered {status} without what is to be measured.")
    return median(times)
