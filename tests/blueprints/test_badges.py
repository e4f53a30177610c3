"""Badges on pages: the finished course, my courses, the list, the page for everybody, and the picture to keep."""

import itertools
import re
from xml.etree import ElementTree

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.certificates import badges
from lms.domain.certificates.badge_models import Badge
from lms.domain.learning import actions as learning
from lms.domain.rulebook import queries as rulebook
from tests.blueprints.test_wallet import words
from tests.conftest import publish, take_part

SCRIPT = "<script>alert('x')</script> & “co”"
SVG = "{http://www.w3.org/2000/svg}"
SEEN = {}


@pytest.fixture
def free(tea):
    return publish(tea, "Bread for all", price=0)


@pytest.fixture
def badge(ana, free):
    take_part(ana, free)
    return badges.of_course(ana.id, free.id)


def many(user, courses, first=0):
    """Badges with the codes code-0, code-1 …, or from another number on."""
    with transaction():
        for number, course in enumerate(courses, first):
            facts = dict(title=course.title, teacher="Tea", code=f"code-{number}", earned_at=clock.now())
            db.session.add(Badge(user_id=user.id, course_id=course.id, **facts))


def drawn(client, badge):
    """(the words of the picture, its root)."""
    root = ElementTree.fromstring(client.get(f"/badges/{badge.code}.svg").data)
    return [text.text for text in root.iter(f"{SVG}text")], root


def test_the_last_lesson_of_a_free_course_ends_at_its_badge(log_in, ana, free):
    with transaction():
        learning.enroll_free(ana, free)
    client = log_in(ana)
    for number in (1, 2, 3, 4):
        page = client.post(f"/learn/{free.slug}/lesson-{number}/complete", follow_redirects=True).text
    code = badges.of_course(ana.id, free.id).code
    assert "Earned with this course A badge" in words(page) and "TEO" not in re.search("<main.*</main>", page, re.S)[0]
    assert f'href="/badges/{code}"' in page and f'href="/badges/{code}.svg"' in page


def test_the_end_of_a_bought_course_speaks_of_no_badge(log_in, ana, course):
    with transaction():
        enrolment = learning.enroll(ana.id, course, rulebook.in_force(), paid=course.price)
        for lesson in course.lessons:
            learning.complete_lesson(enrolment, lesson)
    page = log_in(ana).get(f"/learn/{course.slug}").text
    assert "Well done, Ana" in page and "badge" not in page


def test_its_page_says_to_everybody_who_earned_what_when_and_from_whom_and_that_it_is_no_money(client, badge):
    with transaction():
        badge.earned_at = badge.earned_at.replace(year=2026, month=2, day=3)
    page = client.get(f"/badges/{badge.code}").text
    said = words(page)
    for sentence in ("Bread for all", "Ana has completed this course.", "Earned by Ana", "Taught by Tea", "3 Feb 2026", "A badge is no money"):
        assert sentence in said
    assert f"http://localhost/badges/{badge.code}" in said and f'href="/courses/{badge.course.slug}"' in page
    assert "Your badges" not in said and "ana@example.org" not in page


def test_its_owner_finds_the_way_back_to_the_others(log_in, ana, bruno, badge):
    assert 'href="/badges"' in log_in(ana).get(f"/badges/{badge.code}").text
    assert 'href="/badges"' not in log_in(bruno).get(f"/badges/{badge.code}").text


@pytest.mark.parametrize("address", ["/badges/nothing", "/badges/nothing.svg", "/badges/%00", "/badges/1", "/badges/.svg", "/badges/" + "x" * 3000])
def test_an_unknown_code_is_not_found(client, badge, address):
    assert client.get(address).status_code == 404


def test_its_page_takes_one_statement(client, badge, statements):
    code = badge.code
    db.session.expire_all()
    with statements() as seen:
        assert client.get(f"/badges/{code}").status_code == 200
    assert len(seen) == 1


def test_a_suspended_members_badge_still_shows(client, ana, ada, badge):
    with transaction():
        membership.suspend(ana, ada, "We look into it.")
    assert "Earned by Ana" in words(client.get(f"/badges/{badge.code}").text)


def test_of_a_course_that_is_not_published_any_more_the_badge_stays_and_the_way_there_goes(client, badge):
    with transaction():
        badge.course.state = "draft"
    page = client.get(f"/badges/{badge.code}").text
    assert "Bread for all" in page and "/courses/" not in re.search("<main.*</main>", page, re.S)[0].replace('href="/courses"', "")


