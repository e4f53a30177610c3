"""What failed: jobs and mails that an admin looks at, tries again or drops."""

import os
import re
from datetime import timedelta

import pytest
import rq
from redis import Redis

from lms import clock, failed_jobs
from lms.db import db, transaction
from lms.domain.audit import log
from lms.domain.audit.models import LogEntry
from lms.domain.notices import actions as notices
from lms.domain.notices import failed, queries
from lms.domain.notices.models import MOST_TRIES, Mail
from lms.formats.safe_pickle import Plain
from lms.jobs.worker import Worker, load
from lms.queue import MAIL, NAME, enqueue, queue
from tests.blueprints.test_wallet import words
from tests.test_app import closed_port

JOBS, MAILS = "/admin/failures/jobs", "/admin/failures/mails"


class WithoutForks(Worker):
    execute_job = rq.SimpleWorker.execute_job


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


@pytest.fixture
def fail(app, monkeypatch):
    """fail("boom") has a job on the withdrawals 7 and 8 fail with this message."""
    load("worker")
    monkeypatch.setattr(Worker, "app", app)

    def run(message, name="withdrawals.check", *ids):
        def broken(*_):
            raise ValueError(message)

        module, function = name.split(".")
        monkeypatch.setattr(f"lms.jobs.{module}.{function}", broken)
        enqueue(name, *ids)
        WithoutForks([NAME, MAIL], connection=queue.redis, serializer=Plain).work(burst=True, logging_level="CRITICAL")

    return run


@pytest.fixture
def mail(ana):
    """mail(8) is one to Ana that failed as often."""

    def write(tries, failure="ConnectionRefusedError"):
        with transaction():
            written = notices.write_mail(ana, "reset")
            written.tries, written.failure = tries, failure
        return written

    return write


def buttons(page):
    return re.findall(r'action="(/admin/failures/[^"]+)"', page)


def logged():
    return [(entry.action, entry.subject, entry.details) for entry in db.session.query(LogEntry).order_by(LogEntry.id)]


# Jobs


def test_a_failed_job_is_shown_with_its_ids_and_the_first_line_of_its_error(browser, fail):
    fail("it broke\nand this is the second line", "mail.send", 7)
    page = words(browser.get(JOBS).text)
    assert "mail.send 7" in page and "ValueError: it broke" in page and "second line" not in page


def test_of_what_the_clock_runs_its_own_name_is_shown(browser, fail):
    fail("it broke", "schedule.run", "mail.sweep")
    assert "mail.sweep" in words(browser.get(JOBS).text)


def test_no_secret_of_the_worker_is_kept_with_a_failure(browser, fail, monkeypatch):
    monkeypatch.setattr("lms.logs._values", ("/v2/the-key-of-the-node",))
    fail("refused by https://node.example.org/v2/the-key-of-the-node")
    monkeypatch.setattr("lms.logs._values", ())
    assert "the-key-of-the-node" not in browser.get(JOBS).text and "node.example.org[hidden]" in browser.get(JOBS).text


def test_a_job_is_tried_again(browser, fail):
    fail("it broke", "mail.send", 7)
    retry, _ = buttons(browser.get(JOBS).text)
    assert browser.post(retry).status_code == 303
    (job,) = rq.Queue(MAIL, connection=queue.redis).jobs
    assert (job.func_name, job.args, failed_jobs.count()) == ("lms.jobs.mail.send", (7,), 0)
    assert logged() == [("job tried again", "job mail.send", {"about": ["7"], "error": "ValueError"})]
    assert "Job tried again job mail.send · ValueError" in words(browser.get("/admin/log").text)


def test_a_job_is_dropped(browser, fail):
    fail("it broke")
    _, drop = buttons(browser.get(JOBS).text)
    assert browser.post(drop).status_code == 303
    assert (failed_jobs.count(), queue.waiting()) == (0, 0) and "No job has failed." in browser.get(JOBS).text
    assert logged() == [("job dropped", "job withdrawals.check", {"about": [], "error": "ValueError"})]
    assert "Job dropped job withdrawals.check · ValueError" in words(browser.get("/admin/log").text)


