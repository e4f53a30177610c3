"""A form that is too big, sent to the web server as it runs."""

import http.client

import pytest
from playwright.sync_api import expect

SENTENCE = "That is too big to send. The most is 1 MB."


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_who_sends_ten_megabytes_reads_that_it_is_too_much(site, connection):
    """Also one whose connection ends with the answer, as a proxy's may."""
    body = b"email=" + b"x" * 10_000_000
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Connection": connection}
    web = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    web.request("POST", "/log-in", body, headers)
    answer = web.getresponse()
    assert answer.status == 413 and SENTENCE in answer.read().decode()


def test_a_teacher_whose_lesson_is_too_big_is_told_so(seeded, window, ask):
    page = window(seeded("teacher"))
    ((slug, lesson),) = ask(
        "SELECT c.slug, l.slug FROM lessons l JOIN courses c ON c.id = l.course_id JOIN users u ON u.id = c.teacher_id WHERE u.email = 'teacher@example.org' ORDER BY l.id LIMIT 1"
    )
    page.goto(f"/teach/courses/{slug}/lessons/{lesson}")
    page.evaluate("document.querySelector('[name=body]').removeAttribute('maxlength')")
    page.evaluate("document.querySelector('[name=body]').value = 'x'.repeat(10_000_000)")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(SENTENCE)).to_be_visible()
