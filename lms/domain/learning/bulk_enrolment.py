"""Bulk enrolment: who of a list of addresses can be enrolled in a course by an admin, and why not the others. Nobody pays here, and nobody earns TEO by it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from lms import clock
from lms.db import among, db
from lms.domain.accounts.checks import normal
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.courses.models import Course
from lms.domain.learning.actions import enroll_unpaid
from lms.domain.learning.models import Enrolment
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Invalid
from lms.formats import csv

MOST_LINES, LARGEST = 2000, 1_000_000  # bytes
OUTCOMES = ("new", "enrolled", "unknown", "unconfirmed", "suspended", "teacher", "malformed", "duplicate")
_ADDRESS = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,190}")  # as much as may be looked up; who has it has proven it


@dataclass(frozen=True)
class Line:
    """One line of a list as it was written; `email` is None where it could not be read."""

    number: int
    email: str | None
    name: str = ""


@dataclass(frozen=True)
class Verdict:
    """What enrolling would come to for a Line: `outcome` is one of OUTCOMES. `member` is whose address it is."""

    line: Line
    outcome: str
    member: User | None = None


def read(data: bytes) -> list[Line]:
    """The Lines of a CSV with a column `email` and, where there is one, `name`. Raises Invalid with what is wrong with it as a whole."""
    if len(data) > LARGEST:
        raise Invalid("A list has at most 1 MB.")
    names, rows = csv.read(data)
    if names.count("email") != 1:
        raise Invalid("The first line of a list names its columns, and one of them is “email”.")
    if not rows:
        raise Invalid("There is no address in this list.")
    if len(rows) > MOST_LINES:
        raise Invalid("A list has at most %(most)d lines, and this one has %(count)d.", most=MOST_LINES, count=len(rows))
    return [Line(number, cells["email"], cells.get("name", "")) if cells else Line(number, None) for number, cells in rows]


def judge(course: Course, lines: Sequence[Line]) -> list[Verdict]:
    """The Verdict of each line, in their order; writes nothing. Two statements for any number of them."""
    written = Counter[str]()
    addresses = [_address(line) for line in lines]
    members = _members([address for address in addresses if address])
    enrolled = _enrolled(course, members.values())
    verdicts = []
    for line, address in zip(lines, addresses, strict=True):
        member = members.get(address) if address else None
        verdicts.append(Verdict(line, _outcome(course, line, member, enrolled, written), member))
        written[normal(line.email or "")] += 1
    return verdicts


def enroll_all(course: Course, lines: Sequence[Line], by: User, sha256: str) -> int:
    """Enrol who can be and is not yet; answers how many were. The same list once more enrols nobody. `sha256`: hex of the file it came in, for the audit log."""
    if not by.may_decide:
        raise DomainError("Only an admin may enrol others.")
    if not course.is_published:
        raise DomainError("This course is not open for enrolment.")
    new = [verdict.member.id for verdict in judge(course, lines) if verdict.member and verdict.outcome == "new"]
    enrolled = enroll_unpaid(new, course, rulebook.in_force())
    if enrolled:
        log.record("members enrolled", f"course {course.id}", by, title=course.title, count=len(enrolled), sha256=sha256)
        notices.tell_these(enrolled, "enrolled by us", f"course:{course.id}:{clock.now().isoformat()}", course=course.title, slug=course.slug)
    return len(enrolled)


def _address(line: Line) -> str | None:
    """As its member would have it; None for what is no address."""
    return normal(line.email) if line.email is not None and _ADDRESS.fullmatch(line.email.strip()) else None


def _outcome(course: Course, line: Line, member: User | None, enrolled: set[int], written: Mapping[str, int]) -> str:
    """The first that holds; `written` counts the addresses of the lines before."""
    reasons = (
        ("malformed", _address(line) is None),
        ("duplicate", written[normal(line.email or "")]),
        ("unknown", member is None),
        ("teacher", member and member.id == course.teacher_id),
        ("enrolled", member and member.id in enrolled),
        ("suspended", member and not member.is_active),
        ("unconfirmed", member and not member.is_verified),
    )
    return next((outcome for outcome, holds in reasons if holds), "new")


def _members(addresses: Sequence[str]) -> dict[str, User]:
    """{address: member}"""
    return {member.email: member for member in db.session.scalars(select(User).where(among(User.email, addresses)))}


def _enrolled(course: Course, members: Iterable[User]) -> set[int]:
    """Ids of those who take part in the course now."""
    rows = select(Enrolment.user_id).where(Enrolment.course_id == course.id, Enrolment.ended_at.is_(None))
    return set(db.session.scalars(rows.where(among(Enrolment.user_id, [member.id for member in members]))))
