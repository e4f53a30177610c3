"""Sign-up, sign-in, passwords and addresses."""

import base64
import hashlib
import re
import secrets
import unicodedata
from datetime import timedelta
from functools import cache
from zoneinfo import available_timezones

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db
from lms.domain.accounts import queries
from lms.domain.accounts.models import LOCALES, ROLES, Session, User
from lms.errors import DomainError, Invalid

SESSION_LIFE = timedelta(days=30)
PASSWORD_LENGTH = 10
# What is left of bytes that are no UTF-8: in a multipart form, and in one that is url-encoded.
_BROKEN = re.compile("\ufffd|%[89A-F][0-9A-F]")
_TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

_hasher = PasswordHasher()


def _nobodys(hasher):
    """What is verified against when the address is unknown, so that both answers take the same time: a hash of no password, which costs nothing to make."""
    salt, made = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${made}"


_NOBODY = _nobodys(_hasher)


def sign_up(email, name, password, locale="en", time_zone="UTC"):
    """A new student, or None when the address is taken (its owner is told by mail, the asker is not)."""
    check_password(password, email)
    row = dict(
        email=normal(email),
        name=clean_name(name),
        password_hash=_hasher.hash(password),
        role="student",
        locale=_locale(locale),
        time_zone=_zone(time_zone),
        created_at=clock.now(),
    )
    user_id = db.session.scalar(insert(User).values(row).on_conflict_do_nothing().returning(User.id))
    return db.session.get_one(User, user_id) if user_id else None


def normal(email):
    """One spelling an address: the domain part and the box are compared in lower case."""
    return email.strip().lower()


def authenticate(email, password):
    """The member, his row locked, or None; takes equally long for known and unknown addresses."""
    user = queries.by_email(normal(email))
    verified = user.password_hash if user else _NOBODY
    if not _fits(verified, password) or user is None:
        return None
    _lock(user)
    if user.password_hash != verified:
        return None
    if _hasher.check_needs_rehash(verified):
        user.password_hash = _hasher.hash(password)
    return user


def log_in(email, password, agent=""):
    """The member, signed in on this browser; None when address or password is wrong. Raises DomainError for a suspended one."""
    user = authenticate(email, password)
    if user is None:
        return None
    if not user.is_active:
        raise DomainError("This account is suspended. Write to us to find out why.")
    open_session(user, agent)
    return user


def open_session(user, agent=""):
    """Sign the member in: the token for the cookie, of which only the hash is kept."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.add(
        Session(user_id=user.id, token_hash=token_hash(token), opened_at=now, expires_at=now + SESSION_LIFE, agent=agent[:200])
    )
    db.session.flush()
    user.session_token = token
    return token


def token_hash(token):
    return hashlib.sha256(token.encode()).digest()


def close_session(token):
    db.session.execute(delete(Session).where(Session.token_hash == token_hash(token)))


def close_all_sessions(user, but=None):
    """End every sign-in of the member, except the one whose token is `but`."""
    rows = delete(Session).where(Session.user_id == user.id)
    if but:
        rows = rows.where(Session.token_hash != token_hash(but))
    db.session.execute(rows)


def forget_expired_sessions():
    """Delete sign-ins that are let in no more: who signed in when and with what is kept for 30 days only."""
    db.session.execute(delete(Session).where(Session.expires_at <= clock.now()))


def change_password(user, password, keep=None):
    """Set the password and end all that was begun with the old one: other sessions, a new address; raises Invalid for a weak one."""
    check_password(password, user.email)
    _lock(user)
    user.password_hash, user.new_email, user.password_changed_at = _hasher.hash(password), None, clock.now()
    close_all_sessions(user, but=keep)
    db.session.flush()


def reset_password(user, password):
    """Set the password after the mailed link was opened, which also proves the address."""
    change_password(user, password)
    verify_email(user, user.email)


def confirm_password(user, password):
    """Raises DomainError unless this is the member's password; until the transaction ends it stays so."""
    _lock(user)
    if not _fits(user.password_hash, password):
        raise DomainError("That is not your password.")


