"""Writing a course, handing it in, and the sales it makes."""

import re
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.courses import actions as writing
from lms.domain.courses import approval, checks
from lms.domain.courses import queries as courses
from lms.domain.courses.models import STATES, Course, Lesson
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.formats import markdown
from tests.conftest import announce, publish, sell

DETAILS = dict(
    title="How chains work", summary="In short.", description="At length.", subject="Technology", language="en", price="80.00", reward_bp="2"
)


@pytest.fixture
def browser(log_in, tea):
    return log_in(tea)


@pytest.fixture
def draft(tea):
    """A draft of tea's with one section and one lesson."""
    with transaction():
        course = writing.create(tea, "Knots")
        section = writing.add_section(course, "First knots")
        writing.add_lesson(section, "The bowline", "Make a *loop*.", slug="the-bowline")
    return course


def lesson_of(course):
    return courses.lesson_to_edit(course, "the-bowline")


def typed(lesson, **changes):
    return dict(title=lesson.title, body="New words.", minutes="12", version=str(lesson.version)) | changes


# Who may


def test_a_visitor_is_asked_to_log_in(client):
    answer = client.get("/teach/")
    assert answer.status_code == 302 and "/log-in" in answer.location


@pytest.mark.parametrize("path", ["/teach/", "/teach/new", "/teach/sales", "/teach/courses/how-chains-work"])
def test_a_student_is_refused(log_in, ana, course, path):
    answer = log_in(ana).get(path)
    assert answer.status_code == 403
    assert "Only teachers work here" in answer.text


def test_somebody_elses_course_does_not_exist(log_in, member, course):
    other = log_in(member("tom", role="teacher"))
    for path in ("", "/details", "/lessons/lesson-1", f"/sections/{course.sections[0].id}"):
        assert other.get(f"/teach/courses/{course.slug}{path}").status_code == 404
    for path in ("/submission", "/sections", "/lessons/lesson-1/removal", f"/sections/{course.sections[0].id}/place"):
        assert other.post(f"/teach/courses/{course.slug}{path}", data={"title": "Mine"}).status_code == 404


def test_a_section_of_another_course_does_not_exist(browser, course, draft):
    assert browser.get(f"/teach/courses/{draft.slug}/sections/{course.sections[0].id}").status_code == 404


# The list and a new course


@pytest.mark.parametrize("path", ["", "/place", "/removal", "/lessons"])
def test_a_section_no_row_can_be_does_not_exist(browser, draft, path):
    assert browser.post(f"/teach/courses/{draft.slug}/sections/{2**31}{path}", data={"title": "x"}).status_code == 404


def test_the_list_shows_each_course_with_its_state(browser, course, draft):
    page = browser.get("/teach/").text
    assert "How chains work" in page and "published" in page
    assert "Knots" in page and "draft" in page


def test_an_empty_list_says_what_to_do(browser):
    assert "You have no course yet" in browser.get("/teach/").text


def test_a_title_begins_a_course(browser, tea):
    answer = browser.post("/teach/new", data={"title": "  Bread  and\x00 water "})
    assert answer.status_code == 303
    assert courses.taught_by(tea).items[0].title == "Bread and water"


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
def test_a_course_without_a_proper_title_is_not_begun(browser, title):
    answer = browser.post("/teach/new", data={"title": title})
    assert answer.status_code == 422
    assert db.session.query(Course).count() == 0


# Details


@pytest.mark.parametrize(
    ("typed_price", "cents"),
    [("80.00", 8000), ("80,00", 8000), ("80", 8000), ("0", 0), ("1.1", 110), ("33.33", 3333), (" 99.99 € ", 9999), ("10000", 1_000_000)],
)
def test_a_price_is_read_exactly(browser, draft, typed_price, cents):
    assert browser.post(f"/teach/courses/{draft.slug}/details", data=DETAILS | {"price": typed_price}).status_code == 303
    assert db.session.get(Course, draft.id).price == cents


