"""Writing the quiz of a lesson. Who has begun an attempt keeps the questions as they were then."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms.db import db
from lms.domain.courses.actions import lock
from lms.domain.courses.checks import LONGEST_BODY, check_brackets
from lms.domain.courses.models import Lesson
from lms.domain.courses.quiz_models import MOST_MINUTES, PASSING_PERCENT, Option, Question, Quiz
from lms.domain.courses.quiz_queries import quiz as find
from lms.domain.courses.quiz_queries import written
from lms.errors import DomainError, Invalid, NotFound

Written = tuple[str, bool, str]  # of an answer: its text, whether it is right, its explanation
LONGEST_QUESTION, LONGEST_OPTION = 10_000, 1_000  # characters; an explanation is as long as an option
FEWEST_OPTIONS, MOST_OPTIONS = 2, 8
MOST_QUESTIONS = 100


def check_minutes(minutes: int | None) -> None:
    """Raises Invalid for what is no time to answer in; None is as long as one likes."""
    if minutes is not None and (type(minutes) is not int or not 1 <= minutes <= MOST_MINUTES):
        raise Invalid("A quiz takes 1 to %(most)d minutes, or as long as one likes.", most=MOST_MINUTES)


def check_passing_percent(percent: int) -> None:
    """Raises Invalid for what is no part of the questions."""
    if type(percent) is not int or not 1 <= percent <= 100:
        raise Invalid("A quiz is passed with 1 to 100 percent of its questions.")


def check_question(text: str, options: Sequence[Written], has_several: bool) -> None:
    """Raises Invalid for what nobody can answer; `options` are (text, is_right, explanation)."""
    if not _clean(text):
        raise Invalid("Write the question first.")
    _check_text(text, LONGEST_QUESTION)
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise Invalid("A question has %(fewest)d to %(most)d answers.", fewest=FEWEST_OPTIONS, most=MOST_OPTIONS)
    if not all(_clean(option) for option, _, _ in options):
        raise Invalid("Write what each answer says.")
    for option, _, explanation in options:
        _check_text(option, LONGEST_OPTION)
        _check_text(explanation, LONGEST_OPTION)
    right = sum(bool(is_right) for _, is_right, _ in options)
    if not right:
        raise Invalid("Mark the answer that is right.")
    if right > 1 and not has_several:
        raise Invalid("Mark one answer as right, or say that several are.")


def configure(lesson: Lesson, minutes: int | None, passing_percent: int) -> Quiz:
    """The lesson's Quiz with these settings. Who has begun an attempt keeps those he began with."""
    check_minutes(minutes)
    check_passing_percent(passing_percent)
    _lock(lesson.id)
    return _put(lesson, dict(minutes=minutes, passing_percent=passing_percent))


def add_question(lesson: Lesson, text: str, options: Sequence[Written], has_several: bool = False) -> Question:
    """The Question, last in the quiz; the first one makes the quiz."""
    check_question(text, options, has_several)
    _lock(lesson.id)
    quiz = find(lesson) or _put(lesson, dict(passing_percent=PASSING_PERCENT))
    if len(quiz.questions) >= MOST_QUESTIONS:
        raise DomainError("A quiz has at most %(most)d questions.", most=MOST_QUESTIONS)
    position = max((question.position for question in quiz.questions), default=0) + 1
    question = Question(text=_clean(text), has_several=has_several, position=position, options=_options(options))
    quiz.questions.append(question)
    _check_whole(quiz)
    db.session.flush()
    return question


def change_question(question: Question, text: str, options: Sequence[Written], has_several: bool) -> None:
    """Its options are new ones then."""
    check_question(text, options, has_several)
    quiz = _lock_question(question)
    question.text, question.has_several, question.options = _clean(text), has_several, _options(options)
    _check_whole(quiz)
    db.session.flush()


def move_question(question: Question, step: int) -> None:
    """Up (-1) or down (+1); the first does not move up, nor the last down."""
    quiz = _lock_question(question)
    place = quiz.questions.index(question) + step
    if 0 <= place < len(quiz.questions):
        other = quiz.questions[place]
        question.position, other.position = other.position, question.position
    db.session.flush()


def remove_question(question: Question) -> None:
    """The last one takes the quiz from the lesson: students complete it without. Attempts stay as they are."""
    quiz = _lock_question(question)
    quiz.questions.remove(question)
    db.session.flush()


def _put(lesson: Lesson, settings: Mapping[str, int | None]) -> Quiz:
    new = insert(Quiz).values(lesson_id=lesson.id, **settings)
    db.session.execute(new.on_conflict_do_update(index_elements=["lesson_id"], set_=settings))
    return written(lesson)


def _lock(lesson_id: int) -> None:
    """The course is locked, as by each verb that changes it: one after the other numbers its questions, and none is lost."""
    course_id = db.session.scalar(select(Lesson.course_id).where(Lesson.id == lesson_id))
    if course_id is not None:
        lock(course_id)
    if db.session.scalar(select(Lesson.id).where(Lesson.id == lesson_id)) is None:  # removed while we waited
        raise NotFound("There is no such lesson in this course.")


def _lock_question(question: Question) -> Quiz:
    """The quiz as it is now; raises NotFound for a question that was removed meanwhile."""
    _lock(question.lesson_id)
    quiz = find(question.quiz.lesson)
    if quiz is None or question not in quiz.questions:
        raise NotFound("There is no such question in this quiz.")
    return quiz


def _check_text(text: str, most: int) -> None:
    if len(text) > most:
        raise Invalid("A text has at most %(most)d characters.", most=most)
    check_brackets(text)


def _check_whole(quiz: Quiz) -> None:
    """All questions stand on one page, which is to be shown as soon as the longest lesson is."""
    texts = [text for question in quiz.questions for text in (question.text, *(part for option in question.options for part in (option.text, option.explanation)))]
    if sum(map(len, texts)) > LONGEST_BODY:
        raise Invalid("A quiz has at most %(most)d characters in all.", most=LONGEST_BODY)
    check_brackets("".join(texts))


def _options(options: Sequence[Written]) -> list[Option]:
    return [Option(text=_clean(text), is_right=bool(is_right), explanation=_clean(explanation), position=position) for position, (text, is_right, explanation) in enumerate(options)]


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()