def verify_email(user, email):
    """The link in the mail was opened: the address is the member's."""
    if user.email != email:
        raise DomainError("This link was for another address. Ask for a new one.")
    if user.verified_at is None:
        user.verified_at = clock.now()
        db.session.flush()


def ask_new_email(user, email):
    """Keep the wanted address until its link is opened; whether it is taken is not said here."""
    user.new_email = normal(email)
    db.session.flush()


def take_new_email(user, email):
    """The link sent to the new address was opened."""
    _lock(user)
    if user.new_email != email:
        raise DomainError("This link was for another address. Ask for a new one.")
    try:
        with db.session.begin_nested():
            user.email, user.new_email, user.verified_at = email, None, clock.now()
    except IntegrityError:
        raise DomainError("This address cannot be used. Choose another.") from None


def change_locale(user, locale):
    user.locale = _locale(locale)
    db.session.flush()


def change_profile(user, name, locale, time_zone):
    user.name, user.locale, user.time_zone = clean_name(name), _locale(locale), _zone(time_zone)
    db.session.flush()


def set_role(user, role, by):
    """Make the member a student, teacher or admin; only an admin may, and never for himself."""
    if not by.is_admin or by.id == user.id:
        raise DomainError("Only another admin may change this role.")
    if role not in ROLES:
        raise Invalid("There is no such role.")
    user.role = role
    if role == "teacher" and user.teacher_since is None:
        user.teacher_since = clock.now()
    db.session.flush()


def make_first_admin(user):
    """Who runs the platform names its first admin, who names all others. False when there is an admin already."""
    if queries.admins():
        return False
    user.role = "admin"
    db.session.flush()
    return True


def suspend(user, by):
    """Keep the member out: all sign-ins end, and no new one opens until an admin lets him in again."""
    if not by.is_admin or by.id == user.id:
        raise DomainError("Only another admin may suspend this member.")
    user.suspended_at = user.suspended_at or clock.now()
    close_all_sessions(user)
    db.session.flush()


def let_in(user, by):
    """End a suspension."""
    if not by.is_admin:
        raise DomainError("Only an admin may end a suspension.")
    user.suspended_at = None
    db.session.flush()


def freeze(user):
    """Nothing leaves the member's wallet, and no address is linked, until he ends it himself."""
    user.frozen_at = user.frozen_at or clock.now()
    db.session.flush()


def unfreeze(user, password):
    """End it; raises DomainError unless this is the member's password: who stole only the session cannot."""
    confirm_password(user, password)
    user.frozen_at = None
    db.session.flush()


def check_password(password, email):
    """Raises Invalid for a password that is too short, too long, or the member's address."""
    if len(password) < PASSWORD_LENGTH:
        raise Invalid("A password has at least %(count)d characters.", count=PASSWORD_LENGTH)
    if len(password) > 200:
        raise Invalid("A password has at most 200 characters.")
    if password.lower() in (normal(email), normal(email).split("@")[0]):
        raise Invalid("A password must not be your address.")


def clean_name(name):
    """The name with single spaces; raises Invalid for one that is empty, too long, or holds what cannot be shown."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise Invalid("A name has 1 to 80 characters.")
    if _BROKEN.search(name) or any(_is_unreadable(letter) for letter in name):
        raise Invalid("This name holds a character we cannot show.")
    return name


def _fits(kept, password):
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _lock(user):
    """What stands on a password and what changes it, one after the other: hashing takes long enough for both to happen at once."""
    db.session.refresh(user, ["password_hash", "email", "new_email", "suspended_at"], with_for_update={"key_share": True})


def _is_unreadable(letter):
    """Control characters, and marks that turn the direction of the text round a name."""
    return unicodedata.category(letter) in ("Cc", "Cs", "Co", "Cn") or letter in _TURNS


def _locale(locale):
    return locale if locale in LOCALES else "en"


def _zone(time_zone):
    return time_zone if time_zone in _zones() else "UTC"


@cache
def _zones():
    """Kept: they are looked up in as many files."""
    return available_timezones()