def test_the_summary_is_said_to_be_needed(browser, draft):
    label = re.search(r'<label[^>]* for="summary">.*?</label>', browser.get(f"/teach/courses/{draft.slug}/details").text)[0]
    assert "needed before you submit" in label and ">optional<" not in label


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("NaN", "Write a number such as 80.00"),
        ("inf", "Write a number such as 80.00"),
        ("1e3", "Write a number such as 80.00"),
        ("eighty", "Write a number such as 80.00"),
        ("1.000,00", "Write a number such as 80.00"),
        ("٣٠", "Write a number such as 80.00"),
        ("9" * 400, "Write a number such as 80.00"),
        ("-1", "This cannot be below zero"),
        ("80.001", "Use at most two decimals"),
        ("10000.01", "The most is 10000 €"),
        ("0.01", "A course costs at least 1.00 EUR, or nothing at all."),
        ("0.99", "A course costs at least 1.00 EUR, or nothing at all."),
        ("99999999999999999", "The most is 10000 €"),
        ("", "Write a price; 0 makes the course free"),
    ],
)
def test_a_price_that_is_none_is_refused_and_nothing_typed_is_lost(browser, draft, wrong, sentence):
    answer = browser.post(f"/teach/courses/{draft.slug}/details", data=DETAILS | {"price": wrong, "summary": "Kept as typed."})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Kept as typed." in answer.text and f'value="{wrong}"' in answer.text
    assert db.session.get(Course, draft.id).price == 0


@pytest.mark.parametrize(("percent", "basis_points"), [("2", 200), ("1,25", 125), ("0.5 %", 50), ("0", 0)])
def test_a_reward_is_read_into_basis_points(browser, draft, percent, basis_points):
    browser.post(f"/teach/courses/{draft.slug}/details", data=DETAILS | {"reward_bp": percent})
    assert db.session.get(Course, draft.id).reward_bp == basis_points


@pytest.mark.parametrize("percent", ["2.01", "-0.5", "1.255", "NaN", "two"])
def test_a_reward_out_of_bounds_is_refused(browser, draft, percent):
    assert browser.post(f"/teach/courses/{draft.slug}/details", data=DETAILS | {"reward_bp": percent}).status_code == 422


def test_the_rules_in_force_say_how_far_a_teacher_may_go(browser, draft):
    announce(purchase_max_bp=150, discount_levels_bp=(500, 750))
    place = f"/teach/courses/{draft.slug}/details"
    assert "up to 2\u00a0%" in browser.get(place).text and '<option selected value="1000">10 %</option>' in browser.get(place).text
    clock.advance(timedelta(days=20, minutes=1))
    page = browser.get(place).text
    assert "up to 1.5\u00a0%" in page and '<option selected value="750">7.5 %</option>' in page and 'value="1000"' not in page
    answer = browser.post(place, data=DETAILS | {"reward_bp": "1.51", "discount_bp": "500"})
    assert answer.status_code == 422 and "The purchase reward is between 0 and 1.5 %." in answer.text and 'value="1.51"' in answer.text
    assert browser.post(place, data=DETAILS | {"reward_bp": "1.5", "discount_bp": "1000"}).status_code == 422
    assert browser.post(place, data=DETAILS | {"reward_bp": "1.5", "discount_bp": "750"}).status_code == 303
    course = db.session.get(Course, draft.id)
    assert (course.reward_bp, course.discount_bp) == (150, 750)


def test_the_editor_shows_what_is_saved(browser, course):
    page = browser.get(f"/teach/courses/{course.slug}/details").text
    assert 'value="80.00"' in page and 'value="2.00"' in page and "This course is published" in page


def test_a_published_course_changes_at_once(browser, course):
    browser.post(f"/teach/courses/{course.slug}/details", data=DETAILS | {"price": "90"})
    changed = db.session.get(Course, course.id)
    assert (changed.price, changed.state) == (9000, "published")


# Sections and lessons


def test_a_section_and_a_lesson_are_added(browser, draft):
    browser.post(f"/teach/courses/{draft.slug}/sections", data={"title": "Second knots"})
    section = courses.by_slug(draft.slug).sections[-1]
    answer = browser.post(
        f"/teach/courses/{draft.slug}/sections/{section.id}/lessons",
        data={"title": "The sheet bend", "body": "Two ropes.\r\nOne knot.", "minutes": "7", "is_preview": "y"},
    )
    assert answer.status_code == 303
    lesson = db.session.query(Lesson).filter_by(title="The sheet bend").one()
    assert (lesson.body, lesson.minutes, lesson.is_preview) == ("Two ropes.\nOne knot.", 7, True)
    assert db.session.get(Course, draft.id).lesson_count == 2


