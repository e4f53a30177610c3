"""Drafts of the next version of the rulebook, and what they would have done."""

import json
from datetime import datetime
from hashlib import sha256

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Facts, Model, Moment
from lms.domain.accounts.models import User
from lms.domain.rulebook.rules import Rules


class RulebookDraft(Model):
    """draft → proposed → published, or withdrawn. Its author changes and proposes it, another admin publishes it: it then holds `notice_days` later.

    `based_on` is the newest version there was when it was begun. `proposed_digest` is the digest of what was proposed."""

    __tablename__ = "rulebook_drafts"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'proposed', 'published', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'published') = (version IS NOT NULL)", name="published"),
        CheckConstraint("state <> 'proposed' OR proposed_digest IS NOT NULL", name="proposed"),
        CheckConstraint("published_by_id IS NULL OR published_by_id <> author_id", name="two_admins"),
        CheckConstraint("(ended_at IS NULL) = (state IN ('draft', 'proposed'))", name="ended"),
        Index("ix_rulebook_drafts_open", "id", postgresql_where="state IN ('draft', 'proposed')"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rules: Mapped[Facts] = mapped_column(JSONB)
    notice_days: Mapped[int]
    based_on: Mapped[int] = mapped_column(ForeignKey("rulebook_versions.number"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default="draft")
    begun_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    proposed_at: Mapped[datetime | None] = mapped_column(Moment)
    proposed_digest: Mapped[str | None]
    ended_at: Mapped[datetime | None] = mapped_column(Moment)  # published or withdrawn
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    version: Mapped[int | None] = mapped_column(ForeignKey("rulebook_versions.number"))  # the number it was published under

    author: Mapped[User] = relationship(foreign_keys=author_id)
    published_by: Mapped[User | None] = relationship(foreign_keys=published_by_id)

    @property
    def numbers(self) -> Rules:
        """The Rules it would put in force, under whatever number."""
        return Rules(**self.rules)

    @property
    def digest(self) -> str:
        """Hex of SHA-256 over everything that would be published: another digest is another draft."""
        numbers = {name: value for name, value in self.rules.items() if name != "number"}
        return sha256(json.dumps([numbers, self.notice_days], sort_keys=True).encode()).hexdigest()

    @property
    def is_open(self) -> bool:
        return self.state in ("draft", "proposed")

    @property
    def is_proposed(self) -> bool:
        """Whether it is before the other admins as it stands."""
        return self.state == "proposed" and self.proposed_digest == self.digest


class Backtest(Model):
    """What a draft, as it was then (`digest`), would have done: queued → running → done or failed.

    `days_done` of `days` are replayed; `tries` counts how often it was begun, as a worker may be killed; `heard_at` is its last sign of life."""

    __tablename__ = "backtests"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("(state = 'done') = (result IS NOT NULL)", name="result"),
        CheckConstraint("days_done BETWEEN 0 AND days", name="days_done"),
        Index("ix_backtests_draft_id", "draft_id", "id"),
        Index("uq_backtests_open", "draft_id", unique=True, postgresql_where="state IN ('queued', 'running')"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("rulebook_drafts.id"))
    digest: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default="queued")
    days: Mapped[int]
    days_done: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    heard_at: Mapped[datetime] = mapped_column(Moment)
    started_at: Mapped[datetime | None] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    error: Mapped[str | None]
    result: Mapped[Facts | None] = mapped_column(JSONB)

    draft: Mapped[RulebookDraft] = relationship()

    @property
    def is_open(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def is_current(self) -> bool:
        """Whether it speaks of the draft as it is now."""
        return self.digest == self.draft.digest
