"""Drafts of the rulebook and their backtests, read."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from lms.db import Page, db, page_of
from lms.domain.governance.models import RulebookDraft


def page(number: int = 1) -> Page[RulebookDraft]:
    """One page of all drafts with their authors, newest first."""
    rows = select(RulebookDraft).options(joinedload(RulebookDraft.author), joinedload(RulebookDraft.published_by))
    return page_of(rows.order_by(RulebookDraft.id.desc()), number)


def proposed_count() -> int:
    """How many wait for another admin's word."""
    return db.session.scalars(select(func.count()).where(RulebookDraft.state == "proposed")).one()


def draft(draft_id: int) -> RulebookDraft | None:
    return db.session.get(RulebookDraft, draft_id, options=[joinedload(RulebookDraft.author), joinedload(RulebookDraft.published_by)])
