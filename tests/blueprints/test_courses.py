"""The catalogue and the page of a course."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.courses import actions as courses
from lms.domain.learning import actions as learning
from lms.domain.rulebook import queries as rulebook
from tests.conftest import publish, take_part


def titled(tea, title, price=8000, **facts):
    course = publish(tea, title, price)
    with transaction():
        facts = dict(summary="A summary.", description="", subject="Technology", language="en") | facts
        courses.change(course, title=title, price=price, reward_bp=100, **facts)
    return course


def fill(tea, count):
    """Published courses, written past the verbs because there are many."""
    rows = text("""
        INSERT INTO courses (slug, teacher_id, title, summary, description, subject, language, price, reward_bp, discount_bp, lesson_count,
                             state, comment, created_at, published_at)
        SELECT 'many-' || n, :teacher, 'Many ' || n, 'A word', '', 'Subject ' || n % 12, 'en', 4900, 100, 1000, 6, 'published', '', now(), now()
        FROM generate_series(1, :count) n""")
    with transaction():
        db.session.execute(rows, {"teacher": tea.id, "count": count})


def test_a_visitor_sees_published_courses_only(client, tea, course):
    with transaction():
        courses.create(tea, "A secret draft")
    page = client.get("/courses").text
    assert "How chains work" in page
    assert "A secret draft" not in page
    assert "1 course" in page


def test_the_empty_catalogue_says_so(client):
    assert "The first courses are being written." in client.get("/courses").text


def test_a_search_that_finds_nothing_offers_all_courses(client, course):
    page = client.get("/courses?q=zebra").text
    assert "No course matches this search." in page
    assert 'href="/courses"' in page


def test_filters_narrow_the_catalogue_and_stay_chosen(client, tea):
    titled(tea, "Frescoes", subject="Art", language="it")
    titled(tea, "Engines", subject="Technology")
    titled(tea, "Gifts", price=0)
    for asked, shown in (("subject=Art", "Frescoes"), ("language=it", "Frescoes"), ("price=free", "Gifts"), ("q=eng", "Engines")):
        page = client.get(f"/courses?{asked}").text
        assert [title for title in ("Frescoes", "Engines", "Gifts") if f">{title}<" in page] == [shown]
    assert '<option value="Art" selected>' in client.get("/courses?subject=Art").text


def test_pages_keep_the_search(client, tea):
    fill(tea, 30)
    page = client.get("/courses?q=many&page=1").text
    assert page.count("course-card") == 24
    assert "q=many&amp;page=2" in page
    assert client.get("/courses?q=many&page=2").text.count("course-card") == 6


def test_a_long_catalogue_is_not_counted_to_the_end(client, tea):
    fill(tea, 1001)
    assert "More than 1\u202f000 courses" in client.get("/courses").text


@pytest.mark.parametrize(
    "asked",
    [
        "page=NaN",
        "page=-1",
        "page=1000000000000000000000000000000",
        "page=" + "9" * 5000,
        "page=%00",
        "q=%00",
        "q=%ff%fe%ed%a0%80",
        "q='%22%3b--",
        "q=%26%20%7c%20%21%20%28%20%3a%2a",
        "q=" + "word%20" * 2000,
        "q=%3Cscript%3Ealert(1)%3C/script%3E",
        "subject=%00&language=%00&price=%00",
        "subject=nothing&language=xx&price=yes",
        "q=a&q=b&q[]=c",
    ],
)
def test_an_address_that_makes_no_sense_gets_the_catalogue(client, course, asked):
    answer = client.get(f"/courses?{asked}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_a_card_names_the_teacher(client, course):
    assert "Tea · 4 lessons" in client.get("/courses").text


@pytest.mark.parametrize("path", ["/courses", "/"])
@pytest.mark.parametrize("who", ["ana", "bruno"])
def test_a_card_says_the_price_but_to_who_is_enrolled(client, log_in, course, tea, ana, bruno, path, who):
    begun = publish(tea, "The one to go on with", price=1000)  # the start page shows it above the new ones
    take_part(ana, course, lessons=0)
    clock.advance(timedelta(minutes=1))
    take_part(ana, begun, lessons=0)
    log_in({"ana": ana, "bruno": bruno}[who])
    db.session.close()  # what the fixtures loaded does not help the request
    page = client.get(path).text
    assert (">enrolled</span>" in page, "80.00 €" in page) == ((True, False) if who == "ana" else (False, True))


def test_the_subjects_of_our_own_courses_are_said_in_the_readers_language(client, course, tea):
    with transaction():
        publish(tea, "Knots", price=0).subject = "Nodi e corde"
    client.set_cookie("language", "it")
    for path in ("/courses", "/"):
        page = client.get(path).text
        assert "Tecnologia" in page and "Technology" not in page.replace('value="Technology"', "") and "Nodi e corde" in page


def test_htmx_gets_the_results_alone(client, course):
    answer = client.get("/courses?q=chains", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.text.strip().startswith('<section class="stack" id="results"')
    assert "HX-Request-Type" in answer.headers["Vary"]


@pytest.mark.parametrize("count", [10, 10_000])
def test_the_catalogue_takes_five_statements_however_many_courses(client, log_in, tea, ana, statements, count):
    fill(tea, count)
    log_in(ana)
    with statements() as seen:
        assert client.get("/courses?q=many&page=2").status_code == 200
    assert len(seen) <= 5
    assert len(seen) == SEEN.setdefault("catalogue", len(seen))


def busy(course, bruno, count):
    """Many members enrolled, many orders, many lessons."""
    parts = (
        """INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at)
           SELECT 'many' || n || '@example.org', 'Many', '', 'student', 'en', 'UTC', now() FROM generate_series(1, :count) n""",
        """INSERT INTO orders (key, buyer_id, course_id, teacher_id, state, currency, list_price, coupon_off, price, level_bp, discount, vat, vat_bp, share, tier,
               reward_bp, rule_version, placed_at, paid_at, reserved, decided_how, is_accepted, splits, bonus)
           SELECT 'k', id, :course, :teacher, 'paid', 'EUR', 8000, 0, 8000, 0, 0, 0, 0, 4000, 'Bronze', 0, 1, now(), now(), 0, '', false, 0, 0 FROM users WHERE email LIKE 'many%'""",
        """INSERT INTO enrolments (user_id, course_id, paid, rule_version, matures_at, enrolled_at, done)
           SELECT id, :course, 8000, 1, now(), now(), 0 FROM users WHERE email LIKE 'many%'""",
        """INSERT INTO lessons (course_id, section_id, slug, title, body, exercise, minutes, is_preview, position, version)
           SELECT :course, :section, 'many-' || n, 'Many ' || n, 'Words', '', 1, false, 10 + n, 1 FROM generate_series(1, :lessons) n""",
    )
    values = dict(count=count, course=course.id, teacher=course.teacher_id, section=course.sections[0].id, lessons=min(count, 500))
    with transaction():
        for part in parts:
            db.session.execute(text(part), values)


@pytest.mark.parametrize("enrolled", [False, True])
@pytest.mark.parametrize("count", [10, 10_000])
def test_a_course_takes_six_statements_however_many_students(client, log_in, course, bruno, ana, statements, count, enrolled):
    busy(course, bruno, count)
    if enrolled:
        study_all_but_the_last(ana, course)
    log_in(ana)
    slug = course.slug
    db.session.close()  # what the fixtures loaded does not help the request
    with statements() as seen:
        page = client.get(f"/courses/{slug}")
    assert page.status_code == 200 and (f'href="/courses/{slug}/checkout"' in page.text) != enrolled
    assert len(seen) <= 6
    assert len(seen) == SEEN.setdefault(f"course, {enrolled}", len(seen))


def study_all_but_the_last(student, course):
    enrolment = take_part(student, course, lessons=0)
    with transaction():
        db.session.execute(
            text("""INSERT INTO lesson_completions (enrolment_id, lesson_id, completed_at)
                    SELECT :enrolment, id, now() FROM lessons WHERE course_id = :course ORDER BY position DESC OFFSET 1"""),
            {"enrolment": enrolment.id, "course": course.id},
        )


SEEN = {}


def test_a_visitor_is_told_price_reward_and_what_is_free(client, course):
    page = client.get(f"/courses/{course.slug}").text
    for words in ("80.00 €", "Up to 10 % of it can be paid in TEO.", "8.00 TEO", "+1.60", "+3.20", "free preview", "Tea", "4 lessons", f"/courses/{course.slug}/checkout"):
        assert words in page
    assert "badge" not in page


def test_a_course_that_takes_no_teo_does_not_speak_of_it(client, course):
    with transaction():
        course.discount_bp = 0
    assert "can be paid in TEO" not in client.get(f"/courses/{course.slug}").text


PRICED = {
    None: ["/", "/courses", "/courses/{slug}", "/learn/{slug}/lesson-2"],
    "ana": ["/", "/courses", "/courses/{slug}", "/learn/{slug}/lesson-2", "/courses/{slug}/checkout"],
    "tea": ["/courses/{slug}", "/teach/", "/teach/courses/{slug}"],
    "ada": ["/admin/courses", "/admin/courses/{slug}"],
}


@pytest.mark.parametrize(("who", "path"), [(who, path) for who, paths in PRICED.items() for path in paths])
def test_the_price_is_shown_with_vat(app, client, log_in, course, monkeypatch, request, who, path):
    monkeypatch.setitem(app.config, "VAT_RATE", 2200)
    if who == "ada":
        with transaction():
            course.state, course.submitted_at = "submitted", clock.now()
    if who:
        log_in(request.getfixturevalue(who))
    assert "97.60 €" in client.get(path.format(slug=course.slug)).text


def test_an_unverified_member_is_told_to_confirm_first(log_in, member, course):
    page = log_in(member("nino", verified=False)).get(f"/courses/{course.slug}").text
    assert "Confirm your e-mail address" in page
    assert "/checkout" not in page


def test_an_enrolled_student_goes_on_where_he_was(log_in, ana, course):
    with transaction():
        enrolment = learning.enroll(ana.id, course, rulebook.in_force(), paid=course.price)
        learning.complete_lesson(enrolment, course.lessons[0])
    page = log_in(ana).get(f"/courses/{course.slug}").text
    assert "1 of 4 lessons" in page
    assert "Continue" in page
    assert "/checkout" not in page


def test_the_teacher_edits_and_does_not_buy(log_in, tea, course):
    page = log_in(tea).get(f"/courses/{course.slug}").text
    assert "This is your course." in page
    assert "/checkout" not in page


def test_a_free_course_is_enrolled_in_by_one_button(log_in, client, ana, tea):
    free = publish(tea, "Gifts", price=0)
    page = client.get(f"/courses/{free.slug}").text
    assert "Log in to enrol" in page and "Who completes it earns a badge" in page
    assert f'action="/learn/{free.slug}"' in log_in(ana).get(f"/courses/{free.slug}").text


def test_a_translation_is_offered(client, tea, course):
    other = titled(tea, "Come funzionano le catene", language="it")
    with transaction():
        other.translation_of_id = course.id
    assert "Also in Italian" in client.get(f"/courses/{course.slug}").text
    assert "Also in English" in client.get(f"/courses/{other.slug}").text
    client.set_cookie("language", "it")
    assert "Anche in inglese" in client.get(f"/courses/{other.slug}").text


def test_an_unpublished_course_is_seen_by_its_teacher_and_admins_only(client, log_in, tea, ana, ada):
    with transaction():
        draft = courses.create(tea, "A secret draft")
    address = f"/courses/{draft.slug}"
    assert client.get(address).status_code == 404
    assert log_in(ana).get(address).status_code == 404
    assert log_in(ada).get(address).status_code == 200
    assert "Only you and the admins see this course" in log_in(tea).get(address).text


@pytest.mark.parametrize("slug", ["no-such-course", "%00", "%ff", "a" * 5000, "..%2f..", "'%20or%201=1"])
def test_an_unknown_course_is_not_found(client, slug):
    assert client.get(f"/courses/{slug}").status_code == 404


def test_script_in_a_description_does_not_run(client, tea):
    course = titled(tea, "Traps", description="<script>alert(1)</script> [x](javascript:alert(1)) <b onclick=alert(1)>", summary="</p><script>alert(2)</script>")
    page = client.get(f"/courses/{course.slug}").text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
    assert "<b onclick" not in page
