"""Pages of who hands work in, who reviews it and who grades it."""

import re
from html import unescape

import pytest

from lms import clock, live
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.accounts.sessions import PROOF_LIFE
from lms.domain.audit.models import LogEntry
from lms.domain.checkout import refunds
from lms.domain.courses import actions as writing
from lms.domain.learning.exercise_models import PeerReview, Submission
from lms.domain.learning.exercises import MOST_ATTEMPTS
from lms.jobs import exercises as jobs
from tests.blueprints.test_evidence import words
from tests.conftest import PASSWORD, sell, take_part
from tests.domain.test_exercises import course as course
from tests.domain.test_exercises import give, grade, hand_in, lesson_of, order_of, review_all
from tests.domain.test_exercises import passed as passed

PAGE = "/learn/how-proofs-work/lesson-1/exercise"


@pytest.fixture
def work(ana, course, passed):
    sell(ana, course)
    return hand_in(ana, course, "Because **of that**.")


def test_a_lesson_leads_to_its_exercise_and_back(ana, course, log_in):
    take_part(ana, course, lessons=0)
    browser = log_in(ana)
    assert f'href="{PAGE}"' in browser.get("/learn/how-proofs-work/lesson-1").text
    assert "Exercise" not in browser.get("/learn/how-proofs-work/lesson-2").text
    page = browser.get(PAGE)
    assert page.status_code == 200 and "Prove it." in page.text and 'href="/learn/how-proofs-work/lesson-1"' in page.text


def test_work_is_handed_in_and_its_page_says_how_it_stands(ana, course, passed, log_in):
    sell(ana, course)
    browser = log_in(ana)
    sent = browser.post(PAGE, data={"text": "Because."}, follow_redirects=True)
    page = words(sent.text)
    assert "Handed in." in page and "in review" in page and "0 of 3 reviews are here" in page
    assert "<textarea" not in sent.text, "one attempt at a time"
    assert "in review" in words(browser.get("/learn/how-proofs-work/lesson-1").text)


@pytest.mark.parametrize("text", ["", "   ", "[" * 2001])
def test_what_is_refused_is_still_in_the_form(ana, course, log_in, text):
    take_part(ana, course, lessons=0)
    page = log_in(ana).post(PAGE, data={"text": text})
    assert page.status_code == 422 and text.strip() in unescape(page.text) and 'aria-invalid="true"' in page.text


def test_a_refusal_of_the_rules_loses_nothing(ana, course, passed, log_in):
    take_part(ana, course, lessons=0)
    hand_in(ana, course, "First")
    page = log_in(ana).post(PAGE, data={"text": "A second one, typed in another tab"})
    assert page.status_code == 409 and "being reviewed" in page.text and "A second one, typed in another tab" in page.text


def test_only_who_is_enrolled_sees_the_exercise(bruno, course, log_in, client):
    assert client.get(PAGE).status_code == 302
    assert log_in(bruno).get(PAGE).status_code == 403
    assert log_in(bruno).get("/learn/how-proofs-work/lesson-2/exercise").status_code == 404


def test_a_lesson_without_an_exercise_has_no_such_page(ana, course, log_in):
    take_part(ana, course, lessons=0)
    assert log_in(ana).get("/learn/how-proofs-work/lesson-2/exercise").status_code == 404
    assert log_in(ana).post("/learn/how-proofs-work/lesson-2/exercise", data={"text": "x"}).status_code == 404


def test_a_reviewer_finds_what_is_asked_and_says_what_he_thinks(work, ana, log_in):
    review = work.reviews[0]
    browser = log_in(review.reviewer)
    assert "1 work to review" in words(browser.get("/learn").text)
    assert "Lesson 1" in words(browser.get("/reviews").text)
    page = browser.get(f"/reviews/{review.id}").text
    assert "<strong>of that</strong>" in page and "Prove it." in page
    assert "Ana" not in page, "nobody sees whose work it is"
    sent = browser.post(f"/reviews/{review.id}", data={"score": "8", "comment": "Clear and short."}, follow_redirects=True)
    assert "+2.00 TEO" in words(sent.text) and "given" in words(sent.text)
    kept = words(browser.get(f"/reviews/{review.id}").text)
    assert "8 of 10" in kept and "Clear and short." in kept and "Send the review" not in kept


@pytest.mark.parametrize("wrong", [{"score": "11"}, {"score": "0"}, {"score": "five"}, {}, {"comment": " "}])
def test_a_wrong_verdict_is_refused_and_its_words_are_kept(work, log_in, wrong):
    review = work.reviews[0]
    page = log_in(review.reviewer).post(f"/reviews/{review.id}", data={"comment": "A long thought.", **wrong})
    assert page.status_code == 422
    assert "A long thought." in page.text or "comment" in wrong
    assert db.session.get(PeerReview, review.id).given_at is None


