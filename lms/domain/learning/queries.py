"""Who is enrolled in what, how far he is, and what he may read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, with_expression
from sqlalchemy.orm.interfaces import ORMOption

from lms.db import Page, db, page_of
from lms.domain.accounts.models import User
from lms.domain.courses.models import Course, Lesson
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.domain.rewards.models import Grant
from lms.domain.rewards.queries import granted
from lms.domain.rulebook import queries as rulebook


@dataclass(frozen=True)
class Standing:
    """What a reader (None: a visitor) is to a course."""

    course: Course
    reader: User | None = None
    enrolment: Enrolment | None = None
    completed: frozenset[int] = field(default_factory=frozenset)  # lesson ids

    @property
    def is_teacher(self) -> bool:
        return self.reader is not None and self.reader.id == self.course.teacher_id

    @property
    def oversees(self) -> bool:
        """Its teacher and the admins read everything, published or not."""
        return self.is_teacher or (self.reader is not None and self.reader.is_admin)

    @property
    def may_see(self) -> bool:
        return self.course.is_published or self.oversees

    def may_read(self, lesson: Lesson) -> bool:
        return self.oversees or (self.course.is_published and (lesson.is_preview or self.enrolment is not None))

    @property
    def next_lesson(self) -> Lesson | None:
        """The first lesson not completed yet; the first of all when everything is."""
        lessons = self.course.lessons
        return next((lesson for lesson in lessons if lesson.id not in self.completed), lessons[0] if lessons else None)

    @property
    def left(self) -> int:
        """How many lessons of today's outline are not completed."""
        return sum(lesson.id not in self.completed for lesson in self.course.lessons)


def standing(course: Course, reader: User | None = None) -> Standing:
    """The reader's Standing; one statement, none for a visitor."""
    if reader is None:
        return Standing(course)
    completed = func.array_agg(LessonCompletion.lesson_id).filter(LessonCompletion.lesson_id.is_not(None))
    rows = (
        select(Enrolment, completed)
        .outerjoin(LessonCompletion, LessonCompletion.enrolment_id == Enrolment.id)
        .where(Enrolment.user_id == reader.id, Enrolment.course_id == course.id, Enrolment.ended_at.is_(None))
        .group_by(Enrolment.id)
    )
    found = db.session.execute(rows).first()
    return Standing(course, reader, found[0], frozenset(found[1] or ())) if found else Standing(course, reader)


def enrolment(user_id: int, course_id: int) -> Enrolment | None:
    """The member's enrolment in a course, or None."""
    return db.session.scalar(
        select(Enrolment)
        .join(Enrolment.course)
        .options(contains_eager(Enrolment.course))
        .where(Enrolment.user_id == user_id, Enrolment.course_id == course_id, Enrolment.ended_at.is_(None))
    )


def marking_enrolled(reader: User | None) -> Sequence[ORMOption]:
    """The options of a query of courses that say of each in the same statement whether the reader (None: a visitor) is enrolled."""
    if reader is None:
        return ()
    enrolled = select(Enrolment.id).where(Enrolment.user_id == reader.id, Enrolment.course_id == Course.id, Enrolment.ended_at.is_(None))
    return (with_expression(Course.is_enrolled, enrolled.exists()),)


def to_continue(user_id: int) -> Enrolment | None:
    """The member's enrolment with the last step, a lesson completed or the enrolment itself; one not completed before all others. None without any."""
    read_at = select(func.max(LessonCompletion.completed_at)).where(LessonCompletion.enrolment_id == Enrolment.id).scalar_subquery()
    last = func.greatest(Enrolment.enrolled_at, read_at)  # which passes over a NULL
    rows = select(Enrolment).where(Enrolment.user_id == user_id, Enrolment.ended_at.is_(None)).options(joinedload(Enrolment.course))
    return db.session.scalar(rows.order_by(Enrolment.completed_at.is_not(None), last.desc(), Enrolment.id.desc()).limit(1))


def of_member(user_id: int, number: int = 1) -> Page[Enrolment]:
    """One page of the member's enrolments with courses and teachers, newest first."""
    rows = select(Enrolment).where(Enrolment.user_id == user_id, Enrolment.ended_at.is_(None)).options(joinedload(Enrolment.course).joinedload(Course.teacher))
    return page_of(rows.order_by(Enrolment.id.desc()), number)


def lessons_left(enrolment: Enrolment) -> int:
    """How many lessons of the course the student has not completed."""
    done = select(LessonCompletion.lesson_id).where(
        LessonCompletion.enrolment_id == enrolment.id, LessonCompletion.lesson_id == Lesson.id
    )
    return db.session.scalars(select(func.count()).where(Lesson.course_id == enrolment.course_id, ~done.exists())).one()


def count(course_id: int) -> int:
    return db.session.scalars(select(func.count()).where(Enrolment.course_id == course_id, Enrolment.ended_at.is_(None))).one()


def lessons_granted(enrolment: Enrolment) -> int:
    """Millionths of TEO granted for lessons of this course, those a cap deferred too."""
    return granted(enrolment.user_id, enrolment.course_id, ["lesson"])


def next_reward(enrolment: Enrolment, left: int) -> int:
    """What the next lesson earns, in millionths of TEO, when `left` are still to do."""
    rules = rulebook.version(enrolment.rule_version)
    return rules.lesson_reward(enrolment.paid, lessons_granted(enrolment), left) if left else 0


def rewards_of(enrolment: Enrolment) -> Sequence[Grant]:
    """All grants of the course to the student out of his own purchase, oldest first."""
    mine = (Grant.user_id == enrolment.user_id, Grant.payer_id == enrolment.user_id)
    rows = select(Grant).where(*mine, Grant.course_id == enrolment.course_id)
    return db.session.scalars(rows.order_by(Grant.id)).all()


def lesson_rewards(enrolment: Enrolment, lesson: Lesson) -> Sequence[Grant]:
    """The grants for completing this lesson: none, one, or more where a daily cap split it."""
    key = lesson_key(enrolment, lesson)
    mine = Grant.user_id == enrolment.user_id
    return db.session.scalars(select(Grant).where(mine, or_(Grant.key == key, Grant.key.startswith(f"{key}:"))).order_by(Grant.id)).all()


def lesson_key(enrolment: Enrolment, lesson: Lesson) -> str:
    """Once per member, course and lesson for ever."""
    return f"course:{enrolment.course_id}:user:{enrolment.user_id}:lesson:{lesson.id}"


def completion_key(enrolment: Enrolment) -> str:
    return f"course:{enrolment.course_id}:user:{enrolment.user_id}:completion"
