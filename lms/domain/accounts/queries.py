"""Members found."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, undefer

from lms import clock
from lms.db import Page, db, page_of
from lms.domain.accounts.models import Session, Sighting, User
from lms.domain.accounts.sessions import MOST_SESSIONS, signed_in, token_hash

PAGE = 50
SIGHTINGS = 10  # of a page
_MOST_SHARING = 8  # named of each browser


def by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == email).options(undefer(User.password_hash)))


def by_id(user_id: int) -> User | None:
    return db.session.get(User, user_id)


_SIGNED_IN = (
    select(User, Session.id, Session.opened_at, Session.expires_at)
    .join(Session, Session.user_id == User.id)
    .where(Session.token_hash == bindparam("token_hash"), Session.expires_at > bindparam("now"), User.suspended_at.is_(None))
)


def of_session(token: str) -> User | None:
    """The member signed in with this token, while the session lasts and he is not suspended; one statement, built once."""
    values = {"token_hash": token_hash(token), "now": clock.now()}
    found = db.session.execute(_SIGNED_IN, values).one_or_none()
    if found is None:
        return None
    user: User = found.User
    signed_in(user, token, found.id, found.opened_at, found.expires_at)
    return user


def sessions(user: User, limit: int = MOST_SESSIONS) -> Sequence[Session]:
    """Where the member is signed in, newest first."""
    rows = select(Session).where(Session.user_id == user.id, Session.expires_at > clock.now())
    return db.session.scalars(rows.order_by(Session.id.desc()).limit(limit)).all()


def sightings(user: User, number: int = 1) -> Page[Sighting]:
    """One page of where the member signed in from, the place he was at last first."""
    rows = select(Sighting).where(Sighting.user_id == user.id)
    return page_of(rows.order_by(Sighting.last_at.desc(), Sighting.device, Sighting.network), number, SIGHTINGS)


@dataclass
class Sharing:
    """The other members who signed in with a browser: (id, name) of those who did last, and how many more there are."""

    named: list[tuple[int, str]]
    more: int


def who_share(user: User, devices: Collection[bytes], by: User) -> dict[bytes, Sharing]:
    """{device: Sharing} of those of the browsers with which others signed in, too, but for the admin who reads it; one statement for any number of them."""
    others = (Sighting.device.in_(devices), Sighting.user_id.not_in([user.id, by.id]))
    places = select(Sighting.device, Sighting.user_id, func.max(Sighting.last_at).label("last_at")).where(*others)
    seen = places.group_by(Sighting.device, Sighting.user_id).subquery()
    place = func.row_number().over(partition_by=seen.c.device, order_by=(seen.c.last_at.desc(), seen.c.user_id)).label("place")
    ranked = select(seen, place, func.count().over(partition_by=seen.c.device).label("total")).subquery()
    rows = select(ranked.c.device, ranked.c.total, User.id, User.name).join(User, User.id == ranked.c.user_id).where(ranked.c.place <= _MOST_SHARING)
    found: dict[bytes, Sharing] = {}
    for device, total, user_id, name in db.session.execute(rows.order_by(ranked.c.place)):
        found.setdefault(device, Sharing([], max(0, total - _MOST_SHARING))).named.append((user_id, name))
    return found


def share_browser(user: User, others: Collection[int]) -> bool:
    """Whether he signed in with a browser of one of the others (ids), as one person with several accounts does."""
    own = select(Sighting.device).where(Sighting.user_id == user.id)
    rows = select(Sighting.user_id).where(Sighting.device.in_(own), Sighting.user_id.in_(others)).limit(1)
    return bool(others) and db.session.scalar(rows) is not None


def lasting_sign_ins(ids: Collection[int]) -> set[int]:
    """Those of the sessions that would still be let in; one statement for any number of them."""
    rows = select(Session.id).join(Session.user).where(Session.id.in_(ids), Session.expires_at > clock.now(), User.suspended_at.is_(None))
    return set(db.session.scalars(rows)) if ids else set()


def fingerprint(user: User, address: str | None) -> str:
    """Changes with the password: a reset link made before is worth nothing after."""
    return hashlib.sha256(f"{address} {user.password_hash}".encode()).hexdigest()[:32]


def admins() -> Sequence[int]:
    """Ids of the admins."""
    return db.session.scalars(select(User.id).where(User.role == "admin").order_by(User.id)).all()


def _decides(member: type[User]) -> tuple[ColumnElement[bool], ...]:
    return (member.role == "admin", member.suspended_at.is_(None))


DECIDES = _decides(User)  # as User.may_decide


def decide_on(
    begun_at: datetime | ColumnElement[datetime] | InstrumentedAttribute[datetime], member: type[User] = User
) -> tuple[ColumnElement[bool], ...]:
    """What they fulfil whose word counts for what was begun at this moment, which may be a column: as User.may_decide_on."""
    return (*_decides(member), or_(member.admin_since.is_(None), member.admin_since <= begun_at))


def deciders(without: Collection[int] = (), begun_at: datetime | None = None) -> Sequence[int]:
    """Ids of the admins whose word counts now, for what was begun then where it says when; without these."""
    rows = select(User.id).where(*(DECIDES if begun_at is None else decide_on(begun_at)), User.id.not_in(without))
    return db.session.scalars(rows.order_by(User.id)).all()


def decides(user: User) -> bool:
    """Whether his word as an admin counts by what stands now: who was read a moment ago may have lost role or account since."""
    return db.session.scalar(select(User.id).where(User.id == user.id, *DECIDES)) is not None


def names(ids: Collection[int]) -> dict[int, str]:
    """{id: name} of these members."""
    return dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())


FILTERS: dict[str, tuple[ColumnElement[bool], ...]] = {"": (), "admins": (User.role == "admin",), "teachers": (User.role == "teacher",), "suspended": (User.suspended_at.is_not(None),)}


def page(word: str = "", number: int = 1, which: str = "") -> Page[User]:
    """One page of the members, by name or address; of one of the FILTERS."""
    rows = select(User).where(*FILTERS[which]).order_by(User.id)
    return page_of(rows.where(is_called(word)) if word else rows, number, PAGE)


def is_called(word: str) -> ColumnElement[bool]:
    """What a member fulfils in whose name or address the word is."""
    return User.email.contains(word.lower(), autoescape=True) | User.name.icontains(word, autoescape=True)


def counts() -> dict[str, int]:
    """How many members have each role."""
    return dict(db.session.execute(select(User.role, func.count()).group_by(User.role)).all())
