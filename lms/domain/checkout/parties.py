"""Who bought or sold something decides nothing about its money: another admin does."""

from lms.db import Facts, T, db
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.checkout.models import Order
from lms.domain.checkout.payment_models import Dispute, Payment
from lms.errors import Forbidden


def obstacle(order: Order | None, by: User) -> Forbidden | None:
    """The refusal (a DomainError, not raised) of an admin who bought or sold it, or None; also where there is no order."""
    is_his = order is not None and by.id in (order.buyer_id, order.teacher_id)
    return Forbidden("You bought or sold it yourself: another admin decides.") if is_his else None


def check(order: Order | None, by: User) -> None:
    """Raises that refusal."""
    if refusal := obstacle(order, by):
        raise refusal


def close_incident(incident: Incident, by: User, note: str) -> None:
    """As audit.close_incident, of any kind; raises Forbidden for who bought or sold what it is about."""
    check(_order_of(incident.details), by)
    audit.close_incident(incident, by, note)


def _order_of(details: Facts) -> Order | None:
    """The Order an incident of a payment is about, or None: of the payment it names, of the one a bank asks back, or what only the gateway says."""
    dispute = _row(Dispute, details.get("dispute"))
    payment = _row(Payment, dispute.payment_id if dispute else details.get("payment"))
    return payment.order if payment and payment.order else _row(Order, details.get("order") or details.get("their_order"))


def _row(model: type[T], number: int | None) -> T | None:
    return db.session.get(model, number) if number else None
