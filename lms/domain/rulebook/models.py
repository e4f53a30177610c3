"""Versions of the rules: a transfer names the one that made it."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lms import clock
from lms.db import Model, Moment
from lms.domain.rulebook.rules import Rules


class RulebookVersion(Model):
    __tablename__ = "rulebook_versions"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    announced_at: Mapped[datetime] = mapped_column(Moment)
    in_force_from: Mapped[datetime] = mapped_column(Moment, index=True)
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)

    @property
    def numbers(self) -> Rules:
        """The Rules of this version."""
        return Rules(**self.rules)

    @property
    def is_announced(self) -> bool:
        """Whether it does not hold yet."""
        return self.in_force_from > clock.now()
