"""Certificates found."""

from sqlalchemy import func, select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.certificates.models import Certificate
from lms.domain.ledger.models import Holder
from lms.domain.onchain.models import Operation


def waiting() -> int:
    """How many are in no batch."""
    return db.session.scalars(select(func.count()).where(Certificate.operation_id.is_(None), Certificate.revoked_at.is_(None))).one()


def issued_by(operation: Operation) -> list[tuple[str, str, Certificate | None, str | None]]:
    """(address, digest, Certificate, name of its member) of each that the operation issues or revokes, in its order; one statement, none for other kinds.

    The last two are None where nobody knows any more whose it is."""
    entries = operation.payload.get("entries") or [revoked for revoked in [operation.payload.get("revoked")] if revoked]
    rows = select(Certificate, User.name).join(Holder, Holder.id == Certificate.holder_id).join(User, User.id == Holder.user_id)
    rows = rows.where(Certificate.digest.in_([bytes.fromhex(digest) for _, digest in entries]))
    found = {certificate.digest.hex(): (certificate, name) for certificate, name in db.session.execute(rows)} if entries else {}
    return [(address, digest, *found.get(digest, (None, None))) for address, digest in entries]
