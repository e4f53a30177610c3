"""`make explain`: what PostgreSQL does for every page and for the clock's jobs among 100,000 rows of each kind.

Printed are the statements that read many rows, those that take long, and those that one page asks again and again.
It says what it finds, and nothing more: this is no test."""

import logging
import re
import tempfile
import textwrap
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from flask_migrate import upgrade
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
from sqlalchemy import event

from bench import many
from lms import clock, create_app
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import sessions
from lms.domain.ledger import actions as ledger
from lms.domain.onchain.models import Deployment
from lms.domain.rulebook import actions as rulebook
from lms.jobs import schedule
from lms.queue import queue
from rig.services import Postgres, Redis
from rig.terminal import run, say
from tests import everything
from tests.access.world import World
from tests.conftest import PASSWORD, Browser, settings_of

MANY = 2_000  # rows read by one node of a plan, of which a page shows a few dozen
SLOW = 50  # milliseconds
LONGEST = 20  # seconds of a job: what it does with the hundredth row it did with the first
READERS = (None, "student", "teacher", "admin")
NO_PAGES = {"static", "live.stream", "metrics.show"}
# What is asked for beside the plain address: words that few are called by, and each way to filter.
ASKED = {
    "admin.members.index": ("q=org-12345", "which=admins", "which=suspended"),
    "admin.orders.index": ("q=org-12345", "q=pay_1", "q=12", "state=paid", "state=open"),
    "admin.decided.index": ("q=org-12345", "q=0xabab", "outcome=approved"),
    "admin.payouts.index": ("q=org-12345", "order=amount"),
    "admin.disputes.index": ("state=open", "state=won"),
    "admin.refunds.index": ("state=waiting", "state=done"),
    "admin.log.index": ("action=payout+approved", "subject=payout+1", "first=2026-01-01&last=2026-01-31"),
    "courses.index": ("q=chains", "subject=Technology", "price=free", "page=200"),
    "statements.show": ("first=2026-01-01&last=2026-01-31",),
}


class Asked(NamedTuple):
    """A statement as one request sent it."""

    statement: str
    values: object
    ms: float


class Plan(NamedTuple):
    """`whole` tables are read from end to end, `most` rows were read by one node of it."""

    whole: frozenset
    most: int
    node: str


def main():
    with tempfile.TemporaryDirectory(prefix="lms-explain-", ignore_cleanup_errors=True) as directory, ExitStack() as stack:
        postgres, redis = Postgres(directory, durable=False), Redis(directory, durable=False)
        for service in (postgres, redis):
            stack.callback(service.remove)
            service.start()
        environ = settings_of(postgres.url, redis.url, directory)
        with create_app("cli", environ).app_context():
            upgrade()
        app = create_app("web", environ)
        with app.app_context():
            _explain(app)


def _explain(app):
    say(f"Filling tables with {many.ROWS} rows each")
    world = make_world(app)
    counted = many.multiply()
    logging.disable(logging.ERROR)  # the copies are no books that foot, and some pages say so
    report = Report({table for table, count in counted.items() if count >= many.PARENTS})
    say("Asking for each page as a visitor, a student, a teacher and an admin")
    for where, path in _addresses(app, world):
        for reader in READERS:
            _ask(app, world.tokens.get(reader), f"{where} as {reader or 'visitor'}", path, report)
    say("Running what runs by the clock")
    for name, _ in schedule.TABLE:
        _run(name, report)
    report.tell()


def _addresses(app, world):
    """(endpoint, path) of each page, plain and with what it may be asked for."""
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint not in NO_PAGES:
            path = world.path(rule)
            yield rule.endpoint, path
            yield from ((f"{rule.endpoint}?{asked}", f"{path}?{asked}") for asked in ASKED.get(rule.endpoint, ()))


def _ask(app, token, where, path, report):
    queue.redis.flushdb()  # how often one may ask is another matter
    browser = app.test_client()
    db.session.remove()
    with heard() as asked:
        answer = (signed_in(browser, token) if token else browser).get(path)
        answer.get_data()
    db.session.remove()
    if answer.status_code not in (401, 403, 404):
        report.add(where, asked)


def _run(name, report):
    """What a job asks until it is done, has had LONGEST, or needs the chain, of which there is none here."""
    with heard() as asked:
        try:
            with UnixSignalDeathPenalty(LONGEST, JobTimeoutException):
                schedule.run(name)
        except Exception as error:  # noqa: BLE001 - without a chain many end early, and what they asked until then is looked at
            say(f"  {name} went as far as it can here: {type(error).__name__}")
    db.session.remove()
    report.add(name, asked)


def make_world(app):
    """Somebody of each kind and something of each kind that is theirs, as the tests of access have them."""
    app.test_client_class = Browser
    app.config["WTF_CSRF_ENABLED"] = False
    with transaction():
        ledger.open_platform()
        rulebook.install()
        db.session.add(Deployment(chain_id=31337, genesis_hash="0x0", signer="0x" + "cd" * 20, deployed_at=clock.now()))
    client = app.test_client()

    def log_in(user):
        with transaction():
            token = sessions.open_session(user)
        return signed_in(client, token)

    world = World(app, _member, log_in)
    everything.fill()
    return world


