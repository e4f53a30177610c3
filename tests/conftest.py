"""Real PostgreSQL and Redis for every test, empty at its start; people called ana, bruno, tea and ada."""

import gc
import logging
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from flask import g
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from rig.services import Postgres, Redis

pytest_plugins = ["rig.fixtures"]

# How long an example takes depends on what else the machine does; a slow one is no defect.
settings.register_profile("house", deadline=None)
settings.register_profile("long", deadline=None, max_examples=500, stateful_step_count=50, suppress_health_check=list(HealthCheck))
settings.load_profile("house")

SECRET = "only-for-tests-" + "0123456789abcdef" * 3
PASSWORD = "correct horse battery"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Shares(config, log)


class Shares(LoadScopeScheduling):
    """Each process has services of its own: who takes one test of a file takes all of them, and so it is with all that need a whole site.

    Of the schedules of faults each is a share of its own; they fill what is left."""

    def _split_scope(self, nodeid):
        file, _, test = nodeid.partition("::")
        if "test_a_schedule_of_faults" in test:
            return nodeid
        return "site" if Path(file).parent.name in ("browser", "e2e") else file


def pytest_collection_modifyitems(config, items):
    """What takes longest begins first. In random order only the whole site does, as one process has it to itself; on it what moves its clock comes last."""
    shuffled = config.pluginmanager.hasplugin("randomly")
    first = ("browser", "e2e") if shuffled else ("browser", "e2e", "faults", "jobs", "rig")
    place = {name: 0 if shuffled else number for number, name in enumerate(first)}

    def rank(item):
        folder, name = item.path.parent.name, item.path.name
        return item.originalname == "test_a_schedule_of_faults_breaks_nothing", place.get(folder, len(first)), folder == "e2e" and name.startswith("test_time")

    items.sort(key=rank)


def pytest_collection_finish():
    """What is loaded by now stays for ever: no collection of garbage looks through it again, and what a test leaves can wait."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Browser(FlaskClient):
    """Requests of a test share its app context: each begins without what the one before left there, such as its member."""

    def open(self, *args, **options):
        for name in list(g):
            g.pop(name)
        return super().open(*args, **options)


@pytest.fixture(scope="session")
def home():
    with tempfile.TemporaryDirectory(prefix="lms-tests-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def services(home):
    """PostgreSQL and Redis of this run."""
    with Postgres(home, durable=False) as postgres, Redis(home, durable=False) as redis:
        yield postgres, redis
        logging.getLogger("lms.blueprints.live.hub").disabled = True  # its threads live as long as the process, and miss Redis from here on
        postgres.remove()
        redis.remove()


@pytest.fixture(scope="session")
def environ(services, home):
    postgres, redis = services
    return settings_of(postgres.url, redis.url, home)


def settings_of(database, redis, home):
    """A web process's settings, as tests use them."""
    return {
        "ENVIRONMENT": "test",
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "SECRET_KEY": SECRET,
        "BASE_URL": "http://127.0.0.1:8000",
        "MAIL_URL": f"outbox://{home}/outbox",
        "FILES_URL": f"file://{home}/files",
        "CHAIN_ID": "31337",
        "CHAIN_DEPTH": "1",
        "CLOCK_FILE": f"{home}/clock",
        "PAYMENT_GATEWAY": "sandbox",
        "PAYMENT_WEBHOOK_SECRET": "webhook-" + SECRET,
        "PAYER_IBAN": "DE02120300000000202051",
        "PAYER_BIC": "BYLADEM1001",
    }


@pytest.fixture(scope="session")
def prepared(environ, patience):
    """The app over a migrated database, made once."""
    from flask_migrate import upgrade

    from lms import create_app

    with create_app("cli", environ).app_context():
        upgrade()
    app = create_app("web", environ)
    app.test_client_class = Browser
    return app


@pytest.fixture(scope="session")
def patience():
    """Thirty threads of a race may wait longer for a connection, and for each other, than a member should: four such tests share a machine."""
    import lms.app

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(lms.app._CONNECTIONS, "pool_timeout", 60)
        patch.setitem(lms.app._CONNECTIONS["connect_args"], "connect_timeout", 30)
        patch.setattr(lms.app, "_LONGEST_STATEMENT", "120s")
        yield


@pytest.fixture
def app(prepared, services, cheap_passwords):
    """The app in its context, over an empty database and Redis with the platform's own rows; the clock at real time. A setting that a test changes is as before afterwards."""
    from lms.db import db, transaction
    from lms.domain.ledger.actions import open_platform
    from lms.domain.rulebook.actions import install
    from tests import rows

    usual = dict(prepared.config)
    Path(prepared.config["CLOCK_FILE"]).unlink(missing_ok=True)
    with prepared.app_context():
        rows.empty()
        from lms.queue import queue

        queue.redis.flushdb()
        with transaction():
            open_platform()
            install()
        yield prepared
        db.session.rollback()
        db.session.remove()
    prepared.config.clear()
    prepared.config.update(usual)


@pytest.fixture(scope="session")
def cheap_passwords():
    """Hashing is slow on purpose; hundreds of members need not wait for it. Both hashes stay equally dear."""
    from argon2 import PasswordHasher

    from lms.domain.accounts import actions

    actions._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    actions._NOBODY = actions._nobodys(actions._hasher)


@pytest.fixture
def client(app):
    """A browser without JavaScript. CSRF is checked by its own tests."""
    app.config["WTF_CSRF_ENABLED"] = False
    yield app.test_client()
    app.config["WTF_CSRF_ENABLED"] = True


