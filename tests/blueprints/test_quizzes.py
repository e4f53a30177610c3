"""Pages of who takes a quiz, and of the teacher who writes it."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.courses import actions as courses
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quiz_queries as written
from lms.domain.courses import quizzes as writing
from lms.domain.learning import queries as learning
from lms.domain.learning import quiz_queries as queries
from lms.domain.learning.models import Enrolment
from lms.formats import markdown
from tests.blueprints.test_evidence import words
from tests.conftest import publish, take_part
from tests.domain.test_attempts import ALL_RIGHT, ask, begin, choice, hand_in, lesson_of, limit, save, saved
from tests.domain.test_attempts import lesson as lesson

LESSON = "/learn/how-chains-work/lesson-1"
QUIZ = f"{LESSON}/quiz"
DESK = "/teach/courses/how-chains-work/lessons/lesson-1/quiz"
ROWS = {"text": "Which one?", "options-0-text": "This", "options-0-is_right": "y", "options-0-explanation": "It is.", "options-2-text": "That"}


@pytest.fixture
def enrolment(ana, course, lesson):
    return take_part(ana, course, lessons=0)


@pytest.fixture
def browser(ana, enrolment, log_in):
    return log_in(ana)


@pytest.fixture
def desk(tea, log_in):
    return log_in(tea)


def open_of(enrolment, lesson):
    return queries.open_attempt(enrolment.id, lesson.id)


def typed(attempt, *said, **more):
    """What the page sends when these words are chosen."""
    return {"attempt": str(attempt.id)} | {f"question-{number}": ids for number, ids in choice(attempt, *said).items()} | more


def ticked(page):
    """The values of what is chosen on the page, in their order."""
    return [int(value) for value in re.findall(r'name="question-\d+" value="(\d+)" checked', page)]


# A student


def test_a_lesson_offers_its_quiz_in_place_of_the_button(browser):
    page = browser.get(LESSON).text
    assert f'href="{QUIZ}"' in page and "Take the quiz" in page and "not begun" in words(page)
    assert "Mark as complete" not in page and "Pass the quiz to complete this lesson." in page
    other = browser.get("/learn/how-chains-work/lesson-2").text
    assert "Mark as complete" in other and "quiz" not in words(other).lower()


def test_completing_without_passing_is_refused(browser, enrolment, lesson):
    answer = browser.post(f"{LESSON}/complete", headers={"Referer": f"http://localhost{LESSON}"}, follow_redirects=True)
    assert "Pass the quiz of this lesson first." in answer.text
    assert browser.post(f"{LESSON}/complete").status_code == 409
    assert learning.lessons_left(enrolment) == 4


def test_the_first_page_says_what_is_asked_and_begins_nothing(browser, enrolment, lesson):
    limit(lesson, 15)
    page = words(browser.get(QUIZ).text)
    assert "Questions 3" in page and "15 min" in page and "2 of 3" in page and "Begin" in page
    assert "Two and two?" not in page and open_of(enrolment, lesson) is None


def test_a_quiz_is_begun_saved_and_handed_in(browser, enrolment, lesson):
    page = browser.post(QUIZ, follow_redirects=True).text
    attempt = open_of(enrolment, lesson)
    assert "Question 1 of 3" in words(page) and "<strong>three</strong>" in page and "Why" not in words(page)
    assert page.count('type="radio"') == 5 and page.count('type="checkbox"') == 3 and ticked(page) == []

    page = browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Seven", "Two", save="1"), follow_redirects=True).text
    assert "Saved. Questions answered: 3 of 3." in page and saved(attempt) == ["Four", "Seven", "Two"]
    assert ticked(browser.get(QUIZ).text) == [ids[0] for ids in choice(attempt, "Four", "Seven", "Two").values()]
    assert "Go on with the quiz" in browser.get(LESSON).text

    page = words(browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Six", "Two", hand_in="1"), follow_redirects=True).text)
    assert "passed with 2 of 3" in page and "2 of 3 right answers" in page
    assert "Four your answer, right Why Four!" in page and "Three Why Three" in page, "what is right, what he chose, and why"
    assert re.search(r"Question 3 of 3 wrong .*Two your answer, right .*Three Why Three Four right, not chosen Why Four!", page)
    page = browser.get(LESSON).text
    assert "Mark as complete" in page and "See the result" in page and "passed with 2 of 3" in page
    assert browser.post(f"{LESSON}/complete", follow_redirects=True).text.count("You have completed this lesson.") == 1


def test_before_it_is_handed_in_nothing_that_is_sent_depends_on_what_is_right(browser, enrolment, lesson):
    attempt = begin(enrolment, lesson)

    def sent():
        """Of the page, of what saving it answers and of the lesson, with their headers; what is new each time is left out."""
        answers = [browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Six")), browser.get(QUIZ), browser.get(QUIZ), browser.get(LESSON)]
        headers = [[header for header in answer.headers if header[0] not in ("Set-Cookie", "X-Request-Id")] for answer in answers]
        return headers, [re.sub(r'(name="csrf_token" type="hidden" value=|name="csrf_token" value=|"X-CSRFToken": )"[^"]*"', "", answer.text) for answer in answers]

    before = sent()
    with transaction():
        other = [{"is_right": False, "explanation": "Changed."}, {"is_right": True, "explanation": "Changed."}]
        attempt.questions = [question | {"options": [option | other[not option["is_right"]] for option in question["options"]]} for question in attempt.questions]
    assert sent() == before
    assert "Changed." in browser.post(f"{QUIZ}/answers", data=typed(attempt, hand_in="1"), follow_redirects=True).text, "it is said afterwards"


def test_what_is_unticked_is_not_chosen_any_more(browser, enrolment, lesson):
    attempt = begin(enrolment, lesson)
    save(attempt, *ALL_RIGHT)
    page = browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Six", save="1"), follow_redirects=True).text
    assert "Saved. Questions answered: 2 of 3." in page and saved(attempt) == ["Four", "Six", ""]


def test_who_fails_tries_again_and_sees_his_attempts(browser, enrolment, lesson):
    hand_in(begin(enrolment, lesson), "Three")
    page = browser.get(QUIZ).text
    assert "not passed: 0 of 3" in words(page) and "You chose no answer." in page and "Try again" in page and "Your attempts" not in page
    assert "Mark as complete" not in browser.get(LESSON).text
    assert "Question 1 of 3" in words(browser.post(QUIZ, follow_redirects=True).text)
    hand_in(open_of(enrolment, lesson), *ALL_RIGHT)
    page = words(browser.get(QUIZ).text)
    assert re.search(r"Your attempts 3 of 3 .*? passed 0 of 3 .*? not passed", page) and "Complete the lesson" in page


def test_who_passed_once_completes_the_lesson_whatever_he_tries_afterwards(browser, enrolment, lesson):
    hand_in(begin(enrolment, lesson), *ALL_RIGHT)
    hand_in(begin(enrolment, lesson))
    page = browser.get(LESSON).text
    assert "Mark as complete" in page and "passed with 3 of 3" in page
    begin(enrolment, lesson)
    page = browser.get(LESSON).text
    assert "Mark as complete" in page and "under way" in page and "Go on with the quiz" in page


def test_who_had_completed_the_lesson_may_take_a_quiz_that_came_later(ana, course, log_in):
    take_part(ana, course, lessons=1)
    ask(lesson_of(course), "Two and two?", ("Three", "Four!"))
    page = log_in(ana).get(LESSON).text
    assert "You have completed this lesson." in page and "Take the quiz" in page and "Mark as complete" not in page


def test_beginning_twice_leads_to_one_attempt(browser, enrolment, lesson):
    browser.post(QUIZ)
    first = open_of(enrolment, lesson).id
    assert browser.post(QUIZ).status_code == 303
    assert open_of(enrolment, lesson).id == first


def test_the_time_of_day_at_which_it_ends_is_said(browser, enrolment, lesson):
    limit(lesson, 15)
    attempt = begin(enrolment, lesson)
    iso = attempt.ends_at.isoformat(timespec="seconds")
    for page in (browser.get(QUIZ).text, browser.get(LESSON).text):
        assert f'datetime="{iso}"' in page and f"{attempt.ends_at:%H:%M}" in words(page)
    assert "What you have saved when the time is up counts" in browser.get(QUIZ).text


def test_after_the_time_nothing_is_saved_and_nothing_chosen_is_lost_while_it_can_be_handed_in(browser, enrolment, lesson):
    limit(lesson, 15)
    attempt = begin(enrolment, lesson)
    save(attempt, "Four")
    clock.advance(timedelta(minutes=15, seconds=2))
    answer = browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Six", save="1"))
    assert answer.status_code == 409 and "The time is up: nothing more is saved." in answer.text
    assert len(ticked(answer.text)) == 2 and 'name="hand_in"' in answer.text and 'name="save"' not in answer.text
    assert saved(attempt) == ["Four", "", ""]
    page = browser.post(f"{QUIZ}/answers", data=typed(attempt, "Four", "Six", hand_in="1"), follow_redirects=True)
    assert "passed with 2 of 3" in words(page.text)


def test_much_later_what_was_saved_counts_and_is_shown(browser, enrolment, lesson):
    limit(lesson, 15)
    attempt = begin(enrolment, lesson)
    save(attempt, "Four")
    clock.advance(timedelta(minutes=16))
    assert "time is up" in words(browser.get(LESSON).text)
    answer = browser.post(f"{QUIZ}/answers", data=typed(attempt, *ALL_RIGHT, save="1"))
    page = words(answer.text)
    assert answer.status_code == 409 and "The time is up: nothing more is saved." in page
    assert "not passed: 1 of 3" in page and "what you had saved by then counted" in page
    assert "not passed: 1 of 3" in words(browser.get(LESSON).text)


def test_a_look_at_the_page_closes_what_is_late(browser, enrolment, lesson):
    limit(lesson, 15)
    save(begin(enrolment, lesson), *ALL_RIGHT)
    clock.advance(timedelta(minutes=16))
    page = words(browser.get(QUIZ).text)
    assert "passed with 3 of 3" in page and "The time was up 1 min ago" in page, "when it was, not when somebody looked"
    db.session.expire_all()
    assert open_of(enrolment, lesson) is None


def test_an_old_page_answers_no_new_attempt(browser, enrolment, lesson):
    old = hand_in(begin(enrolment, lesson), "Three")
    new = begin(enrolment, lesson)
    answer = browser.post(f"{QUIZ}/answers", data=typed(old, *ALL_RIGHT, save="1"))
    assert answer.status_code == 409 and "You have handed this quiz in." in answer.text
    assert browser.post(f"{QUIZ}/answers", data=typed(old, *ALL_RIGHT, hand_in="1")).status_code == 303
    assert saved(new) == ["", "", ""] and open_of(enrolment, lesson) is new


@pytest.mark.parametrize("number", ["", "x", "0", "-1", "²", "9" * 9, "9" * 5000, "1\x00"])
def test_answers_to_no_attempt_are_refused(browser, enrolment, lesson, number):
    begin(enrolment, lesson)
    answer = browser.post(f"{QUIZ}/answers", data={"attempt": number, "hand_in": "1"})
    assert answer.status_code == 422 and "belong to no attempt of yours" in answer.text


def test_nobody_answers_anothers_attempt(enrolment, lesson, course, bruno, log_in, client):
    attempt = begin(enrolment, lesson)
    take_part(bruno, course, lessons=0)
    assert log_in(bruno).post(f"{QUIZ}/answers", data=typed(attempt, *ALL_RIGHT, hand_in="1")).status_code == 422
    assert saved(attempt) == ["", "", ""]


@pytest.mark.parametrize("wrong", ["another question's", "two of one", "none there is", "no number"])
def test_what_nobody_can_choose_is_refused_and_the_rest_stands_there_still(browser, enrolment, lesson, wrong):
    attempt = begin(enrolment, lesson)
    data = typed(attempt, "Four", "Six", "Two")
    first, second, _ = (f"question-{question['id']}" for question in attempt.questions)
    data[first] = {"another question's": data[second], "two of one": [option["id"] for option in attempt.questions[0]["options"]], "none there is": ["9" * 30], "no number": ["x"]}[wrong]
    answer = browser.post(f"{QUIZ}/answers", data=data | {"save": "1"})
    if wrong == "no number":
        assert answer.status_code == 303 and saved(attempt) == ["", "Six", "Two"]
    else:
        assert answer.status_code == 422 and data[second][0] in ticked(answer.text) and saved(attempt) == ["", "", ""]


def test_only_who_is_enrolled_takes_the_quiz(bruno, tea, ada, lesson, log_in, client):
    for method in (client.get, client.post):
        assert method(QUIZ).status_code == 302
    assert client.post(f"{QUIZ}/answers").status_code == 302
    assert log_in(bruno).get(QUIZ).status_code == 403, "the first lesson is a free preview"
    for reader in (tea, ada):
        assert log_in(reader).get(QUIZ).status_code == 403 and log_in(reader).post(QUIZ).status_code == 403
    page = client.get(LESSON).text
    assert "Who takes this course passes it" in page and "Take the quiz" not in page


def test_a_course_given_back_closes_its_quiz(browser, enrolment, lesson):
    attempt = begin(enrolment, lesson)
    with transaction():
        enrolment.ended_at = clock.now()
    assert browser.get(QUIZ).status_code == 403 and browser.post(QUIZ).status_code == 403
    assert browser.post(f"{QUIZ}/answers", data=typed(attempt, *ALL_RIGHT, hand_in="1")).status_code == 403


@pytest.mark.parametrize(("path", "status"), [("/learn/how-chains-work/lesson-2/quiz", 422), ("/learn/how-chains-work/nothing/quiz", 404), ("/learn/nothing/lesson-1/quiz", 404)])
def test_where_there_is_no_quiz_there_is_no_page(browser, path, status):
    assert browser.get(path).status_code == 404 and browser.post(path).status_code == 404
    assert browser.post(f"{path}/answers", data={"attempt": "1", "save": "1"}).status_code == status


def test_a_result_is_kept_when_the_lesson_has_no_quiz_any_more(browser, enrolment, lesson):
    hand_in(begin(enrolment, lesson), "Three")
    with transaction():
        for question in list(written.quiz(lesson).questions):
            writing.remove_question(question)
    page = words(browser.get(QUIZ).text)
    assert "This lesson has no quiz any more." in page and "not passed: 0 of 3" in page and "Try again" not in page
    assert "Mark as complete" in browser.get(LESSON).text


def test_an_attempt_keeps_its_questions_and_a_new_one_has_todays(browser, enrolment, lesson):
    attempt = begin(enrolment, lesson)
    ask(lesson, "Brand new?", ("Yes!", "No"))
    assert "Brand new?" not in browser.get(QUIZ).text
    hand_in(attempt, *ALL_RIGHT)
    assert "Brand new?" in browser.post(QUIZ, follow_redirects=True).text


def test_what_a_teacher_writes_runs_no_script(browser, enrolment, lesson):
    with transaction():
        writing.add_question(lesson, "<script>alert(1)</script>", [("<img src=x onerror=alert(2)>", True, "<b onclick=alert(3)>"), ("No", False, "")])
    attempt = begin(enrolment, lesson)
    pages = [browser.get(QUIZ).text]
    hand_in(attempt, *ALL_RIGHT)
    for page in [*pages, browser.get(QUIZ).text]:
        assert "<script>alert" not in page and "<img src=x" not in page and "<b onclick" not in page and "&lt;script&gt;" in page


def test_nobody_fills_the_books_with_attempts(browser, lesson):
    for _ in range(60):
        assert browser.post(QUIZ).status_code == 303
    assert browser.post(QUIZ).status_code == 429


def test_the_texts_of_a_long_quiz_are_rendered_once_however_often_it_is_looked_at(browser, enrolment, lesson, monkeypatch):
    for number in range(80):
        ask(lesson, f"Is {number} even?", (f"{number}: yes!", f"{number}: no"))
    begin(enrolment, lesson)
    first, parsed, parse = browser.get(QUIZ).text, [], markdown._parser.parse
    monkeypatch.setattr(markdown._parser, "parse", lambda text: parsed.append(text) or parse(text))
    assert browser.get(QUIZ).text.count('<div class="prose"') == first.count('<div class="prose"') == 83
    assert parsed == []


@pytest.mark.parametrize(("path", "state", "most"), [(QUIZ, "open", 8), (QUIZ, "closed", 11), (LESSON, "open", 11), (LESSON, "closed", 11)])
def test_pages_ask_a_fixed_number_of_statements(browser, enrolment, lesson, statements, path, state, most):
    def attempt(is_open):
        attempt = begin(*student())
        return attempt if is_open else hand_in(attempt, "Four")

    def student():
        return db.session.get_one(Enrolment, enrolment_id), lesson_of(catalogue.by_slug("how-chains-work"))

    def look():
        db.session.remove()  # what a test holds on to is another number of statements
        with statements() as seen:
            browser.get(path)
        return seen

    enrolment_id = enrolment.id
    attempt(state == "open")
    few = look()
    attempt(False)
    for number in range(5):
        ask(student()[1], f"Question {number}?", ("Yes!", "No", "Perhaps"))
        attempt(False)
    attempt(state == "open")
    many = look()
    assert len(many) == len(few) <= most, many


# Its teacher


def test_a_teacher_finds_the_quiz_from_the_lesson_and_from_the_course(desk, course):
    for path in ("/teach/courses/how-chains-work", "/teach/courses/how-chains-work/lessons/lesson-1"):
        assert f'href="{DESK}"' in desk.get(path).text
    assert "This lesson has no quiz yet." in desk.get(DESK).text


def test_a_teacher_writes_a_question_and_rows_left_empty_are_left_out(desk, course):
    page = desk.post(f"{DESK}/questions", data=ROWS, follow_redirects=True)
    assert "The question is added." in page.text and "Which one?" in page.text and "2 answers" in words(page.text)
    (question,) = written.quiz(lesson_of(course)).questions
    assert [(option.text, option.is_right, option.explanation) for option in question.options] == [("This", True, "It is."), ("That", False, "")]
    outline = words(desk.get("/teach/courses/how-chains-work").text)
    assert "min · quiz" in outline and outline.count("Its text and its quiz are deleted") == 1


def test_a_question_is_changed(desk, lesson):
    question = written.quiz(lesson).questions[2]
    page = desk.get(f"{DESK}/questions/{question.id}").text
    assert "Which are even?" in page and 'value="Four"' in page and page.count(" checked") == 3, "two options, and that several are right"
    assert desk.post(f"{DESK}/questions/{question.id}", data=ROWS).status_code == 303
    changed = written.quiz(lesson).questions[2]
    assert (changed.text, changed.has_several, [option.text for option in changed.options]) == ("Which one?", False, ["This", "That"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "  "}, "Write the question first."),
        ({"text": "x" * 10_001}, "A question has at most 10,000 characters."),
        ({"text": "[" * 2001}, "of the bracket"),
        ({"options-0-text": "[" * 1001, "options-2-text": "[" * 1000}, "at most 1,000 characters"),
        ({"options-0-is_right": ""}, "Mark the answer that is right."),
        ({"options-2-is_right": "y"}, "Mark one answer as right, or say that several are."),
        ({"options-2-text": ""}, "A question has 2 to 8 answers."),
        ({"options-0-text": ""}, "Write the answer, or empty the whole row."),
        ({"options-2-explanation": "x" * 1001}, "An explanation has at most 1,000 characters."),
    ],
)
def test_a_refused_question_loses_nothing(desk, course, changes, said):
    sent = {name: value for name, value in (ROWS | changes).items() if name != "options-0-is_right" or value}
    answer = desk.post(f"{DESK}/questions", data=sent)
    page = unescape(answer.text)
    assert answer.status_code == 422 and said in page
    assert all(value.strip() in page for name, value in sent.items() if not name.endswith("is_right"))
    assert 'id="options-0-is_right"' in page and len(re.findall(r"<(?:input|textarea|p)[^>]* autofocus", page)) >= 1
    assert written.quiz(lesson_of(course)) is None


def test_a_refusal_of_the_whole_quiz_loses_nothing(desk, lesson):
    for number in range(19):
        ask(lesson, f"{number} " + "x" * 9990, ("Yes!", "No"))
    answer = desk.post(f"{DESK}/questions", data=ROWS | {"text": "y" * 9999})
    assert answer.status_code == 422 and "at most 200000 characters in all" in answer.text and "y" * 9999 in answer.text and 'value="This"' in answer.text


@pytest.mark.parametrize("name", ["options-8-text", "options-²-text", "options-99999999999999999999-text", "options--text", "options-"])
def test_rows_nobody_offered_are_none(desk, course, name):
    assert desk.post(f"{DESK}/questions", data=ROWS | {name: "More"}).status_code == 303
    assert len(written.quiz(lesson_of(course)).questions[0].options) == 2


def test_several_rows_may_be_right_where_it_says_so(desk, course):
    assert desk.post(f"{DESK}/questions", data=ROWS | {"options-2-is_right": "y", "has_several": "y"}).status_code == 303
    assert written.quiz(lesson_of(course)).questions[0].has_several


def test_a_preview_saves_nothing(desk, course, lesson):
    typed = ROWS | {"text": "Which **one**?", "options-0-explanation": "It `is`.", "preview": "1"}
    answer = desk.post(f"{DESK}/questions", data=typed)
    assert answer.status_code == 200 and "<strong>one</strong>" in answer.text and "It <code>is</code>." in answer.text and 'value="That"' in answer.text
    part = desk.post(f"{DESK}/questions", data=typed, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert part.text.lstrip().startswith('<section id="preview"') and "<strong>one</strong>" in part.text
    assert len(written.quiz(lesson).questions) == 3
    assert desk.post(f"{DESK}/questions", data=typed | {"text": ""}).status_code == 422


def test_questions_are_moved_and_removed(desk, lesson):
    def order():
        return [question.id for question in written.quiz(lesson).questions]

    first, second, third = order()
    desk.post(f"{DESK}/questions/{third}/place", data={"direction": "up"})
    assert order() == [first, third, second]
    desk.post(f"{DESK}/questions/{first}/place", data={"direction": "down"})
    assert order() == [third, first, second]
    page = desk.post(f"{DESK}/questions/{first}/removal", follow_redirects=True)
    assert "The question is removed." in page.text and order() == [third, second]
    assert desk.post(f"{DESK}/questions/{first}/removal").status_code == 404


def test_settings_are_saved_and_shown(desk, lesson):
    assert "The settings are saved." in desk.post(DESK, data={"minutes": "25", "passing_percent": "80"}, follow_redirects=True).text
    page = desk.get(DESK).text
    assert 'value="25"' in page and 'value="80"' in page
    desk.post(DESK, data={"minutes": "", "passing_percent": "60"})
    quiz = written.quiz(lesson)
    assert (quiz.minutes, quiz.passing_percent) == (None, 60)


@pytest.mark.parametrize("wrong", [{"minutes": "0"}, {"minutes": "241"}, {"minutes": "x"}, {"minutes": "9" * 40}, {"passing_percent": "0"}, {"passing_percent": "101"}, {"passing_percent": ""}, {"passing_percent": "6.5"}])
def test_wrong_settings_are_refused_and_stand_there_still(desk, lesson, wrong):
    answer = desk.post(DESK, data={"minutes": "15", "passing_percent": "70"} | wrong)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    assert all(f'value="{value}"' in answer.text for value in wrong.values())
    assert written.quiz(lesson).minutes is None


def test_a_draft_gets_its_quiz_too(desk, tea):
    with transaction():
        course = courses.create(tea, "Knots")
        courses.add_lesson(courses.add_section(course, "First"), "The bowline", slug="the-bowline")
    assert desk.post("/teach/courses/knots/lessons/the-bowline/quiz/questions", data=ROWS).status_code == 303
    assert "This course is published" not in desk.get("/teach/courses/knots/lessons/the-bowline/quiz").text


def test_while_an_admin_reads_the_course_its_quiz_stays_as_it_is(desk, course, lesson):
    with transaction():
        course.state, course.published_at, course.submitted_at = "submitted", None, clock.now()
    page = desk.get(DESK).text
    assert "An admin is reading the course." in page and "Add a question" not in page and "Two and two?" in page
    question = written.quiz(lesson).questions[0].id
    for path, data in ((DESK, {"minutes": "5", "passing_percent": "50"}), (f"{DESK}/questions", ROWS), (f"{DESK}/questions/{question}", ROWS), (f"{DESK}/questions/{question}/place", {}), (f"{DESK}/questions/{question}/removal", {})):
        assert desk.post(path, data=data).status_code == 409
    assert written.quiz(lesson).minutes is None and len(written.quiz(lesson).questions) == 3


def test_an_admin_who_approves_a_course_reads_its_quiz(ada, course, lesson, log_in):
    with transaction():
        course.state, course.published_at, course.submitted_at = "submitted", None, clock.now()
    page = words(log_in(ada).get("/admin/courses/how-chains-work").text)
    assert "Three and three ?" in page and "Which are even?" in page and "Why Four!" in page


def test_a_quiz_is_its_teachers_alone(lesson, course, ana, member, ada, log_in, client):
    question = written.quiz(lesson).questions[0].id
    addresses = ((DESK, "get"), (DESK, "post"), (f"{DESK}/questions", "get"), (f"{DESK}/questions", "post"), (f"{DESK}/questions/{question}", "get"), (f"{DESK}/questions/{question}", "post"), (f"{DESK}/questions/{question}/place", "post"), (f"{DESK}/questions/{question}/removal", "post"))
    for path, method in addresses:
        assert getattr(client, method)(path).status_code == 302
    for reader, status in ((ana, 403), (ada, 403), (member("tom", role="teacher"), 404)):
        browser = log_in(reader)
        assert {getattr(browser, method)(path, **({"data": ROWS} if method == "post" else {})).status_code for path, method in addresses} == {status}
    assert len(written.quiz(lesson).questions) == 3


@pytest.mark.parametrize("number", ["0", "999999", "2147483648", "-1", "x"])
def test_a_question_that_is_not_of_the_quiz_is_none(desk, course, tea, lesson, number):
    assert desk.get(f"{DESK}/questions/{number}").status_code == 404
    assert desk.post(f"{DESK}/questions/{number}/removal").status_code == 404


def test_a_question_of_another_quiz_is_none(desk, tea, lesson):
    other = lesson_of(publish(tea, "Another course", price=1000))
    ask(other, "Mine?", ("Yes!", "No"))
    assert desk.get(f"{DESK}/questions/{written.quiz(other).questions[0].id}").status_code == 404


def test_the_teachers_page_asks_a_fixed_number_of_statements(desk, lesson, statements):
    def look():
        db.session.remove()
        with statements() as seen:
            desk.get(DESK)
        return seen

    few = look()
    for number in range(10):
        ask(lesson_of(catalogue.by_slug("how-chains-work")), f"Question {number}?", ("Yes!", "No", "Perhaps"))
    many = look()
    assert len(many) == len(few) <= 7, many


def test_a_lesson_with_attempts_at_its_quiz_is_not_removed(desk, enrolment, lesson):
    begin(enrolment, lesson)
    page = desk.post("/teach/courses/how-chains-work/lessons/lesson-1/removal", follow_redirects=True)
    assert "tried its quiz" in page.text
