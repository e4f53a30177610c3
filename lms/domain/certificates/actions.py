"""A certificate from the completed course to the chain. It is no payout: who is suspended has achieved what he has achieved."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Row, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import Facts, db
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.certificates.completed import Completed
from lms.domain.certificates.models import Certificate
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Operation
from lms.domain.wallet import custody
from lms.domain.wallet.models import Wallet
from lms.errors import DomainError

LARGEST_BATCH = 50  # as the contract has it


def make(enrolment: Completed) -> Certificate:
    """The certificate of a completed course, once per member and course, but for what was revoked; from then on it waits for its batch."""
    if enrolment.completed_at is None:
        raise DomainError("The course is not completed yet: there is no certificate for it.")
    if enrolment.ended_at is not None:
        raise DomainError("The course was taken back: there is no certificate for it.")
    credential, salt = _credential(enrolment, enrolment.completed_at), secrets.token_bytes(32)
    mine = dict(holder_id=books.holder_of(enrolment.user_id).id, course_id=enrolment.course_id)
    row = dict(credential=credential, salt=salt, digest=digest(salt, credential), batches=0, made_at=clock.now(), **mine)
    valid = Certificate.revoked_at.is_(None)
    db.session.execute(insert(Certificate).values(row).on_conflict_do_nothing(index_elements=list(mine), index_where=valid))
    return db.session.scalars(select(Certificate).filter_by(**mine).where(valid)).one()


def revoke(user_id: int, course_id: int) -> None:
    """The member's certificate for the course is valid no more, if he has one; `queue_revocation` tells the chain where that has it."""
    mine = select(Certificate).where(Certificate.holder_id == books.holder_of(user_id).id, Certificate.course_id == course_id)
    for certificate in db.session.scalars(mine.where(Certificate.revoked_at.is_(None)).with_for_update()):
        certificate.revoked_at = clock.now()
    db.session.flush()


def digest(salt: bytes, credential: Facts) -> bytes:
    """32 bytes, the certificate's id on the chain: SHA-256 of the salt and the credential as JSON in UTF-8, names sorted, without spaces."""
    return hashlib.sha256(salt + json.dumps(credential, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def queue() -> Operation | None:
    """Queue the oldest that wait and have an address to go to, as one operation; None when there are none.

    The operation keeps what it issues to whom: a certificate may come into another batch when this one is dropped."""
    onchain.turn()
    found = _waiting()
    if not found:
        return None
    first = found[0].Certificate
    key = f"certificates:{first.id}:{first.batches}"  # of the same rows more than once, when the first is dropped
    entries = [[address, certificate.digest.hex()] for certificate, address in found]
    operation = onchain.queue(key, "certificates", [], {"entries": entries})
    for certificate, address in found:
        certificate.operation_id, certificate.address, certificate.batches = operation.id, address, certificate.batches + 1
    db.session.flush()
    return operation


def queue_revocation() -> Operation | None:
    """Queue the oldest one that was revoked after the chain had it, as an operation; None when there is none."""
    deployment = onchain.turn()
    if deployment is None:
        return None
    rows = select(Certificate).join(Certificate.operation).where(Certificate.revoked_at.is_not(None), Certificate.revocation_id.is_(None))
    issued = rows.where(Operation.state == "final", Operation.deployment_id == deployment.id).order_by(Certificate.id).limit(1)
    certificate = db.session.scalar(issued.with_for_update(of=Certificate, skip_locked=True))
    if certificate is None:
        return None
    payload = {"revoked": [certificate.address, certificate.digest.hex()]}
    operation = onchain.queue(f"certificates:{certificate.id}:{certificate.batches}", "revocation", [], payload)
    certificate.revocation_id, certificate.batches = operation.id, certificate.batches + 1
    db.session.flush()
    return operation


def revoke_again(operation: Operation) -> None:
    """It will never happen: what it was to revoke waits for another one."""
    db.session.execute(update(Certificate).where(Certificate.revocation_id == operation.id).values(revocation_id=None))


def take_over_revocation(operation: Operation, number: int) -> None:
    """What the chain has revoked by an operation our rows do not know is revoked here, too."""
    certificate = db.session.scalar(select(Certificate).where(Certificate.digest == number.to_bytes(32)))
    operation.payload = {"revoked": [certificate and certificate.address, number.to_bytes(32).hex()]}
    if certificate:
        certificate.revoked_at, certificate.revocation_id = certificate.revoked_at or clock.now(), operation.id
    db.session.flush()


def wait_again(operation: Operation) -> None:
    """It will never happen: what it was to issue waits for another batch."""
    rows = update(Certificate).where(Certificate.operation_id == operation.id)
    db.session.execute(rows.values(operation_id=None, address=None))


def take_over(operation: Operation, issued: Iterable[tuple[str, int]], skips: Iterable[tuple[str, int]]) -> None:
    """What the chain has issued by an operation our rows do not know, as pairs of (address, id); `skips` were on the chain before."""
    operation.payload = {"entries": [[address, number.to_bytes(32).hex()] for address, number in (*issued, *skips)]}
    for address, number in issued:
        found = number.to_bytes(32)
        certificate = db.session.scalar(select(Certificate).where(Certificate.digest == found)) or _lost(operation, address, found)
        if certificate:
            certificate.operation_id, certificate.address = operation.id, address
    db.session.flush()


def _credential(enrolment: Completed, completed_at: datetime) -> Facts:
    completed = completed_at.astimezone(UTC).isoformat(timespec="seconds")
    return {"member": db.session.get_one(User, enrolment.user_id).name, "course": enrolment.course.title, "completed": completed}


def _waiting() -> Sequence[Row[Certificate, str]]:
    """(Certificate, address) of as many as a batch takes, oldest first, each locked; what another batch has locked is its own."""
    in_use = and_(Wallet.holder_id == Certificate.holder_id, Wallet.replaced_at.is_(None))
    rows = select(Certificate, Wallet.address).join(Wallet, in_use).where(Certificate.operation_id.is_(None), Certificate.revoked_at.is_(None)).order_by(Certificate.id)
    rows = rows.limit(LARGEST_BATCH).with_for_update(of=Certificate, skip_locked=True)
    return db.session.execute(rows, execution_options={"populate_existing": True}).all()


def _lost(operation: Operation, address: str, found: bytes) -> Certificate | None:
    """A row for one that was made after the backup, or None where the address was, too. Whoever holds it can prove nothing by it."""
    why = "It was made after the backup; what it says and its salt are lost. Whom it concerns needs a new one."
    audit.open_incident("certificate lost", found.hex(), operation=operation.id, address=address, why=why)
    wallet = custody.wallet_at(address)
    if wallet is None:
        return None
    certificate = Certificate(holder_id=wallet.holder_id, digest=found, made_at=clock.now())
    db.session.add(certificate)
    return certificate
