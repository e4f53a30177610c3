"""Withdrawals that wait for an admin, in the order and with the filter he asks for, and how long decisions take."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from lms import clock
from lms.db import PAGE, Facts, Page, db, nearest_page
from lms.domain.accounts import queries as members
from lms.domain.accounts.models import User
from lms.domain.desk import search
from lms.domain.withdrawals.models import Approval, Withdrawal

# By what is asked for in an address; the one with the smaller number first among equals.
_LARGEST_FIRST = {"amount": Withdrawal.amount, "risk": Withdrawal.risk}
ORDERS = {"age": (Withdrawal.id,)} | {order: (column.desc(), Withdrawal.id) for order, column in _LARGEST_FIRST.items()}
_BACKWARDS = {"age": (Withdrawal.id.desc(),)} | {order: (column, Withdrawal.id.desc()) for order, column in _LARGEST_FIRST.items()}
FILTERS: dict[str, tuple[ColumnElement[bool], ...]] = {
    "": (),
    "mine": (Withdrawal.held_at.is_(None),),  # and what _are_open adds of the admin who asks
    "clean": (Withdrawal.risk == 0,),
    "risky": (Withdrawal.risk > 0,),
    "held": (Withdrawal.held_at.is_not(None),),
    "second": (Withdrawal.approvals_needed > 1,),
}
LATE = timedelta(days=3)
AGES: dict[str, tuple[timedelta | None, timedelta | None]] = {  # (from, below) since the request
    "new": (None, timedelta(days=1)),
    "waiting": (timedelta(days=1), LATE),
    "late": (LATE, None),
}
_TELLING = ("clean", "risky")  # with the order by risk: where a case stands says what is thought of its member
MEASURED = 50  # the last decisions
NAMED = 5  # members, of all that a sign of fraud names


def queue(
    order: str = "age",
    which: str = "",
    age: str = "",
    word: str = "",
    number: int = 1,
    by: User | None = None,
) -> Page[Withdrawal]:
    """One page of the open cases with their members and approvals; three statements. What is asked for and is none, is the first; every age, where none is.
    `word`: as in search.matching.

    By risk the admin's own is left out, so that nobody learns here what he is suspected of."""
    found, in_order = select(Withdrawal.id).where(*_are_open(order, which, age, word, by)), ORDERS.get(order, ORDERS["age"])
    total = db.session.scalars(select(func.count()).select_from(found.subquery())).one()
    number = nearest_page(number, total, PAGE)
    shown = found.order_by(*in_order).limit(PAGE).offset((number - 1) * PAGE)  # alone, so that nothing is joined with what stands on the pages before
    approvals = selectinload(Withdrawal.approvals).joinedload(Approval.admin)
    rows = select(Withdrawal).where(Withdrawal.id.in_(shown)).options(joinedload(Withdrawal.user), approvals).order_by(*in_order)
    return Page(db.session.scalars(rows).all(), number, total, PAGE)


def neighbours(
    withdrawal: Withdrawal,
    order: str = "age",
    which: str = "",
    age: str = "",
    word: str = "",
    by: User | None = None,
) -> tuple[int | None, int | None]:
    """(id of the open case before it, of the one after it) in the queue as this admin asks for it, also of one that is not in it any more; None
    where there is none. One statement.

    Those of his own case are by age where he asks for risk: where it stands would say what he is suspected of."""
    order = "age" if order == "risk" and by and by.id == withdrawal.user_id else order
    is_open = select(Withdrawal.id).where(*_are_open(order, which, age, word, by))
    is_before, is_after = _beside(withdrawal, _LARGEST_FIRST.get(order))
    forwards, backwards = ORDERS.get(order, ORDERS["age"]), _BACKWARDS.get(order, _BACKWARDS["age"])
    before = is_open.where(is_before).order_by(*backwards).limit(1).scalar_subquery()
    after = is_open.where(is_after).order_by(*forwards).limit(1).scalar_subquery()
    return tuple(db.session.execute(select(before, after)).one())


