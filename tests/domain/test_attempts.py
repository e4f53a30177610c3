"""Quizzes taken: begun, saved, handed in once, and closed when the time is up."""


import threading
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Order
from lms.domain.courses import actions as courses
from lms.domain.courses import queries as catalogue
from lms.domain.courses import quizzes as writing
from lms.domain.courses.models import Lesson
from lms.domain.courses.quiz_models import Question
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.learning import quiz_queries as queries
from lms.domain.learning import quizzes
from lms.domain.learning.attempt_models import QuizAttempt
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.errors import DomainError, Forbidden, Invalid, NotFound
from tests.conftest import publish, sell, take_part
from tests.races import PATIENCE, outcomes, race


@pytest.fixture
def lesson(course):
    """With a quiz of three questions, of which two must be right; of the last one two options are."""
    lesson = lesson_of(course)
    ask(lesson, "Two and two?", ("Three", "Four!", "Five"))
    ask(lesson, "Three and **three**?", ("Six!", "Seven"))
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


def test_an_attempt_has_the_questions_as_they_are(attempt):
    first = attempt.questions[0]
    assert [(question["text"], question["has_several"]) for question in attempt.questions] == [("Two and two?", False), ("Three and **three**?", False), ("Which are even?", True)]
    assert [(option["text"], option["is_right"], option["explanation"]) for option in first["options"]] == [("Three", False, "Why Three"), ("Four", True, "Why Four!"), ("Five", False, "Why Five")]
    assert (attempt.count, attempt.passing_percent, attempt.ends_at, attempt.is_open) == (3, 60, None, True)
    assert queries.chosen(attempt) == {}


def test_an_attempt_keeps_its_questions_and_the_next_one_has_those_of_then(attempt, enrolment, lesson):
    first, second, third = db.session.query(Question).order_by(Question.id)
    with transaction():
        writing.change_question(first, "One and one?", [("Two", True, ""), ("Three", False, "")], False)
        writing.remove_question(second)
        writing.move_question(third, -1)
        writing.configure(lesson, 5, 100)
    hand_in(attempt, *ALL_RIGHT)
    assert (attempt.right, attempt.count, attempt.passing_percent, attempt.ends_at) == (3, 3, 60, None)
    after = begin(enrolment, lesson)
    assert [question["text"] for question in after.questions] == ["Which are even?", "One and one?"]
    assert (after.passing_percent, after.ends_at - after.began_at) == (100, timedelta(minutes=5))


def test_who_begins_while_one_is_open_goes_on_with_that(attempt, enrolment, lesson):
    save(attempt, "Four")
    assert begin(enrolment, lesson) is attempt and saved(attempt) == ["Four", "", ""]
    assert queries.open_attempt(enrolment.id, lesson.id) is attempt


def test_one_may_try_as_often_as_one_likes(attempt, enrolment, lesson):
    hand_in(attempt, *ALL_RIGHT)
    assert queries.open_attempt(enrolment.id, lesson.id) is None
    again = begin(enrolment, lesson)
    assert again is not attempt and queries.chosen(again) == {}
    hand_in(again, "Three")
    assert [(each.right, each.has_passed) for each in queries.attempts(enrolment.id, lesson.id)] == [(3, True), (0, False)]
    assert queries.has_passed(enrolment.id, lesson.id), "he passed once"


def test_the_last_attempts_are_listed_in_two_statements_at_most(enrolment, lesson, statements, monkeypatch):
    monkeypatch.setattr(queries, "LISTED", 3)
    made = [hand_in(begin(enrolment, lesson), "Four").id for _ in range(5)]
    keys = enrolment.id, lesson.id
    db.session.expunge_all()
    with statements() as seen:
        found = queries.attempts(*keys)
        assert [each.id for each in found] == made[-3:] and found[-1].questions[0]["text"] == "Two and two?"
    assert len(seen) == 2, "of the others the questions are not read"


def test_an_attempt_is_found_by_its_number_by_whose_it_is(attempt, enrolment, lesson, bruno, course):
    hand_in(attempt)
    assert queries.own(enrolment.id, lesson.id, attempt.id) is attempt
    other = take_part(bruno, course, lessons=0)
    assert queries.own(other.id, lesson.id, attempt.id) is queries.own(enrolment.id, lesson_of(course, 2).id, attempt.id) is queries.own(enrolment.id, lesson.id, attempt.id + 1) is None


