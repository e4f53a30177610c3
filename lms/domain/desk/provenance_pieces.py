"""What a withdrawal consists of, piece by piece: the single credits of its provenance. Amounts in millionths of TEO."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, case, cast, func, select

from lms.db import Page, among, db, page_among
from lms.domain.checkout.models import Order
from lms.domain.courses.models import Course, Lesson
from lms.domain.desk import provenance
from lms.domain.ledger.models import Transfer
from lms.domain.onchain.models import Entry
from lms.domain.rewards.models import Grant
from lms.domain.withdrawals.models import Withdrawal

# A reward names its lesson only in the key it is given once under (lesson_key in learning, _key of its verdicts).
_LESSON = r"^(?:course:\d+:user:\d+:lesson|exercise):(\d+)"


class Piece(NamedTuple):
    """What a credit gives to the withdrawal. `course` and `lesson` are titles; without `slug` or `lesson_id` there is no page of it any more."""

    id: int  # of the transfer that credited it
    amount: int
    credited: int  # all that came with it
    at: datetime
    reason: str  # the ledger's word
    course: str | None
    slug: str | None
    lesson: str | None
    lesson_id: int | None
    order: int | None
    operation: int | None  # that brings it to the chain
    is_waiting: bool  # for one
    transactions: list[str]

    @property
    def is_explained(self) -> bool:
        return bool(self.course or self.lesson or self.order or self.transactions)


@dataclass(frozen=True)
class Pieces:
    """One `page` of them, the oldest first, and how much of the withdrawal (`amount`) all of them make up."""

    page: Page[Piece]
    amount: int
    traced: int

    @property
    def untraced(self) -> int:
        """Of which no credit is known."""
        return self.amount - self.traced


def of(withdrawal: Withdrawal, number: int = 1) -> Pieces:
    """Page `number` of its Pieces; two statements, of which one reads the page."""
    found = provenance.pieces(withdrawal)
    page = page_among(found, number)
    return Pieces(Page(_pieces(page.items), page.number, page.total), withdrawal.amount, sum(amount for _, amount in found))


def _pieces(found: Sequence[tuple[int, int]]) -> list[Piece]:
    """Of [(id of a transfer, amount)], as they stand there."""
    rows = {row.id: row for row in db.session.execute(_CREDITS.where(among(Transfer.id, [number for number, _ in found])))}
    return [_piece(rows[number], amount) for number, amount in found]


def _piece(row: Any, amount: int) -> Piece:
    known = row.evidence
    transactions = known.get("transactions") or ([known["transaction"]] if known.get("transaction") else [])
    course, lesson = row.course or known.get("course"), row.lesson or known.get("lesson")
    return Piece(row.id, amount, row.amount, row.at, row.reason, course, row.slug, lesson, row.lesson_id, row.order, row.operation, row.is_waiting, transactions)


_named = Transfer.evidence["order"]
_order = case((func.jsonb_typeof(_named) == "number", cast(_named.astext, Integer)))
_CREDITS = (
    select(Transfer.id, Transfer.amount, Transfer.at, Transfer.reason, Transfer.evidence, Course.title.label("course"), Course.slug)
    .add_columns(Lesson.title.label("lesson"), Lesson.id.label("lesson_id"), Order.id.label("order"), Entry.operation_id.label("operation"))
    .add_columns((Transfer.target_holder_id.is_not(None) & Transfer.target_entry_id.is_(None)).label("is_waiting"))
    .outerjoin(Grant, Grant.transfer_id == Transfer.id)
    .outerjoin(Order, Order.id == _order)
    .outerjoin(Course, Course.id == func.coalesce(Grant.course_id, Order.course_id))
    .outerjoin(Lesson, Lesson.id == cast(func.substring(Grant.key, _LESSON), Integer))
    .outerjoin(Entry, Entry.id == Transfer.target_entry_id)
)
