"""Who gets the TEO of a discount, and with it which euros: A, the teacher declines them, or B, he takes them."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import Facts, db
from lms.domain.accounts.models import User
from lms.domain.checkout import locks
from lms.domain.checkout.facts import there
from lms.domain.checkout.models import MOST_CHANGES, Order, TokenPolicy
from lms.domain.checkout.order_accounts import Book
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR, TEO
from lms.domain.ledger.models import Account, Transfer
from lms.domain.notices import actions as notices
from lms.domain.rewards import actions as rewards
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.amounts import BASIS
from lms.errors import DomainError, Invalid

ALWAYS = BASIS  # up_to_bp of who takes the TEO of any discount
_PARTS = ("share", "platform", "tokens", "bonus", "bonus issued")


def set_policy(teacher: User, up_to_bp: int) -> None:
    """What the teacher answers when he says nothing: takes TEO of discounts up to this level, 0 for never."""
    if not teacher.is_teacher:
        raise DomainError("Only teachers sell courses.")
    if type(up_to_bp) is not int or not 0 <= up_to_bp <= ALWAYS:
        raise Invalid("Choose one of the policies.")
    row = dict(up_to_bp=up_to_bp, changed_at=clock.now())
    kept = insert(TokenPolicy).values(teacher_id=teacher.id, **row)
    db.session.execute(kept.on_conflict_do_update(index_elements=["teacher_id"], set_=row))
    db.session.expire_all()


def policy_of(teacher_id: int) -> TokenPolicy | None:
    """The teacher's TokenPolicy, or None."""
    return db.session.get(TokenPolicy, teacher_id)


def settle(order: Order, book: Book) -> None:
    """Split a sale just paid: at once without a discount or by the teacher's policy. Without one the money waits in escrow for his word."""
    rules, paid_at = rulebook.version(order.rule_version), there(order.paid_at)
    order.matures_at = rules.earnings_mature_at(paid_at, order.teacher.teacher_since or order.teacher.created_at)
    if order.discount == 0:
        _split(order, book, False, "no discount")
        return
    order.decide_by = until = rules.decide_by(paid_at)
    policy = policy_of(order.teacher_id)
    if policy:
        _split(order, book, policy.accepts(order.level_bp), "policy")
    else:
        facts = dict(order=order.id, course=order.course.title, tokens=order.tokens, until=until.isoformat())
        notices.tell(order.teacher_id, "sale waiting", f"order:{order.id}", **facts)


def decide(order: Order, teacher: User, is_accepted: bool) -> None:
    """The teacher's word on one sale, while he may give it; it may change what his policy or he himself said before, MOST_CHANGES times."""
    locks.order(order.id)
    if order.teacher_id != teacher.id:
        raise DomainError("This is not a sale of yours.")
    if not order.is_paid or order.decide_by is None:
        raise DomainError("There is nothing to decide about this sale.")
    if clock.now() >= order.decide_by:
        raise DomainError("The time to decide about this sale is over.")
    if order.is_decided_for_good and order.is_accepted != is_accepted:
        raise DomainError("You have changed this decision %(count)d times. What you chose last holds.", count=MOST_CHANGES)
    _answer(order, is_accepted, "teacher")


def decide_due(order_id: int) -> Order | None:
    """The teacher has said nothing: his policy of now decides, and without one he gets the euros. Twice does it once."""
    order = locks.order(order_id)
    if not order.is_paid or order.decided_at or there(order.decide_by) > clock.now():
        return None
    policy = policy_of(order.teacher_id)
    _answer(order, policy is not None and policy.accepts(order.level_bp), "silence")
    notices.tell(order.teacher_id, "sale decided", f"order:{order.id}", order=order.id, course=order.course.title, accepted=order.is_accepted)
    return order


def keep_declined(order_id: int) -> None:
    """TEO the teacher declined are the treasury's once the sale is for good. Twice does it once."""
    order = locks.order(order_id)
    if not order.is_paid or order.is_accepted or order.kept_at or not order.decided_at or there(order.matures_at) > clock.now():
        return
    book = Book(order)
    book.post("kept", book.tokens("escrow"), book.tokens("treasury"), order.tokens, "declined")
    order.kept_at = clock.now()
    db.session.flush()


def take_apart(order: Order, book: Book, reason: str) -> None:
    """Everything the sale was split into goes back where it came from, out of what the teacher has; what he lacks he owes."""
    for transfer in _transfers(order, book):
        if transfer.target.user_id:
            rewards.take_back(transfer, reason, order=order.id, course=order.course.title)
        else:
            ledger.reverse(f"{transfer.key}:back", transfer, reason)
    if order.kept_at:
        _bring_back(order, book, reason)


def _bring_back(order: Order, book: Book, reason: str) -> None:
    """The TEO the treasury had kept; what it has spent of them since is issued."""
    there = min(order.tokens, book.tokens("treasury").balance)
    book.post("kept:back", book.tokens("treasury"), book.tokens("escrow"), there, reason)
    book.post("kept:back issued", book.tokens("issuance"), book.tokens("escrow"), order.tokens - there, reason)


def _answer(order: Order, is_accepted: bool, how: str) -> None:
    book = Book(order)
    if order.decided_at and order.is_accepted != is_accepted:
        take_apart(order, book, "decided anew")
        order.decided_at = order.net = None
    if order.decided_at:
        order.decided_how = how
    else:
        _split(order, book, is_accepted, how)
    db.session.flush()


def _split(order: Order, book: Book, is_accepted: bool, how: str) -> None:
    split = rulebook.version(order.rule_version).split(order.price, order.share, order.discount, is_accepted)
    order.splits += 1
    facts: Facts = dict(price=order.price, share=order.share, tier=order.tier, discount=order.discount, decided=how)
    _pay(order, book, "share", book.euros("escrow"), EUR, split.teacher, "share", facts)
    book.post(_part(order, "platform"), book.euros("escrow"), book.euros("platform"), split.platform, "platform", **facts)
    _pay(order, book, "tokens", book.tokens("escrow"), TEO, split.tokens, "sale", facts)
    from_treasury = min(split.bonus, book.tokens("treasury").balance)
    facts |= {"tokens": split.tokens, "bonus": split.bonus}
    _pay(order, book, "bonus", book.tokens("treasury"), TEO, from_treasury, "sale bonus", facts)
    _pay(order, book, "bonus issued", book.tokens("issuance"), TEO, split.bonus - from_treasury, "sale bonus", facts)
    order.net, order.bonus, order.is_accepted = split.teacher, split.bonus, is_accepted
    order.decided_at, order.decided_how = clock.now(), how
    db.session.flush()


def _pay(
    order: Order, book: Book, part: str, source: Account, asset: str, amount: int, reason: str, facts: Facts
) -> None:
    """The teacher gets what matures with the sale."""
    transfer = book.post(_part(order, part), source, book.teacher(asset, "maturing"), amount, reason, **facts)
    if transfer:
        rewards.keep_maturing(transfer, order.teacher_id, there(order.matures_at))


def _part(order: Order, part: str) -> str:
    return f"{part}:{order.splits}"


def _transfers(order: Order, book: Book) -> Sequence[Transfer]:
    """Those of the split that holds, oldest first."""
    return accounts.transfers([book.key(_part(order, part)) for part in _PARTS])

