"""Writing courses: two who write at once, what is too much, and who decides."""

import contextlib
import threading

import pytest

from lms.db import db, transaction
from lms.domain.courses import actions as courses
from lms.domain.courses import approval, queries
from lms.domain.courses.models import Course, Lesson
from lms.errors import DomainError, Forbidden, Invalid
from tests.races import outcomes

FACTS = dict(summary="A summary.", description="Words.", subject="Technology", language="en", price=8000, reward_bp=200)

LESSON = dict(title="Knots", body="", minutes=1, is_preview=False)


@pytest.fixture
def draft(tea):
    with transaction():
        return courses.create(tea, "Weaving")


def titles(course):
    db.session.expire_all()
    return [[lesson.title for lesson in section.lessons] for section in queries.by_slug(course.slug).sections]


def sections_with_lessons(course, *groups):
    with transaction():
        for number, group in enumerate(groups):
            section = courses.add_section(course, f"Part {number}")
            for title in group:
                courses.add_lesson(section, title)


def lesson_called(title):
    return db.session.query(Lesson).filter_by(title=title).one()


def test_two_courses_of_one_title_get_two_addresses(tea):
    with transaction():
        first, second = courses.create(tea, "Weaving"), courses.create(tea, "Weaving")
    assert first.slug == "weaving"
    assert second.slug.startswith("weaving-")


def test_two_courses_of_one_title_written_at_once_get_two_addresses(app, tea):
    teacher_id = tea.id
    db.session.commit()

    def write():
        from lms.domain.accounts.models import User

        return courses.create(db.session.get_one(User, teacher_id), "Weaving").slug

    assert len({str(slug) for slug in outcomes(app, [write] * 3)}) == 3
    assert db.session.query(Course).count() == 3


def test_two_lessons_of_one_title_get_two_addresses(draft):
    sections_with_lessons(draft, ["Knots", "Knots"])
    assert len({lesson.slug for lesson in queries.by_slug(draft.slug).lessons}) == 2


def test_lessons_added_at_once_stand_in_an_order(app, draft):
    sections_with_lessons(draft, ["First"])
    section_id = queries.by_slug(draft.slug).sections[0].id
    db.session.commit()

    def add():
        from lms.domain.courses.models import Section

        return courses.add_lesson(db.session.get_one(Section, section_id), "More").position

    assert sorted(outcomes(app, [add] * 4)) == [2, 3, 4, 5]
    db.session.expire_all()
    assert queries.by_slug(draft.slug).lesson_count == 5


@pytest.mark.parametrize("title", ["", "   ", "\x00", "x" * 121])
def test_a_title_has_words_and_an_end(tea, title):
    with pytest.raises(Invalid):
        courses.create(tea, title)


@pytest.mark.parametrize("title", ["日本語", "***", "../../etc", "ÀÉÎ"])
def test_any_title_gives_an_address(tea, title):
    course = courses.create(tea, title)
    assert course.slug and set(course.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    "wrong",
    [
        dict(price=-1),
        dict(price=1_000_001),
        dict(price=99),
        dict(price=float("nan")),
        dict(price=10.5),
        dict(price=True),
        dict(reward_bp=201),
        dict(reward_bp=-1),
        dict(discount_bp=1501),
        dict(discount_bp=-1),
        dict(language="xx"),
        dict(summary="x" * 181),
        dict(subject="x" * 41),
        dict(description="x" * 200_001),
        dict(description="[" * 2_001),
    ],
)
def test_a_course_refuses_what_makes_no_sense(draft, wrong):
    with pytest.raises(Invalid):
        courses.change(draft, title="Weaving", **{**FACTS, **wrong})


def test_characters_a_database_cannot_keep_are_left_out(draft):
    courses.change(draft, title="Wea\x00ving", **{**FACTS, "summary": "a\x00b\nc", "description": "x\x00y"})
    assert (draft.title, draft.summary, draft.description) == ("Wea ving", "a b c", "xy")


@pytest.mark.parametrize("minutes", [0, -1, 601, 1.5])
def test_a_lesson_takes_whole_minutes(draft, minutes):
    section = courses.add_section(draft, "Part")
    with pytest.raises(Invalid):
        courses.add_lesson(section, "Knots", minutes=minutes)


