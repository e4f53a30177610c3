"""Quizzes taken: begun, saved, handed in once, and closed when the time is up."""


import pytest

from lms.db import transaction
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quizzes as writing
from lms.domain.learning import quiz_queries as queries
from lms.domain.learning import quizzes
from tests.conftest import take_part


@pytest.fixture
def lesson(course):
    """With a quiz of three questions, of which two must be right; of the last one two options are."""
    lesson = lesson_of(course)
    ask(lesson, "Two and two?", ("Three", "Four!", "Five"))
    ask(lesson, "Three and three?", ("Six!", "Seven"))
    ask(lesson, "Which are even?", ("Two!", "Three", "Four!"))
    return lesson


@pytest.fixture
def enrolment(ana, course):
    return take_part(ana, course, lessons=0)


@pytest.fixture
def attempt(enrolment, lesson):
    return begin(enrolment, lesson)


def lesson_of(course, number=1):
    return catalogue.lesson(course, f"lesson-{number}")


def ask(lesson, text, options):
    """A question whose right options end in an exclamation mark."""
    right = [option.endswith("!") for option in options]
    with transaction():
        return writing.add_question(lesson, text, [(option.rstrip("!"), is_right, f"Why {option}") for option, is_right in zip(options, right, strict=True)], sum(right) > 1)


def limit(lesson, minutes, passing_percent=60):
    with transaction():
        writing.configure(lesson, minutes, passing_percent)


def begin(enrolment, lesson):
    with transaction():
        return quizzes.begin(enrolment, lesson)


def save(attempt, *words):
    with transaction():
        quizzes.save(attempt, choice(attempt, *words))


def hand_in(attempt, *words):
    with transaction():
        quizzes.hand_in(attempt, choice(attempt, *words))
    return attempt


def choice(attempt, *words):
    """{question id: [option ids]}: of the first questions one word or words each, None for a question that is not named."""
    said = {}
    for question, word in zip(attempt.questions, words, strict=False):
        if word is not None:
            said[question["id"]] = [option["id"] for option in question["options"] if option["text"] in word.split()]
    return said


def saved(attempt):
    """The words chosen, by question."""
    chosen = queries.chosen(attempt)
    return [" ".join(option["text"] for option in question["options"] if option["id"] in chosen.get(question["id"], [])) for question in attempt.questions]


ALL_RIGHT = ("Four", "Six", "Two Four")


# Beginning


def test_an_attempt_has_the_questions_as_they_are(attempt, lesson):
    first = attempt.questions[0]
    assert [question["text"] for question in attempt.questions] == ["Two and two?", "Three and three?", "Which are even?"]
    assert [question["has_several"] for question in attempt.questions] == [False, False, True]
    assert [(option["text"], option["is_right"], option["explanation"]) for option in first["options"]] == [("Three", False, "Why Three"), ("Four", True, "Why Four!"), ("Five", False, "Why Five")]
    assert (attempt.count, attempt.passing_percent, attempt.ends_at, attempt.is_open) == (3, 60, None, True)


def test_who_answers_enough_exactly_has_passed(attempt, enrolment, lesson):
    hand_in(attempt, "Four", "Six", "Two")
    assert (attempt.right, attempt.has_passed, attempt.is_open) == (2, True, False)
    assert queries.has_passed(enrolment.id, lesson.id)
