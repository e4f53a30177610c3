"""What a teacher's sales brought, line by line and month by month. EUR in cents, TEO in millionths. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Subquery, func, literal, select, text, union_all
from sqlalchemy.orm import joinedload

from lms import clock
from lms.db import PAGE, Page, db, nearest_page
from lms.domain.checkout.models import Order

MONTHS = 12
SERIES = 4  # courses with a colour of their own; all others are one


@dataclass(frozen=True)
class Line:
    """A sale, or one taken back (`sign` -1), at its moment."""

    order: Order
    at: datetime
    sign: int

    @property
    def is_sale(self) -> bool:
        return self.sign > 0

    @property
    def net(self) -> int | None:
        """What it brought the teacher in cents; None while nobody has decided."""
        return None if self.order.net is None else self.sign * self.order.net

    @property
    def platform(self) -> int | None:
        return None if self.order.net is None else self.sign * (self.order.cash - self.order.net)

    @property
    def tokens(self) -> int:
        """TEO it brought the teacher, the bonus among them."""
        return self.sign * (self.order.tokens + self.order.bonus) if self.order.is_accepted else 0


def lines(teacher_id: int, number: int = 1) -> Page[Line]:
    """One page of the teacher's Lines, newest first; two statements."""
    rows = _lines(teacher_id)
    total = db.session.scalars(select(func.count()).select_from(rows)).one()
    number = nearest_page(number, total)
    return Page(_read(rows, limit=PAGE, offset=(number - 1) * PAGE), number, total)


def lines_of(teacher_id: int, first: datetime, last: datetime) -> list[Line]:
    """All of the teacher's Lines from the moment `first` up to `last`, oldest first."""
    return _read(_lines(teacher_id), first=first, last=last, oldest_first=True)


def months(teacher_id: int, time_zone: str) -> tuple[list[date], list[tuple[str | None, list[int]]]]:
    """(the last twelve months' first days, [(course, cents of each month)] with the dearest first, of equals the older, and the rest under None), in the teacher's zone."""
    zone = ZoneInfo(time_zone)
    firsts = _firsts(clock.now().astimezone(zone).date())
    values = dict(teacher=teacher_id, zone=time_zone, since=datetime(firsts[0].year, firsts[0].month, 1, tzinfo=zone))
    found: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0] * MONTHS)
    for course_id, title, month, cents in db.session.execute(_MONTHLY, values):
        found[course_id, title][firsts.index(month)] += cents
    ranked = [(title, values) for (_, title), values in sorted(found.items(), key=lambda item: (-sum(item[1]), item[0]))]
    rest = [sum(column) for column in zip(*(values for _, values in ranked[SERIES:]), strict=True)]
    return firsts, ranked[:SERIES] + ([(None, rest)] if rest else [])


def of_a_month(teacher_id: int) -> Sequence[Row[int, int, bool]]:
    """[(price, discount, whether the TEO were taken)] of the teacher's sales of the last 30 days that stand."""
    rows = select(Order.price, Order.discount, Order.is_accepted).where(Order.teacher_id == teacher_id, Order.state == "paid")
    return db.session.execute(rows.where(Order.paid_at >= clock.now() - timedelta(days=30))).all()


def _firsts(today: date) -> list[date]:
    """The first days of this month and the eleven before, oldest first."""
    numbers = range(today.year * 12 + today.month - MONTHS, today.year * 12 + today.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _lines(teacher_id: int) -> Subquery:
    mine = (Order.teacher_id == teacher_id) & Order.paid_at.is_not(None)  # as the index of sales has them
    sold = select(Order.id, Order.paid_at.label("at"), literal(1).label("sign")).where(mine)
    back = select(Order.id, Order.ended_at, literal(-1)).where(mine, Order.ended_at.is_not(None))
    return union_all(sold, back).subquery()


def _read(
    lines: Subquery,
    limit: int | None = None,
    offset: int | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    oldest_first: bool = False,
) -> list[Line]:
    columns = lines.c
    order = (columns.at, columns.id, columns.sign.desc()) if oldest_first else (columns.at.desc(), columns.id.desc(), columns.sign)
    rows = select(Order, columns.at, columns.sign).join(lines, Order.id == columns.id)
    rows = rows.options(joinedload(Order.course), joinedload(Order.coupon))
    if first is not None:
        rows = rows.where(columns.at >= first, columns.at < last)
    return [Line(*row) for row in db.session.execute(rows.order_by(*order).limit(limit).offset(offset))]


_MONTHLY = text("""
    SELECT c.id, c.title, date_trunc('month', line.at AT TIME ZONE :zone)::date AS month, sum(line.net)::bigint FROM (
        SELECT course_id, paid_at AS at, net FROM orders WHERE teacher_id = :teacher AND paid_at >= :since AND net IS NOT NULL
        UNION ALL SELECT course_id, ended_at, -net FROM orders WHERE teacher_id = :teacher AND paid_at IS NOT NULL AND ended_at >= :since AND net IS NOT NULL
    ) line JOIN courses c ON c.id = line.course_id GROUP BY 1, 2, 3""")
