"""Where a member is signed in."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update

from lms import clock
from lms.db import db
from lms.domain.accounts.models import Session, User

SESSION_LIFE = timedelta(days=30)
PROOF_LIFE = timedelta(minutes=10)


def open_session(user: User, agent: str = "") -> str:
    """Sign the member in: the token for the cookie, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        Session(user_id=user.id, token_hash=token_hash(token), opened_at=now, proven_at=now, expires_at=now + SESSION_LIFE, agent=agent[:200])
    )
    db.session.flush()
    user.session_token = token
    return token


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def is_proven(token: str) -> bool:
    """Whether who holds the token gave the password not long ago: it may be another who sits there by now."""
    rows = select(Session.id).where(Session.token_hash == token_hash(token), Session.proven_at > clock.now() - PROOF_LIFE)
    return db.session.scalar(rows) is not None


def prove(token: str) -> None:
    """The password was given once more."""
    db.session.execute(update(Session).where(Session.token_hash == token_hash(token)).values(proven_at=clock.now()))


def close_session(token: str) -> None:
    db.session.execute(delete(Session).where(Session.token_hash == token_hash(token)))


def close_all_sessions(user: User, but: str | None = None) -> int:
    """End every sign-in of the member, except the one whose token is `but`; answers how many ended."""
    rows = delete(Session).where(Session.user_id == user.id)
    if but:
        rows = rows.where(Session.token_hash != token_hash(but))
    ended: int = db.session.execute(rows).rowcount  # type: ignore[attr-defined]  # SQLAlchemy does not say that a DELETE has one
    return ended


def forget_expired_sessions() -> None:
    """Delete sign-ins that are let in no more: who signed in when and with what is kept for 30 days only."""
    db.session.execute(delete(Session).where(Session.expires_at <= clock.now()))
