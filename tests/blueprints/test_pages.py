"""Home, terms and privacy, and the demo's outbox."""

import re
from datetime import timedelta

import pytest

from lms import clock
from lms.blueprints.pages.views import blueprint
from lms.db import transaction
from lms.domain.courses import actions as writing
from lms.domain.learning import actions as learning
from lms.domain.learning.models import Enrolment
from lms.gateways.mail import Letter, Outbox
from tests.conftest import announce, publish, sell, take_part


def test_a_visitor_sees_what_this_is_and_three_courses(client, tea):
    for number in range(4):
        publish(tea, f"Course {number}", price=1000)
    page = client.get("/").text
    assert "How earning works" in page
    assert [f"Course {number}" in page for number in range(4)] == [False, True, True, True]


def test_how_earning_works_is_said_by_the_rules_in_force(client):
    announce(purchase_max_bp=150, lessons_bp=350, completion_bp=250, maturity_days=20)
    page = client.get("/").text
    assert "up to 2\u00a0%" in page and "4\u00a0% of what you paid in all" in page and "mature for 14 days" in page
    clock.advance(timedelta(days=20, minutes=1))
    page = client.get("/").text
    assert "up to 1.5\u00a0%" in page and "3.5\u00a0% of what you paid in all" in page and "another 2.5\u00a0%" in page and "mature for 20 days" in page


def test_the_home_page_stands_without_any_course(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "The first courses are being written." in answer.text


def test_a_member_goes_on_where_he_was(client, ana, course, log_in):
    enrol(ana, course, done=3)
    page = log_in(ana).get("/").text
    assert "3 of 4 lessons" in page
    assert f'href="/learn/{course.slug}"' in page


def test_a_member_goes_on_with_the_course_read_last(client, ana, tea, log_in):
    older, newer = publish(tea, "Older", price=0), publish(tea, "Newer", price=0)
    enrolment = take_part(ana, older, lessons=1)
    clock.advance(timedelta(minutes=1))
    take_part(ana, newer, lessons=1)
    browser = log_in(ana)
    assert 'href="/learn/newer"' in browser.get("/").text
    clock.advance(timedelta(minutes=1))
    with transaction():
        learning.complete_lesson(enrolment, older.lessons[1])
    page = browser.get("/").text
    assert 'href="/learn/older"' in page and 'href="/learn/newer"' not in page


def test_a_course_joined_after_the_last_lesson_comes_first(client, ana, tea, log_in):
    take_part(ana, publish(tea, "Older", price=0), lessons=1)
    clock.advance(timedelta(minutes=1))
    take_part(ana, publish(tea, "Newer", price=0), lessons=0)
    assert 'href="/learn/newer"' in log_in(ana).get("/").text


def test_a_course_begun_comes_before_one_completed_later(client, ana, tea, log_in):
    begun, completed = publish(tea, "Begun", price=0), publish(tea, "Completed", price=0)
    enrol(ana, begun, done=1)
    enrol(ana, completed, done=4, completed_at=clock.now())
    page = log_in(ana).get("/").text
    assert "1 of 4 lessons" in page
    assert "4 of 4 lessons" not in page


def test_a_member_without_courses_is_led_to_them(client, ana, log_in):
    assert "You are not enrolled in a course yet." in log_in(ana).get("/").text


def test_a_teacher_sees_what_was_sold_and_the_courses(client, ana, bruno, tea, course, log_in):
    with transaction():
        writing.create(tea, "A draft of mine")
    sell(ana, course, "pay_1")
    clock.advance(timedelta(days=1, seconds=1))
    sell(bruno, course, "pay_2")
    page = log_in(tea).get("/").text
    assert "You are not enrolled" not in page
    assert re.findall(r"([\d.]+) €</span></dd>", page) == ["40.00", "80.00", "0.00"]
    assert f"/teach/courses/{course.slug}" in page and "A draft of mine" in page


def test_home_takes_few_statements(client, ana, course, log_in, statements):
    enrol(ana, course, done=1)
    log_in(ana)
    with statements() as seen:
        client.get("/")
    assert len(seen) <= 5


def enrol(user, course, done, completed_at=None):
    now = clock.now()
    with transaction() as session:
        session.add(
            Enrolment(
                user_id=user.id,
                course_id=course.id,
                rule_version=1,
                matures_at=now,
                enrolled_at=now,
                done=done,
                completed_at=completed_at,
            )
        )


@pytest.mark.parametrize(
    ("path", "language", "sentence"),
    [
        ("/terms", "en", "TeoCoin (TEO) is not money"),
        ("/terms", "it", "TeoCoin (TEO) non è denaro"),
        ("/privacy", "en", "What cannot be erased"),
        ("/privacy", "it", "Che cosa non si può cancellare"),
        ("/privacy", "en", "A fourth holds a random id for 90 days"),
        ("/privacy", "it", "Un quarto contiene un codice casuale per 90 giorni"),
        ("/privacy", "en", "where your bank asks it back, what you bought, used and were told, and from where you signed in"),
        ("/privacy", "it", "se la banca richiede il pagamento, che cosa hai comprato, usato e letto, e da dove hai fatto l'accesso"),
        ("/privacy", "en", "the network you come from, which is the first part of your IP address (/24 of IPv4, /48 of IPv6)"),
        ("/privacy", "it", "la rete da cui arrivi, cioè la prima parte dell'indirizzo IP (/24 di IPv4, /48 di IPv6)"),
    ],
)
def test_terms_and_privacy_are_there_in_both_languages(client, path, language, sentence):
    client.set_cookie("language", language)
    assert sentence in client.get(path).text


def test_the_outbox_shows_mail_newest_first_with_links_one_can_follow(app, client, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_URL", f"outbox://{tmp_path}")
    box = Outbox(tmp_path, "School <no-reply@example.org>")
    box.send(Letter("ana@example.org", "First", "Hello <b>you</b>\n\nhttp://127.0.0.1:8000/verify/abc\n", "<p></p>"))
    box.send(Letter("ana@example.org", "Second", "Hello", "<p></p>"))
    page = client.get("/outbox").text
    assert page.index("Second") < page.index("First")
    assert 'href="http://127.0.0.1:8000/verify/abc"' in page
    assert "<b>you</b>" not in page


def test_an_empty_outbox_says_so(app, client, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_URL", f"outbox://{tmp_path}/none")
    assert "No mail yet." in client.get("/outbox").text


def test_production_has_no_outbox():
    from flask import Flask

    app = Flask("lms")
    app.config.update(ENVIRONMENT="production", MAIL_URL="smtp://mail.example.org")
    app.register_blueprint(blueprint)
    assert "pages.outbox" not in app.view_functions
    assert "pages.home" in app.view_functions
