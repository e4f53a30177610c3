"""Notices brought to their members."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import db
from lms.domain.notices import kinds, queries
from lms.domain.notices.models import Mail, Notice


def deliver(notice_ids: Collection[int]) -> Sequence[int]:
    """Write the mails of those notices that nobody has delivered, and mark them; the ids of the mails. A notice has one mail, ever.

    Those that another worker has are left to him."""
    rows = select(Notice).where(Notice.id.in_(notice_ids), Notice.delivered_at.is_(None)).options(joinedload(Notice.user, innerjoin=True))
    notices = db.session.scalars(rows.order_by(Notice.id).with_for_update(of=Notice, skip_locked=True)).all()
    mails = _write_mails(notices)
    db.session.execute(update(Notice).where(Notice.id.in_([notice.id for notice in notices])).values(delivered_at=clock.now()))
    return mails


def _write_mails(notices: Sequence[Notice]) -> Sequence[int]:
    mailed = queries.mailed({notice.user_id for notice in notices}, {notice.kind for notice in notices})
    facts = [_mail(notice) for notice in notices if (notice.user_id, notice.kind) in mailed and _is_known(notice)]
    if not facts:
        return []
    return db.session.scalars(insert(Mail).values(facts).on_conflict_do_nothing(index_elements=["notice_id"]).returning(Mail.id)).all()


def _is_known(notice: Notice) -> bool:
    """An address that nobody has confirmed may be a stranger's: it gets what is about the account's security alone."""
    return notice.user.is_verified or kinds.of(notice.kind).is_fixed


def _mail(notice: Notice) -> dict[str, Any]:
    return dict(user_id=notice.user_id, kind="notice", address=notice.user.email, written_at=clock.now(), notice_id=notice.id, tries=0, failure="")
