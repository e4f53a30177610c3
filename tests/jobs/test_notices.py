"""Notices are delivered once: pushed to open pages, and written by mail to whom wants it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from lms import clock, live
from lms.db import db, transaction
from lms.domain.notices import actions, delivery, queries
from lms.domain.notices.models import Mail, Notice
from lms.gateways.mail import Outbox
from lms.jobs import mail, notices, schedule
from lms.queue import queue
from tests.conftest import teo
from tests.test_live import heard as heard


def tell(user, kind="withdrawal sent", subject="1", **facts):
    with transaction():
        actions.tell(user.id, kind, subject, **{"withdrawal": 7, "amount": teo(12), "to": "0x" + "ab" * 20} | facts)
    return db.session.scalar(select(func.max(Notice.id)))


def mails():
    return [(row.user_id, row.notice_id) for row in db.session.scalars(select(Mail).order_by(Mail.notice_id))]


def left():
    return db.session.scalar(select(func.count()).where(Notice.delivered_at.is_(None)))


@pytest.fixture
def box(app, tmp_path, monkeypatch):
    """box() sends what is written and gives the letters."""
    monkeypatch.setitem(app.config, "MAIL_URL", f"outbox://{tmp_path}/outbox")

    def send():
        for mail_id in db.session.scalars(select(Mail.id)).all():
            mail.send(mail_id)
        return Outbox(tmp_path / "outbox", "").newest()

    return send


def html():
    return mail._letter(db.session.scalars(select(Mail)).one()).html


def test_a_notice_is_mailed_once_although_the_sweep_runs_twice(ana):
    number = tell(ana)
    notices.deliver()
    notices.deliver()
    assert (mails(), left(), queue.waiting()) == ([(ana.id, number)], 0, 1)


def test_one_mail_a_notice_ever_although_it_is_delivered_again(ana):
    number = tell(ana)
    notices.deliver()
    with transaction():
        db.session.get_one(Notice, number).delivered_at = None
    notices.deliver()
    assert (mails(), left()) == ([(ana.id, number)], 0)


def test_the_open_pages_get_bell_and_inbox(ana, heard):
    news = heard(ana)
    tell(ana)
    notices.deliver()
    came = news()
    assert set(came) == {"notices_chip", "notices"}
    assert ">1<" in came["notices_chip"] and "12.00 TEO are at 0xabab…abab." in came["notices"]


def test_two_workers_at_once_write_each_mail_once(app, ana, bruno):
    wanted = sorted((user.id, tell(user, subject=number)) for number in range(40) for user in (ana, bruno))
    start = threading.Barrier(4)

    def work():
        with app.app_context():
            start.wait()
            notices.deliver()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert (sorted(mails()), left()) == (wanted, 0)
    assert queue.waiting() == 80


def test_a_worker_that_dies_before_its_commit_loses_nothing(ana, heard, monkeypatch):
    news, number = heard(ana), tell(ana)
    monkeypatch.setattr(delivery, "update", dying)
    with pytest.raises(KeyboardInterrupt):
        notices.deliver()
    assert (mails(), left()) == ([], 1)
    monkeypatch.undo()
    notices.deliver()
    assert (mails(), left()) == ([(ana.id, number)], 0)
    assert "notices_chip" in news()


def test_a_worker_that_dies_before_it_asks_for_the_mail_loses_nothing(ana, monkeypatch):
    tell(ana)
    monkeypatch.setattr(notices, "enqueue", dying)
    with pytest.raises(KeyboardInterrupt):
        notices.deliver()
    clock.advance(timedelta(seconds=21))
    mail.sweep()
    assert queue.waiting() == 1


def dying(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("count", [2, 100])
def test_a_delivery_takes_five_statements_however_many_there_are(ana, bruno, statements, monkeypatch, count):
    monkeypatch.setattr(notices, "enqueue", lambda *_: None)
    for number in range(count // 2):
        tell(ana, subject=number), tell(bruno, subject=number)
    db.session.expire_all()
    with statements() as seen:
        notices.deliver()
    assert len(seen) == 5 and left() == 0  # what waits, their rows and members, preferences, the mails, the mark


def test_nothing_to_deliver_takes_one_statement(app, statements):
    with statements() as seen:
        notices.deliver()
    assert len(seen) == 1


def test_what_a_member_does_not_want_is_not_mailed_and_stands_in_the_inbox(ana):
    with transaction():
        actions.prefer(ana, {"withdrawal given back"})
    tell(ana)
    notices.deliver()
    assert (mails(), left()) == ([], 0)
    assert [notice.kind for notice in queries.inbox(ana.id).items] == ["withdrawal sent"]


def test_what_is_off_at_first_is_mailed_to_whom_wants_it(ana, bruno):
    with transaction():
        actions.prefer(bruno, {"teo matured", "withdrawal requested"})
    tell(ana, "teo matured"), tell(ana, "withdrawal requested")
    wanted = [(bruno.id, tell(bruno, kind)) for kind in ("teo matured", "withdrawal requested")]
    notices.deliver()
    assert mails() == wanted


def test_security_is_mailed_whatever_was_chosen(ana):
    with transaction():
        actions.prefer(ana, set())
    number = tell(ana, "wallet frozen")
    notices.deliver()
    assert mails() == [(ana.id, number)]


def test_small_steps_nobody_chose_and_unknown_kinds_stand_in_the_inbox_alone(ana):
    tell(ana, "withdrawal requested"), tell(ana, "comet seen")
    notices.deliver()
    assert (mails(), left()) == ([], 0)


def test_an_address_nobody_confirmed_gets_security_alone(member):
    nino = member("nino", verified=False)
    tell(nino)
    frozen = tell(nino, "wallet frozen")
    notices.deliver()
    assert mails() == [(nino.id, frozen)]


def test_the_letter_says_what_the_row_says_with_links_to_the_place_and_the_preferences(ana, box):
    tell(ana)
    notices.deliver()
    letter = box()[0]
    assert (letter.to, letter.subject) == ("ana@example.org", "Your withdrawal has arrived")
    assert "12.00 TEO are at 0xabab…abab." in letter.text
    for part in (letter.text, html()):
        assert "http://127.0.0.1:8000/wallet/withdrawals/7" in part and "http://127.0.0.1:8000/account/notices" in part


def test_it_is_in_the_members_language_and_time_zone(ana, box):
    with transaction():
        ana.locale, ana.time_zone = "it", "Europe/Rome"
    tell(ana, "sale waiting", order=1, course="Pane", tokens=teo(8), until="2026-12-01T10:00:00+00:00")
    notices.deliver()
    letter = box()[0]
    assert '<html lang="it">' in html()
    assert "8,00 TEO" in letter.text and "1 dic 2026, 11:00 CET" in letter.text


def test_what_people_wrote_is_escaped_in_html_and_plain_in_text(ana, box):
    tell(ana, "course returned", course="Salt & <i>bread</i>", slug="x", comment='Say "why".')
    notices.deliver()
    letter = box()[0]
    assert "Salt &amp; &lt;i&gt;" in html() and "Salt & <i>bread</i>" in letter.text


def test_a_dead_redis_keeps_nobody_from_his_mail(ana, services):
    tell(ana)
    services[1].stop()
    try:
        notices.deliver()
    finally:
        services[1].start()
    assert (len(mails()), left()) == (1, 0)


def test_nobody_is_rendered_for_who_has_no_page_open(ana, monkeypatch):
    monkeypatch.setattr(live, "push", dying)
    tell(ana)
    notices.deliver()
    assert left() == 0


def test_what_was_read_is_forgotten_after_a_year_and_what_was_not_is_kept(ana, bruno):
    tell(ana)
    kept = tell(bruno)
    notices.deliver()
    with transaction():
        actions.read_all(ana)
    for days, left_over in ((364, 2), (2, 1)):
        clock.advance(timedelta(days=days))
        schedule.run("notices.forget")
        assert db.session.scalar(select(func.count()).select_from(Notice)) == left_over
    db.session.expire_all()
    assert set(mails()) == {(ana.id, None), (bruno.id, kept)}