def test_what_is_asked_of_one_is_nobody_elses(work, ana, bruno, log_in, client):
    url = f"/reviews/{work.reviews[0].id}"
    assert client.get(url).status_code == 302
    for other in (ana, bruno):
        assert log_in(other).get(url).status_code == 404
        assert log_in(other).post(url, data={"score": "10", "comment": "Mine."}).status_code == 404


def test_who_is_not_waited_for_any_more_is_told_and_sees_no_work(work, log_in):
    review = work.reviews[0]
    with transaction():
        review.closed_at = review.asked_at
    page = log_in(review.reviewer).get(f"/reviews/{review.id}").text
    assert "does not wait for you any more" in page and "of that" not in page
    assert "Lesson 1" not in words(log_in(review.reviewer).get("/reviews").text)


def test_who_forgot_the_score_is_led_to_it(work, log_in):
    review = work.reviews[0]
    page = log_in(review.reviewer).post(f"/reviews/{review.id}", data={"comment": "A long thought."}).text
    focused = re.findall(r"<(?:input|textarea)[^>]* autofocus[^>]*>", page)
    assert len(focused) == 1 and 'id="score-0"' in focused[0]


@pytest.mark.parametrize("score", [{"score": "7"}, {}])
def test_words_for_what_waits_no_more_are_given_back(work, log_in, score):
    """He wrote them while his time ran out, or in two windows."""
    closed, given = work.reviews[:2]
    give(given, 7)
    with transaction():
        closed.closed_at = closed.asked_at
    for review in (closed, given):
        page = log_in(review.reviewer).post(f"/reviews/{review.id}", data={"comment": "An hour's thought.", **score})
        assert page.status_code in (409, 422) and "An hour's thought." in unescape(page.text) and "<textarea" not in page.text


def test_words_for_work_whose_author_is_gone_are_given_back(ana, tea, course, log_in):
    order = sell(ana, course)
    work = hand_in(ana, course)
    with transaction():
        refunds.refund(order)
    browser, url = log_in(tea), f"/teach/exercises/{work.id}"
    assert "waits for no grade" in words(browser.get(url).text)
    page = browser.post(url, data={"comment": "An hour's thought.", "score": "7"})
    assert page.status_code == 409 and "An hour's thought." in unescape(page.text)


def test_the_author_reads_the_reviews_without_names_once_it_is_decided(work, ana, log_in):
    review_all(work, 3)
    browser = log_in(ana)
    assert "It says why." not in browser.get(PAGE).text, "the first would sway nobody, but it is not the result either"
    review_all_left(work, 4, 5)
    page = words(browser.get(PAGE).text)
    assert "not passed" in page and "Reviewer 1 · 3 of 10" in page and "4 of 10" in page and "Pia" not in page and "Tea" not in page.split("How it works")[0].split("Exercise", 2)[2]
    assert "Hand in again" in page
    assert "wait" not in words(browser.get("/notices").text) and "has not passed" in words(browser.get("/notices").text)


