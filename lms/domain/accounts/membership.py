"""What an admin makes of a member: his role, whether he is let in, and that he has to log in again."""

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts import queries
from lms.domain.accounts.models import ROLES, User
from lms.domain.accounts.sessions import close_all_sessions, shorten
from lms.domain.audit import log, log_queries
from lms.domain.audit.models import LogEntry
from lms.errors import DomainError, Invalid

LONGEST_REASON = 500


def set_role(user: User, role: str, by: User, only_from: str = "") -> str:
    """Make the member a student, teacher or admin; only an admin may, and never for himself. Answers what he was before, which he may be already, and
    stays where it is not the role `only_from`, if that is named. Of who may be an admin: governance.admins.set_role."""
    _lock(user, by)
    if not by.may_decide or by.id == user.id:
        raise DomainError("Only another admin may change this role.")
    if role not in ROLES:
        raise Invalid("There is no such role.")
    before = user.role
    if role == before or only_from not in ("", before):
        return before
    log.record("role changed", _subject(user), by, before=before, after=role)
    user.role, user.admin_since = role, clock.now() if role == "admin" else None
    if role == "teacher" and user.teacher_since is None:
        user.teacher_since = clock.now()
    shorten(user)
    db.session.flush()
    return before


def make_first_admin(user: User) -> bool:
    """Who runs the platform names its first admin, who names all others. False when there is an admin already."""
    if queries.admins():
        return False
    log.record("role changed", _subject(user), before=user.role, after="admin")
    user.role = "admin"
    shorten(user)
    db.session.flush()
    return True


def suspend(user: User, by: User, reason: str) -> None:
    """Keep the member out: all sign-ins end, and no new one opens until an admin lets him in again. The `reason` is for the other admins.
    Of who may be an admin: governance.admins.suspend."""
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid("Say why, in at most %(most)d characters: the other admins read it.", most=LONGEST_REASON)
    _lock(user, by)
    if not by.may_decide or by.id == user.id:
        raise DomainError("Only another admin may suspend this member.")
    if user.is_active:
        user.suspended_at = clock.now()
        log.record("member suspended", _subject(user), by, member=user.id, note=reason)
    close_all_sessions(user)
    db.session.flush()


def suspension(user: User) -> LogEntry | None:
    """The LogEntry that says why the member is suspended, and who did it; None where he is not."""
    return None if user.is_active else log_queries.newest("member suspended", _subject(user))


def let_in(user: User, by: User) -> None:
    """End a suspension."""
    _lock(user, by)
    if not by.may_decide:
        raise DomainError("Only an admin may end a suspension.")
    if not user.is_active:
        user.suspended_at = None
        log.record("member let in", _subject(user), by)
    db.session.flush()


def end_sign_ins(user: User, by: User) -> bool:
    """The member has to log in again, wherever he is; False where he was signed in nowhere."""
    _lock(user, by)
    if not by.may_decide or by.id == user.id:
        raise DomainError("Only another admin may end these sign-ins.")
    if not close_all_sessions(user):
        return False
    log.record("sign-ins ended", _subject(user), by)
    return True


def keeps_word(by: User) -> bool:
    """Whether he decides as an admin; until this transaction ends nobody takes that from him, and whoever does afterwards finds what he decided.

    Asked before anything else is locked: who takes an admin's word back locks him first, and then what he approved."""
    rows = select(User.id).where(User.id == by.id, *queries.DECIDES).with_for_update(read=True)
    return db.session.scalar(rows) is not None


def _lock(*people: User) -> None:
    """Two admins who take each other's role away, or suspend each other, do it one after the other: one of them stays."""
    rows = select(User).where(User.id.in_([each.id for each in people])).order_by(User.id).with_for_update(key_share=True)
    db.session.scalars(rows, execution_options={"populate_existing": True}).all()


def _subject(user: User) -> str:
    return f"member {user.id}"
