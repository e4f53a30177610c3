"""A refund that an admin gives in the buyer's place, as when he asked for it by mail: by the buyer's own right, and for no longer.

Afterwards it is no refund but good will: the money is sent in the gateway's own pages, and `refunds_by_hand` and `refund_outbox` say who bears it."""

from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.checkout import locks, parties, refunds
from lms.domain.checkout.models import Order
from lms.domain.learning import queries as enrolments
from lms.domain.learning.models import Enrolment
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError, Invalid

LONGEST_REASON = 500


def obstacle(order: Order, enrolment: Enrolment | None, by: User) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps this admin from giving the money back, or None: that of refunds.obstacle, as an admin reads it."""
    if refusal := parties.obstacle(order, by):
        return refusal
    rules = rulebook.version(order.rule_version)
    return {
        "unpaid": DomainError("Only a course that is paid can be refunded."),
        "disputed": DomainError("The buyer's bank has asked for this payment back. While it decides it cannot be sent back from here."),
        "late": DomainError("The %(days)d days in which a course may be given back are over.", days=rules.refund_days),
        "far": DomainError("The buyer has completed %(done)d %% of the course; a refund is possible below %(most)d %%.", done=refunds.percent(enrolment), most=rules.refund_below_percent),
    }.get(refunds.hindrance(order, enrolment) or "")


def refund(order: Order, by: User, reason: str) -> Order:
    """refunds.refund on an admin's word, once for the order: its state and the keys of its transfers are its own. One refunded already stays as it is.

    Raises Invalid without a reason, Forbidden for who bought or sold it, and the DomainError of what stands against it."""
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid("Say why, in at most %(most)d characters: it stands in the log.", most=LONGEST_REASON)
    order = locks.order(order.id)  # of two who give it at once one does, and the log says so once
    if order.state == "refunded":
        return order
    if refusal := obstacle(order, enrolments.enrolment(order.buyer_id, order.course_id), by):
        raise refusal
    order = refunds.refund(order)
    log.record("order refunded", f"order {order.id}", by, amount=order.total, buyer=order.buyer_id, reason=reason)
    return order