def test_what_says_how_far_one_is_is_under_way_or_passed_or_the_last(enrolment, lesson, statements):
    def shown():
        return queries.shown(enrolment.id, lesson.id)

    assert shown() is None
    first = hand_in(begin(enrolment, lesson), "Four")
    failed = hand_in(begin(enrolment, lesson), "Four")
    assert first.is_open is False and shown() is failed
    passed = hand_in(begin(enrolment, lesson), *ALL_RIGHT)
    hand_in(begin(enrolment, lesson), "Four")
    assert shown() is passed
    better = hand_in(begin(enrolment, lesson), "Four", "Six")
    assert shown() is better, "the last that passed"
    under_way = begin(enrolment, lesson)
    keys = enrolment.id, lesson.id, under_way.id
    db.session.expunge_all()
    with statements() as seen:
        assert queries.shown(*keys[:2]).id == keys[2]
    assert len(seen) == 1 and "questions" not in seen[0]


def test_a_lesson_without_questions_is_not_begun(enrolment, course):
    other = lesson_of(course, 2)
    with pytest.raises(NotFound, match="no quiz"):
        begin(enrolment, other)
    limit(other, 5)
    with pytest.raises(NotFound, match="no quiz"):
        begin(enrolment, other)


def test_a_lesson_of_another_course_is_not_begun(enrolment, tea):
    other = lesson_of(publish(tea, "Another", price=0))
    ask(other, "Two and two?", ("Three", "Four!"))
    with pytest.raises(NotFound, match="no such lesson"):
        begin(enrolment, other)


# Saving


def test_what_was_saved_stays_where_a_question_is_not_named(attempt):
    save(attempt, "Three", None, "Two")
    save(attempt, None, "Six")
    assert saved(attempt) == ["Three", "Six", "Two"]
    save(attempt, "Four", "", "Four Three")
    assert saved(attempt) == ["Four", "", "Three Four"], "an answer is taken back; options stand as they are asked"
    assert attempt.is_open and attempt.right is None and attempt.has_passed is None


def test_nothing_chosen_is_no_fault(attempt):
    save(attempt)
    assert queries.chosen(attempt) == {}
    number = attempt.questions[0]["id"]
    with transaction():
        quizzes.save(attempt, {number: []})
    assert queries.chosen(attempt) == {number: []}


@pytest.mark.parametrize("verb", [quizzes.save, quizzes.hand_in])
def test_what_was_not_asked_cannot_be_chosen(attempt, verb):
    save(attempt, "Three")
    first, second, third = ((question["id"], [option["id"] for option in question["options"]]) for question in attempt.questions)
    wrong = (
        ({0: [first[1][0]]}, "no such question"),
        ({first[0]: [second[1][0]]}, "There is no such answer"),
        ({first[0]: [first[1][1], 0]}, "There is no such answer"),
        ({first[0]: first[1][:2]}, "Choose one answer"),
        ({first[0]: [first[1][1]], third[0]: [None]}, "There is no such answer"),
    )
    for chosen, words in wrong:
        with pytest.raises(Invalid, match=words), transaction():
            verb(attempt, chosen)
        assert saved(attempt) == ["Three", "", ""] and attempt.is_open


def test_an_option_named_twice_is_chosen_once(attempt):
    question = attempt.questions[0]
    with transaction():
        quizzes.save(attempt, {question["id"]: [question["options"][1]["id"]] * 2})
    assert saved(attempt) == ["Four", "", ""]


# Handing in


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (ALL_RIGHT, 3),
        (("Four", "Six", "Two"), 2),
        (("Four", "Six", "Two Three Four"), 2),
        (("Four", "Six", "Three"), 2),
        (("Four", "Six"), 2),
        (("Three", "Six", ""), 1),
        ((), 0),
    ],
)
def test_a_question_counts_when_exactly_the_right_options_are_chosen(attempt, words, right):
    hand_in(attempt, *words)
    assert (attempt.right, attempt.has_passed, attempt.is_open) == (right, right >= 2, False)


