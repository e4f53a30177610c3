"""The application on PostgreSQL and Redis of its own, set up as in production; all of it goes away at the end."""

import os
import secrets
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from flask import current_app
from flask_migrate import upgrade

from lms import config, create_app
from lms.db import transaction
from lms.domain.ledger.actions import open_platform
from lms.domain.rulebook.actions import install
from rig.process import Process, session
from rig.services import LOOPBACK, Postgres, Redis, free_port
from rig.tools import PYTHON


@contextmanager
def house():
    """The app in its context, over a migrated database with the platform's own rows."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True))
        postgres, redis = Postgres(directory, durable=False), Redis(directory, durable=False)
        for service in (postgres, redis):
            stack.callback(service.remove)
            service.start()
        app = make_app(settings(postgres, redis))
        app.config["HOME"] = Path(directory)
        with create_app("cli").app_context():  # alone in having the migrations
            upgrade()
        with app.app_context():
            with transaction():
                open_platform()
                install()
            yield app


def make_app(settings, role="web"):
    """The application of a process of that role with these settings and no others, inside the bench."""
    for setting in config.SETTINGS:
        os.environ.pop(setting.name, None)
    os.environ.update(settings)
    return create_app(role)


@contextmanager
def server():
    """One gunicorn worker over the same database and Redis: (its port, its pid). Needs the house's context."""
    port = free_port()
    command = [PYTHON, "-m", "gunicorn", "bench.wsgi:app", "--workers", 1, "--bind", f"{LOOPBACK}:{port}"]
    gunicorn = Process("gunicorn", command, current_app.config["HOME"], {**os.environ, "LOG_LEVEL": "INFO"})
    gunicorn.start()
    try:
        gunicorn.wait_until(lambda: _answers(port))
        yield port, next(pid for pid in session(gunicorn.pid) if pid != gunicorn.pid)
    finally:
        gunicorn.stop()


def settings(postgres, redis):
    """What every process is told, as in production."""
    return {
        "ENVIRONMENT": "production",
        "DATABASE_URL": postgres.url,
        "REDIS_URL": redis.url,
        "SECRET_KEY": secrets.token_hex(32),
        "BASE_URL": f"http://{LOOPBACK}",
        "MAIL_URL": f"smtp://{LOOPBACK}",
        "FILES_URL": "file:///nonexistent/files",
        "LOG_LEVEL": "WARNING",
    }


def _answers(port):
    try:
        with urlopen(f"http://{LOOPBACK}:{port}/bare/", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
