"""What waits for the admins, told to them: gathered, so that a busy hour writes each of them one notice, and a second run none."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, String, Subquery, and_, cast, func, or_, select

from lms import clock
from lms.db import db
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.audit.models import Incident
from lms.domain.desk.cases import LATE
from lms.domain.notices import actions as notices
from lms.domain.notices.models import Notice
from lms.domain.withdrawals.models import Withdrawal
from lms.domain.withdrawals.payout_models import Payout

RECENT = timedelta(days=1)  # an older incident is told no more: as when an admin is new
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def tell_of_cases() -> None:
    """Each admin to whom a case came, or turned late, since he was last told reads how many wait for him, his own not among them: of each queue once an hour.

    Four statements at most."""
    _tell("case waits", _withdrawals())
    _tell("payout waits", _payouts())


def tell_of_incidents() -> None:
    """Each admin reads once that there is an incident of a kind; of another that is opened in a later hour, again. Three statements at most."""
    rows = select(Incident.kind, func.count(), func.max(Incident.opened_at)).where(Incident.closed_at.is_(None), Incident.opened_at > clock.now() - RECENT)
    found = db.session.execute(rows.group_by(Incident.kind).order_by(Incident.kind)).all()
    if found:
        told = [(f"{kind}:{_hour(last)}", dict(incident=kind, count=count)) for kind, count, last in found]
        notices.tell_each("incident opened", [(admin, *what) for admin in accounts.deciders() for what in told])


def _tell(kind: str, cases: Subquery) -> None:
    told = f"{kind}:{_hour(clock.now())}"
    rows = db.session.execute(_news(kind, cases)).all()
    notices.tell_each(kind, [(admin, told, dict(count=count, late=late, days=LATE.days)) for admin, count, late in rows])


def _news(kind: str, cases: Subquery) -> Select[int, int, int]:
    """(admin, how many wait for him, how many of them are late) of those for whom something is new."""
    told = and_(Notice.user_id == User.id, Notice.kind == kind)
    admins = select(User.id, func.coalesce(func.max(Notice.at), _NEVER).label("told")).outerjoin(Notice, told).where(*accounts.DECIDES).group_by(User.id).subquery()
    is_late = cases.c.requested_at <= clock.now() - LATE
    is_news = or_(cases.c.began_at > admins.c.told, and_(is_late, cases.c.requested_at > admins.c.told - LATE))
    rows = select(admins.c.id, func.count(), func.count().filter(is_late)).join_from(admins, cases, cases.c.user_id != admins.c.id)
    return rows.group_by(admins.c.id).having(func.bool_or(is_news)).order_by(admins.c.id)


def _withdrawals() -> Subquery:
    """Those in review, and since when: its member was told as it began."""
    subject = "withdrawal:" + cast(Withdrawal.id, String)
    said = and_(Notice.user_id == Withdrawal.user_id, Notice.kind == "withdrawal in review", Notice.subject == subject)
    began = func.coalesce(Notice.at, Withdrawal.requested_at).label("began_at")
    return select(Withdrawal.user_id, Withdrawal.requested_at, began).outerjoin(Notice, said).where(Withdrawal.state == "in review").subquery()


def _payouts() -> Subquery:
    return select(Payout.user_id, Payout.requested_at, Payout.requested_at.label("began_at")).where(Payout.state == "in review").subquery()


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H}"
