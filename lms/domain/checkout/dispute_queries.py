"""Disputes as admins find them, and what there is to answer one with. Amounts in EUR cents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from lms.db import Page, db, page_of
from lms.domain.accounts.models import Sighting
from lms.domain.certificates.models import Certificate
from lms.domain.checkout import papers
from lms.domain.checkout.models import Order
from lms.domain.checkout.paper_models import Invoice
from lms.domain.checkout.payment_models import Dispute, Payment, Refund
from lms.domain.courses.models import Lesson
from lms.domain.learning.exercise_models import Submission
from lms.domain.learning.models import Enrolment, LessonCompletion
from lms.domain.ledger.models import Holder
from lms.domain.notices.models import Mail, Notice

STATES = ("open", "won", "lost")
MOST = 200  # of a kind: a bank reads no more
Notified = Row[str, datetime, datetime | None, datetime | None, str]


@dataclass(frozen=True)
class Evidence:
    """What shows that the buyer had what he paid for: each list oldest first, the sign-ins those of the last 90 days."""

    papers: Mapping[str, Invoice]  # by kind
    lessons: Sequence[Row[str, datetime]]  # (title, when it was completed), since the payment
    exercises: Sequence[Row[str, datetime]]  # (title of the lesson, when something was handed in), since the payment
    certified_at: datetime | None
    sign_ins: Sequence[Sighting]
    notices: Sequence[Notified]  # (its kind, when it was told, when it was read here, when its mail was sent, to which address)
    refund: Refund | None  # of the payment, where it was asked for


def page(state: str = "", number: int = 1) -> Page[Dispute]:
    """One page of Disputes with their payments, orders, courses and buyers: open ones first, the one to be answered soonest before the others, then the newest; of one of the STATES where it is one. Two statements."""
    rows = select(Dispute).options(*_WITH)
    if state in ("won", "lost"):
        return page_of(rows.where(Dispute.state == state).order_by(Dispute.id.desc()), number)
    rows = rows.where(Dispute.state == state) if state in STATES else rows
    soonest = case((Dispute.state == "open", Dispute.answer_by)).nulls_last()
    return page_of(rows.order_by(Dispute.state != "open", soonest, Dispute.id.desc()), number)


def counts() -> dict[str, int]:
    """{state: how many}; what there is none of is missing."""
    return dict(db.session.execute(select(Dispute.state, func.count()).group_by(Dispute.state)).all())


def dispute(dispute_id: int) -> Dispute | None:
    """With its payment, order, course, teacher and buyer, or None."""
    return db.session.scalar(select(Dispute).where(Dispute.id == dispute_id).options(*_WITH))


def evidence(dispute: Dispute) -> Evidence | None:
    """The Evidence of a dispute about an order of ours; None where its payment is unknown or paid nothing. Seven statements."""
    order = dispute.payment.order if dispute.payment else None
    if order is None or not order.paid_at:
        return None
    return Evidence(
        papers=papers.of_order(order.id),
        lessons=_since(order, LessonCompletion, LessonCompletion.completed_at),
        exercises=_since(order, Submission, Submission.handed_in_at),
        certified_at=_certified_at(order),
        sign_ins=db.session.scalars(select(Sighting).where(Sighting.user_id == order.buyer_id).order_by(Sighting.first_at).limit(MOST)).all(),
        notices=_told(order),
        refund=db.session.scalar(select(Refund).where(Refund.payment_id == dispute.payment_id)),
    )


def _since(
    order: Order, model: type[LessonCompletion] | type[Submission], moment: InstrumentedAttribute[datetime]
) -> Sequence[Row[str, datetime]]:
    """(title of the lesson, moment) of what the buyer did in the course by this order."""
    rows = select(Lesson.title, moment).join(model, model.lesson_id == Lesson.id).join(Enrolment, Enrolment.id == model.enrolment_id)
    mine = (Enrolment.user_id == order.buyer_id, Enrolment.course_id == order.course_id, moment >= order.paid_at)
    until = (moment <= order.ended_at,) if order.ended_at else ()
    return db.session.execute(rows.where(*mine, *until).order_by(moment).limit(MOST)).all()


def _certified_at(order: Order) -> datetime | None:
    rows = select(Certificate.made_at).join(Holder, Holder.id == Certificate.holder_id)
    return db.session.scalar(rows.where(Holder.user_id == order.buyer_id, Certificate.course_id == order.course_id, Certificate.revoked_at.is_(None)))


def _told(order: Order) -> Sequence[Notified]:
    rows = select(Notice.kind, Notice.at, Notice.read_at, Mail.sent_at, Mail.address).outerjoin(Mail, Mail.notice_id == Notice.id)
    return db.session.execute(rows.where(Notice.user_id == order.buyer_id, Notice.subject == f"order:{order.id}").order_by(Notice.at)).all()


_ORDER = joinedload(Dispute.payment).joinedload(Payment.order)
_WITH = (_ORDER.joinedload(Order.course), _ORDER.joinedload(Order.buyer), _ORDER.joinedload(Order.teacher))