def test_who_is_second_is_told_and_not_logged(browser, fail):
    fail("it broke")
    retry, drop = buttons(browser.get(JOBS).text)
    browser.post(retry)
    answer = browser.post(drop)
    assert answer.status_code == 409 and "meanwhile" in answer.text
    assert [action for action, *_ in logged()] == ["job tried again"]


def test_what_is_none_of_our_jobs_can_be_dropped_only(browser, fail):
    rq.Queue(NAME, connection=queue.redis).enqueue("os.mkdir", "/tmp/never")
    WithoutForks([NAME], connection=queue.redis, serializer=Plain).work(burst=True, logging_level="CRITICAL")
    page = browser.get(JOBS).text
    assert "Not a job of ours" in page and [place.rpartition("/")[2] for place in buttons(page)] == ["removal"]


def test_an_object_in_redis_is_not_built_and_can_be_dropped(browser, tmp_path):
    """Who can write to Redis must not have a web process run his program by waiting until an admin looks."""

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "mark"),)

    jobs = rq.Queue(NAME, connection=queue.redis)
    job = jobs.create_job("lms.jobs.mail.send", args=(Evil(),), meta={"request_id": Evil()})
    job.save()
    jobs.failed_job_registry.add(job, ttl=100)
    (drop,) = buttons(browser.get(JOBS).text)
    assert browser.post(drop).status_code == 303
    assert not (tmp_path / "mark").exists()
    assert (failed_jobs.count(), logged()) == (0, [("job dropped", f"job {job.id}", {"about": [], "error": ""})])


def test_without_redis_the_page_says_so_and_nothing_is_changed(browser, fail, monkeypatch):
    fail("it broke")
    _, drop = buttons(browser.get(JOBS).text)
    monkeypatch.setattr(queue, "redis", Redis(port=closed_port()))
    monkeypatch.setattr(queue, "_queue", rq.Queue(NAME, connection=queue.redis, serializer=Plain))
    assert "Redis does not answer" in browser.get(JOBS).text
    assert browser.post(drop).status_code == 503 and logged() == []


# Mails


def test_mails_that_fail_for_long_are_listed_with_why(browser, mail):
    mail(2), mail(3), mail(MOST_TRIES, "SMTPServerDisconnected")
    page = words(browser.get(MAILS).text)
    assert page.count("ana@example.org") == 2
    assert "8 tries · SMTPServerDisconnected given up" in page and "3 tries · ConnectionRefusedError still tried" in page


def test_a_mail_is_tried_again_from_the_beginning(browser, mail):
    given_up = mail(MOST_TRIES)
    assert browser.post(buttons(browser.get(MAILS).text)[0]).status_code == 303
    assert (db.session.get(Mail, given_up.id).tries, failed.count(), queue.waiting()) == (0, 0, 1)
    assert logged() == [("mail tried again", f"mail {given_up.id}", {"kind": "reset", "member": given_up.user_id})]
    assert f"Mail tried again mail {given_up.id} · reset, to member {given_up.user_id}" in words(browser.get("/admin/log").text)


def test_a_mail_that_is_dropped_is_never_sent(browser, mail):
    dropped = mail(3)
    assert browser.post(buttons(browser.get(MAILS).text)[1]).status_code == 303
    assert failed.count() == 0 and "Every mail goes out." in browser.get(MAILS).text
    assert f"Mail dropped mail {dropped.id} · reset" in words(browser.get("/admin/log").text)
    clock.advance(timedelta(days=30))
    with transaction():
        assert notices.claim(dropped.id) is None and not notices.count_try(dropped.id)
    assert (queries.waiting(), queries.unsent(), [action for action, *_ in logged()]) == ([], 0, ["mail dropped"])


def test_a_mail_that_went_out_meanwhile_is_left_alone(browser, mail):
    sent = mail(3)
    retry, drop = buttons(browser.get(MAILS).text)
    with transaction():
        sent.sent_at = clock.now()
    assert [browser.post(place).status_code for place in (retry, drop)] == [409, 409]
    assert (sent.tries, sent.dropped_at, log.head().number) == (3, None, 0)


def test_the_list_of_mails_takes_as_many_statements_with_many(browser, mail, statements):
    mail(3)
    with statements() as one:
        browser.get(MAILS)
    for _ in range(5):
        mail(4)
    with statements() as six:
        browser.get(MAILS)
    assert len(one) == len(six)
