"""Switches an operator turns, incidents somebody must look at, and the log of what was decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model, Moment


class Switch(Model):
    """A part of the platform that stands still while its row is here."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(Moment)


class Incident(Model):
    """Something that must not happen has happened; the same subject opens it once."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("closed_by_id IS NULL OR closed_at IS NOT NULL", name="closed"),
        Index("uq_incidents_open", "kind", "subject", unique=True, postgresql_where="closed_at IS NULL"),
        Index("ix_incidents_closed", "closed_at", "id", postgresql_where="closed_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    opened_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(default="")


class LogEntry(Model):
    """What an admin or an operator did. `hash` is of this row and of the hash before it, by `number`, which has no gaps; both are given as it is committed.

    `by_id` is None for an operator's command and for the platform itself. `details` hold texts, whole numbers and lists of them."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_open", "id", postgresql_where="number IS NULL"),
        Index("ix_audit_log_subject", "subject", "number"),
        Index("ix_audit_log_by_id", "by_id", "number"),
        Index("ix_audit_log_action", "action", "number"),
        Index("ix_audit_log_at", "at", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int | None] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(Moment)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    hash: Mapped[str | None]