def test_a_hand_in_counts_what_was_saved_before(attempt):
    save(attempt, "Four", "Seven")
    hand_in(attempt, None, "Six")
    assert (attempt.right, saved(attempt)) == (2, ["Four", "Six", ""])


@pytest.mark.parametrize(("percent", "right", "has_passed"), [(66, 2, True), (67, 2, False), (100, 3, True), (100, 2, False), (1, 1, True), (1, 0, False), (34, 1, False), (33, 1, True)])
def test_the_passing_mark_is_reckoned_without_rounding(enrolment, lesson, percent, right, has_passed):
    limit(lesson, None, percent)
    attempt = hand_in(begin(enrolment, lesson), *ALL_RIGHT[:right])
    assert (attempt.right, attempt.has_passed) == (right, has_passed)
    assert queries.has_passed(enrolment.id, lesson.id) is has_passed


def test_a_second_hand_in_changes_nothing(attempt):
    hand_in(attempt, "Three")
    closed_at = attempt.closed_at
    hand_in(attempt, *ALL_RIGHT)
    assert (attempt.right, attempt.closed_at, saved(attempt)) == (0, closed_at, ["Three", "", ""])
    with pytest.raises(DomainError, match="You have handed this quiz in"):
        save(attempt, *ALL_RIGHT)


def test_who_passes_is_known_by_his_own_attempts(attempt, bruno, course, lesson):
    hand_in(attempt, *ALL_RIGHT)
    assert not queries.has_passed(take_part(bruno, course, lessons=0).id, lesson.id)
    assert not queries.has_passed(attempt.enrolment_id, lesson_of(course, 2).id)


# The deadline


@pytest.fixture
def timed(enrolment, lesson):
    """An attempt of five minutes, with one answer saved."""
    limit(lesson, 5)
    attempt = begin(enrolment, lesson)
    save(attempt, "Four")
    return attempt


def wait(**span):
    clock.advance(timedelta(**span))


def test_the_deadline_is_of_the_servers_clock(timed):
    assert timed.ends_at - timed.began_at == timedelta(minutes=5)
    assert not (timed.is_over or timed.is_late)
    wait(minutes=5)
    assert timed.is_over and not timed.is_late
    wait(seconds=10)
    assert timed.is_over and timed.is_late


def test_an_attempt_without_a_deadline_waits_for_ever(attempt):
    wait(days=1000)
    save(attempt, "Four")
    assert not (attempt.is_over or attempt.is_late) and queries.late_ids() == []


def test_just_before_the_deadline_one_may_save(timed):
    wait(minutes=4, seconds=50)
    save(timed, None, "Six")
    assert saved(timed) == ["Four", "Six", ""]


def test_after_the_deadline_nothing_more_is_saved(timed):
    wait(minutes=5)
    with pytest.raises(DomainError, match="The time is up") as refusal:
        save(timed, None, "Six")
    assert refusal.value.status == 409 and saved(timed) == ["Four", "", ""] and timed.is_open


def test_what_was_handed_in_at_the_last_moment_is_taken_with_what_it_brings(timed):
    wait(minutes=5)
    hand_in(timed, None, "Six")
    assert timed.closed_at >= timed.ends_at
    assert (timed.right, timed.has_passed, timed.ran_out) == (2, True, False)


def test_what_is_handed_in_later_closes_with_what_was_saved(timed):
    wait(minutes=5, seconds=10)
    hand_in(timed, None, "Six")
    assert (timed.right, timed.has_passed, timed.ran_out, saved(timed)) == (1, False, True, ["Four", "", ""])
    with pytest.raises(DomainError, match="The time is up"):
        save(timed, None, "Six")


def test_who_begins_after_the_deadline_has_a_new_attempt(timed, enrolment, lesson):
    wait(minutes=5)
    assert begin(enrolment, lesson) is timed, "what he handed in may be on its way"
    wait(seconds=10)
    after = begin(enrolment, lesson)
    assert after is not timed and after.is_open
    assert (timed.is_open, timed.right, timed.ran_out) == (False, 1, True)


