"""Mails that do not go out: an admin sees them, has them tried again, or gives them up."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.notices.actions import claim
from lms.domain.notices.models import Mail
from lms.errors import DomainError

TRIES = 3  # that failed, the third more than five minutes after it was written: until then it may be the server's hiccup
_FAILED = (Mail.sent_at.is_(None), Mail.dropped_at.is_(None), Mail.tries >= TRIES)


def page(number: int = 1) -> Page[Mail]:
    """One page of them with their members, newest first; those that are tried again by themselves are among them."""
    return page_of(select(Mail).where(*_FAILED).options(joinedload(Mail.user)).order_by(Mail.id.desc()), number)


def count() -> int:
    return db.session.scalars(select(func.count()).where(*_FAILED)).one()


def mail(mail_id: int) -> Mail | None:
    return db.session.get(Mail, mail_id)


def try_again(mail: Mail, by: User) -> None:
    """From the beginning, as if it were written now. Raises DomainError when it went out, was given up, or is being sent."""
    _claimed(mail).tries = 0
    _record("mail tried again", mail, by)


def drop(mail: Mail, by: User) -> None:
    """Nobody sends it any more. Raises DomainError as `try_again` does."""
    _claimed(mail).dropped_at = clock.now()
    _record("mail dropped", mail, by)


def _claimed(mail: Mail) -> Mail:
    if claim(mail.id) is None:
        raise DomainError("This mail went out, was dropped, or is being sent right now.")
    return mail


def _record(action: str, mail: Mail, by: User) -> None:
    """Without the address: nothing is ever deleted from the log."""
    log.record(action, f"mail {mail.id}", by, kind=mail.kind, member=mail.user_id)
    db.session.flush()
