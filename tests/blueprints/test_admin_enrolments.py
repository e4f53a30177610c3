"""Bulk enrolment by an admin: a dry run that writes nothing, and what it said done by one button."""

import hashlib
import io
import re
import time

import itsdangerous
import pytest

from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.audit.models import LogEntry
from lms.domain.learning.models import Enrolment
from lms.domain.notices.models import Notice
from lms.ui.notices import said
from tests.blueprints.test_wallet import words
from tests.conftest import take_part

PLACE = "/admin/enrolments"


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


def check(browser, course, data):
    return browser.post(f"{PLACE}/dry-run", data={"course": course, "file": (io.BytesIO(data), "list.csv")})


def judged(answer):
    return re.search(r'name="judged" value="([^"]+)"', answer.text)[1]


def enroll(browser, answer):
    return browser.post(PLACE, data={"judged": judged(answer)}, follow_redirects=True)


def test_the_members_page_leads_to_it_and_it_says_who_pays(browser, course):
    assert f'href="{PLACE}"' in browser.get("/admin/members").text
    page = browser.get(PLACE).text
    assert f'<option value="{course.slug}">{course.title}</option>' in page
    assert "These members pay nothing and earn no TEO with the course" in page


def test_a_dry_run_says_line_by_line_what_would_happen_and_writes_nothing(browser, course, ana, bruno, tea, ada, member):
    member("vera", verified=False)
    with transaction():
        membership.suspend(member("sam"), ada, "We look into it.")
    take_part(bruno, course, lessons=0)
    before = db.session.query(LogEntry).count()
    people = ["ana", "bruno", "nobody", "vera", "sam", "tea", "ana"]
    data = "email;name\n" + "".join(f"{name}@example.org;{name}\n" for name in people) + "no address;<b>=1+1</b>\n"
    page = check(browser, course.slug, data.encode()).text
    assert re.findall(r'data-label="What happens"><span class="state [a-z]+">(?:<i[^>]*></i>)?([^<]+)<', page) == [
        *("will be enrolled", "is enrolled already", "no such member", "address not confirmed"),
        *("suspended", "teaches this course", "stands above already", "cannot be read"),
    ]
    assert "<b>" not in page and "&lt;b&gt;=1+1" in page
    assert "80.00 €" in page and "1 will be enrolled" in words(page) and "no such member 1" in words(page)
    assert db.session.query(Enrolment).count() == 1
    assert db.session.query(Notice).filter_by(kind="enrolled by us").count() == 0 and db.session.query(LogEntry).count() == before


def test_what_it_said_is_done_by_one_button_once(app, browser, course, ana, bruno, ada):
    data = b"email\nana@example.org\nbruno@example.org\nnobody@example.org\n"
    answer = check(browser, course.slug, data)
    assert "Enrol 2 members" in answer.text
    assert f"2 members are enrolled in {course.title}." in enroll(browser, answer).text
    assert "Nobody was enrolled: all of them are already, or cannot be any more." in enroll(browser, answer).text
    assert {enrolment.user_id for enrolment in db.session.query(Enrolment)} == {ana.id, bruno.id}
    assert db.session.query(LogEntry).one().details["sha256"] == hashlib.sha256(data).hexdigest()
    with app.test_request_context():
        told = said(db.session.query(Notice).filter_by(user_id=ana.id).one())
    assert told.sentence == f"“{course.title}” is open to you. You pay nothing for it, and it earns no TEO." and told.href == f"/courses/{course.slug}"


def test_who_cannot_be_any_more_when_it_is_done_is_left_out(browser, course, ana, bruno, ada):
    answer = check(browser, course.slug, b"email\nana@example.org\nbruno@example.org\n")
    with transaction():
        membership.suspend(ana, ada, "We look into it.")
    assert "1 member is enrolled" in enroll(browser, answer).text
    assert db.session.query(Enrolment).one().user_id == bruno.id


def test_what_was_checked_long_ago_is_checked_again(browser, course, ana, ada, monkeypatch):
    answer, now = check(browser, course.slug, b"email\nana@example.org\n"), time.time()
    for hours, count in ((2, 0), (0.9, 1)):
        with monkeypatch.context() as patch:
            patch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda signer, hours=hours: int(now + hours * 3600))
            assert ("This is not what you checked. Choose the file again." in enroll(browser, answer).text) == (count == 0)
        assert db.session.query(Enrolment).count() == count


def test_where_nobody_can_be_there_is_no_button(browser, course):
    answer = check(browser, course.slug, b"email\nnobody@example.org\n")
    assert "Nobody on this list can be enrolled." in answer.text and 'name="judged"' not in answer.text


@pytest.mark.parametrize("sent", ["", "made.up", None])
def test_a_list_that_this_admin_did_not_check_enrols_nobody(log_in, course, ana, ada, member, sent):
    theirs = judged(check(log_in(member("otto", role="admin")), course.slug, b"email\nana@example.org\n"))
    answer = log_in(ada).post(PLACE, data={"judged": theirs if sent is None else sent})
    assert answer.status_code == 422 and "This is not what you checked. Choose the file again." in answer.text
    assert db.session.query(Enrolment).count() == 0


@pytest.mark.parametrize("course_address", ["{slug}", "/courses/{slug}", "https://school.example/courses/{slug}/"])
def test_a_course_is_named_by_its_address_or_the_last_part_of_it(browser, course, ana, course_address):
    assert "Enrol 1 member" in check(browser, course_address.format(slug=course.slug), b"email\nana@example.org\n").text


def test_a_draft_is_no_course_to_enrol_in_and_what_was_typed_stays(browser, course):
    with transaction():
        course.state, course.published_at = "draft", None
    answer = check(browser, course.slug, b"email\nana@example.org\n")
    assert answer.status_code == 422 and "There is no published course of this address." in answer.text
    assert f'value="{course.slug}"' in answer.text and "Choose the file once more" in answer.text


def test_a_field_left_empty_is_asked_for(browser):
    page = browser.post(f"{PLACE}/dry-run", data={"course": "", "file": (io.BytesIO(b""), "")}).text
    assert "Say which course." in page and "Choose a file." in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"name\nAna", "The first line of a list names its columns, and one of them is “email”."),
        (b"email\n", "There is no address in this list."),
        (b"email\n" + b"a@b.c\n" * 2001, "A list has at most 2000 lines, and this one has 2001."),
        (b"email\n" + b"a" * 1_100_000, "A list has at most 1 MB."),
        (b"email\n\xff", "This file is no text in UTF-8. Save the table as “CSV UTF-8”."),
    ],
)
def test_what_is_wrong_with_a_file_is_said_beside_it(browser, course, data, sentence):
    answer = check(browser, course.slug, data)
    assert answer.status_code == 422 and sentence in answer.text and f'value="{course.slug}"' in answer.text


def test_of_the_longest_list_all_are_enrolled(browser, course, ana, ada):
    """Its addresses fit into the form that is sent back."""
    addresses = "".join(f"{'a' * 40}.{number}@{'b' * 40}.example.org\n" for number in range(1999))
    answer = check(browser, course.slug, f"email\n{addresses}ana@example.org\n".encode())
    assert "1 member is enrolled" in enroll(browser, answer).text
