"""Members found."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, undefer

from lms import clock
from lms.db import db
from lms.domain.accounts.models import Session, User

PAGE = 50


def by_email(email):
    return db.session.scalar(select(User).where(User.email == email).options(undefer(User.password_hash)))


def by_id(user_id):
    return db.session.get(User, user_id)


def of_session(token):
    """The member signed in with this token, while the session lasts; one statement."""
    found = db.session.scalar(
        select(Session)
        .join(Session.user)
        .options(contains_eager(Session.user))
        .where(Session.token_hash == hashlib.sha256(token.encode()).digest(), Session.expires_at > clock.now())
    )
    if found is None:
        return None
    found.user.session_token = token
    return found.user


def fingerprint(user):
    """Changes with the password: a reset link made before is worth nothing after."""
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]


def page(word="", number=1):
    """(members on this page, how many there are) by name or address."""
    rows = select(User).order_by(User.id)
    if word:
        rows = rows.where(User.email.contains(word.lower(), autoescape=True) | User.name.icontains(word, autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(rows.subquery()))
    return db.session.scalars(rows.limit(PAGE).offset((number - 1) * PAGE)).all(), total
