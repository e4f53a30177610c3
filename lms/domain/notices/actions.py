"""Members told, and mail written and sent."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import among, db
from lms.domain.accounts.models import User
from lms.domain.notices.kinds import choosable
from lms.domain.notices.models import MOST_TRIES, Mail, Notice, Preference

KEPT = timedelta(days=365)  # a notice, from when it was read


def tell(user_id: int, kind: str, subject: object, **facts: object) -> None:
    """Tell the member, once for each kind and subject; the sweep delivers it after the commit. `facts` are JSON: names, amounts, dates as text."""
    row = dict(user_id=user_id, kind=kind, subject=str(subject), facts=facts, at=clock.now())
    db.session.execute(insert(Notice).values(row).on_conflict_do_nothing())


def tell_anew(user_id: int, kind: str, subject: object, **facts: object) -> None:
    """Tell the member, also if he was told of this kind and subject before: that stays, under a subject of its own."""
    before = update(Notice).where(Notice.user_id == user_id, Notice.kind == kind, Notice.subject == str(subject))
    db.session.execute(before.values(subject=func.concat(Notice.subject, ":", Notice.id)))
    tell(user_id, kind, subject, **facts)


def tell_all(kind: str, subject: object, **facts: object) -> None:
    """Tell every member who may sign in, as `tell` does; one statement."""
    _tell_members((User.suspended_at.is_(None), User.verified_at.is_not(None)), kind, subject, facts)


def tell_these(user_ids: Collection[int], kind: str, subject: object, **facts: object) -> None:
    """Tell these members, as `tell` does each; one statement."""
    _tell_members((among(User.id, user_ids),), kind, subject, facts)


def tell_each(kind: str, told: Iterable[tuple[int, object, Mapping[str, Any]]]) -> None:
    """Tell each member his own of [(his id, subject, facts)], as `tell` does; one statement, none where there is nobody."""
    rows = [dict(user_id=user_id, kind=kind, subject=str(subject), facts=facts, at=clock.now()) for user_id, subject, facts in told]
    if rows:
        db.session.execute(insert(Notice).values(rows).on_conflict_do_nothing())


def _tell_members(who: Iterable[ColumnElement[bool]], kind: str, subject: object, facts: Mapping[str, Any]) -> None:
    same = [literal(value, column.type) for value, column in ((kind, Notice.kind), (str(subject), Notice.subject), (facts, Notice.facts), (clock.now(), Notice.at))]
    members = select(User.id, *same).where(*who)
    db.session.execute(insert(Notice).from_select(["user_id", "kind", "subject", "facts", "at"], members).on_conflict_do_nothing())


def tell_sum(user_id: int, kind: str, subject: object, amount: int, **facts: object) -> None:
    """Tell the member of a sum that grows: each time `amount` is added to the notice of this kind and subject, and it is new again.

    In the transaction that does what is told, which does it once."""
    row = dict(user_id=user_id, kind=kind, subject=str(subject), facts=facts | {"amount": amount}, at=clock.now())
    added = insert(Notice).values(row)
    total = func.jsonb_build_object("amount", cast(Notice.facts["amount"].astext, BigInteger) + amount)
    grown = {"facts": Notice.facts + added.excluded.facts + total, "read_at": None, "delivered_at": None}
    db.session.execute(added.on_conflict_do_update(index_elements=["user_id", "kind", "subject"], set_=grown))


def read(notice: Notice) -> None:
    """The member has opened it."""
    notice.read_at = notice.read_at or clock.now()
    db.session.flush()


def read_all(user: User) -> None:
    """The member has seen all he was told until now."""
    unread = update(Notice).where(Notice.user_id == user.id, Notice.read_at.is_(None))
    db.session.execute(unread.values(read_at=clock.now()))


def forget() -> None:
    """Delete what was read more than a year ago: nobody looks it up any more, and the privacy page promises it."""
    db.session.execute(delete(Notice).where(Notice.read_at < clock.now() - KEPT))


def prefer(user: User, mailed: Collection[str]) -> None:
    """From now on the member has mail of the kinds in `mailed` and of no others that he may choose. What he may not stays as it is."""
    rows = [dict(user_id=user.id, kind=kind, is_mailed=kind in mailed) for kind in choosable(user)]
    added = insert(Preference).values(rows)
    db.session.execute(added.on_conflict_do_update(index_elements=["user_id", "kind"], set_={"is_mailed": added.excluded.is_mailed}))


def write_mail(user: User, kind: str, address: str | None = None) -> Mail:
    """A mail to the member, or to an address he wants to prove; sent by jobs.mail.send after the commit."""
    mail = Mail(user_id=user.id, kind=kind, address=address or user.email, written_at=clock.now())
    db.session.add(mail)
    db.session.flush()
    return mail


def count_try(mail_id: int) -> bool:
    """One try more, committed before it is made: a mail that breaks its sender is given up like any other. False when none is left."""
    rows = update(Mail).where(Mail.id == mail_id, Mail.sent_at.is_(None), Mail.dropped_at.is_(None), Mail.tries < MOST_TRIES)
    return db.session.scalar(rows.values(tries=Mail.tries + 1).returning(Mail.id)) is not None


def claim(mail_id: int) -> Mail | None:
    """Lock an unsent mail for sending; None when another worker has it, it went out or was dropped."""
    rows = select(Mail).where(Mail.id == mail_id, Mail.sent_at.is_(None), Mail.dropped_at.is_(None))
    return db.session.scalar(rows.with_for_update(skip_locked=True))


def mark_failed(mail: Mail, failure: str) -> None:
    """It did not go out, for this kind of reason; the sweep tries it again."""
    mail.failure = failure
    db.session.flush()


def mark_sent(mail: Mail) -> None:
    mail.sent_at = clock.now()
    db.session.flush()
