"""The time a worker takes to try a draft of the rulebook on 90 days that left a million transfers in the ledger.

Each of 62,500 sales left sixteen: paid, the shares of teacher and platform, a reward for buying, for ten lessons and for the end, and one that matured."""

import time
from datetime import timedelta

from sqlalchemy import text

from bench.house import house
from bench.measure import Figure
from bench.people import member
from lms import clock
from lms.db import db, transaction
from lms.domain.courses import actions as courses
from lms.domain.governance import backtests, drafts
from lms.domain.governance.models import Backtest
from lms.domain.ledger.models import Transfer
from lms.domain.rulebook.rules import Rules
from lms.jobs import backtests as jobs
from rig import Refusal

SALES, MEMBERS, COURSES, LESSONS = 62_500, 12_500, 50, 10
EACH = 5  # courses a member buys: SALES / MEMBERS
DAYS = 88  # the sales lie on these, the last of them half a day ago

_STATEMENTS = """
    INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at, verified_at)
    SELECT 'm' || n || '@example.org', 'Member ' || n, 'none', 'student', 'en', 'UTC', :now, :now FROM generate_series(1, :members) n;

    INSERT INTO accounts (user_id, asset, name, sign, balance)
    SELECT u.id, way.asset, way.name, 1, 0 FROM users u, (VALUES ('TEO', 'maturing'), ('TEO', 'available'), ('EUR', 'maturing')) AS way (asset, name)
    ON CONFLICT DO NOTHING;

    INSERT INTO orders (buyer_id, key, course_id, teacher_id, state, currency, list_price, coupon_off, price, level_bp, discount, vat, vat_bp, share, tier, reward_bp,
                        rule_version, placed_at, paid_at, reserved, decided_at, decided_how, is_accepted, splits, net, bonus, matures_at)
    SELECT m.id, 'sale ' || n, c.id, c.teacher_id, 'paid', 'EUR', c.price, 0, c.price, 0, 0, 0, 0, c.price / 2, 'Bronze', c.reward_bp,
           1, sold.at, sold.at, 0, sold.at, 'no discount', false, 1, c.price / 2, 0, sold.at + interval '14 days'
    FROM generate_series(0, :sales - 1) n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM users WHERE email LIKE 'm%@example.org' AND role = 'student') m ON m.place = n % :members
    JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM courses) c ON c.place = (n / :members + :each * m.place) % :courses,
         LATERAL (SELECT :now - interval '12 hours' - n * (interval '1 day' * :days) / :sales AS at) sold;

    INSERT INTO enrolments (user_id, course_id, order_id, paid, rule_version, matures_at, enrolled_at, done, completed_at)
    SELECT buyer_id, course_id, id, price, 1, matures_at, paid_at, :lessons, paid_at + (:lessons + 1) * interval '1 hour' FROM orders;

    INSERT INTO lesson_completions (enrolment_id, lesson_id, completed_at)
    SELECT e.id, l.id, e.enrolled_at + l.place * interval '1 hour'
    FROM enrolments e JOIN (SELECT *, row_number() OVER (PARTITION BY course_id ORDER BY position, id) AS place FROM lessons) l ON l.course_id = e.course_id;

    INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version)
    SELECT 'grant:sale ' || o.id || ' ' || n, issuance.id, a.id, 'TEO', o.price * CASE n WHEN 0 THEN 200 WHEN :lessons + 1 THEN 400 ELSE 400 / :lessons END,
           o.paid_at + n * interval '1 hour', CASE n WHEN 0 THEN 'purchase' WHEN :lessons + 1 THEN 'completion' ELSE 'lesson' END,
           jsonb_build_object('order', o.id, 'paid', o.price, 'rule_version', 1), 1
    FROM orders o JOIN accounts a ON a.user_id = o.buyer_id AND a.asset = 'TEO' AND a.name = 'maturing'
    JOIN accounts issuance ON issuance.user_id IS NULL AND issuance.name = 'issuance', generate_series(0, :lessons + 1) n;

    INSERT INTO grants (key, user_id, payer_id, kind, amount, day, matures_at, rule_version, evidence, transfer_id)
    SELECT substr(t.key, 7), a.user_id, a.user_id, t.reason, t.amount, date(t.at AT TIME ZONE 'UTC'), t.at + interval '14 days', 1, t.evidence, t.id
    FROM transfers t JOIN accounts a ON a.id = t.target_id WHERE t.reason IN ('purchase', 'lesson', 'completion');

    INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version)
    SELECT way.word || ' ' || o.id, way.source, way.target, way.asset, way.amount, o.paid_at, way.word, jsonb_build_object('order', o.id), 1
    FROM orders o JOIN accounts t ON t.user_id = o.teacher_id AND t.asset = 'EUR' AND t.name = 'maturing'
    JOIN accounts m ON m.user_id = o.buyer_id AND m.asset = 'TEO' AND m.name = 'maturing'
    JOIN accounts a ON a.user_id = o.buyer_id AND a.asset = 'TEO' AND a.name = 'available'
    JOIN accounts cards ON cards.user_id IS NULL AND cards.name = 'cards'
    JOIN accounts escrow ON escrow.user_id IS NULL AND escrow.name = 'escrow' AND escrow.asset = 'EUR'
    JOIN accounts platform ON platform.user_id IS NULL AND platform.name = 'platform',
         LATERAL (VALUES ('paid', cards.id, escrow.id, 'EUR', o.price), ('share', escrow.id, t.id, 'EUR', o.share), ('platform', escrow.id, platform.id, 'EUR', o.price - o.share),
                         ('matured', m.id, a.id, 'TEO', o.price * 200)) AS way (word, source, target, asset, amount);

    UPDATE accounts SET balance = balance + sums.moved FROM (
        SELECT account, sum(amount) AS moved FROM (SELECT target_id AS account, amount FROM transfers UNION ALL SELECT source_id, -amount FROM transfers) sides GROUP BY account
    ) sums WHERE sums.account = accounts.id"""


