"""My courses and their lessons: who reads what, and what completing earns."""

import pytest
from sqlalchemy import text

from lms import live
from lms.db import db, transaction
from lms.domain.courses import actions as writing
from lms.domain.learning import actions as learning
from lms.domain.learning import queries
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.queue import queue
from tests.conftest import publish, teo

SECRET = "<strong>in bold</strong>"  # in the text of every lesson
SEEN = {}


@pytest.fixture
def enrolled(ana, course):
    with transaction():
        return learning.enroll(ana.id, course, rulebook.in_force(), paid=course.price)


def lesson_at(course, number):
    return f"/learn/{course.slug}/lesson-{number}"


def earned(user):
    db.session.expire_all()
    return accounts.member(user.id, TEO, "maturing").balance


def test_my_courses_needs_a_log_in(client):
    assert client.get("/learn").status_code == 302


def test_my_courses_shows_progress(log_in, ana, course, enrolled):
    with transaction():
        learning.complete_lesson(enrolled, course.lessons[0])
    page = log_in(ana).get("/learn").text
    assert "How chains work" in page
    assert "1 of 4 lessons" in page


def test_without_courses_it_offers_the_catalogue(log_in, ana):
    assert "You are not enrolled in a course yet." in log_in(ana).get("/learn").text


@pytest.mark.parametrize("number", ["NaN", "-1", "0", "1" + "0" * 30, "%00", "x"])
def test_a_page_that_is_no_number_is_a_page_there_is(log_in, ana, course, enrolled, number):
    answer = log_in(ana).get(f"/learn?page={number}")
    assert answer.status_code == 200
    assert "How chains work" in answer.text


@pytest.mark.parametrize("count", [10, 10_000])
def test_my_courses_takes_six_statements_however_many_there_are(log_in, ana, tea, statements, count):
    with transaction():
        db.session.execute(
            text("""
            WITH made AS (
                INSERT INTO courses (slug, teacher_id, title, summary, description, subject, language, price, reward_bp, discount_bp, lesson_count,
                                     state, comment, created_at, published_at)
                SELECT 'many-' || n, :teacher, 'Many ' || n, '', '', '', 'en', 0, 0, 0, 6, 'published', '', now(), now()
                FROM generate_series(1, :count) n RETURNING id)
            INSERT INTO enrolments (user_id, course_id, paid, rule_version, matures_at, enrolled_at, done, completed_at)
            SELECT :student, id, 0, 1, now(), now(), id % 7, CASE WHEN id % 7 = 6 THEN now() END FROM made"""),
            {"teacher": tea.id, "student": ana.id, "count": count},
        )
    client = log_in(ana)
    with statements() as seen:
        page = client.get("/learn")
    assert page.status_code == 200 and "3 of 6 lessons" in page.text and "Completed" in page.text
    assert len(seen) <= 6
    assert len(seen) == SEEN.setdefault("learn", len(seen))


def test_a_preview_is_open_to_everybody(client, course):
    answer = client.get(lesson_at(course, 1))
    assert answer.status_code == 200
    assert SECRET in answer.text
    assert f"/courses/{course.slug}/checkout" in answer.text


def test_a_paid_lesson_is_closed_to_a_visitor_and_says_how_to_open_it(client, course):
    answer = client.get(lesson_at(course, 2))
    assert answer.status_code == 403
    assert SECRET not in answer.text
    assert "This lesson is for those who are enrolled." in answer.text
    assert f"/courses/{course.slug}/checkout" in answer.text


def test_a_closed_lesson_speaks_of_free_ones_only_where_there_are(client, course):
    assert "marked as a free preview" in client.get(lesson_at(course, 2)).text
    with transaction():
        course.lessons[0].is_preview = False
    assert "free preview" not in client.get(lesson_at(course, 2)).text


def test_who_has_no_course_is_not_promised_a_free_lesson_in_each(log_in, ana):
    for path in ("/", "/learn"):
        assert "whether some lessons are free to read" in log_in(ana).get(path).text


def test_a_paid_lesson_is_closed_to_a_member_without_enrolment(log_in, bruno, course, enrolled):
    answer = log_in(bruno).get(lesson_at(course, 2))
    assert answer.status_code == 403
    assert SECRET not in answer.text