def test_a_lesson_that_cannot_be_added_keeps_its_text(browser, draft):
    section = draft.sections[0]
    answer = browser.post(
        f"/teach/courses/{draft.slug}/sections/{section.id}/lessons", data={"title": "", "body": "An hour of work.", "minutes": "0"}
    )
    assert answer.status_code == 422
    assert "An hour of work." in answer.text and "A lesson takes 1 to 600 minutes" in answer.text


TOO_LONG_OR_SHORT, NO_NUMBER = "A lesson takes 1 to 600 minutes.", "Not a valid integer value."


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [
        ("-1", TOO_LONG_OR_SHORT),
        ("601", TOO_LONG_OR_SHORT),
        ("9" * 30, TOO_LONG_OR_SHORT),
        pytest.param("9" * 5000, NO_NUMBER, id="5000 digits"),
        ("NaN", NO_NUMBER),
        ("1e3", NO_NUMBER),
        ("1.5", NO_NUMBER),
    ],
)
def test_a_lesson_takes_minutes_that_there_are(browser, draft, minutes, sentence):
    before = lesson_of(draft).minutes
    answer = browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson_of(draft), minutes=minutes))
    assert answer.status_code == 422
    assert sentence in answer.text and "New words." in answer.text
    db.session.expire_all()
    assert lesson_of(draft).minutes == before


def test_sections_are_renamed_and_moved(browser, draft):
    browser.post(f"/teach/courses/{draft.slug}/sections", data={"title": "Second"})
    _first, second = courses.by_slug(draft.slug).sections
    browser.post(f"/teach/courses/{draft.slug}/sections/{second.id}", data={"title": "Now first"})
    browser.post(f"/teach/courses/{draft.slug}/sections/{second.id}/place", data={"direction": "up"})
    db.session.expire_all()
    assert [section.title for section in courses.by_slug(draft.slug).sections] == ["Now first", "First knots"]


def test_lessons_are_moved(browser, course):
    browser.post(f"/teach/courses/{course.slug}/lessons/lesson-1/place", data={"direction": "down"})
    db.session.expire_all()
    assert [lesson.title for lesson in courses.by_slug(course.slug).lessons][:2] == ["Lesson 2", "Lesson 1"]


def test_a_lesson_is_removed(browser, draft):
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline/removal")
    db.session.expire_all()
    assert db.session.query(Lesson).count() == 0
    assert db.session.get(Course, draft.id).lesson_count == 0


def test_a_lesson_somebody_has_completed_stays(browser, ana, course):
    sell(ana, course)
    with transaction():
        enrolment = db.session.query(Enrolment).one()
        lesson = courses.lesson(course, "lesson-2")
        db.session.add(LessonCompletion(enrolment_id=enrolment.id, lesson_id=lesson.id, completed_at=enrolment.enrolled_at))
    answer = browser.post(f"/teach/courses/{course.slug}/lessons/lesson-2/removal")
    assert answer.status_code == 409 and "Students have completed this lesson" in answer.text
    assert db.session.query(Lesson).count() == 4


def test_a_section_with_lessons_stays(browser, draft):
    answer = browser.post(f"/teach/courses/{draft.slug}/sections/{draft.sections[0].id}/removal")
    assert answer.status_code == 409 and "Move or remove its lessons first" in answer.text


# The editor of a lesson


def test_a_lesson_is_saved(browser, draft):
    lesson = lesson_of(draft)
    answer = browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson, title="Bowline"))
    assert answer.status_code == 303
    db.session.expire_all()
    assert (lesson_of(draft).title, lesson_of(draft).body, lesson_of(draft).minutes) == ("Bowline", "New words.", 12)


def test_the_second_of_two_tabs_is_told_and_keeps_its_text(browser, draft):
    opened = typed(lesson_of(draft))
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened | {"body": "First tab."})
    answer = browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened | {"body": "Second tab."})
    assert answer.status_code == 422
    assert "saved in another window" in answer.text
    assert "First tab." in answer.text and "Second tab." in answer.text
    db.session.expire_all()
    assert lesson_of(draft).body == "First tab."


