"""Sign-up, sign-in, passwords and addresses. What may be written is in checks, who is let in as what in membership."""

import base64
import secrets
from functools import cache
from zoneinfo import available_timezones

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db
from lms.domain.accounts import queries
from lms.domain.accounts.checks import check_password, clean_name, normal
from lms.domain.accounts.models import LOCALES, User
from lms.domain.accounts.sessions import close_all_sessions, open_session
from lms.errors import DomainError

_hasher = PasswordHasher()


def _nobodys(hasher: PasswordHasher) -> str:
    """What is verified against when the address is unknown, so that both answers take the same time: a hash of no password, which costs nothing to make."""
    salt, made = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${made}"


_NOBODY = _nobodys(_hasher)


def sign_up(email: str, name: str, password: str, locale: str = "en", time_zone: str = "UTC") -> User | None:
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


def authenticate(email: str, password: str) -> User | None:
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


def log_in(email: str, password: str, agent: str = "") -> User | None:
    """The member, signed in on this browser; None when address or password is wrong. Raises DomainError for a suspended one."""
    user = authenticate(email, password)
    if user is None:
        return None
    if not user.is_active:
        raise DomainError("This account is suspended. Write to us to find out why.")
    open_session(user, agent)
    return user


def change_password(user: User, password: str, keep: str | None = None) -> None:
    """Set the password and end all that was begun with the old one: other sessions, a new address; raises Invalid for a weak one."""
    check_password(password, user.email)
    _lock(user)
    user.password_hash, user.new_email, user.password_changed_at = _hasher.hash(password), None, clock.now()
    close_all_sessions(user, but=keep)
    db.session.flush()


def reset_password(user: User, password: str) -> None:
    """Set the password after the mailed link was opened, which also proves the address."""
    change_password(user, password)
    verify_email(user, user.email)


def confirm_password(user: User, password: str) -> None:
    """Raises DomainError unless this is the member's password; until the transaction ends it stays so."""
    _lock(user)
    if not _fits(user.password_hash, password):
        raise DomainError("That is not your password.")


def verify_email(user: User, email: str) -> None:
    """The link in the mail was opened: the address is the member's."""
    if user.email != email:
        raise DomainError("This link was for another address. Ask for a new one.")
    if user.verified_at is None:
        user.verified_at = clock.now()
        db.session.flush()


def ask_new_email(user: User, email: str) -> None:
    """Keep the wanted address until its link is opened; whether it is taken is not said here."""
    user.new_email = normal(email)
    db.session.flush()


def take_new_email(user: User, email: str) -> None:
    """The link sent to the new address was opened."""
    _lock(user)
    if user.new_email != email:
        raise DomainError("This link was for another address. Ask for a new one.")
    try:
        with db.session.begin_nested():
            user.email, user.new_email, user.verified_at = email, None, clock.now()
    except IntegrityError:
        raise DomainError("This address cannot be used. Choose another.") from None


def change_locale(user: User, locale: str) -> None:
    user.locale = _locale(locale)
    db.session.flush()


def change_profile(user: User, name: str, locale: str, time_zone: str) -> None:
    user.name, user.locale, user.time_zone = clean_name(name), _locale(locale), _zone(time_zone)
    db.session.flush()


def freeze(user: User) -> None:
    """Nothing leaves the member's wallet, and no address is linked, until he ends it himself."""
    user.frozen_at = user.frozen_at or clock.now()
    db.session.flush()


def unfreeze(user: User, password: str) -> None:
    """End it; raises DomainError unless this is the member's password: who stole only the session cannot."""
    confirm_password(user, password)
    user.frozen_at = None
    db.session.flush()


def _fits(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _lock(user: User) -> None:
    """What stands on a password and what changes it, one after the other: hashing takes long enough for both to happen at once."""
    db.session.refresh(user, ["password_hash", "email", "new_email", "suspended_at"], with_for_update={"key_share": True})


def _locale(locale: str) -> str:
    return locale if locale in LOCALES else "en"


def _zone(time_zone: str) -> str:
    return time_zone if time_zone in _zones() else "UTC"


@cache
def _zones() -> set[str]:
    """Kept: they are looked up in as many files."""
    return available_timezones()
