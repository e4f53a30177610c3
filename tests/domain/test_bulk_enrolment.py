"""A list of addresses is read, judged line by line, and enrols who can be: once, for nothing."""

import pytest

from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.audit.models import LogEntry
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.learning import bulk_enrolment, queries
from lms.domain.learning.bulk_enrolment import Line
from lms.domain.learning.models import Enrolment
from lms.domain.notices.models import Notice
from lms.domain.rewards.models import Grant
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Invalid
from tests.conftest import sell, take_part

SHA256 = "ab" * 32


def lines(*emails):
    return [Line(number, email) for number, email in enumerate(emails, start=2)]


def enroll(course, ada, *emails):
    with transaction():
        return bulk_enrolment.enroll_all(course, lines(*emails), ada, SHA256)


def outcomes(course, *emails):
    return [verdict.outcome for verdict in bulk_enrolment.judge(course, lines(*emails))]


# Read


@pytest.mark.parametrize(
    "data",
    [b"email;name\nana@example.org;Ana\n", b"\xef\xbb\xbfEmail,Name\r\nana@example.org,Ana", b"name , EMAIL\n Ana,  ana@example.org\n", b'name;email\r"Ana";"ana@example.org"\r;\r'],
    ids=["semicolons", "commas, byte order mark", "another order, blanks", "quotes, old line ends, an empty line"],
)
def test_it_is_read_as_spreadsheets_write_it(data):
    assert bulk_enrolment.read(data) == [Line(2, "ana@example.org", "Ana")]


def test_addresses_alone_are_a_list():
    assert bulk_enrolment.read(b"email\n\nana@example.org\n") == [Line(3, "ana@example.org")]


@pytest.mark.parametrize("line", ["ana@example.org;Ana;Rossi", "ana@example.org", '"ana@example.org;Ana', '"ana"@example.org;Ana'])
def test_a_line_that_is_not_as_its_head_says_is_none_and_ends_nothing(line):
    assert bulk_enrolment.read(f"email;name\n{line}\nbruno@example.org;Bruno".encode()) == [Line(2, None), Line(3, "bruno@example.org", "Bruno")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The first line of a list names its columns"),
        (b"address;name\nana@example.org;Ana", "The first line of a list names its columns"),
        (b"email;email\nana@example.org;Ana", "The first line of a list names its columns"),
        (b"email\n\n ; \n", "There is no address in this list."),
        ("email;name\nana@example.org;Città".encode("latin-1"), "This file is no text in UTF-8."),
        ("email\nana@example.org".encode("utf-16"), "This file is no text in UTF-8."),
        (b"email\nana@\0example.org", "This file is no text in UTF-8."),
        (b"email\n" + b"a@b.c\n" * 2001, "A list has at most 2000 lines, and this one has 2001."),
        (b"email;name\na@b.c;" + b"x" * 1_000_000, "A list has at most 1 MB."),
    ],
    ids=["nothing", "no such column", "two of them", "no line", "latin 1", "utf 16", "a nought", "too many lines", "too large"],
)
def test_what_is_wrong_with_all_of_it_is_said(data, sentence):
    with pytest.raises(Invalid, match=sentence):
        bulk_enrolment.read(data)


def test_as_many_as_there_may_be_are_read():
    assert len(bulk_enrolment.read(b"email\n" + b"a@b.c\n" * 2000)) == 2000


# Judged


def test_each_line_is_judged(course, ana, bruno, tea, ada, member):
    member("vera", verified=False)
    with transaction():
        membership.suspend(member("sam"), ada, "We look into it.")
    take_part(bruno, course, lessons=0)
    asked = ("ANA@example.org ", "bruno@example.org", "nobody@example.org", "vera@example.org", "sam@example.org", "tea@example.org", "no address", None, "ana@example.org", "ada@example.org")
    assert outcomes(course, *asked) == ["new", "enrolled", "unknown", "unconfirmed", "suspended", "teacher", "malformed", "malformed", "duplicate", "new"]
    assert set(outcomes(course, *asked)) == set(bulk_enrolment.OUTCOMES)


