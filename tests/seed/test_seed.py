"""The seed: what a platform for trying out begins with."""

from lms import seed
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import queries as members
from lms.domain.courses import actions as writing
from lms.domain.courses import queries as courses
from lms.domain.courses import quiz_queries as quizzes
from lms.domain.desk import home_figures, home_trends
from lms.domain.onchain import signer_lanes


def load():
    with transaction():
        return seed.load()


def test_each_seeded_member_can_log_in_with_what_is_printed(app):
    for role, email, password in load():
        member = accounts.authenticate(email, password)
        assert (member.role, member.is_verified) == (role, True)


def test_there_are_a_student_a_teacher_and_two_admins(app):
    assert [role for role, _, _ in load()] == ["student", "teacher", "admin", "admin"]


def test_every_seeded_course_is_for_sale_with_all_its_lessons(app):
    load()
    found = courses.catalogue().items
    assert len(found) >= 4
    teacher = members.by_email("teacher@example.org")
    for course in found:
        assert course.teacher_id == teacher.id
        assert course.lesson_count == len(course.lessons) >= 6
        assert next(lesson.is_preview for lesson in course.lessons)


def test_a_translation_is_shown_with_its_original(app):
    load()
    course, translations = courses.in_all_languages("renaissance-in-florence")
    assert [other.slug for other in translations] == ["il-rinascimento-a-firenze"]
    assert course.slug == "renaissance-in-florence"
    _, back = courses.in_all_languages("il-rinascimento-a-firenze")
    assert [other.slug for other in back] == ["renaissance-in-florence"]


def test_a_seeded_lesson_has_its_quiz(app):
    load()
    lesson = courses.lesson(courses.by_slug("renaissance-in-florence"), "measured-depth")
    quiz = quizzes.quiz(lesson)
    assert lesson.has_quiz and (quiz.minutes, quiz.passing_percent, len(quiz.questions)) == (20, 75, 4)
    assert [sum(option.is_right for option in question.options) for question in quiz.questions] == [1, 2, 1, 1]
    load()
    assert len(quizzes.quiz(lesson).questions) == 4


def test_seeding_again_adds_nothing_and_keeps_what_was_changed(app):
    load()
    with transaction():
        lesson = courses.by_slug("how-blockchains-really-work").lessons[0]
        writing.change_lesson(lesson, title="Mine", body="Mine", minutes=1, is_preview=True)
        accounts.change_password(members.by_email("student@example.org"), "another password")
    before = courses.catalogue().total
    load()
    assert courses.catalogue().total == before
    assert courses.by_slug("how-blockchains-really-work").lessons[0].title == "Mine"
    assert accounts.authenticate("student@example.org", "another password")


def test_an_admins_home_begins_with_a_fortnight_of_every_number_and_keeps_what_was_noted_since(app):
    with transaction():
        signer_lanes.see_signer("0x" + "cd" * 20, 10**18, 0)
    load()
    measured = {*home_figures.now(), home_figures.FAILED_JOBS}
    found = home_trends.of(dict.fromkeys(measured))
    assert {name: len(trend.points) for name, trend in found.items()} == dict.fromkeys(measured, home_trends.DAYS - 1)
    with transaction():
        home_trends.keep(found["lag"].points[0][0], {"lag": 77})
    load()
    assert home_trends.of({"lag": None})["lag"].points[0][1] == 77
