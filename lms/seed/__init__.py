"""What a platform for trying out begins with: a member of each role, courses worth reading, and what an admin counted before."""

import tomllib
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import queries as members
from lms.domain.courses import actions as courses
from lms.domain.courses import quizzes
from lms.domain.courses.models import Course
from lms.domain.ledger import actions as ledger
from lms.domain.onchain import figures
from lms.seed import snapshots

PASSWORD = "learn-and-earn"  # of every seeded member: it is printed, and no secret
PEOPLE = (
    ("student", "student@example.org", "Sofia Student"),
    ("teacher", "teacher@example.org", "Tommaso Teacher"),
    ("admin", "admin@example.org", "Ada Admin"),
    ("admin", "admin2@example.org", "Aldo Admin"),
)
_COURSES = Path(__file__).parent / "courses"


def load():
    """Add what is missing and leave alone what is there; in the caller's transaction. Answers (role, address, password) of each member."""
    people = {email: _member(role, email, name) for role, email, name in PEOPLE}
    teacher = people["teacher@example.org"]
    found = {folder.name: _read(folder) for folder in sorted(_COURSES.iterdir()) if (folder / "course.toml").is_file()}
    originals_first = sorted(found, key=lambda slug: ("translation_of" in found[slug], slug))
    for place, slug in enumerate(originals_first):
        if _course(slug) is None:
            course = _write(teacher, slug, found[slug])
            course.state, course.published_at = "published", clock.now() - timedelta(minutes=place)
    db.session.flush()
    snapshots.load([lane.signer for lane in figures.working_lanes()])
    return [(role, email, PASSWORD) for role, email, _ in PEOPLE]


def _member(role, email, name):
    user = members.by_email(email)
    if user is None:
        user = accounts.sign_up(email, name, PASSWORD)
        user.role, user.verified_at = role, clock.now()
        user.teacher_since = clock.now() if role == "teacher" else None
        ledger.open_member(user)
        db.session.flush()
    return user


def _course(slug):
    return db.session.scalar(select(Course).where(Course.slug == slug))


def _read(folder):
    return tomllib.loads((folder / "course.toml").read_text(encoding="utf-8"))


def _write(teacher, slug, facts):
    """A course with its lessons, under the name of its folder."""
    course = courses.create(teacher, facts["title"], slug=slug)
    shown = {name: facts[name] for name in ("title", "summary", "description", "subject", "language", "reward_bp")}
    courses.change(course, price=facts["price_cents"], **shown)
    if "translation_of" in facts:
        course.translation_of_id = _course(facts["translation_of"]).id
    for part in facts["sections"]:
        section = courses.add_section(course, part["title"])
        for name in part["lessons"]:
            _write_lesson(section, slug, name)
    return course


def _write_lesson(section, slug, name):
    """Front matter and body stand apart by lines of +++; the number before the name only orders the files."""
    _, front, body = (_COURSES / slug / f"{name}.md").read_text(encoding="utf-8").split("+++\n", 2)
    front = tomllib.loads(front)
    facts = dict(minutes=front["minutes"], is_preview=front["preview"], slug=name.partition("-")[2], exercise=front.get("exercise", ""))
    lesson = courses.add_lesson(section, front["title"], body.strip(), **facts)
    quiz = _COURSES / slug / f"{name}.quiz.toml"
    if quiz.is_file():
        _write_quiz(lesson, tomllib.loads(quiz.read_text(encoding="utf-8")))


def _write_quiz(lesson, facts):
    quizzes.configure(lesson, facts["minutes"], facts["passing_percent"])
    for question in facts["questions"]:
        options = [(option["text"], option.get("right", False), option["why"]) for option in question["options"]]
        quizzes.add_question(lesson, question["text"], options, question.get("has_several", False))
