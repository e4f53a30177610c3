"""What a course costs, what a purchase brings to whom, and who may buy. Reads only."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, null, select

from lms.db import Facts, db
from lms.domain.accounts.models import User
from lms.domain.audit.models import Incident
from lms.domain.checkout.amounts import Amounts
from lms.domain.checkout.models import Coupon, Order
from lms.domain.checkout.payment_models import Payment
from lms.domain.courses.models import Course
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import vat
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError, Forbidden

PAYMENT_HELD = "payment held"  # the kind of incident that tells an admin whose money it is


@dataclass(frozen=True)
class Terms(Amounts):
    """What an order freezes. EUR in cents, TEO in millionths; `vat_rate`, `level_bp` and `reward_bp` in basis points."""

    list_price: int
    coupon: Coupon | None
    coupon_off: int
    price: int
    level_bp: int
    discount: int
    vat: int
    vat_rate: int
    share: int
    tier: str
    reward_bp: int
    rule_version: int
    tokens: int
    purchase_reward: int
    lessons_reward: int
    completion_reward: int
    days: int

    @property
    def platform(self) -> int:
        """What stays with the platform when the teacher does not take the TEO."""
        return self.cash - self.share

    @property
    def reward(self) -> int:
        """The most the buyer can earn with the course."""
        return self.purchase_reward + self.lessons_reward + self.completion_reward

    @property
    def frozen(self) -> Facts:
        """{name of an Order's column: value}"""
        return {name: getattr(self, name) for name in _FROZEN} | dict(coupon_id=self.coupon and self.coupon.id, vat_bp=self.vat_rate)

    def are_of(self, order: Order) -> bool:
        """Whether the order asks for the same."""
        asked = self.frozen
        return self.total == order.total and all(asked[name] == getattr(order, name) for name in ("list_price", "coupon_id", "price", "level_bp"))


_FROZEN = ("list_price", "coupon_off", "price", "level_bp", "discount", "vat", "share", "tier", "reward_bp", "rule_version")


def terms(course: Course, vat_rate: int = 0, level_bp: int = 0, coupon: Coupon | None = None) -> Terms:
    """What the course costs and brings by the rules in force now, with so much of it paid in TEO and this Coupon."""
    rules = rulebook.in_force()
    tier = rules.tier(accounts.member(course.teacher_id, TEO, "staked").balance)
    coupon_off = coupon.off(course.price, rules) if coupon else 0
    price = course.price - coupon_off
    discount = rules.discount(price, level_bp)
    cash = price - discount
    return Terms(
        list_price=course.price,
        coupon=coupon,
        coupon_off=coupon_off,
        price=price,
        level_bp=level_bp,
        discount=discount,
        vat=vat(cash, vat_rate),
        vat_rate=vat_rate,
        share=rules.teacher_share(price, tier),
        tier=tier.name,
        reward_bp=course.reward_bp,
        rule_version=rules.number,
        tokens=rules.tokens(discount),
        purchase_reward=rules.purchase_reward(cash, course.reward_bp),
        lessons_reward=rules.lessons_reward(cash),
        completion_reward=rules.completion_reward(cash),
        days=rules.maturity_days,
    )


def obstacle(buyer: User, course: Course) -> DomainError | None:
    """The refusal (a DomainError, not raised) that keeps the member from buying the course now, or None."""
    if not course.is_published or not course.teacher.is_active:
        return DomainError("This course is not for sale.")
    if course.is_free:
        return DomainError("This course is free: enrol without paying.")
    if course.teacher_id == buyer.id:
        return DomainError("You teach this course.")
    if not buyer.is_verified:
        return Forbidden("Confirm your e-mail address before you buy: open the link we sent you.")
    if enrolments.enrolment(buyer.id, course.id):
        return DomainError("You are enrolled in this course already.")
    return looked_at(buyer, course)


def looked_at(buyer: User, course: Course) -> DomainError | None:
    """The refusal (a DomainError, not raised) while the member's order waits with money that does not fit it, or None."""
    if order_looked_at(buyer, course):
        return DomainError("We have received a payment of yours for this course, and somebody looks at it. You need not pay again.")
    return None


def frozen(buyer: User, level_bp: int) -> DomainError | None:
    """The refusal (a DomainError, not raised) of who froze his wallet and would pay a part in TEO, or None."""
    if level_bp and buyer.is_frozen:
        return DomainError("Your wallet is frozen: no TEO leave it until you end that. Choose to pay without TEO.")
    return None


def order_looked_at(buyer: User, course: Course) -> int | None:
    """The id of the order that waits while money came for it that does not fit, or None.

    Paying once more would bring neither the course nor the money back."""
    return db.session.scalar(_looked_at(buyer, course))


def rules_and_order(reader: User | None, course: Course) -> tuple[Rules, int | None]:
    """(the Rules in force, order_looked_at of the reader or None for a visitor); one statement."""
    order_id = _looked_at(reader, course).scalar_subquery() if reader else null()
    version, order_id = db.session.execute(rulebook.version_in_force().add_columns(order_id)).one()
    return Rules(**version.rules), order_id


def still_looked_at() -> ColumnElement[bool]:
    """The condition that a held Payment waits for an admin: once its incident is closed, its money has gone back by hand."""
    subject = func.concat(Payment.gateway, ":", Payment.reference)
    incident = select(Incident.id).where(Incident.kind == PAYMENT_HELD, Incident.subject == subject, Incident.closed_at.is_(None))
    return incident.correlate(Payment).exists()


def _looked_at(buyer: User, course: Course) -> Select[int]:
    rows = select(Order.id).join(Payment, Order.id == Payment.order_id)
    rows = rows.where(Payment.state == "held", Order.state == "open", still_looked_at())
    return rows.where(Order.buyer_id == buyer.id, Order.course_id == course.id).limit(1)