def test_saving_again_after_being_told_replaces(browser, draft):
    opened = typed(lesson_of(draft))
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened)
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened | {"body": "Second tab.", "version": "2"})
    db.session.expire_all()
    assert lesson_of(draft).body == "Second tab."


def test_the_told_editor_carries_the_newer_version(browser, draft):
    opened = typed(lesson_of(draft))
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened)
    assert 'name="version" type="hidden" value="2"' in browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=opened).text


def test_a_preview_saves_nothing_and_keeps_what_was_typed(browser, draft):
    lesson = lesson_of(draft)
    answer = browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson, body="A **loop**.", preview="1"))
    assert answer.status_code == 200
    assert "<strong>loop</strong>" in answer.text and "A **loop**." in answer.text
    db.session.expire_all()
    assert lesson_of(draft).body == "Make a *loop*."


def test_a_preview_for_htmx_is_the_preview_alone(browser, draft):
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    section = draft.sections[0].id
    answer = browser.post(f"/teach/courses/{draft.slug}/sections/{section}/lessons", data={"body": "*Now*", "preview": "1"}, headers=headers)
    assert answer.text.strip().startswith('<section id="preview">')
    assert "<em>Now</em>" in answer.text and "<form" not in answer.text


@pytest.mark.parametrize("asked", [{}, {"preview": "1"}])
def test_a_text_that_would_take_seconds_to_show_is_refused_and_kept(browser, draft, asked):
    text = "![" * (checks.MOST_BRACKETS + 1)
    answer = browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson_of(draft), body=text) | asked)
    assert answer.status_code == 422
    assert "A text has at most 2000 of the bracket “[”" in answer.text and text in answer.text
    db.session.expire_all()
    assert lesson_of(draft).body == "Make a *loop*."


def test_a_preview_is_rendered_with_no_row_locked(browser, draft, monkeypatch):
    held = []
    monkeypatch.setattr(markdown, "render", lambda text: held.append(db.engine.pool.checkedout()) or "")
    browser.post(f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson_of(draft), preview="1"))
    assert held == [0]


def test_a_script_in_a_lesson_is_shown_as_text(browser, draft):
    page = browser.post(
        f"/teach/courses/{draft.slug}/lessons/the-bowline", data=typed(lesson_of(draft), body="<script>alert(1)</script>", preview="1")
    ).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_the_editor_of_a_published_course_says_that_what_is_saved_is_seen_at_once(browser, draft, course):
    said = "This course is published: what you save is seen at once."
    assert said in browser.get(f"/teach/courses/{course.slug}/lessons/lesson-1").text
    assert said in browser.get(f"/teach/courses/{course.slug}/sections/{course.sections[0].id}/lessons").text
    assert said not in browser.get(f"/teach/courses/{draft.slug}/lessons/the-bowline").text


# Handing in


@pytest.mark.parametrize("state", STATES)
def test_a_course_may_be_seen_as_students_do_in_every_state(browser, draft, state):
    with transaction():
        draft.state = state
    page = browser.get(f"/teach/courses/{draft.slug}").text
    assert "See it as students do" in page and f'href="/courses/{draft.slug}"' in page
    assert browser.get(f"/courses/{draft.slug}").status_code == 200


def test_a_finished_course_is_handed_in(browser, draft):
    browser.post(f"/teach/courses/{draft.slug}/details", data=DETAILS)
    assert browser.post(f"/teach/courses/{draft.slug}/submission").status_code == 303
    assert db.session.get(Course, draft.id).state == "submitted"
    assert "An admin is reading the course." in browser.get(f"/teach/courses/{draft.slug}").text


def test_an_unfinished_course_is_not_handed_in(browser, draft):
    answer = browser.post(f"/teach/courses/{draft.slug}/submission")
    assert answer.status_code == 409 and "needs a summary" in answer.text


def test_the_admins_comment_is_shown(browser, draft, ada):
    with transaction():
        draft.summary = "In short."
        approval.submit(draft)
        approval.give_back(draft, ada, "Show the knot from both sides.")
    page = browser.get(f"/teach/courses/{draft.slug}").text
    assert "Show the knot from both sides." in page and "Submit the course" in page


