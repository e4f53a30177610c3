"""Logs are JSON with the request's id, and hold no secret, whoever logs it."""

import json
import logging
import sys

import pytest
import sqlalchemy
from sqlalchemy.exc import IntegrityError

from lms import logs
from lms.db import db


@pytest.fixture
def line():
    """line("message", name=value) logs it and answers the line as it was written."""
    formatter = logs.JsonFormatter()

    def write(message, *args, exc_info=None, **extra):
        record = logging.getLogger("test").makeRecord("test", logging.INFO, "", 0, message, args, exc_info, extra=extra)
        return formatter.format(record)

    return write


@pytest.fixture
def hidden(monkeypatch):
    monkeypatch.setattr(logs, "_values", ("planted-secret-value",))


def test_a_line_is_json_with_the_requests_id(line):
    written = json.loads(line("job %s", "done", seconds=3))
    assert (written["message"], written["seconds"], written["level"]) == ("job done", 3, "INFO")
    token = logs.request_id.set("abc123")
    try:
        assert json.loads(line("again"))["request_id"] == "abc123"
    finally:
        logs.request_id.reset(token)


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "token", "csrf_token", "key", "Authorization", "cookie", "Set-Cookie", "webhook_secret", "KEK", "secret_key", "ciphertext"],
)
def test_what_bears_a_secrets_name_is_hidden(line, name):
    assert "planted" not in line("received", **{name: "planted"})
    assert "planted" not in line("received", body={"deep": [{name: "planted"}]})


@pytest.mark.parametrize(
    "message",
    [
        "connecting to postgresql://lms:planted@db/lms failed",
        "redis://:planted@cache:6379/0 is down",
        "POST with password=planted refused",
        "POST with password='planted planted' refused",
        '{"token": "planted"}',
        "{'csrf_token': 'planted'}",
        "Authorization: Bearer planted",
        "Cookie: session=planted",
        "secret_key=planted&x=1",
        "link /verify/planted-payload-Im5v.aGVsbG8.planted_signature_0123456789",
    ],
)
def test_a_secret_inside_a_text_is_hidden(line, message):
    assert "planted" not in line(message)
    assert "planted" not in line("failed: %s", message)
    assert "planted" not in line("failed", error=ValueError(message))


def test_a_secret_in_a_traceback_is_hidden(line):
    try:
        raise ValueError("password=planted")
    except ValueError:
        written = line("failed", exc_info=sys.exc_info())
    assert "ValueError" in written and "planted" not in written


def test_the_row_the_database_refuses_is_not_in_the_log(app, line, ana):
    copy = sqlalchemy.text("INSERT INTO users (email, name, role, locale, time_zone, created_at) SELECT email, :name, role, locale, time_zone, now() FROM users")
    names = {"name": "Two\n\nlines"}
    try:
        db.session.execute(copy, names)
    except IntegrityError:
        written = line("broken", exc_info=sys.exc_info())
    assert "ana@example.org" not in written and "lines" not in written
    assert written.count("NotNullViolation") > 1 and "INSERT INTO users" in written


def test_the_settings_own_secrets_are_hidden_wherever_they_stand(line, hidden):
    assert "planted-secret-value" not in line("it is planted-secret-value, they said", note="planted-secret-value")


def test_bytes_are_hidden(line):
    assert "planted" not in line("signed", raw=b"planted")


def test_what_is_no_secret_stays(line):
    written = line("job not queued", job="settlement.settle", error="ConnectionError", path="/courses/how-chains-work", operation=7)
    for text in ("settlement.settle", "ConnectionError", "/courses/how-chains-work", "7"):
        assert text in written


def test_each_request_is_logged_once(client, caplog, log_in, ana):
    log_in(ana)
    with caplog.at_level(logging.INFO, "lms.request"):
        answer = client.get("/courses/nowhere?token=planted")
    [record] = [record for record in caplog.records if record.name == "lms.request"]
    assert (record.method, record.path, record.status, record.user) == ("GET", "/courses/nowhere", 404, ana.id)
    assert record.ms >= 0
    assert "planted" not in logs.JsonFormatter().format(record)
    assert len(answer.headers["X-Request-Id"]) == 16


def test_the_secret_of_a_link_is_not_logged(client, caplog):
    with caplog.at_level(logging.INFO, "lms.request"):
        client.get("/verify/planted")
    assert [record.path for record in caplog.records if record.name == "lms.request"] == ["/verify/[hidden]"]


def test_a_job_carries_the_requests_id(app):
    from rq.job import Job

    from lms.queue import enqueue, queue

    token = logs.request_id.set("abc123")
    try:
        enqueue("settlement.settle")
    finally:
        logs.request_id.reset(token)
    [job_id] = queue._queue.job_ids
    assert Job.fetch(job_id, connection=queue.redis).meta == {"request_id": "abc123"}