@pytest.fixture
def member(app):
    """member("ana", role="teacher") signs up a verified member."""
    from lms import clock
    from lms.db import transaction
    from lms.domain.accounts import actions as accounts
    from lms.domain.ledger import actions as ledger

    def sign_up(name, role="student", verified=True):
        with transaction():
            user = accounts.sign_up(f"{name}@example.org", name.title(), PASSWORD)
            ledger.open_member(user)
            user.role = role
            user.verified_at = clock.now() if verified else None
            user.teacher_since = clock.now() if role == "teacher" else None
        return user

    return sign_up


@pytest.fixture
def ana(member):
    return member("ana")


@pytest.fixture
def bruno(member):
    return member("bruno")


@pytest.fixture
def tea(member):
    return member("tea", role="teacher")


@pytest.fixture
def ada(member):
    return member("ada", role="admin")


@pytest.fixture
def course(tea):
    """A published course of four lessons at 80 EUR whose purchase rewards 2 %; the first lesson is a free preview."""
    return publish(tea, "How chains work", price=8000)


def publish(teacher, title, price, lessons=4, reward_bp=200):
    from lms import clock
    from lms.db import transaction
    from lms.domain.courses import actions as courses

    with transaction():
        course = courses.create(teacher, title)
        facts = dict(summary="A summary.", description="A description.", subject="Technology", language="en")
        courses.change(course, title=title, price=price, reward_bp=reward_bp, **facts)
        section = courses.add_section(course, "The first part")
        for number in range(1, lessons + 1):
            courses.add_lesson(section, f"Lesson {number}", "Words **in bold**.", slug=f"lesson-{number}", is_preview=number == 1)
        course.state, course.published_at = "published", clock.now()
    return course


def sell(buyer, course, reference="pay_1", **terms):
    """The order of a course bought and paid; `terms`: level_bp, code, vat_rate."""
    from lms.db import transaction
    from lms.domain.checkout import actions as checkout

    with transaction():
        order = checkout.place_order(buyer, course, f"key of {reference}", **terms)
    return pay(order, reference)


def pay(order, reference="pay_1", kind="payment.succeeded", **facts):
    """The order after what the gateway said of it, by default that it is paid."""
    from types import SimpleNamespace

    from lms.db import transaction
    from lms.domain.checkout import actions as checkout

    event = dict(id=f"{kind} of {reference}", kind=kind, reference=reference, order_id=order.id, amount=order.total, currency="EUR", refund="re_1", reason="", answer_by=None)
    with transaction():
        checkout.receive("sandbox", SimpleNamespace(**event | facts))
    return order


def give(user, amount):
    """So many TEO, available."""
    from lms.db import transaction
    from lms.domain.ledger import actions as ledger
    from lms.domain.ledger import queries

    with transaction():
        source, target = queries.platform("TEO", "issuance"), queries.member(user.id, "TEO", "available")
        ledger.post(f"gift {user.id} {amount}", source, target, teo(amount), "grant", evidence={"of": "a test"})


def announce(days=20, **numbers):
    """The next version of the rulebook, in force after so many days: these numbers, all others as in version 1."""
    from lms import clock
    from lms.db import transaction
    from lms.domain.rulebook import actions as rulebook
    from lms.domain.rulebook.rules import Rules

    with transaction():
        return rulebook.announce(Rules(**numbers), clock.now() + timedelta(days=days))


def address_of(user, digits="ab"):
    """A linked wallet of the member's, usable at once."""
    from lms import clock
    from lms.db import db, transaction
    from lms.domain.wallet.models import LinkedWallet

    with transaction():
        wallet = LinkedWallet(user_id=user.id, address="0x" + digits * 20, linked_at=clock.now() - timedelta(days=1))
        db.session.add(wallet)
    return wallet


def take_part(user, course, lessons=None):
    """The enrolment of a member who has paid nothing and completed so many lessons, by default all of them."""
    from lms.db import transaction
    from lms.domain.courses import queries as courses
    from lms.domain.learning import actions as learning
    from lms.domain.rulebook import queries as rulebook

    with transaction():
        enrolment = learning.enroll(user.id, course, rulebook.in_force())
        for lesson in courses.by_slug(course.slug).lessons[:lessons]:
            learning.complete_lesson(enrolment, lesson)
    return enrolment


@pytest.fixture
def log_in(client):
    """log_in(ana) makes the client hers."""
    from lms.db import transaction
    from lms.domain.accounts import sessions

    def sign_in(user):
        with transaction():
            token = sessions.open_session(user)
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
        return client

    return sign_in


@pytest.fixture
def statements(app):
    """with statements() as seen: … collects the SQL sent meanwhile, whoever sends it."""
    from contextlib import contextmanager

    import psycopg

    from lms.db import db

    for engine in db.engines.values():  # what a first connection asks is not the page's
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    @contextmanager
    def watch():
        seen, execute = [], psycopg.Cursor.execute

        def note(cursor, statement, *rest, **options):
            seen.append(statement)
            return execute(cursor, statement, *rest, **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.Cursor, "execute", note)
            yield seen

    return watch


@pytest.fixture
def chain(app):
    """Where batches can be queued."""
    from lms import clock
    from lms.db import db, transaction
    from lms.domain.onchain.models import Deployment

    facts = dict(chain_id=31337, genesis_hash="0x0", signer="0x" + "cd" * 20)
    with transaction():
        db.session.add(Deployment(deployed_at=clock.now(), **facts))


def teo(amount):
    """TEO in millionths."""
    return int(amount * 1_000_000)