def signed_in(browser, token):
    with browser.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    return browser


def _member(name, role="student", verified=True):
    with transaction():
        user = accounts.sign_up(f"{name}@example.org", name.title(), PASSWORD)
        ledger.open_member(user)
        user.role, now = role, clock.now()
        user.verified_at = now if verified else None
        user.teacher_since = now if role == "teacher" else None
    return user


@contextmanager
def heard():
    """with heard() as asked: … collects the statements sent meanwhile."""
    asked, began = [], {}

    def before(connection, cursor, statement, values, context, _):
        began[id(cursor)] = time.perf_counter()

    def after(connection, cursor, statement, values, context, _):
        asked.append(Asked(statement, values, 1000 * (time.perf_counter() - began.pop(id(cursor)))))

    engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", before)
            event.remove(engine, "after_cursor_execute", after)


def plan(asked, growing):
    """How PostgreSQL answers it. What only reads is done once more to count the rows; of what writes the planner's own guess is taken. None of what has no plan."""
    word = asked.statement.split(None, 1)[0].upper()
    if word not in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE") or isinstance(asked.values, list):
        return None
    writes = re.search(r"\b(INSERT|UPDATE|DELETE)\b(?! OF)", re.sub(r"FOR (NO KEY )?UPDATE", "", asked.statement))
    analysed = "ANALYZE, " if not writes and "pg_advisory" not in asked.statement and "set_config" not in asked.statement else ""
    with db.engine.connect() as connection:
        [found] = connection.exec_driver_sql(f"EXPLAIN ({analysed}FORMAT JSON) {asked.statement}", asked.values).scalar()
        connection.rollback()
    nodes = list(_nodes(found["Plan"])) or [found["Plan"]]
    whole = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] in growing and (_read(node) > MANY or not analysed)}
    most = max(nodes, key=_read)
    return Plan(frozenset(whole), _read(most), f"{most['Node Type']} {most.get('Index Name', most.get('Relation Name', ''))}".strip())


def _nodes(node):
    """The plan's nodes that read a table or an index."""
    if "Scan" in node["Node Type"] and node["Node Type"] not in ("Subquery Scan", "CTE Scan", "Function Scan", "Values Scan"):
        yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)
    if "Plans" not in node and "Scan" not in node["Node Type"]:
        yield node


def _read(node):
    """How many rows it has looked at."""
    removed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return round((node.get("Actual Rows", node["Plan Rows"]) + removed) * node.get("Actual Loops", 1))


def shape(statement):
    """The statement without what differs between two that ask the same of different rows."""
    return re.sub(r"%\(\w+\)s", "?", re.sub(r"\s+", " ", statement))


class Report:
    """What was found, each statement once, with where it was met first."""

    def __init__(self, growing):
        self._growing, self._plans = growing, {}
        self.whole, self.many, self.slow, self.again, self.pages = {}, {}, {}, {}, set()

    def tell(self):
        say(f"\nPages and jobs that read a growing table from end to end: {len(self.pages)}")
        for statement, (where, found) in self.whole.items():
            say(f"  {where}: {', '.join(sorted(found.whole))}, {found.most} rows\n    {_short(statement)}")
        say(f"\nStatements of which one node reads more than {MANY} rows: {len(self.many)}")
        for statement, (where, found) in self.many.items():
            say(f"  {where}: {found.node}, {found.most} rows\n    {_short(statement)}")
        say(f"\nStatements that took more than {SLOW} ms: {len(self.slow)}")
        for statement, (milliseconds, where) in sorted(self.slow.items(), key=lambda each: -each[1][0]):
            say(f"  {where}: {milliseconds:.0f} ms\n    {_short(statement)}")
        say(f"\nStatements sent more than once for one page or job: {len(self.again)}")
        for statement, places in self.again.items():
            where, times = max(places, key=lambda each: each[1])
            say(f"  {where}: {times} times\n    {_short(statement)}")

    def add(self, where, asked):
        for sent, times in Counter(shape(each.statement) for each in asked).items():
            if times > 1:
                self.again.setdefault(sent, []).append((where, times))
        for each in asked:
            self._look(where, each)

    def _look(self, where, asked):
        key = shape(asked.statement)
        if key not in self._plans or asked.ms > self._plans[key][0] + SLOW:
            self._plans[key] = asked.ms, plan(asked, self._growing)
        found = self._plans[key][1]
        if found and found.whole:
            self.pages.add(where)
            self.whole.setdefault(key, (where, found))
        elif found and found.most > MANY:
            self.many.setdefault(key, (where, found))
        if asked.ms > SLOW and asked.ms > self.slow.get(key, (0, ""))[0]:
            self.slow[key] = asked.ms, where


def _short(statement):
    return textwrap.shorten(statement, 300)


if __name__ == "__main__":
    run(main)
