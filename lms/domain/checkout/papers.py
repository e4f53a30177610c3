"""Invoices and credit notes: one each an order, numbered without a gap, their facts frozen when they are issued."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock, seller
from lms.db import Facts, db
from lms.domain.checkout.facts import there
from lms.domain.checkout.models import Order
from lms.domain.checkout.paper_models import Invoice, PaperSeries
from lms.domain.checkout.payment_models import Payment

INVOICE, CREDIT_NOTE = "invoice", "credit note"
_PREFIX = {INVOICE: "", CREDIT_NOTE: "CN-"}


def invoice(order: Order, payment: Payment) -> Invoice:
    """The invoice of a paid order, once."""
    return _issue(order, INVOICE, _facts(order) | {"payment": payment.reference})


def credit_note(order: Order) -> Invoice | None:
    """What takes an order's invoice back, once; None for an order from before there were invoices."""
    first = of_order(order.id).get(INVOICE)
    return first and _issue(order, CREDIT_NOTE, first.facts | {"invoice": first.number, "seller": seller.facts()})


def of_order(order_id: int) -> dict[str, Invoice]:
    """{kind: Invoice} of the order."""
    return {paper.kind: paper for paper in db.session.scalars(select(Invoice).where(Invoice.order_id == order_id))}


def _issue(order: Order, kind: str, facts: Facts) -> Invoice:
    first = of_order(order.id).get(kind)
    if first:
        return first
    now = clock.now()
    series = f"{_PREFIX[kind]}{now.year}"
    paper = Invoice(order_id=order.id, kind=kind, number=f"{series}-{_next(series):06}", issued_at=now, facts=facts)
    db.session.add(paper)
    db.session.flush()
    return paper


def _next(series: str) -> int:
    """The series' row stays locked until the transaction ends: one that is rolled back has taken no number."""
    one_more = insert(PaperSeries).values(name=series, last=1).on_conflict_do_update(index_elements=["name"], set_={"last": PaperSeries.last + 1})
    return db.session.scalars(one_more.returning(PaperSeries.last)).one()


def _facts(order: Order) -> Facts:
    people = dict(seller=seller.facts(), buyer=dict(name=order.buyer.name, email=order.buyer.email))
    code = order.coupon.code if order.coupon else None
    about = dict(order=order.id, course=order.course.title, coupon=code, paid_at=there(order.paid_at).isoformat())
    return people | about | {name: getattr(order, name) for name in _SAID}


_SAID = ("list_price", "coupon_off", "discount", "tokens", "cash", "vat_bp", "vat", "total", "currency", "rule_version")