def test_what_people_wrote_is_escaped(client, log_in, ana, badge):
    with transaction():
        badge.title, badge.teacher, ana.name = SCRIPT, SCRIPT, SCRIPT
    for page in (client.get(f"/badges/{badge.code}").text, log_in(ana).get("/learn").text, client.get("/badges").text, client.get(f"/badges/{badge.code}.svg").text):
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_picture_says_the_same_and_is_saved_and_runs_nothing(client, badge):
    answer = client.get(f"/badges/{badge.code}.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=badge-{badge.course.slug}.svg"
    assert "sandbox; default-src 'none'" in answer.headers.getlist("Content-Security-Policy")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    said, root = drawn(client, badge)
    assert said[:4] == ["Badge", "Bread for all", "earned by Ana", "taught by Tea"] and len(said) == 6 and said[-1] == f"http://localhost/badges/{badge.code}"
    assert not [element for element in root.iter() if element.tag in (f"{SVG}script", f"{SVG}style") or any(name.startswith("on") or "href" in name for name in element.attrib)]


def test_the_picture_keeps_what_people_wrote_to_the_letter(client, ana, badge):
    with transaction():
        badge.title, ana.name = SCRIPT, SCRIPT
    said, root = drawn(client, badge)
    assert "".join(said).replace(" ", "").startswith(f"Badge{SCRIPT}earnedby{SCRIPT}taughtbyTea".replace(" ", ""))
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("title", ["A", "Wo" * 60, "WIDE LETTERS " * 9, "面包" * 60, "How bread is made, kept and shared in the mountains, and what it has to do with the price of salt in a year without rain"])
def test_the_longest_title_and_names_stay_within_the_picture(client, ana, badge, title):
    with transaction():
        badge.title, badge.teacher, ana.name = title.strip(), "W" * 80, "W" * 80
    _, root = drawn(client, badge)
    lines = [(int(text.get("y")), int(text.get("font-size"))) for text in root.iter(f"{SVG}text")]
    assert lines[0][0] - lines[0][1] > 60 and lines[-1][0] < 570
    assert all(after[0] - before[0] > after[1] for before, after in itertools.pairwise(lines))
    assert min(size for _, size in lines) >= 10
    assert all(len(text.text) * 0.55 * int(text.get("font-size")) < 700 for text in root.iter(f"{SVG}text"))


def test_my_courses_shows_a_members_own_badges(log_in, ana, bruno, badge):
    assert f'href="/badges/{badge.code}"' in log_in(ana).get("/learn").text
    assert "badges" not in log_in(bruno).get("/learn").text


def test_my_courses_shows_the_newest_six_and_leads_to_all(log_in, ana, tea):
    many(ana, [publish(tea, f"Course {number}", price=0, lessons=0) for number in range(6)])
    client = log_in(ana)
    assert "All badges" not in client.get("/learn").text
    many(ana, [publish(tea, "Course 6", price=0, lessons=0)], first=6)
    page = client.get("/learn").text
    assert re.findall(r'href="/badges/(code-\d)"', page) == [f"code-{number}" for number in (6, 5, 4, 3, 2, 1)]
    assert 'href="/badges"' in page


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize(("page", "most"), [("/learn", 6), ("/badges", 4)])
def test_however_many_there_are_the_pages_take_the_same_statements(log_in, ana, tea, statements, page, most, count):
    many(ana, [publish(tea, f"Course {number}", price=0, lessons=0) for number in range(count)])
    client = log_in(ana)
    with statements() as seen:
        assert "/badges/code-" in client.get(f"{page}?page=9").text
    assert len(seen) <= most
    assert len(seen) == SEEN.setdefault(page, len(seen))


def test_the_list_has_pages(log_in, ana, tea):
    many(ana, [publish(tea, f"Course {number}", price=0, lessons=0) for number in range(26)])
    client = log_in(ana)
    assert len(re.findall("/badges/code-", client.get("/badges").text)) == 24
    assert re.findall(r"/badges/(code-\d+)", client.get("/badges?page=2").text) == ["code-1", "code-0"]


def test_the_list_is_ones_own_and_says_so_when_it_is_empty(client, log_in, bruno, badge):
    assert client.get("/badges").status_code == 302
    page = log_in(bruno).get("/badges").text
    assert "You have no badge yet." in page and badge.code not in page and 'href="/courses?price=free"' in page