def test_an_attempt_is_closed_when_its_time_is_up_and_not_before(timed):
    wait(minutes=5)
    assert queries.late_ids() == []
    close(timed)
    assert timed.is_open
    wait(seconds=10)
    assert queries.late_ids() == [timed.id]
    close(timed)
    closed_at = timed.closed_at
    assert (timed.right, timed.has_passed, timed.ran_out, queries.late_ids()) == (1, False, True, [])
    wait(minutes=1)
    close(timed)
    assert timed.closed_at == closed_at


def test_the_one_that_waits_longest_is_closed_first(timed, member, course, lesson):
    wait(minutes=1)
    later = begin(take_part(member("bea"), course, lessons=0), lesson)
    wait(minutes=10)
    assert queries.late_ids() == [timed.id, later.id] and queries.late_ids(limit=1) == [timed.id]


# Completing the lesson


def complete(enrolment, lesson):
    with transaction():
        return learning.complete_lesson(enrolment, lesson)


def test_a_lesson_is_complete_only_when_its_quiz_is_passed(enrolment, lesson):
    for words in (None, ("Three",)):
        if words:
            hand_in(begin(enrolment, lesson), *words)
        with pytest.raises(DomainError, match="Pass the quiz of this lesson first") as refusal:
            complete(enrolment, lesson)
        assert refusal.value.status == 409 and db.session.query(LessonCompletion).count() == 0
    hand_in(begin(enrolment, lesson), *ALL_RIGHT)
    assert complete(enrolment, lesson) and not complete(enrolment, lesson)
    assert enrolment.done == 1


def test_an_open_attempt_is_not_passed(enrolment, lesson):
    save(begin(enrolment, lesson), *ALL_RIGHT)
    with pytest.raises(DomainError, match="Pass the quiz"):
        complete(enrolment, lesson)


def test_what_another_passed_completes_nothing(enrolment, lesson, bruno, course):
    hand_in(begin(take_part(bruno, course, lessons=0), lesson), *ALL_RIGHT)
    with pytest.raises(DomainError, match="Pass the quiz"):
        complete(enrolment, lesson)


def test_other_lessons_do_not_wait_for_it(enrolment, lesson, course):
    assert complete(enrolment, lesson_of(course, 2))


def test_who_completed_the_lesson_before_it_had_a_quiz_keeps_that(ana, course):
    enrolment, lesson = take_part(ana, course, lessons=1), lesson_of(course)
    ask(lesson, "Two and two?", ("Three", "Four!"))
    assert complete(enrolment, lesson) is False
    assert enrolment.done == 1 and enrolments.standing(course, ana).completed == {lesson.id}


def test_without_its_questions_a_lesson_is_complete_without_a_quiz(enrolment, lesson):
    with transaction():
        for question in db.session.query(Question).all():
            writing.remove_question(question)
    assert complete(enrolment, lesson)


def test_who_passed_before_the_questions_changed_has_passed(attempt, enrolment, lesson):
    hand_in(attempt, *ALL_RIGHT)
    ask(lesson, "Four and four?", ("Seven", "Eight!"))
    assert complete(enrolment, lesson)


def test_a_lesson_whose_quiz_was_tried_is_not_removed(attempt, lesson):
    with pytest.raises(DomainError, match="tried its quiz; it cannot be removed"), transaction():
        courses.remove_lesson(lesson)
    assert len(attempt.questions) == 3 and db.session.query(Question).count() == 3


# A course given back


@pytest.fixture
def bought(ana, course, lesson):
    """(order, attempt): Ana's, who bought the course and has saved two right answers."""
    order = sell(ana, course)
    attempt = begin(enrolments.enrolment(ana.id, course.id), lesson)
    save(attempt, "Four", "Six")
    return order, attempt


def give_back(order):
    with transaction():
        refunds.refund(order)


def test_a_course_given_back_closes_what_was_under_way(bought, lesson):
    order, attempt = bought
    give_back(order)
    assert (attempt.is_open, attempt.right, attempt.has_passed, attempt.ran_out) == (False, 2, True, False)
    for verb in (lambda: begin(attempt.enrolment, lesson), lambda: save(attempt, "Three"), lambda: hand_in(attempt, "Three")):
        with pytest.raises(Forbidden):
            verb()
    close(attempt)
    assert saved(attempt) == ["Four", "Six", ""] and attempt.right == 2


