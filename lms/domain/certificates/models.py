"""What members have achieved, as credentials of which the chain knows a digest each."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Facts, Model, Moment
from lms.domain.onchain.models import Operation


class Certificate(Model):
    """`credential` says member, course and when it was completed. Its salted digest is the id on the chain, from which nobody learns any of that.

    It waits while it has no operation; `address` is the custodial one it was queued for, `batches` how often it was. Of one whose rows were lost
    with a database the chain tells holder and digest, and nobody the rest.

    A revoked one is valid no more: where the chain has it, an operation of its own (`revocation_id`) says so there; one that waits is never issued."""

    __tablename__ = "certificates"
    __table_args__ = (
        Index("uq_certificates_holder_id_course_id", "holder_id", "course_id", unique=True, postgresql_where="revoked_at IS NULL"),
        CheckConstraint("num_nulls(course_id, credential, salt) IN (0, 3)", name="credential"),
        CheckConstraint("(address IS NULL) = (operation_id IS NULL)", name="address"),
        Index("ix_certificates_waiting", "id", postgresql_where="operation_id IS NULL AND revoked_at IS NULL"),
        Index("ix_certificates_revoked", "id", postgresql_where="revoked_at IS NOT NULL AND revocation_id IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    holder_id: Mapped[int] = mapped_column(ForeignKey("holders.id"), index=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    credential: Mapped[Facts | None] = mapped_column(JSONB(none_as_null=True))
    salt: Mapped[bytes | None]
    digest: Mapped[bytes] = mapped_column(unique=True)
    address: Mapped[str | None]
    operation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), index=True)
    batches: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    revocation_id: Mapped[int | None] = mapped_column(ForeignKey("operations.id"), index=True)

    operation: Mapped[Operation | None] = relationship(foreign_keys=operation_id)
