"""Writing quizzes: what a question may be, their order, and two who write at once."""

import threading

import pytest

from lms.db import db, transaction
from lms.domain.courses import actions as courses
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quiz_queries as queries
from lms.domain.courses import quizzes
from lms.domain.courses.models import Course, Lesson
from lms.domain.courses.quiz_models import Option, Question, Quiz
from lms.errors import DomainError, Invalid, NotFound
from tests.conftest import publish
from tests.races import outcomes, race

FOUR = [("Three", False, "Too few."), ("Four", True, "Right."), ("Five", False, "")]
EVEN = [("Two", True, ""), ("Three", False, ""), ("Four", True, "")]
LONG = [("Yes", True, "x" * 1000), *[("No", False, "x" * 1000)] * 7]


@pytest.fixture
def lesson(course):
    return lesson_of(course)


@pytest.fixture
def three(lesson):
    """The lesson with questions called a, b and c."""
    for text in "abc":
        ask(lesson, text)
    return lesson


def lesson_of(course, number=1):
    return catalogue.lesson(course, f"lesson-{number}")


def ask(lesson, text="Two and two?", options=FOUR, has_several=False):
    with transaction():
        return quizzes.add_question(lesson, text, options, has_several)


def called(text):
    return db.session.query(Question).filter_by(text=text).one()


def texts(lesson):
    return [question.text for question in queries.quiz(lesson).questions]


def options_of(question):
    return [(option.text, option.is_right, option.explanation) for option in question.options]


# The quiz


def test_the_first_question_makes_the_quiz(lesson):
    assert queries.quiz(lesson) is None and not lesson.has_quiz
    ask(lesson)
    quiz = queries.quiz(lesson)
    assert (quiz.minutes, quiz.passing_percent) == (None, 60)
    assert [(question.text, question.has_several, options_of(question)) for question in quiz.questions] == [("Two and two?", False, FOUR)]
    assert lesson.has_quiz


def test_it_is_of_its_lesson_alone(course, lesson):
    ask(lesson)
    assert [each.has_quiz for each in catalogue.by_slug(course.slug).lessons] == [True, False, False, False]
    assert queries.quiz(lesson_of(course, 2)) is None and queries.question(lesson_of(course, 2), called("Two and two?").id) is None


def test_settings_alone_are_no_quiz_and_stay_with_the_questions(lesson):
    with transaction():
        quizzes.configure(lesson, 20, 75)
    assert not lesson.has_quiz
    ask(lesson)
    quiz = queries.quiz(lesson)
    assert (quiz.minutes, quiz.passing_percent, len(quiz.questions)) == (20, 75, 1)
    with transaction():
        assert quizzes.configure(lesson, None, 1) is quiz
    assert (quiz.minutes, quiz.passing_percent, len(quiz.questions)) == (None, 1, 1)


@pytest.mark.parametrize("settings", [(0, 60), (241, 60), (1.5, 60), (True, 60), (-1, 60), (None, 0), (None, 101), (None, 1.5), (None, None)])
def test_settings_that_make_no_sense_are_refused(lesson, settings):
    with pytest.raises(Invalid):
        quizzes.configure(lesson, *settings)


@pytest.mark.parametrize("settings", [(1, 1), (240, 100), (None, 60)])
def test_settings_may_go_to_their_ends(lesson, settings):
    with transaction():
        quiz = quizzes.configure(lesson, *settings)
    assert (quiz.minutes, quiz.passing_percent) == settings


def test_a_quiz_is_read_in_one_statement(three, statements):
    for text in "de":
        ask(three, text, EVEN, has_several=True)
    lesson = lesson_of(three.course)
    with statements() as seen:
        assert [len(question.options) for question in queries.quiz(lesson).questions] == [3] * 5
    assert len(seen) == 1


def test_the_quizzes_of_a_course_are_read_in_one_statement(course, three, tea, statements):
    second, third = lesson_of(course, 2), lesson_of(course, 3)
    ask(second, "d", EVEN, has_several=True)
    ask(lesson_of(publish(tea, "Another", price=0)))
    with transaction():
        quizzes.configure(third, 20, 75)
    keys = three.id, second.id
    course = catalogue.by_slug(course.slug)
    with statements() as seen:
        found = queries.of_course(course)
        assert {number: [question.text for question in quiz.questions] for number, quiz in found.items()} == {keys[0]: ["a", "b", "c"], keys[1]: ["d"]}
        assert options_of(found[keys[1]].questions[0]) == EVEN
    assert len(seen) == 1, "settings alone are no quiz"


def test_an_outline_says_which_lessons_have_one_without_a_statement_more(course, three, statements):
    slug = course.slug
    db.session.expunge_all()
    with statements() as seen:
        assert [lesson.has_quiz for lesson in catalogue.by_slug(slug).lessons] == [True, False, False, False]
    assert len(seen) == 2, "the course, then its outline"


