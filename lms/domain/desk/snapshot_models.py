"""What an admin's home counted, kept by the day."""

from datetime import date

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Model


class Snapshot(Model):
    """The number of this name as it was last noted on a day of UTC; `name` is one of home_figures.now()."""

    __tablename__ = "snapshots"

    day: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