def test_a_course_ends_somewhere(draft, monkeypatch):
    monkeypatch.setattr(courses, "MOST_LESSONS", 2)
    with pytest.raises(DomainError):
        sections_with_lessons(draft, ["One", "Two", "Three"])


def test_a_lesson_moves_within_its_section_and_into_the_next(draft):
    sections_with_lessons(draft, ["a", "b"], ["c"])
    with transaction():
        courses.move(lesson_called("a"), 1)
    assert titles(draft) == [["b", "a"], ["c"]]
    with transaction():
        courses.move(lesson_called("a"), 1)
    assert titles(draft) == [["b"], ["a", "c"]]
    with transaction():
        courses.move(lesson_called("a"), -1)
    assert titles(draft) == [["b", "a"], ["c"]]


def test_the_first_does_not_move_up_nor_the_last_down(draft):
    sections_with_lessons(draft, ["a"], ["b"])
    with transaction():
        courses.move(lesson_called("a"), -1)
        courses.move(lesson_called("b"), 1)
    assert titles(draft) == [["a"], ["b"]]


def test_sections_move_with_their_lessons(draft):
    sections_with_lessons(draft, ["a"], ["b"])
    with transaction():
        courses.move(queries.by_slug(draft.slug).sections[1], -1)
    assert titles(draft) == [["b"], ["a"]]


def test_a_section_with_lessons_is_not_removed(draft):
    sections_with_lessons(draft, ["a"])
    with pytest.raises(DomainError):
        courses.remove_section(queries.by_slug(draft.slug).sections[0])


@pytest.mark.parametrize("other", [lambda lesson: courses.move(lesson, -1), lambda lesson: courses.change_lesson(lesson, **LESSON)])
def test_neighbours_moved_or_saved_at_once_do_not_wait_for_each_other(app, draft, other):
    sections_with_lessons(draft, ["a", "b"])
    slug, both = draft.slug, threading.Barrier(2)

    def found(lesson_slug, verb):
        lesson = queries.lesson_to_edit(queries.by_slug(slug), lesson_slug)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        verb(lesson)

    db.session.commit()
    assert outcomes(app, [lambda: found("a", lambda lesson: courses.move(lesson, 1)), lambda: found("b", other)]) == [None, None]


def test_of_two_admins_who_decide_at_once_one_decides(app, draft, ada, member):
    sections_with_lessons(draft, ["a"])
    with transaction():
        courses.change(draft, title="Weaving", **FACTS)
        approval.submit(draft)
    course_id, submission, one, two = draft.id, draft.submission, ada.id, member("adele", role="admin").id
    db.session.commit()

    def decide(verb, admin_id, *words):
        from lms.domain.accounts.models import User

        return lambda: verb(db.session.get_one(Course, course_id), db.session.get_one(User, admin_id), *words)

    results = outcomes(app, [decide(approval.approve, one, submission), decide(approval.give_back, two, "Shorter.")])
    assert sorted(isinstance(result, DomainError) for result in results) == [False, True]


def test_nobody_approves_his_own_course(tea, draft):
    draft.state = "submitted"
    tea.role = "admin"
    with pytest.raises(Forbidden):
        approval.approve(draft, tea, draft.submission)


def test_words_are_found_by_their_beginning_whatever_is_typed(course):
    for word in ("how chains", "CHA", "chains & how", "chains' | (", "how:* !chains", "“chains”", "how-chains"):
        assert [found.id for found in queries.catalogue(word).items] == [course.id], word
    for word in ("chainsaw", "how not"):
        assert queries.catalogue(word).items == []


def test_a_course_an_admin_reads_does_not_change_under_him(tea, course):
    with transaction():
        course.state = "submitted"
    lesson = course.lessons[0]
    changes = (
        lambda: courses.change_lesson(lesson, title="Other", body="Other", minutes=1, is_preview=False),
        lambda: courses.add_section(course, "Another"),
        lambda: courses.change_section(course.sections[0], "Other"),
        lambda: courses.remove_lesson(lesson),
    )
    for change in changes:
        with pytest.raises(DomainError, match="An admin is reading this course"), transaction():
            change()