# Questions


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (dict(text=" \n\x00"), "Write the question first"),
        (dict(text="x" * 10_001), "at most 10000 characters"),
        (dict(text="[" * 2_001), "bracket"),
        (dict(options=FOUR[1:2]), "2 to 8 answers"),
        (dict(options=[]), "2 to 8 answers"),
        (dict(options=FOUR * 3), "2 to 8 answers"),
        (dict(options=[*FOUR, (" \x00", False, "")]), "what each answer says"),
        (dict(options=[*FOUR, ("x" * 1001, False, "")]), "at most 1000 characters"),
        (dict(options=[*FOUR, ("Six", False, "x" * 1001)]), "at most 1000 characters"),
        (dict(options=[("Three", False, ""), ("Five", False, "")]), "Mark the answer that is right"),
        (dict(options=[("Three", False, ""), ("Five", False, "")], has_several=True), "Mark the answer that is right"),
        (dict(options=EVEN), "say that several are"),
    ],
)
def test_what_nobody_can_answer_is_refused(lesson, wrong, words):
    ask(lesson)
    facts = dict(text="Two and two?", options=FOUR, has_several=False) | wrong
    with pytest.raises(Invalid, match=words):
        quizzes.check_question(**facts)
    with pytest.raises(Invalid, match=words):
        ask(lesson, **facts)
    with pytest.raises(Invalid, match=words), transaction():
        quizzes.change_question(called("Two and two?"), **facts)
    assert [options_of(question) for question in queries.quiz(lesson).questions] == [FOUR]


@pytest.mark.parametrize(("options", "has_several"), [(FOUR[:2], False), (LONG, False), (EVEN, True), (FOUR, True), ([("A", True, ""), ("B", True, "")], True)])
def test_a_question_may_go_to_its_ends(lesson, options, has_several):
    """Several may be right, and yet one is: who answers is not told how many."""
    question = ask(lesson, "x" * 10_000, options, has_several)
    assert (options_of(question), question.has_several) == (options, has_several)


def test_texts_are_kept_without_what_a_database_cannot_keep(lesson):
    question = ask(lesson, " Two\x00 and two?\n", [(" Three\x00", False, " No\x00. "), ("Four", True, "")])
    assert question.text == "Two and two?" and options_of(question) == [("Three", False, "No."), ("Four", True, "")]


def test_a_quiz_ends_somewhere(three, monkeypatch):
    monkeypatch.setattr(quizzes, "MOST_QUESTIONS", 3)
    with pytest.raises(DomainError, match="at most 3 questions"):
        ask(three)


