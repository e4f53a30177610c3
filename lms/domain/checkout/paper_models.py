"""Invoices and credit notes, and the series their numbers are of."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Facts, Model, Moment


class PaperSeries(Model):
    """How far a series of numbers has come: the row is locked by who takes the next."""

    __tablename__ = "paper_series"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Invoice(Model):
    """A paper for the buyer. Nothing on it changes after it is issued: `facts` hold all that it says, amounts in cents and millionths of TEO."""

    __tablename__ = "invoices"
    __table_args__ = (UniqueConstraint("order_id", "kind"), CheckConstraint("kind IN ('invoice', 'credit note')", name="kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    issued_at: Mapped[datetime] = mapped_column(Moment)
    facts: Mapped[Facts] = mapped_column(JSONB)
