"""Mail jobs: each mail goes out once, in its member's language, and what failed goes out later."""

from datetime import timedelta

import pytest
from jinja2 import TemplateNotFound

from lms import clock
from lms.db import db, transaction
from lms.domain.notices import actions as notices
from lms.domain.notices import queries
from lms.domain.notices.models import MOST_TRIES, Mail
from lms.gateways.mail import Outbox
from lms.jobs import mail as job
from lms.jobs.time_limit import TimeIsUp
from lms.queue import queue

KINDS = ("verify", "already_member", "reset", "new_email", "email_change_asked")


@pytest.fixture
def box(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_URL", f"outbox://{tmp_path}/outbox")
    return Outbox(tmp_path / "outbox", "")


def write(user, kind="verify", address=None):
    with transaction():
        return notices.write_mail(user, kind, address).id


def test_a_mail_goes_out_once_although_its_job_runs_twice(ana, box):
    mail_id = write(ana)
    job.send(mail_id)
    job.send(mail_id)
    assert [letter.to for letter in box.newest()] == ["ana@example.org"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_subject_text_and_a_link_to_the_site(ana, box, kind):
    job.send(write(ana, kind))
    letter = box.newest()[0]
    assert letter.subject
    assert "http://127.0.0.1:8000/" in letter.text
    assert "{{" not in letter.text


def test_a_mail_is_written_in_the_language_of_its_member_whatever_was_rendered_before(app, ana, box):
    with transaction():
        ana.locale = "it"
    with app.test_request_context(headers={"Accept-Language": "en"}):
        html = job._letter(db.session.get_one(Mail, write(ana))).html
    assert '<html lang="it">' in html


def test_the_secret_link_stands_in_the_letter_only(ana, box):
    mail_id = write(ana, "reset")
    job.send(mail_id)
    token = box.newest()[0].text.split("/password/")[1].split()[0]
    row = db.session.get_one(Mail, mail_id)
    assert token not in repr(vars(row))
    assert not any(token.encode() in queue.redis.dump(key) for key in queue.redis.scan_iter())


def test_a_failure_is_logged_by_kind_and_tried_again(app, ana, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(app.config, "MAIL_URL", "smtp://school:pass-word@127.0.0.1:1")
    mail_id = write(ana, "reset")
    job.send(mail_id)
    row = db.session.get_one(Mail, mail_id)
    assert (row.tries, row.failure) == (1, "ConnectionRefusedError")
    assert caplog.records[-1].reason == "ConnectionRefusedError"
    assert "pass-word" not in caplog.text
    monkeypatch.setitem(app.config, "MAIL_URL", f"outbox://{tmp_path}")
    job.send(mail_id)
    assert len(Outbox(tmp_path, "").newest()) == 1


def test_a_letter_whose_worker_died_before_it_could_say_so_goes_out_once_more(ana, box, monkeypatch):
    """The server has it, and no row says so: twice is better than never."""

    def die(_):
        raise TimeIsUp

    mail_id = write(ana)
    with monkeypatch.context() as patch, pytest.raises(TimeIsUp):
        patch.setattr(notices, "mark_sent", die)
        job.send(mail_id)
    clock.advance(timedelta(seconds=81))
    assert queries.waiting() == [mail_id]
    for _ in range(2):
        job.send(mail_id)
    assert len(box.newest()) == 2


def test_what_waits_is_asked_for_again_with_growing_patience(app, ana):
    mail_id = write(ana)
    assert queries.waiting() == []
    clock.advance(timedelta(seconds=21))
    assert queries.waiting() == [mail_id]
    with transaction():
        notices.count_try(mail_id)
    assert queries.waiting() == []
    clock.advance(timedelta(seconds=60))
    assert queries.waiting() == [mail_id]


def test_the_sweep_puts_each_waiting_mail_on_the_queue(app, ana):
    write(ana), write(ana)
    clock.advance(timedelta(seconds=21))
    job.sweep()
    assert queue.waiting() == 2


def test_what_never_goes_out_is_given_up(app, ana):
    mail_id = write(ana)
    with transaction() as session:
        session.get_one(Mail, mail_id).tries = MOST_TRIES
    clock.advance(timedelta(days=400))
    assert queries.waiting() == []
    job.send(mail_id)
    assert db.session.get_one(Mail, mail_id).sent_at is None


def test_a_letter_that_cannot_be_written_is_given_up_after_its_tries(app, ana):
    mail_id = write(ana, "no such letter")
    for _ in range(MOST_TRIES):
        with pytest.raises(TemplateNotFound):
            job.send(mail_id)
    job.send(mail_id)
    assert db.session.get_one(Mail, mail_id).tries == MOST_TRIES
