"""Backtests: what a draft would have done in the last days, beside the versions that were in force. Asked for by an admin, run by a job that may be killed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select, update

from lms import clock
from lms.db import Facts, db
from lms.domain.accounts.models import User
from lms.domain.governance import backtest_outcomes, drafts
from lms.domain.governance.models import Backtest, RulebookDraft

DAYS = 90
MOST_TRIES = 3
SILENCE = timedelta(seconds=90)  # without a sign of life it counts as interrupted


def ask(draft: RulebookDraft, by: User) -> Backtest:
    """The Backtest of the draft as it is: the one under way where there is one; one of an older state of it is given up."""
    drafts.take(draft)
    under_way = db.session.scalar(select(Backtest).where(Backtest.draft_id == draft.id, Backtest.state.in_(("queued", "running"))))
    if under_way and under_way.digest == draft.digest:
        return under_way
    if under_way:
        _end(under_way, "changed")
    now = clock.now()
    backtest = Backtest(draft_id=draft.id, digest=draft.digest, asked_by_id=by.id, state="queued", days=DAYS, asked_at=now, heard_at=now)
    db.session.add(backtest)
    db.session.flush()
    return backtest


def begin(backtest_id: int) -> Backtest | None:
    """Begin it, or begin again from its first day where a worker was killed over it; its Backtest, or None where there is nothing left to do."""
    backtest = _locked(backtest_id)
    if not backtest.is_open:
        return None
    if backtest.tries >= MOST_TRIES:
        _end(backtest, "interrupted")
        return None
    draft = db.session.get_one(RulebookDraft, backtest.draft_id, populate_existing=True)
    if draft.digest != backtest.digest:
        _end(backtest, "changed")
        return None
    backtest.state, backtest.tries, backtest.days_done = "running", backtest.tries + 1, 0
    backtest.started_at = backtest.heard_at = clock.now()
    db.session.flush()
    return backtest


def run(backtest: Backtest, on_day: Callable[[int], object]) -> Facts:
    """Its outcome; `on_day(number)` hears of each day before it is replayed. Reads only."""
    last = backtest.asked_at.astimezone(UTC).date()
    first = datetime.combine(last - timedelta(days=backtest.days - 1), time.min, UTC)
    return backtest_outcomes.of(backtest.draft.numbers, first, backtest.days, on_day)


def note(backtest_id: int, tries: int, days_done: int) -> bool:
    """A sign of life; False for who should stop, as it was given up, or begun again by another."""
    return _write(backtest_id, tries, days_done=days_done, heard_at=clock.now())


def finish(backtest_id: int, tries: int, result: Facts) -> bool:
    return _write(backtest_id, tries, state="done", result=result, finished_at=clock.now(), days_done=Backtest.days)


def fail(backtest_id: int, tries: int, why: str) -> bool:
    """`why`: timeout or fault; changed and interrupted are said by ourselves."""
    return _write(backtest_id, tries, state="failed", error=why, finished_at=clock.now())


def lost() -> Sequence[int]:
    """Ids of those that nobody has heard of for a while: never begun, or killed in the middle."""
    rows = select(Backtest.id).where(Backtest.state.in_(("queued", "running")), Backtest.heard_at < clock.now() - SILENCE)
    return db.session.scalars(rows.order_by(Backtest.id)).all()


def newest(draft_id: int) -> Backtest | None:
    """The draft's newest Backtest, or None."""
    return db.session.scalar(select(Backtest).where(Backtest.draft_id == draft_id).order_by(Backtest.id.desc()).limit(1))


def of_draft(draft_id: int, backtest_id: int) -> Backtest | None:
    """That Backtest, or None where it is not the draft's."""
    return db.session.scalar(select(Backtest).where(Backtest.id == backtest_id, Backtest.draft_id == draft_id))


def _locked(backtest_id: int) -> Backtest:
    return db.session.scalars(select(Backtest).where(Backtest.id == backtest_id).with_for_update().execution_options(populate_existing=True)).one()


def _write(backtest_id: int, tries: int, **values: object) -> bool:
    """Only while it is this try's."""
    mine = (Backtest.id == backtest_id, Backtest.state == "running", Backtest.tries == tries)
    written = update(Backtest).where(*mine).values(**values).returning(Backtest.id).execution_options(synchronize_session=False)
    done = db.session.scalar(written) is not None
    db.session.expire_all()
    return done


def _end(backtest: Backtest, why: str) -> None:
    backtest.state, backtest.error, backtest.finished_at = "failed", why, clock.now()
    db.session.flush()
