"""Parts of a page that change by themselves, while the rest and what is typed stay."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from lms.db import PAGE


@pytest.fixture
def new_lesson(seeded):
    """(the teacher, the address of an editor for a lesson of his draft)"""
    teacher = seeded("teacher")
    slug = re.search(r"/teach/courses/([\w-]+)", teacher.send("/teach/new", title=f"Arches {secrets.token_hex(2)}").url)[1]
    page = teacher.send(f"/teach/courses/{slug}", to=f"/teach/courses/{slug}/sections", title="Stone").text
    return teacher, re.search(rf'href="(/teach/courses/{slug}/sections/\d+/lessons)"', page)[1]


def test_a_lesson_is_previewed_beside_what_is_typed_and_not_saved(new_lesson, window, unreloaded, ask):
    teacher, address = new_lesson
    page, title = window(teacher), f"The keystone {secrets.token_hex(2)}"
    page.goto(address)
    unreloaded(page)
    for typed, tag in (("It goes in **last**.", "strong"), ("It carries *all*.", "em")):
        preview(page, title, typed)
        expect(page.locator(f"#preview .prose {tag}")).to_be_visible()
        expect(page.get_by_label("Text")).to_have_value(typed)
        expect(page.get_by_label("Title")).to_have_value(title)
    assert saved(ask, title) == []


def test_a_lesson_that_was_previewed_is_saved_as_it_was_typed(new_lesson, window, ask):
    teacher, address = new_lesson
    page, title = window(teacher), f"The arch {secrets.token_hex(2)}"
    page.goto(address)
    preview(page, title, "It goes in **last**.")
    expect(page.locator("#preview .prose strong")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("/teach/courses/[^/]+$"))
    assert saved(ask, title) == [("It goes in **last**.",)]


def preview(page, title, text):
    page.get_by_label("Title").fill(title)
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Preview").click()


def saved(ask, title):
    return ask("SELECT body FROM lessons WHERE title = %s", title)


def test_the_catalogue_follows_what_is_typed(page, unreloaded):
    page.goto("/courses")
    unreloaded(page)
    search, titles = page.get_by_label("Search courses"), page.locator("#results .course-title")
    everything = titles.count()
    search.press_sequentially("florence", delay=30)
    expect(titles).to_have_text(["Renaissance in Florence"])
    expect(search).to_be_focused()
    expect(search).to_have_value("florence")
    expect(page).to_have_url(re.compile(r"/courses\?q=florence"))
    search.clear()
    expect(titles).to_have_count(everything)
    expect(search).to_be_focused()


def test_what_is_typed_into_the_search_and_then_sent_is_one_step_back(page):
    page.goto("/terms")
    page.goto("/courses")
    search, titles = page.get_by_label("Search courses"), page.locator("#results .course-title")
    for word in ("bl", "florence"):
        search.fill(word)
        expect(page).to_have_url(re.compile(rf"/courses\?q={word}"))
    expect(titles).to_have_text(["Renaissance in Florence"])
    with page.expect_response(re.compile("q=florence")):
        search.press("Enter")
    page.wait_for_timeout(200)  # the address is written after the answer
    page.go_back()
    expect(page).to_have_url(re.compile("/terms"))


@pytest.fixture
def many_courses(ask):
    """As many about beekeeping as fill a page and a half of the catalogue."""
    made = ask(
        """INSERT INTO courses (slug, teacher_id, title, summary, description, subject, language, price, reward_bp, discount_bp, lesson_count, state, comment, created_at, published_at)
           SELECT 'bees-' || n, (SELECT min(id) FROM users WHERE role = 'teacher'), 'Beekeeping ' || n, '', '', '', 'en', 0, 0, 0, 0, 'published', '', now(), now() - n * interval '1 year'
           FROM generate_series(1, %s) n RETURNING id""",
        PAGE * 3 // 2,
    )
    yield
    ask("DELETE FROM courses WHERE id = ANY(%s) RETURNING id", [number for (number,) in made])


def test_another_page_of_the_catalogue_takes_the_place_of_the_first_alone(page, unreloaded, many_courses):
    page.goto("/courses?q=beekeeping")
    unreloaded(page)
    titles = page.locator("#results .course-title")
    expect(titles).to_have_count(PAGE)
    page.get_by_role("link", name="Next").click()
    expect(titles).to_have_count(PAGE // 2)
    expect(page).to_have_url(re.compile(r"q=beekeeping.*page=2|page=2.*q=beekeeping"))
    expect(page.get_by_label("Search courses")).to_have_value("beekeeping")
    page.get_by_role("link", name="Previous").click()
    expect(titles).to_have_count(PAGE)