def test_who_buys_again_goes_on_with_what_he_passed(bought, ana, course, lesson):
    order, attempt = bought
    give_back(order)
    sell(ana, course, "pay_2")
    enrolment = enrolments.enrolment(ana.id, course.id)
    assert begin(enrolment, lesson) is not attempt
    assert complete(enrolment, lesson)


def test_an_attempt_of_an_enrolment_that_ended_is_closed_by_its_deadline_too(timed):
    """However it came to be open."""
    with transaction():
        learning.end(timed.enrolment)
    wait(minutes=5, seconds=10)
    close(timed)
    assert (timed.is_open, timed.right) == (False, 1)


# Races


def own(attempt_id):
    return db.session.get_one(QuizAttempt, attempt_id)


def test_of_many_who_begin_at_once_there_is_one_attempt(app, enrolment, lesson):
    enrolment_id, lesson_id = enrolment.id, lesson.id

    def tab():
        return quizzes.begin(db.session.get_one(Enrolment, enrolment_id), db.session.get_one(Lesson, lesson_id)).id

    assert len(set(outcomes(app, [tab] * 20))) == 1
    assert db.session.query(QuizAttempt).count() == 1


def test_fifty_hand_ins_at_once_count_once(app, attempt):
    """Whichever is first: all of its answers, and none of another's."""
    attempt_id, good, bad = attempt.id, choice(attempt, *ALL_RIGHT), choice(attempt, "Three", "Seven", "Three")
    assert race(app, [lambda number=number: quizzes.hand_in(own(attempt_id), good if number % 2 else bad) for number in range(50)]) == []
    assert (attempt.right, saved(attempt)) in ((3, ["Four", "Six", "Two Four"]), (0, ["Three", "Seven", "Three"]))
    assert db.session.query(QuizAttempt).count() == 1


def test_a_lesson_is_not_removed_under_who_begins_its_quiz(app, enrolment, lesson):
    """Both found it: whoever comes later is refused, and nothing breaks."""
    enrolment_id, lesson_id, both = enrolment.id, lesson.id, threading.Barrier(2)

    def found():
        lesson = db.session.get_one(Lesson, lesson_id)
        both.wait(PATIENCE)
        return lesson

    refusals = race(app, [lambda: quizzes.begin(db.session.get_one(Enrolment, enrolment_id), found()), lambda: courses.remove_lesson(found())])
    is_removed = isinstance(refusals[0], NotFound)
    assert len(refusals) == 1
    assert (db.session.query(QuizAttempt).count(), db.session.query(Question).count()) == ((0, 0) if is_removed else (1, 3))


def test_what_is_saved_while_it_is_handed_in_is_marked_or_refused(app, attempt):
    attempt_id, good = attempt.id, choice(attempt, *ALL_RIGHT)
    refusals = race(app, [lambda: quizzes.hand_in(own(attempt_id), {}), *[lambda: quizzes.save(own(attempt_id), good)] * 5])
    marked = 0 if len(refusals) == 5 else 3
    assert attempt.right == marked and saved(attempt) == (["Four", "Six", "Two Four"] if marked else ["", "", ""])


def test_a_refund_and_a_hand_in_at_once_close_it_once(app, bought):
    order_id, attempt_id, good = bought[0].id, bought[1].id, choice(bought[1], *ALL_RIGHT)
    refusals = race(app, [lambda: refunds.refund(db.session.get_one(Order, order_id)), lambda: quizzes.hand_in(own(attempt_id), good)])
    attempt = own(attempt_id)
    assert (attempt.right, attempt.is_open) == (2 if refusals else 3, False)


def test_a_late_attempt_closed_by_many_at_once_is_closed_once(app, timed):
    attempt_id, good = timed.id, choice(timed, *ALL_RIGHT)
    wait(minutes=6)
    assert race(app, [lambda: quizzes.close_late(attempt_id), lambda: quizzes.hand_in(own(attempt_id), good)] * 5) == []
    assert (timed.right, saved(timed)) == (1, ["Four", "", ""])


def close(attempt):
    with transaction():
        quizzes.close_late(attempt.id)