# Sales


def test_a_sale_shows_its_split(browser, ana, course):
    sell(ana, course)
    page = browser.get("/teach/sales").text
    assert "How chains work" in page and "80.00 €" in page and "40.00 €" in page and "Bronze" in page and "maturing" in page


def test_without_a_sale_the_page_says_so(browser):
    assert "No sale yet" in browser.get("/teach/sales").text


def test_another_teachers_sales_are_not_shown(browser, ana, member):
    sell(ana, publish(member("tom", role="teacher"), "Tom's course", 5000))
    assert "Tom's course" not in browser.get("/teach/sales").text


def test_the_sales_fragment_is_the_pages_block(app, tea, ana, course):
    from lms import live

    sell(ana, course)
    message = live.shown(tea.id, ["sales"])["sales"]
    assert 'hx-target="#sales"' in message and "How chains work" in message and "40.00" in message
    assert "<form" not in message


@pytest.mark.parametrize("count", [10, 10_000])
def test_the_page_of_sales_sends_five_statements_at_any_size(browser, tea, ana, course, statements, count):
    with transaction():
        many_sales(tea, course, count)
    with statements() as seen:
        answer = browser.get("/teach/sales")
    assert answer.status_code == 200 and f"{count} in all" in answer.text
    assert len(seen) <= 5, "\n\n".join(seen)
    assert len(seen) == SEEN.setdefault("sales", len(seen))


SEEN = {}


def many_sales(teacher, course, count):
    """Paid orders with their share's transfer and lot, as mark_paid leaves them."""
    from sqlalchemy import text

    for statement in (
        """INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at)
           SELECT 'buyer' || n || '@example.org', 'Buyer', '', 'student', 'en', 'UTC', now() FROM generate_series(1, :count) n""",
        """INSERT INTO orders (key, buyer_id, course_id, teacher_id, state, currency, list_price, coupon_off, price, level_bp, discount, vat, vat_bp, share, tier,
               reward_bp, rule_version, placed_at, paid_at, reserved, decided_at, decided_how, is_accepted, splits, net, bonus, matures_at)
           SELECT 'k', id, :course, :teacher, 'paid', 'EUR', 8000, 0, 8000, 0, 0, 0, 0, 4000, 'Bronze', 0, 1, now(), now(),
               0, now(), 'no discount', false, 1, 4000, 0, now() + interval '14 days' FROM users WHERE email LIKE 'buyer%'""",
        r"""INSERT INTO transfers (key, source_id, target_id, asset, amount, at, reason, evidence, rule_version)
           SELECT 'order\:' || o.id || '\:share\:1', s.id, t.id, 'EUR', 4000, now(), 'share', '{"by": "test"}', 1 FROM orders o
           JOIN accounts s ON s.user_id IS NULL AND s.asset = 'EUR' AND s.name = 'escrow'
           JOIN accounts t ON t.user_id = :teacher AND t.asset = 'EUR' AND t.name = 'maturing'""",
        r"""INSERT INTO lots (transfer_id, user_id, amount, matures_at) SELECT id, :teacher, amount, now() + interval '14 days' FROM transfers WHERE key LIKE 'order\:%'""",
    ):
        wanted = {name: value for name, value in (("count", count), ("course", course.id), ("teacher", teacher.id)) if f":{name}" in statement}
        db.session.execute(text(statement), wanted)


def test_a_submitted_course_stays_as_it_is_until_it_is_taken_back(browser, draft):
    with transaction():
        draft.summary, draft.state, draft.submitted_at = "About knots.", "submitted", clock.now()
    path = f"/teach/courses/{draft.slug}"
    page = browser.get(path).text
    assert "Until the decision it stays as it is." in page
    assert "Add a lesson" not in page and "New section" not in page
    browser.post(f"{path}/withdrawal")
    assert "Add a lesson" in browser.get(path).text
    db.session.refresh(draft)
    assert (draft.state, draft.submitted_at) == ("draft", None)


def test_only_a_submitted_course_is_taken_back(browser, draft):
    answer = browser.post(f"/teach/courses/{draft.slug}/withdrawal")
    assert answer.status_code == 409 and "not waiting for a decision" in answer.text