def test_htmx_gets_no_more_of_a_closed_lesson(log_in, bruno, course):
    answer = log_in(bruno).get(lesson_at(course, 2), headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 403
    assert SECRET not in answer.text


def test_the_enrolled_the_teacher_and_admins_read_everything(log_in, ana, tea, ada, course, enrolled):
    for reader in (ana, tea, ada):
        answer = log_in(reader).get(lesson_at(course, 2))
        assert answer.status_code == 200
        assert SECRET in answer.text


def test_another_teacher_reads_as_much_as_anybody(log_in, member, course):
    assert log_in(member("tito", role="teacher")).get(lesson_at(course, 2)).status_code == 403


def test_lessons_of_an_unpublished_course_are_seen_by_its_teacher_and_admins_only(client, log_in, tea, ana, ada, course, enrolled):
    with transaction():
        course.state = "draft"
    for number in (1, 2):
        address = lesson_at(course, number)
        assert client.get(address).status_code == 404
        assert log_in(ana).get(address).status_code == 404
        assert log_in(tea).get(address).status_code == 200
        assert log_in(ada).get(address).status_code == 200
        client.delete_cookie("session")


@pytest.mark.parametrize("address", ["/learn/no-such-course/lesson-1", "/learn/how-chains-work/no-such-lesson", "/learn/how-chains-work/%00"])
def test_an_unknown_lesson_is_not_found(client, course, address):
    assert client.get(address).status_code == 404


def test_a_lesson_shows_its_reward_then_what_it_earned(log_in, ana, course, enrolled):
    client = log_in(ana)
    before = client.get(lesson_at(course, 1)).text
    assert "+0.80 TEO" in before and "Mark as complete" in before
    answer = client.post(f"{lesson_at(course, 1)}/complete", follow_redirects=True)
    assert "You have completed this lesson." in answer.text
    assert "+0.80 TEO" in answer.text
    assert earned(ana) == teo(0.8)


def test_completing_asks_for_a_settlement(log_in, ana, course, enrolled):
    log_in(ana).post(f"{lesson_at(course, 1)}/complete")
    assert queue.waiting() == 1


def test_no_connection_is_held_while_open_pages_are_told(log_in, ana, course, enrolled, monkeypatch):
    held = []
    monkeypatch.setattr(live, "push", lambda *_: held.append(db.engine.pool.checkedout()))
    log_in(ana).post(f"{lesson_at(course, 1)}/complete")
    assert held == [0]


def test_completing_twice_earns_once(log_in, ana, course, enrolled):
    client = log_in(ana)
    for _ in range(2):
        assert client.post(f"{lesson_at(course, 1)}/complete").status_code == 303
    assert earned(ana) == teo(0.8)


def test_the_last_lesson_ends_at_what_was_achieved(log_in, ana, course, enrolled):
    client = log_in(ana)
    for number in (1, 2, 3, 4):
        answer = client.post(f"{lesson_at(course, number)}/complete", follow_redirects=True)
    assert "Well done, Ana" in answer.text
    assert "6.40" in answer.text
    assert "For 4 lessons" in answer.text


def test_a_course_whose_last_open_lesson_went_away_is_finished_by_a_button(log_in, ana, course, enrolled):
    with transaction():
        for lesson in course.lessons[:3]:
            learning.complete_lesson(enrolled, lesson)
        writing.remove_lesson(course.lessons[3])
    client = log_in(ana)
    assert "Finish the course" in client.get(f"/learn/{course.slug}").text
    assert "Well done, Ana" in client.post(f"/learn/{course.slug}/finish", follow_redirects=True).text
    assert earned(ana) == teo(2.4) + teo(3.2)


def test_going_on_leads_to_the_first_lesson_not_done(log_in, ana, course, enrolled):
    with transaction():
        learning.complete_lesson(enrolled, course.lessons[0])
    assert log_in(ana).get(f"/learn/{course.slug}").location.endswith(lesson_at(course, 2))


def test_nobody_completes_what_he_is_not_enrolled_in(client, log_in, bruno, tea, course):
    assert client.post(f"{lesson_at(course, 1)}/complete").status_code == 302
    for reader in (bruno, tea):
        assert log_in(reader).post(f"{lesson_at(course, 1)}/complete").status_code == 403
        assert earned(reader) == 0


def test_a_lesson_of_another_course_is_not_completed_through_this_one(log_in, ana, tea, course, enrolled):
    other = publish(tea, "Another course", price=8000, lessons=6)
    answer = log_in(ana).post(f"/learn/{course.slug}/lesson-6/complete")
    assert answer.status_code == 404
    assert log_in(ana).post(f"{lesson_at(other, 1)}/complete").status_code == 403
    assert earned(ana) == 0


def test_without_the_token_of_the_form_nothing_is_completed(app, log_in, ana, course, enrolled):
    client = log_in(ana)
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.post(f"{lesson_at(course, 1)}/complete").status_code == 400
    assert earned(ana) == 0


def test_a_free_course_is_enrolled_in_once(log_in, ana, tea):
    free = publish(tea, "Gifts", price=0)
    client = log_in(ana)
    for _ in range(2):
        assert client.post(f"/learn/{free.slug}", follow_redirects=True).status_code == 200
    assert queries.of_member(ana.id).total == 1


def test_a_course_with_a_price_is_not_enrolled_in_for_free(log_in, ana, course):
    assert log_in(ana).post(f"/learn/{course.slug}").status_code == 409
    assert queries.of_member(ana.id).total == 0


def test_enrolling_needs_a_log_in(client, tea):
    free = publish(tea, "Gifts", price=0)
    assert client.post(f"/learn/{free.slug}").status_code == 302


def test_script_in_a_lesson_does_not_run(client, course):
    with transaction():
        facts = dict(title="Traps", minutes=1, is_preview=True)
        writing.change_lesson(course.lessons[0], body="<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/y.png)", **facts)
    page = client.get(lesson_at(course, 1)).text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "evil.example" not in page


def test_lessons_are_read_with_redis_down(app, log_in, ana, course, enrolled, monkeypatch):
    from redis import Redis

    client = log_in(ana)
    monkeypatch.setattr(queue, "redis", Redis(port=1))
    monkeypatch.setattr(queue._queue, "connection", Redis(port=1))
    assert client.post(f"{lesson_at(course, 1)}/complete").status_code == 303
    assert earned(ana) == teo(0.8)