@pytest.mark.parametrize(("text", "words"), [("x" * 10_000, "at most 200000 characters in all"), ("[" * 150, "bracket")])
def test_all_questions_stand_on_one_page_which_is_shown_soon(lesson, text, words):
    """As soon as the longest lesson: 13 questions may be as long as it gets, or have as many brackets."""
    for _ in range(11):
        ask(lesson, text, LONG)
    last = ask(lesson, "Short?")
    with pytest.raises(Invalid, match=words):
        [ask(lesson, text, LONG) for _ in range(3)]
    before = len(texts(lesson))
    with pytest.raises(Invalid, match=words), transaction():
        quizzes.change_question(last, text * (10_000 // len(text)), LONG, False)
    assert (len(texts(lesson)), last.text) == (before, "Short?")


def test_a_changed_question_keeps_its_place_and_has_new_options(three):
    with transaction():
        quizzes.change_question(called("b"), "Which are even?", EVEN, True)
    question = queries.question(three, called("Which are even?").id)
    assert texts(three) == ["a", "Which are even?", "c"]
    assert options_of(question) == EVEN and question.has_several
    assert db.session.query(Option).filter_by(question_id=question.id).count() == 3
    assert db.session.query(Option).count() == 9


@pytest.mark.parametrize(("text", "step", "order"), [("a", 1, "bac"), ("c", -1, "acb"), ("b", -1, "bac"), ("a", -1, "abc"), ("c", 1, "abc")])
def test_a_question_moves_and_not_beyond_the_ends(three, text, step, order):
    with transaction():
        quizzes.move_question(called(text), step)
    assert texts(three) == list(order)


def test_a_question_moves_over_the_gap_of_one_that_went(three):
    with transaction():
        quizzes.remove_question(called("b"))
    assert texts(three) == ["a", "c"] and db.session.query(Option).count() == 6
    with transaction():
        quizzes.move_question(called("a"), 1)
    assert texts(three) == ["c", "a"]
    ask(three, "d")
    assert texts(three) == ["c", "a", "d"]


def test_with_its_last_question_the_quiz_goes_and_its_settings_stay(lesson):
    with transaction():
        quizzes.configure(lesson, 20, 75)
    question = ask(lesson)
    with transaction():
        quizzes.remove_question(question)
    assert not lesson.has_quiz and queries.quiz(lesson).minutes == 20


def test_a_removed_lesson_takes_its_quiz_with_it(course, three):
    with transaction():
        courses.remove_lesson(three)
    assert [db.session.query(kind).count() for kind in (Quiz, Question, Option)] == [0, 0, 0]
    assert course.lesson_count == 3


# Who else writes


def test_a_quiz_an_admin_reads_does_not_change_under_him(course, three):
    with transaction():
        course.state = "submitted"
    question = called("a")
    changes = (
        lambda: quizzes.configure(three, 20, 75),
        lambda: quizzes.add_question(three, "Two and two?", FOUR),
        lambda: quizzes.change_question(question, "Two and two?", FOUR, False),
        lambda: quizzes.move_question(question, 1),
        lambda: quizzes.remove_question(question),
    )
    for change in changes:
        with pytest.raises(DomainError, match="An admin is reading this course"), transaction():
            change()
    assert texts(three) == ["a", "b", "c"]


def test_questions_added_at_once_stand_in_an_order(app, lesson):
    lesson_id = lesson.id

    def add(text):
        return lambda: quizzes.add_question(db.session.get_one(Lesson, lesson_id), text, FOUR).position

    assert sorted(outcomes(app, [add(text) for text in "abcd"])) == [1, 2, 3, 4]
    assert sorted(texts(lesson)) == ["a", "b", "c", "d"]


def test_a_question_changed_by_many_at_once_has_the_options_of_one(app, three):
    question_id = called("b").id

    def change(number):
        return lambda: quizzes.change_question(db.session.get_one(Question, question_id), f"b{number}", [(f"{number}", True, ""), (f"-{number}", False, "")], False)

    assert race(app, [change(number) for number in range(6)]) == []
    question = queries.question(three, question_id)
    assert [option.text for option in question.options] == [question.text[1:], f"-{question.text[1:]}"]
    assert db.session.query(Option).count() == 8


def test_neighbours_moved_at_once_lose_no_place(app, three):
    a, c = called("a").id, called("c").id
    assert race(app, [lambda: quizzes.move_question(db.session.get_one(Question, a), 1), lambda: quizzes.move_question(db.session.get_one(Question, c), -1)] * 3) == []
    assert sorted(question.position for question in queries.quiz(three).questions) == [1, 2, 3]


def test_a_quiz_read_while_it_is_written_is_of_one_moment(app, lesson):
    """Who begins has no question of one version with the options of the other."""
    question_id, lesson_id = ask(lesson, "a", [("a", True, ""), ("a", False, "")]).id, lesson.id

    def write(word):
        return lambda: quizzes.change_question(db.session.get_one(Question, question_id), word, [(word, True, ""), (word, False, "")], False)

    def read():
        lesson = db.session.get_one(Lesson, lesson_id)
        return {said(queries.quiz(lesson)) for _ in range(200)}

    def said(quiz):
        return " ".join(text for question in quiz.questions for text in (question.text, *(option.text for option in question.options)))

    seen = outcomes(app, [read, read, *[write(word) for word in "bcdefghijklmno"]])
    assert set().union(*filter(None, seen)) <= {f"{word} {word} {word}" for word in "abcdefghijklmno"}


@pytest.mark.parametrize(
    "verb",
    [
        lambda question: quizzes.change_question(question, "Too late", FOUR, False),
        lambda question: quizzes.move_question(question, 1),
        quizzes.remove_question,
    ],
)
def test_a_question_that_another_removed_is_there_no_more(app, three, verb):
    """Of two at once the second one hears that, and nothing breaks."""
    question_id = called("b").id

    def remove():
        quizzes.remove_question(db.session.get_one(Question, question_id))

    db.session.commit()
    question = called("b")  # as the second one found it
    assert elsewhere(app, remove) == [None]
    with pytest.raises(NotFound, match="no such question"), transaction():
        verb(question)
    assert texts(three) == ["a", "c"]


def test_a_lesson_that_another_removed_takes_no_question(app, course):
    lesson = lesson_of(course, 3)
    slug = course.slug
    assert elsewhere(app, lambda: courses.remove_lesson(lesson_of(db.session.query(Course).filter_by(slug=slug).one(), 3))) == [None]
    with pytest.raises(NotFound), transaction():
        quizzes.add_question(lesson, "Two and two?", FOUR)


def elsewhere(app, deed):
    """What it returned or raised in a session of its own, while this one goes on with what it has read."""
    found = []

    def run():
        with app.app_context(), transaction():
            found.append(deed())

    other = threading.Thread(target=run)
    other.start()
    other.join()
    return found