def figures():
    with house():
        with transaction():
            backtest_id = fill()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        _check(db.session.query(Transfer).count() == SALES * (LESSONS + 6), "There are not a million transfers.")
        db.session.rollback()
        began = time.perf_counter()
        jobs.run(backtest_id)
        seconds = time.perf_counter() - began
        backtest = db.session.get_one(Backtest, backtest_id, populate_existing=True)
        _check(backtest.state == "done" and backtest.result["events"] == SALES * (LESSONS + 2), f"The backtest is {backtest.state}: {backtest.error}")
        return [Figure("backtest.1m_transfers_s", seconds, "s", 60)]


def fill():
    """What members bought and learned, and the id of a backtest that waits. Balances are those of the transfers."""
    teachers = [member(f"tea{number}", "teacher") for number in range(COURSES // EACH)]
    for number in range(COURSES):
        _course(teachers[number % len(teachers)], number)
    values = dict(now=clock.now(), sales=SALES, members=MEMBERS, each=EACH, courses=COURSES, lessons=LESSONS, days=DAYS)
    for statement in _STATEMENTS.split(";"):
        db.session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
    db.session.expire_all()
    ada = member("ada", "admin")
    draft = drafts.begin(ada)
    drafts.change(draft, ada, Rules(purchase_max_bp=150, lessons_bp=300, completion_bp=350, user_daily_cap=5_000_000), drafts.SHORTEST_NOTICE)
    return backtests.ask(draft, ada).id


def _course(teacher, number):
    course = courses.create(teacher, f"The craft of bridges, part {number}")
    courses.change(course, title=course.title, price=2000 + 100 * number, reward_bp=200, summary="A summary.", description="A description.", subject="Crafts", language="en")
    section = courses.add_section(course, "The only part")
    for lesson in range(LESSONS):
        courses.add_lesson(section, f"Lesson {lesson}", "Words.")
    course.state, course.published_at = "published", clock.now() - timedelta(days=100)


def _check(holds, sentence):
    if not holds:
        raise Refusal(sentence)