def _beside(withdrawal: Withdrawal, column: InstrumentedAttribute[int] | None) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What those before it fulfil, and those after it, the largest of the column first; of None the oldest."""
    is_before, is_after = Withdrawal.id < withdrawal.id, Withdrawal.id > withdrawal.id
    if column is None:
        return is_before, is_after
    own = getattr(withdrawal, column.key)
    return (column > own) | ((column == own) & is_before), (column < own) | ((column == own) & is_after)


def _are_open(order: str, which: str, age: str, word: str, by: User | None) -> list[ColumnElement[bool]]:
    """What the cases fulfil that an admin asks for."""
    wanted = [Withdrawal.state == "in review", *FILTERS.get(which, ()), *_aged(age), *search.matching(word)]
    if by and (order == "risk" or which in ("mine", *_TELLING)):
        wanted.append(Withdrawal.user_id != by.id)
    if by and which == "mine":
        wanted += [~_has_word_of(by), *([Withdrawal.requested_at >= by.admin_since] if by.admin_since else [])]
    return wanted


def _has_word_of(admin: User) -> ColumnElement[bool]:
    """Whether he has approved what it is now: as Withdrawal.standing says."""
    as_it_is = (Approval.amount == Withdrawal.amount) & (Approval.to == Withdrawal.to)
    return exists().where(Approval.withdrawal_id == Withdrawal.id, Approval.admin_id == admin.id, as_it_is)


def ages() -> dict[str, int]:
    """{age: how many open cases are of it}; one statement."""
    counts = (func.count().filter(*_aged(age)) for age in AGES)
    return dict(zip(AGES, db.session.execute(select(*counts).where(Withdrawal.state == "in review")).one(), strict=True))


def _aged(age: str) -> list[ColumnElement[bool]]:
    """What the request of a case of this age fulfils."""
    least, below = AGES.get(age, (None, None))
    now = clock.now()
    limits = [] if least is None else [Withdrawal.requested_at <= now - least]
    return limits if below is None else [*limits, Withdrawal.requested_at > now - below]


def is_late(withdrawal: Withdrawal) -> bool:
    """Whether it has waited for longer than anybody should."""
    return clock.now() - withdrawal.requested_at >= LATE


def service_time() -> timedelta | None:
    """The median time from request to decision of the last ones that somebody decided, as a timedelta; None where nobody did."""
    took = func.extract("epoch", Withdrawal.decided_at - Withdrawal.requested_at)
    decided = and_(Withdrawal.state.in_(("approved", "queued", "sent", "failed", "rejected")), Withdrawal.approvals_needed > 0, Withdrawal.decided_at.is_not(None))
    last = select(took.label("took")).where(decided).order_by(Withdrawal.id.desc()).limit(MEASURED).subquery()
    median = db.session.scalar(select(func.percentile_cont(0.5).within_group(last.c.took)))
    return None if median is None else timedelta(seconds=float(median))


def signs(withdrawal: Withdrawal, by: User) -> list[Facts]:
    """Its signs of fraud as this admin reads them: none of his own, and none that names him."""
    return [] if withdrawal.user_id == by.id else [_without(by.id, risk) for risk in withdrawal.risks]


def marked(user_id: int, by: User, limit: int = 5) -> list[Withdrawal]:
    """The last withdrawals that say something of who asks for euros, newest first: his own with a sign of fraud, and those in review of which one names him;
    two statements. None of this admin's own: what is thought of him he does not read here, either."""
    own = select(Withdrawal).where(Withdrawal.user_id == user_id, Withdrawal.risk > 0)
    names_him = or_(*[Withdrawal.risks.contains([{"facts": {fact: [user_id]}}]) for fact in ("members", "mutual")])
    named = select(Withdrawal).where(Withdrawal.state == "in review", Withdrawal.risk > 0, Withdrawal.user_id != by.id, names_him)
    found = {each.id: each for rows in (own, named) for each in db.session.scalars(rows.order_by(Withdrawal.id.desc()).limit(limit))}
    return [found[number] for number in sorted(found, reverse=True)[:limit]]


def _without(user_id: int, risk: Facts) -> Facts:
    named = {fact: [number for number in value if number != user_id] for fact, value in risk["facts"].items() if isinstance(value, list)}
    return risk | {"facts": risk["facts"] | named}


def members_of(signs: Iterable[Facts]) -> dict[int, str]:
    """{id: name} of the first NAMED whom each sign of fraud names; one statement, none where they name nobody."""
    ids = {number for sign in signs for value in sign["facts"].values() if isinstance(value, list) for number in value[:NAMED]}
    return members.names(ids) if ids else {}
