"""Writing quizzes: what a question may be, their order, and two who write at once."""

import pytest

from lms.db import transaction
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quiz_queries as queries
from lms.domain.courses import quizzes

FOUR = [("Three", False, "Too few."), ("Four", True, "Right."), ("Five", False, "")]


@pytest.fixture
def lesson(course):
    return lesson_of(course)


def lesson_of(course, number=1):
    return catalogue.lesson(course, f"lesson-{number}")


def ask(lesson, text="Two and two?", options=FOUR, has_several=False):
    with transaction():
        return quizzes.add_question(lesson, text, options, has_several)


def texts(lesson):
    return [question.text for question in queries.quiz(lesson).questions]


# The quiz


def test_the_first_question_makes_the_quiz(lesson):
    assert queries.quiz(lesson) is None and not lesson.has_quiz
    ask(lesson)
    quiz = queries.quiz(lesson)
    assert (quiz.minutes, quiz.passing_percent) == (None, 60)
    assert [(question.text, question.has_several) for question in quiz.questions] == [("Two and two?", False)]
    assert [(option.text, option.is_right, option.explanation) for option in quiz.questions[0].options] == FOUR
    assert lesson.has_quiz


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
