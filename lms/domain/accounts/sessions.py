"""Where a member is signed in."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from lms import clock
from lms.db import db
from lms.domain.accounts.models import Session, User
from lms.errors import DomainError

SESSION_LIFE = timedelta(days=30)  # however much it is used
IDLE_LIFE = timedelta(days=21)  # of a sign-in that nobody uses
ADMINS_IDLE_LIFE = timedelta(hours=12)
PROOF_LIFE = timedelta(minutes=10)
MOST_SESSIONS = 20  # of a member: with the next one the oldest ends
_RENEWED = 24  # times in its idle life at most: a page that is read must seldom be a row that is written


def open_session(user: User, agent: str = "") -> str:
    """Sign the member in: the token for the cookie, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        Session(user_id=user.id, token_hash=token_hash(token), opened_at=now, proven_at=now, expires_at=now + _idle_life(user), agent=agent[:200])
    )
    db.session.flush()
    _end_oldest(user)
    user.session_token = token
    return token


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def signed_in(user: User, token: str, session_id: int, opened_at: datetime, expires_at: datetime) -> None:
    """The member was found by this token, which the next one of the same session may follow. A sign-in that has reached the end of its
    whole life is kept no more: nothing would come of it."""
    user.session_token, user.session_id = token, session_id
    user.session_kept_from = expires_at - _idle_life(user) * (1 - 1 / _RENEWED) if expires_at < opened_at + SESSION_LIFE else None


def is_to_be_kept(user: User) -> bool:
    """Whether the sign-in he uses now shall last longer for it: by what was read with him, without a look at the database."""
    return user.session_kept_from is not None and clock.now() > user.session_kept_from


def keep(user: User) -> None:
    """He has used his sign-in, which nobody's silence ends until the idle life is over once more; its whole life it never exceeds."""
    ends = func.least(clock.now() + _idle_life(user), Session.opened_at + SESSION_LIFE)
    db.session.execute(update(Session).where(Session.token_hash == token_hash(user.session_token or "")).values(expires_at=ends))


def shorten(user: User) -> None:
    """His sign-ins, of a member who is an admin by now, end as soon as an admin's do when nobody uses them."""
    ends = clock.now() + _idle_life(user)
    db.session.execute(update(Session).where(Session.user_id == user.id, Session.expires_at > ends).values(expires_at=ends))


def is_proven(token: str) -> bool:
    """Whether who holds the token gave the password not long ago: it may be another who sits there by now."""
    rows = select(Session.id).where(Session.token_hash == token_hash(token), Session.proven_at > clock.now() - PROOF_LIFE)
    return db.session.scalar(rows) is not None


def prove(token: str) -> str:
    """The password was given once more: answers the token that counts from now on. Who has copied the one before is signed out by it.

    Of two who come with one token the second does not go on: under the one he got nobody would be signed in."""
    new = secrets.token_urlsafe(32)
    values = dict(token_hash=token_hash(new), proven_at=clock.now())
    renewed = update(Session).where(Session.token_hash == token_hash(token)).values(values).returning(Session.id)
    if db.session.scalar(renewed.execution_options(synchronize_session=False)) is None:
        raise DomainError("Your sign-in has ended, or you gave your password in another window. Load the page again.")
    return new


def close_session(token: str) -> None:
    db.session.execute(delete(Session).where(Session.token_hash == token_hash(token)))


def close_own_session(user: User, session_id: int) -> None:
    """End one of his sign-ins; another's, and one that has ended, is left as it is."""
    db.session.execute(delete(Session).where(Session.user_id == user.id, Session.id == session_id))


def close_all_sessions(user: User, but: str | None = None) -> int:
    """End every sign-in of the member, except the one whose token is `but`; answers how many ended."""
    rows = delete(Session).where(Session.user_id == user.id)
    if but:
        rows = rows.where(Session.token_hash != token_hash(but))
    ended: int = db.session.execute(rows).rowcount  # type: ignore[attr-defined]  # SQLAlchemy does not say that a DELETE has one
    return ended


def _idle_life(user: User) -> timedelta:
    return ADMINS_IDLE_LIFE if user.is_admin else IDLE_LIFE


def _end_oldest(user: User) -> None:
    """A member has as many as he can look through, and no thief one more beside them."""
    newest = select(Session.id).where(Session.user_id == user.id).order_by(Session.id.desc()).limit(MOST_SESSIONS)
    db.session.execute(delete(Session).where(Session.user_id == user.id, Session.id.not_in(newest)))


def forget_expired_sessions() -> None:
    """Delete sign-ins that are let in no more: who signed in when and with what is kept for 30 days only."""
    db.session.execute(delete(Session).where(Session.expires_at <= clock.now()))
