"""What was handed to the bank: files, and in each the transfers as they were when it was made."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, backref, mapped_column, relationship

from lms.db import Model, Moment
from lms.domain.accounts.models import User
from lms.domain.withdrawals.payout_models import Payout


class BankFile(Model):
    """`content` is kept as it was handed out, `sha256` its hash in hex. `total` in EUR cents, of `count` transfers."""

    __tablename__ = "bank_files"
    __table_args__ = (
        CheckConstraint("count > 0", name="count"),
        CheckConstraint("total > 0", name="total"),
        CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    exported_at: Mapped[datetime] = mapped_column(Moment)
    payer_iban: Mapped[str]
    count: Mapped[int]
    total: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)

    by: Mapped[User] = relationship()

    @property
    def filename(self) -> str:
        return f"{self.message_id}.xml"


class BankFileLine(Model):
    """One payout in a file, and in no other for ever: what went to the bank is never sent again. `name` as the bank reads it; `amount` in EUR cents."""

    __tablename__ = "bank_file_lines"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)

    payout_id: Mapped[int] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("bank_files.id"), index=True)
    end_to_end_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    iban: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)

    file: Mapped[BankFile] = relationship()
    payout: Mapped[Payout] = relationship(backref=backref("line", uselist=False))  # there, or who knows of payouts alone could not map them