def test_who_has_used_up_his_attempts_reads_why_there_is_no_form(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    browser = log_in(ana)
    assert f"you may hand in again: {MOST_ATTEMPTS} times in all" in words(browser.get(PAGE).text)
    for number in range(MOST_ATTEMPTS):
        grade(hand_in(ana, course, f"Attempt {number}"), tea, 3)
    page = browser.get(PAGE).text
    assert "<textarea" not in page and "You have handed in 5 times, as often as one can." in words(page)
    assert "hand in again" not in words(browser.get("/notices").text), "the last one cannot"


def test_work_is_shown_with_its_task_when_the_lesson_has_none_any_more(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    grade(hand_in(ana, course), tea, 3)
    with transaction():
        writing.change_lesson(lesson_of(course), title="Lesson 1", body="", minutes=1, is_preview=False, exercise="")
    page = log_in(ana).get(PAGE).text
    assert "Prove it." in words(page) and "This lesson has no exercise any more." in words(page) and "<textarea" not in page


def test_the_open_page_of_work_that_fails_leads_on_and_is_its_authors_alone(work, ana, bruno, log_in):
    name = f"work:{work.id}"
    assert f'href="{PAGE}"' not in live.shown(ana.id, [name])[name] and name in log_in(ana).get(PAGE).text
    review_all(work, 3, 4, 5)
    shown = live.shown(ana.id, [name])[name]
    assert "not passed" in shown and f'href="{PAGE}"' in shown and "Hand in again" in shown
    assert name not in log_in(ana).get(PAGE).text, "that page has the form itself"
    for other in (bruno, work.reviews[0].reviewer):
        assert live.shown(other.id, [name]) == {}


def test_the_teacher_grades_what_too_few_may_review(ana, tea, course, log_in):
    sell(ana, course)
    work = hand_in(ana, course, "Because.")
    browser = log_in(tea)
    listed = words(browser.get("/teach/exercises").text)
    assert "Lesson 1" in listed and "Ana" in listed
    assert "Because." in browser.get(f"/teach/exercises/{work.id}").text
    sent = browser.post(f"/teach/exercises/{work.id}", data={"score": "7", "comment": "Good."}, follow_redirects=True)
    assert "No work waits for your grade." in sent.text
    kept = words(browser.get(f"/teach/exercises/{work.id}").text)
    assert "7 of 10" in kept and "Send the grade" not in kept
    page = words(log_in(ana).get(PAGE).text)
    assert "passed" in page and "Your teacher Good." in page
    assert "+2.00 TEO" in words(log_in(ana).get("/wallet").text)


def test_a_wrong_grade_is_refused_and_its_words_are_kept(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course)
    page = log_in(tea).post(f"/teach/exercises/{work.id}", data={"score": "12", "comment": "A long thought."})
    assert page.status_code == 422 and "A long thought." in page.text and db.session.get(Submission, work.id).is_open


def test_what_waits_for_one_teacher_is_nobody_elses(ana, course, member, log_in, client):
    take_part(ana, course, lessons=0)
    url = f"/teach/exercises/{hand_in(ana, course).id}"
    assert client.get(url).status_code == 302 and client.get("/teach/exercises").status_code == 302
    assert log_in(ana).get(url).status_code == 403
    other = log_in(member("tom", role="teacher"))
    assert other.get(url).status_code == 404 and other.post(url, data={"score": "1", "comment": "x"}).status_code == 404


def test_an_admin_finds_and_grades_what_waits_for_a_teacher_who_is_gone(ana, tea, ada, course, log_in):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course, "Because.")
    url = f"/teach/exercises/{work.id}"
    browser = log_in(ada)
    assert browser.get(url).status_code == 404
    assert "Work waits for a grade" not in words(browser.get("/admin/").text)
    with transaction():
        membership.suspend(tea, ada, "We look into it.")
    assert "Work waits for a grade" in words(browser.get("/admin/").text)
    assert "Lesson 1" in words(browser.get("/teach/exercises").text) and "Because." in browser.get(url).text
    sent = browser.post(url, data={"score": "7", "comment": "Good."}, follow_redirects=True)
    assert "No work waits for your grade." in sent.text and 'href="/admin/"' in sent.text


@pytest.fixture
def left(ana, tea, ada, course):
    """Work of Ana's that waits for an admin."""
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course, "Because.")
    with transaction():
        membership.suspend(tea, ada, "We look into it.")
    return work


def test_what_an_admin_grades_stands_in_the_log(left, ana, ada, log_in):
    log_in(ada).post(f"/teach/exercises/{left.id}", data={"score": "7", "comment": "Good."})
    row = db.session.query(LogEntry).filter_by(action="work graded").one()
    assert (row.subject, row.by_id, row.details) == (f"work {left.id}", ada.id, {"member": ana.id, "lesson": left.lesson_id, "score": 7, "result": "passed"})
    assert f"work {left.id} · 7 points" in log_in(ada).get("/admin/log").text


def test_an_admin_who_grades_gives_his_password_again_after_a_while(left, ada, log_in):
    browser, url = log_in(ada), f"/teach/exercises/{left.id}"
    clock.advance(PROOF_LIFE)
    graded = {"score": "7", "comment": 'Quite "good".'}
    asked = browser.post(url, data=graded)
    assert browser.get(url).status_code == 200
    assert asked.status_code == 422 and "Your password, please" in asked.text and "Quite &#34;good&#34;." in asked.text and left.is_open
    assert browser.post(url, data=graded | {"proof-password": PASSWORD}).status_code == 303
    db.session.expire_all()
    assert (left.state, left.feedback) == ("passed", 'Quite "good".')


