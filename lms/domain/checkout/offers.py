"""What a member can have a course for: with which part in TEO, and with the coupon he names. Reads only."""

from dataclasses import dataclass

from sqlalchemy import select

from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.checkout import coupons
from lms.domain.checkout.models import Coupon, Order
from lms.domain.checkout.terms import Terms, frozen, terms
from lms.domain.courses.models import Course
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import TEO
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.errors import DomainError


@dataclass(frozen=True)
class Choice:
    """A part of the price that may be paid in TEO: `tokens` millionths for `discount` cents off, when the member has them."""

    level_bp: int
    discount: int
    tokens: int
    is_affordable: bool


@dataclass(frozen=True)
class Offer:
    """The Terms of what was asked as far as it can be had; `refusal` (a DomainError, or None) says why not whole."""

    terms: Terms
    choices: list[Choice]
    available: int
    code: str
    refusal: DomainError | None


def offer(
    course: Course, buyer: User, vat_rate: int = 0, level_bp: int = 0, code: str | None = "", key: str | None = None
) -> Offer:
    """The Offer for this level (basis points) and a coupon's code. Nothing is refused to a form whose `key` has brought an order that is paid."""
    code = coupons.normal(code)
    coupon, refusal = _coupon(course, buyer, code)
    rules, available = rulebook.in_force(), _available(course, buyer)
    price = course.price - (coupon.off(course.price, rules) if coupon else 0)
    choices = [_choice(rules, price, level, available) for level in rules.levels_up_to(course.discount_bp)]
    chosen = next((choice for choice in choices if choice.level_bp == level_bp), None)
    if chosen is None:
        refusal = DomainError("This part of the price cannot be paid in TEO. Choose one of those offered.")
    elif not chosen.is_affordable:
        refusal = frozen(buyer, level_bp) or DomainError("You have too few TEO available for this discount.")
    asked = terms(course, vat_rate, chosen.level_bp if chosen and chosen.is_affordable else 0, coupon)
    return Offer(asked, choices, available, code, None if refusal and _is_paid_for(buyer, key) else refusal)


def _coupon(course: Course, buyer: User, code: str) -> tuple[Coupon | None, DomainError | None]:
    """(the Coupon that can be used, why not)"""
    coupon = coupons.find(code, course) if code else None
    refusal = coupons.obstacle(coupon, course, buyer) if code else None
    return (None if refusal else coupon), refusal


def _available(course: Course, buyer: User) -> int:
    """What he can spend, with what his own order of the course that waits for its payment has set aside: ordered anew it is given back first."""
    if buyer.is_frozen:
        return 0
    order = db.session.scalar(select(Order).where(Order.buyer_id == buyer.id, Order.course_id == course.id, Order.state == "open"))
    return accounts.member(buyer.id, TEO, "available").balance + (order.tokens if order else 0)


def _is_paid_for(buyer: User, key: str | None) -> bool:
    return db.session.scalar(select(Order.id).where(Order.buyer_id == buyer.id, Order.key == key, Order.state == "paid")) is not None


def _choice(rules: Rules, price: int, level_bp: int, available: int) -> Choice:
    discount = rules.discount(price, level_bp)
    tokens = rules.tokens(discount)
    return Choice(level_bp, discount, tokens, tokens <= available)