@pytest.mark.parametrize("email", ["", "@", "ana@", "@example.org", "ana@exa@mple.org", "ana@example.org, bruno@example.org", f"{'a' * 65}@example.org", f"ana@{'a' * 191}"])
def test_what_cannot_be_an_address_is_malformed(course, email):
    assert outcomes(course, email) == ["malformed"]


def test_to_judge_writes_nothing_and_asks_twice_however_long_the_list_is(course, ana, bruno, statements):
    assert course.id  # read anew, after the commit
    with statements() as seen:
        bulk_enrolment.judge(course, lines("ana@example.org", "bruno@example.org", *(f"nobody{number}@example.org" for number in range(500))))
    assert len(seen) == 2
    assert db.session.query(Enrolment).count() == db.session.query(Notice).count() == 0


# Done


def test_who_can_be_is_enrolled_for_nothing_in_a_course_that_costs(course, ana, bruno, ada):
    assert enroll(course, ada, "ana@example.org", "nobody@example.org", "bruno@example.org", "ana@example.org") == 2
    found = db.session.query(Enrolment).order_by(Enrolment.user_id).all()
    assert [(enrolment.user_id, enrolment.paid, enrolment.order_id) for enrolment in found] == [(ana.id, 0, None), (bruno.id, 0, None)]


def test_the_same_list_twice_enrols_tells_and_notes_once(course, ana, ada):
    assert [enroll(course, ada, "ana@example.org") for _ in range(2)] == [1, 0]
    assert db.session.query(Enrolment).count() == 1
    notice, entry = db.session.query(Notice).one(), db.session.query(LogEntry).one()
    assert (notice.user_id, notice.kind, notice.facts) == (ana.id, "enrolled by us", {"course": course.title, "slug": course.slug})
    assert (entry.action, entry.subject, entry.by_id, entry.details) == ("members enrolled", f"course {course.id}", ada.id, {"title": course.title, "count": 1, "sha256": SHA256})


def test_who_is_enrolled_so_earns_no_teo(course, ana, ada):
    enroll(course, ada, "ana@example.org")
    enrolment = queries.enrolment(ana.id, course.id)
    with transaction():
        for lesson in courses.by_slug(course.slug).lessons:
            learning.complete_lesson(enrolment, lesson)
    assert enrolment.completed_at and db.session.query(Grant).filter(Grant.amount > 0).count() == 0


def test_whose_money_went_back_is_enrolled_again_and_told(course, ana, ada):
    sell(ana, course)
    with transaction():
        learning.end(queries.enrolment(ana.id, course.id))
    assert enroll(course, ada, "ana@example.org") == 1
    again = queries.enrolment(ana.id, course.id)
    assert (again.paid, again.order_id) == (0, None) and db.session.query(Notice).filter_by(kind="enrolled by us").count() == 1


def test_a_buyer_keeps_what_he_bought(course, ana, ada):
    order = sell(ana, course)
    assert enroll(course, ada, "ana@example.org") == 0
    assert queries.enrolment(ana.id, course.id).order_id == order.id


def test_who_buys_it_between_the_judgement_and_the_deed_keeps_what_he_bought(course, ana):
    order = sell(ana, course)
    with transaction():
        assert learning.enroll_unpaid([ana.id], course, rulebook.in_force()) == []
    assert queries.enrolment(ana.id, course.id).order_id == order.id


def test_a_course_that_is_not_published_takes_nobody(course, ana, ada):
    with transaction():
        course.state, course.published_at = "draft", None
    with pytest.raises(DomainError, match="not open for enrolment"):
        enroll(course, ada, "ana@example.org")


def test_only_an_admin_enrols_others(course, ana, tea):
    with pytest.raises(DomainError, match="Only an admin"):
        enroll(course, tea, "ana@example.org")