def test_a_teacher_who_grades_is_asked_for_nothing_and_stands_in_no_log(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    work, browser = hand_in(ana, course), log_in(tea)
    clock.advance(PROOF_LIFE)
    assert browser.post(f"/teach/exercises/{work.id}", data={"score": "7", "comment": "Good."}).status_code == 303
    assert work.has_passed and db.session.query(LogEntry).count() == 0


def test_peers_work_is_not_the_teachers_to_grade(work, tea, log_in):
    assert log_in(tea).get(f"/teach/exercises/{work.id}").status_code == 404


def test_work_is_shown_as_text_and_no_script_runs(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course, "<script>alert(1)</script>")
    grade(work, tea, 3, "<img src=x onerror=alert(2)>")
    for page in (log_in(ana).get(PAGE).text, log_in(tea).get(f"/teach/exercises/{work.id}").text):
        assert "<script>alert" not in page and "<img src=x" not in page


def test_the_editor_keeps_shows_and_previews_an_exercise(tea, course, log_in):
    browser = log_in(tea)
    url = "/teach/courses/how-proofs-work/lessons/lesson-2"
    form = {"title": "Lesson 2", "body": "Words", "minutes": "3", "version": "1"}
    preview = browser.post(url, data={**form, "exercise": "Draw **a tree**.", "preview": "1"})
    assert preview.status_code == 200 and "<strong>a tree</strong>" in preview.text
    assert browser.post(url, data={**form, "exercise": "Draw **a tree**."}).status_code == 303
    assert "Draw **a tree**." in browser.get(url).text
    assert "exercise" in words(browser.get("/teach/courses/how-proofs-work").text)
    too_long = browser.post(url, data={**form, "version": "2", "exercise": "x" * 200_001})
    assert too_long.status_code == 422 and "200,000" in too_long.text


def test_a_lesson_with_work_on_it_cannot_be_removed(ana, tea, course, log_in):
    take_part(ana, course, lessons=0)
    hand_in(ana, course)
    page = log_in(tea).post("/teach/courses/how-proofs-work/lessons/lesson-1/removal", follow_redirects=True)
    assert "handed in work on it" in page.text


def test_the_finished_course_tells_what_exercises_brought(ana, tea, course, log_in):
    sell(ana, course)
    grade(hand_in(ana, course), tea, 9)
    browser = log_in(ana)
    for number in range(1, 5):
        browser.post(f"/learn/how-proofs-work/lesson-{number}/complete")
    assert "For exercises that passed" in words(browser.get("/learn/how-proofs-work").text)


def test_each_row_of_the_wallet_says_by_which_rule(work, log_in):
    review_all(work, 8)
    browser = log_in(work.reviews[0].reviewer)
    row = re.search(r'href="(/wallet/movements/\d+)"', browser.get("/wallet").text)[1]
    page = words(browser.get(row).text)
    assert "2.00 TEO to each reviewer of a work and to its author when it passes, at most 3 a day" in unescape(page).replace("\xa0", " ")
    assert "reviews may bring 4.00 TEO of this purchase, and had brought 0.00 TEO, so 4.00 TEO were left" in unescape(page).replace("\xa0", " ")
    assert "Order" not in page, "it would say whose work it was"


def test_what_goes_back_with_the_authors_refund_says_why_and_not_whose_work_it_was(work, log_in):
    order, reviewer = order_of(work.enrolment.user), work.reviews[0].reviewer
    review_all(work, 8)
    with transaction():
        refunds.refund(order)
    browser = log_in(reviewer)
    taken = browser.get(re.search(r'href="(/wallet/movements/\d+)"', browser.get("/wallet").text)[1]).text
    assert "−2.00 TEO" in words(taken) and "How proofs work" in words(taken)
    assert "Order" not in words(taken).replace("Refund of an order", "") and f"/orders/{order.id}" not in taken


@pytest.mark.parametrize(("path", "most"), [(PAGE, 10), ("/reviews", 6), ("/learn", 7)])
def test_pages_ask_a_fixed_number_of_statements(work, ana, member, course, tea, log_in, statements, path, most):
    reader = ana if path == PAGE else work.reviews[0].reviewer
    browser = log_in(reader)
    browser.get(path)
    with statements() as few:
        browser.get(path)
    for number in range(3):
        review_all(work, 1, 1, 1)
        work = hand_in(ana, course, f"Attempt {number}")
    with statements() as many:
        browser.get(path)
    assert len(many) == len(few) <= most, many


def test_the_job_asks_others_and_tells_them(app, work):
    with transaction():
        db.session.execute(db.text("UPDATE peer_reviews SET due_at = now() - interval '1 second' WHERE id = :id"), {"id": work.reviews[0].id})
    jobs.replace()
    jobs.replace()
    db.session.expire_all()
    assert [review.is_open for review in work.reviews] == [False, True, True, True]


def review_all_left(work, *scores):
    for review, score in zip([each for each in work.reviews if each.is_open], scores, strict=True):
        give(review, score)
